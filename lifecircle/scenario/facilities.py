"""A scenario's facilities: those added, moved and closed in a county's table of them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.errors import Fault, InputError
from lifecircle.scenario.models import (
    SOURCE,
    Added,
    FacilityChanges,
    Moved,
    Scenario,
    default_id,
)
from lifecircle.scenario.place import Place
from lifecircle.standards import Kind
from lifecircle.tables import first


def with_facilities(
    inventory: gpd.GeoDataFrame,
    scenario: Scenario,
    *,
    kinds: Mapping[str, Kind],
    area: BaseGeometry,
) -> gpd.GeoDataFrame:
    """Give a county's facilities as the scenario has them.

    Parameters
    ----------
    inventory
        Every known facility under its own kind, per `lifecircle.tables.FACILITIES`.
    scenario
        What changes. Facilities are added first, then moved, then closed: the order of the file
        does not matter.
    kinds
        Kinds that are judged, as `lifecircle.service.known_kinds` gives them.
    area
        Where facilities may be put: the county and its walks in lon/lat.

    Returns
    -------
    GeoDataFrame
        A new table in the inventory's CRS. Without any change left (also where all that is added
        is closed) it is the same as `inventory`.

    Raises
    ------
    InputError
        Ids or kinds are unknown, an id is given twice, or a place lies outside. All are listed.
    """
    changes = scenario.facilities
    ids = [each.id or default_id(n) for n, each in enumerate(changes.add, start=1)]
    names = {word: key for key, kind in kinds.items() for word in (kind.zh, key)}
    objects = [str(index).split("#", 1)[0] for index in inventory.index]
    where = str(scenario.path)
    faults = [
        *_unknown(where, changes, {*map(str, inventory.index), *objects}, ids),
        *_wrong_kinds(where, changes.add, names),
        *_outside(where, changes, area),
    ]
    if faults:
        raise InputError(faults)
    moved = {each.id: each for each in changes.move}
    closed = {each.id for each in changes.close}
    new = [
        (index, each, moved.get(index, each))
        for index, each in zip(ids, changes.add, strict=True)
        if index not in closed
    ]
    gone = np.array(
        [closed & {str(i), o} != set() for i, o in zip(inventory.index, objects, strict=True)], bool
    )
    table = _moved(inventory, objects, moved)[~gone] if len(inventory) else inventory
    if not new:
        return table
    added = _added(inventory, [(i, names[each.kind], each, place) for i, each, place in new])
    return gpd.GeoDataFrame(pd.concat([table, added]), crs=inventory.crs)


def _added(
    inventory: gpd.GeoDataFrame, new: list[tuple[str, str, Added, Place]]
) -> gpd.GeoDataFrame:
    """Give rows for the inventory: of each its id, kind, facility and final place."""
    columns: dict[str, Any] = {
        "kind": [kind for _, kind, _, _ in new],
        "name": [each.name for _, _, each, _ in new],
        "source": SOURCE,
    }
    for column in ("capacity", "capacity_unit"):
        given = [getattr(each, column) for _, _, each, _ in new]
        if any(value is not None for value in given):
            columns[column] = given
    index = pd.Index([i for i, *_ in new], dtype=inventory.index.dtype, name="facility_id")
    lonlat = [place.lonlat() for *_, place in new]
    points = gpd.GeoSeries(gpd.points_from_xy(*zip(*lonlat, strict=True)), index, crs=4326)
    columns[str(inventory.active_geometry_name)] = points.to_crs(inventory.crs)
    return gpd.GeoDataFrame(columns, index, geometry=inventory.active_geometry_name)


def _moved(
    inventory: gpd.GeoDataFrame, objects: list[str], moved: Mapping[str, Moved]
) -> gpd.GeoDataFrame:
    wanted = [
        moved.get(str(i), moved.get(o)) for i, o in zip(inventory.index, objects, strict=True)
    ]
    rows = [n for n, place in enumerate(wanted) if place is not None]
    if not rows:
        return inventory
    lonlat = [place.lonlat() for place in wanted if place is not None]
    points = gpd.GeoSeries(gpd.points_from_xy(*zip(*lonlat, strict=True)), crs=4326)
    shapes = inventory.geometry.to_numpy().copy()
    shapes[rows] = points.to_crs(inventory.crs).to_numpy()
    return inventory.set_geometry(gpd.GeoSeries(shapes, inventory.index, crs=inventory.crs))


def _unknown(
    where: str, changes: FacilityChanges, known: set[str], added: list[str]
) -> list[Fault]:
    """Find ids that nobody has, and those that are given twice or taken."""
    faults = []
    groups = {
        "add": added,
        "close": [each.id for each in changes.close],
        "move": [each.id for each in changes.move],
    }
    for key in ("close", "move"):
        for number, wanted in enumerate(groups[key]):
            if wanted in known or wanted in added:
                continue
            near = difflib.get_close_matches(wanted, sorted(known | set(added)), n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "take ids from layers.gpkg"
            what = f"facilities.{key}[{number}]: no facility has the id {wanted!r}"
            faults.append(Fault(where, what, remedy))
    for key, ids in groups.items():
        twice = [index for index, count in Counter(ids).items() if count > 1]
        if twice:
            what = f"facilities.{key}: ids are given twice: {first(twice)}"
            faults.append(Fault(where, what, "give each id once"))
    taken = [index for index in added if index in known]
    if taken:
        what = f"facilities.add: facilities have these ids already: {first(taken)}"
        faults.append(Fault(where, what, "give other ids"))
    return faults


def _wrong_kinds(where: str, added: Iterable[Added], names: Mapping[str, str]) -> list[Fault]:
    faults = []
    for number, each in enumerate(added):
        if each.kind in names:
            continue
        near = difflib.get_close_matches(each.kind, names, n=1)
        known = first([*dict.fromkeys(names.values())], 6)
        remedy = f"did you mean {near[0]!r}?" if near else f"use one of {known}"
        what = f"facilities.add[{number}].kind: {each.kind!r} is no kind that is judged here"
        faults.append(Fault(where, what, remedy))
    return faults


def _outside(where: str, changes: FacilityChanges, area: BaseGeometry) -> list[Fault]:
    places = [(each.name, each) for each in changes.add] + [(e.id, e) for e in changes.move]
    far = [name for name, place in places if not shapely.contains_xy(area, *place.lonlat())]
    if not far:
        return []
    what = f"places lie outside the county and its walks: {first(far)}"
    return [Fault(where, what, "check their coordinates and datum")]
