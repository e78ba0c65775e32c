"""Commands that set two runs of one county against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import Lang, Language, Quiet
from lifecircle.cli.progress import ASSESS_STEPS, show_steps

app = typer.Typer()

_STEPS = ASSESS_STEPS[:-1]


@app.command()
def compare(
    before: Annotated[
        Path,
        typer.Argument(help="Run before; with --scenario the TOML file.", metavar="RUN|CONFIG"),
    ],
    after: Annotated[
        Path | None, typer.Argument(help="Folder of the run after.", metavar="[RUN]")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="TOML file of what is to be otherwise. 情景"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path(
        "out/compare"
    ),
    lang: Language = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Compare two runs, or a county with a scenario: what changed, for whom, and where."""
    if (after is None) == (scenario is None):
        raise typer.BadParameter("give two run folders, or a county's TOML file and --scenario")
    with complaining(quiet=quiet, tell=True):
        if scenario is not None:
            written = _scenario(before, scenario, out, lang, quiet=quiet)
        elif after is not None:
            from lifecircle.difference import compare_runs, read_run, write_difference

            runs = read_run(before), read_run(after)
            chosen = runs[1].lang if lang is None else lang.value
            written = write_difference(compare_runs(*runs, lang=chosen), out, lang=chosen)
    for file in written:
        typer.echo(file)


def _scenario(path: Path, change: Path, out: Path, lang: Lang | None, *, quiet: bool) -> list[Path]:
    """Assess a county as it is and as the scenario has it."""
    from lifecircle.config import read_config
    from lifecircle.scenario import read_scenario

    config, scenario = read_config(path), read_scenario(change)
    chosen = config.map.lang if lang is None else lang.value
    with show_steps(chosen, _STEPS, quiet=quiet) as progress:
        from lifecircle.county import judge
        from lifecircle.difference import compare_runs, run_of, write_difference
        from lifecircle.measuring import measure
        from lifecircle.render.writing import check_writable

        check_writable(out)
        # Only verdicts are compared: nothing is drawn, and nothing else worked out.
        as_is = measure(config, drawn=False, progress=progress)
        changed = measure(config, scenario=scenario, drawn=False, progress=progress)
        before, after = (judge(each, each.standards[0]) for each in (as_is, changed))
        runs = run_of(before, path.name), run_of(after, change.name)
        return write_difference(compare_runs(*runs, lang=chosen), out, lang=chosen)
