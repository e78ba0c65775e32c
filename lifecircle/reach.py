"""Walking times: from every place to the nearest facility of each kind, and between many pairs.

One definition throughout: the walk from a place straight to its nearest point on a street, along
the network, and from the street straight to the facility. All three parts count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.errors import Fault, TableError
from lifecircle.kernels import search
from lifecircle.kernels.graph import Floats, Ints, Longs, group
from lifecircle.kernels.places import gather
from lifecircle.network import LATEST, WalkNetwork
from lifecircle.place import Located, Places
from lifecircle.tables import FACILITIES, check, code_index

Direction = Literal["to", "from"]
"""Walk to the facilities, or from them. The two differ where slope is known."""

_BUCKETS: Final = 4096  # at most; the width of a bucket grows instead


def nearest_times(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    kinds: Sequence[str] | None = None,
    cutoff_seconds: float = np.inf,
    facility_places: Places | None = None,
    cell_places: Places | None = None,
) -> pd.DataFrame:
    """Find the walking time from every cell to the nearest facility of each kind.

    Parameters
    ----------
    network
        The walk network.
    facilities
        Table per `lifecircle.tables.FACILITIES`, in the network's CRS.
    cells
        Places: any table with columns ``x``, ``y`` in metres, or with Points.
    kinds
        Kinds to measure; by default those that occur, sorted. A kind without facilities gives NaN.
    cutoff_seconds
        Longer walks count as not reached.
    facility_places, cell_places
        What ``network.snap`` gave for the two tables, to snap them only once.

    Returns
    -------
    DataFrame
        Index (cell_id, kind), kind by kind in the order of the cells; columns ``seconds`` (NaN: not
        reached, or off network) and ``facility_id`` (categorical; of equally near ones the first
        in the table).

    Raises
    ------
    TableError, CRSError
        A table breaks its schema or is in another CRS.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 750.0], "y": [0.0, 0.0]})
    >>> network = WalkNetwork.from_tables(
    ...     nodes, pd.DataFrame({"u": [0], "v": [1]}), crs="EPSG:4546"
    ... )
    >>> facilities = gpd.GeoDataFrame(
    ...     {"kind": ["post"], "name": ["邮局"], "source": ["ledger"]},
    ...     index=pd.Index(["p1"], name="facility_id"),
    ...     geometry=gpd.points_from_xy([0.0], [75.0]), crs="EPSG:4546",
    ... )
    >>> cells = pd.DataFrame({"x": [375.0], "y": [-75.0]}, index=pd.Index([1], name="cell_id"))
    >>> nearest_times(network, facilities, cells)["seconds"].item()  # 75 + 375 + 75 m at 75 m/min
    420.0
    """
    check(facilities, FACILITIES, crs=network.crs)
    wanted = sorted(facilities["kind"].unique()) if kinds is None else list(kinds)
    sources = network.snap(facilities) if facility_places is None else facility_places
    targets = network.snap(cells) if cell_places is None else cell_places
    number = facilities.index.get_indexer(sources.ids).astype(np.int32)
    kind_code = pd.Index(wanted).get_indexer(facilities["kind"])[number]
    at_source, at_target = network.locate(sources), network.locate(targets)
    seconds = np.empty((len(wanted), len(targets)))
    labels = np.empty((len(wanted), len(targets)), np.int32)
    for k in range(len(wanted)):
        chosen = np.flatnonzero((kind_code == k) & (at_source.chain >= 0))
        seconds[k], labels[k] = nearest_seconds(
            network, take(at_source, chosen), number[chosen], at_target, cutoff_seconds
        )
    # Every kind with every cell, kind by kind.
    cell = np.tile(np.arange(len(cells), dtype=np.int32), len(wanted))
    kind = np.repeat(np.arange(len(wanted), dtype=np.int16), len(cells))
    index = code_index({"cell_id": cells.index, "kind": pd.Index(wanted)}, cell, kind)
    found = pd.Categorical.from_codes(labels.ravel(), categories=facilities.index)
    # Not copied: a county has millions of rows.
    columns = {"seconds": seconds.ravel(), "facility_id": found}
    return pd.DataFrame(columns, index=index, copy=False)


def nearest_seconds(
    network: WalkNetwork,
    sources: Located,
    labels: Ints,
    targets: Located,
    cutoff_seconds: float = np.inf,
    direction: Direction = "to",
) -> tuple[Floats, Ints]:
    """Find each target's seconds to the nearest source, as arrays.

    Parameters
    ----------
    network
        The walk network.
    sources, targets
        Located places; every source is on the network.
    labels
        Number of each source's facility.
    cutoff_seconds
        Longer walks count as not reached.
    direction
        Whether targets walk ``"to"`` the sources or are reached ``"from"`` them.

    Returns
    -------
    seconds, labels
        NaN and -1 where not reached.
    """
    if not len(labels):
        return np.full(len(targets.chain), np.nan), np.full(len(targets.chain), -1, np.int32)
    a, b = network.chain_ends
    total = chain_totals(network, direction)[0]
    start, start_seconds = seconds_to_ends(network, sources, direction)
    both = np.concatenate([labels, labels])
    best, label = search_junctions(network, start, start_seconds, both, cutoff_seconds, direction)
    order = np.lexsort((labels, sources.chain))
    ptr, _ = group(sources.chain[order], len(total))
    s_ahead, s_back = _oriented(sources, direction)
    t_ahead, t_back = _oriented(targets, direction)
    seconds, found = gather(
        targets.chain,
        t_ahead,
        t_back,
        targets.access,
        a,
        b,
        total,
        best,
        label,
        ptr,
        s_ahead[order],
        s_back[order],
        sources.access[order],
        labels[order].astype(np.int32),
    )
    out = ~(seconds <= min(cutoff_seconds, LATEST))
    seconds[out], found[out] = np.nan, -1
    return seconds, found


def travel_times(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    cutoff_seconds: float,
    facility_places: Places | None = None,
    cell_places: Places | None = None,
) -> pd.DataFrame:
    """Find the walking times of all pairs of facility and cell within a cutoff.

    Parameters
    ----------
    network
        The walk network.
    facilities
        Table with Points or MultiPoints (entrances), in the network's CRS; any kinds.
    cells
        Places: any table with columns ``x``, ``y`` in metres, or with Points.
    cutoff_seconds
        Longest walk, both access legs included.
    facility_places, cell_places
        What ``network.snap`` gave for the two tables, to snap them only once.

    Returns
    -------
    DataFrame
        Index (facility_id, cell_id), facility by facility; column ``seconds``. Pairs beyond the
        cutoff are absent: nothing dense is made.

    Raises
    ------
    CRSError
        A table is in another CRS than the network.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 750.0], "y": [0.0, 0.0]})
    >>> network = WalkNetwork.from_tables(
    ...     nodes, pd.DataFrame({"u": [0], "v": [1]}), crs="EPSG:4546"
    ... )
    >>> ends = pd.DataFrame({"x": [0.0, 750.0], "y": [0.0, 0.0]}, index=["west", "east"])
    >>> travel_times(network, ends, ends, cutoff_seconds=900.0)["seconds"].tolist()
    [0.0, 600.0, 600.0, 0.0]
    """
    sources = network.snap(facilities) if facility_places is None else facility_places
    targets = network.snap(cells) if cell_places is None else cell_places
    owner = facilities.index.get_indexer(sources.ids)
    rows, column, seconds = pair_seconds(
        network,
        network.locate(sources),
        owner,
        len(facilities),
        network.locate(targets),
        cutoff_seconds,
    )
    row = np.repeat(np.arange(len(facilities)), np.diff(rows))
    index = code_index({"facility_id": facilities.index, "cell_id": cells.index}, row, column)
    return pd.DataFrame({"seconds": seconds}, index=index)


def pair_seconds(
    network: WalkNetwork,
    sources: Located,
    owner: Longs,
    owners: int,
    targets: Located,
    cutoff_seconds: float,
) -> tuple[Longs, Ints, Floats]:
    """Find the seconds of all pairs within a cutoff, as compressed sparse rows.

    Parameters
    ----------
    network
        The walk network.
    sources
        Located entrances; those off the network are left out.
    owner, owners
        Facility number of each entrance, and how many facilities there are.
    targets
        Located places.
    cutoff_seconds
        Longest walk.

    Returns
    -------
    rows, column, seconds
        Row starts per facility; target numbers, in the same order on every run; seconds.
    """
    a, b = network.chain_ends
    ptr, to, half_chain = network.junction_graph
    on = np.flatnonzero(sources.chain >= 0)
    on = on[np.argsort(owner[on], kind="stable")]
    source = take(sources, on)
    s_ptr = np.searchsorted(owner[on], np.arange(owners + 1)).astype(np.int64)
    by_a, by_b = _end_seconds(network, source, "to")
    placed = np.flatnonzero(targets.chain >= 0)
    p_ptr, order_by_chain = group(targets.chain[placed], len(network.chain_seconds))
    order = np.asarray(placed[order_by_chain], dtype=np.int32)
    place = take(targets, order)
    rows, column, seconds = search.pairs(
        ptr,
        to,
        network.half_seconds,
        half_chain,
        a,
        b,
        network.chain_seconds,
        s_ptr,
        source.chain,
        by_a,
        by_b,
        source.ahead,
        source.back,
        source.access,
        p_ptr,
        order,
        place.ahead,
        place.back,
        place.access,
        min(float(cutoff_seconds), LATEST),
    )
    return rows, column, seconds


def pair_times(
    network: WalkNetwork, origins: gpd.GeoDataFrame, destinations: gpd.GeoDataFrame
) -> pd.Series:
    """Find the walking time from each origin to the destination in the same row.

    Parameters
    ----------
    network
        The walk network.
    origins, destinations
        Tables of equal length, one point a row, in the network's CRS.

    Returns
    -------
    Series
        ``seconds`` on the origins' index; NaN where there is no way or a place is off network.

    Raises
    ------
    TableError
        The tables differ in length, or a row has several points.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 750.0], "y": [0.0, 0.0]})
    >>> network = WalkNetwork.from_tables(
    ...     nodes, pd.DataFrame({"u": [0], "v": [1]}), crs="EPSG:4546"
    ... )
    >>> here = pd.DataFrame({"x": [0.0], "y": [0.0]})
    >>> there = pd.DataFrame({"x": [75.0], "y": [0.0]})
    >>> pair_times(network, here, there).item()
    60.0
    """
    start, end = network.snap(origins), network.snap(destinations)
    if not len(start) == len(end) == len(origins) == len(destinations):
        raise TableError(
            Fault("pair_times", "origins and destinations differ in length", "give pairs of points")
        )
    at_start, at_end = network.locate(start), network.locate(end)
    seconds = np.full(len(origins), np.nan)
    key = np.where(at_end.chain < 0, -1, np.arange(len(end)))
    same = pd.DataFrame({"c": at_end.chain, "p": at_end.ahead, "a": at_end.access})
    for rows in same[key >= 0].groupby(["c", "p", "a"], sort=False).indices.values():
        pairs = np.flatnonzero(key >= 0)[rows]
        seconds[pairs], _ = nearest_seconds(
            network, take(at_end, pairs[:1]), np.zeros(1, np.int32), take(at_start, pairs)
        )
    return pd.Series(seconds, index=origins.index, name="seconds")


def take(located: Located, rows: Longs | Ints) -> Located:
    """Give some of the located places.

    Parameters
    ----------
    located
        Places.
    rows
        Positions to take, in order.
    """
    ahead = located.ahead[rows]
    back = ahead if located.back is located.ahead else located.back[rows]
    return Located(located.chain[rows], ahead, back, located.access[rows])


def _oriented(places: Located, direction: Direction) -> tuple[Floats, Floats]:
    return (places.ahead, places.back) if direction == "to" else (places.back, places.ahead)


def chain_totals(network: WalkNetwork, direction: Direction) -> tuple[Floats, Floats]:
    """Give the seconds along whole chains and back, for those who walk to, or from.

    Parameters
    ----------
    network
        The walk network.
    direction
        Whether people walk ``"to"`` the sources or ``"from"`` them.
    """
    both = (network.chain_seconds, network.chain_seconds_back)
    return both if direction == "to" else both[::-1]


def _end_seconds(
    network: WalkNetwork, sources: Located, direction: Direction
) -> tuple[Floats, Floats]:
    """Give the seconds between each source and its chain's two ends, access leg included."""
    ahead, back = _oriented(sources, direction)
    total = chain_totals(network, direction)[1]
    return ahead + sources.access, total[sources.chain] - back + sources.access


def seconds_to_ends(
    network: WalkNetwork, sources: Located, direction: Direction = "to"
) -> tuple[Ints, Floats]:
    """Give the junctions that sources are reached by, and the seconds from each to its source.

    Parameters
    ----------
    network
        The walk network.
    sources
        Located places, all on the network.
    direction
        Whether people walk ``"to"`` the sources or ``"from"`` them.

    Returns
    -------
    junctions, seconds
        The first ends of all sources' chains, then the second ends.
    """
    a, b = network.chain_ends
    by_a, by_b = _end_seconds(network, sources, direction)
    return (
        np.concatenate([a[sources.chain], b[sources.chain]]),
        np.concatenate([by_a, by_b]),
    )


def search_junctions(
    network: WalkNetwork,
    start: Ints,
    start_seconds: Floats,
    labels: Ints | None,
    cutoff_seconds: float,
    direction: Direction = "to",
) -> tuple[Floats, Ints]:
    """Find each junction's seconds to the nearest source.

    Parameters
    ----------
    network
        The walk network.
    start, start_seconds
        As `seconds_to_ends` gives them.
    labels
        Facility of each entry of `start`; None where nobody asks which one it is.
    cutoff_seconds
        Longer walks are not followed.
    direction
        As for `seconds_to_ends`.

    Returns
    -------
    seconds, labels
        inf and -1 where not reached; no labels (empty) where none were given.
    """
    ptr, to, _ = network.junction_graph
    half = network.half_seconds if direction == "to" else network.half_seconds_from
    finite = half[half < np.inf]
    mean = float(finite.mean()) if len(finite) else 0.0
    latest = start_seconds[start_seconds < LATEST]
    longest = max(float(finite.max(initial=0.0)), float(latest.max(initial=0.0)))
    width = max(mean / 2.0, longest / (_BUCKETS - 4), 1e-6)
    return search.nearest(
        ptr,
        to,
        half,
        start.astype(np.int32),
        start_seconds,
        None if labels is None else labels.astype(np.int32),
        min(float(cutoff_seconds), LATEST),
        width,
        int(longest / width) + 3,
    )
