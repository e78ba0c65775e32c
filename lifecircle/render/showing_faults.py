"""How what a check found shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from lifecircle.errors import Fault
from lifecircle.render.faults import fault_table, ledger_lines
from lifecircle.render.report.model import text_grid
from lifecircle.render.report.text import plain
from lifecircle.render.showing import card, small, table_html, words
from lifecircle.standards import Lang

_COLUMNS: Final = ("severity", "file", "row", "column", "value", "what", "remedy")
_LONG: Final = 300  # characters of a cell


def check_html(
    faults: Sequence[Fault], ledgers: pd.DataFrame, unmapped: pd.DataFrame, lang: Lang
) -> str:
    """Give what a check found as HTML for a notebook: errors first, then how ledgers were read.

    Parameters
    ----------
    faults, ledgers, unmapped
        Those of a check.
    lang
        ``"zh"`` or ``"en"``.
    """
    text = words(lang)
    table = fault_table(faults, lang=lang)
    errors = int((table["severity"] == "error").sum())
    title = text["check"].format(errors=errors, warnings=len(table) - errors)
    told = table.astype(object).where(table.notna(), "")
    told["severity"] = [text.get(str(key), str(key)) for key in told["severity"]]
    keys = [key for key in _COLUMNS if (told[key].astype("str") != "").any()]
    rows = [[plain(value, _LONG) for value in row] for row in told[keys].to_numpy(dtype=object)]
    grid = text_grid("", [text[key] for key in keys], rows, [False] * len(keys))
    lines = [small(line) for line in ledger_lines(ledgers, unmapped, lang=lang)]
    found = [table_html(grid)] if rows else [small(text["check_ok"])]
    return card(title, [*found, *lines])
