"""How proposed sites and comparisons show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from lifecircle.render.report.model import text_grid
from lifecircle.render.report.text import count, percent, plain
from lifecircle.render.showing import card, small, table_html, words
from lifecircle.render.tables.decided_words import decided_head, decided_word
from lifecircle.standards import Lang, shared_kinds
from lifecircle.tables import SCOPE_COUNTY

_SOMEBODY: Final = 0.5  # residents: below, only borders of cells have moved by a hair
_SITES: Final = (
    *("rank", "unit_name", "name", "persons", "persons_total", "covered_share", "lon", "lat"),
)


def proposal_html(asked: Mapping[str, Any], sites: pd.DataFrame, lang: Lang) -> str:
    """Give proposed sites as HTML for a notebook.

    Parameters
    ----------
    asked
        What was asked, and how good the answer is: ``record["siting"]`` of a proposal.
    sites
        Its ranked sites.
    lang
        ``"zh"`` or ``"en"``.
    """
    text, kinds = words(lang), shared_kinds()
    kind = kinds[asked["kind"]].label(lang) if asked["kind"] in kinds else asked["kind"]
    title = text["sites"].format(
        kind=kind, objective=decided_word("objective", asked["objective"], lang)
    )
    served = text["served"].format(
        before=count(asked["persons_served_before"], lang),
        after=count(asked["persons_served_after"], lang),
        judged=count(asked["persons_judged"], lang),
    )
    best = text["proven"] if asked["proven_best"] else text["within"].format(gap=_gap(asked["gap"]))
    table = sites.rename_axis("rank").reset_index()
    keys = tuple(key for key in _SITES if key in table.columns and table[key].notna().any())
    rows = [[_told(key, row[key], lang) for key in keys] for _, row in table.iterrows()]
    head = [decided_head("sites", key).label(lang) for key in keys]
    numeric = [key not in {"unit_name", "name"} for key in keys]
    grid = text_grid("", head, rows, numeric)
    return card(title, [small(f"{served} · {best}"), table_html(grid)])


def difference_html(
    coverage: pd.DataFrame, record: Mapping[str, Any], named: tuple[str, str], lang: Lang
) -> str:
    """Give what changed for the whole county as HTML for a notebook.

    Parameters
    ----------
    coverage, record
        Those of a difference.
    named
        What the runs before and after are called.
    lang
        ``"zh"`` or ``"en"``.
    """
    text = words(lang)
    rows = coverage[(coverage["scope"] == SCOPE_COUNTY) & (coverage["denominator"] == "population")]
    moved = rows[["covered_change", "gained", "lost"]].abs().max(axis="columns") >= _SOMEBODY
    rows = rows[moved | (rows["note"] != "")]
    title = text["changed"].format(before=plain(named[0]), after=plain(named[1]))
    if rows.empty:
        return card(title, [small(text["unchanged"])])
    ways = {way: int((rows[way].fillna(0.0) > 0).sum()) for way in ("gained", "lost")}
    by = text["of_cells"].format(**ways) if record["compared_by"] == "cells" else text["of_units"]
    head = [
        *(decided_head("supply", key).label(lang) for key in ("circle", "kind")),
        *(text[key] for key in ("before_share", "after_share", "gained", "lost", "note")),
    ]
    table = [
        [
            plain(row[f"circle_{lang}"]),
            plain(row[f"kind_{lang}"]),
            percent(row["share_before"]),
            percent(row["share_after"]),
            count(row["gained"], lang),
            count(row["lost"], lang),
            plain(row["note"]),
        ]
        for _, row in rows.iterrows()
    ]
    grid = text_grid("", head, table, [False, False, True, True, True, True, False])
    notes = [small(str(note)) for note in record["notes"]]
    return card(title, [small(by), *notes, table_html(grid)])


def _told(key: str, value: Any, lang: Lang) -> str:
    if key in {"persons", "persons_total"}:
        return count(float(value), lang)
    if key == "covered_share":
        return percent(float(value))
    return f"{value:.6f}" if key in {"lon", "lat"} else plain(str(value))


def _gap(gap: float) -> str:
    return f"{gap * 100.0:.1f}%"
