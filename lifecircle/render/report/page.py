"""The report as one web page that loads nothing and prints on A4."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape as _escape
from importlib import resources
from itertools import groupby

from lifecircle.render.report.figures import REPORT_DPI, Figures
from lifecircle.render.report.model import Grid, Heading, Paragraph, Part, Picture, Report, label
from lifecircle.render.report.text import printable, report_words

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page_html(report: Report, figures: Figures) -> str:
    """Render a report as HTML.

    Parameters
    ----------
    report
        What `lifecircle.render.report.writing.build_report` gave.
    figures
        Its drawings.

    Returns
    -------
    str
        One page; every text is escaped, every figure is a PNG inside it.
    """
    lang = {"zh": "zh-CN", "en": "en"}[report.lang]
    style = (resources.files(__package__) / "templates" / "report.css").read_text(encoding="utf-8")
    body = [
        f"<header><h1>{escape(report.title)}</h1>",
        *(f'<p class="fact">{escape(fact)}</p>' for fact in report.facts),
        f'<p class="warning">{escape(report.warning)}</p></header>',
        _contents(report),
        "<main>",
        *_parts(report, figures),
        "</main>",
        f'<footer><p class="warning">{escape(report.warning)}</p></footer>',
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{lang}"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.title)}</title>",
            f"<style>{style}</style></head><body>",
            *body,
            "</body></html>\n",
        ]
    )


def escape(text: str) -> str:
    """Give a text as HTML shows it, whatever stands in it."""
    return _escape(printable(text))


def _contents(report: Report) -> str:
    lines = [
        f'<li class="level{part.level}"><a href="#s{part.number}">'
        f"{part.number} {escape(part.text)}</a></li>"
        for part in report.parts
        if isinstance(part, Heading)
    ]
    title = escape(report_words(report.lang)["contents"])
    return f'<nav><p class="contents">{title}</p><ul>{"".join(lines)}</ul></nav>'


def _parts(report: Report, figures: Figures) -> Iterator[str]:
    for items, group in groupby(report.parts, key=_is_item):
        inner = [_part(part, report, figures) for part in group]
        yield f"<ul>{''.join(inner)}</ul>" if items else "\n".join(inner)


def _is_item(part: Part) -> bool:
    return isinstance(part, Paragraph) and part.look == "item"


def _part(part: Part, report: Report, figures: Figures) -> str:
    if isinstance(part, Heading):
        tag = f"h{part.level + 1}"
        return f'<{tag} id="s{part.number}">{part.number} {escape(part.text)}</{tag}>'
    if isinstance(part, Paragraph):
        if part.look == "item":
            return f"<li>{escape(part.text)}</li>"
        return f'<p class="{part.look}">{escape(part.text)}</p>'
    caption = f"{label(part, report.lang)} {part.number}"
    if isinstance(part, Picture):
        data = base64.b64encode(figures.png(part.drawing, REPORT_DPI)).decode("ascii")
        wide, _ = figures.size_cm(part.drawing)
        return (
            f'<figure><img style="width:{wide:.2f}cm" alt="{escape(part.drawing.alt)}" '
            f'src="data:image/png;base64,{data}">'
            f"<figcaption>{caption}  {escape(part.drawing.caption)}</figcaption></figure>"
        )
    return _table(part, caption)


def _table(part: Grid, caption: str) -> str:
    side = ['class="number"' if numeric else "" for numeric in part.numeric]
    columns = "".join(f'<col style="width:{share * 100:.1f}%">' for share in part.widths)
    head = "".join(
        f"<th {how}>{escape(name)}</th>" for name, how in zip(part.head, side, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td {how}>{escape(cell)}</td>" for cell, how in zip(row, side, strict=True))
        + "</tr>"
        for row in part.rows
    )
    note = f'<p class="note">{escape(part.note)}</p>' if part.note else ""
    return (
        f"<table><caption>{caption}  {escape(part.caption)}</caption><colgroup>{columns}</colgroup>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
    )
