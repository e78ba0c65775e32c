"""Layers as File Geodatabase, shapefiles and GeoParquet."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pyogrio

from lifecircle.errors import warn
from lifecircle.render.gis.frames import by_type, cut_bytes, fitting_names, plain_values, renamed
from lifecircle.render.gis.geopackage import write_arrow, write_table
from lifecircle.render.gis.qml import MISSING_NUMBER
from lifecircle.render.gis.styles import layer_styles
from lifecircle.render.gis.words import Field, describe, dictionary, layer_name
from lifecircle.standards import Lang

_TEXT_BYTES: Final = 254  # of a text in a shapefile
_NAME_BYTES: Final = 10  # of a field's name there
_GBK_PAGE: Final = 0x4D  # what byte 29 of a dbf says for GBK; old programs look only there
# Words of SQL that a geodatabase refuses as names; it adds the last four itself.
_RESERVED: Final = (
    *("add", "alter", "and", "as", "between", "by", "column", "create", "delete", "desc", "drop"),
    *("exists", "for", "from", "group", "in", "insert", "into", "is", "like", "not", "null", "or"),
    *("order", "select", "set", "table", "update", "values", "where"),
    *("objectid", "shape", "shape_length", "shape_area"),
)


@dataclass(frozen=True)
class Written:
    """One layer of an export.

    Parameters
    ----------
    file
        Its file, or its name within one.
    name
        What readers call it.
    size
        Number of features; of a raster its columns and rows.
    fields
        Name in the file -> the field.
    """

    file: str
    name: str
    size: tuple[int, ...]
    fields: Mapping[str, Field]


def write_geodatabase(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], names: pd.DataFrame, *, lang: Lang
) -> list[Written]:
    """Write a File Geodatabase with aliases for its fields.

    Parameters
    ----------
    path
        A folder that ends in ``.gdb``; it must not be there yet.
    layers, names, lang
        As for `lifecircle.render.gis.geopackage.write_geopackage`.

    Returns
    -------
    list of Written
        Its layers. Whole numbers have 32 bits, or are floating point where they need more.
    """
    told: list[Field] = []
    written = []
    for key, part, geometry_type in _parts(layers):
        name = layer_name(key, lang)
        fields = describe(key, _columns(part), names)
        fitting = fitting_names(_columns(part), _database_name, 60, taken=_RESERVED)
        write_arrow(
            renamed(plain_values(part, narrow=True), fitting),
            path,
            layer=name,
            driver="OpenFileGDB",
            geometry_type=geometry_type,
            aliases={fitting[f.field]: f.label(lang) for f in fields},
            geometry_name="SHAPE",
        )
        told += fields
        stored = {fitting[f.field]: f for f in fields}
        written.append(Written(name, name, (len(part),), stored))
    for key, table in {"fields": dictionary(told, lang), "names": names}.items():
        write_table(table, path, layer_name(key, lang), driver="OpenFileGDB")
    return written


def _database_name(name: str) -> str:
    plain = re.sub(r"\W+", "_", name)
    return plain if plain[:1].isalpha() else f"f_{plain}"


def write_shapefiles(
    folder: Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    names: pd.DataFrame,
    *,
    lang: Lang,
    encoding: str = "utf-8",
) -> list[Written]:
    """Write shapefiles with short names, and a QGIS style beside each.

    Parameters
    ----------
    folder
        An empty folder.
    layers, names, lang
        As for `lifecircle.render.gis.geopackage.write_geopackage`.
    encoding
        Of the text in the dbf: ``"utf-8"`` or ``"gbk"``.

    Returns
    -------
    list of Written
        Its files. Names of fields are ASCII of up to 10 bytes; missing numbers are -9999, as a
        shapefile holds no empty number and ArcGIS would show 0.

    Warns
    -----
    DataWarning
        A text was longer than 254 bytes and was cut; or holds characters that GBK lacks, which
        became ``?``. One warning each, with the counts.
    """
    written, long, lacking = [], Counter[str](), Counter[str]()
    for key, part, geometry_type in _parts(layers):
        fields = describe(key, _columns(part), names)
        wanted = {field.field: field.short for field in fields}
        fitting = fitting_names(
            _columns(part), _short_with(wanted), _NAME_BYTES, taken=("fid", "oid", "shape")
        )
        plain = plain_values(part, narrow=True)
        ready = {
            name: _dbf_values(plain[name], encoding, f"{key}.{name}", long, lacking)
            for name in _columns(plain)
        }
        frame = gpd.GeoDataFrame(ready, geometry=plain.geometry.to_numpy(), crs=plain.crs)
        pyogrio.write_dataframe(
            renamed(frame, fitting),
            folder / f"{key}.shp",
            driver="ESRI Shapefile",
            encoding=encoding.upper(),
            geometry_type=geometry_type,
        )
        if encoding == "gbk":
            _say_gbk(folder / f"{key}.dbf")
        style = layer_styles(key, part, names, lang, stored=fitting)[0]
        (folder / f"{key}.qml").write_text(style.qml, encoding="utf-8")
        stored = {fitting[f.field]: f for f in fields}
        written.append(Written(f"{key}.shp", layer_name(key, lang), (len(part),), stored))
    _warn_texts(long, lacking)
    return written


def _short_with(wanted: Mapping[str, str]) -> Callable[[str], str]:
    def fit(name: str) -> str:
        plain = re.sub(r"[^0-9A-Za-z]+", "_", wanted.get(name, name)).strip("_")
        return plain if plain[:1].isalpha() else f"f_{plain}"

    return fit


def _dbf_values(
    values: pd.Series, encoding: str, where: str, long: Counter[str], lacking: Counter[str]
) -> pd.Series:
    """Give a column as a dbf holds it, and count what it cannot hold."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.map(lambda moment: moment.isoformat(), na_action="ignore").astype("str")
    if pd.api.types.is_numeric_dtype(values.dtype):
        whole = pd.api.types.is_integer_dtype(values.dtype)
        filled = values.fillna(int(MISSING_NUMBER) if whole else MISSING_NUMBER)
        return filled.astype("int32" if whole else "float64")

    def fit(text: str) -> str:
        plain = text
        if encoding == "gbk":
            known = plain.encode("gbk", errors="replace").decode("gbk")
            lacking[where] += known != plain
            plain = known
        short = cut_bytes(plain, _TEXT_BYTES, encoding)
        long[where] += short != plain
        return short

    return values.map(fit, na_action="ignore").astype("str")


def _say_gbk(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(29)
        stream.write(bytes([_GBK_PAGE]))


def _warn_texts(long: Counter[str], lacking: Counter[str]) -> None:
    for counts, what in (
        (+long, f"texts longer than {_TEXT_BYTES} bytes were cut, as a shapefile holds no more"),
        (+lacking, "texts hold characters that GBK lacks; they became '?' (UTF-8 would keep them)"),
    ):
        if counts:
            told = ", ".join(f"{where} {count}" for where, count in sorted(counts.items()))
            warn(f"{counts.total()} {what}: {told}")


def write_geoparquet(
    folder: Path, layers: Mapping[str, gpd.GeoDataFrame], names: pd.DataFrame, *, lang: Lang
) -> list[Written]:
    """Write GeoParquet 1.1 files, each with the bounds of its features and its fields' meaning.

    Parameters
    ----------
    folder
        An empty folder.
    layers, names, lang
        As for `lifecircle.render.gis.geopackage.write_geopackage`.

    Returns
    -------
    list of Written
        Its files. What a field means stands in its metadata (``zh``, ``en``, ``unit``) and, for
        the whole file, as JSON under ``lifecircle:fields``.
    """
    written = []
    for key, part, _ in _parts(layers):
        path = folder / f"{key}.parquet"
        fields = describe(key, _columns(part), names)
        plain_values(part, narrow=False).to_parquet(
            path, index=False, compression="zstd", schema_version="1.1.0", write_covering_bbox=True
        )
        _describe_parquet(path, fields)
        stored = {field.field: field for field in fields}
        written.append(Written(path.name, layer_name(key, lang), (len(part),), stored))
    return written


def _describe_parquet(path: Path, fields: list[Field]) -> None:
    table = pq.read_table(path)
    told = {f.field: {"zh": f.zh, "en": f.en, "unit": f.unit} for f in fields}
    described = [
        field.with_metadata({**(field.metadata or {}), **told.get(field.name, {})})
        for field in table.schema
    ]
    meta: dict[bytes, Any] = dict(table.schema.metadata or {})
    meta[b"lifecircle:fields"] = json.dumps(told, ensure_ascii=False).encode()
    pq.write_table(table.cast(pa.schema(described, metadata=meta)), path, compression="zstd")


def _columns(frame: gpd.GeoDataFrame) -> list[str]:
    return [str(name) for name in frame.columns if name != frame.geometry.name]


def _parts(
    layers: Mapping[str, gpd.GeoDataFrame],
) -> list[tuple[str, gpd.GeoDataFrame, str]]:
    """Give every part of every layer that has one type of geometry."""
    return [
        (key, part, geometry_type)
        for base, frame in layers.items()
        for key, (part, geometry_type) in by_type(base, frame).items()
    ]
