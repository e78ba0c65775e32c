"""Isochrones: nested polygons drawn from walking times, to be looked at; no figure comes from them.

The time of any point is that of `lifecircle.reach`: along the network to the nearest point on a
street, plus the straight access leg. Points of a fine raster are snapped once, for all kinds and
facilities; each polygon is the contour {time <= limit, street within ``access_m``} of that field,
so polygons of growing limits are nested, keep their holes, and cut a street where the time runs
out, to a fraction of a raster step. One search and one field serve all limits of a kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.errors import Fault, InputError
from lifecircle.kernels import raster as kernels
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs, group
from lifecircle.kernels.search import within
from lifecircle.network import WalkNetwork
from lifecircle.place import Located, Places
from lifecircle.reach import search_junctions, seconds_to_ends, take
from lifecircle.tables import FACILITIES, check

_STRIP: Final = 2_000_000  # points of the raster that are snapped at a time: bounds memory


@dataclass(frozen=True)
class _Raster:
    """Points of a raster near a street, chain by chain, and where they lie on its canvas."""

    x0: float  # of the canvas: one step outside the raster
    y0: float
    step: float
    stride: int
    rows: int
    at: Longs
    places: Places
    chain_ptr: Longs


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
        How far from a street the polygons reach at most, m; no further than the profile's
        ``snap_limit_m``: the way across country is not drawn.
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
    access_m = min(access_m, network.profile.snap_limit_m)
    raster = _snap_raster(network, raster_m, access_m, area)
    sources = network.snap(facilities)
    on = np.flatnonzero(network.locate(sources).chain >= 0)
    groups = list(_groups(facilities, sources, on, per_facility=per_facility))
    rows: list[tuple[str, float, str, str, BaseGeometry]] = []
    for unit, limits, measured in (
        ("minutes", np.asarray(minutes, float) * 60.0, network),
        ("metres", np.asarray(metres, float), network.by_length()),
    ):
        if not len(limits):
            continue
        origins = measured.locate(sources)
        drawing = _Drawing.prepare(measured, raster, limits, access_m, len(sources))
        for origin, kind, chosen in groups:
            for limit, shape in drawing.around(take(origins, chosen), single=per_facility):
                shown = limit / 60.0 if unit == "minutes" else limit
                rows.append((origin, shown, kind, unit, shape))
    return _table(rows, network)


def _groups(
    facilities: gpd.GeoDataFrame, sources: Places, on: Longs, *, per_facility: bool
) -> Iterator[tuple[str, str, Longs]]:
    """Yield (origin, kind, positions of its entrances on the network)."""
    number = facilities.index.get_indexer(sources.ids)
    kinds = facilities["kind"].to_numpy(dtype=object)
    kind_code, names = pd.factorize(kinds, sort=True)
    origins = facilities.index if per_facility else pd.Index(names)
    code = number[on] if per_facility else kind_code[number[on]]
    # A stable sort keeps the order of the entrances.
    ptr, order = group(code.astype(np.int32), len(origins))
    for n, origin in enumerate(origins):
        chosen = on[order[ptr[n] : ptr[n + 1]]]
        if len(chosen):
            yield str(origin), str(kinds[number[chosen[0]]]), chosen


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
    x0, y0 = float(np.floor(west / step) * step), float(np.floor(south / step) * step)
    nx = max(int(np.ceil((east - x0) / step)) + 1, 2)
    ny = max(int(np.ceil((north - y0) / step)) + 1, 2)
    # Two more steps than drawn, so that the outline between inside and outside is interpolated.
    limit = access_m + 2.0 * step
    index, detour = network.segment_index, network.profile.islet_detour_m
    ends = (index.ax, index.ay, index.bx, index.by, network.islet_chain[network.segment_chain])
    high = max(_STRIP // nx, 1)
    strips = [
        kernels.near_streets(*ends, x0, y0, step, nx, row, min(high, ny - row), limit, detour)
        for row in range(0, ny, high)
    ]
    number, segment, fraction, metres = map(np.concatenate, zip(*strips, strict=True))
    ptr, order = group(network.segment_chain[segment], len(network.chain_seconds))
    row, column = np.divmod(number[order], nx)
    still = np.zeros(len(order), np.bool_)
    ids = pd.RangeIndex(len(order))
    places = Places(ids, segment[order], fraction[order], metres[order], still)
    at = (row + 1) * (nx + 2) + column + 1
    return _Raster(x0 - step, y0 - step, step, nx + 2, ny + 2, at, places, ptr)


@dataclass(frozen=True)
class _Drawing:
    """Everything that all polygons of one measure share: made by `prepare`."""

    network: WalkNetwork
    raster: _Raster
    points: Located
    limits: Floats
    widest: float  # access leg that is drawn at most, s
    outside: float  # levels are capped here: two steps, s
    canvas: Floats
    beside: Floats
    best: Floats
    touched: Ints
    mark: Bools
    heap: tuple[Floats, Ints]

    @classmethod
    def prepare(
        cls,
        network: WalkNetwork,
        raster: _Raster,
        limits: Floats,
        access_m: float,
        entrances: int,
    ) -> _Drawing:
        points = network.locate(raster.places)
        widest = access_m / network.metres_per_second
        beside = np.full(raster.rows * raster.stride, np.inf)
        beside[raster.at] = points.access - widest
        junctions = len(network.junction_node)
        # One entry a half-edge that is ever relaxed, and two an entrance.
        room = len(network.half_seconds) + 2 * len(network.chain_seconds) + 2 * entrances + 1
        return cls(
            network,
            raster,
            points,
            limits,
            widest,
            2.0 * raster.step / network.metres_per_second,
            np.full(len(beside), np.inf),
            beside,
            np.full(junctions, np.inf),
            np.empty(junctions, np.int32),
            np.zeros(len(network.chain_seconds), np.bool_),
            (np.empty(room), np.empty(room, np.int32)),
        )

    @property
    def latest(self) -> float:
        """Later than this, all levels are capped: no time beyond it changes an outline."""
        return float(self.limits.max()) + self.outside

    def around(self, origins: Located, *, single: bool) -> Iterator[tuple[float, BaseGeometry]]:
        """Yield (limit, area): where neither the time is over nor the street too far."""
        chains, best, touched = self._one(origins) if single else self._many(origins)
        a, b = self.network.chain_ends
        raster, points = self.raster, self.points
        boxes = kernels.paint(
            self.canvas,
            raster.stride,
            chains,
            best,
            a,
            b,
            self.network.chain_seconds,
            raster.chain_ptr,
            raster.at,
            points.ahead,
            points.back,
            points.access,
            origins.chain,
            origins.ahead,
            origins.back,
            origins.access,
            self.widest,
            self.limits,
            self.latest,
        )
        for limit, box in zip(self.limits.tolist(), boxes, strict=True):
            if box[1] >= 0:
                yield limit, self._polygon(box, limit)
        best[touched] = np.inf
        kernels.wipe(self.canvas, chains, raster.chain_ptr, raster.at)

    def _many(self, origins: Located) -> tuple[Ints, Floats, Ints]:
        """Search from all of a kind at once: chains reached, seconds at junctions."""
        start, seconds = seconds_to_ends(self.network, origins)
        best = search_junctions(self.network, start, seconds, None, self.latest)[0]
        a, b = self.network.chain_ends
        near = np.minimum(best[a], best[b]) < np.inf
        near[origins.chain] = True
        return np.flatnonzero(near).astype(np.int32), best, np.empty(0, np.int32)

    def _one(self, origins: Located) -> tuple[Ints, Floats, Ints]:
        """Search from one facility: what lies beyond its reach is never looked at."""
        start, seconds = seconds_to_ends(self.network, origins)
        ptr, to, half_chain = self.network.junction_graph
        weights = self.network.half_seconds
        count = within(
            ptr, to, weights, start, seconds, self.latest, self.best, *self.heap, self.touched
        )
        touched = self.touched[:count]
        chains = kernels.reached_chains(ptr, half_chain, touched, origins.chain, self.mark)
        return chains, self.best, touched

    def _polygon(self, box: Longs, limit: float) -> BaseGeometry:
        raster = self.raster
        points, rings, polygons = kernels.outline(
            self.canvas,
            self.beside,
            raster.stride,
            box,
            raster.x0,
            raster.y0,
            raster.step,
            limit,
            self.outside,
        )
        parts = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (rings, polygons))
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
