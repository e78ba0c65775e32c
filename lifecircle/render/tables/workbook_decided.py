"""Sheets of what helps to decide: supply, sites, moments, how sure the gaps are, reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from xlsxwriter.worksheet import Worksheet

from lifecircle.render import decided_says as says
from lifecircle.render.report.text import plain
from lifecircle.render.tables.decided import decided_tables, decisions_of, kinds_of
from lifecircle.render.tables.decided_words import shown_table
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.workbook_cells import Dress, plain_text, row_height, write_table
from lifecircle.render.tables.workbook_sheets import (
    Book,
    across,
    colour,
    marks,
    table_sheet,
    title,
)
from lifecircle.tables import SCOPE_COUNTY

DECIDED: Final = ("confidence", "supply", "sites", "moments", "reconcile")
"""Sheets that are there only where they were asked for."""

_WIDTHS: Final = (28, 20, 15, 15, 15, 15, 15, 15, 15, 15, 15)
_SPOKEN: Final = 9  # columns that a sentence is written across


@dataclass(frozen=True)
class _Block:
    """A title, sentences and a table; any of them may be missing."""

    title: str
    said: Sequence[str] = ()
    name: str = ""
    table: pd.DataFrame | None = None
    without: Sequence[str] = ()  # columns that the title tells already


def decided_sheets(book: Book) -> list[str]:
    """Name the sheets of what was asked for.

    Parameters
    ----------
    book
        The workbook.

    Returns
    -------
    list of str
        Keys of the sheets, in their order.
    """
    found = decisions_of(book.assessment)
    there = {
        "confidence": found.confidence is not None,
        "supply": bool(found.supplied),
        "sites": bool(found.sited),
        "moments": found.moments is not None,
        "reconcile": len(found.reconciled) > 0,
    }
    return [key for key in DECIDED if there[key]]


def write_decided(book: Book, sheets: Mapping[str, Worksheet]) -> None:
    """Write the sheets of what was asked for.

    Parameters
    ----------
    book
        The workbook.
    sheets
        Its sheets by key; those of `decided_sheets` are written.
    """
    tables = decided_tables(book.assessment)
    blocks: Mapping[str, Callable[[Book, dict[str, pd.DataFrame]], Iterable[_Block]]] = {
        "supply": _supply,
        "sites": _sites,
        "moments": _moments,
        "confidence": _confidence,
    }
    for key in decided_sheets(book):
        if key == "reconcile":
            county = book.assessment.config.label(book.lang)
            table = shown_table("reconcile", tables["reconcile"], book.lang, county)
            table_sheet(book, sheets[key], key, table, frozen=3)
        else:
            _write(book, sheets[key], blocks[key](book, tables))


def _supply(book: Book, tables: dict[str, pd.DataFrame]) -> Iterable[_Block]:
    asked = ("kind", "method", "minutes", "capacity_from", "demand_from")
    for supplied in decisions_of(book.assessment).supplied:
        named = _kind(book, supplied.kind)
        told = book.say("supply", kind=named, method=supplied.method.upper())
        key = {
            "kind": supplied.kind,
            "method": supplied.method,
            "minutes": supplied.minutes,
            "capacity_from": supplied.capacity or "",
            "demand_from": supplied.demand,
        }
        said = says.supply_says(book.assessment, supplied, book.lang)
        yield _Block(told, said, "supply", _of(tables["supply"], key), asked)


def _sites(book: Book, tables: dict[str, pd.DataFrame]) -> Iterable[_Block]:
    asked = ("kind", "objective")
    for sited in decisions_of(book.assessment).sited:
        key = {"kind": sited.kind, "objective": sited.asked["objective"]}
        named = _kind(book, sited.kind)
        said = says.sited_says(book.assessment, sited, book.lang)
        yield _Block(book.say("sites", kind=named), said, "sites", _of(tables["sites"], key), asked)
        curve = _of(tables["sites_curve"], key)
        yield _Block(
            book.say("curve", kind=named), [book.say("curve_note")], "sites_curve", curve, asked
        )


def _moments(book: Book, tables: dict[str, pd.DataFrame]) -> Iterable[_Block]:
    found = decisions_of(book.assessment).moments
    if found is None:
        return
    said = says.moments_say(book.assessment, found, book.lang)
    yield _Block(book.say("hours"), said)
    covered = tables["moments"]
    county = covered[covered["scope"] == SCOPE_COUNTY]
    yield _Block(book.say("moments"), [book.say("moments_note")], "moments", county)
    yield _Block(book.say("openings"), (), "openings", tables["openings"])
    yield _Block(book.say("eight_hours"), (), "eight_hours", tables["eight_hours"])


def _confidence(book: Book, tables: dict[str, pd.DataFrame]) -> Iterable[_Block]:
    sure = decisions_of(book.assessment).confidence
    if sure is None:
        return
    said = says.confidence_says(book.assessment, sure, book.lang)
    yield _Block(book.say("confidence"), said, "confidence", tables["confidence"])
    for name in ("confidence_in_gaps", "confidence_coverage"):
        if name in tables:
            yield _Block(book.say(name), (), name, tables[name])
    if "edge" in tables:
        told = says.edge_says(book.assessment, sure, book.lang)
        yield _Block(book.say("edge"), told, "edge", tables["edge"])
    for name in ("completeness", "confidence_settings"):
        if name in tables:
            yield _Block(book.say(name), (), name, tables[name])


def _write(book: Book, sheet: Worksheet, blocks: Iterable[_Block]) -> None:
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    wide = sum(_WIDTHS[:_SPOKEN]) * 0.95
    row = 0
    for block in blocks:
        row = title(book, sheet, row, block.title)
        for sentence in block.said:
            text = plain_text(sentence, book.lang)
            sheet.set_row(row, row_height(text, wide))
            across(book, sheet, row, 0, _SPOKEN - 1, text)
            row += 1
        if block.table is not None:
            county = book.assessment.config.label(book.lang)
            kept = block.table.drop(columns=[*_words_of(block)], errors="ignore")
            table = shown_table(block.name, kept, book.lang, county)
            shown = as_shown(table, book.lang)
            dress = Dress(marks=marks(book), widths=_WIDTHS)
            end = write_table(sheet, book.looks, shown, book.lang, row=row, dress=dress)
            colour(book, sheet, table, row)
            row = end
        row += 1


def _words_of(block: _Block) -> Iterable[str]:
    for key in block.without:
        yield from (key, f"{key}_zh", f"{key}_en")


def _of(table: pd.DataFrame, asked: Mapping[str, object]) -> pd.DataFrame:
    """Give the rows of one asking."""
    same = pd.Series(data=True, index=table.index)
    for name, value in asked.items():
        same &= table[name] == value
    return table[same]


def _kind(book: Book, kind: str) -> str:
    entry = kinds_of(book.assessment).get(kind)
    return plain(kind if entry is None else entry.label(book.lang))
