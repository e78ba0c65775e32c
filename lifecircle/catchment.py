"""Supply: how much of a service there is for each resident, where catchments overlap.

A clinic in reach is worth less where many share it. Floating catchments divide each facility's
capacity by the people who can walk to it, and give each resident the sum of these ratios::

    2SFCA    R_j = S_j / sum_k P_k           A_i = sum_j R_j          over pairs within the limit
    E2SFCA   R_j = S_j / sum_k P_k W_kj      A_i = sum_j R_j W_ij
    3SFCA    R_j = S_j / sum_k P_k G_kj W_kj     A_i = sum_j R_j G_ij W_ij,
                                             G_ij = W_ij / sum_j W_ij

with capacity S, demand P, weight W by the walk, and selection weight G. In each of them the people
together get what there is: sum P_i A_i = sum S_j, over the facilities that reach anybody.

References
----------
2SFCA: Luo & Wang (2003), Environment and Planning B 30(6), 865-884. E2SFCA: Luo & Qi (2009), Health
& Place 15(4), 1100-1107; its steps are replaced by the Gaussian function of Dai (2010), Health &
Place 16(5), 1038-1052. 3SFCA: Wan, Zou & Sternberg (2012), International Journal of Geographical
Information Science 26(6), 1073-1089, with the same function for its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse

from lifecircle.bysetting import pairs_by_setting, setting_groups
from lifecircle.errors import Fault, TableError, warn
from lifecircle.inequality import gini
from lifecircle.network import WalkNetwork
from lifecircle.tables import CELLS, FACILITIES, SCOPE_COUNTY, check, first

Floats = npt.NDArray[np.float64]
Decay = Callable[[Floats], Floats]
"""Weights, 0 to 1, by the walk as a share of the limit, 0 to 1."""

Method = Literal["2sfca", "e2sfca", "3sfca"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)

_PER: Final = 1000.0  # supply is told for so many residents
_DIGITS: Final = 9  # seconds are compared to the nanosecond, as `lifecircle.indicator` does
_SLACK: Final = 1e-6  # s: searched beyond the limit, before it is compared


@dataclass(frozen=True, eq=False)
class Supply:
    """Who has how much of one service; made by `supply`.

    Parameters
    ----------
    kind, minutes, method, capacity, demand
        What was asked for.
    cells
        Index cell_id, as the cells given. Columns ``unit_id``; ``demand``, persons; ``facilities``,
        how many are in reach; ``unknown_facilities``, those of them that do not report their
        capacity; ``supply``, capacity per 1,000 persons of demand: 0 where nothing is in reach, NaN
        where all that is in reach is of unknown capacity, at least so much where some is.
    facilities
        Index facility_id; those of the kind. Columns ``name``; ``capacity``, NaN if unknown;
        ``within``, demand within the limit; ``catchment``, that demand as the method counts it;
        ``ratio``, capacity per 1,000 persons of it: NaN if unknown, or nobody is there.
    """

    kind: str
    minutes: float
    method: Method
    capacity: str | None
    demand: str
    cells: pd.DataFrame
    facilities: pd.DataFrame


def gaussian(share: Floats) -> Floats:
    """Give the weight of a walk by Dai's Gaussian: 1 at the door, 0 at the limit.

    Parameters
    ----------
    share
        The walk as a share of the limit d0.

    Returns
    -------
    ndarray
        ``(exp(-(d / d0)**2 / 2) - exp(-1/2)) / (1 - exp(-1/2))``, and 0 beyond the limit.

    References
    ----------
    Dai (2010), Health & Place 16(5), 1038-1052.

    Examples
    --------
    >>> gaussian(np.array([0.0, 0.5, 1.0, 2.0])).round(4)
    array([1.    , 0.7014, 0.    , 0.    ])
    """
    edge = np.exp(-0.5)
    weight = (np.exp(-0.5 * share**2) - edge) / (1.0 - edge)
    return np.asarray(np.where(share < 1.0, weight, 0.0), np.float64)


def supply(  # noqa: PLR0913 - the settings of a model, all named
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    kind: str,
    minutes: float,
    method: Method = "2sfca",
    capacity: str | None = None,
    demand: str = "persons",
    decay: Decay = gaussian,
    networks: Mapping[str, WalkNetwork] | None = None,
) -> Supply:
    """Measure how much of a service there is for the residents of each cell.

    Parameters
    ----------
    network
        The walk network.
    facilities
        Table per `lifecircle.tables.FACILITIES`, in the network's CRS.
    cells
        Table per `lifecircle.tables.CELLS`, in the network's CRS.
    kind
        Kind of facility; all others are left aside.
    minutes
        Longest walk, access legs included; who lives further away is not served.
    method
        ``"2sfca"``: all within the limit alike; ``"e2sfca"``: near ones more, by `decay`;
        ``"3sfca"``: and who has several to choose from takes each by its share of the weights.
    capacity
        Column of the facilities that holds what each offers, such as ``"capacity"``; by default
        each counts 1. Where it is missing nothing is assumed: the facility has its catchment, but
        adds to nobody's supply, and a warning names it.
    demand
        Column of the cells: residents, or those of them that need it (`with_group`).
    decay
        Weights by the walk, for E2SFCA and 3SFCA. A pair of weight 0 counts as not in reach.
    networks
        Setting -> the network of its residents, where they move by another profile.

    Returns
    -------
    Supply
        By cell and by facility; `supply_by_unit` sums it up.

    Raises
    ------
    TableError
        A table breaks its schema; no facility of the kind is known, or none with a capacity; a
        column is missing or holds what is no amount; capacities are counted in several units.
    CRSError
        A table is in another CRS.

    Notes
    -----
    Only the cells given demand anything. Who walks in from beyond the county's border is unknown,
    so that the supply of cells near it is too high where people come, and too low where they leave.

    Examples
    --------
    A clinic of 6 beds for 3,000 persons, and one of 2 beds that 1,000 of them reach as well.

    >>> nodes = pd.DataFrame({"x": [0.0, 750.0, 1500.0], "y": 0.0})
    >>> streets = pd.DataFrame({"u": [0, 1], "v": [1, 2]})
    >>> network = WalkNetwork.from_tables(nodes, streets, crs="EPSG:4546")
    >>> clinics = gpd.GeoDataFrame(
    ...     {"kind": "clinic", "name": ["甲", "乙"], "source": "ledger", "capacity": [6.0, 2.0]},
    ...     index=pd.Index(["a", "b"], name="facility_id"),
    ...     geometry=gpd.points_from_xy([0.0, 1500.0], [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> x = [0.0, 750.0]
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "w", "setting": "urban", "persons": [2000.0, 1000.0],
    ...      "residential_m2": 100.0, "x": x, "y": 0.0},
    ...     index=pd.Index([1, 2], name="cell_id"),
    ...     geometry=gpd.points_from_xy(x, [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> found = supply(network, clinics, cells, kind="clinic", minutes=15, capacity="capacity")
    >>> found.facilities["ratio"].tolist()  # 6 for 3,000 and 2 for 1,000
    [2.0, 2.0]
    >>> found.cells["supply"].tolist()  # who lives between them has both
    [2.0, 4.0]
    """
    check(facilities, FACILITIES, crs=network.crs)
    check(cells, CELLS, crs=network.crs)
    _check_settings(minutes, method)
    of_kind = _of_kind(facilities, kind)
    offered, wanted = _capacities(of_kind, capacity), _demand(cells, demand)
    limit = round(minutes * 60.0, _DIGITS)
    groups = setting_groups(network, networks, cells)
    rows, cell, seconds, _ = pairs_by_setting(groups, of_kind, cells, limit + _SLACK)
    share = np.round(seconds, _DIGITS) / limit
    within = scipy.sparse.csr_array(
        (np.where(share <= 1.0, 1.0, 0.0), cell, rows), shape=(len(of_kind), len(cells))
    )
    weight = within
    if method != "2sfca":
        weight = within.copy()
        weight.data = np.asarray(decay(share), np.float64) * within.data
    weight.eliminate_zeros()
    by_cell, by_facility = _tables(weight, offered, wanted, selection=method == "3sfca")
    by_facility.insert(1, "within", within @ wanted)
    by_facility.insert(0, "name", of_kind["name"].to_numpy())
    by_cell.insert(0, "unit_id", cells["unit_id"].to_numpy())
    by_facility.index, by_cell.index = of_kind.index, cells.index
    _warn_of(by_facility, kind, minutes)
    return Supply(kind, minutes, method, capacity, demand, by_cell, by_facility)


def _tables(
    weight: scipy.sparse.csr_array, offered: Floats, wanted: Floats, *, selection: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the catchments over facility x cell weights: columns by cell, and by facility."""
    unknown = np.isnan(offered)
    reached = scipy.sparse.csr_array(
        (np.ones(weight.nnz, np.float32), weight.indices, weight.indptr), shape=weight.shape
    )
    counts = reached.T @ np.ones(len(offered))
    unknown_counts = reached.T @ unknown.astype(float)
    if selection:
        total = weight.T @ np.ones(len(offered))
        weight = weight.copy()
        weight.data *= weight.data
        weight.data /= total[weight.indices]
    catchment = weight @ wanted
    ratio = np.full(len(offered), np.nan)
    np.divide(_PER * offered, catchment, out=ratio, where=catchment > 0)
    amount = weight.T @ np.nan_to_num(ratio)
    nothing_known = (counts > 0) & (unknown_counts == counts)
    cells = pd.DataFrame(
        {
            "demand": wanted,
            "facilities": counts.astype(np.int64),
            "unknown_facilities": unknown_counts.astype(np.int64),
            "supply": np.where(nothing_known, np.nan, amount),
        }
    )
    return cells, pd.DataFrame({"capacity": offered, "catchment": catchment, "ratio": ratio})


def supply_by_unit(cells: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Sum up the supply of cells for the county and each of its units.

    Parameters
    ----------
    cells
        Those of a `Supply`.
    units
        Table per `lifecircle.tables.UNITS`; only ``name`` is looked at.

    Returns
    -------
    DataFrame
        Index scope: ``"county"``, then each unit in order. Columns ``unit_name`` (missing for the
        county); ``demand``, persons; ``supply``, mean capacity per 1,000 of them, the unreached
        with 0; ``unreached``, those with no facility in reach, and ``unreached_share``;
        ``unknown``, those with only facilities of unknown capacity in reach, who are in neither
        supply nor Gini; ``gini`` over persons. Missing where a unit has no demand.

    Raises
    ------
    TableError
        A cell lies in a unit that is not among the units.

    Examples
    --------
    >>> cells = pd.DataFrame({
    ...     "unit_id": ["w", "w", "e"], "demand": [100.0, 100.0, 50.0],
    ...     "facilities": [1, 2, 0], "supply": [2.0, 4.0, 0.0],
    ... })
    >>> units = pd.DataFrame({"name": ["西社区", "东村"]}, pd.Index(["w", "e"], name="unit_id"))
    >>> supply_by_unit(cells, units)[["supply", "unreached", "unreached_share"]].round(3)
            supply  unreached  unreached_share
    scope
    county     2.4       50.0              0.2
    w          3.0        0.0              0.0
    e          0.0       50.0              1.0
    """
    unit = _unit_of(cells, units)
    persons = cells["demand"].to_numpy(np.float64)
    amount = cells["supply"].to_numpy(np.float64)
    known = ~np.isnan(amount)

    def sums(values: Floats) -> Floats:
        each = np.bincount(unit, values, len(units))
        return np.concatenate([[each.sum()], each])

    demand, judged = sums(persons), sums(np.where(known, persons, 0.0))
    unreached = sums(np.where(cells["facilities"] == 0, persons, 0.0))
    had = sums(np.where(known, persons * amount, 0.0))
    order = np.argsort(unit, kind="stable")
    parts = np.split(order, np.searchsorted(unit[order], np.arange(1, len(units))))
    ginis = [gini(amount, persons), *(gini(amount[rows], persons[rows]) for rows in parts)]
    table = pd.DataFrame(
        {
            "unit_name": [None, *units["name"]],
            "demand": demand,
            "supply": _ratio(had, judged),
            "unreached": unreached,
            "unreached_share": _ratio(unreached, demand),
            "unknown": sums(np.where(known, 0.0, persons)),
            "gini": ginis,
        }
    )
    return table.set_index(pd.Index([SCOPE_COUNTY, *units.index], name="scope"))


def with_group(cells: gpd.GeoDataFrame, units: pd.DataFrame, group: str) -> gpd.GeoDataFrame:
    """Give each cell its residents of a group of which the units know the number.

    Parameters
    ----------
    cells, units
        Tables per `lifecircle.tables`.
    group
        Column of the units, such as ``"elderly"``. Within a unit the group is spread as all
        residents are (a choice of ours: nothing finer is known).

    Returns
    -------
    GeoDataFrame
        The cells with one more column; its sum over a unit is the unit's number.

    Raises
    ------
    TableError
        The units have no such column, or some with residents do not report it; a cell lies in a
        unit that is not among them.

    Examples
    --------
    >>> cells = pd.DataFrame({"unit_id": ["w", "w"], "persons": [30.0, 10.0]})
    >>> units = pd.DataFrame({"name": ["西社区"], "elderly": [8.0]}, index=["w"])
    >>> with_group(cells, units, "elderly")["elderly"].tolist()
    [6.0, 2.0]
    """
    if group not in units.columns:
        raise TableError(Fault("units", f"has no column {group!r}", "give it in their ledger"))
    persons = cells["persons"].to_numpy(np.float64)
    unit = _unit_of(cells, units)
    lived = np.bincount(unit, persons, len(units)).astype(np.float64)
    number = units[group].to_numpy(np.float64)
    lacking = units["name"].fillna(units.index.to_series())[np.isnan(number) & (lived > 0)]
    if len(lacking):
        what = f"{len(lacking)} with residents do not report {group!r}: {first(lacking.to_numpy())}"
        raise TableError(Fault("units", what, "report it; unknown demand would look like none"))
    share = np.nan_to_num(_ratio(number, lived))
    return cells.assign(**{group: persons * share[unit]})


def _unit_of(cells: pd.DataFrame, units: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Give the number of each cell's unit."""
    unit = np.asarray(units.index.get_indexer(pd.Index(cells["unit_id"])))
    if (unit < 0).any():
        lost = cells["unit_id"][unit < 0].unique()
        raise TableError(Fault("cells", f"units are not known: {first(lost)}", "give all units"))
    return unit


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; nothing of nothing is missing."""
    share = np.full(len(whole), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _check_settings(minutes: float, method: str) -> None:
    if not (np.isfinite(minutes) and minutes > 0):
        raise TableError(Fault("minutes", f"is {minutes}", "give minutes above 0"))
    if method not in METHODS:
        raise TableError(Fault("method", f"{method!r} is unknown", f"one of {', '.join(METHODS)}"))


def _of_kind(facilities: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    chosen = facilities[facilities["kind"] == kind]
    if chosen.empty:
        known = ", ".join(sorted(facilities["kind"].unique())) or "none"
        what = f"no {kind!r} is known, which is not the same as none being there"
        raise TableError(Fault("facilities", what, f"add them, or ask for one of: {known}"))
    return chosen


def _amounts(table: pd.DataFrame, column: str, where: str, *, missing: bool) -> Floats:
    """Give a column of amounts; its faults name the ids."""
    if column not in table.columns:
        raise TableError(Fault(where, f"has no column {column!r}", "name one that is there"))
    if not (pd.api.types.is_numeric_dtype(table[column]) or table[column].isna().all()):
        raise TableError(Fault(where, f"column {column!r} is not numeric", "give numbers"))
    values = table[column].to_numpy(np.float64, na_value=np.nan)
    wrong = np.isinf(values) | (values < 0) | (np.isnan(values) & (not missing))
    if wrong.any():
        ids = first(table.index[wrong])
        raise TableError(Fault(where, f"column {column!r} is no amount at {ids}", "correct it"))
    return values


def _demand(cells: gpd.GeoDataFrame, column: str) -> Floats:
    values = _amounts(cells, column, "cells", missing=False)
    if not values.sum() > 0:
        raise TableError(Fault("cells", f"column {column!r} sums up to nobody", "give residents"))
    return values


def _capacities(facilities: gpd.GeoDataFrame, column: str | None) -> Floats:
    """Give what each facility offers: 1, or its capacity, NaN where it is not reported."""
    if column is None:
        return np.ones(len(facilities))
    values = _amounts(facilities, column, "facilities", missing=True)
    unknown = np.isnan(values)
    if unknown.all():
        what = f"none reports {column!r}"
        raise TableError(Fault("facilities", what, "report it, or count each as 1 (no capacity)"))
    if column == "capacity" and "capacity_unit" in facilities.columns:
        counted = facilities["capacity_unit"][~unknown].dropna().unique()
        if len(counted) > 1:
            what = f"capacity is counted in several units, which do not add up: {first(counted)}"
            raise TableError(Fault("facilities", what, "report all in one, or count each as 1"))
    if unknown.any():
        named = facilities["name"].fillna(facilities.index.to_series())[unknown].to_numpy()
        warn(
            f"{unknown.sum()} of {len(values)} facilities do not report {column!r}, so that they "
            f"add to nobody's supply, which is at least as given: {first(named, 10)}"
        )
    return values


def _warn_of(facilities: pd.DataFrame, kind: str, minutes: float) -> None:
    idle = facilities[facilities["catchment"] == 0]
    if len(idle):
        named = idle["name"].fillna(idle.index.to_series()).to_numpy()
        warn(
            f"{kind}: nobody lives within {minutes:g} min of {len(idle)} of {len(facilities)} "
            f"facilities, or they are off the network; nobody's supply: {first(named, 10)}"
        )
