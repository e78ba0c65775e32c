"""Sheets of a workbook: one table each, or blocks one below the other; the same on every sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pandas as pd
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from lifecircle.plan.verdict import STATUS
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.decided_words import decided_head, decided_word
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.words import heading, texts, word
from lifecircle.render.tables.workbook_cells import (
    SHEET_ROWS,
    Dress,
    Links,
    Looks,
    plain_text,
    row_height,
    write_table,
)
from lifecircle.standards import Lang
from lifecircle.tables import DENOMINATORS

# Ends and middle of ColorBrewer's PuOr, paled: red-green blindness leaves them apart.
_LOW, _MIDDLE, _HIGH = "#f5b36c", "#f7f7f7", "#9ec6e6"
_SCALES: Final = {"score": (0, 50, 100), "share": (0, 0.5, 1)}
_SURE: Final = {"robust": "not met", "no_road": "unknown", "low": "not met", "high": "not met"}
_SHARES: Final = (
    *(("moments", f"share_{which}") for which in ("any", "low", "high")),
    *(("confidence_coverage", name) for name in ("share", "low", "median", "high")),
    ("edge", "share"),
    ("edge", "cut_share"),
    ("sites", "covered_share"),
)
_Mark = Callable[[Any], str]


@dataclass(frozen=True)
class Book:
    """A workbook in the making, and what all its sheets need.

    Parameters
    ----------
    book, looks
        The workbook, and its formats.
    assessment, lang
        What it tells, in which language.
    map_name
        The map's file beside it.
    """

    book: xlsxwriter.Workbook
    looks: Looks
    assessment: Mappable
    lang: Lang
    map_name: str

    def say(self, key: str, **values: object) -> str:
        """Give one of the workbook's own words."""
        return texts("book", self.lang)[key].format(**values)

    def name(self, sheet: str) -> str:
        """Give the name of a sheet."""
        return texts("sheets", self.lang)[sheet]

    def head(self, key: str) -> str:
        """Give a heading."""
        return heading(key, self.lang)

    def map_link(self, key: str, value: object) -> str:
        """Give the link to something on the map."""
        return f"external:{self.map_name}#{key}={quote(str(value), safe='')}"


# --- sheets with one table each ---------------------------------------------------------------


def table_sheet(
    book: Book,
    sheet: Worksheet,
    key: str,
    table: pd.DataFrame,
    *,
    frozen: int,
    printed: int = 0,
    links: tuple[Links, ...] = (),
) -> None:
    """Write a sheet's table.

    Parameters
    ----------
    book, sheet, key
        The workbook; the sheet, and its key.
    table
        With headings, its figures not rounded.
    frozen
        Columns that stay in sight.
    printed
        Columns that go on paper, 0 for all; all are on screen.
    links
        Where cells lead.
    """
    sheet.freeze_panes(1, frozen)
    sheet.repeat_rows(0)
    dress = Dress(links, marks(book), printed=printed)
    end = write_table(sheet, book.looks, as_shown(table, book.lang), book.lang, dress=dress)
    if table.empty:
        told = texts("empty", book.lang)[key]
        sheet.write_string(1, 0, told, book.looks.cell(framed=False))
    last = max(end - 1, 1)
    sheet.autofilter(0, 0, last, len(table.columns) - 1)
    if printed:
        sheet.print_area(0, 0, last, printed - 1)
    colour(book, sheet, table, 0)


def marks(book: Book) -> dict[str, _Mark]:
    """Give what marks a value by heading: text says it, and colour too.

    Parameters
    ----------
    book
        Tells the language.
    """
    lang = book.lang
    verdicts = {STATUS[key] if lang == "zh" else key: key for key in ("met", "not met", "unknown")}
    unverified = word("unverified", lang)
    certain = {decided_word("verdict", key, lang): mark for key, mark in _SURE.items()}

    def verdict(value: Any) -> str:
        told = str(value or "")
        exact = verdicts.get(told, "")
        unknown = next(name for name, key in verdicts.items() if key == "unknown")
        return exact or ("unknown" if told.startswith(unknown) else "")

    def sure(value: Any) -> str:
        return certain.get(str(value), "")

    def doubt(value: Any) -> str:
        return "doubt" if value == unverified else ""

    return {
        book.head("verdict"): verdict,
        book.head("flag"): doubt,
        **{decided_head(name, "verdict").label(lang): sure for name in ("confidence", "reconcile")},
        book.head("target_flag"): doubt,
        book.head("unverified"): doubt,
        book.head("unverified_share"): lambda value: "doubt" if value else "",
        book.head("known_facilities"): lambda value: "unknown" if value == 0 else "",
    }


def colour(book: Book, sheet: Worksheet, table: pd.DataFrame, row: int) -> None:
    """Lay colour scales with fixed ends over scores and shares: a colour means one value.

    Parameters
    ----------
    book, sheet
        The workbook, and the sheet.
    table, row
        What stands there with headings, and the row of these, from 0.
    """
    shares = ("complete_share", *(f"{name}_share" for name in DENOMINATORS))
    kinds = {book.head(key): "share" for key in shares} | {book.head("score"): "score"}
    kinds |= {decided_head(*place).label(book.lang): "share" for place in _SHARES}
    headings = [str(name) for name in table.columns]
    for name, kind in kinds.items():
        if name in headings and len(table):
            column = headings.index(name)
            low, middle, high = _SCALES[kind]
            scale = {
                "type": "3_color_scale",
                "min_type": "num",
                "mid_type": "num",
                "max_type": "num",
                "min_value": low,
                "mid_value": middle,
                "max_value": high,
                "min_color": _LOW,
                "mid_color": _MIDDLE,
                "max_color": _HIGH,
            }
            last = min(row + len(table), SHEET_ROWS - 1)
            sheet.conditional_format(row + 1, column, last, column, scale)


def title(book: Book, sheet: Worksheet, row: int, text: str, leads_to: str = "") -> int:
    """Write a title.

    Parameters
    ----------
    book, sheet, row, text
        The workbook, the sheet, the row from 0, and the words.
    leads_to
        Key of the sheet that it leads to; empty: to none.

    Returns
    -------
    int
        The row after it.
    """
    sheet.set_row(row, 22)
    if leads_to:
        name = book.name(leads_to)
        tip = book.say("sheet_tip", sheet=name)
        sheet.write_url(row, 0, f"internal:'{name}'!A1", book.looks.title(12), string=text, tip=tip)
    else:
        sheet.write_string(row, 0, text, book.looks.title(12))
    return row + 1


def pairs(
    book: Book, sheet: Worksheet, row: int, table: pd.DataFrame, widths: tuple[float, ...]
) -> int:
    """Write items and their texts, each text across the sheet, on a row as high as it needs.

    Parameters
    ----------
    book, sheet, row
        The workbook, the sheet, and the first row, from 0.
    table
        Two columns: item and text.
    widths
        Of the sheet's columns.

    Returns
    -------
    int
        The row after the last one.
    """
    wide = sum(widths[1:])
    for item, told in table.itertuples(index=False):
        text = plain_text(told, book.lang)
        height = max(row_height(text, wide * 0.95), row_height(str(item), widths[0] * 0.95))
        sheet.set_row(row, height)
        sheet.write_string(row, 0, plain_text(item, book.lang), book.looks.cell())
        across(book, sheet, row, 1, len(widths) - 1, text)
        row += 1
    return row


def across(book: Book, sheet: Worksheet, row: int, first: int, last: int, text: str) -> None:
    """Write a text across several columns.

    Parameters
    ----------
    book, sheet, row
        The workbook, the sheet, and the row, from 0.
    first, last
        The columns, from 0.
    text
        The words.
    """
    sheet.merge_range(row, first, row, last, "", book.looks.cell())
    if text:
        sheet.write_string(row, first, text, book.looks.cell())
