"""Styles of the Word file: 宋体 for text and 黑体 for headings, or those of a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Cm, Pt, RGBColor

from lifecircle.standards import Lang

_SERIF: Final = ("Times New Roman", "宋体")
_SANS: Final = ("Arial", "黑体")
_INK: Final = RGBColor(0x1D, 0x22, 0x26)
_THEME: Final = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")


@dataclass(frozen=True)
class Styles:
    """Names of the paragraph styles that the report uses.

    Parameters
    ----------
    document
        The file that has them.
    """

    document: Document
    title: str = "Title"
    body: str = "Normal"
    caption: str = "Caption"
    item: str = "List Bullet"
    fact: str = "Lifecircle fact"
    warning: str = "Lifecircle warning"
    contents: str = "Lifecircle contents"
    lead: str = "Lifecircle finding"
    note: str = "Lifecircle note"
    picture: str = "Lifecircle picture"
    cell: str = "Lifecircle cell"
    head: str = "Lifecircle table head"

    def heading(self, level: int) -> str:
        """Give the style of headings."""
        return f"Heading {level}"

    def toc(self, level: int) -> str:
        """Give the style of entries in the table of contents."""
        return f"toc {level}"

    def numbers_itself(self, level: int) -> bool:
        """Tell whether the template's headings carry their own numbers."""
        style: Any = self.document.styles[self.heading(level)]
        while style is not None:
            properties = style.element.pPr
            if properties is not None and properties.numPr is not None:
                return True
            style = style.base_style
        return False


def own_styles(document: Document, *, lang: Lang, bare: bool) -> Styles:
    """Make sure that a document has every style; those of a template stay as they are.

    Parameters
    ----------
    document
        The Word file.
    lang
        Its language, for spelling.
    bare
        True without a template: the styles that every Word file has get the report's look too.
    """
    styles = Styles(document)
    if bare:
        _defaults(document, lang)
    left, middle = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER
    sans: dict[str, Any] = {"fonts": _SANS}
    common: dict[str, dict[str, Any]] = {
        styles.body: {"size": 11, "space": (0, 5), "line": 1.4, "fonts": _SERIF},
        styles.title: {"size": 22, "space": (40, 14), "align": middle, "bold": True, **sans},
        styles.heading(1): {"size": 16, "space": (18, 8), "bold": True, "next": True, **sans},
        styles.heading(2): {"size": 13, "space": (12, 5), "bold": True, "next": True, **sans},
        styles.caption: {"size": 9.5, "space": (6, 3), "align": middle, **sans},
        styles.item: {"size": 10.5, "space": (0, 3), "fonts": _SERIF},
    }
    for name, how in common.items():
        if bare or not _has(document, name):
            _shape(document, name, **how)
    _shape(document, styles.fact, size=11, space=(0, 2), align=middle)
    _shape(document, styles.warning, size=11, space=(4, 14), align=middle, bold=True, **sans)
    _shape(document, styles.contents, size=14, space=(10, 6), bold=True, **sans)
    _shape(document, styles.lead, size=11, space=(2, 5), indent=0.5, line=1.4)
    _shape(document, styles.note, size=8.5, space=(2, 4), color=RGBColor(0x4C, 0x54, 0x5A))
    _shape(document, styles.picture, size=9, space=(6, 2), align=middle, line=1.0)
    _shape(document, styles.cell, size=8.5, space=(1, 1), align=left, line=1.0)
    _shape(document, styles.head, size=8.5, space=(2, 2), align=left, line=1.0, **sans)
    for level in (1, 2):
        if bare or not _has(document, styles.toc(level)):
            indent = 0.6 * (level - 1)
            _shape(document, styles.toc(level), size=10.5, space=(0, 1), indent=indent, line=1.2)
    return styles


def _has(document: Document, name: str) -> bool:
    return name in {style.name for style in document.styles}


def _shape(  # noqa: PLR0913 - what a style is made of
    document: Document,
    name: str,
    *,
    size: float,
    space: tuple[float, float],
    align: Any = None,
    bold: bool | None = None,
    fonts: tuple[str, str] | None = None,
    indent: float = 0.0,
    line: float | None = None,
    color: RGBColor = _INK,
    next: bool = False,  # noqa: A002 - as Word calls it
) -> None:
    if not _has(document, name):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if name != "Normal" and _has(document, "Normal"):
            document.styles[name].base_style = document.styles["Normal"]
    style: Any = document.styles[name]
    style.font.size = Pt(size)
    style.font.bold = bold
    style.font.italic = False
    style.font.color.rgb = color
    if fonts is not None:
        _fonts(style.element.get_or_add_rPr().get_or_add_rFonts(), fonts)
    paragraph = style.paragraph_format
    paragraph.space_before, paragraph.space_after = Pt(space[0]), Pt(space[1])
    if align is not None:
        paragraph.alignment = align
    if indent:
        paragraph.left_indent = Cm(indent)
    if line is not None:
        paragraph.line_spacing = line
    if next:
        paragraph.keep_with_next = True
    if name == "Title":  # the line below the title of Word's own style
        borders = style.element.pPr.find(qn("w:pBdr"))
        if borders is not None:
            style.element.pPr.remove(borders)


def _fonts(fonts: Any, names: tuple[str, str]) -> None:
    for theme in _THEME:  # a theme's fonts would win over those named here
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for slot in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{slot}"), names[0])
    fonts.set(qn("w:eastAsia"), names[1])


def _defaults(document: Document, lang: Lang) -> None:
    defaults = document.styles.element.find(qn("w:docDefaults"))
    if defaults is None:
        return
    properties = defaults.find(f"{qn('w:rPrDefault')}/{qn('w:rPr')}")
    if properties is None:
        return
    fonts = properties.find(qn("w:rFonts"))
    if fonts is not None:
        _fonts(fonts, _SERIF)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    language.set(qn("w:val"), "en-GB" if lang == "en" else "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
