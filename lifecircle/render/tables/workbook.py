"""The workbook of an assessment: what planners open first, sort, filter, print and copy from."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.worksheet import Worksheet

from lifecircle.errors import OutputError
from lifecircle.render.mappable import Mappable
from lifecircle.render.rounding import is_below_one, whole_persons
from lifecircle.render.tables import readers
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.words import texts, word
from lifecircle.render.tables.workbook_cells import (
    Dress,
    Links,
    Looks,
    lines_of,
    plain_text,
    write_head,
    write_table,
)
from lifecircle.render.tables.workbook_decided import DECIDED, decided_sheets, write_decided
from lifecircle.render.tables.workbook_sheets import (
    Book,
    across,
    colour,
    marks,
    pairs,
    table_sheet,
    title,
)
from lifecircle.render.walking_words import rides
from lifecircle.standards import Lang

_NOTE_WIDTHS: Final = (24, 24, 16, 22, 24, 44, 10, 18)
_VIEW_WIDTHS: Final = (38, 17, 14, 16, 14, 18, 18, 18)
_FURTHER: Final = ("category", "capacity_unit", "hours_per_day", "address")
_TEXT: Final = 250  # characters of document properties, and of a page's header; Excel holds 255


def write_workbook(
    path: str | Path, assessment: Mappable, *, lang: Lang = "zh", map_name: str = "map.html"
) -> Path:
    """Write an assessment as a workbook that is made to be read, filtered and printed.

    Parameters
    ----------
    path
        The .xlsx file; one that is there is replaced, once the new one is whole.
    assessment
        Checked tables; ``inventory``, ``merges``, ``scorecard``, ``generated`` and ``run`` where it
        has them.
    lang
        Language of sheets, headings and words.
    map_name
        The map's file beside the workbook. Units lead to ``map.html#unit=ID`` and gaps to
        ``map.html#gap=ID``, with the id percent-encoded.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        It cannot be written.

    Notes
    -----
    Text of the data is written as text, whatever it starts with. Control characters become blanks;
    text beyond Excel's 32,767 characters, and rows beyond its 1,048,576, are left out, and the
    cell or the sheet says so. Memory does not grow with the number of rows.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.writing")
    options = {
        "constant_memory": True,
        "tmpdir": str(target.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    try:
        # Opened here: xlsxwriter opens its file last, and leaves its own open where that fails.
        with partial.open("wb") as stream, xlsxwriter.Workbook(stream, options) as book:
            looks = Looks(book, lang, riding=rides(assessment.config))
            _write(Book(book, looks, assessment, lang, map_name))
        partial.replace(target)
    except (OSError, XlsxWriterException) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(
            f"{target}: cannot be written: {error} -> close it in other programs, and check that "
            "the folder is writable and the disk has room"
        ) from error
    return target


def _write(book: Book) -> None:
    _properties(book)
    sheets = {key: book.book.add_worksheet(name) for key, name in _sheet_names(book).items()}
    for key, sheet in sheets.items():
        _page(book, sheet, key)
    a, lang = book.assessment, book.lang
    units = readers.units_table(a, lang)
    gaps = readers.gaps_readers(a, lang)
    _notes(book, sheets["notes"])
    _overview(book, sheets["overview"])
    to_map = _unit_links(book, units)
    links = _gap_links(book, gaps, units)
    covered = readers.coverage_readers(a, lang)
    card = readers.scorecard_readers(a, lang)
    issues = readers.problems_table(a, lang)
    table_sheet(book, sheets["units"], "units", units, frozen=1, links=to_map)
    table_sheet(book, sheets["facilities"], "facilities", _without_blanks(book), frozen=1)
    table_sheet(book, sheets["coverage"], "coverage", covered, frozen=3, printed=15)
    wide = 15 if book.head("how_sure") in gaps.columns else 14
    table_sheet(book, sheets["gaps"], "gaps", gaps, frozen=4, printed=wide, links=links)
    table_sheet(book, sheets["scorecard"], "scorecard", card, frozen=2, printed=12)
    table_sheet(book, sheets["issues"], "issues", issues, frozen=1)
    write_decided(book, sheets)


def _without_blanks(book: Book) -> pd.DataFrame:
    """Give the facilities without those further columns that nobody filled in."""
    table = readers.facilities_table(book.assessment, book.lang)
    further = [book.head(key) for key in _FURTHER]
    return table.drop(columns=[name for name in further if table[name].isna().all()])


def _sheet_names(book: Book) -> dict[str, str]:
    """Name the sheets; those of what helps to decide only where it was asked for."""
    asked = decided_sheets(book)
    names = texts("sheets", book.lang)
    return {key: name for key, name in names.items() if key not in DECIDED or key in asked}


def _properties(book: Book) -> None:
    config = book.assessment.config
    county = config.label(book.lang)
    told = {
        "title": book.say("title", county=county),
        "subject": book.assessment.standard.label(book.lang),
        "author": config.map.producer,
        "company": config.map.producer,
        "keywords": book.say("keywords"),
        "comments": _use(book),
    }
    properties: dict[str, Any] = {
        name: plain_text(text, book.lang)[:_TEXT] for name, text in told.items()
    }
    try:  # the same assessment gives the same file
        date = dt.date.fromisoformat(str(getattr(book.assessment, "generated", ""))[:10])
    except ValueError:
        date = None
    if date is not None:
        properties["created"] = dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC)
    book.book.set_properties(properties)


def _use(book: Book) -> str:
    number = book.assessment.config.map.approval_number
    if number:
        return word("approved", book.lang, number=number)
    return word("internal", book.lang)


def _page(book: Book, sheet: Worksheet, key: str) -> None:
    """Set a sheet up for A4, landscape, as wide as the page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    county = book.say("title", county=book.assessment.config.label(book.lang))
    title = _in_page(f"{county} · {book.name(key)}", book.lang, 160)
    sheet.set_header(f"&C{title}")
    generated = _in_page(getattr(book.assessment, "generated", "") or "", book.lang, 20)
    use = _in_page(_use(book), book.lang, 120)
    sheet.set_footer(f"&L{use}&C{book.say('page')}&R{generated}")


def _in_page(text: object, lang: Lang, longest: int) -> str:
    """Give a text for a page's header, where an ampersand starts a code."""
    return plain_text(text, lang).replace("\n", " ")[:longest].replace("&", "&&")


def _unit_links(book: Book, units: pd.DataFrame) -> tuple[Links, ...]:
    targets = [book.map_link("unit", key) for key in units[book.head("unit_id")]]
    return (Links(book.head("unit_name"), targets, book.say("map_tip")),)


def _gap_links(book: Book, gaps: pd.DataFrame, units: pd.DataFrame) -> tuple[Links, ...]:
    """Lead from a gap to the map, and from its unit to the unit's first row."""
    rows: dict[str, int] = {}
    for row, key in enumerate(units[book.head("unit_id")], start=2):
        rows.setdefault(key, row)
    sheet = book.name("units")
    to_unit = [
        f"internal:'{sheet}'!A{rows[key]}" if key in rows else ""
        for key in gaps[book.head("unit_id")]
    ]
    to_map = [book.map_link("gap", key) for key in gaps[book.head("gap_id")]]
    return (
        Links(book.head("gap_id"), to_map, book.say("map_tip")),
        Links(book.head("unit_name"), to_unit, book.say("sheet_tip", sheet=sheet)),
    )


# --- sheets of several blocks -----------------------------------------------------------------


def _notes(book: Book, sheet: Worksheet) -> None:
    lang = book.lang
    row = _front(book, sheet, _NOTE_WIDTHS)
    row = pairs(book, sheet, row, readers.notes_table(book.assessment, lang), _NOTE_WIDTHS)
    row = _sheets(book, sheet, row + 1)
    row = title(book, sheet, row + 1, book.say("sources"))
    sources = readers.sources_table(book.assessment, lang)
    dress = Dress(marks=marks(book), widths=_NOTE_WIDTHS)
    row = write_table(sheet, book.looks, sources, lang, row=row, dress=dress)
    row = title(book, sheet, row + 1, book.say("thresholds"))
    asked = readers.thresholds_table(book.assessment, lang)
    write_table(sheet, book.looks, asked, lang, row=row, dress=dress)


def _overview(book: Book, sheet: Worksheet) -> None:
    lang, a = book.lang, book.assessment
    row = _front(book, sheet, _VIEW_WIDTHS)
    sheet.fit_to_pages(1, 1)
    row = title(book, sheet, row, book.say("totals"))
    row = _totals(book, sheet, row, readers.totals_table(a, lang))
    blocks: Mapping[str, tuple[str, pd.DataFrame]] = {
        "circles": ("units", readers.overview_table(a, lang)),
        "gap_kinds": ("gaps", readers.gap_summary_table(a, lang)),
        "verdicts": ("scorecard", readers.verdicts_table(a, lang)),
    }
    for key, (leads_to, table) in blocks.items():
        row = title(book, sheet, row + 1, book.say(key), leads_to)
        if table.empty:
            told = texts("empty", lang)[leads_to]
            sheet.write_string(row, 0, told, book.looks.cell(framed=False))
            row += 1
            continue
        dress = Dress(marks=marks(book), widths=_VIEW_WIDTHS)
        end = write_table(sheet, book.looks, as_shown(table, lang), lang, row=row, dress=dress)
        colour(book, sheet, table, row)
        row = end


def _front(book: Book, sheet: Worksheet, widths: tuple[float, ...]) -> int:
    """Write the sheet's title, the line on its use and the link to the map."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    title = book.say("title", county=book.assessment.config.label(book.lang))
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, plain_text(title, book.lang), book.looks.title(16))
    sheet.freeze_panes(1, 0)
    sheet.write_string(1, 0, plain_text(_use(book), book.lang), book.looks.cell(framed=False))
    link = f"external:{book.map_name}"
    told = book.say("open_map", map=book.map_name)
    sheet.write_url(2, 0, link, book.looks.cell("text", "link", framed=False), string=told)
    return 4


def _sheets(book: Book, sheet: Worksheet, row: int) -> int:
    row = title(book, sheet, row, book.say("sheets"))
    there = _sheet_names(book)
    contents = texts("contents", book.lang).items()
    for key, told in ((key, told) for key, told in contents if key in there):
        name = book.name(key)
        link = book.looks.cell("text", "link")
        sheet.write_url(row, 0, f"internal:'{name}'!A1", link, string=name)
        across(book, sheet, row, 1, len(_NOTE_WIDTHS) - 1, told)
        row += 1
    return row


def _totals(book: Book, sheet: Worksheet, row: int, table: pd.DataFrame) -> int:
    """Write counts: item, value, unit, and a note across the rest of the sheet."""
    last, persons = len(_VIEW_WIDTHS) - 1, word("persons", book.lang)
    write_head(sheet, book.looks, [str(name) for name in table.columns], row, _VIEW_WIDTHS)
    sheet.merge_range(row, 3, row, last, str(table.columns[3]), book.looks.head())
    for item, value, unit, note in table.itertuples(index=False):
        row += 1
        sheet.set_row(row, 15.0 * lines_of(item, _VIEW_WIDTHS[0] * 0.95) + 3)
        sheet.write_string(row, 0, item, book.looks.cell())
        look = book.looks.cell("persons" if unit == persons else "count")
        if pd.isna(value):
            sheet.write_blank(row, 1, None, look)
        else:
            shown = value if is_below_one(value) else whole_persons(float(value))
            sheet.write_number(row, 1, shown, look)
        sheet.write_string(row, 2, unit, book.looks.cell())
        across(book, sheet, row, 3, last, note)
    return row + 1
