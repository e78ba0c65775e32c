"""What a reader should doubt: findings of the run, missing data, and what differs from the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.findingwords import read_finding
from lifecircle.render.tables.readers_shared import (
    blanks,
    card_of,
    excluded_by_reason,
    limit_words,
    run_of,
    unit_names,
    unknown_kinds,
)
from lifecircle.render.tables.sheets import merge_table
from lifecircle.render.tables.words import heading, joined, texts, with_headings, word
from lifecircle.standards import Lang, clause
from lifecircle.tables import SCOPE_COUNTY

_COLUMNS: Final = ("issue", "about", "what", "count", "remedy")
_UNKNOWN_KINDS: Final = "no facility is known of: "  # told kind by kind below

Rows = Iterator[dict[str, Any]]


def problems_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give what is doubtful about data and standard.

    Parameters
    ----------
    assessment
        Checked tables; ``run``, ``merges`` and ``scorecard`` where it has them.
    lang
        Language of headings and words. A finding whose sentence is not catalogued, and reasons
        that the county wrote in one language, stay as they are.

    Returns
    -------
    pandas.DataFrame
        Kind of issue, what it is about, what was found, how many, and what to do: findings of the
        run; kinds of which no facility is known; unverified values; reports that are missing; what
        the ledgers leave blank; how residents were placed; kinds left out; differences from
        the standard; facilities merged.
    """
    rows = [
        *_findings(assessment, lang),
        *_unknown_kinds(assessment, lang),
        *_unverified(assessment, lang),
        *_reports(assessment, lang),
        *_units(assessment, lang),
        *_blanks(assessment, lang),
        *_placed(assessment, lang),
        *_excluded(assessment, lang),
        *_changed(assessment, lang),
        *_merged(assessment, lang),
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return with_headings(table.astype({"count": float}), lang)


def _row(
    issue: str, text: str, lang: Lang, about: str = "", count: float | None = None, **values: object
) -> dict[str, Any]:
    what, remedy = (part.format(**values) for part in texts("issues", lang)[text].split("|", 1))
    return {
        "issue": word(f"issue_{issue}", lang),
        "about": about or None,
        "what": what,
        "count": count,
        "remedy": remedy,
    }


def _findings(assessment: Mappable, lang: Lang) -> Rows:
    kinds = {**assessment.standard.kinds, **assessment.standard.known}
    for sentence in run_of(assessment).get("warnings", []):
        if str(sentence).startswith(_UNKNOWN_KINDS):
            continue
        found = read_finding(str(sentence), lang, kinds)
        yield {
            "issue": word(found.issue, lang),
            "about": found.about or None,
            "what": found.what,
            "count": None,
            "remedy": found.remedy or None,
        }


def _unknown_kinds(assessment: Mappable, lang: Lang) -> Rows:
    for kind in unknown_kinds(assessment):
        name = assessment.standard.kinds[kind].label(lang)
        yield _row("unknown_kind", "unknown_kind", lang, name, 0)


def _unverified(assessment: Mappable, lang: Lang) -> Rows:
    standard = assessment.standard
    by_basis: dict[tuple[str, str, str], list[str]] = {}
    for r in standard.requirements:
        if r.flag == "unverified":
            limit = limit_words(r.limit, r.unit, lang)
            kinds = by_basis.setdefault((r.circle, limit, r.source), [])
            kinds.append(standard.kinds[r.kind].label(lang))
    for (circle, limit, basis), kinds in by_basis.items():
        about = f"{standard.circles[circle].label(lang)}{word('colon', lang)}{joined(kinds, lang)}"
        told = {"limit": limit, "basis": clause(basis, lang)}
        yield _row("unverified", "unverified", lang, about, len(kinds), **told)
    rule = standard.community
    if rule.flag == "unverified":
        share = f"{rule.share * 100:g}%"
        yield _row("unverified", "community", lang, share=share, basis=clause(rule.source, lang))
    for priority in standard.priorities.values():
        if priority.flag == "unverified":
            weight = f"{priority.weight:g}"
            about, basis = priority.label(lang), clause(priority.source, lang)
            yield _row("unverified", "weight", lang, about, weight=weight, basis=basis)
    for target in standard.targets:
        if target.flag == "unverified" and target.exclude is None:
            basis = clause(target.source, lang)
            yield _row("unverified", "target", lang, target.label(lang), basis=basis)


def _reports(assessment: Mappable, lang: Lang) -> Rows:
    card = card_of(assessment)
    county = card[card.index.get_level_values("scope") == SCOPE_COUNTY]
    for row in county[county["status"] == "unknown"].to_dict("records"):
        lacking = float(row["total"] - row["known"] + row["silent"])
        yield _row(
            "reports", "reports", lang, row[lang], lacking, completeness=row[f"completeness_{lang}"]
        )


def _units(assessment: Mappable, lang: Lang) -> Rows:
    lacking = unit_names(assessment)[assessment.units["residents"].isna()]
    if len(lacking):
        about = joined([str(name) for name in lacking[:10]], lang)
        yield _row("units", "no_residents", lang, about, len(lacking))
    derived = run_of(assessment).get("counts", {}).get("settings_derived", 0)
    if derived:
        yield _row("units", "settings", lang, count=derived)


def _blanks(assessment: Mappable, lang: Lang) -> Rows:
    """Count places, each once, of which no entry knows an attribute."""
    for name, lacking in blanks(assessment).items():
        if lacking:
            yield _row("blank", "blank", lang, count=lacking, field=heading(name, lang))


def _placed(assessment: Mappable, lang: Lang) -> Rows:
    ways = Counter(run_of(assessment).get("population_placed_by", {}).values())
    told = texts("placed", lang)
    for way, count in ways.most_common():
        yield _row("placed", "placed", lang, count=count, how=told.get(way, way))


def _excluded(assessment: Mappable, lang: Lang) -> Rows:
    for reason, names in excluded_by_reason(assessment, lang).items():
        yield _row("excluded", "excluded", lang, joined(names, lang), len(names), reason=reason)


def _changed(assessment: Mappable, lang: Lang) -> Rows:
    for change in assessment.standard.changes:
        yield _row("changed", "changed", lang, change=change.label(lang))


def _merged(assessment: Mappable, lang: Lang) -> Rows:
    for merge in merge_table(assessment).to_dict("records"):
        name, other = (
            merge["facility_id"] if pd.isna(merge["name"]) else merge["name"],
            merge["other_id"] if pd.isna(merge["other_name"]) else merge["other_name"],
        )
        yield _row("merged", "merged", lang, str(name), other=other)
