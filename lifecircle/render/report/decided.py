"""The chapter on what helps to decide: supply, sites, moments, how sure, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from lifecircle.render import decided_says as says
from lifecircle.render.mappable import Mappable
from lifecircle.render.report.figures import Figures
from lifecircle.render.report.model import (
    Grid,
    Heading,
    Paragraph,
    Part,
    Picture,
    cell_text,
    text_grid,
)
from lifecircle.render.report.text import plain, report_words
from lifecircle.render.tables.decided import decided_tables, decisions_of, kinds_of
from lifecircle.render.tables.decided_words import decided_head, shown_table
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

_FURTHER: Final = ("served", "capacity", "person_minutes", "lon", "lat")  # of sites
_ROWS: Final = 20  # of a table in the body; the workbook has all of them


def decided(assessment: Mappable, figures: Figures, lang: Lang) -> Iterator[Part]:
    """Write what helps to decide, as far as it was asked for; nothing where nothing was.

    Parameters
    ----------
    assessment
        ``decisions``, where it has them.
    figures
        Their charts.
    lang
        Language.
    """
    found = decisions_of(assessment)
    if not found:
        return
    text, tables = report_words(lang), decided_tables(assessment)
    yield Heading(1, text["chapter_decided"])
    yield Paragraph(text["decided"])
    if found.confidence is not None:
        yield from _confidence(assessment, tables, figures, lang)
    if found.supplied:
        yield from _supply(assessment, tables["supply"], figures, lang)
    if found.sited:
        yield from _sites(assessment, tables["sites"], figures, lang)
    if found.moments is not None:
        yield from _moments(assessment, tables, lang)
    if len(found.reconciled):
        yield from _reconciled(assessment, tables["reconcile"], lang)


def robust_lead(assessment: Mappable, lang: Lang) -> Iterator[Paragraph]:
    """Lead the summary with the gaps that stand whatever the setting.

    Parameters
    ----------
    assessment
        Its gaps, and ``decisions``, where it has them.
    lang
        Language.

    Yields
    ------
    Paragraph
        Nothing where no settings were swept.
    """
    if decisions_of(assessment).confidence is None:
        return
    text = report_words(lang)
    *kinds, others = says.robust_says(assessment, lang)
    yield Paragraph(text["robust_lead" if kinds else "robust_none"])
    yield from (Paragraph(sentence, "lead") for sentence in kinds)
    yield Paragraph(others)


def not_swept(assessment: Mappable, lang: Lang) -> Iterator[Paragraph]:
    """Say honestly that no settings were swept, where that is so.

    Parameters
    ----------
    assessment, lang
        As for `robust_lead`.
    """
    if decisions_of(assessment).confidence is None:
        yield Paragraph(says.robust_says(assessment, lang)[0], "note")


def _confidence(
    assessment: Mappable, tables: dict[str, pd.DataFrame], figures: Figures, lang: Lang
) -> Iterator[Part]:
    text, sure = report_words(lang), decisions_of(assessment).confidence
    if sure is None:
        return
    yield Heading(2, text["section_confidence"])
    first, *others = says.confidence_says(assessment, sure, lang)
    yield Paragraph(first)
    yield from (Paragraph(sentence, "item") for sentence in others)
    note = text["confidence_note"]
    table = tables["confidence"]
    doubtful = table[table["verdict"] != "robust"]
    keys = ("verdict", "kind", "unit_name", "persons", "share", "unmapped_share")
    if len(doubtful):
        caption = text["table_doubtful"]
        yield _grid(assessment, "confidence", doubtful, keys, lang, caption, note)
    yield from (Picture(drawing) for drawing in figures.of("confidence"))
    edge = says.edge_says(assessment, sure, lang)
    if edge:
        yield Heading(2, text["section_edge"])
        yield from (Paragraph(sentence) for sentence in edge)
        yield Paragraph(text["edge_note"], "note")


def _supply(
    assessment: Mappable, table: pd.DataFrame, figures: Figures, lang: Lang
) -> Iterator[Part]:
    text, several = report_words(lang), decisions_of(assessment).supplied
    charts = {drawing.subject: drawing for drawing in figures.of("supply")}
    yield Heading(2, text["section_supply"])
    keys = ("unit_name", "demand", "supply_per_1000", "unreached", "unreached_share", "gini")
    first = 0
    for number, supplied in enumerate(several):
        rows = table.iloc[first : first + len(supplied.units)]
        first += len(supplied.units)
        note = text["supply_note"]
        if len(rows) > _ROWS:  # of many units those where most have none in reach, after the county
            most = rows.iloc[1:].sort_values("unreached", ascending=False, kind="stable")
            rows, note = pd.concat([rows.iloc[:1], most]), note + text["supply_most"]
        yield Paragraph("".join(_spaced(says.supply_says(assessment, supplied, lang), lang)))
        caption = text["table_supply"].format(
            kind=_kind(assessment, supplied.kind, lang), method=supplied.method.upper()
        )
        yield _grid(assessment, "supply", rows, keys, lang, caption, note)
        if str(number) in charts:
            yield Picture(charts[str(number)])


def _sites(
    assessment: Mappable, table: pd.DataFrame, figures: Figures, lang: Lang
) -> Iterator[Part]:
    text = report_words(lang)
    charts = {drawing.subject: drawing for drawing in figures.of("siting")}
    yield Heading(2, text["section_sites"])
    keys = ["rank", "unit_name", "name", "persons", "persons_total", "covered_share"]
    first = 0
    for number, sited in enumerate(decisions_of(assessment).sited):
        rows = table.iloc[first : first + len(sited.sites)]
        first += len(sited.sites)
        yield Paragraph("".join(_spaced(says.sited_says(assessment, sited, lang), lang)))
        caption = text["table_sites"].format(kind=_kind(assessment, sited.kind, lang))
        there = [key for key in (*keys, *_FURTHER) if key in rows]
        own = [key for key in there if rows[key].notna().any()]
        yield _grid(assessment, "sites", rows, own, lang, caption, text["sites_note"])
        if str(number) in charts:
            yield Picture(charts[str(number)])


def _moments(assessment: Mappable, tables: dict[str, pd.DataFrame], lang: Lang) -> Iterator[Part]:
    text, moments = report_words(lang), decisions_of(assessment).moments
    if moments is None:
        return
    yield Heading(2, text["section_moments"])
    yield from (Paragraph(sentence) for sentence in says.moments_say(assessment, moments, lang))
    table = tables["moments"]
    county = table[table["scope"] == SCOPE_COUNTY]
    keys = ("circle", "kind", "share_any", "share_low", "share_high")
    # Where no hours are known the range is all or nothing, and says nothing more.
    told = (county["covered_low"] > 0) | (county["covered_high"] < county["covered_any"])
    for key, label in moments.labels.items():
        rows = county[(county["moment"] == key) & told]
        if not len(rows):
            continue
        caption = text["table_moments"].format(moment=label[lang])
        note = text["moments_note"]
        yield _grid(assessment, "moments", rows, keys, lang, caption, note, most=60)


def _reconciled(assessment: Mappable, table: pd.DataFrame, lang: Lang) -> Iterator[Part]:
    text = report_words(lang)
    yield Heading(2, text["section_reconciled"])
    said, differing = says.reconciled_says(assessment, lang)
    yield Paragraph("".join(_spaced(said, lang)))
    yield from (Paragraph(sentence, "item") for sentence in differing)
    compared = table[(table["verdict"] != "unknown") & (table["scope"] == SCOPE_COUNTY)]
    if len(compared):
        keys = ("subject", "key", "measured", "known", "ratio", "verdict", "known_from")
        caption, note = text["table_reconciled"], text["reconciled_note"]
        yield _grid(assessment, "reconcile", compared, keys, lang, caption, note, most=60)


def _grid(
    assessment: Mappable,
    name: str,
    table: pd.DataFrame,
    keys: Sequence[str],
    lang: Lang,
    caption: str,
    note: str,
    *,
    most: int = _ROWS,
) -> Grid:
    """Give some columns of a table as text, its missing values as dashes."""
    shown = shown_table(name, table, lang, assessment.config.label(lang))
    heads = [decided_head(name, key) for key in keys]
    there = [head for head in heads if head.label(lang) in shown.columns]
    columns = [
        [cell_text(value, head.figure, lang) for value in shown[head.label(lang)].head(most)]
        for head in there
    ]
    if len(shown) > most:
        note += ("" if lang == "zh" else " ") + report_words(lang)["rows_cut"].format(
            shown=most, all=f"{len(shown):,}"
        )
    return text_grid(
        caption,
        [head.label(lang) for head in there],
        list(zip(*columns, strict=True)),
        [head.figure not in ("text", "long", "id") for head in there],
        note,
    )


def _spaced(sentences: Sequence[str], lang: Lang) -> Iterator[str]:
    """Put blanks between sentences, where a language has them."""
    for number, sentence in enumerate(sentences):
        yield f" {sentence}" if number and lang == "en" else sentence


def _kind(assessment: Mappable, kind: str, lang: Lang) -> str:
    entry = kinds_of(assessment).get(kind)
    return plain(kind if entry is None else entry.label(lang))
