"""A comparison's files: tables, a record, and the map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from lifecircle.difference.showing import shown
from lifecircle.difference.tables import Difference
from lifecircle.render.web.changes import changes_map
from lifecircle.render.web.page import map_html
from lifecircle.render.writing import check_writable, write_page, write_table
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

TABLES: Final = ("compare.csv", "compare_units.csv", "compare_cells.csv")
"""The county's changes, those of its units, and the cells that gained or lost a service."""

MAP: Final = "compare.html"
RECORD: Final = "compare.json"


def write_difference(difference: Difference, out: str | Path, *, lang: Lang = "zh") -> list[Path]:
    """Write what changed as tables and as a map.

    Parameters
    ----------
    difference
        What `compare_runs` found.
    out
        Folder.
    lang
        What the map starts with; it carries both languages.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> from tempfile import TemporaryDirectory
    >>> from lifecircle import compare_runs, run_of
    >>> same = compare_runs(run_of(county, "a"), run_of(county, "b"))
    >>> with TemporaryDirectory() as folder:
    ...     [file.name for file in write_difference(same, folder)][:2]
    ['compare.csv', 'compare_units.csv']
    """
    folder = Path(out)
    check_writable(folder)
    of_county = difference.coverage["scope"] == SCOPE_COUNTY
    tables = (difference.coverage[of_county], difference.coverage[~of_county], difference.cells)
    written = [
        write_table(table, folder / name) for name, table in zip(TABLES, tables, strict=True)
    ]
    record = json.dumps(difference.record, ensure_ascii=False, indent=2) + "\n"
    page = map_html(changes_map(shown(difference), lang=lang))
    return [
        *written,
        write_page(record, folder / RECORD),
        write_page(page, folder / MAP),
    ]
