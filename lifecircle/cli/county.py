"""Commands of one county: start it, check what it names, assess it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import County, Lang, Language, Quiet, Standards, Without
from lifecircle.cli.progress import ASSESS_STEPS, CHECK_STEPS, show_steps

if TYPE_CHECKING:
    from lifecircle.county import Assessment

app = typer.Typer()


@app.command()
def assess(  # noqa: PLR0913, PLR0917 - an option each
    config: County,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/NAME by default.")
    ] = None,
    standard: Standards = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            help="How people move: adult, elderly, with-child, wheelchair, bicycle, e-bike, car; "
            "several times: each is judged. 出行方式",
        ),
    ] = None,
    elevation: Annotated[
        Path | None,
        typer.Option("--elevation", help="Elevation model, m; slope then counts. 高程数据（DEM）"),
    ] = None,
    lang: Language = None,
    without: Without = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="TOML file of what is to be otherwise. 情景"),
    ] = None,
    verbose: Annotated[  # noqa: FBT002
        bool, typer.Option("-v", "--verbose", help="Show each stage's cost.")
    ] = False,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Assess one county: read, measure, judge, and write map, workbook, report and layers."""
    if verbose and quiet:
        raise typer.BadParameter("-v and -q exclude each other")
    left_out = [part.value for part in without or []]
    with complaining(quiet=quiet):
        chosen = standard or [], profile or [], elevation
        _assess(config, out, *chosen, lang, left_out, scenario, verbose=verbose, quiet=quiet)


def _assess(  # noqa: PLR0913 - an option each
    path: Path,
    out: Path | None,
    standards: list[str],
    profiles: list[str],
    elevation: Path | None,
    lang: Lang | None,
    without: list[str],
    scenario: Path | None,
    *,
    verbose: bool,
    quiet: bool,
) -> None:
    from lifecircle.config import Dataset, read_config
    from lifecircle.scenario import read_scenario

    county = read_config(path)
    if elevation is not None:
        dem = Dataset(path=elevation.resolve(), source=elevation.name)
        county = county.model_copy(update={"elevation": dem})
    if profiles:
        walk = county.walk.with_profiles(profiles)
        county = county.model_copy(update={"walk": walk})
    change = None if scenario is None else read_scenario(scenario)
    chosen = county.map.lang if lang is None else lang.value
    name = county.name if scenario is None else f"{county.name}-{scenario.stem}"
    folder = Path("out") / name if out is None else out
    with show_steps(chosen, ASSESS_STEPS, quiet=quiet, verbose=verbose) as progress:
        from lifecircle.county import assess_profiles
        from lifecircle.render.writing import check_writable, write_judgements

        check_writable(folder)
        judged = assess_profiles(county, standards, scenario=change, progress=progress)
        progress("writing", len(ASSESS_STEPS) - 1, len(ASSESS_STEPS))
        written = write_judgements(judged, folder, lang=chosen, without=without)
    if not quiet:
        _tell(judged, written, chosen, verbose=verbose)


def _tell(judged: list[Assessment], written: list[Path], lang: str, *, verbose: bool) -> None:
    from rich.console import Console

    from lifecircle.render.tables.findingwords import read_finding

    console = Console(stderr=True, highlight=False)
    if verbose:
        for name, cost in judged[0].run["stages"].items():
            text = f"{name:<12}{cost['seconds']:8.2f} s {cost['peak_mb']:7d} MB"
            console.print(text, markup=False)
    for warning in dict.fromkeys(text for done in judged for text in done.run["warnings"]):
        found = read_finding(warning, "zh" if lang == "zh" else "en", judged[0].standard.known)
        joint = "；" if lang == "zh" else "; "
        told = joint.join(part for part in (found.about, found.what, found.remedy) if part)
        console.print(f"! {told}", markup=False, style="yellow")
    for file in written:
        typer.echo(file)


@app.command()
def check(
    config: County,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the faults to this .xlsx, to hand back. 写出问题清单"),
    ] = None,
    lang: Annotated[Lang, typer.Option("--lang", help="Language of the table.")] = Lang.zh,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Read everything that a county names, compute nothing, and list all faults at once."""
    with complaining(quiet=quiet), show_steps(lang.value, CHECK_STEPS, quiet=quiet) as progress:
        from lifecircle.checking import check_county
        from lifecircle.render.faults import fault_lines, ledger_lines, write_faults

        found = check_county(config, progress=progress)
        if out is not None:
            typer.echo(write_faults(found.faults, out))
    for line in fault_lines(found.faults, lang=lang.value, warnings=not quiet):
        typer.echo(line)
    if not quiet:
        for line in ledger_lines(found.ledgers, found.unmapped, lang=lang.value):
            typer.echo(line)
    if found.errors:
        raise typer.Exit(1)


@app.command()
def init(
    place: Annotated[str, typer.Argument(help="Adcode of a county (430527), or a boundary file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to start in; by default the adcode's.")
    ] = None,
    standard: Annotated[
        str, typer.Option("--standard", help="Standard that the county is judged by.")
    ] = "shaoyang-2025",
) -> None:
    """Start a county: a commented county.toml, empty ledgers, and what to download from where."""
    with complaining(quiet=False):
        from lifecircle.starting import start_county

        folder = Path(Path(place).stem) if out is None else out
        for file in start_county(place, folder, standard=standard):
            typer.echo(file)
