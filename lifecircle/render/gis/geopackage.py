"""A GeoPackage with layers, the meaning of their fields, and styles that QGIS loads by itself."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyogrio

from lifecircle.render.gis.frames import by_type, fitting_names, plain_values, renamed
from lifecircle.render.gis.styles import WrittenStyle, layer_styles
from lifecircle.render.gis.words import Field, clean, describe, dictionary, layer_name
from lifecircle.standards import Lang

GEOMETRY: Final = "geom"
# Read by programs of the last ten years; newer versions add nothing that is used here.
_VERSION: Final = "1.2"
_STYLES: Final = (
    'CREATE TABLE "layer_styles" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, '
    '"f_table_catalog" TEXT(256), "f_table_schema" TEXT(256), "f_table_name" TEXT(256), '
    '"f_geometry_column" TEXT(256), "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT, '
    '"useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30), '
    "\"update_time\" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
)
_STYLE: Final = (
    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
    "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui) "
    "VALUES ('', '', ?, ?, ?, ?, ?, ?, ?, '', '')"
)


def write_geopackage(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], names: pd.DataFrame, *, lang: Lang
) -> dict[str, int]:
    """Write layers with their field dictionary and styles.

    Parameters
    ----------
    path
        The file; it must not be there yet.
    layers
        Key of each layer -> its rows, without index, all in one CRS.
    names
        As `lifecircle.render.gis.words.name_table` gives them.
    lang
        Language of the layers' names, of legends and of the names that are shown for fields.

    Returns
    -------
    dict
        Name of each layer -> number of its features.
    """
    told: list[Field] = []
    styles: dict[str, list[WrittenStyle]] = {}
    counts = {}
    for base, frame in layers.items():
        for key, (part, geometry_type) in by_type(base, frame).items():
            name = layer_name(key, lang)
            columns = [str(c) for c in part.columns if c != part.geometry.name]
            fitting = fitting_names(columns, clean, 200, taken=("fid", GEOMETRY))
            fields = describe(key, columns, names)
            styles[name] = layer_styles(key, part, names, lang, table=name, stored=fitting)
            part = renamed(plain_values(part, narrow=False), fitting)  # noqa: PLW2901
            aliases = {fitting[f.field]: f.label(lang) for f in fields}
            write_arrow(
                part,
                path,
                layer=name,
                driver="GPKG",
                geometry_type=geometry_type,
                aliases=aliases,
                geometry_name=GEOMETRY,
                VERSION=_VERSION,
            )
            told += fields
            counts[name] = len(part)
    tables = {"fields": dictionary(told, lang), "names": names}
    for key, table in tables.items():
        write_table(table, path, layer_name(key, lang), driver="GPKG")
    _write_styles(path, styles)
    return counts


def write_arrow(
    frame: gpd.GeoDataFrame,
    path: Path,
    *,
    layer: str,
    driver: str,
    geometry_type: str,
    aliases: Mapping[str, str],
    geometry_name: str,
    **options: Any,
) -> None:
    """Write one layer, with names that are shown in place of its fields' names.

    Parameters
    ----------
    frame
        Rows with geometry, of types that the format holds.
    path, layer, driver, geometry_type, geometry_name, options
        As `pyogrio.write_arrow` takes them.
    aliases
        Field -> the name to show.
    """
    table = pa.table(frame.to_arrow(index=False, geometry_encoding="WKB"))
    fields = []
    for field in table.schema:
        meta = dict(field.metadata or {})
        if field.name in aliases:
            meta[b"GDAL:OGR:alternative_name"] = clean(aliases[field.name])[:250].encode()
        fields.append(field.with_metadata(meta))
    table = table.cast(pa.schema(fields))
    with warnings.catch_warnings():
        # A geodatabase sorts the rings of each area; many parts only take it longer.
        warnings.filterwarnings("ignore", "organizePolygons", RuntimeWarning)
        pyogrio.write_arrow(
            table,
            path,
            layer=layer,
            driver=driver,
            geometry_type=geometry_type,
            geometry_name=frame.geometry.name,
            crs=frame.crs.to_wkt(),
            layer_options={"GEOMETRY_NAME": geometry_name},
            **options,
        )


def write_table(table: pd.DataFrame, path: Path, layer: str, *, driver: str) -> None:
    """Write a table without geometry.

    Parameters
    ----------
    table
        Text.
    path, layer, driver
        Where.
    """
    pyogrio.write_dataframe(table, path, layer=layer, driver=driver)


def _write_styles(path: Path, styles: Mapping[str, Iterable[WrittenStyle]]) -> None:
    """Add the table in which QGIS looks for styles, registered as it does itself."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(_STYLES)
        file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', 0)"
        )
        for table, written in styles.items():
            file.executemany(
                _STYLE,
                [
                    (table, GEOMETRY, style.name, style.qml, style.sld, number == 0, style.name)
                    for number, style in enumerate(written)
                ],
            )
