"""Chapters of the report that say what was found: summary, method, circles, gaps, targets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.asked import judged_part, limit_lines, unverified_words
from lifecircle.render.report.decided import not_swept, robust_lead
from lifecircle.render.report.figures import Figures
from lifecircle.render.report.findings import LEADING, Finding, unit_name
from lifecircle.render.report.model import (
    Grid,
    Heading,
    Paragraph,
    Part,
    Picture,
    grid,
    text_grid,
)
from lifecircle.render.report.text import (
    count,
    joined,
    minutes,
    percent,
    plain,
    points,
    report_words,
    travel_words,
)
from lifecircle.render.tables.readers import (
    coverage_readers,
    gaps_readers,
    overview_table,
    scorecard_readers,
    units_table,
)
from lifecircle.render.tables.readers_shared import card_of, limit_words, run_of, unknown_kinds
from lifecircle.render.tables.sheets import gap_table
from lifecircle.render.tables.words import heading, word
from lifecircle.render.walking_words import profile_words, rides, walking_words
from lifecircle.standards import SURENESS, Lang, clause, read_standard, standard_names
from lifecircle.standards.changes import Change
from lifecircle.tables import SCOPE_COUNTY

_GAPS: Final = 10  # places of each kind in the body
_CHANGES: Final = 12
_UNITS: Final = 40  # rows of the table of units
_VERDICTS: Final = ("not met", "met", "unknown")


def summary(assessment: Mappable, told: Sequence[Finding], lang: Lang) -> Iterator[Part]:
    """Write the summary: what was judged, the findings that matter, and what else to know.

    Parameters
    ----------
    assessment
        Checked tables.
    told
        The findings, ranked.
    lang
        Language.
    """
    text = report_words(lang)
    yield Heading(1, text["chapter_summary"])
    yield Paragraph(_judged(assessment, lang))
    yield from robust_lead(assessment, lang)
    leading = [finding for finding in told if finding.leads]
    if leading:
        yield Paragraph(text["leads"].format(count=len(leading)))
        for finding in leading:
            yield Paragraph(f"{finding.rank}. {finding.text}", "lead")
    else:
        yield Paragraph(text["leads_none"])
    others = [finding for finding in told if not finding.leads]
    if others:
        yield Paragraph(text["others"])
    for finding in others:
        yield Paragraph(finding.text, "item")
    yield from not_swept(assessment, lang)
    yield Paragraph(text["rule"].format(count=LEADING), "note")


def method(assessment: Mappable, lang: Lang) -> Iterator[Part]:
    """Write how times are defined, and by which standard they are judged.

    Parameters
    ----------
    assessment
        Checked tables.
    lang
        Language.
    """
    text, standard = report_words(lang), assessment.standard
    yield Heading(1, text["chapter_method"])
    yield Heading(2, text["section_walk"])
    yield from _moving(assessment, lang)
    riding = rides(assessment.config)
    yield Paragraph(travel_words(lang, riding=riding)["rounding"])
    yield Heading(2, text["section_standard"])
    flags = Counter(r.flag for r in standard.requirements)
    counted = joined((f"{word(f, lang)} {flags[f]}" for f in SURENESS if flags[f]), lang)
    yield Paragraph(
        text["standard"].format(
            standard=plain(standard.label(lang), 80),
            source=plain(clause(standard.source, lang), 120),
            own=_own_count(assessment, lang),
            count=len(standard.requirements),
            flags=counted,
            share=f"{standard.community.share * 100:g}",
            flag=word(standard.community.flag, lang),
        )
    )
    if flags["unverified"]:
        yield Paragraph(text["unverified_means"])
    yield _thresholds(assessment, lang)
    if standard.changes:
        yield Paragraph(text["changes"])
        shown = standard.changes[:_CHANGES]
        yield from (Paragraph(plain(_change(assessment, c, lang), 700), "item") for c in shown)
        if len(standard.changes) > len(shown):
            more = len(standard.changes) - len(shown)
            yield Paragraph(text["changes_cut"].format(count=more), "note")
    if standard.notes:
        yield Paragraph(text["notes"])
        yield from (Paragraph(plain(n.label(lang), 700), "item") for n in standard.notes)


def circles(assessment: Mappable, figures: Figures, lang: Lang) -> Iterator[Part]:
    """Write the circles by unit, and the coverage of each service.

    Parameters
    ----------
    assessment
        Checked tables.
    figures
        Their charts.
    lang
        Language.
    """
    text = report_words(lang)
    yield Heading(1, text["chapter_circles"])
    yield Heading(2, text["section_county"])
    keys = ["circle", "judged", "score", "complete_share", "worst_kind", "unverified_share"]
    table = _named(assessment, overview_table(assessment, lang), lang)
    yield grid(table, keys, lang, text["table_county"], note=text["scores_note"])
    yield Heading(2, text["section_units"])
    for circle in assessment.standard.circles:
        yield from (Paragraph(line) for line in _extremes(assessment, circle, lang))
    table = _named(assessment, units_table(assessment, lang), lang)
    if len(table) > _UNITS:
        table = table.sort_values(heading("score", lang), kind="stable")
    keys = ["unit_name", "setting", "circle", "judged", "score", "complete_share", "worst_kind"]
    yield grid(table, keys, lang, text["table_units"], most=_UNITS)
    yield from (Picture(drawing) for drawing in figures.of("units"))
    yield Heading(2, text["section_coverage"])
    yield Paragraph(text["coverage"])
    yield from (Picture(drawing) for drawing in figures.of("coverage"))
    table = _shares(coverage_readers(assessment, lang), lang)
    table = table[table[heading("unit_id", lang)].isna()]
    keys = ["kind", "limit", "flag", "known_facilities"]
    keys += ["population_share", "residential_land_share", "communities_share"]
    for label, some in table.groupby(heading("circle", lang), sort=False):
        caption = text["table_coverage"].format(circle=plain(label))
        yield grid(some, keys, lang, caption, most=60, note=_note_of_unknown(some, lang))


def gaps(assessment: Mappable, lang: Lang) -> Iterator[Part]:
    """Write the gaps of each kind, with the places that come first.

    Parameters
    ----------
    assessment
        Checked tables.
    lang
        Language.
    """
    text, standard = report_words(lang), assessment.standard
    kinds = [kind for kind in standard.gap_kinds if kind in standard.kinds]
    names = [plain(standard.kinds[kind].label(lang)) for kind in kinds]
    if not kinds:
        yield Heading(1, text["chapter_gaps_plain"])
        yield Paragraph(text["gaps_not_asked"])
        return
    yield Heading(1, text["chapter_gaps"].format(kinds=joined(names, lang)))
    yield Paragraph(text["gaps"])
    table = _with_nearest(assessment, gaps_readers(assessment, lang), lang)
    for kind, name in zip(kinds, names, strict=True):
        yield Heading(2, name)
        some = assessment.gaps[assessment.gaps["kind"] == kind]
        if kind not in set(assessment.facilities["kind"]):
            yield Paragraph(text["gap_kind_unknown"].format(kind=name))
        if some.empty:
            yield Paragraph(text["gaps_none"].format(kind=name))
            continue
        yield Paragraph(_gap_sentence(assessment, some, name, lang))
        label = standard.kinds[kind].label(lang)
        rows = table[table[heading("lacking", lang)] == label]
        keys = ["rank", "unit_name", "persons", "nearest_minutes", "nearest", "limit", "flag"]
        keys.append("why")
        if heading("how_sure", lang) in rows:
            keys.insert(1, "how_sure")
        yield grid(rows, keys, lang, text["table_gaps"].format(kind=name), most=_GAPS)


def targets(assessment: Mappable, told: Sequence[Finding], lang: Lang) -> Iterator[Part]:
    """Write the plan's targets beside what is known: missed ones first, then met, then unknown.

    Parameters
    ----------
    assessment
        Checked tables; ``scorecard`` where it has one.
    told
        The findings, ranked.
    lang
        Language.
    """
    text, card = report_words(lang), card_of(assessment)
    yield Heading(1, text["chapter_targets"])
    county = card.index.get_level_values("scope") == SCOPE_COUNTY
    if not county.any():
        yield Paragraph(text["targets_none"])
        return
    for finding in told:
        if finding.topic == "scorecard":
            yield Paragraph(finding.text)
    yield Paragraph(text["targets"])
    table = scorecard_readers(assessment, lang)[county]
    status = card["status"].to_numpy()[county]
    order = [_VERDICTS.index(s) if s in _VERDICTS else len(_VERDICTS) for s in status]
    table = table.iloc[np.argsort(order, kind="stable")]
    table = _card(table, lang)
    keys = ["target", "verdict", "value", "goal", "unit_of_value", "completeness", "unverified"]
    yield grid(table, keys, lang, text["table_targets"], most=60, note=text["targets_note"])


def _moving(assessment: Mappable, lang: Lang) -> Iterator[Paragraph]:
    """Say how people were taken to move, and what that means for their times."""
    text, walk, run = report_words(lang), assessment.config.walk, run_of(assessment)
    how = walking_words(assessment.config, run, lang)
    yield Paragraph(text["walk"].format(how=how, limit=f"{walk.furthest_m:g}"))
    said = []
    if not walk.no_steps:
        said.append(text["walk_steps"].format(steps=f"{walk.steps_factor:g}"))
    if walk.unpaved_factor != 1.0:
        said.append(text["walk_unpaved"].format(unpaved=f"{walk.unpaved_factor:g}"))
    if walk.access_kph is not None:
        said.append(text["walk_access"].format(kph=f"{walk.access_kph:g}"))
    if (run.get("elevation") or {}).get("counted"):
        said.append(text["walk_slope"])
    if said:
        yield Paragraph("".join(said).strip())
    if walk.also:
        names = text["semicolon"].join(profile_words(one, lang) for one in walk.also)
        yield Paragraph(text["walk_also"].format(profiles=names))


def _named(assessment: Mappable, table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Name as most lacking only kinds of which something is known; else count those that are not.

    A kind without records comes out furthest from everybody, which says nothing of the place.
    """
    standard, unknown = assessment.standard, set(unknown_kinds(assessment))
    labels = {standard.kinds[kind].label(lang) for kind in unknown}
    silent = {
        circle.label(lang): sum(r.kind in unknown for r in standard.for_circle(key))
        for key, circle in standard.circles.items()
    }
    told = report_words(lang)["kinds_silent"]
    column, circles = heading("worst_kind", lang), table[heading("circle", lang)]
    named = [
        told.format(count=silent[circle]) if worst in labels else worst
        for worst, circle in zip(table[column], circles, strict=True)
    ]
    return table.assign(**{column: pd.Series(named, index=table.index, dtype=object)})


def _shares(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give a table of coverage that says so where no facility is known, instead of 0."""
    none = table[heading("known_facilities", lang)] == 0
    keys = ("population_share", "residential_land_share", "communities_share")
    told = f"– {report_words(lang)['none_known_short']}"
    columns = {heading(key, lang): table[heading(key, lang)] for key in keys}
    return table.assign(
        **{name: some.astype(object).mask(none, told) for name, some in columns.items()}
    )


def _with_nearest(assessment: Mappable, table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Name the nearest facility as the map does: one without a name by its kind, not by its id."""
    gaps, standard, text = gap_table(assessment), assessment.standard, report_words(lang)
    names = [
        text["unnamed"].format(kind=standard.kinds[kind].label(lang))
        if pd.isna(name) and pd.notna(key)
        else name
        for kind, name, key in zip(
            gaps["kind"], gaps["nearest_facility_name"], gaps["nearest_facility_id"], strict=True
        )
    ]
    return table.assign(**{heading("nearest", lang): pd.Series(names, table.index, dtype=object)})


def _card(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give a scorecard as it is printed: shares rounded down, and how surely every row is known."""
    value, unit, sure = (heading(key, lang) for key in ("value", "unit_of_value", "unverified"))
    values = [
        percent(number / 100.0).removesuffix("%") if what == "%" and pd.notna(number) else number
        for number, what in zip(table[value], table[unit], strict=True)
    ]
    flags = table[sure].fillna(table[heading("target_flag", lang)])
    return table.assign(**{value: pd.Series(values, index=table.index, dtype=object), sure: flags})


def _judged(assessment: Mappable, lang: Lang) -> str:
    """Say whom the report judges, and whom no circle of the standard does."""
    text, config = report_words(lang), assessment.config
    units, persons, other_units, other_persons, others = judged_part(assessment)
    said = text["judged"].format(
        county=plain(config.label(lang)),
        units=count(units, lang),
        persons=count(persons, lang),
        kinds=len(assessment.standard.required()),
        how=walking_words(config, run_of(assessment), lang),
        standard=plain(assessment.standard.label(lang), 80),
    )
    if other_units:
        said += text["judged_rest"].format(
            units=count(other_units, lang),
            persons=count(other_persons, lang),
            settings=joined((word(setting, lang) for setting in others), lang),
        )
    return said


def _note_of_unknown(table: pd.DataFrame, lang: Lang) -> str:
    none = (table[heading("known_facilities", lang)] == 0).any()
    return report_words(lang)["unknown_note"] if none else ""


def _change(assessment: Mappable, change: Change, lang: Lang) -> str:
    """Give a change with names instead of keys, which the Chinese sentence has by itself."""
    standard = assessment.standard
    if lang == "zh":
        return change.label(lang)
    named: dict[str, str] = {key: kind.en for key, kind in standard.known.items()}
    named |= {key: circle.en for key, circle in standard.circles.items()}
    named |= {target.key: target.en for target in standard.targets}
    what = re.sub(r"\w+", lambda found: named.get(found[0], found[0]), change.what_en)
    return f"{what}: {change.before} -> {change.after}"


def _own_count(assessment: Mappable, lang: Lang) -> str:
    """Say how many thresholds the standard itself has, where the county's changes leave others."""
    standard = assessment.standard
    if standard.key not in standard_names() or not standard.changes:
        return ""
    own = len(read_standard(standard.key).requirements)
    if own == len(standard.requirements):
        return ""
    return report_words(lang)["standard_own"].format(count=own)


def _thresholds(assessment: Mappable, lang: Lang) -> Grid:
    """Give the thresholds with clause and flag; kinds that share them stand in one row."""
    text, standard = report_words(lang), assessment.standard
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for r in standard.requirements:
        limit = limit_words(r.limit, r.unit, lang)
        groups.setdefault((r.circle, limit, r.flag, r.source), []).append(r.kind)
    rows = [
        (
            plain(standard.circles[circle].label(lang)),
            joined((plain(standard.kinds[kind].label(lang)) for kind in kinds), lang),
            limit,
            word(flag, lang),
            plain(clause(source, lang), 160),
        )
        for (circle, limit, flag, source), kinds in groups.items()
    ]
    keys = ("circle", "kind", "limit", "flag", "basis")
    head = [heading(key, lang) for key in keys]
    return text_grid(text["table_thresholds"], head, rows, [False] * 5, text["thresholds_note"])


def _extremes(assessment: Mappable, circle: str, lang: Lang) -> Iterator[str]:
    """Name the units with the lowest and the highest score of a circle, where they differ."""
    if circle not in assessment.unit_scores.index.get_level_values("circle"):
        return
    scores = assessment.unit_scores["score"].xs(circle, level="circle").astype(float)
    scores = scores.drop(SCOPE_COUNTY, errors="ignore").dropna()
    if len(scores) < 2 or points(float(scores.min())) == points(float(scores.max())):
        return
    low, high = str(scores.idxmin()), str(scores.idxmax())
    text, limits = report_words(lang), unverified_words(assessment, circle, lang)
    yield text["extremes"].format(
        circle=plain(assessment.standard.circles[circle].label(lang)),
        count=len(scores),
        low=unit_name(assessment, low),
        low_score=points(float(scores.min())),
        high=unit_name(assessment, high),
        high_score=points(float(scores.max())),
        limits=f"{text['semicolon']}{limits}" if limits else "",
    )


def _gap_sentence(assessment: Mappable, some: pd.DataFrame, name: str, lang: Lang) -> str:
    text = travel_words(lang, riding=rides(assessment.config))
    first: Any = some.sort_values("rank", kind="stable").iloc[0]
    known = not pd.isna(first["nearest_minutes"])
    sentence = text["gap_kind"].format(
        kind=name,
        limits=text["semicolon"].join(limit_lines(assessment, str(first["kind"]), lang)),
        gaps=count(len(some), lang),
        persons=count(float(some["persons"].sum()), lang),
        unit=unit_name(assessment, str(first["unit_id"])),
        first=count(float(first["persons"]), lang),
    )
    walk = float(first["nearest_minutes"]) if known else None
    end = text["gap_walk" if known else "gap_no_walk"].format(minutes=minutes(walk))
    unreached = float(some["persons_unreached"].sum()) if "persons_unreached" in some else 0.0
    if unreached >= 0.5:
        end += text["gap_unreached"].format(persons=count(unreached, lang))
    return sentence + end + text["stop"]
