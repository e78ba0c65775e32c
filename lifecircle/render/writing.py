"""Writing an assessment's results: map, workbook, report, tables, and layers for a GIS."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from lifecircle.errors import OutputError, warn
from lifecircle.render.gis.layers import cell_layer, write_layers
from lifecircle.render.mappable import Mappable, check_assessment
from lifecircle.render.tables.decided import FILES, decided_names, decided_tables
from lifecircle.render.tables.decided_words import csv_heads
from lifecircle.render.tables.sheets import (
    coverage_table,
    gap_table,
    merge_table,
    plan_table,
    score_table,
    standards_comparison,
)
from lifecircle.render.tables.workbook import write_workbook
from lifecircle.render.web.maps import coverage_map, map_html
from lifecircle.standards import Lang

if TYPE_CHECKING:
    from lifecircle.render.report.figures import Figures

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "map": ("map.html",),
    "workbook": ("workbook.xlsx",),
    "report": ("report.docx", "report.html", "maps"),
    "tables": ("coverage.csv", "scores.csv", "gaps.csv", "scorecard.csv", "merges.csv"),
    "layers": ("layers.gpkg",),
    "run": ("cells.parquet", "run.json"),
}
"""Parts of what is written -> their files; ``maps`` is a folder of PNG files and one PDF."""

OPTIONAL: Final = ("map", "workbook", "report", "layers")
"""Parts that may be left out."""

OUTPUTS: Final = tuple(name for names in PARTS.values() for name in names)
"""The files of every county, in the order in which they are written."""

ASKED: Final = tuple(FILES.values())
"""Tables of what helps to decide, each written where the county's file asks for it."""

# A spreadsheet would run text that starts so; the last four are what a Chinese keyboard types.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_DRIVER_ERRORS: Final = (
    OSError,
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
)


def write_outputs(
    assessment: Mappable,
    out: str | Path,
    *,
    lang: Lang = "zh",
    without: Collection[str] = (),
) -> list[Path]:
    """Write everything that an assessment found, all or nothing.

    Parameters
    ----------
    assessment
        Tables in one metric CRS, with config and standard; ``run``, where it has one, becomes
        run.json.
    out
        Folder; it is made where it is missing, and files of an earlier run are replaced.
    lang
        Language of map, workbook, report and layers, ``"zh"`` or ``"en"``. CSV tables carry the
        names in both.
    without
        Names of `OPTIONAL` parts to leave out.

    Returns
    -------
    list of Path
        As `outputs_of` names them, inside `out`. Files of an earlier run that are not among them
        stay as they are, and a warning names them.

    Raises
    ------
    OutputError
        The folder cannot be made or written to, or the disk is full. What was there is untouched.
    TableError
        A table breaks its schema.
    InputError
        The report's template is missing, or no Word file.

    Notes
    -----
    CSV files are UTF-8 with a byte-order mark, which Excel needs to read Chinese. Text that a
    spreadsheet would take for a formula (it starts with ``=``, ``+``, ``-``, ``@``, tab or their
    full-width forms) gets a leading apostrophe.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     files = write_outputs(county, folder, without=["map", "workbook", "report", "layers"])
    >>> [file.name for file in files][:3]
    ['coverage.csv', 'scores.csv', 'gaps.csv']
    """
    check_assessment(assessment)
    folder = _folder(Path(out))
    writers = _writers(assessment, lang)
    names = outputs_of(assessment, without)
    with _workplace(folder) as place:
        for name in names:
            with _named(folder / name):
                writers[name](place / name)
        # Nothing is replaced before everything is written.
        for name in names:
            with _named(folder / name):
                _put(place / name, folder / name)
    others = [name for name in (*OUTPUTS, *ASKED) if name not in names]
    old = [name for name in others if (folder / name).exists()]
    if old:
        warn(f"{folder.name}: of an earlier run, not of this one: {', '.join(old)}; remove them")
    return [folder / name for name in names]


def outputs_of(assessment: Mappable, without: Collection[str] = ()) -> list[str]:
    """Name the files of an assessment: those of every county, and those that were asked for.

    Parameters
    ----------
    assessment
        Checked tables, and ``decisions``, where it has them.
    without
        Names of `OPTIONAL` parts to leave out.

    Returns
    -------
    list of str
        Names from `OUTPUTS`, with those from `ASKED` after the other tables.
    """
    asked = [FILES[name] for name in decided_names(assessment)]
    names: list[str] = []
    for part, files in PARTS.items():
        if part not in OPTIONAL or part not in without:
            names += [*files, *(asked if part == "tables" else ())]
    return names


def _writers(assessment: Mappable, lang: Lang) -> Mapping[str, Callable[[Path], object]]:
    """Give what writes each of the files; the figures are drawn once, when the first needs them."""

    @cache
    def figures() -> Figures:
        from lifecircle.render.report.figures import draw_figures  # matplotlib takes its time

        return draw_figures(assessment, lang)

    def docx(path: Path) -> None:
        from lifecircle.render.report.writing import write_report

        write_report(path, assessment, lang=lang, figures=figures())

    def page(path: Path) -> None:
        from lifecircle.render.report.writing import report_html

        _write_text(path, report_html(assessment, lang, figures=figures()))

    def maps(path: Path) -> None:
        from lifecircle.render.report.figures import write_maps

        write_maps(path, assessment, lang=lang, figures=figures())

    decided = {
        FILES[name]: partial(_write_csv, table=csv_heads(name, table))
        for name, table in decided_tables(assessment).items()
    }
    return {
        **decided,
        "map.html": lambda path: _write_text(path, map_html(coverage_map(assessment, lang=lang))),
        "workbook.xlsx": lambda path: write_workbook(path, assessment, lang=lang),
        "report.docx": docx,
        "report.html": page,
        "maps": maps,
        "coverage.csv": lambda path: _write_csv(path, coverage_table(assessment)),
        "scores.csv": lambda path: _write_csv(path, score_table(assessment)),
        "gaps.csv": lambda path: _write_csv(path, gap_table(assessment)),
        "scorecard.csv": lambda path: _write_csv(path, plan_table(assessment)),
        "merges.csv": lambda path: _write_csv(path, merge_table(assessment)),
        "layers.gpkg": lambda path: write_layers(path, assessment, lang=lang),
        "cells.parquet": lambda path: _write_cells(path, assessment),
        "run.json": lambda path: _write_text(path, _run_json(getattr(assessment, "run", {}))),
    }


def _write_cells(path: Path, assessment: Mappable) -> None:
    """Write the cells; numbers by their bytes, of which the high ones repeat and pack well."""
    table = cell_layer(assessment, minutes=False)
    numbers = table.select_dtypes("float").columns.to_list()
    words = [name for name in table.columns if name not in {*numbers, table.geometry.name}]
    table.to_parquet(path, compression="zstd", use_dictionary=words, use_byte_stream_split=numbers)


def _put(new: Path, target: Path) -> None:
    """Put a file or folder in its place; what was there goes only once the new one stands."""
    if not (new.is_dir() and target.is_dir()):
        new.replace(target)
        return
    old = new.with_name(f"{new.name}.old")
    target.replace(old)
    try:
        new.replace(target)
    except OSError:
        old.replace(target)
        raise


def write_judgements(
    judged: Sequence[Mappable],
    out: str | Path,
    *,
    lang: Lang = "zh",
    without: Collection[str] = (),
) -> list[Path]:
    """Write one county's assessments by one or several profiles and standards.

    Parameters
    ----------
    judged
        Assessments of one county, each by another profile or standard.
    out
        Folder. One assessment is written into it; of several each into a folder of its profile's
        or standard's name (of both: ``PROFILE/STANDARD``), and beside them ``profiles.csv`` or
        ``standards.csv``, where they are compared.
    lang, without
        As for `write_outputs`.

    Returns
    -------
    list of Path
        All files.

    Raises
    ------
    OutputError, TableError
        As `write_outputs`.
    """
    folder = Path(out)
    if len(judged) == 1:
        return write_outputs(judged[0], folder, lang=lang, without=without)
    profiles = {assessment.config.walk.profile for assessment in judged}
    standards = {assessment.standard.key for assessment in judged}
    written = []
    for assessment in judged:
        own = folder / assessment.config.walk.profile if len(profiles) > 1 else folder
        own = own / assessment.standard.key if len(standards) > 1 else own
        written += write_outputs(assessment, own, lang=lang, without=without)
    table = standards_comparison(judged)
    if len(profiles) > 1:
        return [*written, write_table(csv_heads("profiles", table), folder / "profiles.csv")]
    return [*written, write_table(table, folder / "standards.csv")]


def write_table(table: pd.DataFrame, path: str | Path) -> Path:
    """Write one table as CSV, under a temporary name until it is whole.

    Parameters
    ----------
    table
        Text and numbers.
    path
        The file; its folder is made where it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        It cannot be written; what was there is untouched.
    """
    return _write_whole(Path(path), lambda part: _write_csv(part, table))


def write_parquet(table: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write one table with its geometry as GeoParquet, under a temporary name until it is whole.

    Parameters
    ----------
    table
        In any CRS.
    path
        The file; its folder is made where it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        It cannot be written; what was there is untouched.
    """
    return _write_whole(Path(path), lambda part: table.to_parquet(part, compression="zstd"))


def write_page(text: str, path: str | Path) -> Path:
    """Write one text file, under a temporary name until it is whole.

    Parameters
    ----------
    text
        What stands in it, as UTF-8.
    path
        The file; its folder is made where it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        It cannot be written; what was there is untouched.
    """
    return _write_whole(Path(path), lambda part: _write_text(part, text))


def _write_whole(target: Path, write: Callable[[Path], object]) -> Path:
    """Let a file be written under a temporary name, and put it in its place."""
    with _workplace(_folder(target.parent)) as place, _named(target):
        write(place / target.name)
        (place / target.name).replace(target)
    return target


def check_writable(out: str | Path) -> None:
    """Make the output folder and try to write in it, before any long work begins.

    Parameters
    ----------
    out
        Folder for `write_outputs`.

    Raises
    ------
    OutputError
        It is a file, or cannot be made or written to.
    """
    with _workplace(_folder(Path(out))):
        pass


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = _inert(safe[column])
    # To a millionth: what a sum in floating point adds behind that is not for readers.
    safe = safe.round(6)
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _inert(values: pd.Series) -> pd.Series:
    texts = [
        f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
        for value in values.astype(object)
    ]
    return pd.Series(texts, values.index, dtype=object)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _run_json(run: Mapping[str, Any]) -> str:
    return json.dumps(_plain(run), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Turn what a run records into what JSON holds: NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [_plain(item) for item in items]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn a failure to write into an error that names the file and what to do."""
    try:
        yield
    except (*_DRIVER_ERRORS, OutputError) as error:
        reason = error.__cause__ or error if isinstance(error, OutputError) else error
        raise OutputError(
            f"{path}: cannot be written: {reason} -> close it in other programs, and check that "
            f"the folder is writable and the disk has room ({_room(path.parent)} free)"
        ) from error


def _room(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB"
    except OSError:
        return "unknown space"


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(
            f"{path}: is a file, not a folder -> give another --out, or remove the file"
        ) from error
    except OSError as error:
        raise OutputError(
            f"{path}: the folder cannot be made: {error} -> give an --out that you may write to"
        ) from error
    return path


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Make a folder inside the output folder, so that moving out is a rename; remove it after."""
    try:
        place = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written to: {error} -> give an --out that you may write to"
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
