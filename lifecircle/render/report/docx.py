"""The report as a Word file: its own plain look, or a bureau's template."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.shared import Cm, Length
from docx.text.paragraph import Paragraph as Line

from lifecircle.errors import Fault, InputError, MissingFileError
from lifecircle.render.report.docx_parts import (
    add_contents,
    add_field,
    add_table,
    bookmark,
    describe,
    page_frame,
)
from lifecircle.render.report.docx_styles import Styles, own_styles
from lifecircle.render.report.figures import REPORT_DPI, Figures
from lifecircle.render.report.model import Grid, Heading, Paragraph, Part, Picture, Report, label
from lifecircle.render.report.text import printable, report_words

PLACE: Final = "{{lifecircle}}"
"""A paragraph of a template that says this makes room for the report."""

_MARGIN: Final = Cm(2.5)
_TALLEST: Final = 20.6  # cm, of a figure: a chapter's heading and the caption fit on its page
_A4: Final = (Cm(21.0), Cm(29.7))
_NO_WORD_FILE: Final = (PackageNotFoundError, ValueError, KeyError, zipfile.BadZipFile, OSError)


def write_docx(
    path: str | Path, report: Report, figures: Figures, *, template: str | Path | None = None
) -> None:
    """Render a report as a Word file.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    report
        What `lifecircle.render.report.writing.build_report` gave.
    figures
        Its drawings.
    template
        A Word file whose styles, page, header and footer are used. The report stands where a
        paragraph says `PLACE`, else after the template's own text.

    Raises
    ------
    InputError
        The template is missing, or no Word file.
    OSError
        The file cannot be written.
    """
    document = docx.Document() if template is None else _open(Path(template))
    place = None if template is None else _place(document)
    before = len(document.element.body)
    if template is None:
        _bare(document, report)
    section = document.sections[_section_of(document, place)]
    wide = _width(section)
    styles = own_styles(document, lang=report.lang, bare=template is None)
    _front(document, report, styles, wide)
    for part in report.parts:
        _add(document, part, report, figures, styles, wide)
    if place is not None:
        for element in list(document.element.body)[before - 1 : -1]:
            place._p.addprevious(element)  # noqa: SLF001 - python-docx moves nothing by itself
        place._p.getparent().remove(place._p)  # noqa: SLF001
    _facts(document, report)
    document.save(str(path))


def _open(path: Path) -> Document:
    if not path.is_file():
        raise MissingFileError(
            Fault(str(path), "there is no such template", "correct [report] template")
        )
    try:
        document = docx.Document(io.BytesIO(path.read_bytes()))
        len(document.sections)
        len(document.styles)
    except Exception as error:
        if not isinstance(error, (*_NO_WORD_FILE, AttributeError, SyntaxError)):
            raise
        raise InputError(
            Fault(
                str(path),
                "the template is no Word file that can be read",
                "save it in Word as .docx, not as .doc or .dotx",
            )
        ) from error
    if not len(document.element.body) or document.element.body[-1].tag != qn("w:sectPr"):
        raise InputError(Fault(str(path), "the template has no page", "save it in Word as .docx"))
    return document


def _place(document: Document) -> Line | None:
    return next((line for line in document.paragraphs if line.text.strip() == PLACE), None)


def _section_of(document: Document, place: Line | None) -> int:
    """Give the section that a paragraph stands in; the last one without it."""
    if place is None:
        return len(document.sections) - 1
    breaks = 0
    for element in document.element.body:
        if element is place._p:  # noqa: SLF001
            break
        breaks += sum(1 for _ in element.iter(qn("w:sectPr")))
    return min(breaks, len(document.sections) - 1)


def _bare(document: Document, report: Report) -> None:
    """Set up A4 pages with header and page number."""
    section = document.sections[0]
    section.page_width, section.page_height = _A4
    section.left_margin = section.right_margin = _MARGIN
    section.top_margin = section.bottom_margin = Cm(2.4)
    section.header_distance = section.footer_distance = Cm(1.2)
    page_frame(section, report.header, report_words(report.lang)["page"])


def _width(section: Any) -> Length:
    page, left, right = section.page_width, section.left_margin, section.right_margin
    if page is None:
        return Length(_A4[0] - 2 * _MARGIN)
    return Length(max(page - (left or 0) - (right or 0), Cm(5)))


def _front(document: Document, report: Report, styles: Styles, wide: Length) -> None:
    """Set title, facts and contents, then a new page."""
    text = report_words(report.lang)
    _write(document, report.title, styles.title)
    for fact in report.facts:
        _write(document, fact, styles.fact)
    _write(document, report.warning, styles.warning)
    _write(document, text["contents"], styles.contents)
    headings = [part for part in report.parts if isinstance(part, Heading)]
    add_contents(document, headings, styles, wide)


def _add(
    document: Document, part: Part, report: Report, figures: Figures, styles: Styles, wide: Length
) -> None:
    if isinstance(part, Heading):
        numbered = styles.numbers_itself(part.level)
        words = part.text if numbered else f"{part.number}  {part.text}"
        line = _write(document, words, styles.heading(part.level))
        if part.number == "1" or part.text == report_words(report.lang)["chapter_maps"]:
            line.paragraph_format.page_break_before = True
        bookmark(line, part.number)
    elif isinstance(part, Paragraph):
        looks = {"body": styles.body, "lead": styles.lead, "item": styles.item}
        _write(document, part.text, looks.get(part.look, styles.note))
    elif isinstance(part, Grid):
        caption = _caption(document, part, report, styles)
        caption.paragraph_format.keep_with_next = True
        add_table(document, part, styles, wide)
        note = _write(document, part.note, styles.note)
        note.paragraph_format.space_after = Cm(0.25)
    else:
        _picture(document, part, figures, styles, wide)
        _caption(document, part, report, styles)


def _caption(document: Document, part: Grid | Picture, report: Report, styles: Styles) -> Line:
    name = label(part, report.lang)
    line = _write(document, f"{name} ", styles.caption)
    add_field(line, f"SEQ {name} \\* ARABIC", str(part.number))
    words = part.caption if isinstance(part, Grid) else part.drawing.caption
    line.add_run(printable(f"  {words}"))
    return line


def _picture(
    document: Document, part: Picture, figures: Figures, styles: Styles, wide: Length
) -> None:
    size, high = figures.size_cm(part.drawing)
    line = _write(document, "", styles.picture)
    line.paragraph_format.keep_with_next = True
    file = io.BytesIO(figures.png(part.drawing, REPORT_DPI))
    room = min(int(wide), int(Cm(size)), int(Cm(_TALLEST * size / high)))
    shape = line.add_run().add_picture(file, width=Length(room))
    describe(shape, part.drawing.caption, part.drawing.alt)


def _write(document: Document, text: str, style: str) -> Line:
    line = document.add_paragraph(style=style)
    if text:
        line.add_run(printable(text))
    return line


def _facts(document: Document, report: Report) -> None:
    facts = document.core_properties
    facts.title = printable(report.title)[:255]
    facts.author = facts.last_modified_by = printable(report.producer)[:255]
    facts.comments, facts.language = "", {"zh": "zh-CN", "en": "en-GB"}[report.lang]
    try:
        made = dt.datetime.fromisoformat(report.date)
    except ValueError:
        made = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - Word wants none
    facts.created = facts.modified = made
