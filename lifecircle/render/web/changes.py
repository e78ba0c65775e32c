"""The map of a comparison: for whom a service came within reach, or went out of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.render.web.cellpack import (
    MISSING_32,
    SHAPES_UP_TO,
    TENTHS_UP_TO,
    Arrangement,
    whole_up,
)
from lifecircle.render.web.cellshapes import map_order, pack_cells, pack_lattice
from lifecircle.render.web.lattice import Lattice, find_lattice
from lifecircle.render.web.packing import (
    MISSING_16,
    codes,
    north_of,
    pack_array,
    pack_lines,
    pack_points,
    tenths_up,
    to_plane,
)
from lifecircle.render.web.page import offline_map
from lifecircle.standards import Lang

Floats = npt.NDArray[np.float64]

STATES: Final = ("same", "added", "closed", "moved")
"""What became of a facility; the page knows them by position."""

_SCRIPTS: Final = (
    *("unpack.js", "language.js", "canvas.js", "walk.js", "lattice.js", "cells.js"),
    *(f"changes/{name}.js" for name in ("figures", "map", "page")),
)
_STYLES: Final = ("page.css", "changes/page.css")
_SETTINGS: Final = ("urban", "township", "rural")
_TOLERANCE_M: Final = 2.0
_WORLD: Final = 65536


@dataclass(frozen=True)
class Topic:
    """One requirement of one of the runs, or of both.

    Parameters
    ----------
    circle, kind, circle_label, kind_label
        Keys, and names by language.
    limit, unit, settings
        What the run after asks for, or, without, the run before.
    note
        Why the two are not compared, by language; empty where they are.
    judged
        Whether the runs before and after ask for it.
    """

    circle: str
    kind: str
    circle_label: dict[Lang, str]
    kind_label: dict[Lang, str]
    limit: float
    unit: str
    settings: tuple[str, ...]
    note: dict[Lang, str]
    judged: tuple[bool, bool]


@dataclass(frozen=True, eq=False)
class Changes:
    """What the map shows.

    Parameters
    ----------
    county
        Its name, by language.
    runs
        Before and after: ``county``, ``standard``, ``scenario`` (or None), ``notice`` and ``moves``
        (how people do) by language; ``generated``, ``residents``, ``dates``.
    approval
        The map's approval number (审图号); empty where it has none.
    sources
        A line for each source.
    cells
        Of the run after: ``unit_id``, ``setting``, ``persons``, ``persons_before``, polygons in one
        metric CRS.
    known
        Which cells are in both runs.
    walks
        (kind, unit of its limit) -> the walks before and after of all cells, NaN where not reached.
    topics
        Requirements.
    same_grid
        Whether cells are compared one by one, or by unit only.
    units
        Names by unit id.
    figures
        ``covered_before``, ``total_before``, ``covered_after``, ``total_after``, ``gained`` and
        ``lost``: residents, topics times (county, then units); NaN where not known.
    outlines
        Of the units, in their order; None where not known.
    border
        The county in degrees; None where not known.
    facilities
        ``kind``, ``name``, ``state`` (of `STATES`), ``was`` (points) and points; None: not shown.
    notes
        What a reader must know, by language.
    """

    county: dict[str, str]
    runs: tuple[dict[str, Any], dict[str, Any]]
    approval: str
    sources: list[str]
    cells: gpd.GeoDataFrame
    known: npt.NDArray[np.bool_]
    walks: Mapping[tuple[str, str], tuple[Floats, Floats]]
    topics: list[Topic]
    same_grid: bool
    units: pd.Series
    figures: Mapping[str, Floats]
    outlines: gpd.GeoSeries | None
    border: shapely.Geometry | None
    facilities: gpd.GeoDataFrame | None
    notes: list[dict[str, str]]


def changes_map(changes: Changes, *, lang: Lang = "zh") -> folium.Map:
    """Draw the map of a comparison; it needs no network, in a file or a notebook.

    Parameters
    ----------
    changes
        What it shows.
    lang
        What the page starts with; it carries both languages.

    Returns
    -------
    folium.Map
        Turned into text by `lifecircle.render.web.page.map_html`.

    Notes
    -----
    Walks are rounded up to tenths of minutes (to whole ones beyond five million, if all thresholds
    are whole) and whole metres, so that every cell is within its threshold exactly where it is in
    the tables. Residents are those of the tables, never measured on the map.
    """
    words: dict[Lang, dict[str, str]] = {"zh": changes_words("zh"), "en": changes_words("en")}
    title = words[lang]["title"].format(county=changes.county[lang])
    return offline_map(
        changes_data(changes, lang),
        lang=lang,
        title=title,
        words=words,
        scripts=_SCRIPTS,
        styles=_STYLES,
    )


@cache
def changes_words(lang: Lang) -> dict[str, str]:
    """Give every string of the page in one language.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Examples
    --------
    >>> changes_words("zh")["approval_none"]
    '内部工作用图，未经审核不得公开'
    """
    folder = resources.files(__package__) / "templates" / "changes"
    text = (folder / "words.toml").read_text(encoding="utf-8")
    return {key: entry[lang] for key, entry in tomllib.loads(text).items()}


def changes_data(changes: Changes, lang: Lang) -> dict[str, Any]:
    """Gather what the page holds.

    Parameters
    ----------
    changes, lang
        As for `changes_map`.

    Returns
    -------
    dict
        Ready for JSON.
    """
    kinds = {topic.kind: topic.kind_label for topic in changes.topics}
    circles = {topic.circle: topic.circle_label for topic in changes.topics}
    arrangement = _arranged(changes.cells)
    step = _step(changes)
    return {
        "lang": lang,
        "frame": {"tianditu": None},
        "county": changes.county,
        "runs": changes.runs,
        "approval": changes.approval,
        "sources": changes.sources,
        "notes": changes.notes,
        "kinds": [{"key": key, "label": label} for key, label in kinds.items()],
        "circles": [{"key": key, "label": label} for key, label in circles.items()],
        "topics": [_topic(topic, [*kinds], [*circles]) for topic in changes.topics],
        "sameGrid": changes.same_grid,
        "step": step,
        "cells": _cells(changes, arrangement),
        "walks": _walks(changes, arrangement, step),
        "units": [{"id": str(key), "name": str(name)} for key, name in changes.units.items()],
        "figures": {name: pack_array(table, "f4") for name, table in changes.figures.items()},
        "outlines": _lines(changes.outlines),
        "border": _border(changes.border),
        "facilities": _facilities(changes.facilities, [*kinds]),
    }


def _topic(topic: Topic, kinds: list[str], circles: list[str]) -> dict[str, Any]:
    return {
        "kind": kinds.index(topic.kind),
        "circle": circles.index(topic.circle),
        "limit": topic.limit,
        "unit": topic.unit,
        "settings": topic.settings,
        "note": topic.note if any(topic.note.values()) else None,
        "judged": topic.judged,
        "walk": f"{topic.kind} {topic.unit}",
    }


def _arranged(cells: gpd.GeoDataFrame) -> Arrangement:
    """Put cells into the page's order: rows and columns where they are many and on a lattice."""
    shapes = cells.geometry.to_numpy()
    box = shapely.bounds(shapes)
    size = float(np.median(box[:, 3] - box[:, 1])) if len(cells) else 0.0
    size = size if size > 0 else 100.0
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    if points.any():  # a place without an area is drawn as a square
        half = size / 2.0
        middle = (box[:, :2] + box[:, 2:]) / 2.0
        squares = shapely.box(*(middle - half).T, *(middle + half).T)
        shapes = np.where(points, squares, shapes)
    if len(cells) > SHAPES_UP_TO:
        decimetres = shapely.transform(to_plane(shapes, cells.crs), lambda metres: metres * 10.0)
        lattice = find_lattice(decimetres)
        if lattice is not None:
            order = np.lexsort((lattice.column, lattice.row))
            row, column = lattice.row[order], lattice.column[order]
            places = (lattice.regular[order], lattice.to_plane, lattice.to_grid)
            return Arrangement(
                order, shapes[order], Lattice(row, column, *places), north_of(row, column)
            )
    order = map_order(shapes, size)
    return Arrangement(order, shapes[order])


def _pack(values: npt.ArrayLike, dtype: Any, arrangement: Arrangement) -> dict[str, Any]:
    if arrangement.north is None:
        return pack_array(values, dtype, "delta")
    return pack_array(values, dtype, "plane", north=arrangement.north)


def _cells(changes: Changes, arrangement: Arrangement) -> dict[str, Any] | None:
    """Pack the cells as ``cells.js`` reads them; its columns of one run stay empty."""
    if changes.cells.empty:
        return None
    cells, lattice = changes.cells.iloc[arrangement.order], arrangement.lattice
    shapes, none = arrangement.shapes, pack_array([], "u4")
    persons = cells[["persons", "persons_before"]].to_numpy(dtype=float)
    setting = codes(cells["setting"], _SETTINGS, 255)
    return {
        "count": len(cells),
        "shapes": pack_cells(shapes, cells.crs) if lattice is None else None,
        "lattice": None if lattice is None else pack_lattice(lattice, shapes, cells.crs),
        "id": {"counted": True},
        "unit": _pack(codes(cells["unit_id"], changes.units.index, MISSING_16), "u2", arrangement),
        "persons": {"values": pack_array(persons[:, 0], "f4"), "rounded": False},
        "personsBefore": {"values": pack_array(persons[:, 1], "f4"), "rounded": False},
        "setting": _pack(setting, "u1", arrangement),
        "known": _pack(changes.known[arrangement.order], "u1", arrangement),
        "area": {"all": none, "cut": None},
        "residential": {"values": none, "step": MISSING_32},
        "levels": {"minutes": None, "metres": None},
        "steps": [],
        "kinds": [],
        "circles": [],
    }


def _step(changes: Changes) -> int:
    """Give the tenths of minutes that walks are rounded up to."""
    values = 2 * len(changes.cells) * len(changes.walks)
    whole = all(topic.limit % 1.0 == 0.0 for topic in changes.topics)
    return 10 if values > TENTHS_UP_TO and whole else 1


def _walks(changes: Changes, arrangement: Arrangement, step: int) -> dict[str, Any]:
    """Pack walks before, and what is to be added for those after; None where nothing changed."""
    packed: dict[str, Any] = {}
    for (kind, unit), walks in changes.walks.items():
        if unit == "metres":
            then, now = (whole_up(walk[arrangement.order]) for walk in walks)
        else:
            rounded = tenths_up if step == 1 else _whole_minutes
            then, now = (rounded(walk[arrangement.order]) for walk in walks)
        more = (now.astype(np.int64) - then.astype(np.int64) + _WORLD // 2) % _WORLD - _WORLD // 2
        packed[f"{kind} {unit}"] = {
            "before": _pack(then, "u2", arrangement),
            "more": _pack(more, "i2", arrangement) if more.any() else None,
        }
    return packed


def _whole_minutes(walk: Floats) -> npt.NDArray[np.uint16]:
    """Round up to whole minutes, in tenths."""
    tenths = tenths_up(walk)
    whole = np.minimum((tenths.astype(np.int64) + 9) // 10 * 10, MISSING_16 - 5)
    return np.where(tenths == MISSING_16, MISSING_16, whole).astype(np.uint16)


def _lines(outlines: gpd.GeoSeries | None) -> dict[str, Any] | None:
    if outlines is None:
        return None
    return pack_lines(outlines.to_numpy(), outlines.crs, tolerance_m=_TOLERANCE_M)


def _border(border: shapely.Geometry | None) -> dict[str, Any] | None:
    if border is None or border.is_empty:
        return None
    return pack_lines(to_plane([border], 4326), 3857, tolerance_m=_TOLERANCE_M)


def _facilities(table: gpd.GeoDataFrame | None, kinds: list[str]) -> dict[str, Any] | None:
    if table is None:
        return None
    table = table[table["kind"].isin(kinds)]
    was = np.asarray(table["was"], dtype=object)
    here = np.asarray(table.geometry, dtype=object)
    before = np.where(shapely.is_empty(was), here, was)
    return {
        "at": pack_points(here, table.crs),
        "was": pack_points(before, table.crs),
        "kind": [kinds.index(kind) for kind in table["kind"]],
        "state": [STATES.index(state) for state in table["state"]],
        "name": [str(name) for name in table["name"]],
    }
