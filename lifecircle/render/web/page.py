"""The page around the map: one HTML document that loads nothing from anywhere."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Environment

from lifecircle.errors import Fault, InputError
from lifecircle.standards import Lang

_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
# Only where the county's file has a key for this basemap.
_TIANDITU: Final = "https://*.tianditu.gov.cn"
_TIANDITU_HOST: Final = re.compile(r"https://[a-z0-9-]+\.tianditu\.gov\.cn/", re.IGNORECASE)
# In the order in which the page runs them, inside one function.
_SCRIPTS: Final = (
    "unpack.js",
    "language.js",
    "canvas.js",
    "lattice.js",
    "cells.js",
    "layers.js",
    "walk.js",
    "popups.js",
    "frame.js",
    "legend.js",
    "panel.js",
    "unitlist.js",
    "gaplist.js",
    "search.js",
    "basemap.js",
    "picture.js",
    "paper.js",
    "circle.js",
    "deciding.js",
    "compare.js",
    "map.js",
)
_LOADING: Final = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "image": ("href", "xlink:href"),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src", "srcset"),
    "track": ("src",),
    "input": ("src",),
    "use": ("href", "xlink:href"),
    "body": ("background",),
}
_CSS_URL: Final = re.compile(
    r"""url\(\s*["']?(?!data:|blob:|#)([^"')]+)|@import\s*([^;]*)""", re.IGNORECASE
)


def offline_map(
    data: Mapping[str, Any],
    *,
    lang: Lang,
    title: str,
    words: Mapping[Lang, Mapping[str, str]],
    scripts: Sequence[str] = _SCRIPTS,
    styles: Sequence[str] = ("page.css",),
) -> folium.Map:
    """Make a folium map in a page of its own, with Leaflet, styles, scripts and data inside.

    Parameters
    ----------
    data
        What the page shows (see `lifecircle.render.web.contents.page_data`), ready for JSON.
    lang
        Language that the page starts with.
    title
        Title of the document in that language.
    words
        Every string of the page, by language.
    scripts, styles
        Files among the templates, in the order in which the page takes them.

    Returns
    -------
    folium.Map
        Further folium layers may be added to it, as long as they load nothing.
    """
    chart = folium.Map(
        tiles=None,
        zoom_control=False,
        zoomSnap=0.25,
        zoomDelta=0.5,
        wheelPxPerZoomLevel=110,
        attributionControl=False,
    )
    # Leaflet comes with the page; nothing else that folium links to is used.
    chart.default_js, chart.default_css = [], []
    # A fixed name makes the file the same from run to run.
    chart._id = "lifecircle"  # noqa: SLF001
    told = {**data, "words": {each: dict(text) for each, text in words.items()}}
    page = _Page(lang, title, told, styles)
    page.add_child(chart)
    chart.add_child(_Scripts(page, chart.get_name(), scripts))
    return chart


def map_html(chart: folium.Map) -> str:
    """Give a map's page as text, and make sure that it loads nothing.

    Parameters
    ----------
    chart
        From `lifecircle.coverage_map`, perhaps with further layers.

    Returns
    -------
    str
        One HTML document.

    Raises
    ------
    InputError
        The page would load something: every such address is named.

    Examples
    --------
    >>> map_html(folium.Map(tiles=None))
    Traceback (most recent call last):
    ...
    lifecircle.errors.InputError: map: <script src> would load https://... -> ...
    """
    root = chart.get_root()
    html: str = root.render()
    reader = _Addresses()
    reader.feed(html)
    reader.close()
    if isinstance(root, _Page) and root.basemap:
        reader.found = [
            (place, address)
            for place, address in reader.found
            if not (place == "<img src>" and _TIANDITU_HOST.match(address))
        ]
    if reader.found:
        remedy = "leave out that layer, or give its content as a data: URI"
        raise InputError(
            [
                Fault("map", f"{place} would load {address[:200]}", remedy)
                for place, address in reader.found
            ]
        )
    return html


def json_text(value: Any) -> str:
    r"""Write JSON that is inert inside an HTML script element.

    Parameters
    ----------
    value
        Anything JSON can hold; NaN is an error.

    Returns
    -------
    str
        ASCII only; ``<``, ``>`` and ``&`` as escapes.

    Examples
    --------
    >>> print(json_text("</script>"))
    "\u003c/script\u003e"
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


class _Page(Figure):
    """branca's document, with a language, a policy against loading, and the map's frame."""

    def __init__(
        self, lang: Lang, title: str, data: Mapping[str, Any], styles: Sequence[str]
    ) -> None:
        super().__init__(title=title, height="720px")
        # branca's own meta tag is in the template, before anything that a policy concerns.
        self.header._children.clear()  # noqa: SLF001
        self.lang = lang
        self.basemap = bool(data["frame"].get("tianditu"))
        images = f"img-src {_TIANDITU} data:"
        self.policy = _POLICY.replace("img-src data:", images) if self.basemap else _POLICY
        self.words = data["words"][lang]
        self.data = json_text(data)
        sheets = [_file("templates", file).read_text(encoding="utf-8") for file in styles]
        self.style = "".join([_leaflet_css(), *sheets])
        self.leaflet = _file("assets", "leaflet-1.9.4", "leaflet.js").read_text(encoding="utf-8")
        source = _file("templates", "page.html").read_text(encoding="utf-8")
        self._template = Environment(autoescape=True).from_string(source)


class _Text(Element):
    """Text that goes out as it is: branca would read it as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """Give the text."""
        return self.text


class _Scripts(MacroElement):
    """The page's scripts, placed after the script that makes the map."""

    def __init__(self, page: Figure, name: str, scripts: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._id = "lifecircle"
        self.page = page
        inflate = _file("assets", "fflate-0.8.2", "inflate.js").read_text(encoding="utf-8")
        files = [_file("templates", file).read_text(encoding="utf-8") for file in scripts]
        files.insert(0, inflate)
        self.text = "\n".join(["(function (map) {", '"use strict";', *files, f"}})({name});"])

    def render(self, **_: Any) -> str:
        """Add the scripts to the page."""
        self.page.script.add_child(_Text(self.text), name=self.get_name())
        return ""


class _Addresses(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            text = (value or "").strip()
            inside = text.lower().startswith(("data:", "blob:", "#")) or not text
            if name in _LOADING.get(tag, ()) and not inside:
                self.found.append((f"<{tag} {name}>", text))
            if name == "style":
                self._css(f"<{tag} style>", text)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._css("<style>", data)

    def _css(self, place: str, text: str) -> None:
        self.found += [(place, (a or b).strip()) for a, b in _CSS_URL.findall(text)]


@cache
def _leaflet_css() -> str:
    """Leaflet's style sheet with its images inside."""
    folder = _file("assets", "leaflet-1.9.4")

    def inlined(match: re.Match[str]) -> str:
        image = folder.joinpath(*match[1].split("/")).read_bytes()
        return f"url(data:image/png;base64,{base64.b64encode(image).decode('ascii')})"

    css = folder.joinpath("leaflet.css").read_text(encoding="utf-8")
    return re.sub(r"url\((images/[\w-]+\.png)\)", inlined, css)


def _file(*parts: str) -> Traversable:
    return resources.files(__package__).joinpath(*parts)
