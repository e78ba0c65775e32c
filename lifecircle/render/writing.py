"""Writing an assessment's results: the map, tables for a spreadsheet, layers for a GIS."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from lifecircle.errors import OutputError
from lifecircle.render.contents import COUNTY
from lifecircle.render.mappable import Mappable, check_assessment
from lifecircle.render.maps import coverage_map, map_html
from lifecircle.render.packing import cell_matrix
from lifecircle.standards import Labelled, Lang
from lifecircle.tables import DENOMINATORS

OUTPUTS: Final = (
    "map.html",
    "coverage.csv",
    "scores.csv",
    "gaps.csv",
    "layers.gpkg",
    "cells.parquet",
    "run.json",
)
"""The files of one county, in the order in which they are written."""

# A spreadsheet would run text that starts so; the last four are what a Chinese keyboard types.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_DRIVER_ERRORS: Final = (
    OSError,
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
)


def write_outputs(assessment: Mappable, out: str | Path, *, lang: Lang = "zh") -> list[Path]:
    """Write everything that an assessment found, all or nothing.

    Parameters
    ----------
    assessment
        Tables in one metric CRS, with config and standard; ``run``, where it has one, becomes
        run.json.
    out
        Folder; it is made where it is missing, and files of an earlier run are replaced.
    lang
        Language of the map, ``"zh"`` or ``"en"``. Tables carry the names in both.

    Returns
    -------
    list of Path
        `OUTPUTS` inside `out`.

    Raises
    ------
    OutputError
        The folder cannot be made or written to, or the disk is full. What was there is untouched.
    TableError
        A table breaks its schema.

    Notes
    -----
    CSV files are UTF-8 with a byte-order mark, which Excel needs to read Chinese. Text that a
    spreadsheet would take for a formula (it starts with ``=``, ``+``, ``-``, ``@``, tab or their
    full-width forms) gets a leading apostrophe.

    Examples
    --------
    >>> from lifecircle import assess, read_config  # doctest: +SKIP
    >>> result = assess(read_config("data/liechtenstein/county.toml"))  # doctest: +SKIP
    >>> write_outputs(result, "out/liechtenstein")[0].name  # doctest: +SKIP
    'map.html'
    """
    check_assessment(assessment)
    writers: Mapping[str, Callable[[Path], None]] = {
        "map.html": lambda path: _write_text(path, map_html(coverage_map(assessment, lang=lang))),
        "coverage.csv": lambda path: _write_csv(path, coverage_table(assessment)),
        "scores.csv": lambda path: _write_csv(path, score_table(assessment)),
        "gaps.csv": lambda path: _write_csv(path, gap_table(assessment)),
        "layers.gpkg": lambda path: _write_layers(path, assessment),
        "cells.parquet": lambda path: _cells(assessment, minutes=False).to_parquet(
            path, compression="zstd"
        ),
        "run.json": lambda path: _write_text(path, _run_json(getattr(assessment, "run", {}))),
    }
    folder = _folder(Path(out))
    with _workplace(folder) as place:
        for name, write in writers.items():
            with _named(folder / name):
                write(place / name)
        # Nothing is replaced before everything is written.
        for name in OUTPUTS:
            with _named(folder / name):
                (place / name).replace(folder / name)
    return [folder / name for name in OUTPUTS]


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


def coverage_table(assessment: Mappable) -> pd.DataFrame:
    """Give coverage with the names of units, circles and kinds.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per scope, circle, kind and denominator, the county first, then as in the units and
        the standard; shares from 0 to 1.
    """
    standard = assessment.standard
    order = {
        "scope": [COUNTY, *assessment.units.index],
        "circle": [*standard.circles],
        "kind": [*dict.fromkeys(r.kind for r in standard.requirements)],
        "denominator": [*DENOMINATORS],
    }
    table = assessment.coverage.reset_index()
    rank = {key: table[key].map({name: n for n, name in enumerate(order[key])}) for key in order}
    table = table.iloc[np.lexsort([*rank.values()][::-1])].reset_index(drop=True)
    table.insert(1, "unit_name", _scope_names(assessment, table["scope"]))
    table = _with_labels(table, "circle", standard.circles)
    return _with_labels(table, "kind", standard.kinds)


def score_table(assessment: Mappable) -> pd.DataFrame:
    """Give the scores of the county and its units, with names, setting and residents.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per scope and circle.
    """
    table, units = assessment.unit_scores.reset_index(), assessment.units
    table.insert(1, "unit_name", _scope_names(assessment, table["scope"]))
    table.insert(2, "setting", units["setting"].reindex(table["scope"]).to_numpy())
    table.insert(3, "residents", units["residents"].reindex(table["scope"]).to_numpy())
    table.loc[table["scope"] == COUNTY, "residents"] = units["residents"].sum(min_count=1)
    table = _with_labels(table, "circle", assessment.standard.circles)
    return _with_labels(table, "worst_kind", assessment.standard.kinds)


def gap_table(assessment: Mappable) -> pd.DataFrame:
    """Give the gaps with names and a point inside each, by kind and rank.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row per gap; ``lon`` and ``lat`` in degrees (WGS 84).
    """
    gaps = assessment.gaps
    inside = gaps.geometry.representative_point().to_crs(4326)
    table = pd.DataFrame(gaps.drop(columns=gaps.active_geometry_name)).assign(
        lon=inside.x.round(6), lat=inside.y.round(6)
    )
    order = pd.Index(assessment.standard.kinds).get_indexer(pd.Index(table["kind"]))
    table = table.iloc[np.lexsort((table["rank"], order))].reset_index()
    names = assessment.units["name"].reindex(table["unit_id"]).to_numpy()
    table.insert(_after(table, "unit_id"), "unit_name", names)
    nearest = assessment.facilities["name"].reindex(table["nearest_facility_id"]).to_numpy()
    table.insert(_after(table, "nearest_facility_id"), "nearest_facility_name", nearest)
    return _with_labels(table, "kind", assessment.standard.kinds)


def _scope_names(assessment: Mappable, scope: pd.Series) -> pd.Series:
    names = assessment.units["name"].astype(object)
    known = pd.concat([names, pd.Series({COUNTY: assessment.config.zh}, dtype=object)])
    return scope.map(known)


def _with_labels(table: pd.DataFrame, column: str, labels: Mapping[str, Labelled]) -> pd.DataFrame:
    at = _after(table, column)
    for shift, lang in enumerate(("zh", "en")):
        names = {key: getattr(label, lang) for key, label in labels.items()}
        table.insert(at + shift, f"{column}_{lang}", table[column].map(names))
    return table


def _after(table: pd.DataFrame, column: str) -> int:
    return list(table.columns).index(column) + 1


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = _inert(safe[column])
    # To a millionth: what a sum in floating point adds behind that is not for readers.
    safe = safe.round(6)
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _inert(values: pd.Series) -> pd.Series:
    text = values.astype(object).where(values.notna(), None)
    risky = text.map(lambda value: isinstance(value, str) and value.startswith(_FORMULA_STARTS))
    return text.where(~risky.astype(bool), "'" + text.astype(str))


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


def _cells(assessment: Mappable, *, minutes: bool) -> gpd.GeoDataFrame:
    """One row per cell: its columns, time to the nearest of each kind, score by circle."""
    cells, access, scores = assessment.cells, assessment.access, assessment.scores
    measured = set(access.index.unique("kind"))
    kinds = [kind for kind in assessment.standard.kinds if kind in measured]
    circles = list(assessment.standard.circles)
    seconds = cell_matrix(access["seconds"], cells.index, kinds)
    points = cell_matrix(scores["score"], cells.index, circles)
    columns: dict[str, Any] = {name: cells[name] for name in cells.columns}
    shape = columns.pop(str(cells.active_geometry_name))
    for row, kind in enumerate(kinds):
        if minutes:
            columns[f"minutes_{kind}"] = np.round(seconds[row] / 60.0, 2)
        else:
            columns[f"seconds_{kind}"] = seconds[row]
    columns |= {f"score_{circle}": points[row] for row, circle in enumerate(circles)}
    return gpd.GeoDataFrame(columns, geometry=shape, index=cells.index)


def _units(assessment: Mappable) -> gpd.GeoDataFrame:
    """One row per unit: its columns, score by circle, share of residents covered by kind."""
    units = assessment.units.copy()
    for circle in assessment.standard.circles:
        if circle in assessment.unit_scores.index.get_level_values("circle"):
            rows = assessment.unit_scores.xs(circle, level="circle").reindex(units.index)
            units[f"score_{circle}"] = rows["score"].astype(float)
            units[f"complete_{circle}"] = rows["complete_share"].astype(float)
    shares = assessment.coverage["share"].astype(float)
    for r in assessment.standard.requirements:
        keys = pd.MultiIndex.from_product([units.index, [r.circle], [r.kind], ["population"]])
        units[f"covered_{r.circle}_{r.kind}"] = shares.reindex(keys).to_numpy()
    return units


def _write_layers(path: Path, assessment: Mappable) -> None:
    layers = {
        "facilities": assessment.facilities,
        "isochrones": assessment.isochrones,
        "units": _units(assessment),
        "cells": _cells(assessment, minutes=True),
        "gaps": assessment.gaps,
    }
    for name, frame in layers.items():
        flat = frame.reset_index()
        shapes, geometry_type = _one_type(flat.geometry.to_numpy())
        pyogrio.write_dataframe(
            flat.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)),
            path,
            layer=name,
            driver="GPKG",
            use_arrow=True,
            geometry_type=geometry_type,
        )


def _one_type(shapes: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], str]:
    """Give geometries one type, as a GIS layer needs: multi where they differ."""
    types = {str(name) for name in gpd.GeoSeries(shapes).geom_type.unique()}
    if len(types) < 2:
        return shapes, types.pop() if types else "Unknown"
    single = {name.removeprefix("Multi") for name in types}
    if len(single) > 1:  # gaps of area and of single places
        return shapes, "Unknown"
    parts, of = shapely.get_parts(shapes, return_index=True)
    gather: dict[str, Callable[..., Any]] = {
        "Point": shapely.multipoints,
        "LineString": shapely.multilinestrings,
        "Polygon": shapely.multipolygons,
    }
    name = single.pop()
    return np.asarray(gather[name](parts, indices=of)), f"Multi{name}"


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn a failure to write into an error that names the file and what to do."""
    try:
        yield
    except _DRIVER_ERRORS as error:
        raise OutputError(
            f"{path}: cannot be written: {error} -> close it in other programs, and check that the "
            f"folder is writable and the disk has room ({_room(path.parent)} free)"
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
