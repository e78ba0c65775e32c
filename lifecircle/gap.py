"""Where residents lack a service: contiguous gap areas, with people, nearest facility and rank."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from lifecircle.indicator import excess
from lifecircle.standards import Requirement, Standard
from lifecircle.tables import CELLS, by_kind, check

_COLUMNS = [
    "kind",
    "unit_id",
    "setting",
    "limit",
    "limit_unit",
    "flag",
    "area_m2",
    "persons",
    "persons_unreached",
    "nearest_facility_id",
    "nearest_minutes",
    "priority",
    "priority_reasons",
    "rank",
    "x",
    "y",
    "geometry",
]
_THREADS = 4  # to merge areas
_SQUARE_M = 500.0  # a square within which a site serves everybody on the spot; ours


def gaps(
    cells: gpd.GeoDataFrame,
    access: pd.DataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    *,
    kinds: Sequence[str] | None = None,
    join_m: float = 150.0,
) -> gpd.GeoDataFrame:
    """Gather the residents beyond a kind's threshold into gap areas, and rank them.

    A cell is in the gap of a kind if its circle requires the kind and the nearest facility lies
    beyond the threshold (the strictest, where several circles of its setting require it). Cells of
    one unit that lie within `join_m` of one another form one area: a unit can act on it.

    Parameters
    ----------
    cells
        Table per `lifecircle.tables.CELLS`.
    access
        Table per `lifecircle.tables.ACCESS` of these cells.
    units
        Table per `lifecircle.tables.UNITS`; ``priority`` weighs the ranking.
    standard
        Thresholds by circle and setting.
    kinds
        Kinds to look at; the standard's ``gap_kinds`` by default.
    join_m
        Cells at most this far apart (edge to edge, m) belong together.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.GAPS`, by kind and rank: index ``gap_id``; ``limit`` and
        ``limit_unit`` the threshold of the unit's setting, ``flag`` how surely it is known;
        ``persons`` beyond it, of these ``persons_unreached`` without any way to a facility;
        ``nearest_facility_id`` of most residents; ``nearest_minutes`` (mean over those who reach
        one, min); ``rank`` within the kind by persons x priority; ``x`` and ``y``, m, where its
        residents live most densely: the cell with most of them in the 500 m square with most of
        them; ``geometry`` the cells' union.

    Raises
    ------
    TableError
        A table breaks its schema, or a kind was not measured.

    Examples
    --------
    Ten residents walk 20 minutes to the post office where 15 are asked for.

    >>> from lifecircle.standards import StandardChanges, read_standard
    >>> circle = {"zh": "邻里", "en": "near", "settings": ["rural"]}
    >>> standard = read_standard(
    ...     StandardChanges(
    ...         replace=True,
    ...         circles={"near": {**circle, "flag": "ours", "source": "ours"}},
    ...         requirements=[{"circle": "near", "kinds": ["post"], "minutes": 15}],
    ...     )
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "v", "setting": "rural", "persons": [30.0, 10.0], "residential_m2": 50.0,
    ...      "x": [0.0, 100.0], "y": 0.0},
    ...     index=pd.Index([1, 2], name="cell_id"),
    ...     geometry=gpd.points_from_xy([0.0, 100.0], [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> access = pd.DataFrame(
    ...     {"seconds": [600.0, 1200.0], "facility_id": "p"},
    ...     index=pd.MultiIndex.from_tuples(
    ...         [(1, "post"), (2, "post")], names=["cell_id", "kind"]
    ...     ),
    ... )
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["某村"], "setting": ["rural"], "residents": [40.0], "priority": [1.0]},
    ...     index=pd.Index(["v"], name="unit_id"),
    ...     geometry=gpd.points_from_xy([50.0], [0.0]).buffer(200), crs="EPSG:4546",
    ... )
    >>> found = gaps(cells, access, units, standard, kinds=["post"])
    >>> found[["unit_id", "persons", "nearest_minutes", "rank"]].reset_index(drop=True)
      unit_id  persons  nearest_minutes  rank
    0       v     10.0             20.0     1
    """
    check(cells, CELLS)
    wanted = standard.gap_kinds if kinds is None else tuple(kinds)
    parts = [_kind_gaps(cells, access, units, standard, kind, join_m) for kind in wanted]
    parts = [part for part in parts if len(part)]
    if not parts:
        empty = gpd.GeoDataFrame(columns=_COLUMNS, geometry="geometry", crs=cells.crs)
        return empty.rename_axis("gap_id")
    return gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=cells.crs)


def beyond(
    cells: gpd.GeoDataFrame, access: pd.DataFrame, standard: Standard, kind: str
) -> npt.NDArray[np.bool_]:
    """Tell which cells lie beyond the threshold of a kind that their circle requires.

    Parameters
    ----------
    cells, access, standard
        As for `gaps`.
    kind
        The kind.
    """
    setting, settings = pd.factorize(cells["setting"].to_numpy(dtype=object))
    lacking = np.zeros(len(cells), np.bool_)
    for r in standard.requirements:
        if r.kind == kind:
            judged = np.isin(settings, standard.circles[r.circle].settings)[setting]
            lacking |= judged & (excess(access, cells, r) > 1.0)
    return lacking


def _kind_gaps(
    cells: gpd.GeoDataFrame,
    access: pd.DataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    kind: str,
    join_m: float,
) -> gpd.GeoDataFrame:
    persons = cells["persons"].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(beyond(cells, access, standard, kind) & (persons > 0))
    if not len(rows):
        return gpd.GeoDataFrame(columns=_COLUMNS)
    some = cells.iloc[rows]
    unit = units.index.get_indexer(some["unit_id"])
    area = _join(some.geometry.array, unit, join_m)
    seconds = by_kind(access, "seconds", cells.index)[kind][rows]
    facility = by_kind(access, "facility_id", cells.index)[kind][rows]
    count = int(area.max()) + 1
    people = np.bincount(area, weights=persons[rows], minlength=count)
    reached = np.where(np.isnan(seconds), 0.0, persons[rows])
    reaching = np.bincount(area, weights=reached, minlength=count)
    minutes = np.bincount(area, weights=reached * np.nan_to_num(seconds) / 60.0, minlength=count)
    first = np.unique(area, return_index=True)[1]
    priority = units["priority"].to_numpy(dtype=np.float64)[unit[first]]
    reasons = _reasons(units)
    setting = some["setting"].to_numpy(dtype=object)[first]
    strictest = {name: _strictest(standard, kind, name) for name in set(setting)}
    shape = _outlines(np.asarray(some.geometry.array), area)
    table = gpd.GeoDataFrame(
        {
            "kind": kind,
            "unit_id": units.index[unit[first]],
            "setting": setting,
            "limit": [strictest[name].limit for name in setting],
            "limit_unit": [strictest[name].unit for name in setting],
            "flag": [strictest[name].flag for name in setting],
            "area_m2": shapely.area(shape),
            "persons": people,
            "persons_unreached": people - reaching,
            "nearest_facility_id": _most(area, facility, reached, count),
            "nearest_minutes": np.divide(
                minutes, reaching, out=np.full(count, np.nan), where=reaching > 0
            ),
            "priority": priority,
            "priority_reasons": reasons[unit[first]],
            **_heart(area, some, persons[rows]),
        },
        geometry=shape,
        crs=cells.crs,
    )
    order = np.lexsort((np.arange(count), -people, -people * priority))
    table = table.iloc[order].assign(rank=np.arange(1, count + 1))
    table.index = pd.Index([f"{kind}-{rank}" for rank in table["rank"]], name="gap_id")
    return table[_COLUMNS]


def _outlines(
    shapes: npt.NDArray[np.object_], area: npt.NDArray[np.intp]
) -> npt.NDArray[np.object_]:
    """Merge the cells of each area."""
    order = np.argsort(area, kind="stable")
    parts = np.split(shapes[order], np.flatnonzero(np.diff(area[order])) + 1)
    with ThreadPoolExecutor(_THREADS) as pool:  # GEOS runs beside Python
        return np.array(list(pool.map(_merged, parts)), dtype=object)


def _merged(shapes: npt.NDArray[np.object_]) -> BaseGeometry:
    """Merge the cells of one area; those of a unit share edges and never overlap: quicker so."""
    if (shapely.get_dimensions(shapes) == 2).all():
        with suppress(shapely.errors.GEOSException):
            joined = shapely.coverage_union_all(shapes)
            if shapely.is_valid(joined):
                return joined
    return shapely.union_all(shapes)


def _heart(
    area: npt.NDArray[np.intp], cells: gpd.GeoDataFrame, persons: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Find where the residents of each area live most densely; of equals the first cell."""
    table = pd.DataFrame({"area": area, "persons": persons})
    for name in ("x", "y"):
        table[name] = cells[name].to_numpy(dtype=np.float64)
        table[f"{name}_square"] = np.floor(table[name] / _SQUARE_M)
    square = table.groupby(["area", "x_square", "y_square"])["persons"].transform("sum")
    table = table.assign(square=square).sort_values(
        ["area", "square", "persons"], ascending=[True, False, False], kind="stable"
    )
    best = table.drop_duplicates("area")
    return {name: best[name].to_numpy() for name in ("x", "y")}


def _reasons(units: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    if "priority_reasons" not in units.columns:
        return np.full(len(units), None, dtype=object)
    reasons = units["priority_reasons"]
    return np.asarray(reasons.astype(object).where(reasons.notna(), None), dtype=object)


def _strictest(standard: Standard, kind: str, setting: str) -> Requirement:
    """Give the strictest threshold of a kind in a setting; 75 m count as a minute (ours)."""
    asked = [
        r
        for r in standard.requirements
        if r.kind == kind and setting in standard.circles[r.circle].settings
    ]
    return min(asked, key=lambda r: r.limit if r.unit == "minutes" else r.limit / 75.0)


def _join(
    shapes: npt.NDArray[np.object_], unit: npt.NDArray[np.intp], join_m: float
) -> npt.NDArray[np.intp]:
    """Give each cell the number of its contiguous area, counted in order of first cells.

    Most cells are seen to be near by one corner of each: those of a unit that share a small square,
    and squares whose middles are near. Shapes are held against one another only where that has not
    joined their squares: many times fewer pairs where cells are small against `join_m`.
    """
    corner = _corners(shapes)
    bunch, middle = _bunches(corner, unit, join_m)
    unit_of = unit[middle]
    near = cKDTree(corner[middle]).query_pairs(join_m, output_type="ndarray")
    near = near[unit_of[near[:, 0]] == unit_of[near[:, 1]]]
    part = _parts(near, len(middle))
    order = np.argsort(bunch, kind="stable")
    first = np.searchsorted(bunch[order], np.arange(len(middle)))
    bounds = shapely.bounds(shapes)[order]
    low = np.minimum.reduceat(bounds[:, :2], first)
    high = np.maximum.reduceat(bounds[:, 2:], first)
    boxes = shapely.box(*low.T, *high.T)
    a, b = shapely.STRtree(boxes).query(shapely.box(*(low - join_m).T, *(high + join_m).T))
    asked = (a < b) & (unit_of[a] == unit_of[b]) & (part[a] != part[b])
    a, b = a[asked], b[asked]
    of = np.unique(np.concatenate([a, b]))
    inside = order[np.isin(bunch[order], of)]
    bunches = np.full(len(middle), None, dtype=object)
    bunches[of] = shapely.geometrycollections(
        shapes[inside], indices=np.searchsorted(of, bunch[inside])
    )
    reach = shapely.dwithin(bunches[a], bunches[b], join_m)
    far = np.stack([a[reach], b[reach]], axis=1)
    part = _parts(np.concatenate([near, far]), len(middle))
    return np.asarray(pd.factorize(part[bunch])[0])


def _bunches(
    corner: npt.NDArray[np.float64], unit: npt.NDArray[np.intp], join_m: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give each cell's square, counted by unit, and the cell in the middle of each square."""
    if join_m <= 0:
        return np.arange(len(corner)), np.arange(len(corner))
    place = corner / (join_m / np.sqrt(2.0))  # a square's diagonal is join_m
    square = np.floor(place).astype(np.int64)
    off = np.abs(place - square - 0.5).max(axis=1)
    square -= square.min(axis=0)
    across, down = square.max(axis=0) + 1
    key = (unit * across + square[:, 0]) * down + square[:, 1]
    _, bunch = np.unique(key, return_inverse=True)
    order = np.lexsort((off, bunch))
    return bunch, order[np.searchsorted(bunch[order], np.arange(int(bunch.max()) + 1))]


def _corners(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Give the first corner of each shape: a point of it."""
    corner, of = shapely.get_coordinates(shapes, return_index=True)
    return np.asarray(corner[np.searchsorted(of, np.arange(len(shapes)))], dtype=np.float64)


def _parts(pairs: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Give the number of each node's connected part."""
    graph = scipy.sparse.coo_array(
        (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count)
    )
    _, part = scipy.sparse.csgraph.connected_components(graph.tocsr(), directed=False)
    return np.asarray(part, dtype=np.intp)


def _most(
    area: npt.NDArray[np.intp], facility: npt.NDArray[np.object_], persons: np.ndarray, count: int
) -> npt.NDArray[np.object_]:
    """Give the facility that is nearest for most residents of each area; of equals the first."""
    table = pd.DataFrame({"area": area, "facility": facility, "persons": persons})
    table = table[table["facility"].notna()]
    sums = table.groupby(["area", "facility"], observed=True, sort=True)["persons"].sum()
    best = np.full(count, None, dtype=object)
    if len(sums):
        most = sums.groupby(level="area").idxmax()
        best[most.index.to_numpy()] = [pair[1] for pair in most]
    return best
