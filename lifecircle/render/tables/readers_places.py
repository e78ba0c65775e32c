"""The facilities as planners read them: one row for each place, whatever it is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.readers_shared import (
    inventory_of,
    labelled,
    lying_in,
    main_points,
    mapped,
    place_ids,
    unit_names,
)
from lifecircle.render.tables.words import joined, with_headings, word, words
from lifecircle.standards import Labelled, Lang, Standard
from lifecircle.tables import FACILITY_STATUS

_NUMBERS: Final = ("capacity", "hours_per_day", "floor_m2")
_TEXTS: Final = ("status", "capacity_unit", "hours", "address")
_IDLE: Final = ("idle", "planned", "closed")


def facilities_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give every known place once, with the kinds that it is of and what is known of it.

    Parameters
    ----------
    assessment
        Checked tables; ``inventory`` where it has one, else its facilities. A supermarket that is
        listed under retail too is one place: retail its kind, supermarket its narrower one.
    lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        By kind, in the order given; longitude and latitude in degrees (WGS 84), of the entrance
        nearest the middle where there are several. The unit is the one that it lies in. A place
        without a name is called by its kind.
    """
    entries, standard = inventory_of(assessment), assessment.standard
    kinds = {**standard.kinds, **standard.known}
    table = _one_each(entries, standard)
    order = np.argsort(pd.Index(kinds).get_indexer(pd.Index(table["kind"])), kind="stable")
    table = table.iloc[order]
    points = main_points(table.geometry.to_numpy())
    degrees = gpd.GeoSeries(points, crs=table.crs).to_crs(4326)
    unit = lying_in(points, assessment.units)
    wide = [labelled(group, kinds, lang, keep=True) for group in table["wide"]]
    narrow = [labelled(group, kinds, lang, keep=True) for group in table["narrow"]]
    columns: dict[str, Any] = {
        "name": [
            named_place(name, kind, kinds, lang)
            for name, kind in zip(table["name"], table["kind"], strict=True)
        ],
        "kind": [joined(list(names), lang) for names in wide],
        "category": [joined(list(names), lang) or None for names in narrow],
        "counts_as": _counts_as(table, standard, lang),
        "status": mapped(table["status"], words(FACILITY_STATUS, lang)),
        "capacity": table["capacity"],
        "capacity_unit": table["capacity_unit"],
        "hours": table["hours"],
        "hours_per_day": table["hours_per_day"],
        "floor_m2": table["floor_m2"],
        "address": table["address"],
        "unit_name": np.where(
            unit < 0, word("outside", lang), unit_names(assessment).to_numpy()[unit]
        )
        if len(assessment.units)
        else None,
        "lon": degrees.x.round(6).to_numpy(),
        "lat": degrees.y.round(6).to_numpy(),
        "data": table["source"],
        "facility_id": table.index,
    }
    return with_headings(pd.DataFrame(columns, index=table.index), lang)


def named_place(name: Any, kind: str, kinds: Mapping[str, Labelled], lang: Lang) -> str:
    """Give a place's name, or what it is where it has none: never its id.

    Parameters
    ----------
    name
        Missing where it has none.
    kind
        Key of its kind.
    kinds
        Kinds by key.
    lang
        Language.

    Examples
    --------
    >>> kinds = {"post": Labelled(zh="邮政", en="Post")}
    >>> named_place(None, "post", kinds, "zh"), named_place("甲邮政所", "post", kinds, "zh")
    ('邮政（无名称）', '甲邮政所')
    """
    if pd.notna(name):
        return str(name)
    return word("unnamed", lang, kind=kinds[kind].label(lang) if kind in kinds else kind)


def _one_each(entries: gpd.GeoDataFrame, standard: Standard) -> gpd.GeoDataFrame:
    """Give one row per place: what any of its entries knows, the first entry's first."""
    place = place_ids(entries)
    full = entries.assign(
        **{name: np.nan for name in _NUMBERS if name not in entries},
        **{name: None for name in (*_TEXTS, "category") if name not in entries},
    )
    shape = full.geometry.name
    known = [*_NUMBERS, *_TEXTS, "name", "source"]
    values = full[known].astype(dict.fromkeys(_NUMBERS, "float64"))
    by_place = values.groupby(np.asarray(place), sort=False).first()
    first = full[[shape]][~place.duplicated()].set_axis(by_place.index)
    listed = full[["kind", "category"]].set_axis(place)
    groups = {
        key: (rows["kind"].tolist(), rows["category"].dropna().tolist())
        for key, rows in listed[place.duplicated(keep=False)].groupby(level=0, sort=False)
    }
    once = listed[~place.duplicated(keep=False)]
    groups |= {
        key: ([kind], [] if pd.isna(category) else [category])
        for key, kind, category in once.itertuples()
    }
    split = [_wide_and_narrow(*groups[key], standard) for key in by_place.index]
    table = by_place.assign(
        wide=[wide for wide, _ in split],
        narrow=[narrow for _, narrow in split],
        kind=[wide[0] for wide, _ in split],
    )
    return gpd.GeoDataFrame(table, geometry=first[shape], crs=entries.crs)


def _wide_and_narrow(
    kinds: list[str], categories: list[str], standard: Standard
) -> tuple[list[str], list[str]]:
    """Part the kinds of one place: those that another of them is a narrower one of, and the rest.

    A kind alone is no narrower one of anything here.
    """
    known = standard.known or standard.kinds
    above = {kind: standard.wider(kind) if kind in known else frozenset() for kind in kinds}
    wide = [kind for kind in dict.fromkeys(kinds) if not above[kind] & set(kinds)]
    narrow = [kind for kind in dict.fromkeys([*kinds, *categories]) if kind not in wide]
    return wide, narrow


def _counts_as(table: pd.DataFrame, standard: Standard, lang: Lang) -> list[str]:
    """Name the kinds that each place counts for, or why it counts for none."""
    kinds = {**standard.kinds, **standard.known}
    told = []
    for wide, narrow, status in zip(table["wide"], table["narrow"], table["status"], strict=True):
        if status in _IDLE:
            told.append(word("not_serving", lang))
            continue
        served = dict.fromkeys(_served([*wide, *narrow], standard))
        names = [kinds[kind].label(lang) for kind in served]
        told.append(joined(names, lang) or word("not_judged", lang))
    return told


def _served(kinds: Iterable[str], standard: Standard) -> Iterable[str]:
    known = {**standard.kinds, **standard.known}
    return (served for kind in kinds if kind in known for served in standard.serves(kind))
