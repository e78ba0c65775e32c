"""Commands of the standards that come with the package."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import Lang

app = typer.Typer(name="standards", help="The standards that come with it. 内置标准")


@app.callback(invoke_without_command=True)
def standards(context: typer.Context) -> None:
    """List the standards, or show one."""
    if context.invoked_subcommand is None:
        from lifecircle.render.standards_text import standards_list

        typer.echo(standards_list())


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a standard, or a county's TOML file.")],
    lang: Annotated[Lang, typer.Option("--lang", help="Language.")] = Lang.zh,
) -> None:
    """Print a standard's circles, kinds, thresholds, clauses and how surely each is known."""
    with complaining(quiet=False):
        from lifecircle.render.standards_text import standard_text
        from lifecircle.standards import read_standard

        if name.endswith(".toml"):
            from lifecircle.config import load_config

            chosen = read_standard(load_config(name)[0].standard)
        else:
            chosen = read_standard(name)
        typer.echo(standard_text(chosen, lang.value))
