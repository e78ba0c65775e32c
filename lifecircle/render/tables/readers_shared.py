"""What tables and report share: what was asked, names instead of keys, where a facility lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.plan import empty_scorecard
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.words import word
from lifecircle.standards import Labelled, Lang, read_standard, standard_names
from lifecircle.tables import SCOPE_COUNTY

ATTRIBUTES: Final = ("name", "hours", "capacity", "floor_m2")
"""What a ledger should say of every facility: readers are told of how many it does not."""


def card_of(assessment: Mappable) -> pd.DataFrame:
    """Give the assessment's scorecard, or one without rows."""
    card = getattr(assessment, "scorecard", None)
    return empty_scorecard() if card is None else cast("pd.DataFrame", card)


def inventory_of(assessment: Mappable) -> gpd.GeoDataFrame:
    """Give every known facility under its own kind; those judged, where there is no inventory."""
    inventory = getattr(assessment, "inventory", None)
    return assessment.facilities if inventory is None else cast("gpd.GeoDataFrame", inventory)


def place_ids(places: pd.DataFrame) -> pd.Index:
    """Give the place behind each row: one that is of several kinds has a row for each.

    Parameters
    ----------
    places
        Facilities; ids of further rows end in ``#kind``.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": ["retail", "supermarket"]}, ["n5", "n5#supermarket"])
    >>> place_ids(rows).tolist()
    ['n5', 'n5']
    """
    rows = zip(places.index.astype(str), places["kind"].astype(str), strict=True)
    ids: pd.Index = pd.Index([key.removesuffix(f"#{kind}") for key, kind in rows], dtype="str")
    return ids.rename("facility_id")


def blanks(assessment: Mappable) -> dict[str, int]:
    """Count the places of which an attribute is not known, by attribute.

    Parameters
    ----------
    assessment
        Checked tables; ``inventory`` where it has one. A place that is listed under narrower kinds
        too counts once, and is known where one of its entries is.
    """
    inventory = inventory_of(assessment)
    place = place_ids(inventory)
    every = place.nunique()
    return {
        name: int(every - place[inventory[name].notna()].nunique()) if name in inventory else every
        for name in ATTRIBUTES
    }


def unknown_kinds(assessment: Mappable) -> list[str]:
    """Give the required kinds of which no facility is known, in the order of the standard."""
    known = set(assessment.facilities["kind"])
    return [kind for kind in assessment.standard.required() if kind not in known]


def excluded_kinds(assessment: Mappable) -> list[str]:
    """Give the kinds that the standard asks for and the county leaves out.

    What a county file leaves out for another standard's sake is none of this one's.
    """
    standard = assessment.standard
    if standard.key not in standard_names():
        return list(standard.excluded)
    asked = {r.kind for r in read_standard(standard.key).requirements}
    return [kind for kind in standard.excluded if kind in asked]


def excluded_by_reason(assessment: Mappable, lang: Lang) -> dict[str, list[str]]:
    """Give the names of the kinds that are left out, those of one reason together."""
    standard = assessment.standard
    by_reason: dict[str, list[str]] = {}
    for key in excluded_kinds(assessment):
        kind = standard.kinds.get(key) or standard.known.get(key)
        by_reason.setdefault(standard.excluded[key], []).append(kind.label(lang) if kind else key)
    return by_reason


def judged_settings(assessment: Mappable, kind: str | None = None) -> set[str]:
    """Give the settings that some circle with requirements, or with one of a kind, is meant for."""
    standard = assessment.standard
    asked = {r.circle for r in standard.requirements if kind is None or r.kind == kind}
    return {setting for key in asked for setting in standard.circles[key].settings}


def unit_names(assessment: Mappable) -> pd.Series:
    """Give each unit's name, or its id where it has none."""
    units = assessment.units
    names: pd.Series = units["name"].astype(object)
    return names.where(units["name"].notna(), units.index.astype(str))


def scope_names(assessment: Mappable, lang: Lang) -> dict[str, str]:
    """Give the name of the county and of every unit."""
    return {SCOPE_COUNTY: assessment.config.label(lang), **unit_names(assessment)}


def main_points(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Give one point for each facility: of several entrances the one nearest their middle.

    Parameters
    ----------
    shapes
        Points and MultiPoints, in metres.

    Examples
    --------
    >>> places = np.array([shapely.Point(5, 5), shapely.MultiPoint([(0, 0), (2, 0), (3, 0)])])
    >>> [point.wkt for point in main_points(places)]
    ['POINT (5 5)', 'POINT (2 0)']
    """
    points, of = shapely.get_parts(shapes, return_index=True)
    order = np.lexsort((shapely.distance(points, shapely.centroid(shapes)[of]), of))
    return np.asarray(points[order[np.diff(of[order], prepend=-1) != 0]])


def run_of(assessment: Mappable) -> dict[str, Any]:
    """Give what the run recorded; empty where nothing did."""
    return cast("dict[str, Any]", getattr(assessment, "run", None) or {})


def mapped(
    values: Iterable[Any], names: Mapping[str, Any], *, keep: bool = False
) -> npt.NDArray[np.object_]:
    """Give the name of each value, None where it is missing; what has no name is kept, or None."""
    told = [
        None if pd.isna(value) else names.get(value, value if keep else None) for value in values
    ]
    return np.array(told, dtype=object)


def labelled(
    keys: Iterable[Any], labels: Mapping[str, Labelled], lang: Lang, *, keep: bool = False
) -> npt.NDArray[np.object_]:
    """Give the label of each key, as `mapped` does with names."""
    return mapped(keys, {key: of.label(lang) for key, of in labels.items()}, keep=keep)


def lying_in(points: npt.NDArray[np.object_], units: gpd.GeoDataFrame) -> npt.NDArray[np.intp]:
    """Give the position of the unit that each point lies in; of two the first, of none -1."""
    tree = shapely.STRtree(units.geometry.to_numpy())
    point, unit = tree.query(points, predicate="intersects")
    found = np.full(len(points), len(units), dtype=np.intp)
    np.minimum.at(found, point, unit)
    return np.where(found == len(units), -1, found)


def limit_words(limit: float, unit: str, lang: Lang) -> str:
    """Give a threshold with its unit."""
    return word(unit, lang, limit=f"{limit:g}")
