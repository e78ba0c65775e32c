"""What python-docx does not offer: fields, contents, tables with repeated heads, bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Cm, Length
from docx.text.paragraph import Paragraph as Line

from lifecircle.render.report.docx_styles import Styles
from lifecircle.render.report.model import Grid, Heading
from lifecircle.render.report.text import printable

_THICK, _THIN, _HAIR = "12", "6", "2"  # eighths of a point
_SHADE: Final = "EEF1F3"


def add_field(line: Line, code: str, shown: str = "", *, parent: Any = None) -> None:
    """Add a field, with what it shows until Word computes it.

    Parameters
    ----------
    line
        The paragraph.
    code
        As Word writes it: ``PAGE``.
    shown
        Its result until then.
    parent
        Element within the paragraph that takes it, such as a link.
    """
    for kind in ("begin", "code", "separate", "shown", "end"):
        run = line.add_run()._r  # noqa: SLF001 - python-docx has no fields
        if kind == "code":
            inner = OxmlElement("w:instrText")
            inner.set(qn("xml:space"), "preserve")
            inner.text = f" {code} "
        elif kind == "shown":
            inner = OxmlElement("w:t")
            inner.text = shown
        else:
            inner = OxmlElement("w:fldChar")
            inner.set(qn("w:fldCharType"), kind)
        run.append(inner)
        if parent is not None:
            parent.append(run)


def add_contents(
    document: Document, headings: Sequence[Heading], styles: Styles, wide: Length
) -> None:
    """Add a table of contents: a field of Word's, filled with the headings until it is updated.

    Only Word knows on which page a heading stands. Until it says so the entries have neither a page
    number nor the dots that lead to one, so that they look finished on paper and as PDF.

    Parameters
    ----------
    document
        The Word file.
    headings
        All headings, numbered; each has its `bookmark`.
    styles
        The report's styles.
    wide
        Width of the text; page numbers stand at its right.
    """
    lines = []
    for heading in headings:
        name = styles.toc(heading.level)
        lines.append(document.add_paragraph(style=name))
        stops = document.styles[name].paragraph_format.tab_stops
        if not len(stops):  # of the style, for the entries that Word will write
            stops.add_tab_stop(wide, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
    if not lines:
        return
    _mark(lines[0], "begin")
    run = lines[0].add_run()._r  # noqa: SLF001
    code = OxmlElement("w:instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = ' TOC \\o "1-2" \\h \\z \\u '
    run.append(code)
    _mark(lines[0], "separate")
    for line, heading in zip(lines, headings, strict=True):
        link = OxmlElement("w:hyperlink")
        link.set(qn("w:anchor"), _anchor(heading.number))
        line._p.append(link)  # noqa: SLF001
        run = line.add_run(printable(f"{heading.number}  {heading.text}"))._r  # noqa: SLF001
        link.append(run)
    _mark(lines[-1], "end")


def bookmark(line: Line, number: str) -> None:
    """Mark a heading, for the contents to point at.

    Parameters
    ----------
    line
        The heading.
    number
        Its number, which is unique.
    """
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    chapter, _, section = number.partition(".")
    key = str(7000 + 100 * int(chapter) + int(section or 0))
    for element in (start, end):
        element.set(qn("w:id"), key)
    start.set(qn("w:name"), _anchor(number))
    properties = line._p.pPr  # noqa: SLF001
    line._p.insert(0 if properties is None else 1, start)  # noqa: SLF001
    line._p.append(end)  # noqa: SLF001


def add_table(document: Document, part: Grid, styles: Styles, wide: Length) -> None:
    """Add a table with three rules, its head repeated on every page.

    Parameters
    ----------
    document
        The Word file.
    part
        The table.
    styles
        The report's styles.
    wide
        Width of the text.
    """
    table = document.add_table(rows=1 + len(part.rows), cols=len(part.head))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    properties = table._tbl.tblPr  # noqa: SLF001
    properties.append(_borders("w:tblBorders", top=_THICK, bottom=_THICK, insideH=_HAIR))
    properties.append(_padding())
    widths = [Length(int(wide * share)) for share in part.widths]
    for column, size in zip(table.columns, widths, strict=True):
        column.width = size
    looks = [document.styles[name].style_id for name in (styles.cell, styles.head)]
    for number, (row, texts) in enumerate(zip(table.rows, [part.head, *part.rows], strict=True)):
        settings = row._tr.get_or_add_trPr()  # noqa: SLF001
        settings.append(OxmlElement("w:cantSplit"))
        if number == 0:
            settings.append(OxmlElement("w:tblHeader"))
        cells = zip(row.cells, texts, part.numeric, widths, strict=True)
        for cell, text, numeric, size in cells:
            cell.width = size
            line = cell.paragraphs[0]
            line._p.style = looks[number == 0]  # noqa: SLF001 - looked up once, not per cell
            if text:
                line.add_run(printable(text))
            if numeric:
                line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if number == 0:
                inner = cell._tc.get_or_add_tcPr()  # noqa: SLF001
                inner.append(_borders("w:tcBorders", bottom=_THIN))
                inner.append(_shade())


def page_frame(section: Any, header: str, page: str) -> None:
    """Write county and date at the head of every page and its number at the foot.

    Parameters
    ----------
    section
        Of the Word file.
    header
        The text.
    page
        With a place for the number: ``"Page {page}"``.
    """
    head = section.header.paragraphs[0]
    head.text = printable(header)
    head.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, _, after = page.partition("{page}")
    foot.add_run(before)
    add_field(foot, "PAGE", "1")
    foot.add_run(after)


def describe(shape: Any, title: str, alt: str) -> None:
    """Give a picture its words for whoever cannot see it.

    Parameters
    ----------
    shape
        The picture.
    title, alt
        Its name, and what it shows.
    """
    properties = shape._inline.docPr  # noqa: SLF001
    properties.set("title", printable(title))
    properties.set("descr", printable(alt))


def _anchor(number: str) -> str:
    return f"_lifecircle_{number.replace('.', '_')}"


def _mark(line: Line, kind: str) -> None:
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    if kind == "begin":
        mark.set(qn("w:dirty"), "true")  # Word fills in the page numbers when it opens the file
    line.add_run()._r.append(mark)  # noqa: SLF001


def _borders(tag: str, **sizes: str) -> Any:
    borders = OxmlElement(tag)
    for side in ("top", "bottom", "insideH"):
        if side in sizes:
            edge = OxmlElement(f"w:{side}")
            for name, value in (
                ("val", "single"),
                ("sz", sizes[side]),
                ("space", "0"),
                ("color", "C3C8CC" if sizes[side] == _HAIR else "1D2226"),
            ):
                edge.set(qn(f"w:{name}"), value)
            borders.append(edge)
    return borders


def _padding() -> Any:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(int(Cm(0.12).twips)))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    return margins


def _shade() -> Any:
    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:color"), "auto")
    shade.set(qn("w:fill"), _SHADE)
    return shade
