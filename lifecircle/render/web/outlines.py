"""Where counties lie, for maps on which each is one of many; no figure is drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

from lifecircle.render.comparing import County
from lifecircle.render.gis.words import layer_name
from lifecircle.render.runs import CountyRun
from lifecircle.render.web.packing import pack_lines, to_plane

Shapes = npt.NDArray[np.object_]

_FINE: Final = 20_000.0  # an outline may be off by this part of the whole map's diagonal (ours)
_SQUARES: Final = 120  # squares along the longer side of a county that is known by its cells only


def pack_outlines(counties: Sequence[County]) -> tuple[dict[str, Any], list[bool]]:
    """Pack the outline of every county for the page.

    Parameters
    ----------
    counties
        With their runs. run.json has the outline; of older runs it is that of the units in
        layers.gpkg or, without, of squares around the cells. Without a run, their own ``outline``.

    Returns
    -------
    pack, rough
        As `lifecircle.render.web.packing.pack_lines`, one feature per county, without rings where
        its place is not known; and whether it is known by its cells only.
    """
    texts = [next((run.outline for run in c.runs if run.outline), c.outline) for c in counties]
    read = _read(texts)
    # Thinned before they are projected: a country's outlines are millions of vertices.
    shapes = np.asarray(to_plane(_thinned(read, _reach(read) / _FINE), 4326), dtype=object)
    rough = [False] * len(counties)
    for number, county in enumerate(counties):
        if shapely.is_empty(shapes[number]) and county.runs:
            shapes[number], rough[number] = _found(county.runs[0])
    if not any(rough) and not shapely.is_empty(read).any():
        return pack_lines(shapes, 3857, tolerance_m=0.0), rough
    # Of older runs, by layers or cells.
    return pack_lines(_thinned(shapes, _reach(shapes) / _FINE), 3857, tolerance_m=0.0), rough


def _reach(shapes: Shapes) -> float:
    """Give the diagonal of all shapes together."""
    west, south, east, north = shapely.total_bounds(shapes)
    return float(np.hypot(east - west, north - south)) if np.isfinite(west) else 0.0


def _thinned(shapes: Shapes, tolerance: float) -> Shapes:
    """Leave out vertices; what would vanish stays as it is."""
    thin = shapely.simplify(shapes, tolerance, preserve_topology=False)
    return np.where(shapely.is_empty(thin), shapes, thin)


def _read(texts: Sequence[str]) -> Shapes:
    """Read WKT; what is none, or has no area, becomes an empty polygon."""
    read = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
    areas = np.isin(shapely.get_type_id(read), (3, 6))
    out = np.full(len(texts), shapely.Polygon(), dtype=object)
    out[areas] = read[areas]
    return out


def _found(run: CountyRun) -> tuple[shapely.Geometry, bool]:
    """Give a county's outline in EPSG:3857 by its layers or its cells, and whether it is rough."""
    layers, cells = run.folder / "layers.gpkg", run.folder / "cells.parquet"
    if layers.exists():
        try:
            named = {str(name) for name, _ in pyogrio.list_layers(layers)}
            layer = next(
                n for n in (layer_name("units", "zh"), layer_name("units", "en")) if n in named
            )
            units = pyogrio.read_dataframe(layers, layer=layer, columns=[])
            return to_plane([units.union_all()], units.crs)[0], False
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, StopIteration):
            pass  # a copy that lacks it; the cells are left
    return (_squares(cells), True) if cells.exists() else (shapely.Polygon(), True)


def _squares(path: Path) -> shapely.Geometry:
    """Unite squares around the middles of cells."""
    cells = gpd.read_parquet(path, columns=["geometry"])
    low = shapely.bounds(to_plane(cells.geometry.array, cells.crs))
    if not len(low):
        return shapely.Polygon()
    middle = (low[:, :2] + low[:, 2:]) / 2.0
    size = max(
        float(np.ptp(middle, axis=0).max()) / _SQUARES, float(np.median(low[:, 2] - low[:, 0]))
    )
    corner = np.unique(np.floor(middle / size).astype(np.int64), axis=0) * size
    return shapely.union_all(
        shapely.box(corner[:, 0], corner[:, 1], corner[:, 0] + size, corner[:, 1] + size)
    )
