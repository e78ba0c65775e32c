"""How results show themselves in a notebook: headline tables as HTML, and tables for readers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, TableError
from lifecircle.render.mappable import Mappable
from lifecircle.render.report.findings import findings
from lifecircle.render.report.model import Grid, grid
from lifecircle.render.report.page import escape
from lifecircle.render.report.text import count, plain
from lifecircle.render.standards_text import width
from lifecircle.render.tables import readers
from lifecircle.render.tables.decided import FILES, decided_names, decided_tables
from lifecircle.render.tables.decided_words import shown_table
from lifecircle.render.tables.findingwords import read_finding
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.words import figures, heading
from lifecircle.render.walking_words import walking_words
from lifecircle.render.web.frame import dataset_lines
from lifecircle.render.web.maps import words as map_words
from lifecircle.standards import Lang

_CIRCLES: Final = (
    *("circle", "settings", "judged", "score", "complete_share", "worst_kind"),
    *("minutes_to_complete", "unverified_share"),
)
_KINDS: Final = (
    *("circle", "kind", "limit", "flag", "known_facilities"),
    *("population_covered", "population_total", "population_share"),
)
_GAPS: Final = ("lacking", "unit_name", "persons", "limit", "flag", "nearest", "nearest_minutes")
_MOST_GAPS: Final = 10
_CELL: Final = "padding:2px 8px;border-bottom:1px solid rgba(128,128,128,.25);"
_SHORT: Final = 20  # widths of a Latin letter that are kept on one line
_SHORT_HEAD: Final = 10
_SMALL: Final = "font-size:90%;opacity:.85;margin:2px 0"

_READERS: Final[Mapping[str, Callable[[Mappable, Lang], pd.DataFrame]]] = {
    "overview": readers.overview_table,
    "units": readers.units_table,
    "coverage": readers.coverage_readers,
    "gaps": readers.gaps_readers,
    "facilities": readers.facilities_table,
    "scorecard": readers.scorecard_readers,
    "thresholds": readers.thresholds_table,
    "sources": readers.sources_table,
    "problems": readers.problems_table,
}


def readable_table(assessment: Mappable, table: str, *, lang: Lang = "zh") -> pd.DataFrame:
    """Give a table of an assessment as planners read it: with headings and words, and rounded.

    Parameters
    ----------
    assessment
        As `assess` gives it.
    table
        ``"overview"`` (circles), ``"coverage"``, ``"units"``, ``"gaps"``, ``"facilities"``,
        ``"scorecard"``, ``"thresholds"`` (of the standard), ``"sources"``, ``"problems"``; and what
        was asked for beside the verdicts: ``"moments"``, ``"openings"``, ``"eight_hours"``,
        ``"supply"``, ``"supply_facilities"``, ``"sites"``, ``"sites_curve"``, ``"confidence"``,
        ``"confidence_coverage"``, ``"confidence_settings"``, ``"edge"``, ``"reconcile"``.
    lang
        Language of headings and words, ``"zh"`` or ``"en"``.

    Returns
    -------
    pandas.DataFrame
        The workbook's columns. Shares run from 0 to 1, shares and scores are rounded down and
        minutes up, so that nothing looks better than it is. For further work take the
        assessment's own tables.

    Raises
    ------
    TableError
        There is no such table, or it was not asked for.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import assess, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     result = assess(read_config("data/liechtenstein/county.toml"))
    >>> first = readable_table(result, "gaps").iloc[0]
    >>> first["缺少的设施"], first["单元"], int(first["阈值外居民（人）"])
    ('邮政', 'Triesen', 4720)
    """
    shown = as_shown(_readers_table(assessment, table, lang), lang)
    known = figures(lang)
    whole = {
        name: shown[name].astype("Int64")
        for name in map(str, shown.columns)
        if known.get(name) in {"persons", "count"} and _is_whole(shown[name])
    }
    return shown.assign(**whole)


def _readers_table(assessment: Mappable, table: str, lang: Lang) -> pd.DataFrame:
    if table in _READERS:
        return _READERS[table](assessment, lang)
    if table not in FILES:
        remedy = f"use one of {', '.join((*_READERS, *FILES))}"
        raise TableError(Fault("table", f"there is none called {table!r}", remedy))
    if table not in decided_names(assessment):
        remedy = "ask for it in the county's file or config"
        raise TableError(Fault("table", f"{table!r} was not asked for", remedy))
    found = decided_tables(assessment)[table]
    return shown_table(table, found, lang, assessment.config.label(lang))


def _is_whole(values: pd.Series) -> bool:
    numeric = pd.api.types.is_numeric_dtype(values)
    return numeric and bool((values.dropna() % 1 == 0).all())


def assessment_html(assessment: Mappable, lang: Lang) -> str:
    """Give the headline of an assessment as HTML for a notebook.

    Parameters
    ----------
    assessment
        Checked tables, with ``run`` and ``generated`` where it has them.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        Circles, leading findings, coverage and gaps to unfold, sources: no script, nothing that is
        loaded, every text escaped.
    """
    text, config = words(lang), assessment.config
    run: dict[str, Any] = getattr(assessment, "run", None) or {}
    notice = config.notice_zh if lang == "zh" else config.notice_en
    units = assessment.units
    generated = str(getattr(assessment, "generated", "") or "")
    facts = [
        text["people"].format(
            persons=count(float(assessment.cells["persons"].sum()), lang), units=len(units)
        ),
        text["standard"].format(standard=assessment.standard.label(lang)),
        walking_words(config, run, lang),
        *([text["generated"].format(date=generated)] if generated else []),
    ]
    coverage, gaps = _coverage(assessment, lang), _gaps(assessment, lang)
    leading = [
        f"<li>{escape(found.text)}</li>" for found in findings(assessment, lang) if found.leads
    ]
    return card(
        map_words(lang)["title"].format(county=plain(config.label(lang))),
        [
            *([f'<p style="color:#b45309;margin:2px 0">{escape(notice)}</p>'] if notice else []),
            small(" · ".join(facts)),
            table_html(grid(readers.overview_table(assessment, lang), _CIRCLES, lang, "")),
            *([f'<ol style="margin:6px 0">{"".join(leading)}</ol>'] if leading else []),
            _fold(
                text["coverage"].format(count=len(coverage)),
                table_html(_all(coverage, _KINDS, lang)),
            ),
            _fold(
                text["gaps"].format(count=len(assessment.gaps)), table_html(_all(gaps, _GAPS, lang))
            ),
            _problems(assessment, run, lang),
            small(text["sources"].format(sources=_sources(assessment, lang))),
        ],
    )


def _coverage(assessment: Mappable, lang: Lang) -> pd.DataFrame:
    """Give the county's rows of coverage as they are seen."""
    table = as_shown(readers.coverage_readers(assessment, lang), lang)
    first = table.columns[0]
    return table[table[first] == table[first].iloc[0]] if len(table) else table


def _gaps(assessment: Mappable, lang: Lang) -> pd.DataFrame:
    """Give the gaps with most residents."""
    table = readers.gaps_readers(assessment, lang)
    order = np.argsort(-_persons(table, lang), kind="stable")[:_MOST_GAPS]
    return table.iloc[order]


def _persons(table: pd.DataFrame, lang: Lang) -> np.ndarray:
    return cast("np.ndarray", table[heading("persons", lang)].to_numpy(dtype=np.float64))


def _problems(assessment: Mappable, run: Mapping[str, Any], lang: Lang) -> str:
    """Tell what the run found about its data; nothing where it found nothing."""
    kinds = {**assessment.standard.kinds, **assessment.standard.known}
    told = []
    for sentence in dict.fromkeys(map(str, run.get("warnings", []))):
        found = read_finding(sentence, lang, kinds)
        parts = [part for part in (found.about, found.what, found.remedy) if part]
        told.append(f"<li>{escape(('；' if lang == 'zh' else '; ').join(parts))}</li>")
    if not told:
        return ""
    title = words(lang)["problems"].format(count=len(told))
    return _fold(title, f"<ul>{''.join(told)}</ul>")


def _sources(assessment: Mappable, lang: Lang) -> str:
    lines = [
        " ".join(part for part in (line["source"], line["date"], line["licence"]) if part)
        for line in dataset_lines(assessment.config)
    ]
    return ("；" if lang == "zh" else "; ").join(lines)


# --- HTML -------------------------------------------------------------------------------------


def card(title: str, parts: Iterable[str]) -> str:
    """Put parts below a title.

    Parameters
    ----------
    title
        Text.
    parts
        HTML.
    """
    head = f'<div style="font-size:120%;font-weight:600">{escape(title)}</div>'
    return f'<div class="lifecircle" style="max-width:72em">{head}{"".join(parts)}</div>'


def small(text: str) -> str:
    """Give a line of small print.

    Parameters
    ----------
    text
        Text.
    """
    return f'<p style="{_SMALL}">{escape(text)}</p>'


def _fold(title: str, inner: str) -> str:
    head = f'<summary style="cursor:pointer">{escape(title)}</summary>'
    return f'<details style="margin:4px 0">{head}{inner}</details>'


def _all(table: pd.DataFrame, keys: Sequence[str], lang: Lang) -> Grid:
    return grid(table, keys, lang, "", most=len(table))


def table_html(part: Grid) -> str:
    """Give a table.

    Parameters
    ----------
    part
        Its texts.
    """
    side = [f"text-align:{'right' if numeric else 'left'};{_CELL}" for numeric in part.numeric]
    head = "".join(
        f'<th style="{how}{_kept(name, _SHORT_HEAD)}">{escape(name)}</th>'
        for name, how in zip(part.head, side, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{how}{_kept(cell)}">{escape(cell)}</td>'
            for cell, how in zip(row, side, strict=True)
        )
        + "</tr>"
        for row in part.rows
    )
    return (
        '<table style="border-collapse:collapse;margin:6px 0">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _kept(text: str, short: int = _SHORT) -> str:
    """Keep a short text on one line."""
    return "white-space:nowrap;" if width(text) <= short else ""


@cache
def words(lang: Lang) -> dict[str, str]:
    """Give the texts of what notebooks show.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.
    """
    file = resources.files("lifecircle.render") / "templates" / "showing.toml"
    return {key: entry[lang] for key, entry in tomllib.loads(file.read_text("utf-8")).items()}
