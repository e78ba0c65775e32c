"""The comparison map: many counties on one offline page, coloured by their counts."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.render.comparing import KEY, LEVELS, County, compare_coverage, counties_of
from lifecircle.render.web.outlines import pack_outlines
from lifecircle.render.web.packing import pack_array
from lifecircle.render.web.page import map_html, offline_map
from lifecircle.render.writing import write_page
from lifecircle.standards import Lang

_SCRIPTS: Final = (
    *("unpack.js", "language.js", "canvas.js"),
    *(f"comparison/{name}.js" for name in ("figures", "map", "table", "page")),
)
_STYLES: Final = ("page.css", "comparison/page.css")
_INDICATOR: Final = KEY[:4]  # the others tell how it is measured
_NOT_HERE: Final = 255  # the county has no row of an indicator


def comparison_map(
    counties: Sequence[str | Path | County],
    path: str | Path,
    *,
    lang: Lang = "zh",
    table: pd.DataFrame | None = None,
    places: Mapping[str, str] | None = None,
    approval: str = "",
) -> Path:
    """Write one page on which counties are compared: a map, a ranked table, sums from counts.

    Parameters
    ----------
    counties
        Folders of finished runs; or `County` objects, also of those that are not finished and why.
    path
        The HTML file; one that is there is replaced, once the new one is whole. Links to the
        counties' own maps are relative to it.
    lang
        What the page starts with; it carries both.
    table
        What `lifecircle.render.comparing.compare_coverage` gave for them, where it is at hand.
    places
        Adcode of 2 or 4 digits -> name of the province or city.
    approval
        The map's approval number (审图号); empty: the page says that it is for internal use.

    Returns
    -------
    Path
        The file. It loads nothing.

    Raises
    ------
    InputError
        A folder holds no finished run, or a county is given twice. All faults are listed.
    OutputError
        The file cannot be written.

    Notes
    -----
    Every share is ``covered / total`` of a county's coverage.csv, every sum adds these counts.
    Counties with another threshold or circles for other settings than most are named 口径不同 and
    not coloured; what is not finished, not judged or not known is grey with its reason, never 0.
    Outlines are simplified, and only drawn.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> from tempfile import TemporaryDirectory
    >>> from lifecircle import write_outputs
    >>> with TemporaryDirectory() as folder:
    ...     _ = write_outputs(county, f"{folder}/demo", without=["map", "workbook", "report"])
    ...     comparison_map([f"{folder}/demo"], f"{folder}/comparison.html", lang="en").name
    'comparison.html'
    """
    target = Path(path)
    given = [county for county in counties if isinstance(county, County)]
    folders = [county for county in counties if not isinstance(county, County)]
    listed = [*given, *counties_of(folders)] if folders else given
    rows = compare_coverage(listed) if table is None else table
    words: dict[Lang, dict[str, str]] = {"zh": comparison_words("zh"), "en": comparison_words("en")}
    data = comparison_data(listed, rows, target.parent, lang=lang, places=places or {})
    data["approval"] = approval
    page = offline_map(
        data, lang=lang, title=words[lang]["title"], words=words, scripts=_SCRIPTS, styles=_STYLES
    )
    return write_page(map_html(page), target)


def comparison_data(
    counties: Sequence[County],
    table: pd.DataFrame,
    folder: Path,
    *,
    lang: Lang,
    places: Mapping[str, str],
) -> dict[str, Any]:
    """Gather what the page shows.

    Parameters
    ----------
    counties, table
        The counties, and their figures as of `compare_coverage`.
    folder
        Where the page will stand.
    lang, places
        As for `comparison_map`.

    Returns
    -------
    dict
        Ready for JSON. Figures are arrays of indicators times counties, NaN where missing.
    """
    shapes, rough = pack_outlines(counties)
    standards = {run.judging.key: run.judging for county in counties for run in county.runs}
    each = table[table["level"] == "county"]
    indicators = _indicators(each)
    return {
        "lang": lang,
        "frame": {"tianditu": None},
        "standards": [{"key": k, "label": {"zh": s.zh, "en": s.en}} for k, s in standards.items()],
        "circles": _labels(each, "circle"),
        "kinds": _labels(each, "kind"),
        "counties": [
            _county(county, folder, known_by_cells)
            for county, known_by_cells in zip(counties, rough, strict=True)
        ],
        "notices": _notices(counties),
        "shapes": shapes,
        "indicators": [
            {**dict(zip(_INDICATOR, key, strict=True)), "ways": ways, "flag": flag}
            for key, (ways, flag) in indicators.items()
        ],
        **_figures(each, indicators, counties),
        "places": _places(table, indicators, places),
    }


@cache
def comparison_words(lang: Lang) -> dict[str, str]:
    """Give every string of the page in one language.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Examples
    --------
    >>> comparison_words("zh")["approval_none"]
    '内部工作用图，未经审核不得公开'
    """
    folder = resources.files(__package__) / "templates" / "comparison"
    text = (folder / "words.toml").read_text(encoding="utf-8")
    return {key: entry[lang] for key, entry in tomllib.loads(text).items()}


_Indicators = dict[tuple[str, ...], tuple[list[dict[str, Any]], str]]


def _indicators(each: pd.DataFrame) -> _Indicators:
    """Give every indicator with the ways in which counties measure it, the usual one first."""
    keys = [*KEY]
    ways = each.groupby(keys, sort=False, dropna=False, observed=True).agg(
        count=("name", "size"), flag=("flag", "first")
    )
    found: _Indicators = {}
    for row in ways.reset_index().sort_values("count", ascending=False, kind="stable").itertuples():
        key = tuple(str(getattr(row, name)) for name in _INDICATOR)
        way = {"settings": str(row.settings), "limit": row.limit, "unit": str(row.limit_unit)}
        found.setdefault(key, ([], str(row.flag)))[0].append(way)
    order = each.drop_duplicates([*_INDICATOR])[[*_INDICATOR]].astype(str)
    return {key: found[key] for key in order.itertuples(index=False, name=None)}


def _figures(
    each: pd.DataFrame, indicators: _Indicators, counties: Sequence[County]
) -> dict[str, Any]:
    """Pack covered, total and way as arrays of indicators times counties."""
    place = {(county.adcode, county.name): number for number, county in enumerate(counties)}
    county = [place[key] for key in zip(each["adcode"], each["name"], strict=True)]
    row = _codes(each, [*_INDICATOR], list(indicators))
    listed = [(*key, *way.values()) for key, (ways, _) in indicators.items() for way in ways]
    number = [n for ways, _ in indicators.values() for n in range(len(ways))]
    way = np.asarray(number, dtype=np.int64)[_codes(each, [*KEY], listed)]
    shape = (len(indicators), len(counties))
    covered, total = np.full(shape, np.nan), np.full(shape, np.nan)
    ways = np.full(shape, _NOT_HERE, np.int64)
    covered[row, county] = each["covered"].to_numpy(float)
    total[row, county] = each["total"].to_numpy(float)
    ways[row, county] = np.minimum(way, _NOT_HERE - 1)
    return {
        "covered": pack_array(covered, "f4"),
        "total": pack_array(total, "f4"),
        "way": pack_array(ways, "u1"),
    }


def _codes(
    table: pd.DataFrame, columns: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> npt.NDArray[np.int64]:
    """Give the position of each row among keys."""
    known = pd.MultiIndex.from_tuples(keys)
    asked = pd.MultiIndex.from_arrays([table[name].astype(object) for name in columns])
    return known.get_indexer(asked).astype(np.int64)


def _places(
    table: pd.DataFrame, indicators: _Indicators, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Give the sums of cities, provinces and all, for each indicator by its usual way."""
    usual = [(*key, *ways[0].values()) for key, (ways, _) in indicators.items()]
    above = table[table["level"].isin(list(LEVELS))]
    row = _codes(above, [*KEY], usual)
    above = above.assign(row=row)[row >= 0]
    out = []
    for (level, code), rows in above.groupby(["level", "adcode"], sort=True):
        sums: list[list[float] | None] = [None] * len(indicators)
        told = rows[["row", "covered", "total", "counties"]]
        for at, covered, total, count in told.itertuples(index=False, name=None):
            if count:
                sums[at] = [round(float(covered), 2), round(float(total), 2), int(count)]
        name, absent = names.get(str(code), ""), str(rows["not_in_batch"].iloc[0])
        out.append({"level": level, "code": code, "name": name, "absent": absent, "sums": sums})
    return sorted(out, key=lambda place: str(place["code"]))  # a province, then its cities


def _county(county: County, folder: Path, rough: bool) -> dict[str, Any]:  # noqa: FBT001
    run = county.runs[0] if county.runs else None
    return {
        "name": {"zh": county.label, "en": county.en or county.label},
        "adcode": county.adcode,
        "status": "done" if run else ("lost" if county.status == "done" else county.status),
        "reason": county.reason,
        "rough": rough,
        "moves": dict(run.moves) if run else None,
        "date": run.generated if run else "",
        "maps": {
            run.judging.key: link
            for run in county.runs
            if (link := _link(run.folder / "map.html", folder))
        },
    }


def _link(page: Path, folder: Path) -> str:
    """Give the way to a page, if it is there; none where it lies on another drive."""
    if not page.exists():
        return ""
    try:
        return quote(Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix())
    except ValueError:
        return ""


def _labels(each: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    words = each.drop_duplicates(column)[[column, f"{column}_zh", f"{column}_en"]].astype(str)
    return [
        {"key": key, "label": {"zh": zh, "en": en}}
        for key, zh, en in words.itertuples(index=False, name=None)
    ]


def _notices(counties: Sequence[County]) -> list[dict[str, str]]:
    told = dict.fromkeys(run.notice for county in counties for run in county.runs)
    return [{"zh": zh or en, "en": en or zh} for zh, en in told if zh or en]
