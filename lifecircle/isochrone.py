"""Isochrones: nested polygons drawn from walking times, to be looked at; no figure comes from them.

The time of any point is that of `lifecircle.reach`: along the network to the nearest point on a
street, plus the straight access leg. Points of a fine raster are snapped once; each polygon is the
contour {time <= limit, street within ``access_m``} of that field, so polygons of growing limits are
nested, keep their holes, and cut a street where the time runs out, to a fraction of a raster step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import contourpy
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.errors import Fault, InputError
from lifecircle.kernels.graph import Floats, Ints, Longs
from lifecircle.kernels.places import level_set
from lifecircle.network import WalkNetwork
from lifecircle.place import Located, Places
from lifecircle.reach import nearest_seconds, take
from lifecircle.tables import FACILITIES, check


@dataclass(frozen=True)
class _Raster:
    """Points of a raster that lie near a street, in row-major order."""

    x0: float
    y0: float
    step: float
    nx: int
    ny: int
    number: Longs
    places: Places


def isochrones(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    *,
    minutes: Sequence[float] = (5.0, 10.0, 15.0, 30.0),
    metres: Sequence[float] = (),
    per_facility: bool = False,
    raster_m: float = 20.0,
    access_m: float = 100.0,
    area: BaseGeometry | None = None,
) -> gpd.GeoDataFrame:
    """Draw the areas within given walks of facilities, per kind or per facility.

    Parameters
    ----------
    network
        The walk network.
    facilities
        Table per `lifecircle.tables.FACILITIES`, in the network's CRS.
    minutes, metres
        Limits: minutes of walking, and metres along the network.
    per_facility
        One set of polygons per facility rather than one per kind.
    raster_m
        Step of the raster, m. Outlines are exact to about half a step.
    access_m
        How far from a street the polygons reach at most, m.
    area
        Where given (polygon in the network's CRS), only its bounding box, a little wider, is drawn.

    Returns
    -------
    GeoDataFrame
        Index (origin, limit), origin being the kind or the facility_id; columns ``kind``,
        ``limit_unit`` (``minutes`` or ``metres``) and ``geometry`` (Polygon or MultiPolygon, in
        the network's CRS).
        A facility off the network, or an empty area, has no row.

    Raises
    ------
    InputError
        A limit is not above 0.
    TableError, CRSError
        The table breaks its schema or is in another CRS.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 3000.0], "y": [0.0, 0.0]})
    >>> network = WalkNetwork.from_tables(
    ...     nodes, pd.DataFrame({"u": [0], "v": [1]}), crs="EPSG:4546"
    ... )
    >>> facilities = gpd.GeoDataFrame(
    ...     {"kind": ["post"], "name": ["邮局"], "source": ["ledger"]},
    ...     index=pd.Index(["p1"], name="facility_id"),
    ...     geometry=gpd.points_from_xy([1500.0], [0.0]), crs="EPSG:4546",
    ... )
    >>> areas = isochrones(network, facilities, minutes=[10])
    >>> [round(side) for side in areas.loc[("post", 10.0), "geometry"].bounds]  # 750 m both ways
    [750, -100, 2250, 100]
    """
    check(facilities, FACILITIES, crs=network.crs)
    if any(not limit > 0 for limit in (*minutes, *metres)):
        raise InputError(Fault("isochrones", "a limit is not above 0", "give minutes or metres"))
    raster = _snap_raster(network, raster_m, access_m, area)
    sources = network.snap(facilities)
    groups = list(_groups(facilities, sources, per_facility=per_facility))
    rows: list[tuple[str, float, str, str, BaseGeometry]] = []
    for unit, limits, measured in (
        ("minutes", np.asarray(minutes, float) * 60.0, network),
        ("metres", np.asarray(metres, float), network.by_length()),
    ):
        if not len(limits):
            continue
        origins, points = measured.locate(sources), measured.locate(raster.places)
        for origin, kind, chosen in groups:
            window = _whole(raster)
            if per_facility:
                reach = float(limits.max()) * measured.metres_per_second
                window = _cut(raster, shapely.bounds(facilities.loc[origin, "geometry"]), reach)
            field = _field(measured, take(origins, chosen), points, window, float(limits.max()))
            for limit, shape in _contours(raster, window, field, limits, access_m, measured):
                shown = limit / 60.0 if unit == "minutes" else limit
                rows.append((origin, shown, kind, unit, shape))
    return _table(rows, network)


def _groups(
    facilities: gpd.GeoDataFrame, sources: Places, *, per_facility: bool
) -> Iterator[tuple[str, str, Longs]]:
    """Yield (origin, kind, positions of its entrances on the network)."""
    number = facilities.index.get_indexer(sources.ids)
    on = ~sources.off_network
    kinds = facilities["kind"].to_numpy(dtype=object)
    if per_facility:
        for i, origin in enumerate(facilities.index):
            chosen = np.flatnonzero(on & (number == i))
            if len(chosen):
                yield str(origin), str(kinds[i]), chosen
        return
    for kind in sorted(set(kinds)):
        chosen = np.flatnonzero(on & (kinds[number] == kind))
        if len(chosen):
            yield str(kind), str(kind), chosen


def _snap_raster(
    network: WalkNetwork, step: float, access_m: float, area: BaseGeometry | None
) -> _Raster:
    margin = access_m + 3.0 * step
    west, south = float(network.node_x.min()) - margin, float(network.node_y.min()) - margin
    east, north = float(network.node_x.max()) + margin, float(network.node_y.max()) + margin
    if area is not None and not area.is_empty:
        a_west, a_south, a_east, a_north = area.bounds
        west, south = max(west, a_west - margin), max(south, a_south - margin)
        east, north = min(east, a_east + margin), min(north, a_north + margin)
    # Aligned to multiples of the step, so that neighbouring counties draw the same outlines.
    x0, y0 = np.floor(west / step) * step, np.floor(south / step) * step
    nx = max(int(np.ceil((east - x0) / step)) + 1, 2)
    ny = max(int(np.ceil((north - y0) / step)) + 1, 2)
    x = np.tile(x0 + np.arange(nx) * step, ny)
    y = np.repeat(y0 + np.arange(ny) * step, nx)
    # Two more steps than drawn, so that the outline between inside and outside is interpolated.
    snapped = network.snap_points(x, y, limit_m=access_m + 2.0 * step)
    near = np.flatnonzero(~snapped.off_network)
    places = Places(
        pd.RangeIndex(len(near)),
        snapped.segment[near],
        snapped.fraction[near],
        snapped.access_m[near],
        snapped.moved[near],
    )
    return _Raster(float(x0), float(y0), step, nx, ny, near, places)


@dataclass(frozen=True)
class _Window:
    """A part of the raster: columns c0..c1, rows r0..r1, and its points among the raster's."""

    c0: int
    r0: int
    nx: int
    ny: int
    points: Longs | Ints
    where: Longs


def _whole(raster: _Raster) -> _Window:
    every = np.arange(len(raster.number))
    return _Window(0, 0, raster.nx, raster.ny, every, raster.number)


def _cut(raster: _Raster, bounds: Floats, reach_m: float) -> _Window:
    """Cut the raster around a facility: nobody gets further than time x speed, straight on."""
    west, south, east, north = bounds
    margin = reach_m + 3.0 * raster.step
    c0 = int(np.clip((west - margin - raster.x0) // raster.step, 0, raster.nx - 2))
    c1 = int(np.clip((east + margin - raster.x0) // raster.step + 2, c0 + 2, raster.nx))
    r0 = int(np.clip((south - margin - raster.y0) // raster.step, 0, raster.ny - 2))
    r1 = int(np.clip((north + margin - raster.y0) // raster.step + 2, r0 + 2, raster.ny))
    rows = np.arange(r0, r1, dtype=np.int64) * raster.nx
    begin = np.searchsorted(raster.number, rows + c0)
    size = np.searchsorted(raster.number, rows + c1) - begin
    points = np.repeat(begin - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    points += np.arange(len(points))
    row, column = np.divmod(raster.number[points], raster.nx)
    return _Window(c0, r0, c1 - c0, r1 - r0, points, (row - r0) * (c1 - c0) + column - c0)


def _field(
    network: WalkNetwork, origins: Located, points: Located, window: _Window, cutoff: float
) -> Floats:
    """Give seconds at the window's points: exact up to the cutoff, and a step beyond it."""
    labels = np.zeros(len(origins.chain), np.int32)
    inside = points if len(window.points) == len(points.chain) else take(points, window.points)
    seconds, _ = nearest_seconds(network, origins, labels, inside, 1.5 * cutoff)
    return np.where(np.isnan(seconds), 2.0 * cutoff, seconds)


def _contours(
    raster: _Raster,
    window: _Window,
    field: Floats,
    limits: Floats,
    access_m: float,
    network: WalkNetwork,
) -> Iterator[tuple[float, BaseGeometry]]:
    """Yield (limit, area): where neither the time is over nor the street too far."""
    beside = (raster.places.access_m[window.points] - access_m) / network.metres_per_second
    outside = 2.0 * raster.step / network.metres_per_second
    for limit in limits:
        grid, c0, r0 = level_set(field, beside, window.where, window.nx, float(limit), outside)
        if grid.size:
            x = raster.x0 + (window.c0 + c0 + np.arange(grid.shape[1])) * raster.step
            y = raster.y0 + (window.r0 + r0 + np.arange(grid.shape[0])) * raster.step
            drawing = contourpy.contour_generator(x, y, grid, fill_type="OuterOffset")
            yield float(limit), _polygons(*drawing.filled(-np.inf, 0.0))


def _polygons(points: list[Floats], offsets: list[Ints]) -> BaseGeometry:
    sizes = [len(part) for part in points]
    shift = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rings = np.concatenate(
        [[0], *(part[1:].astype(np.int64) + s for part, s in zip(offsets, shift, strict=True))]
    )
    polygons = np.concatenate([[0], np.cumsum([len(part) - 1 for part in offsets])])
    parts = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, np.concatenate(points), (rings, polygons)
    )
    whole = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return cast("BaseGeometry", whole)


def _table(
    rows: list[tuple[str, float, str, str, BaseGeometry]], network: WalkNetwork
) -> gpd.GeoDataFrame:
    names = ["origin", "limit"]
    index = pd.MultiIndex.from_arrays(
        [[row[0] for row in rows], np.asarray([row[1] for row in rows], float)], names=names
    )
    columns = {"kind": [row[2] for row in rows], "limit_unit": [row[3] for row in rows]}
    frame = pd.DataFrame(columns, index=index, dtype="str")
    return gpd.GeoDataFrame(frame, geometry=[row[4] for row in rows], crs=network.crs)
