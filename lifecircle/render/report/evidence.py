"""Chapters of the report that say how sure it is: data, thresholds that decide, maps, appendix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.indicator import within
from lifecircle.render.mappable import Mappable
from lifecircle.render.report.figure_page import crs_name, sources
from lifecircle.render.report.figures import Figures
from lifecircle.render.report.findings import Finding
from lifecircle.render.report.model import LONG, Grid, Heading, Paragraph, Part, Picture, grid
from lifecircle.render.report.model import text_grid as _text_grid
from lifecircle.render.report.text import count, joined, percent, plain, report_words
from lifecircle.render.tables.readers import problems_table, sources_table
from lifecircle.render.tables.readers_shared import (
    card_of,
    excluded_by_reason,
    excluded_kinds,
    limit_words,
    run_of,
    unknown_kinds,
)
from lifecircle.render.tables.words import heading, word
from lifecircle.render.walking_words import walking_words
from lifecircle.render.web.maps import words
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

_PROBLEMS: Final = 20  # in the body
# Issues that other chapters and sentences of the report tell.
_TOLD_ELSEWHERE: Final = ("unverified", "reports", "placed", "excluded", "changed")


def certainty(assessment: Mappable, told: Sequence[Finding], lang: Lang) -> Iterator[Part]:
    """Write what is not known, and which unverified thresholds would change a verdict.

    Parameters
    ----------
    assessment
        Checked tables; ``run`` and ``scorecard`` where it has them.
    told
        The findings, ranked.
    lang
        Language.
    """
    text, standard = report_words(lang), assessment.standard
    yield Heading(1, text["chapter_certainty"])
    yield Heading(2, text["section_data"])
    doubts = [finding for finding in told if finding.topic in ("unknown", "off_network")]
    yield from (Paragraph(finding.text) for finding in doubts)
    if not unknown_kinds(assessment):
        yield Paragraph(text["all_known"].format(count=len(standard.required())))
    yield from _placed(assessment, lang)
    left_out = excluded_kinds(assessment)
    if left_out:
        yield Paragraph(text["excluded"].format(count=len(left_out)))
        for line in _excluded(assessment, lang):
            yield Paragraph(line, "item")
    table = problems_table(assessment, lang)
    told_elsewhere = {word(f"issue_{name}", lang) for name in _TOLD_ELSEWHERE}
    table = table[~table[heading("issue", lang)].isin(told_elsewhere)]
    if len(table):
        keys = ["issue", "about", "what", "count", "remedy"]
        keys = [k for k in keys if table[heading(k, lang)].notna().any()]
        note = text["problems_note"]
        yield grid(table, keys, lang, text["table_problems"], most=_PROBLEMS, note=note)
    else:
        yield Paragraph(text["problems_none"])
    yield Heading(2, text["section_verdict"])
    yield from _verdict(assessment, lang)


def pictures(figures: Figures, lang: Lang) -> Iterator[Part]:
    """Set the maps one after another.

    Parameters
    ----------
    figures
        The drawings.
    lang
        Language.
    """
    text = report_words(lang)
    yield Heading(1, text["chapter_maps"])
    maps = figures.of("circle", "gap")
    yield Paragraph(text["maps" if maps else "maps_none"])
    yield from (Picture(drawing) for drawing in maps)


def appendix(assessment: Mappable, lang: Lang) -> Iterator[Part]:
    """Write parameters, sources and versions.

    Parameters
    ----------
    assessment
        Checked tables; ``run`` where it has one.
    lang
        Language.
    """
    text = report_words(lang)
    yield Heading(1, text["chapter_appendix"])
    yield Heading(2, text["section_parameters"])
    head = [text["parameter"], text["value"]]
    yield _text_grid(text["table_parameters"], head, _parameters(assessment, lang), [False, False])
    yield Heading(2, text["section_sources"])
    yield Paragraph(words(lang)["about_data"] + text["colon"] + sources(assessment, lang))
    table = sources_table(assessment, lang)
    if len(table):
        keys = ["use", "source", "date", "licence", "file", "sha256"]
        short = table.assign(**{heading("sha256", lang): table[heading("sha256", lang)].str[:12]})
        yield grid(short, keys, lang, text["table_sources"], note=text["sources_note"])
    software = run_of(assessment).get("software", {})
    if software:
        names = [n for n in ("lifecircle", "python", "numpy", "pandas", "shapely") if n in software]
        told = joined((f"{name} {plain(software[name])}" for name in names), lang)
        yield Paragraph(text["software"].format(versions=told), "note")


def deciding(assessment: Mappable) -> pd.DataFrame:
    """Tell for how many residents each unverified threshold stands between them and a verdict.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    DataFrame
        One row per unverified requirement: ``circle``, ``kind``, ``limit``, ``limit_unit``;
        ``judged`` residents; ``beyond`` the threshold; ``only``: those to whom nothing else of the
        circle is lacking, whose circle would be complete if this threshold were longer. From
        the cells' times; those with most ``only``, then most ``beyond`` first.
    """
    cells, standard = assessment.cells, assessment.standard
    setting = cells["setting"].to_numpy(dtype=object)
    persons = cells["persons"].to_numpy(dtype=np.float64)
    rows: list[dict[str, Any]] = []
    for circle, entry in standard.circles.items():
        asked = standard.for_circle(circle)
        judged = np.isin(setting, entry.settings) & (persons > 0)
        if not judged.any() or not any(r.flag == "unverified" for r in asked):
            continue
        missed = np.column_stack([~within(assessment.access, cells, r) for r in asked])
        lacking = missed.sum(axis=1)
        for column, r in enumerate(asked):
            if r.flag == "unverified":
                beyond = judged & missed[:, column]
                rows.append(
                    {
                        "circle": circle,
                        "kind": r.kind,
                        "limit": r.limit,
                        "limit_unit": r.unit,
                        "judged": float(persons[judged].sum()),
                        "beyond": float(persons[beyond].sum()),
                        "only": float(persons[beyond & (lacking == 1)].sum()),
                    }
                )
    columns = ["circle", "kind", "limit", "limit_unit", "judged", "beyond", "only"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["only", "beyond"], ascending=False, kind="stable")


def _verdict(assessment: Mappable, lang: Lang) -> Iterator[Part]:
    text, standard = report_words(lang), assessment.standard
    table = deciding(assessment)
    if table.empty:
        yield Paragraph(text["verdict_sure"])
    for circle, entry in standard.circles.items():
        if (SCOPE_COUNTY, circle) not in assessment.unit_scores.index:
            continue
        row: Any = assessment.unit_scores.loc[(SCOPE_COUNTY, circle)]
        share = row["unverified_share"]
        if pd.isna(share) or not share > 0:
            continue
        yield Paragraph(
            text["verdict_circle"].format(
                circle=plain(entry.label(lang)),
                share=percent(float(share)),
                persons=count(float(share) * float(row["persons"]), lang),
            )
        )
    if len(table):
        yield Paragraph(text["verdict_table"])
        yield _deciding_grid(assessment, table, lang)
    card = card_of(assessment)
    county = card[card.index.get_level_values("scope") == SCOPE_COUNTY]
    unsure = county[county["unverified"].astype(bool)]
    if len(unsure):
        names = joined((plain(name, 120) for name in unsure[lang]), lang)
        yield Paragraph(text["verdict_targets"].format(count=len(unsure), targets=names))


def _deciding_grid(assessment: Mappable, table: pd.DataFrame, lang: Lang) -> Grid:
    text, standard = report_words(lang), assessment.standard
    rows = [
        (
            plain(standard.circles[row["circle"]].label(lang)),
            plain(standard.kinds[row["kind"]].label(lang)),
            limit_words(row["limit"], row["limit_unit"], lang),
            count(row["judged"], lang),
            count(row["beyond"], lang),
            count(row["only"], lang),
        )
        for row in table.to_dict("records")
    ]
    head = [heading(key, lang) for key in ("circle", "kind", "limit", "judged", "persons")]
    numeric = [False, False, False, True, True, True]
    return _text_grid(text["table_deciding"], [*head, text["only"]], rows, numeric)


def _placed(assessment: Mappable, lang: Lang) -> Iterator[Paragraph]:
    """Say how residents were placed within their units."""
    text = words(lang)
    ways = pd.Series(run_of(assessment).get("population_placed_by", {}), dtype=object)
    told = [
        text["placed_units"].format(count=number, way=text.get(f"placed_{way}", plain(way)))
        for way, number in ways.value_counts().items()
    ]
    if told:
        yield Paragraph(text["placed"].format(ways=joined(told, lang)))


def _excluded(assessment: Mappable, lang: Lang) -> Iterator[str]:
    """Give what is excluded by its reason, kinds of one reason together."""
    text = report_words(lang)
    for reason, names in excluded_by_reason(assessment, lang).items():
        kinds = joined((plain(name) for name in names), lang)
        yield text["excluded_reason"].format(kinds=kinds, reason=plain(reason, LONG))


def _parameters(assessment: Mappable, lang: Lang) -> list[tuple[str, str]]:
    text, config = report_words(lang), assessment.config
    walk, standard = config.walk, assessment.standard
    minutes_drawn = joined((f"{m:g}" for m in config.isochrones.minutes), lang)
    return [
        (text["p_speed"], walking_words(config, run_of(assessment), lang)),
        (text["p_steps"], f"{walk.steps_factor:g}"),
        (text["p_unpaved"], f"{walk.unpaved_factor:g}"),
        (text["p_snap"], f"{walk.furthest_m:g} m"),
        (text["p_islet"], f"{walk.islet_m:g} m; {walk.islet_detour_m:g} m"),
        (text["p_crs"], crs_name(assessment.units.crs)),
        (text["p_cell"], f"{config.population.cell_m:g} m"),
        (text["p_cells"], count(len(assessment.cells), lang)),
        (text["p_isochrones"], minutes_drawn or "–"),
        (text["p_standard"], f"{plain(standard.label(lang), 80)} [{plain(standard.key)}]"),
        (text["p_community"], f"{standard.community.share * 100:g}%"),
    ]
