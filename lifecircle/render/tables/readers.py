"""The tables of an assessment as planners read them: readable headings, Chinese or English.

Columns that a reader sorts by are numbers: persons, minutes, shares from 0 to 1. Missing stays
missing; a dash or a word belongs to whoever draws the table, as
`lifecircle.render.tables.words.figures` tells of the values below a heading.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.config import datasets
from lifecircle.render.mappable import Mappable
from lifecircle.render.rounding import is_below_one, whole_persons
from lifecircle.render.tables.readers_issues import problems_table
from lifecircle.render.tables.readers_notes import notes_table
from lifecircle.render.tables.readers_places import facilities_table, named_place
from lifecircle.render.tables.readers_plan import scorecard_readers, verdicts_table
from lifecircle.render.tables.readers_shared import (
    excluded_kinds,
    inventory_of,
    judged_settings,
    labelled,
    limit_words,
    mapped,
    place_ids,
    run_of,
    scope_names,
    unit_names,
    unknown_kinds,
)
from lifecircle.render.tables.sheets import coverage_table, gap_table
from lifecircle.render.tables.words import joined, texts, weight_words, with_headings, word, words
from lifecircle.standards import Lang, Requirement, clause
from lifecircle.tables import DENOMINATORS, FLAGS, SCOPE_COUNTY, SETTINGS

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
        uses = [re.split(r"[.\[]", key)[0]]
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
            "basis": clause(r.source, lang),
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
    county = _scores_of(assessment, [SCOPE_COUNTY], lang).drop(columns="scope")
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
    units, cells = assessment.units, assessment.cells
    settings = judged_settings(assessment)
    inside = cells["setting"].isin(settings)
    off = cells["persons"][cells["access_m"].isna()].sum() if "access_m" in cells else np.nan
    values = {
        "residents": units["residents"].sum(min_count=1),
        "placed": cells["persons"].sum(),
        "judged": cells["persons"][inside].sum(),
        "not_judged": cells["persons"][~inside].sum(),
        "off_network": off,
        "units": len(units),
        "units_not_judged": (~units["setting"].isin(settings)).sum(),
        "known": place_ids(inventory_of(assessment)).nunique(),
        "kinds": len(assessment.standard.required()),
        "kinds_unknown": len(unknown_kinds(assessment)),
        "kinds_excluded": len(excluded_kinds(assessment)),
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
        nothing to take a share of, and where no facility of the kind is known; so is what is
        covered.
    """
    standard = assessment.standard
    table = coverage_table(assessment)
    keys = ["scope", "circle", "kind"]
    one = table.drop_duplicates(keys).set_index(keys)
    # Of a kind without records nobody knows whom it covers: that is no 0.
    known = one["known_facilities"] > 0
    columns: dict[str, Any] = {}
    for denominator in DENOMINATORS:
        some = table[table["denominator"] == denominator].set_index(keys).reindex(one.index)
        columns[f"{denominator}_covered"] = some["covered"].where(known).to_numpy(float)
        columns[f"{denominator}_total"] = some["total"].to_numpy(float)
        columns[f"{denominator}_share"] = some["share"].where(known).to_numpy(float)
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
            "unit_id": mapped(_level(one, "scope"), {SCOPE_COUNTY: None}, keep=True),
        }
    )
    return with_headings(wide, lang)


def gaps_readers(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give the gaps by kind and rank, each with where its residents live and why it ranks there.

    Parameters
    ----------
    assessment, lang
        As for `sources_table`.

    Returns
    -------
    pandas.DataFrame
        One row per gap; ``lon`` and ``lat`` in degrees (WGS 84), where its residents live most
        densely; the mean walk is of those who reach one at all. How sure each gap is, where
        settings were swept.
    """
    table, standard = gap_table(assessment), assessment.standard
    limits = zip(table["limit"], table["limit_unit"], strict=True)
    empty = pd.Series(None, index=table.index, dtype="str")
    names = unit_names(assessment)
    unknown, none = set(unknown_kinds(assessment)), word("none_known", lang)
    nearest = ("nearest_facility_id", "nearest_facility_name", "kind")
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
            "nearest": [
                (none if kind in unknown else None)
                if pd.isna(key)
                else named_place(name, kind, standard.kinds, lang)
                for key, name, kind in zip(*(table[name] for name in nearest), strict=True)
            ],
            "nearest_minutes": table["nearest_minutes"],
            "why": _why(assessment, table, table.get("priority_reasons", empty), lang),
            "lon": table["lon"],
            "lat": table["lat"],
            "hectares": table["area_m2"] / 1e4,
            "priority": table["priority"],
            "unit_id": table["unit_id"],
        }
    )
    if "verdict" in table:
        shown.insert(3, "how_sure", table[f"verdict_{lang}"])
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
    standard, unknown = assessment.standard, set(unknown_kinds(assessment))
    worst = labelled(table["worst_kind"], standard.kinds, lang)
    # A kind without records comes out furthest from everybody, which says nothing of the place.
    silent = table["worst_kind"].isin(unknown).to_numpy()
    counts = {
        circle: sum(r.kind in unknown for r in standard.for_circle(circle))
        for circle in standard.circles
    }
    told = {key: word("kinds_silent", lang, count=count) for key, count in counts.items()}
    worst = np.where(silent, mapped(table["circle"], told), worst)
    # A circle that everybody has lacks nothing, which differs from not being known.
    whole = (table["complete_share"] >= 1.0).to_numpy()
    return table.assign(worst_kind=np.where(whole, word("none_lacking", lang), worst))


def _why(assessment: Mappable, gaps: pd.DataFrame, reasons: pd.Series, lang: Lang) -> list[str]:
    """Say what the order is made of: residents beyond the threshold times the unit's weight."""
    pairs = [
        weight_words(rule.zh, rule.en, rule.weight)
        for rule in assessment.standard.priorities.values()
    ]
    told = []
    for persons, weight, reason in zip(gaps["persons"], gaps["priority"], reasons, strict=True):
        shown = word("below_one", lang)
        if not is_below_one(persons):
            shown = f"{whole_persons(float(persons)):,.0f}"
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
