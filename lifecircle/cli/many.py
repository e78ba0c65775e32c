"""Commands of many counties: cut their roads and places, assess them, tell how far it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lifecircle.cli.complaints import complaining
from lifecircle.cli.options import Lang, Language, Quiet, Standards, Without
from lifecircle.cli.progress import show_ingest
from lifecircle.render.stages import STAGES_EN, STAGES_ZH

if TYPE_CHECKING:
    from lifecircle.batch import Report

app = typer.Typer()


@app.command()
def batch(  # noqa: PLR0913, PLR0917 - an option each
    configs: Annotated[
        list[Path] | None, typer.Argument(help="The counties' TOML files.", metavar="[CONFIG]...")
    ] = None,
    province: Annotated[
        str | None,
        typer.Option("--province", help="All counties whose adcode begins so: 43. 全省"),
    ] = None,
    city: Annotated[
        str | None,
        typer.Option("--city", help="All counties whose adcode begins so: 4305. 全市"),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--configs", help="Where --province and --city look for county files.")
    ] = Path("data"),
    out: Annotated[Path, typer.Option("--out", help="Folder of the batch.")] = Path("out/batch"),
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; as many as fit by default.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", help="Limit of each worker, as 4GB. 每个进程的内存")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Use a running Dask cluster: tcp://HOST:PORT."),
    ] = None,
    retry_failed: Annotated[  # noqa: FBT002
        bool, typer.Option("--retry-failed", help="Try again what failed. 重试失败的县")
    ] = False,
    standard: Standards = None,
    lang: Language = None,
    without: Without = None,
) -> None:
    """Assess many counties, resume where it stopped, and add them up to their city."""
    prefix = _prefix(configs or [], province, city)
    with complaining(quiet=False, tell=True):
        from lifecircle.batch import Crew, Options, find_configs
        from lifecircle.standards import read_standard

        for name in standard or []:
            read_standard(name)  # an unknown one is refused before any county
        report = _batch(
            find_configs(folder, prefix) if prefix else configs or [],
            out,
            options=Options(
                tuple(dict.fromkeys(standard or [])),
                None if lang is None else lang.value,
                tuple(sorted({part.value for part in without or []})),
            ),
            crew=Crew(workers, memory, scheduler),
            retry_failed=retry_failed,
            lang=Lang.zh if lang is None else lang,
        )
    if report.interrupted:
        raise typer.Exit(130)
    if report.failures:
        raise typer.Exit(1)


def _batch(configs: list[Path], out: Path, *, lang: Lang, **how: Any) -> Report:
    from rich.console import Console

    from lifecircle.batch import run_batch
    from lifecircle.batch.showing import Screen, closing_words, failure_table

    console = Console(stderr=True, highlight=False)
    names = STAGES_ZH if lang is Lang.zh else STAGES_EN
    with Screen(console, names, lang.value) as screen:
        report = run_batch(configs, out, watcher=screen, **how)
    if report.failures:
        console.print(failure_table(report.failures, out, lang.value))
    console.print(closing_words(report, out, lang.value), markup=False, soft_wrap=True)
    for file in report.files:
        typer.echo(file)
    return report


def _prefix(configs: list[Path], province: str | None, city: str | None) -> str:
    """Give the digits by which counties are chosen; none where their files are named."""
    if sum([bool(configs), province is not None, city is not None]) != 1:
        raise typer.BadParameter("give either county files, or --province, or --city")
    for name, digits, given in (("--province", 2, province), ("--city", 4, city)):
        if given is not None:
            if not (given.isascii() and given.isdigit() and len(given) == digits):
                raise typer.BadParameter(f"{name} takes {digits} digits, such as {'4305'[:digits]}")
            return given
    return ""


@app.command()
def status(
    out: Annotated[Path, typer.Argument(help="Folder of a batch.", metavar="OUT")],
    roll_up: Annotated[  # noqa: FBT002
        bool, typer.Option("--roll-up", help="Add up what is done so far. 汇总已完成的")
    ] = False,
    lang: Annotated[Lang, typer.Option("--lang", help="Language.")] = Lang.zh,
) -> None:
    """Tell how far a batch has come, county by county; it may be running."""
    with complaining(quiet=False, tell=True):
        from rich.console import Console

        from lifecircle.batch import batch_state, roll_up_batch
        from lifecircle.batch.showing import status_table

        console = Console(highlight=False)
        console.print(status_table(batch_state(out), lang.value))
        if roll_up:
            for file in roll_up_batch(out, lang=lang.value):
                typer.echo(file)


@app.command()
def ingest(  # noqa: PLR0913, PLR0917 - an option each
    source: Annotated[
        Path, typer.Argument(help="OSM file of a country or a province.", metavar="OSM_FILE")
    ],
    counties: Annotated[
        Path, typer.Option("--counties", help="Polygons of the counties: gpkg, geojson, shp. 县界")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the stores: one per county.")],
    id: Annotated[  # noqa: A002
        str | None, typer.Option("--id", help="Column of the counties' codes. 代码列")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Column of their names.")] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Layer, of several.")] = None,
    buffer_km: Annotated[
        float | None,
        typer.Option("--buffer-km", help="Kept beyond the border; by default the longest walk."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tags", help="Keep objects with this key too, for kinds of your own."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes at once, 0.3 GB each; by default one a core."),
    ] = None,
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Cut a large OSM file into one store per county, in one pass; goes on where it stopped."""
    with complaining(quiet=quiet, tell=not quiet), show_ingest(quiet=quiet) as progress:
        from lifecircle.ingest import ingest as make_stores
        from lifecircle.render.faults import fault_lines

        done = make_stores(
            source,
            counties,
            out,
            columns=(id, name),
            layer=layer,
            buffer_km=buffer_km,
            tags=tags or (),
            workers=workers or min(os.cpu_count() or 1, 8),
            progress=progress,
        )
    for line in fault_lines(done.faults, lang="zh", warnings=not quiet) if done.faults else ():
        typer.echo(line, err=True)
    if not quiet:
        typer.echo(f"{done.written} of {len(done.counties)} stores written", err=True)
    typer.echo(done.manifest)
    if any(fault.severity == "error" for fault in done.faults):
        raise typer.Exit(1)
