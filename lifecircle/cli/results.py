"""Commands that read finished runs: nothing is measured again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import Lang

app = typer.Typer()


@app.command()
def scorecard(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of assessed counties.", metavar="RUN...")
    ],
    out: Annotated[Path, typer.Option("--out", help="The city's scorecard.")] = Path(
        "scorecard.csv"
    ),
) -> None:
    """Add up the scorecards of several counties to their city's, from counts."""
    with complaining(quiet=False, tell=True):
        from lifecircle.render.cards import write_rolled_up

        typer.echo(write_rolled_up(runs, out))


class Format(StrEnum):
    """What layers are handed over as."""

    gdb = "gdb"
    shp = "shp"
    gpkg = "gpkg"
    cog = "cog"
    geoparquet = "geoparquet"


class Encoding(StrEnum):
    """How text in shapefiles is encoded."""

    utf8 = "utf-8"
    gbk = "gbk"


@app.command()
def export(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a finished run, or the county's TOML file.", metavar="RUN_OR_CONFIG"
        ),
    ],
    format: Annotated[  # noqa: A002
        Format, typer.Option("--format", help="File Geodatabase, shapefiles, ... 成果格式")
    ] = Format.gpkg,
    crs: Annotated[
        str | None,
        typer.Option(
            "--crs",
            help="cgcs2000, cgcs2000-gk-cm (zone of the data), cgcs2000-gk (eastings with its "
            "number), or EPSG:CODE; the run's own by default. 坐标系",
        ),
    ] = None,
    encoding: Annotated[
        Encoding, typer.Option("--encoding", help="Of text in shapefiles. 属性编码")
    ] = Encoding.utf8,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File, .gdb or folder; in the run's folder gis by default."),
    ] = None,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layers", help="Only these: units,gaps or 评价单元,服务缺口. 图层"),
    ] = None,
    lang: Annotated[Lang, typer.Option("--lang", help="Language of names and texts.")] = Lang.zh,
) -> None:
    """Hand a finished run's layers (GIS图层) over to another GIS; nothing is computed again."""
    with complaining(quiet=False, tell=True):
        from lifecircle.render.gis.export import export_layers

        for file in export_layers(
            run,
            out,
            format=format.value,
            crs=crs,
            encoding=encoding.value,
            layers=layers or (),
            lang=lang.value,
        ):
            typer.echo(file)
