"""The command line: parse, call, exit code. 0 done, 1 bad input, 2 wrong usage."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lifecircle.errors import DataWarning, InputError, LifecircleError

if TYPE_CHECKING:
    from rich.console import Console

    from lifecircle.batch import Report
    from lifecircle.county import Assessment
    from lifecircle.runlog import Progress

app = typer.Typer(
    help="Walking-time life circles of a county: coverage, scores, gaps, maps. 社区生活圈评估",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

standards_app = typer.Typer(help="The standards that come with it. 内置标准")
app.add_typer(standards_app, name="standards")

ASSESS_STEPS: Final = (
    "area",
    "sources",
    "network",
    "population",
    "reach",
    "isochrones",
    "indicators",
    "gaps",
    "scorecard",
    "writing",
)
CHECK_STEPS: Final = ("area", "ledgers", "roads", "population", "questions")

_COMPILED: Final = {"network", "roads"}  # the stages in which compiled code is first needed
_COLD_ZH: Final = "首次运行：正在编译计算程序，多用约十几秒；编译结果会保存，下次不再需要。"
_COLD_EN: Final = (
    "First run: the computing core is being compiled, which takes some ten seconds more; "
    "it is kept for later runs."
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
    "scorecard": "对照规划目标",
    "ledgers": "核对设施台账",
    "roads": "读取道路",
    "questions": "相互核对",
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
    "scorecard": "Holding against the plan's targets",
    "ledgers": "Checking the ledgers",
    "roads": "Reading the roads",
    "questions": "Holding the inputs against one another",
    "writing": "Writing results",
}


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


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,  # noqa: FBT002
) -> None:
    if version:
        from lifecircle import __version__

        typer.echo(__version__)
        raise typer.Exit


_Config = Annotated[Path, typer.Argument(help="The county's TOML file.", metavar="CONFIG")]
_Standards = Annotated[
    list[str] | None,
    typer.Option("--standard", help="Judge by this standard; give several to compare them."),
]
_Lang = Annotated[
    Lang | None, typer.Option("--lang", help="Language of the results; as in the file.")
]
_Without = Annotated[
    list[Part] | None,
    typer.Option("--without", help="Leave this out; may be given several times."),
]
_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Show errors only.")]


@app.command()
def assess(
    config: _Config,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; out/NAME by default.")
    ] = None,
    standard: _Standards = None,
    lang: _Lang = None,
    without: _Without = None,
    verbose: Annotated[  # noqa: FBT002
        bool, typer.Option("-v", "--verbose", help="Show each stage's cost.")
    ] = False,
    quiet: _Quiet = False,  # noqa: FBT002
) -> None:
    """Assess one county: read, measure, judge, and write map, workbook, report and layers."""
    if verbose and quiet:
        raise typer.BadParameter("-v and -q exclude each other")
    left_out = [part.value for part in without or []]
    with _complaining(quiet=quiet):
        _assess(config, out, standard or [], lang, left_out, verbose=verbose, quiet=quiet)


def _assess(
    path: Path,
    out: Path | None,
    standards: list[str],
    lang: Lang | None,
    without: list[str],
    *,
    verbose: bool,
    quiet: bool,
) -> None:
    from lifecircle.config import read_config

    county = read_config(path)
    chosen = county.map.lang if lang is None else lang.value
    folder = Path("out") / county.name if out is None else out
    with _steps(chosen, ASSESS_STEPS, quiet=quiet, verbose=verbose) as progress:
        from lifecircle.county import judge, measure
        from lifecircle.render.writing import check_writable, write_judgements

        check_writable(folder)
        measured = measure(county, standards, progress=progress)
        judged = [judge(measured, standard) for standard in measured.standards]
        progress("writing", len(ASSESS_STEPS) - 1, len(ASSESS_STEPS))
        written = write_judgements(judged, folder, lang=chosen, without=without)
    if not quiet:
        _tell(judged, written, chosen, verbose=verbose)


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
    standard: _Standards = None,
    lang: _Lang = None,
    without: _Without = None,
) -> None:
    """Assess many counties, resume where it stopped, and add them up to their city."""
    prefix = _prefix(configs or [], province, city)
    with _complaining(quiet=False, tell=True):
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
    names = _STAGES_ZH if lang is Lang.zh else _STAGES_EN
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
    with _complaining(quiet=False, tell=True):
        from rich.console import Console

        from lifecircle.batch import batch_state, roll_up_batch
        from lifecircle.batch.showing import status_table

        console = Console(highlight=False)
        console.print(status_table(batch_state(out), lang.value))
        if roll_up:
            for file in roll_up_batch(out):
                typer.echo(file)


@app.command()
def check(
    config: _Config,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the faults to this .xlsx, to hand back. 写出问题清单"),
    ] = None,
    lang: Annotated[Lang, typer.Option("--lang", help="Language of the table.")] = Lang.zh,
    quiet: _Quiet = False,  # noqa: FBT002
) -> None:
    """Read everything that a county names, compute nothing, and list all faults at once."""
    with _complaining(quiet=quiet), _steps(lang.value, CHECK_STEPS, quiet=quiet) as progress:
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
    with _complaining(quiet=False):
        from lifecircle.starting import start_county

        folder = Path(Path(place).stem) if out is None else out
        for file in start_county(place, folder, standard=standard):
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
    quiet: _Quiet = False,  # noqa: FBT002
) -> None:
    """Cut a large OSM file into one store per county, in one pass; goes on where it stopped."""
    with _complaining(quiet=quiet, tell=not quiet), _ingesting(quiet=quiet) as progress:
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


@contextmanager
def _ingesting(*, quiet: bool) -> Iterator[Progress]:
    """Show how far the pass over the file and the writing of stores are."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    names = {
        "digest": "校验文件 Digest of the file",
        "pass": "读取 Reading: {:,}",
        "parts": "读取 Reading: {:,} / {:,}",
        "counties": "写出 Counties: {:,} / {:,}",
    }
    told: set[str] = set()
    with console.status("") as status:

        def progress(step: str, number: int, of: int) -> None:
            text = names["parts" if step == "pass" and of else step].format(number, of)
            status.update(text)
            if not console.is_terminal and (step not in told or (of and number % 100 == 0)):
                told.add(step)
                console.print(text, markup=False)

        yield progress


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
    with _complaining(quiet=False, tell=True):
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
    with _complaining(quiet=False, tell=True):
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


@standards_app.callback(invoke_without_command=True)
def standards(context: typer.Context) -> None:
    """List the standards, or show one."""
    if context.invoked_subcommand is None:
        from lifecircle.render.standards_text import standards_list

        typer.echo(standards_list())


@standards_app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a standard, or a county's TOML file.")],
    lang: Annotated[Lang, typer.Option("--lang", help="Language.")] = Lang.zh,
) -> None:
    """Print a standard's circles, kinds, thresholds, clauses and how surely each is known."""
    with _complaining(quiet=False):
        from lifecircle.render.standards_text import standard_text
        from lifecircle.standards import read_standard

        if name.endswith(".toml"):
            from lifecircle.config import load_config

            chosen = read_standard(load_config(name)[0].standard)
        else:
            chosen = read_standard(name)
        typer.echo(standard_text(chosen, lang.value))


@contextmanager
def _complaining(*, quiet: bool, tell: bool = False) -> Iterator[None]:
    """Turn an error into its message and exit code 1, after the findings that led to it.

    With `tell`, findings are told where all went well, too.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            yield
        except LifecircleError as error:
            if not quiet:
                _echo_findings(caught)
            _complain(error)
            raise typer.Exit(1) from error
        if tell:
            _echo_findings(caught)


def _echo_findings(caught: list[warnings.WarningMessage]) -> None:
    found = (str(item.message) for item in caught if item.category is DataWarning)
    for finding in dict.fromkeys(found):
        typer.echo(f"warning: {finding}", err=True)


def _tell_cold(console: Console, lang: str) -> None:
    """Say why a first run takes longer, before it does."""
    from lifecircle.kernels import cold

    if cold():
        console.print(_COLD_ZH if lang == "zh" else _COLD_EN, markup=False)


@contextmanager
def _steps(
    lang: str, steps: tuple[str, ...], *, quiet: bool, verbose: bool = False
) -> Iterator[Progress]:
    """Show which step is under way: in place on a terminal, line by line elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    names = _STAGES_ZH if lang == "zh" else _STAGES_EN
    with console.status(names[steps[0]]) as status:

        def progress(stage: str, number: int, _: int) -> None:
            if stage in _COMPILED:
                _tell_cold(console, lang)
            text = f"[{number + 1}/{len(steps)}] {names[stage]}"
            status.update(text)
            if verbose or not console.is_terminal:
                console.print(text, markup=False)

        yield progress


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


def _complain(error: LifecircleError) -> None:
    """Tell an error in English, and below it in Chinese what is wrong with the user's files."""
    for line in str(error).splitlines():
        typer.echo(f"error: {line}", err=True)
    if isinstance(error, InputError):
        from lifecircle.render.faults import fault_lines

        for line in fault_lines(error.faults, lang="zh")[:-1]:
            typer.echo(line, err=True)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a Windows console of another code page
            stream.reconfigure(errors="replace")
    app()
