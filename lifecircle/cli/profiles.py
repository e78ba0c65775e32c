"""The command that tells which ways of moving there are."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecircle.cli.options import Lang

app = typer.Typer()


@app.command()
def profiles(
    lang: Annotated[Lang, typer.Option("--lang", help="Language of the list.")] = Lang.zh,
) -> None:
    """List the profiles of movement, and how surely their values are known. 出行方式."""
    from lifecircle.config import WalkProfile
    from lifecircle.config import profiles as named

    zh = lang is Lang.zh
    for key in named():
        profile = WalkProfile(profile=key)
        speed = f"{round(profile.metres_per_minute, 1):g} {'米/分钟' if zh else 'm/min'}"
        typer.echo(f"{key:<12}{profile.label(lang.value)}  {speed}")
        typer.echo(f"{'':<12}{profile.note_zh if zh else profile.note_en}")
