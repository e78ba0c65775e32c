"""The built pages load nothing from the net, or the build fails and names what they would load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

_LOADING = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
}
_QUIET = {"canonical", "license", "author", "help", "next", "prev", "index", "search"}
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_IN_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s;]+)", re.IGNORECASE)
_IN_SCRIPT = re.compile(
    r"(?:fetch|import|importScripts|XMLHttpRequest|WebSocket)\s*\(\s*['\"]((?:https?|wss?):)?//"
)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and set(given.get("rel", "").split()) & _QUIET:
            return
        for name in _LOADING.get(tag, ()):
            if _ELSEWHERE.match(given.get(name, "").strip()):
                self.loads.append(given[name])
        self._in_style = tag == "style"
        self.loads += _IN_CSS.findall(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.loads += _IN_CSS.findall(data)
            self._in_style = False


def loads_from_net(text: str, suffix: str) -> list[str]:
    """Give what a file of the site would load from elsewhere.

    Parameters
    ----------
    text
        Its content.
    suffix
        ``.html``, ``.css`` or ``.js``.

    Examples
    --------
    >>> loads_from_net('<img src="//a.example/x.png"><a href="https://b.example">', ".html")
    ['//a.example/x.png']
    >>> loads_from_net('@import "https://c.example/f.css"; a { background: url(d.png) }', ".css")
    ['https://c.example/f.css']
    """
    if suffix == ".js":
        return [found.group() for found in _IN_SCRIPT.finditer(text)]
    if suffix == ".css":
        return _IN_CSS.findall(text)
    page = _Page()
    page.feed(text)
    return page.loads


def site_loads(folder: Path) -> Iterator[str]:
    """Name every page, style and script of a built site that would load from elsewhere."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".css", ".js"}:
            for found in loads_from_net(path.read_text(encoding="utf-8"), path.suffix):
                yield f"{path.relative_to(folder).as_posix()}: {found}"


def _check(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        found = list(site_loads(Path(app.outdir)))
        if found:
            raise SphinxError("pages would load from the net:\n" + "\n".join(found))


def setup(app: Sphinx) -> dict[str, bool]:
    """Check the site once it is built."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
