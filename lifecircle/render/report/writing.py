"""The report for the bureau: what a planner would write by hand, as Word file and as web page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from lifecircle.render.mappable import Mappable, check_assessment
from lifecircle.render.report.chapters import circles, gaps, method, summary, targets
from lifecircle.render.report.decided import decided
from lifecircle.render.report.docx import write_docx
from lifecircle.render.report.evidence import appendix, certainty, pictures
from lifecircle.render.report.figure_page import approval, generated
from lifecircle.render.report.figures import Figures, draw_figures
from lifecircle.render.report.findings import findings
from lifecircle.render.report.model import Grid, Part, Report, numbered
from lifecircle.render.report.page import page_html
from lifecircle.render.report.text import in_halves, plain, report_words
from lifecircle.render.walking_words import ridden, rides, walking_words
from lifecircle.standards import Lang

_LINE: Final = 72  # columns of a line of the first page


def build_report(assessment: Mappable, figures: Figures, lang: Lang = "zh") -> Report:
    """Write the report as neutral parts.

    Parameters
    ----------
    assessment
        Checked tables; ``scorecard``, ``run`` and ``generated`` where it has them.
    figures
        As `lifecircle.render.report.figures.draw_figures` gave them, in the same language.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    Report
        Eight chapters: summary, method and standard, circles by unit, gaps, targets, certainty,
        maps, appendix; before certainty one on what helps to decide, where it was asked for.
    """
    text, config = report_words(lang), assessment.config
    county, producer = plain(config.label(lang)), plain(config.map.producer, 60)
    notice = plain(config.notice_zh if lang == "zh" else config.notice_en, 300)
    date, run = generated(assessment), getattr(assessment, "run", None)
    facts = [
        text["fact_standard"].format(standard=plain(assessment.standard.label(lang), 80)),
        *in_halves(text["fact_walk"].format(how=walking_words(config, run, lang)), _LINE),
        text["fact_producer"].format(producer=producer) if producer else "",
        text["fact_date"].format(date=date) if date else "",
        *in_halves(notice, _LINE),
    ]
    return Report(
        title=text["title"].format(county=county),
        county=county,
        lang=lang,
        facts=tuple(fact for fact in facts if fact),
        warning=approval(assessment, lang),
        date=date,
        producer=producer,
        parts=numbered(_travelling(assessment, _chapters(assessment, figures, lang), lang)),
    )


def write_report(
    path: str | Path,
    assessment: Mappable,
    *,
    lang: Lang = "zh",
    template: str | Path | None = None,
    figures: Figures | None = None,
) -> None:
    """Write the report as a Word file.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    assessment
        Checked tables.
    lang
        ``"zh"`` or ``"en"``.
    template
        A Word file whose styles, page and headers are used; the report follows its text, or stands
        where a paragraph says ``{{lifecircle}}``. By default the county's own, else none.
    figures
        Already drawn by `lifecircle.render.report.figures.draw_figures`.

    Raises
    ------
    InputError
        The template is missing, or no Word file.
    TableError, CRSError
        A table breaks its schema.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> from lifecircle import assess, read_config  # doctest: +SKIP
    >>> result = assess(read_config("data/liechtenstein/county.toml"))  # doctest: +SKIP
    >>> write_report("report.docx", result, lang="en")  # doctest: +SKIP
    """
    check_assessment(assessment)
    own = assessment.config.report.template
    if template is None and own is not None:
        template = own.path
    figures = figures or draw_figures(assessment, lang)
    write_docx(path, build_report(assessment, figures, lang), figures, template=template)


def report_html(assessment: Mappable, lang: Lang = "zh", *, figures: Figures | None = None) -> str:
    """Give the report as one self-contained web page that prints on A4.

    Parameters
    ----------
    assessment, lang, figures
        As for `write_report`.

    Returns
    -------
    str
        HTML that loads nothing: its figures are inside it.
    """
    check_assessment(assessment)
    figures = figures or draw_figures(assessment, lang)
    return page_html(build_report(assessment, figures, lang), figures)


def _travelling(assessment: Mappable, parts: Iterator[Part], lang: Lang) -> Iterator[Part]:
    """Let no heading of a table say that all walk, where somebody rides."""
    riding = rides(assessment.config)
    for part in parts:
        if riding and isinstance(part, Grid):
            yield replace(part, head=tuple(ridden(head, lang) for head in part.head))
        else:
            yield part


def _chapters(assessment: Mappable, figures: Figures, lang: Lang) -> Iterator[Part]:
    told = findings(assessment, lang)
    yield from summary(assessment, told, lang)
    yield from method(assessment, lang)
    yield from circles(assessment, figures, lang)
    yield from gaps(assessment, lang)
    yield from targets(assessment, told, lang)
    yield from decided(assessment, figures, lang)
    yield from certainty(assessment, told, lang)
    yield from pictures(figures, lang)
    yield from appendix(assessment, lang)
