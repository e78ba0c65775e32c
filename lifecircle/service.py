"""Which facilities serve: those in use, under every required kind that they count for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.standards import Kind, Standard
from lifecircle.tables import FACILITIES, check

_NOT_SERVING = ("idle", "planned", "closed")


def known_kinds(standards: Sequence[Standard]) -> dict[str, Kind]:
    """Give the kinds that the standards judge, those that count for them, and those of targets.

    Parameters
    ----------
    standards
        Standards with the same kinds.
    """
    wanted: set[str] = set()
    for standard in standards:
        named = {kind for target in standard.targets for kind in target.kinds()}
        named |= set(standard.excluded)
        wanted |= {
            kind
            for kind in standard.known
            if standard.serves(kind) or named & {kind, *standard.wider(kind)}
        }
    return {kind: entry for kind, entry in standards[0].known.items() if kind in wanted}


def in_use(inventory: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the facilities that serve: all but those known to be idle, planned or closed.

    Parameters
    ----------
    inventory
        Table per `lifecircle.tables.FACILITIES`.
    """
    if "status" not in inventory.columns:
        return inventory
    return inventory[~inventory["status"].isin(_NOT_SERVING)]


def serving(inventory: gpd.GeoDataFrame, standards: Iterable[Standard]) -> gpd.GeoDataFrame:
    """Give the facilities under each kind that the standards require of them.

    A village clinic is a clinic too (`lifecircle.standards.Kind.part_of`): where both kinds are
    required it has two rows, one for each; where only the wider one is, a single row.

    Parameters
    ----------
    inventory
        Every known facility under its own kind, per `lifecircle.tables.FACILITIES`. Rows of one OSM
        object under further kinds have ids such as ``w12#culture``.
    standards
        What is required, by one or several standards with the same kinds.

    Returns
    -------
    GeoDataFrame
        Same columns, and ``category``, the facility's own kind where that is a narrower one. The
        first row of a facility keeps its id, others are named ``id#kind``; a facility has one
        row per kind at most.

    Raises
    ------
    TableError
        The inventory breaks its schema.

    Examples
    --------
    >>> from lifecircle.standards import read_standard
    >>> inventory = gpd.GeoDataFrame(
    ...     {"kind": ["village_clinic", "post"], "name": ["枫木团村卫生室", "长铺邮政所"],
    ...      "source": "ledger", "status": ["in_use", "idle"]},
    ...     index=pd.Index(["a", "b"], name="facility_id"),
    ...     geometry=gpd.points_from_xy([0, 1], [0, 1]), crs="EPSG:4546",
    ... )
    >>> serving(inventory, [read_standard()])[["kind", "category"]]
                   kind        category
    facility_id
    a            clinic  village_clinic
    """
    check(inventory, FACILITIES)
    used = in_use(inventory)
    served: dict[str, tuple[str, ...]] = {}
    for standard in standards:
        for kind in used["kind"].unique():
            both = (*served.get(kind, ()), *standard.serves(kind))
            served[kind] = tuple(dict.fromkeys(both))
    asked = [served.get(kind, ()) for kind in used["kind"]]
    row = np.repeat(np.arange(len(used)), [len(kinds) for kinds in asked])
    facilities = used.iloc[row]
    judged = np.array([kind for kinds in asked for kind in kinds], dtype=object)
    own = facilities["kind"].to_numpy(dtype=object)
    ids = facilities.index.to_numpy(dtype=object)
    objects = _objects(ids, own)
    # The row of an object's own kind says more than one that a narrower kind implies.
    order = np.argsort(own != judged, kind="stable")
    again = np.empty(len(row), np.bool_)
    again[order] = pd.DataFrame({"object": objects[order], "kind": judged[order]}).duplicated()
    first = np.r_[True, row[1:] != row[:-1]][: len(row)]
    # An id such as w12#culture is that of the row under this kind, wherever it stands.
    under = [kind in kinds for kind, kinds in zip(used["kind"], asked, strict=True)]
    marked = ids != objects
    keeps = np.where(marked & np.array(under, np.bool_)[row], own == judged, first)
    named = [
        name if kept else f"{thing}#{kind}"
        for name, kept, thing, kind in zip(ids, keeps, objects, judged, strict=True)
    ]
    category = pd.Series(np.where(own == judged, None, own), index=facilities.index, dtype="str")
    if "category" in facilities.columns:
        category = category.fillna(facilities["category"])
    facilities = facilities.assign(kind=pd.array(judged, dtype="str"), category=category)
    facilities.index = pd.Index(
        named, name="facility_id", dtype=None if named else used.index.dtype
    )
    return facilities[~again]


def _objects(ids: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Give the object behind each row: ``w12`` of ``w12#culture``."""
    parts = [
        name.removesuffix(f"#{kind}") if isinstance(name, str) else name
        for name, kind in zip(ids, kinds, strict=True)
    ]
    return np.array(parts, dtype=object)
