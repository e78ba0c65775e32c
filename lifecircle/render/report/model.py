"""The report as neutral parts: headings, paragraphs, tables and figures, numbered once.

Word and web page are both rendered from it, so that they say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pandas as pd

from lifecircle.render.report.figures import Drawing
from lifecircle.render.report.text import count, minutes, percent, plain, points, report_words
from lifecircle.render.standards_text import width
from lifecircle.render.tables.words import heading, heads
from lifecircle.standards import Lang

LONG: Final = 400
"""Characters of a long cell or paragraph from data that are shown."""

_DASH: Final = "–"
_DECIMALS: Final = {"hectares": 1, "rate": 3, "degrees": 5}  # of degrees: to a metre
_NARROW: Final = 6  # columns of text, of which a page holds _PAGE
_BROAD: Final = 26
_LONG_BROAD: Final = 38
_PAGE: Final = 104
_LATIN: Final = re.compile(r"[!-~\u00a1-\u024f≥≤]+|[\u3000-\uffef]{1,3}")


@dataclass(frozen=True)
class Heading:
    """A heading.

    Parameters
    ----------
    level
        1 for chapters, 2 within them.
    text
        Without its number.
    number
        Such as ``"3.1"``.
    """

    level: int
    text: str
    number: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Parameters
    ----------
    text
        The words.
    look
        Running text, one of the leading findings, an item of a list, or small print.
    """

    text: str
    look: Literal["body", "lead", "item", "note"] = "body"


@dataclass(frozen=True)
class Grid:
    """A table.

    Parameters
    ----------
    caption
        What it holds, without its number.
    head
        Headings.
    rows
        Text of the cells.
    numeric
        Whether a column is set to the right.
    widths
        Share of the text's width that each column takes; they sum to 1.
    note
        Below the table.
    number
        Of the table, from 1.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    widths: tuple[float, ...]
    note: str = ""
    number: int = 0


@dataclass(frozen=True)
class Picture:
    """A figure with its caption below.

    Parameters
    ----------
    drawing
        One of the figures that were drawn.
    number
        Of the figure, from 1.
    """

    drawing: Drawing
    number: int = 0


Part = Heading | Paragraph | Grid | Picture


@dataclass(frozen=True)
class Report:
    """A report, ready to be rendered.

    Parameters
    ----------
    title, county, lang
        What it is called, of which county, in which language.
    facts
        Lines of the first page.
    warning
        Who may see it.
    date, producer
        When and by whom it was made; empty where nobody says so.
    parts
        In reading order, numbered.
    """

    title: str
    county: str
    lang: Lang
    facts: tuple[str, ...]
    warning: str
    date: str
    producer: str
    parts: tuple[Part, ...]

    @property
    def header(self) -> str:
        """What stands at the head of every page."""
        return "  ".join(part for part in (self.title, self.date) if part)


def numbered(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Give headings, tables and figures their numbers, in reading order.

    Parameters
    ----------
    parts
        Without numbers.

    Examples
    --------
    >>> [part.number for part in numbered([Heading(1, "a"), Heading(2, "b"), Heading(1, "c")])]
    ['1', '1.1', '2']
    """
    return tuple(_numbered(parts))


def _numbered(parts: Iterable[Part]) -> Iterator[Part]:
    chapter = section = tables = pictures = 0
    for part in parts:
        if isinstance(part, Heading):
            chapter, section = (chapter + 1, 0) if part.level == 1 else (chapter, section + 1)
            yield replace(part, number=f"{chapter}" + (f".{section}" if section else ""))
        elif isinstance(part, Grid):
            tables += 1
            yield replace(part, number=tables)
        elif isinstance(part, Picture):
            pictures += 1
            yield replace(part, number=pictures)
        else:
            yield part


def label(part: Grid | Picture, lang: Lang) -> str:
    """Give the label of a table or figure, without its number.

    Parameters
    ----------
    part
        The table or figure.
    lang
        Language.
    """
    return report_words(lang)["table" if isinstance(part, Grid) else "figure"]


def grid(
    table: pd.DataFrame,
    keys: Sequence[str],
    lang: Lang,
    caption: str,
    *,
    most: int = 40,
    note: str = "",
) -> Grid:
    """Give some columns of a readers' table as text, cut to its first rows.

    Parameters
    ----------
    table
        As one of `lifecircle.render.tables.readers` gives it, the most important rows first.
    keys
        Its columns, by key.
    lang
        Its language.
    caption
        What it holds.
    most
        Rows at most; where rows are cut, a sentence says where all of them are.
    note
        Further small print.

    Returns
    -------
    Grid
        Missing values are dashes, never 0.
    """
    kinds = [heads()[key].figure for key in keys]
    shown = table.head(most)
    columns = [
        [cell_text(value, kind, lang) for value in shown[heading(key, lang)]]
        for key, kind in zip(keys, kinds, strict=True)
    ]
    numeric = [kind not in ("text", "long") for kind in kinds]
    notes = [note] if note else []
    if len(table) > len(shown):
        text = report_words(lang)["rows_cut"]
        notes.append(text.format(shown=len(shown), all=f"{len(table):,}"))
    head = [heading(key, lang) for key in keys]
    return text_grid(caption, head, list(zip(*columns, strict=True)), numeric, " ".join(notes))


def text_grid(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    note: str = "",
) -> Grid:
    """Give a table of texts, its columns as wide as what they hold asks for.

    Parameters
    ----------
    caption, head, rows, numeric, note
        As for `Grid`.
    """
    sizes = _widths([[head[n], *(row[n] for row in rows)] for n in range(len(head))])
    return Grid(
        caption=caption,
        head=tuple(head),
        rows=tuple(tuple(row) for row in rows),
        numeric=tuple(numeric),
        widths=sizes,
        note=note,
    )


def _widths(columns: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """Share out a page: every column holds its longest word, the rest goes to what is longer."""
    need = [max(_NARROW, *(_longest_word(text) for text in column)) + 2 for column in columns]
    want = []
    for (name, *cells), least in zip(columns, need, strict=True):
        longest = max((width(cell) for cell in cells), default=0)
        broad = _LONG_BROAD if longest > 2 * _BROAD else _BROAD
        want.append(max(least, min(max(longest, width(name) / 2), broad) + 2))
    extra = sum(want) - sum(need)
    share = min(max((_PAGE - sum(need)) / extra, 0.0), 1.0) if extra else 0.0
    sizes = [low + share * (high - low) for low, high in zip(need, want, strict=True)]
    return tuple(size / sum(sizes) for size in sizes)


def _longest_word(text: str) -> float:
    """Give the width of what does not break: a Latin word, or a few Chinese characters."""
    return max((min(width(word), 18) for word in _LATIN.findall(text)), default=0) * 1.1


def cell_text(value: Any, kind: str, lang: Lang) -> str:
    """Give a value as a table of the report prints it; missing is a dash.

    Parameters
    ----------
    value
        Text, number, or missing.
    kind
        How it is written: a `lifecircle.render.tables.words.Figure`.
    lang
        Language.

    Examples
    --------
    >>> cell_text(0.5, "share", "en"), cell_text(None, "count", "en"), cell_text(2.0, "rate", "en")
    ('50.0%', '–', '2.000')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return _DASH
    if kind in ("text", "long") or isinstance(value, str):
        return plain(value, LONG if kind == "long" else 60) or _DASH
    number = float(value)
    if kind in _DECIMALS:
        return f"{number:,.{_DECIMALS[kind]}f}"
    if kind == "number":
        return f"{round(number, 2):,.12g}"  # 1,234,567, never 1.23457e+06
    if kind in ("count", "persons"):
        return count(number, lang)
    return {"share": percent, "score": points, "minutes": minutes}[kind](number)
