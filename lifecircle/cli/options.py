"""What several commands take: arguments and options under one name each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Lang(StrEnum):
    """Language of what is written."""

    zh = "zh"
    en = "en"


class Part(StrEnum):
    """What an assessment may leave out."""

    map = "map"
    workbook = "workbook"
    report = "report"
    layers = "layers"


County = Annotated[Path, typer.Argument(help="The county's TOML file.", metavar="CONFIG")]
Standards = Annotated[
    list[str] | None,
    typer.Option("--standard", help="Judge by this standard; give several to compare them."),
]
Language = Annotated[
    Lang | None, typer.Option("--lang", help="Language of the results; as in the file.")
]
Without = Annotated[
    list[Part] | None,
    typer.Option("--without", help="Leave this out; may be given several times."),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Show errors only.")]
