"""Cells of a workbook: text that stays text, numbers with their formats, widths that fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from lifecircle.render.tables.words import Figure, figures, texts, word
from lifecircle.render.walking_words import ridden
from lifecircle.standards import Lang

SHEET_ROWS: Final = 1_048_576
"""Rows that Excel holds in a sheet."""

CELL_TEXT: Final = 32_767
"""Characters (UTF-16 units) that Excel holds in a cell."""

LINKS: Final = 60_000
"""Links that are written per sheet; Excel holds 65,530."""

_LINK: Final = 2_000  # characters; Excel holds 2,080
# What XML 1.0 cannot hold. Lone surrogates cannot be written as UTF-8 at all.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_RETURNS: Final = re.compile("\r\n?")
_FORMATS: Final[Mapping[Figure, str]] = {
    "count": "#,##0",
    "persons": "#,##0",  # `Looks` says what is written below one
    "share": "0.0%",
    "score": "0.0",
    "minutes": "0.0",
    "hectares": "#,##0.0",
    "degrees": "0.000000",
    "number": "#,##0.##",
    "rate": "0.000",
}
_WIDTHS: Final[Mapping[Figure, tuple[int, int]]] = {
    "text": (8, 28),
    "id": (8, 16),
    "long": (24, 44),
    "count": (9, 14),
    "persons": (9, 14),
    "share": (11, 12),
    "score": (9, 12),
    "minutes": (9, 13),
    "hectares": (9, 12),
    "degrees": (15, 15),
    "number": (9, 13),
    "rate": (9, 13),
}
_SHORT: Final = 15  # digits
_WIDE: Final = 90
_MEASURED: Final = 500  # rows that a column's width is taken from
_WRAPPED: Final = 5_000  # rows up to which cells are wrapped and framed: Excel sizes each by itself
_LINE: Final = 14.0  # points
_INDENT: Final = 2.0  # digits that indent and margins of a cell take
_NARROW: Final = 1.1  # widths are counted in digits of 11 points, and the text has 10
_MARKS: Final[Mapping[str, dict[str, Any]]] = {
    # Colours of Okabe and Ito's palette, paled: told apart by every eye, and in grey print.
    "met": {"bg_color": "#cfe6f5", "font_color": "#003f66", "bold": True},
    "not met": {"bg_color": "#f9d9b8", "font_color": "#7a2e00", "bold": True},
    "unknown": {"bg_color": "#e4e4e4", "font_color": "#404040", "italic": True},
    "doubt": {"font_color": "#a33c00", "bold": True},
    "link": {"font_color": "#0b4f8a", "underline": 1},
}
_FONTS: Final[Mapping[Lang, str]] = {"zh": "微软雅黑", "en": "Arial"}


class Looks:
    """The formats of one workbook, each made once.

    Parameters
    ----------
    book
        The workbook.
    lang
        Language of the texts, for the font.
    riding
        Whether somebody rides: then no heading says that all walk.
    """

    def __init__(self, book: xlsxwriter.Workbook, lang: Lang, *, riding: bool = False) -> None:
        self._book, self._lang, self._riding = book, lang, riding
        self._plain = {"font_name": _FONTS[lang], "font_size": 10, "valign": "top"}
        self._persons = f'[=0]0;[<1]"{word("below_one", lang)}";#,##0'
        self._made: dict[tuple[Any, ...], Format] = {}

    def cell(self, figure: Figure = "text", mark: str = "", *, framed: bool = True) -> Format:
        """Give the format of a cell: how its figure is written, and how it is marked."""
        look: dict[str, Any] = dict(self._plain)
        if framed:
            look |= {"border": 1, "border_color": "#bfbfbf"}
        if figure == "persons":
            look["num_format"] = self._persons
        elif figure in _FORMATS:
            look["num_format"] = _FORMATS[figure]
        else:
            look |= {"align": "left", "indent": 1}  # beside a number that is set to the right
            look["text_wrap"] = framed
        return self.named(("cell", figure, mark, framed), look | _MARKS.get(mark, {}))

    def heading(self, name: str) -> str:
        """Give a heading as it is written."""
        return ridden(name, self._lang) if self._riding else name

    def head(self) -> Format:
        """Give the format of a heading."""
        return self.named(
            ("head",),
            self._plain
            | {"border": 1, "border_color": "#bfbfbf", "text_wrap": True, "align": "center"}
            | {"valign": "vcenter", "bold": True, "bg_color": "#1f4e79", "font_color": "#ffffff"},
        )

    def title(self, size: int) -> Format:
        """Give the format of a title."""
        look = self._plain | {"bold": True, "font_size": size, "font_color": "#1f4e79"}
        return self.named(("title", size), look | {"valign": "vcenter"})

    def named(self, key: tuple[Any, ...], look: dict[str, Any]) -> Format:
        """Give the format of a key; it is made where it is new."""
        if key not in self._made:
            self._made[key] = self._book.add_format(look)
        return self._made[key]


@dataclass(frozen=True)
class Links:
    """Where the cells of one column lead.

    Parameters
    ----------
    column
        Heading.
    targets
        One per row, as xlsxwriter takes them; empty where there is none.
    tip
        What shows when the pointer rests on it.
    """

    column: str
    targets: Sequence[str]
    tip: str


@dataclass(frozen=True)
class Dress:
    """What a table is written with beside its values.

    Parameters
    ----------
    links
        Columns whose cells lead somewhere.
    marks
        Heading -> what marks a value: a name of a mark, or an empty text.
    widths
        Widths of the columns, where these are set already; empty: `write_table` sets them.
    printed
        Columns that go on paper, 0 for all; long texts of the others are wide, so that rows stay
        low.
    """

    links: Sequence[Links] = ()
    marks: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    widths: Sequence[float] = ()
    printed: int = 0


NOTHING: Final = Dress()
"""No links, no marks, widths as the values need."""


def plain_text(value: object, lang: Lang) -> str:
    r"""Give a text as a cell can hold it: no control characters, cut with a mark where too long.

    Parameters
    ----------
    value
        Any text.
    lang
        Language of the mark.

    Examples
    --------
    >>> plain_text("a\x00b\r\nc", "en")
    'a b\nc'
    """
    text = _RETURNS.sub("\n", str(value))
    text = _ILLEGAL.sub(" ", text)
    if text.startswith("<r>") and text.endswith("</r>"):
        text += " "  # xlsxwriter would take it for its own markup and write it unescaped
    if len(text) > CELL_TEXT // 2 and _units(text) > CELL_TEXT:
        mark = texts("book", lang)["cut_text"]
        room = (CELL_TEXT - len(mark)) * 2
        text = text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + mark
    return text


def write_table(
    sheet: Worksheet,
    looks: Looks,
    table: pd.DataFrame,
    lang: Lang,
    *,
    row: int = 0,
    dress: Dress = NOTHING,
) -> int:
    """Write a table with its headings.

    Parameters
    ----------
    sheet, looks
        Where to, and the formats.
    table
        Headings as `lifecircle.render.tables.words` has them.
    lang
        Language of the headings.
    row
        Row of the headings, from 0.
    dress
        Links, marks and widths.

    Returns
    -------
    int
        The row after the table's last one; where the table was cut, that row says so.
    """
    kinds = [figures(lang).get(str(name), "text") for name in table.columns]
    framed = len(table) <= _WRAPPED
    room = SHEET_ROWS - row - 1
    shown = table if len(table) <= room else table.head(room - 1)
    columns = [_values(shown[name], kind, lang) for name, kind in zip(table, kinds, strict=True)]
    widths = dress.widths
    if not widths:
        widths = [
            _width(str(name), values, kind, on_paper=number < (dress.printed or len(columns)))
            for number, (name, values, kind) in enumerate(zip(table, columns, kinds, strict=True))
        ]
        for number, width in enumerate(widths):
            sheet.set_column(number, number, width)
    write_head(sheet, looks, [str(name) for name in table.columns], row, widths)
    cells = _cells(looks, table, kinds, dress.marks, framed=framed)
    targets = _targets(table, dress.links)
    wrapped = [number for number, kind in enumerate(kinds) if kind not in _FORMATS]
    for line, values in enumerate(zip(*columns, strict=True)):
        if framed:
            _size_row(sheet, row + 1 + line, [(values[n], widths[n]) for n in wrapped])
        for number, (value, write) in enumerate(zip(values, cells, strict=True)):
            write(sheet, row + 1 + line, number, value, *targets(number, line))
    last = row + 1 + len(shown)
    if len(shown) < len(table):
        told = texts("book", lang)["cut"].format(count=f"{len(table):,}", shown=f"{len(shown):,}")
        sheet.write_string(last, 0, told, looks.cell("text", "doubt", framed=False))
    return last


def write_head(
    sheet: Worksheet, looks: Looks, names: Sequence[str], row: int, widths: Sequence[float]
) -> None:
    """Write headings, on a row as high as the longest of them needs."""
    lines = max((lines_of(name, w) for name, w in zip(names, widths, strict=False)), default=1)
    sheet.set_row(row, _LINE * lines + 6)
    for number, name in enumerate(names):
        sheet.write_string(row, number, looks.heading(name), looks.head())


def lines_of(text: str, width: float) -> int:
    """Tell how many lines a text needs in a cell.

    Parameters
    ----------
    text
        The text.
    width
        Width of the cell, in digits of its font.

    Examples
    --------
    >>> lines_of("十个汉字需要二十格宽", 20), lines_of("十个汉字需要二十格宽", 18)
    (1, 2)
    """
    room = max(width, 1.0)
    return sum(max(1, int(np.ceil(text_width(part) / room))) for part in text.split("\n"))


def text_width(text: str) -> int:
    """Give a text's width in digits: a Chinese character takes two.

    Parameters
    ----------
    text
        The text.

    Examples
    --------
    >>> text_width("15分钟")
    6
    """
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def row_height(text: str, width: float) -> float:
    """Give the height in points of a row whose text is wrapped; Excel holds 409."""
    return min(_LINE * lines_of(text, width) + 3, 409.0)


# --- one cell ---------------------------------------------------------------------------------

_Write = Callable[..., None]


def _cells(
    looks: Looks,
    table: pd.DataFrame,
    kinds: Sequence[Figure],
    marks: Mapping[str, Callable[[Any], str]],
    *,
    framed: bool,
) -> list[_Write]:
    return [
        _writer(looks, kind, marks.get(str(name)), framed=framed)
        for name, kind in zip(table.columns, kinds, strict=True)
    ]


def _writer(
    looks: Looks, kind: Figure, mark: Callable[[Any], str] | None, *, framed: bool
) -> _Write:
    """Give what writes one cell of a column."""
    plain = looks.cell(kind, framed=framed)
    none = looks.cell("text", "unknown", framed=framed)

    def write(
        sheet: Worksheet, row: int, column: int, value: Any, target: str = "", tip: str = ""
    ) -> None:
        look = plain if mark is None else looks.cell(kind, mark(value), framed=framed)
        if value is None:
            if framed:
                sheet.write_blank(row, column, None, look)
        elif target:
            link = looks.cell(kind, "link", framed=framed)
            sheet.write_url(row, column, target, link, string=value, tip=tip)
        elif kind in _FORMATS and isinstance(value, str):  # why there is no figure
            sheet.write_string(row, column, value, none)
        elif kind in _FORMATS:
            sheet.write_number(row, column, value, look)
        else:
            sheet.write_string(row, column, value, look)

    return write


def _size_row(sheet: Worksheet, row: int, told: Sequence[tuple[Any, float]]) -> None:
    """Make a row as high as its texts need: not every program does so by itself."""
    high = max(
        (row_height(text, width * _NARROW - _INDENT) for text, width in told if text), default=0.0
    )
    if high > _LINE + 3:
        sheet.set_row(row, high)


def _targets(table: pd.DataFrame, links: Sequence[Links]) -> Callable[[int, int], tuple[str, ...]]:
    """Give what tells where a cell leads: target and tip, or nothing."""
    names = [str(name) for name in table.columns]
    known = {names.index(link.column): link for link in links if link.column in names}

    def target(number: int, line: int) -> tuple[str, ...]:
        link = known.get(number)
        if link is None or line >= LINKS or not 0 < len(link.targets[line]) <= _LINK:
            return ()
        return link.targets[line], link.tip

    return target


def _values(values: pd.Series, kind: Figure, lang: Lang) -> list[Any]:
    """Give a column's values as cells hold them; None where there is none."""
    if kind in _FORMATS and values.dtype == object:  # texts stand where there is no figure
        told = values.map(lambda value: isinstance(value, str)).to_numpy(bool)
        others = _values(values.mask(told).astype("float64"), kind, lang)
        both = zip(values, others, told, strict=True)
        return [plain_text(value, lang) if text else number for value, number, text in both]
    if kind in _FORMATS:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
        finite = np.isfinite(numbers)
        return [n if ok else None for n, ok in zip(numbers.tolist(), finite, strict=True)]
    there = values.notna().to_numpy()
    return [
        plain_text(value, lang) if ok else None for value, ok in zip(values, there, strict=True)
    ]


def _width(name: str, values: Sequence[Any], kind: Figure, *, on_paper: bool) -> float:
    low, high = _WIDTHS[kind]
    if kind == "long" and not on_paper:
        high = _WIDE
    if kind in _FORMATS:
        wide = [f"{n:,.0f}" for n in values[:_MEASURED] if n is not None and not isinstance(n, str)]
        need = max(map(len, wide), default=0) + 4
    else:
        need = _longest(values[:_MEASURED]) + 4
    head = text_width(name)
    if head > _SHORT:  # it takes two lines or more, and breaks before a bracket best
        parts = re.split("[（(：]", name)
        head = max(-(-head // 3), *(min(text_width(part), _SHORT) for part in parts)) + 1
    head += 2
    return float(max(low, min(max(need, head), high)))


def _longest(values: Iterable[Any]) -> int:
    return max(
        (text_width(line[:200]) for text in values if text for line in text[:2000].split("\n")),
        default=0,
    )


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
