"""The tables of an assessment as planners read them: readable headings, Chinese or English.

Columns that a reader sorts by are numbers: persons, minutes, shares from 0 to 1. Missing stays
missing; a dash or a word belongs to whoever draws the table, as
`lifecircle.render.tables.words.figures` tells of the values below a heading.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.config import datasets
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.readers_issues import problems_table
from lifecircle.render.tables.readers_notes import notes_table
from lifecircle.render.tables.readers_plan import scorecard_readers, verdicts_table
from lifecircle.render.tables.readers_shared import (
    inventory_of,
    labelled,
    limit_words,
    lying_in,
    main_points,
    mapped,
    run_of,
    scope_names,
    unit_names,
)
from lifecircle.render.tables.sheets import coverage_table, gap_table
from lifecircle.render.tables.words import joined, texts, weight_words, with_headings, word, words
from lifecircle.render.web.contents import COUNTY
from lifecircle.standards import Lang, Requirement
from lifecircle.tables import DENOMINATORS, FACILITY_STATUS, FLAGS, SETTINGS

_OPTIONAL: Final = ("capacity", "hours_per_day", "floor_m2")
_OPTIONAL_TEXTS: Final = ("capacity_unit", "hours", "address")
_SCORES: Final = (
    *("score", "complete_share", "worst_kind", "minutes_to_complete", "unverified_share"),
)


def sources_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what was read: use, source, date, licence, file and its SHA-256.

    Parameters
    ----------
    assessment
        Checked tables.
    lang
        Language of headings and words.

    Returns
    -------
    pandas.DataFrame
        One row per dataset of the county file, by the file's bare name; what nobody stated is
        missing.
    """
    config = assessment.config
    inputs = run_of(assessment).get("inputs", {})
    rows = []
    for key, data in datasets(config).items():
        if key.startswith("report."):  # a template for the report holds no data
            continue
        uses = [key.partition(".")[0]]
        if key == "roads.osm" and config.facilities.osm is True:
            uses.append("facilities")
        if uses == ["units"] and config.population.totals:
            uses.append("population")
        rows.append(
            {
                "use": joined([word(f"use_{use}", lang) for use in uses], lang),
                "source": data.source or None,
                "date": data.date or None,
                "licence": data.licence or None,
                "file": data.path.name,
                "sha256": inputs.get(key, {}).get("sha256"),
            }
        )
    columns = ["use", "source", "date", "licence", "file", "sha256"]
    return with_headings(pd.DataFrame(rows, columns=columns), lang)


def thresholds_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what the standard asks: every circle's services, threshold, flag and basis.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        One row per circle and kind, as the standard orders them.
    """
    standard = assessment.standard
    rows = [
        {
            "circle": standard.circles[r.circle].label(lang),
            "settings": joined([word(s, lang) for s in standard.circles[r.circle].settings], lang),
            "kind": standard.kinds[r.kind].label(lang),
            "limit": limit_words(r.limit, r.unit, lang),
            "flag": word(r.flag, lang),
            "basis": r.source,
            "weight": r.weight,
            "size": _size(r, lang),
        }
        for r in standard.requirements
    ]
    columns = ["circle", "settings", "kind", "limit", "flag", "basis", "weight", "size"]
    return with_headings(pd.DataFrame(rows, columns=columns), lang)


def overview_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give the county's life circles: one row per circle.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        Every circle of the standard; figures are missing where nobody is judged by it.
    """
    standard = assessment.standard
    rows = pd.DataFrame({"circle": list(standard.circles)})
    rows["settings"] = [
        joined([word(s, lang) for s in circle.settings], lang)
        for circle in standard.circles.values()
    ]
    county = _scores_of(assessment, [COUNTY], lang).drop(columns="scope")
    table = rows.merge(county, on="circle", how="left")
    table["circle"] = labelled(table["circle"], standard.circles, lang)
    return with_headings(table[["circle", "settings", "judged", *_SCORES]], lang)


def totals_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what the assessment is about in a few counts: residents, units, facilities, gaps.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        Item, value, its unit and a note; what is not known is missing.
    """
    standard, cells = assessment.standard, assessment.cells
    required = standard.required()
    known = set(assessment.facilities["kind"])
    off = cells["persons"][cells["access_m"].isna()].sum() if "access_m" in cells else np.nan
    values = {
        "residents": assessment.units["residents"].sum(min_count=1),
        "assessed": cells["persons"].sum(),
        "off_network": off,
        "units": len(assessment.units),
        "known": len(inventory_of(assessment)),
        "kinds": len(required),
        "kinds_unknown": len(set(required) - known),
        "kinds_excluded": len(standard.excluded),
        "gaps": len(assessment.gaps),
    }
    told = [text.split("|") for text in texts("totals", lang).values()]
    table = pd.DataFrame(told, columns=["item", "unit_of_value", "note"])
    table.insert(1, "value", [float(values[key]) for key in texts("totals", lang)])
    return with_headings(table, lang)


def units_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give the units with their circles: one row per unit and circle.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        In the order of units and circles; a unit that no circle judges has one row without
        figures.
    """
    units, standard = assessment.units, assessment.standard
    table = pd.DataFrame(
        {
            "unit_id": units.index,
            "unit_name": unit_names(assessment).to_numpy(),
            "setting": mapped(units["setting"], words(SETTINGS, lang)),
            "residents": units["residents"].to_numpy(float),
        }
    )
    scored = _scores_of(assessment, list(units.index), lang)
    table = table.merge(scored, left_on="unit_id", right_on="scope", how="left")
    order = pd.Index(standard.circles).get_indexer(pd.Index(table["circle"]))
    place = units.index.get_indexer(pd.Index(table["unit_id"]))
    table = table.iloc[np.lexsort((order, place))]
    table["circle"] = labelled(table["circle"], standard.circles, lang)
    columns = ["unit_name", "setting", "residents", "circle", "judged", *_SCORES, "unit_id"]
    return with_headings(table[columns], lang)


def facilities_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give every known facility under its own kind, with what is known of it.

    Parameters
    ----------
    assessment
        Checked tables; ``inventory`` where it has one, else its facilities.
    lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        By kind, in the order given; longitude and latitude in degrees (WGS 84), of the entrance
        nearest the middle where there are several. The unit is the one that it lies in.
    """
    table, standard = inventory_of(assessment), assessment.standard
    kinds = {**standard.kinds, **standard.known}
    order = np.argsort(pd.Index(kinds).get_indexer(pd.Index(table["kind"])), kind="stable")
    table = table.iloc[order]
    points = main_points(table.geometry.to_numpy())
    degrees = gpd.GeoSeries(points, crs=table.crs).to_crs(4326)
    empty = pd.Series(None, index=table.index, dtype="str")
    status = table.get("status", empty)
    unit = lying_in(points, assessment.units)
    columns: dict[str, Any] = {
        "name": table["name"],
        "kind": labelled(table["kind"], kinds, lang),
        "category": labelled(table.get("category", empty), kinds, lang, keep=True),
        "counts_as": _counts_as(assessment, table["kind"], status, lang),
        "status": mapped(status, words(FACILITY_STATUS, lang)),
        "capacity": None,
        "capacity_unit": None,
        "hours": None,
        "hours_per_day": None,
        "floor_m2": None,
        "address": None,
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
    columns |= {name: table.get(name, np.nan) for name in _OPTIONAL}
    columns |= {name: table.get(name, empty) for name in _OPTIONAL_TEXTS}
    return with_headings(pd.DataFrame(columns, index=table.index), lang)


def coverage_readers(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give coverage with its three denominators side by side.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        One row per scope (the county first), circle and kind. Shares are missing where there is
        nothing to take a share of.
    """
    standard = assessment.standard
    table = coverage_table(assessment)
    keys = ["scope", "circle", "kind"]
    one = table.drop_duplicates(keys).set_index(keys)
    columns: dict[str, Any] = {}
    for denominator in DENOMINATORS:
        some = table[table["denominator"] == denominator].set_index(keys)
        for name in ("covered", "total", "share"):
            columns[f"{denominator}_{name}"] = some[name].reindex(one.index).to_numpy(float)
    limits = zip(one["limit"], one["limit_unit"], strict=True)
    wide = pd.DataFrame(
        {
            "unit_name": mapped(_level(one, "scope"), scope_names(assessment, lang)),
            "circle": labelled(_level(one, "circle"), standard.circles, lang),
            "kind": labelled(_level(one, "kind"), standard.kinds, lang),
            "limit": [limit_words(limit, unit, lang) for limit, unit in limits],
            "flag": mapped(one["flag"], words(FLAGS, lang)),
            "known_facilities": one["known_facilities"].to_numpy(),
            **columns,
            "unit_id": mapped(_level(one, "scope"), {COUNTY: None}, keep=True),
        }
    )
    return with_headings(wide, lang)


def gaps_readers(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give the gaps by kind and rank, each with a point inside it and why it stands there.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        One row per gap; ``lon`` and ``lat`` in degrees (WGS 84); the mean walk is of those who
        reach one at all.
    """
    table, standard = gap_table(assessment), assessment.standard
    limits = zip(table["limit"], table["limit_unit"], strict=True)
    empty = pd.Series(None, index=table.index, dtype="str")
    names = unit_names(assessment)
    shown = pd.DataFrame(
        {
            "gap_id": table["gap_id"],
            "lacking": labelled(table["kind"], standard.kinds, lang),
            "rank": table["rank"],
            "unit_name": names.reindex(table["unit_id"]).to_numpy(),
            "setting": mapped(table["setting"], words(SETTINGS, lang)),
            "persons": table["persons"],
            "persons_unreached": table.get("persons_unreached", np.nan),
            "limit": [limit_words(limit, unit, lang) for limit, unit in limits],
            "flag": mapped(table["flag"], words(FLAGS, lang)),
            "nearest": table["nearest_facility_name"].fillna(table["nearest_facility_id"]),
            "nearest_minutes": table["nearest_minutes"],
            "why": _why(assessment, table, table.get("priority_reasons", empty), lang),
            "lon": table["lon"],
            "lat": table["lat"],
            "hectares": table["area_m2"] / 1e4,
            "priority": table["priority"],
            "unit_id": table["unit_id"],
        }
    )
    return with_headings(shown, lang)


def gap_summary_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give how many gaps each kind has, and how many residents live in them.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        One row per kind whose gaps are mapped; 0 gaps where all of it lies within the threshold.
    """
    gaps, standard = assessment.gaps, assessment.standard
    by_kind = gaps.groupby("kind")
    kinds = pd.Index(standard.gap_kinds)
    known = assessment.facilities["kind"].value_counts()
    table = pd.DataFrame({"lacking": labelled(kinds, standard.kinds, lang)})
    table["gap_count"] = by_kind.size().reindex(kinds, fill_value=0).to_numpy()
    table["persons"] = by_kind["persons"].sum().reindex(kinds, fill_value=0.0).to_numpy(float)
    if "persons_unreached" in gaps:
        unreached = by_kind["persons_unreached"].sum(min_count=1)
        table["persons_unreached"] = unreached.reindex(kinds, fill_value=0.0).to_numpy(float)
    else:
        table["persons_unreached"] = np.nan
    table["known_facilities"] = known.reindex(kinds, fill_value=0).to_numpy()
    return with_headings(table, lang)


def _level(table: pd.DataFrame, name: str) -> pd.Series:
    return pd.Series(table.index.get_level_values(name))


def _size(requirement: Requirement, lang: Lang) -> str | None:
    asked = (("floor", requirement.floor_m2), ("land", requirement.land_m2))
    told = [
        f"{word(name, lang, size=size.text().replace('m2', 'm²'))} ({word(size.flag, lang)})"
        for name, size in asked
        if size is not None
    ]
    return joined(told, lang) or None


def _scores_of(assessment: Mappable, scopes: list[str], lang: Lang) -> pd.DataFrame:
    table = assessment.unit_scores.reset_index()
    table = table[table["scope"].isin(scopes)].rename(columns={"persons": "judged"})
    kinds = assessment.standard.kinds
    worst = labelled(table["worst_kind"], kinds, lang)
    # A circle that everybody has lacks nothing, which differs from not being known.
    whole = (table["complete_share"] >= 1.0).to_numpy()
    return table.assign(worst_kind=np.where(whole, word("none_lacking", lang), worst))


def _counts_as(
    assessment: Mappable, kinds: pd.Series, status: pd.Series, lang: Lang
) -> npt.NDArray[np.object_]:
    """Name the kinds that each facility counts for, or why it counts for none."""
    standard = assessment.standard
    known = {**standard.kinds, **standard.known}
    told = {}
    for kind in kinds.unique():
        served = standard.serves(kind) if kind in known else ()
        names = joined([known[name].label(lang) for name in served], lang)
        told[kind] = names or word("not_judged", lang)
    idle = status.isin(["idle", "planned", "closed"]).to_numpy()
    return np.where(idle, word("not_serving", lang), mapped(kinds, told))


def _why(assessment: Mappable, gaps: pd.DataFrame, reasons: pd.Series, lang: Lang) -> list[str]:
    """Say what the order is made of: residents beyond the threshold times the unit's weight."""
    pairs = [
        weight_words(rule.zh, rule.en, rule.weight)
        for rule in assessment.standard.priorities.values()
    ]
    told = []
    for persons, weight, reason in zip(gaps["persons"], gaps["priority"], reasons, strict=True):
        shown = f"{persons:,.0f}" if persons >= 1 else f"{persons:.1f}"
        if pd.isna(reason):
            key, text = ("why" if weight == 1 else "why_weight"), ""
        else:
            key, text = "why_reasons", str(reason)
        if lang == "en":
            for zh, en in pairs:
                text = text.replace(zh, en)
            text = text.replace("、", ", ")
        told.append(word(key, lang, persons=shown, weight=f"{weight:g}", reasons=text))
    return told


__all__ = [
    "coverage_readers",
    "facilities_table",
    "gap_summary_table",
    "gaps_readers",
    "notes_table",
    "overview_table",
    "problems_table",
    "scorecard_readers",
    "sources_table",
    "thresholds_table",
    "totals_table",
    "units_table",
    "verdicts_table",
]
