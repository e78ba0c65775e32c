"""The command that tells how sure a county's gaps are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Quiet
from lifecircle.cli.progress import ASSESS_STEPS, show_steps

if TYPE_CHECKING:
    from lifecircle.confidence.sweeping import Told
    from lifecircle.config import CountyConfig
    from lifecircle.county import Assessment
    from lifecircle.tables.decisions import Confidence

app = typer.Typer()

_STEPS: Final = ASSESS_STEPS[: ASSESS_STEPS.index("decisions")]
_SETTINGS: Final = 40  # where neither the command nor the county's file says how many; ours


@app.command()
def confidence(
    config: County,
    settings: Annotated[
        int | None,
        typer.Option(
            "--settings", min=1, max=1000, help="How many to try; as in the file, or 40. 设定数"
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed gives the same settings. 随机种子")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/NAME/confidence.")
    ] = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Tell how sure the gaps are: speed, snap limit and sources varied. 缺口可信度."""
    with complaining(quiet=quiet, tell=not quiet):
        from lifecircle.config import read_config
        from lifecircle.render.writing import check_writable

        county = _asked(read_config(config), settings, seed)
        lang = county.map.lang
        folder = Path("out") / county.name / "confidence" if out is None else out
        check_writable(folder)
        with show_steps(lang, _STEPS, quiet=quiet) as progress:
            from lifecircle.county import judge
            from lifecircle.measuring import measure

            measured = measure(county, drawn=False, progress=progress)
            judged = judge(measured, measured.standards[0])
        with _sweeping(lang, quiet=quiet) as told:
            from lifecircle.confidence import gap_confidence

            found = gap_confidence(measured, judged.standard, judged.gaps, told=told)
        files = _write(judged, found, folder)
    if not quiet:
        _tell(found, judged.gaps["persons"].to_numpy(), chinese=lang == "zh")
    for file in files:
        typer.echo(file)


def _asked(county: CountyConfig, settings: int | None, seed: int | None) -> CountyConfig:
    """Ask for the sweep before anything is read: faster walks need a wider area."""
    own = county.confidence
    changed = {
        "settings": settings or own.settings or _SETTINGS,
        "seed": own.seed if seed is None else seed,
    }
    return county.model_copy(update={"confidence": own.model_copy(update=changed)})


def _write(judged: Assessment, found: Confidence, folder: Path) -> list[Path]:
    """Write the tables as ``assess`` writes them."""
    from lifecircle.render.tables.decided import FILES, decided_tables
    from lifecircle.render.tables.decided_words import csv_heads
    from lifecircle.render.writing import write_table
    from lifecircle.tables.decisions import Decisions

    tables = decided_tables(replace(judged, decisions=Decisions(confidence=found)))
    return [
        write_table(csv_heads(name, table), folder / FILES[name]) for name, table in tables.items()
    ]


@contextmanager
def _sweeping(lang: str, *, quiet: bool) -> Iterator[Told]:
    """Show how many kinds of facility have been tried in all settings."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    text = "各设定下重新测算" if lang == "zh" else "Trying all settings"
    with console.status(text) as status:

        def told(done: int, of: int) -> None:
            status.update(f"{text} {done}/{of}")
            if not console.is_terminal and not done:
                console.print(text, markup=False)

        yield told


def _tell(found: Confidence, persons: object, *, chinese: bool) -> None:
    import numpy as np

    verdict, people = found.gaps["verdict"], np.asarray(persons)
    names = (
        {"robust": "稳健", "sensitive": "敏感", "no_road": "数据缺口（未标注道路）"}
        if chinese
        else {"robust": "robust", "sensitive": "sensitive", "no_road": "no road mapped"}
    )
    for key, name in names.items():
        some = (verdict == key).to_numpy()
        told = (
            f"{name}：{some.sum()} 处缺口，{people[some].sum():,.0f} 人次"
            if chinese
            else f"{name}: {some.sum()} gaps, {people[some].sum():,.0f} residents by kind"
        )
        typer.echo(told, err=True)
