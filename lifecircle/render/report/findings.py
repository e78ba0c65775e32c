"""Sentences that the figures carry: no figure, no sentence; and which of them come first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import pandas as pd

from lifecircle.plan import empty_scorecard
from lifecircle.plan.verdict import STATUS
from lifecircle.render.mappable import Mappable
from lifecircle.render.report.asked import unverified_words
from lifecircle.render.report.text import (
    count,
    joined,
    minutes,
    percent,
    percent_beyond,
    plain,
    report_words,
    travel_words,
)
from lifecircle.render.tables.readers_shared import excluded_kinds, unknown_kinds
from lifecircle.render.walking_words import rides
from lifecircle.standards import Lang, Requirement
from lifecircle.standards.changes import limit_text
from lifecircle.tables import SCOPE_COUNTY

LEADING: Final = 3
"""How many findings lead."""

_TOLD: Final = 3  # services by unverified thresholds that are told; the tables have all of them
_SOMEBODY: Final = 0.5  # residents: fewer are printed as 0, and lead nothing

Topic = Literal["circle", "service", "unknown", "scorecard", "excluded", "off_network"]


@dataclass(frozen=True)
class Finding:
    """One sentence, and the figures that it says.

    Parameters
    ----------
    topic
        What it speaks of.
    scope
        ``"county"``, or the unit that it names.
    text
        The sentence, in the language asked for.
    figures
        Name -> value behind each number of the sentence, not rounded.
    weight
        Residents concerned x the priority of their units: what findings are ordered by.
    leads
        Whether it is one of the few that matter most.
    rank
        From 1.
    """

    topic: Topic
    scope: str
    text: str
    figures: Mapping[str, float] = field(default_factory=dict)
    weight: float = 0.0
    leads: bool = False
    rank: int = 0


@dataclass(frozen=True)
class _Candidate:
    finding: Finding
    sure: bool
    planned: bool
    subject: str


def findings(assessment: Mappable, lang: Lang = "zh") -> list[Finding]:
    """Say in sentences what the figures show, the most important first.

    Parameters
    ----------
    assessment
        Checked tables; ``scorecard`` and ``run`` where it has them.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    list of Finding
        Ranked. The first ones lead, at most `LEADING`; the same tables give the same list.

    Notes
    -----
    The rule, ours, which the report prints too: first the circle that most residents do not have
    complete; then the services that most residents have beyond their threshold, those whose gaps
    the standard wants closed (``gap_kinds``) before others, each kind once. Residents count by
    the priority of their unit. What an unverified threshold decides, or a kind of which no
    facility is known, is told but does not lead; where nothing else is left, nothing leads.
    No sentence says why something is so.
    """
    circles = _circles(assessment, lang)
    services = sorted(_services(assessment, lang), key=_order)
    leads: list[_Candidate] = []
    for candidate in [*sorted(circles, key=_order)[:1], *services]:
        taken = {lead.subject for lead in leads}
        if candidate.sure and candidate.subject not in taken and len(leads) < LEADING:
            leads.append(candidate)
    rest = [candidate for candidate in circles if candidate not in leads]
    doubtful = [c for c in services if c.planned and c not in leads][:_TOLD]
    told = [
        *(replace(candidate.finding, leads=True) for candidate in leads),
        *(candidate.finding for candidate in [*rest, *doubtful]),
        *_unknown(assessment, lang),
        *_scorecard(assessment, lang),
        *_excluded(assessment, lang),
        *_off_network(assessment, lang),
    ]
    return [replace(finding, rank=rank) for rank, finding in enumerate(told, start=1)]


def _order(candidate: _Candidate) -> tuple[bool, bool, float, str]:
    found = candidate.finding
    return not candidate.sure, not candidate.planned, -found.weight, candidate.subject


def _circles(assessment: Mappable, lang: Lang) -> list[_Candidate]:
    text, standard = report_words(lang), assessment.standard
    unknown = set(unknown_kinds(assessment))
    found = []
    for circle, entry in standard.circles.items():
        if (SCOPE_COUNTY, circle) not in assessment.unit_scores.index:
            continue
        row: Any = assessment.unit_scores.loc[(SCOPE_COUNTY, circle)]
        persons, share = _number(row["persons"]), _number(row["complete_share"])
        if persons is None or share is None or persons <= 0:
            continue
        lacking = persons * (1.0 - share)
        worst, unsure = row["worst_kind"], _number(row["unverified_share"]) or 0.0
        named = isinstance(worst, str) and worst in standard.kinds and worst not in unknown
        silent = [r.kind for r in standard.for_circle(circle) if r.kind in unknown]
        figures = {"persons": persons, "complete_share": share, "lacking": lacking}
        sentence = text["found_circle" if lacking >= _SOMEBODY else "found_circle_all"].format(
            circle=plain(entry.label(lang)),
            persons=count(persons, lang),
            share=percent(share),
            lacking=count(lacking, lang),
        )
        if named and lacking >= _SOMEBODY:
            kind = plain(standard.kinds[worst].label(lang))
            sentence += text["found_worst"].format(kind=kind)
        if silent:
            figures["kinds_unknown"] = float(len(silent))
            sentence += text["found_silent"].format(count=len(silent))
        limits = unverified_words(assessment, circle, lang)
        if limits:
            sentence += text["semicolon"] + limits
        if unsure > 0:
            figures["unverified_share"] = unsure
            sentence += text["found_unsure"].format(share=percent(unsure))
        finding = Finding(
            "circle", SCOPE_COUNTY, sentence + text["stop"], figures, _weighed(assessment, circle)
        )
        sure = unsure < 0.5 and not silent and lacking >= _SOMEBODY
        found.append(_Candidate(finding, sure, planned=True, subject=circle))
    return found


def _weighed(assessment: Mappable, circle: str) -> float:
    """Give the residents without the whole circle, each by the priority of the unit."""
    table = assessment.unit_scores.xs(circle, level="circle").drop(SCOPE_COUNTY, errors="ignore")
    lacking = table["persons"].astype(float) * (1.0 - table["complete_share"].astype(float))
    priority = assessment.units["priority"].reindex(table.index)
    return float((lacking * priority).fillna(0.0).sum())


def _services(assessment: Mappable, lang: Lang) -> list[_Candidate]:
    found = []
    known = set(assessment.facilities["kind"])
    counted = assessment.coverage.index.get_level_values("denominator") == "population"
    people = assessment.coverage[counted].droplevel("denominator")
    for r in assessment.standard.requirements:
        if r.kind not in known or (SCOPE_COUNTY, r.circle, r.kind) not in people.index:
            continue
        rows = people.xs((r.circle, r.kind), level=("circle", "kind"))
        beyond = (rows["total"] - rows["covered"]).astype(float).clip(lower=0.0)
        total, share = (_number(rows[name][SCOPE_COUNTY]) for name in ("total", "share"))
        lacking = float(beyond[SCOPE_COUNTY])
        if total is None or share is None or lacking < _SOMEBODY:
            continue
        units = beyond.drop(SCOPE_COUNTY)
        weight = float((units * assessment.units["priority"].reindex(units.index)).sum())
        finding = _service(assessment, r, lang, {"beyond": lacking, "share": share, "total": total})
        sure = r.flag != "unverified"
        planned = r.kind in assessment.standard.gap_kinds
        found.append(_Candidate(replace(finding, weight=weight), sure, planned, r.kind))
    return found


def _service(
    assessment: Mappable, requirement: Requirement, lang: Lang, figures: dict[str, float]
) -> Finding:
    text = travel_words(lang, riding=rides(assessment.config))
    standard = assessment.standard
    circle = standard.circles[requirement.circle]
    sentence = text["found_service"].format(
        kind=plain(standard.kinds[requirement.kind].label(lang)),
        circle=plain(circle.label(lang)),
        limit=limit_text(requirement)[lang == "en"],
        unsure=text["unverified_mark"] if requirement.flag == "unverified" else "",
        beyond=count(figures["beyond"], lang),
        share=percent_beyond(figures["share"]),
    )
    gaps = assessment.gaps
    gaps = gaps[(gaps["kind"] == requirement.kind) & gaps["setting"].isin(circle.settings)]
    scope = SCOPE_COUNTY
    if len(gaps):
        first: Any = gaps.sort_values("rank", kind="stable").iloc[0]
        walk = _number(first["nearest_minutes"])
        scope = str(first["unit_id"])
        figures = {**figures, "gap_persons": float(first["persons"])}
        if walk is not None:
            figures["gap_minutes"] = walk
        sentence += text["found_gap" if walk is not None else "found_gap_unreached"].format(
            unit=unit_name(assessment, scope),
            persons=count(first["persons"], lang),
            minutes=minutes(walk),
        )
    return Finding("service", scope, sentence + text["stop"], figures)


def _unknown(assessment: Mappable, lang: Lang) -> Iterable[Finding]:
    kinds = unknown_kinds(assessment)
    if kinds:
        yield _kinds(assessment, "unknown", kinds, lang)


def _excluded(assessment: Mappable, lang: Lang) -> Iterable[Finding]:
    kinds = excluded_kinds(assessment)
    if kinds:
        yield _kinds(assessment, "excluded", kinds, lang)


def _kinds(
    assessment: Mappable, topic: Literal["unknown", "excluded"], kinds: list[str], lang: Lang
) -> Finding:
    standard, text = assessment.standard, report_words(lang)
    names = [
        plain((standard.kinds.get(kind) or standard.known[kind]).label(lang))
        if kind in standard.kinds or kind in standard.known
        else plain(kind)
        for kind in kinds
    ]
    sentence = text[f"found_{topic}"].format(count=len(kinds), kinds=joined(names, lang))
    return Finding(topic, SCOPE_COUNTY, sentence + text["stop"], {"kinds": float(len(kinds))})


def _scorecard(assessment: Mappable, lang: Lang) -> Iterable[Finding]:
    card = getattr(assessment, "scorecard", None)
    card = empty_scorecard() if card is None else card
    status = card["status"][card.index.get_level_values("scope") == SCOPE_COUNTY]
    judged = {name: int((status == name).sum()) for name in ("met", "not met", "unknown")}
    if not len(status):
        return
    text, rest = report_words(lang), len(status) - sum(judged.values())
    sentence = text["found_scorecard"].format(
        total=len(status),
        met=judged["met"],
        not_met=judged["not met"],
        unknown=judged["unknown"],
    )
    counts = status.value_counts()
    others = [
        text[f"card_{name.replace(' ', '_')}"].format(count=int(counts[name]))
        for name in STATUS
        if name not in judged and counts.get(name, 0)
    ]
    if others:
        sentence += text["found_scorecard_rest"].format(others=joined(others, lang))
    figures = {name.replace(" ", "_"): float(number) for name, number in judged.items()}
    figures |= {"targets": float(len(status)), "not_judged": float(rest)}
    yield Finding("scorecard", SCOPE_COUNTY, sentence + text["stop"], figures)


def _off_network(assessment: Mappable, lang: Lang) -> Iterable[Finding]:
    run = getattr(assessment, "run", None) or {}
    people = run.get("population", {})
    off, assessed = _number(people.get("off_network")), _number(people.get("assessed"))
    if off is not None and assessed and off >= _SOMEBODY:
        text = report_words(lang)
        sentence = text["found_off_network"].format(
            persons=count(off, lang), share=percent(off / assessed)
        )
        figures = {"off_network": off, "assessed": assessed}
        yield Finding("off_network", SCOPE_COUNTY, sentence + text["stop"], figures)


def unit_name(assessment: Mappable, unit_id: str) -> str:
    """Give a unit's name as the report prints it, or its id where it has none.

    Parameters
    ----------
    assessment
        Checked tables.
    unit_id
        The unit.
    """
    names = assessment.units["name"]
    return plain(names.get(unit_id)) or plain(unit_id)


def _number(value: Any) -> float | None:
    if value is None or pd.isna(value) or not math.isfinite(float(value)):
        return None
    return float(value)
