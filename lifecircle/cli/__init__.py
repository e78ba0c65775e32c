"""The command line: parse, call, exit code. 0 done, 1 bad input, 2 wrong usage.

A group of commands is a module here with an `app` of its own, and a name in `GROUPS`. Whatever is
heavy is imported inside a command, so that `--help` is there at once.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Final

import typer

from lifecircle.cli import (
    comparing,
    confidence,
    county,
    hours,
    many,
    profiles,
    reconciling,
    results,
    siting,
    standards,
    supply,
)

# As in --help.
GROUPS: Final = (
    county,
    reconciling,
    comparing,
    results,
    siting,
    supply,
    hours,
    confidence,
    many,
    standards,
    profiles,
)

app = typer.Typer(
    help="Walking-time life circles of a county: coverage, scores, gaps, maps. 社区生活圈评估",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _group in GROUPS:
    app.add_typer(_group.app)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,  # noqa: FBT002
) -> None:
    if version:
        from lifecircle import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a Windows console of another code page
            stream.reconfigure(errors="replace")
    app()
