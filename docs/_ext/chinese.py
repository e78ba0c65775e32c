"""Chinese in Sphinx: a search without a dictionary, and lines that join without a space."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage
from sphinx.transforms import SphinxTransform

_HAN = "\u3400-\u9fff"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_WIDE = re.compile(rf"[{_HAN}\u3000-\u303f\uff00-\uffef]")


class Bigrams(SearchLanguage):
    """Index pairs of neighbouring Chinese characters, and other words as they are.

    A dictionary would have to be installed, and would not know 生活圈 and 卫生室; pairs find any
    word of two characters or more. ``_static/bigrams.js`` cuts the query alike.
    """

    lang = "zh_CN"
    language_name = "Chinese"

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx's name
        """Cut a text into the terms that the index holds.

        Examples
        --------
        >>> Bigrams({}).split("15分钟生活圈 map")
        ['15', '分钟', '钟生', '生活', '活圈', 'map']
        """
        return [term for run in _RUNS.findall(input) for term in _terms(run)]

    def stem(self, word: str) -> str:
        """Give a word as it is, in small letters."""
        return word.lower()


def _terms(run: str) -> list[str]:
    if len(run) == 1 or not _WIDE.match(run):
        return [run]
    return [run[n : n + 2] for n in range(len(run) - 1)]


class JoinedLines(SphinxTransform):
    """Take out line ends between Chinese characters, which a browser would show as spaces."""

    default_priority = 10

    def apply(self, **_: Any) -> None:
        """Look at every text of the page."""
        for text in list(self.document.findall(nodes.Text)):
            # By identity: texts are equal as strings, and a paragraph has several line ends.
            row = text.parent.children
            at = next(number for number, child in enumerate(row) if child is text)
            if str(text) == "\n" and _between_wide(row, at):
                del row[at]


def _between_wide(row: list[nodes.Node], at: int) -> bool:
    if not 0 < at < len(row) - 1:
        return False
    before, after = row[at - 1].astext()[-1:], row[at + 1].astext()[:1]
    return bool(_WIDE.match(before) and _WIDE.match(after))


def setup(app: Sphinx) -> dict[str, bool]:
    """Add both to Sphinx."""
    app.add_search_language(Bigrams)
    app.add_transform(JoinedLines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
