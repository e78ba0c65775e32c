"""The command line: parse, call, exit code. 0 done, 1 bad input, 2 wrong usage."""

from __future__ import annotations

import io
import sys
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lifecircle.errors import DataWarning, LifecircleError

if TYPE_CHECKING:
    from lifecircle.county import Assessment
    from lifecircle.runlog import Progress

app = typer.Typer(
    help="Walking-time life circles of a county: coverage, scores, gaps, maps. 社区生活圈评估",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_STAGES_ZH: Final = {
    "area": "读取范围与单元",
    "sources": "读取道路与设施",
    "network": "构建步行网络",
    "population": "人口落格",
    "reach": "计算步行时间",
    "indicators": "覆盖率与生活圈评分",
    "gaps": "识别服务缺口",
    "isochrones": "绘制等时圈",
    "writing": "写出成果",
}
_STAGES_EN: Final = {
    "area": "Reading the area and its units",
    "sources": "Reading roads and facilities",
    "network": "Building the walk network",
    "population": "Placing residents",
    "reach": "Measuring walking times",
    "indicators": "Coverage and scores",
    "gaps": "Finding gaps",
    "isochrones": "Drawing isochrones",
    "writing": "Writing results",
}


class Lang(StrEnum):
    """Language of what is written."""

    zh = "zh"
    en = "en"


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,  # noqa: FBT002
) -> None:
    if version:
        from lifecircle import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def assess(
    config: Annotated[Path, typer.Argument(help="The county's TOML file.", metavar="CONFIG")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/NAME by default.")
    ] = None,
    lang: Annotated[
        Lang | None, typer.Option("--lang", help="Language of the results; as in the file.")
    ] = None,
    verbose: Annotated[  # noqa: FBT002
        bool, typer.Option("-v", "--verbose", help="Show each stage's cost.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show errors only.")] = False,  # noqa: FBT002
) -> None:
    """Assess one county: read, measure, judge, and write map, tables and layers."""
    if verbose and quiet:
        raise typer.BadParameter("-v and -q exclude each other")
    warnings.simplefilter("ignore", DataWarning)  # they are listed at the end
    try:
        _assess(config, out, lang, verbose=verbose, quiet=quiet)
    except LifecircleError as error:
        _complain(error)
        raise typer.Exit(1) from error


def _assess(path: Path, out: Path | None, lang: Lang | None, *, verbose: bool, quiet: bool) -> None:
    from lifecircle.config import read_config

    county = read_config(path)
    chosen = county.map.lang if lang is None else lang.value
    folder = Path("out") / county.name if out is None else out
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    names = _STAGES_ZH if chosen == "zh" else _STAGES_EN
    with console.status(names["area"]) as status:
        progress = _progress(console, status, names, verbose=verbose)
        from lifecircle.county import assess as run
        from lifecircle.render.writing import check_writable, write_outputs

        check_writable(folder)
        done = run(county, progress=progress)
        progress("writing", len(names) - 1, len(names))
        written = write_outputs(done, folder, lang=chosen)
    if not quiet:
        _tell(console, done, written, verbose=verbose)


def _progress(console: object, status: object, names: dict[str, str], *, verbose: bool) -> Progress:
    def progress(stage: str, number: int, _: int) -> None:
        text = f"[{number + 1}/{len(names)}] {names[stage]}"
        status.update(text)  # type: ignore[attr-defined]
        if verbose or not console.is_terminal:  # type: ignore[attr-defined]
            console.print(text, markup=False)  # type: ignore[attr-defined]

    return progress


def _tell(console: object, done: Assessment, written: list[Path], *, verbose: bool) -> None:
    say = console.print  # type: ignore[attr-defined]
    if verbose:
        for name, cost in done.run["stages"].items():
            say(f"{name:<12}{cost['seconds']:8.2f} s {cost['peak_mb']:7d} MB", markup=False)
    for warning in done.run["warnings"]:
        say(f"! {warning}", markup=False, style="yellow")
    for file in written:
        typer.echo(file)


def _complain(error: LifecircleError) -> None:
    for line in str(error).splitlines():
        typer.echo(f"error: {line}", err=True)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a Windows console of another code page
            stream.reconfigure(errors="replace")
    app()
