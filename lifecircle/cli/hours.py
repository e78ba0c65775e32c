"""The command of opening hours: whom what is open at a moment covers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Quiet
from lifecircle.cli.progress import ASSESS_STEPS, show_steps

if TYPE_CHECKING:
    import pandas as pd

    from lifecircle.county import Assessment
    from lifecircle.standards import Lang
    from lifecircle.tables.decisions import Moments

app = typer.Typer()

_STEPS: Final = ASSESS_STEPS[: ASSESS_STEPS.index("decisions") + 1]


@app.command()
def hours(
    config: County,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help='"工作日18:30", "weekend 10:00"; several; as in the file. 时刻'),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the tables; out/NAME/hours. 输出目录")
    ] = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Measure whom services cover when only what is open counts. 按开放时间的覆盖."""
    with complaining(quiet=quiet, tell=not quiet):
        from lifecircle.config import TimeConfig, read_config
        from lifecircle.moment import parse_moment
        from lifecircle.render.writing import check_writable
        from lifecircle.standards import read_standard
        from lifecircle.wanted import check_wanted

        county = read_config(config)
        if at:
            keys = tuple(parse_moment(text).key for text in at)
            county = county.model_copy(update={"time": TimeConfig(moments=keys)})
        if not county.time.moments:
            raise typer.BadParameter("name a moment: --at 工作日18:30, or [time] moments")
        check_wanted(county, read_standard(county.standard))
        folder = Path("out") / county.name / "hours" if out is None else out
        check_writable(folder)
        with show_steps(county.map.lang, _STEPS, quiet=quiet) as progress:
            from lifecircle.county import judge
            from lifecircle.daytime import moments_of
            from lifecircle.measuring import measure

            measured = measure(county, drawn=False, progress=progress)
            judged = judge(measured, measured.standards[0])
            progress("decisions", len(_STEPS) - 1, len(_STEPS))
            found = moments_of(measured, judged.standard)
        files = _write(judged, found, folder)
    if not quiet and found is not None:
        _tell(judged, found, county.map.lang)
    for file in files:
        typer.echo(file)


def _write(judged: Assessment, found: Moments | None, folder: Path) -> list[Path]:
    """Write the tables as ``assess`` writes them."""
    from lifecircle.render.tables.decided import FILES, decided_tables
    from lifecircle.render.tables.decided_words import csv_heads
    from lifecircle.render.writing import write_table
    from lifecircle.tables.decisions import Decisions

    tables = decided_tables(replace(judged, decisions=Decisions(moments=found)))
    return [
        write_table(csv_heads(name, table), folder / FILES[name]) for name, table in tables.items()
    ]


def _tell(judged: Assessment, found: Moments, lang: Lang) -> None:
    """Tell of each moment and kind how many residents of the county are covered."""
    from lifecircle.tables import SCOPE_COUNTY

    county = found.coverage.xs(SCOPE_COUNTY, level="scope")
    for key, names in found.labels.items():
        typer.echo(names[lang], err=True)
        opened = found.openings.xs(key, level="moment")
        for row in county.xs(key, level="moment").reset_index().to_dict("records"):
            circle, kind = (
                judged.standard.circles[row["circle"]],
                judged.standard.known[row["kind"]],
            )
            told = _counts(row, opened.reindex([row["kind"]]).iloc[0], lang)
            typer.echo(f"  {circle.label(lang)} · {kind.label(lang)}{told}", err=True)


def _counts(row: dict[Any, Any], opened: pd.Series, lang: Lang) -> str:
    whole, low, high = (row[f"covered_{name}"] for name in ("any", "low", "high"))
    judged = row["persons"]
    shares = f"{low / judged:.1%}–{high / judged:.1%}" if judged > 0 else "–"
    ready, shut, unsure = (int(count) for count in opened.fillna(0))
    if lang == "zh":
        return (
            f"：不论时间 {whole:,.0f} 人，此时 {low:,.0f}–{high:,.0f} 人（{shares}）；"
            f"开放 {ready} 处，关闭 {shut} 处，时间不详 {unsure} 处"
        )
    return (
        f": {whole:,.0f} residents at any time, {low:,.0f}–{high:,.0f} then ({shares}); "
        f"{ready} open, {shut} closed, {unsure} of unknown hours"
    )
