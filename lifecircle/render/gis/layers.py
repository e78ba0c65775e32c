"""Layers of an assessment for a GIS: facilities, isochrones, units, cells, gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.render.gis.decided import with_decisions
from lifecircle.render.gis.geopackage import write_geopackage
from lifecircle.render.gis.words import labels, name_table
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.readers_shared import main_points
from lifecircle.render.tables.sheets import gap_points
from lifecircle.render.web.packing import cell_matrix
from lifecircle.standards import Lang


def cell_layer(assessment: Mappable, *, minutes: bool) -> gpd.GeoDataFrame:
    """Give one row per cell: its columns, walk to the nearest of each kind, score by circle.

    Parameters
    ----------
    assessment
        Checked tables.
    minutes
        Whether times are minutes for readers, to a hundredth, rather than exact seconds. Kinds with
        a threshold in metres have their metres too.
    """
    cells, access, scores = assessment.cells, assessment.access, assessment.scores
    measured = set(access.index.unique("kind"))
    kinds = [kind for kind in assessment.standard.kinds if kind in measured]
    circles = list(assessment.standard.circles)
    seconds = cell_matrix(access["seconds"], cells.index, kinds)
    walked = {r.kind for r in assessment.standard.requirements if r.unit == "metres"}
    metres = cell_matrix(access["metres"], cells.index, kinds) if walked else None
    points = cell_matrix(scores["score"], cells.index, circles)
    columns: dict[str, Any] = {name: cells[name] for name in cells.columns}
    shape = columns.pop(str(cells.active_geometry_name))
    for row, kind in enumerate(kinds):
        if minutes:
            columns[f"minutes_{kind}"] = np.round(seconds[row] / 60.0, 2)
        else:
            columns[f"seconds_{kind}"] = seconds[row]
        if metres is not None and kind in walked:
            columns[f"metres_{kind}"] = np.round(metres[row], 1)
    columns |= {f"score_{circle}": points[row] for row, circle in enumerate(circles)}
    return gpd.GeoDataFrame(columns, geometry=shape, index=cells.index)


def unit_layer(assessment: Mappable) -> gpd.GeoDataFrame:
    """Give one row per unit: its columns, score by circle, residents' share covered by kind.

    Parameters
    ----------
    assessment
        Checked tables.
    """
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


def facility_layer(assessment: Mappable) -> gpd.GeoDataFrame:
    """Give one point per facility, as GIS users expect, and how many entrances it has.

    Parameters
    ----------
    assessment
        Checked tables. Walks were measured to every entrance; the point is the one nearest their
        middle, as on the map.
    """
    facilities = assessment.facilities.copy()
    shapes = facilities.geometry.to_numpy()
    facilities["entrances"] = shapely.get_num_geometries(shapes).astype("int64")
    points = gpd.GeoSeries(main_points(shapes), facilities.index, crs=facilities.crs)
    return facilities.set_geometry(points)


def gap_layer(assessment: Mappable) -> gpd.GeoDataFrame:
    """Give one row per gap: its columns, the names of unit and nearest facility, where it is.

    Parameters
    ----------
    assessment
        Checked tables. ``lon`` and ``lat`` in degrees (WGS 84), as in the tables.
    """
    gaps = assessment.gaps.copy()
    lived = gap_points(gaps).to_crs(4326)
    named = {
        "unit_id": ("unit_name", assessment.units["name"]),
        "nearest_facility_id": ("nearest_facility_name", assessment.facilities["name"]),
    }
    for key, (name, names) in named.items():
        told = names.reindex(gaps[key]).to_numpy(dtype=object)
        gaps.insert(list(gaps.columns).index(key) + 1, name, pd.array(told, dtype="str"))
    return gaps.assign(lon=lived.x.round(6), lat=lived.y.round(6))


def layer_tables(assessment: Mappable) -> tuple[dict[str, gpd.GeoDataFrame], pd.DataFrame]:
    """Give the layers as a GIS gets them, and the names of circles and kinds.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    tuple
        Key of each layer (`lifecircle.render.gis.words.LAYERS`, and of `ASKED_LAYERS` what was
        asked for) -> its rows without index, with the names of kinds, and for units and cells the
        score of their own circle: the first that is meant for their setting. And
        `lifecircle.render.gis.words.name_table`.
    """
    names = name_table(assessment.standard, assessment.facilities["kind"].unique())
    layers = {
        "facilities": _with_kinds(facility_layer(assessment).reset_index(), names),
        "isochrones": _with_kinds(assessment.isochrones.reset_index(), names),
        "units": _with_circles(_with_score(unit_layer(assessment), names), names).reset_index(),
        "cells": _with_score(cell_layer(assessment, minutes=True), names).reset_index(),
        "gaps": _with_kinds(gap_layer(assessment).reset_index(), names),
    }
    return with_decisions(layers, assessment), names


def write_layers(path: Path, assessment: Mappable, *, lang: Lang = "zh") -> None:
    """Write the layers as one GeoPackage in the county's metric CRS.

    Parameters
    ----------
    path
        The file; it must not be there yet.
    assessment
        Checked tables.
    lang
        Language of the names of layers, of legends and of the names shown for fields. Fields are
        called the same in both.

    Notes
    -----
    Beside the layers the file holds a dictionary of all fields, the names of kinds and circles, and
    styles that QGIS applies by itself (``layer_styles``).
    """
    layers, names = layer_tables(assessment)
    write_geopackage(path, layers, names, lang=lang)


def own_circles(settings: pd.Series, names: pd.DataFrame) -> pd.Series:
    """Give the circle that places belong to: the first that is meant for their setting.

    Parameters
    ----------
    settings
        Setting of each place.
    names
        As `lifecircle.render.gis.words.name_table` gives them.

    Returns
    -------
    pandas.Series
        Key of a circle; missing where none is meant for the setting.

    Examples
    --------
    >>> names = pd.DataFrame({"what": ["circle"], "key": ["near"], "settings": ["urban,rural"]})
    >>> own_circles(pd.Series(["rural", "township"]), names).tolist()
    ['near', nan]
    """
    owner: dict[str, str] = {}
    circles = names[names["what"] == "circle"]
    for key, meant in zip(circles["key"], circles["settings"], strict=True):
        for setting in str(meant).split(","):
            owner.setdefault(setting, str(key))
    return settings.map(owner).astype("str")


def _with_score(frame: gpd.GeoDataFrame, names: pd.DataFrame) -> gpd.GeoDataFrame:
    """Add the score of each row's own circle before those of all."""
    owner = own_circles(frame["setting"], names)
    score = np.full(len(frame), np.nan)
    for circle in owner.dropna().unique():
        own = (owner == circle).to_numpy()
        if f"score_{circle}" in frame.columns:
            score[own] = frame[f"score_{circle}"].to_numpy()[own]
    scores = [n for n, column in enumerate(frame.columns) if str(column).startswith("score_")]
    wide = frame.copy()
    wide.insert(scores[0] if scores else len(frame.columns), "score", score)
    return wide


def _with_circles(frame: gpd.GeoDataFrame, names: pd.DataFrame) -> gpd.GeoDataFrame:
    owner = own_circles(frame["setting"], names)
    wide = frame.copy()
    at = list(frame.columns).index("score")
    wide.insert(at, "circle", owner)
    for step, lang in enumerate(("zh", "en"), start=1):
        told = labels(names, "circle", cast("Lang", lang))
        wide.insert(at + step, f"circle_{lang}", owner.map(told).astype("str"))
    return wide


def _with_kinds(frame: gpd.GeoDataFrame, names: pd.DataFrame) -> gpd.GeoDataFrame:
    """Add the names of kinds after their keys."""
    wide = frame.copy()
    at = list(frame.columns).index("kind") + 1
    for step, lang in enumerate(("zh", "en")):
        told = labels(names, "kind", cast("Lang", lang))
        wide.insert(at + step, f"kind_{lang}", frame["kind"].map(told).astype("str"))
    return wide
