"""Roads built and roads closed in a county's streets, before these become a network.

The rule for what a piece of street carries, here and nowhere else: every array of `Segments` beside
``x`` and ``y`` has one value a segment. A street that is split hands its values to each part, its
length in proportion. A new road takes them from columns of the same name (``highway``; each of
`lifecircle.sources.walkrule.TRAITS` as a bit of ``traits``); an array that no column names is NaN
where it holds decimals, else 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import scipy.sparse.csgraph
import shapely

from lifecircle.errors import Fault, InputError, TableError
from lifecircle.kernels.graph import Bools, Floats, Ints
from lifecircle.sources.walkrule import TRAITS
from lifecircle.streets import Segments, trait
from lifecircle.tables import first

JOIN_M: Final = 30.0
"""How far the end of a new road may lie from the street that it is joined to, m; ours."""

WITHIN_M: Final = 15.0
"""How far from its line or point a road is closed, m; ours."""

_NODE_M: Final = 1.0  # nearer than this to a node of the street, that node is taken; ours
_SAME_M: Final = 1e-6
_ALONG: Final = np.cos(np.radians(45.0))  # a street that differs more crosses the line; ours
_NODES: Final = ("x", "y")
_HIGHWAY: Final = "footway"


def with_roads(raw: Segments, roads: gpd.GeoDataFrame, *, where: str = "roads.add") -> Segments:
    """Build roads: lines are added, and both ends of each joined to the nearest street.

    Parameters
    ----------
    raw
        The streets.
    roads
        One LineString a road in the CRS of `raw`; column ``name``; optional ``highway`` (footway),
        ``join_m`` (`JOIN_M`) and, as bool, any of `lifecircle.sources.walkrule.TRAITS`.
    where
        What to call the table in messages.

    Returns
    -------
    Segments
        New arrays. A street is split where a road joins it, unless a node of it lies within 1 m;
        what lies between a road's end and the joint becomes part of the road. Only ends are joined:
        a bridge does not meet what it crosses. Ends of new roads within 1 m of each other are one
        place; an end without a street near it may be joined to another road's end within
        ``join_m``, if that leads on to a street. Lengths are straight in the CRS. ``dropped`` gains
        ``roads_built_m``.

    Raises
    ------
    TableError
        A column is missing, or a geometry is no line.
    InputError
        Ends lie too far from any street. All are listed.

    Examples
    --------
    >>> from lifecircle.streets import cut_edges
    >>> nodes = pd.DataFrame({"x": [0.0, 100, 0, 100], "y": [0.0, 0, 60, 60]}, index=[1, 2, 3, 4])
    >>> banks = cut_edges(nodes, pd.DataFrame({"u": [1, 3], "v": [2, 4]}))
    >>> line = shapely.LineString([(30, 0), (30, 60)])
    >>> bridged = with_roads(banks, gpd.GeoDataFrame({"name": ["桥"]}, geometry=[line]))
    >>> bridged.metres
    array([30., 70., 30., 70., 60.])
    """
    roads = _checked(roads, ("LineString",), where)
    ends = _Ends.of(raw, roads)
    link = ends.links()
    faults = [*_far_ends(roads, ends, link, where)]
    if faults:
        raise InputError(faults)
    joint = ends.joints()
    split, nodes = split_at(raw, ends.segment[joint], ends.fraction[joint], near_m=_NODE_M)
    return _drawn(split, roads, ends, dict(zip(joint.tolist(), nodes.tolist(), strict=True)), link)


def without_roads(
    raw: Segments, closed: gpd.GeoDataFrame, *, where: str = "roads.close"
) -> Segments:
    """Close roads: along a line, or around a point.

    Parameters
    ----------
    raw
        The streets.
    closed
        LineStrings and Points in the CRS of `raw`; columns ``name`` and, optional, ``within_m``
        (`WITHIN_M`). *Along a line* every straight piece of street is closed whose middle lies
        within ``within_m`` of the line and that runs with it (directions differ by up to 45
        degrees): streets that cross it stay open. *Around a point* nobody passes within
        ``within_m``: streets are cut at that distance.
    where
        What to call the table in messages.

    Returns
    -------
    Segments
        New arrays. ``dropped`` gains ``roads_closed_m``, the metres of street taken out.

    Raises
    ------
    TableError
        A column is missing, or a geometry is neither line nor point.
    InputError
        No street is found where a road is closed, or none is left at all. All are listed.

    Examples
    --------
    >>> from lifecircle.streets import cut_edges
    >>> nodes = pd.DataFrame({"x": [0.0, 100.0], "y": [0.0, 0.0]}, index=[1, 2])
    >>> street = cut_edges(nodes, pd.DataFrame({"u": [1], "v": [2]}))
    >>> point = [shapely.Point(50, 0)]
    >>> slip = gpd.GeoDataFrame({"name": ["滑坡"], "within_m": [20.0]}, geometry=point)
    >>> without_roads(street, slip).metres
    array([30., 30.])
    """
    closed = _checked(closed, ("LineString", "Point"), where)
    within = closed.get("within_m", pd.Series(WITHIN_M, closed.index)).to_numpy(dtype=np.float64)
    shapes = np.asarray(closed.geometry, dtype=object)
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    cut = _cut_around(raw, shapes[points], within[points])
    ax, ay, bx, by = _drawn_ends(cut)
    middles = shapely.points((ax + bx) / 2.0, (ay + by) / 2.0)
    gone = np.zeros(len(cut.u), np.bool_)
    faults = []
    for number, name, shape, limit in zip(
        closed.index, closed["name"], shapes, within, strict=True
    ):
        taken = shapely.dwithin(middles, shape, limit)
        if shapely.get_dimensions(shape) > 0:
            taken[taken] = _along(shape, limit, ax[taken], ay[taken], bx[taken], by[taken])
        if not taken.any():
            near = float(shapely.distance(middles, shape).min())
            faults.append(_no_street(f"{where}[{number}]", str(name), limit, near))
        gone |= taken
    if gone.all() and not faults:
        faults.append(Fault(where, "every street is closed", "close fewer"))
    if faults:
        raise InputError(faults)
    metres = round(float(cut.metres[gone].sum()))
    left = {name: getattr(cut, name)[~gone] for name in _per_segment(cut)}
    return replace(_of(cut, left), dropped={**cut.dropped, "roads_closed_m": metres})


def split_at(
    raw: Segments, segment: Ints, fraction: Floats, *, near_m: float = 0.0
) -> tuple[Segments, Ints]:
    """Split segments at places on them.

    Parameters
    ----------
    raw
        The streets.
    segment, fraction
        Places: positions of segments, and how far along each, 0 to 1.
    near_m
        A node of the segment this near to a place is taken in its stead.

    Returns
    -------
    Segments, nodes
        The parts stand where their segment stood; lengths are in proportion. The node of each
        place.
    """
    u, v = raw.u[segment], raw.v[segment]
    long = np.hypot(raw.x[u] - raw.x[v], raw.y[u] - raw.y[v])
    start = fraction * long <= max(near_m, _SAME_M)
    end = ~start & ((1.0 - fraction) * long <= max(near_m, _SAME_M))
    inner = np.flatnonzero(~(start | end))
    key = np.c_[segment[inner], np.round(fraction[inner] * long[inner] / _SAME_M)]
    _, at, which = np.unique(key, axis=0, return_index=True, return_inverse=True)
    seg, t = segment[inner[at]].astype(np.intp), fraction[inner[at]]  # by segment, then along it
    new = len(raw.x) + np.arange(len(seg), dtype=raw.u.dtype)
    nodes = np.where(start, u, v)
    nodes[inner] = new[which.ravel()]
    source = np.repeat(np.arange(len(raw.u)), 1 + np.bincount(seg, minlength=len(raw.u)))
    after = np.arange(len(seg)) + seg + 1  # position of the part that begins at each new node
    begin, finish = raw.u[source], raw.v[source]
    begin[after], finish[after - 1] = new, new
    from_t, to_t = np.zeros(len(source)), np.ones(len(source))
    from_t[after], to_t[after - 1] = t, t
    arrays = {name: getattr(raw, name)[source] for name in _per_segment(raw)}
    share = to_t - from_t  # exactly 1 where nothing is split
    arrays |= {"u": begin, "v": finish, "metres": raw.metres[source] * share}
    x = raw.x[raw.u[seg]] * (1.0 - t) + raw.x[raw.v[seg]] * t
    y = raw.y[raw.u[seg]] * (1.0 - t) + raw.y[raw.v[seg]] * t
    return _of(_with_nodes(raw, x, y), arrays), nodes


@dataclass(frozen=True)
class _Ends:
    """Both ends of every new road: where they lie, and the nearest street of each.

    ``place`` numbers places: ends within a metre of each other are one.
    """

    road: Ints
    x: Floats
    y: Floats
    limit: Floats
    place: Ints
    segment: Ints
    fraction: Floats
    distance: Floats

    @classmethod
    def of(cls, raw: Segments, roads: gpd.GeoDataFrame) -> _Ends:
        lines = np.asarray(roads.geometry, dtype=object)
        points = np.c_[shapely.get_point(lines, 0), shapely.get_point(lines, -1)].ravel()
        x, y = shapely.get_x(points), shapely.get_y(points)
        limit = roads.get("join_m", pd.Series(JOIN_M, roads.index)).to_numpy(dtype=np.float64)
        ax, ay, bx, by = _drawn_ends(raw)
        streets = shapely.linestrings(np.stack([np.c_[ax, ay], np.c_[bx, by]], axis=1))
        at, found = shapely.STRtree(streets).query_nearest(points, all_matches=True)
        order = np.lexsort((found, at))  # of streets as near as each other the first
        segment = found[order][np.unique(at[order], return_index=True)[1]]
        dx, dy = (bx - ax)[segment], (by - ay)[segment]
        square = dx * dx + dy * dy
        ahead = (x - ax[segment]) * dx + (y - ay[segment]) * dy
        fraction = np.clip(np.divide(ahead, square, out=np.zeros(len(x)), where=square > 0), 0, 1)
        distance = np.hypot(x - ax[segment] - fraction * dx, y - ay[segment] - fraction * dy)
        near = np.hypot(x[:, None] - x, y[:, None] - y) <= _NODE_M
        _, place = scipy.sparse.csgraph.connected_components(near, directed=False)
        road = np.repeat(np.arange(len(lines), dtype=np.int32), 2)
        return cls(road, x, y, np.repeat(limit, 2), place, segment, fraction, distance)

    @property
    def joined(self) -> Bools:
        """Which ends have a street near enough."""
        return np.asarray(self.distance <= self.limit)

    def joints(self) -> npt.NDArray[np.intp]:
        """Give of each place that has a street the end nearest to it."""
        order = np.lexsort((self.distance, self.place))
        order = order[self.joined[order]]
        return order[np.unique(self.place[order], return_index=True)[1]]

    def links(self) -> npt.NDArray[np.intp]:
        """Give pairs of ends, of places without a street, and the nearest of another road's."""
        lone = ~np.isin(self.place, self.place[self.joined])
        far = np.hypot(self.x[:, None] - self.x, self.y[:, None] - self.y)
        far[(self.road[:, None] == self.road) | (self.place[:, None] == self.place)] = np.inf
        nearest = far.argmin(axis=1)
        able = np.flatnonzero(lone & (far.min(axis=1) <= self.limit))
        return np.stack([able, nearest[able]], axis=1)


def _far_ends(
    roads: gpd.GeoDataFrame, ends: _Ends, link: npt.NDArray[np.intp], where: str
) -> Iterator[Fault]:
    """Find the ends that lead nowhere: to no street, nor to a road that leads to one."""
    count = int(ends.place.max()) + 1
    a = np.concatenate([ends.place[0::2], ends.place[link[:, 0]]])
    b = np.concatenate([ends.place[1::2], ends.place[link[:, 1]]])
    graph = scipy.sparse.coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
    _, part = scipy.sparse.csgraph.connected_components(graph, directed=False)
    served = np.isin(part, part[ends.place[ends.joined]])
    held = np.zeros(count, np.bool_)  # ends that meet another road's, or a street
    held[ends.place[ends.joined]] = held[ends.place[link[:, 0]]] = True
    held |= np.bincount(ends.place, minlength=count) > 1
    for end in np.flatnonzero(~(served & held)[ends.place]):
        road = ends.road[end]
        name, number = roads["name"].iloc[road], roads.index[road]
        what = (
            f"the {'end' if end % 2 else 'start'} of {name!r} lies"
            f" {ends.distance[end]:.0f} m from the nearest street, farther than {ends.limit[end]:g}"
        )
        remedy = "check its coordinates and datum, or set join_m"
        yield Fault(f"{where}[{number}]", what, remedy)


def _drawn(
    raw: Segments,
    roads: gpd.GeoDataFrame,
    ends: _Ends,
    joint: dict[int, int],
    link: npt.NDArray[np.intp],
) -> Segments:
    """Add the roads to streets that are split already; `joint` has nodes by number of the end."""
    _, one = np.unique(ends.place, return_index=True)
    there = np.full(len(one), -1)  # node of the street in the very same spot
    for end, at in joint.items():
        if np.hypot(ends.x[end] - raw.x[at], ends.y[end] - raw.y[at]) <= _SAME_M:
            there[ends.place[end]] = at
    new = there < 0
    spots = _with_nodes(raw, ends.x[one[new]], ends.y[one[new]])
    node = np.where(new, len(raw.x) + np.cumsum(new) - 1, there)[ends.place]
    points, owner = shapely.get_coordinates(
        shapely.remove_repeated_points(np.asarray(roads.geometry, dtype=object)), return_index=True
    )
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    finish = np.append(begin[1:], len(owner)) - 1
    inner = np.ones(len(points), np.bool_)
    inner[begin] = inner[finish] = False
    along = np.empty(len(points), np.intp)
    along[inner] = len(spots.x) + np.arange(inner.sum())
    along[begin], along[finish] = node[0::2], node[1::2]
    drawn = _with_nodes(spots, *points[inner].T)
    ahead = np.setdiff1d(np.arange(len(points)), finish)
    ties = np.array([*joint], np.intp)
    u = np.concatenate([along[ahead], node[ties], node[link[:, 0]]])
    v = np.concatenate([along[ahead + 1], [*joint.values()], node[link[:, 1]]]).astype(np.intp)
    road = np.concatenate([owner[ahead], ends.road[ties], ends.road[link[:, 0]]])
    keep = u != v
    return _appended(drawn, roads, u[keep], v[keep], road[keep])


def _appended(
    raw: Segments,
    roads: gpd.GeoDataFrame,
    u: npt.NDArray[np.intp],
    v: npt.NDArray[np.intp],
    road: npt.NDArray[np.intp],
) -> Segments:
    """Add segments between nodes that are there already, each with what its road carries."""
    metres = np.hypot(raw.x[u] - raw.x[v], raw.y[u] - raw.y[v])
    words = roads.get("highway", pd.Series(_HIGHWAY, roads.index)).astype("str").to_numpy()
    highways = (*raw.highways, *sorted({*words} - {*raw.highways}))
    code = {word: number for number, word in enumerate(highways)}
    bits = np.where(words == "steps", trait("steps"), np.uint8(0))
    for name in TRAITS:
        if name in roads:
            bits = bits | np.where(roads[name].to_numpy(dtype=np.bool_), trait(name), np.uint8(0))
    own = {"highway": np.array([code[word] for word in words]), "traits": bits}
    arrays = {}
    for name in _per_segment(raw):
        old = getattr(raw, name)
        blank = np.full(len(roads), np.nan if old.dtype.kind == "f" else 0)
        new = own.get(name, roads[name].to_numpy() if name in roads else blank)[road]
        arrays[name] = np.concatenate([old, new.astype(old.dtype)])
    arrays |= {
        name: np.concatenate([getattr(raw, name), new.astype(getattr(raw, name).dtype)])
        for name, new in (("u", u), ("v", v), ("metres", metres))
    }
    dropped = {**raw.dropped, "roads_built_m": round(float(metres.sum()))}
    return replace(_of(raw, arrays), highways=highways, dropped=dropped)


def _no_street(where: str, name: str, limit: float, near: float) -> Fault:
    what = f"no street runs along {name!r} within {limit:g} m; the nearest lies {near:.0f} m away"
    return Fault(where, what, "check its coordinates and datum, or within_m")


def _checked(roads: gpd.GeoDataFrame, types: tuple[str, ...], where: str) -> gpd.GeoDataFrame:
    """Check names and geometries, and give the table without heights."""
    if "name" not in roads:
        raise TableError(Fault(where, "column 'name' is missing", "add it"))
    finite = np.isfinite(roads.bounds.to_numpy()).all(axis=1)  # not so where it is empty, too
    wrong = ~(roads.geom_type.isin(types) & finite)
    if wrong.any():
        told = f"geometry is no {' or '.join(types)} at {first(roads.index[wrong])}"
        raise TableError(Fault(where, told, "give one geometry a row, in the CRS of the streets"))
    return roads.set_geometry(shapely.force_2d(np.asarray(roads.geometry, dtype=object)))


def _per_segment(raw: Segments) -> list[str]:
    """Name the arrays that have one value a segment."""
    held = (each.name for each in fields(raw) if isinstance(getattr(raw, each.name), np.ndarray))
    return [name for name in held if name not in _NODES]


def _of(raw: Segments, arrays: dict[str, Any]) -> Segments:
    """Give other arrays for those of the same name."""
    return replace(raw, **arrays)


def _with_nodes(raw: Segments, x: Floats, y: Floats) -> Segments:
    """Add nodes, with ids that no node has."""
    if pd.api.types.is_numeric_dtype(raw.ids.dtype):
        lowest = min(0, int(np.floor(raw.ids.min())))
        ids = pd.Index(lowest - 1 - np.arange(len(x), dtype=np.int64))
    else:
        taken = {*raw.ids}
        free = (name for n in itertools.count(1) if (name := f"road{n}") not in taken)
        ids = pd.Index([*itertools.islice(free, len(x))], dtype=object)
    return replace(
        raw,
        ids=raw.ids.append(ids),
        x=np.concatenate([raw.x, x]),
        y=np.concatenate([raw.y, y]),
    )


def _drawn_ends(raw: Segments) -> tuple[Floats, Floats, Floats, Floats]:
    return raw.x[raw.u], raw.y[raw.u], raw.x[raw.v], raw.y[raw.v]


def _cut_around(raw: Segments, points: npt.NDArray[Any], within: Floats) -> Segments:
    """Split streets where they enter or leave a circle."""
    ax, ay, bx, by = _drawn_ends(raw)
    dx, dy = bx - ax, by - ay
    square = np.where((dx == 0) & (dy == 0), np.nan, dx * dx + dy * dy)
    segments, fractions = [], []
    for point, radius in zip(points, within, strict=True):
        fx, fy = ax - shapely.get_x(point), ay - shapely.get_y(point)
        half = (fx * dx + fy * dy) / square  # t of the nearest point of the line, turned round
        inside = half * half - (fx * fx + fy * fy - radius * radius) / square
        root = np.sqrt(np.where(inside > 0, inside, np.nan))
        for t in (-half - root, -half + root):
            crossing = np.flatnonzero((t > 0) & (t < 1))
            segments.append(crossing)
            fractions.append(t[crossing])
    if not segments:
        return raw
    return split_at(raw, np.concatenate(segments), np.concatenate(fractions))[0]


def _along(
    line: shapely.Geometry, limit: float, ax: Floats, ay: Floats, bx: Floats, by: Floats
) -> Bools:
    """Tell which segments run with a straight piece of a line near their middle."""
    points = shapely.get_coordinates(line)
    way = np.diff(points, axis=0)
    pieces = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
    middles = shapely.points((ax + bx) / 2.0, (ay + by) / 2.0)
    at, piece = shapely.STRtree(pieces).query(middles, predicate="dwithin", distance=limit)
    dx, dy = (bx - ax)[at], (by - ay)[at]
    dot = np.abs(dx * way[piece, 0] + dy * way[piece, 1])
    runs = dot >= _ALONG * np.hypot(dx, dy) * np.hypot(*way[piece].T)  # 0 >= 0: has no direction
    found = np.zeros(len(ax), np.bool_)
    found[at[runs]] = True
    return found
