"""Directives that put a page written from the code where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import texts
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PAGES: Mapping[str, Callable[[], str]] = {
    "lifecircle-api": texts.api_text,
    "lifecircle-cli": texts.cli_text,
    "lifecircle-county-file": texts.county_text,
    "lifecircle-county-commented": texts.commented_text,
    "lifecircle-scenario-file": texts.scenario_text,
    "lifecircle-tables": texts.tables_text,
    "lifecircle-standards": texts.standards_text,
    "lifecircle-notebooks": texts.notebooks_text,
    "lifecircle-profiles": texts.profiles_text,
}


def _directive(name: str, text: Callable[[], str]) -> type[SphinxDirective]:
    class Written(SphinxDirective):
        """The page's text, parsed where the directive stands."""

        def run(self) -> list[nodes.Node]:
            lines = StringList(text().splitlines(), source=f"<{name}>")
            holder = nodes.Element()
            holder.document = self.state.document
            self.state.nested_parse(lines, self.content_offset, holder, match_titles=True)
            return holder.children

    return Written


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives."""
    for name, text in PAGES.items():
        app.add_directive(name, _directive(name, text))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
