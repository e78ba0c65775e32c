"""Layers of an assessment for a GIS: facilities, isochrones, units, cells, gaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from lifecircle.render.mappable import Mappable
from lifecircle.render.packing import cell_matrix


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


def write_layers(path: Path, assessment: Mappable) -> None:
    """Write the layers as one GeoPackage in the county's metric CRS.

    Parameters
    ----------
    path
        The file; it must not be there yet.
    assessment
        Checked tables.
    """
    layers = {
        "facilities": assessment.facilities,
        "isochrones": assessment.isochrones,
        "units": unit_layer(assessment),
        "cells": cell_layer(assessment, minutes=True),
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
