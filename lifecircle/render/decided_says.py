"""What helps to decide, in sentences: the same in the workbook and the report."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.text import count, joined, minutes, percent, plain
from lifecircle.render.tables.decided import decisions_of, kinds_of
from lifecircle.render.tables.decided_words import decided_word
from lifecircle.render.tables.readers_shared import unit_names
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY
from lifecircle.tables.decisions import Confidence, Moments, Sited, Supplied

_UNITS: Final = 8  # units that a sentence names
_DIFFER: Final = 8  # figures that do not agree, told one by one


def supply_says(assessment: Mappable, supplied: Supplied, lang: Lang) -> list[str]:
    """Say how much of a service there is, and how unevenly.

    Parameters
    ----------
    assessment
        Names kinds and units.
    supplied
        One kind's supply.
    lang
        Language.

    Returns
    -------
    list of str
        Sentences; what does not apply is left out.
    """
    text, units = says(lang), supplied.units
    county = _row(units, SCOPE_COUNTY)
    said = [
        text["supply"].format(
            kind=_kind(assessment, supplied.kind, lang),
            method=supplied.method.upper(),
            minutes=f"{supplied.minutes:g}",
            supply=_rate(county["supply"]),
            unreached=count(county["unreached"], lang),
            share=percent(county["unreached_share"]),
            gini=_rate(county["gini"]),
        )
    ]
    curve = supplied.lorenz
    if len(curve) > 1 and curve["supply"].notna().all():
        half = float(np.interp(0.5, curve["people"], curve["supply"]))
        said.append(text["supply_half"].format(share=percent(half)))
    each = units.drop(SCOPE_COUNTY)
    named = unit_names(assessment).reindex(each.index)
    without = each["unreached_share"] >= 1.0
    if without.any():
        names = [plain(name) for name in named[without]]
        said.append(text["supply_none_in"].format(count=len(names), units=_some(names, lang)))
    if each["supply"].max() > 0:
        best: Any = each["supply"].idxmax()
        told = {"unit": plain(named[best]), "supply": _rate(each["supply"][best])}
        said.append(text["supply_best"].format(**told))
    if county["unknown"] >= 0.5:
        said.append(text["supply_unknown"].format(persons=count(county["unknown"], lang)))
    if supplied.demand != "persons":
        said.append(text["supply_group"].format(column=plain(supplied.demand)))
    return [*said, _capacity(supplied, lang)]


def sited_says(assessment: Mappable, sited: Sited, lang: Lang) -> list[str]:
    """Say what the proposed sites do, and how far from the best they can be.

    Parameters
    ----------
    assessment
        Names kinds.
    sited
        One kind's sites.
    lang
        Language.
    """
    text, asked = says(lang), sited.asked
    total = float(asked["persons_judged"])
    before, after = float(asked["persons_served_before"]), float(asked["persons_served_after"])
    said = [
        text["sited"].format(
            kind=_kind(assessment, sited.kind, lang),
            objective=decided_word("objective", asked["objective"], lang),
            candidates=count(asked["candidates"], lang),
            sites=count(len(sited.sites), lang),
            before=count(before, lang),
            before_share=percent(before / total if total else None),
            after=count(after, lang),
            after_share=percent(after / total if total else None),
            gained=count(after - before, lang),
        )
    ]
    if asked["gap"] == 0:
        said.append(text["sited_best"])
    else:
        bound = text[f"bound_{asked['objective']}"].format(number=_bound(sited, lang))
        # Rounded up: the gap is at most what is said.
        gap = f"{np.ceil(round(float(asked['gap']) * 1000.0, 6)) / 10.0:.1f}%"
        said.append(text["sited_gap"].format(gap=gap, bound=bound))
    if asked.get("capacity_per_site"):
        persons = count(float(asked["capacity_per_site"]), lang)
        said.append(text["sited_capacity"].format(persons=persons))
    source = str(asked["candidates_from"])
    known = source if source in {"nodes", "idle"} else "file"
    return [*said, text[f"from_{known}"].format(file=plain(Path(source).name))]


def moments_say(assessment: Mappable, moments: Moments, lang: Lang) -> list[str]:
    """Say what opening hours make of coverage, and what is known of them.

    Parameters
    ----------
    assessment
        Names kinds and circles.
    moments
        Coverage by opening hours.
    lang
        Language.
    """
    text, eight = says(lang), moments.eight_hours
    facilities, known = (int(eight[name].sum()) for name in ("facilities", "known"))
    said = [text["moments"].format(facilities=count(facilities, lang), known=count(known, lang))]
    if 2 * known < facilities:
        said.append(text["moments_unknown"])
    else:
        said += _widest_moment(assessment, moments, lang)
    meant = eight[eight["judged"].astype(bool)] if "judged" in eight else eight
    if len(meant):
        sums = {
            name: count(float(meant[name].sum()), lang)
            for name in ("facilities", "known", "eight", "unknown")
        }
        said.append(text["eight_hours"].format(**sums))
    return said


def confidence_says(assessment: Mappable, sure: Confidence, lang: Lang) -> list[str]:
    """Say what was varied, and how many gaps persist; the first sentence leads to the next three.

    Parameters
    ----------
    assessment
        Its gaps.
    sure
        The sweep.
    lang
        Language.
    """
    text, asked = says(lang), sure.asked
    sums = verdict_sums(assessment, sure)
    said = [
        text["swept"].format(
            settings=asked["settings"], ranges=_ranges(asked, lang), seed=asked["seed"]
        )
    ]
    robust = f"{asked['robust'] * 100:g}%"
    said += [
        text[verdict].format(count=count(gaps, lang), persons=count(persons, lang), share=robust)
        + text["stop"]
        for verdict, (gaps, persons) in sums.items()
        if gaps or verdict == "robust"
    ]
    said.append(text["persons_twice"])
    said.append(text["robust_rule"].format(persists=f"{asked.get('persists', 0.5) * 100:g}%"))
    judged = sure.gaps
    if "facilities" in judged:
        silent = int(((judged["verdict"] == "robust") & (judged["facilities"] == 0)).sum())
        if silent:
            said.append(text["robust_unknown_kind"].format(count=silent))
    spread = (sure.coverage["high"] - sure.coverage["low"]).astype(float)
    if len(spread) and spread.max() > 0:
        row = _row(sure.coverage, spread.idxmax())
        told = {name: percent(row[name]) for name in ("low", "high")}
        said.append(
            text["covered_widest"].format(
                **_named(assessment, spread.idxmax(), lang), own=percent(row["share"]), **told
            )
        )
    return said


def robust_says(assessment: Mappable, lang: Lang) -> list[str]:
    """Say which gaps stand whatever the setting, kind by kind, and how many do not.

    Parameters
    ----------
    assessment
        Its gaps, and ``decisions``, where it has them.
    lang
        Language.

    Returns
    -------
    list of str
        A sentence per kind, of most residents first, and one on all other gaps; one that says so
        where no settings were swept.
    """
    text, sure = says(lang), decisions_of(assessment).confidence
    if sure is None:
        return [text["not_swept"]]
    gaps = assessment.gaps.join(sure.gaps[["verdict"]])
    robust = gaps[gaps["verdict"] == "robust"]
    kinds = robust.groupby("kind")["persons"].sum().sort_values(ascending=False, kind="stable")
    known, names = set(assessment.facilities["kind"]), unit_names(assessment)
    said = []
    for kind, persons in kinds.items():
        some = robust[robust["kind"] == kind]
        largest: Any = some.loc[some["persons"].idxmax()]
        sentence = text["robust_kind"].format(
            kind=_kind(assessment, str(kind), lang),
            count=count(len(some), lang),
            persons=count(persons, lang),
            unit=plain(names.get(largest["unit_id"], largest["unit_id"])),
            most=count(largest["persons"], lang),
        )
        unsure = int((some["flag"] == "unverified").sum())
        sentence += text["robust_unsure"].format(count=unsure) if unsure else ""
        sentence += "" if kind in known else text["robust_silent"]
        said.append(sentence + text["stop"])
    others = [
        text[f"other_{name}"].format(count=count(gaps, lang), persons=count(persons, lang))
        for name, (gaps, persons) in verdict_sums(assessment, sure).items()
        if name != "robust" and gaps
    ]
    if not others:
        return [*said, text["all_robust"]]
    return [*said, text["not_robust"].format(others=text["comma"].join(others))]


def edge_says(assessment: Mappable, sure: Confidence, lang: Lang) -> list[str]:
    """Say what the county's edge does to coverage.

    Parameters
    ----------
    assessment
        Names kinds and circles.
    sure
        The sweep, with its table of the edge.
    lang
        Language.
    """
    text, edge = says(lang), sure.edge
    if not len(edge):
        return []
    said = []
    known = edge["outside_known"].astype(bool)
    if known.any():
        several = edge[known].index.unique("kind")
        most = edge[known]["rim_decided"].astype(float)
        row = _row(edge, most.idxmax())
        if most.max() >= 0.5:
            told = {"share": percent(row["share"]), "cut": percent(row["cut_share"])}
            persons = count(most.max(), lang)
            named = _named(assessment, most.idxmax(), lang)
            said.append(
                text["edge_cut"].format(count=len(several), persons=persons, **named, **told)
            )
        else:
            said.append(text["edge_no_effect"].format(count=len(several)))
    silent = edge[~known]
    if len(silent) and silent["rim_lacking"].max() >= 0.5:
        most = silent["rim_lacking"].astype(float)
        said.append(
            text["edge_unknown"].format(
                count=len(silent.index.unique("kind")),
                persons=count(most.max(), lang),
                **_named(assessment, most.idxmax(), lang),
            )
        )
    return said


def reconciled_says(assessment: Mappable, lang: Lang) -> tuple[list[str], list[str]]:
    """Say how what was read compares with what is known, and what differs.

    Parameters
    ----------
    assessment
        ``decisions``.
    lang
        Language.

    Returns
    -------
    sentences, differing
        What was compared; each figure that differs, of the county first, then of most weight.
    """
    text, table = says(lang), decisions_of(assessment).reconciled
    sums = {name: int((table["verdict"] == name).sum()) for name in ("agrees", "low", "high")}
    unknown = int((table["verdict"] == "unknown").sum())
    said = [text["reconciled"].format(count=sum(sums.values()), unknown=unknown, **sums)]
    source = assessment.config.reconcile.source
    if source:
        said.append(text["reconciled_source"].format(source=plain(source, 120)))
    differing = table[table["verdict"].isin(["low", "high"])].reset_index()
    differing = differing.assign(_own=differing["scope"] != SCOPE_COUNTY)
    differing = differing.sort_values("_own", kind="stable")
    names = {**unit_names(assessment), SCOPE_COUNTY: text["county"]}
    told = [_differs(assessment, row, names, lang) for row in differing.to_dict("records")]
    more = len(told) - _DIFFER
    if more > 0:
        return said, [*told[:_DIFFER], text["reconciled_more"].format(count=more)]
    return said, told


def verdict_sums(assessment: Mappable, sure: Confidence) -> dict[str, tuple[int, float]]:
    """Count the gaps of each verdict, and the residents in them.

    Parameters
    ----------
    assessment
        Its gaps.
    sure
        The sweep.

    Returns
    -------
    dict
        ``robust``, ``sensitive``, ``no_road`` -> gaps, residents.
    """
    persons = assessment.gaps["persons"].reindex(sure.gaps.index)
    found = {}
    for verdict in ("robust", "sensitive", "no_road"):
        some = sure.gaps["verdict"] == verdict
        found[verdict] = int(some.sum()), float(persons[some].sum())
    return found


# --- parts of sentences -----------------------------------------------------------------------


def _capacity(supplied: Supplied, lang: Lang) -> str:
    if supplied.capacity is None:
        return says(lang)["supply_each_one"]
    return says(lang)["supply_capacity"].format(column=plain(supplied.capacity))


def _bound(sited: Sited, lang: Lang) -> str:
    bound = float(sited.asked["bound"])
    if sited.asked["objective"] in {"pmedian", "pcenter"}:  # in seconds
        bound /= 60.0
    return minutes(bound) if sited.asked["objective"] == "pcenter" else count(bound, lang)


def _widest_moment(assessment: Mappable, moments: Moments, lang: Lang) -> Iterator[str]:
    """Name for each moment the service that loses most residents for sure."""
    table = moments.coverage
    county = table[table.index.get_level_values("scope") == SCOPE_COUNTY].droplevel("scope")
    lost = (county["covered_any"] - county["covered_low"]).astype(float)
    for key, label in moments.labels.items():
        here = lost[lost.index.get_level_values("moment") == key].droplevel("moment")
        if not len(here) or not here.max() >= 0.5:
            continue
        worst: Any = here.idxmax()
        row = _row(county, (key, *worst))
        shares = {name: percent(row[f"covered_{name}"] / row["persons"]) for name in ("low", "any")}
        named = _named(assessment, worst, lang)
        yield says(lang)["moment_widest"].format(moment=label[lang], **named, **shares)


def _ranges(asked: Mapping[str, Any], lang: Lang) -> str:
    text = says(lang)
    told = []
    for name, key in (("speed", "speed_m_min"), ("snap", "snap_limit_m")):
        low, high = asked[key]
        told.append(text[f"range_{name}"].format(low=f"{low:g}", high=f"{high:g}"))
    for name, key in (("population", "populations"), ("facilities", "facilities")):
        several = len(asked.get(key, ()))
        if several > 1:
            told.append(text[f"range_{name}"].format(count=several))
    return text["comma"].join(told)


def _differs(
    assessment: Mappable, row: Mapping[Any, Any], names: Mapping[str, str], lang: Lang
) -> str:
    what = decided_word("subject", row["subject"], lang)
    key = row["key"]
    if key:
        kind = _kind(assessment, key, lang) if key in kinds_of(assessment) else ""
        what += " · " + (kind or decided_word("key", key, lang))
    figures = {
        name: f"{row[name]:,.1f}" if row["subject"] == "roads" else count(row[name], lang)
        for name in ("measured", "known")
    }
    return says(lang)["reconciled_differs"].format(
        what=what,
        scope=plain(names.get(row["scope"], row["scope"])),
        verdict=decided_word("verdict", row["verdict"], lang),
        **figures,
    )


def _named(assessment: Mappable, requirement: Any, lang: Lang) -> dict[str, str]:
    circle, kind = requirement
    circles = assessment.standard.circles
    told = circles[circle].label(lang) if circle in circles else circle
    return {"circle": plain(told), "kind": _kind(assessment, kind, lang)}


def _row(table: pd.DataFrame, key: Any) -> Any:
    return table.loc[key]


def _kind(assessment: Mappable, kind: str, lang: Lang) -> str:
    entry = kinds_of(assessment).get(kind)
    return plain(kind if entry is None else entry.label(lang))


def _some(names: Sequence[str], lang: Lang) -> str:
    shown = joined(names[:_UNITS], lang)
    return shown + says(lang)["and_others"] if len(names) > _UNITS else shown


def _rate(value: Any) -> str:
    return "–" if pd.isna(value) else f"{float(value):.3f}"


@cache
def says(lang: Lang) -> Mapping[str, str]:
    """Give the sentences of one language, with places."""
    file = resources.files(__package__) / "templates" / "decided_says.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: entry[lang] for key, entry in entries.items()}
