"""How each layer looks in QGIS: the colours and classes of the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.render.gis.qml import Rule, Style, Symbol, qml, raster_qml
from lifecircle.render.gis.sld import sld
from lifecircle.render.gis.words import Field, describe, labels, word
from lifecircle.render.tables.decided_words import decided_word
from lifecircle.render.web.decisionpack import supply_edges
from lifecircle.standards import Lang

# The same as in templates/cells.js and layers.js.
NO_DATA: Final = "#b4babf"
GOOD_TO_BAD: Final = ("#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154")
GAP: Final = "#c24e00"
NEWLY: Final = "#e5158b"  # as in circle.js: proposed sites, and whom they newly cover
INK: Final = "#17313b"
MINUTE_BREAKS: Final = (5.0, 10.0, 15.0, 30.0, 60.0)
# The map rounds a score to tenths before it classes it.
_SCORES: Final = (
    (99.95, 1000.0, "100"),
    (79.95, 99.95, "80 – 99.9"),
    (59.95, 79.95, "60 – 79.9"),
    (39.95, 59.95, "40 – 59.9"),
    (19.95, 39.95, "20 – 39.9"),
    (0.0, 19.95, "0 – 19.9"),
)
_MINUTES: Final = ("≤ 5", "5 – 10", "10 – 15", "15 – 30", "30 – 60", "> 60")
_OTHER: Final = "#546e7a"  # the colour of a kind that states none
_NEVER: Final = 1e6  # min; a bound above every walk
_HATCHES: Final = (45.0, 135.0, 0.0, 90.0)
_VERDICTS: Final = {
    "robust": (GAP, 45.0),
    "sensitive": ("#8c6d1f", 135.0),
    "no_road": (_OTHER, 0.0),
}


@dataclass(frozen=True)
class WrittenStyle:
    """A style as text: its name, QML and SLD."""

    name: str
    qml: str
    sld: str


def layer_styles(
    key: str,
    frame: gpd.GeoDataFrame,
    names: pd.DataFrame,
    lang: Lang,
    *,
    table: str = "",
    stored: Mapping[str, str] | None = None,
) -> list[WrittenStyle]:
    """Write the styles of a layer, the default one first.

    Parameters
    ----------
    key
        Key of the layer.
    frame
        Its rows.
    names
        As `lifecircle.render.gis.words.name_table` gives them.
    lang
        Language of legends and of the names shown for fields.
    table
        The layer's name in its file.
    stored
        Field -> its name in the file, where that is another.

    Returns
    -------
    list of WrittenStyle
        Facilities by kind; isochrones by kind and limit, the first kind switched on (those of all
        kinds at once would show the nearest of any); units by score; cells by score and by the
        minutes to each kind, and by supply where there is any; gaps hatched, and by how sure they
        are where that is known; proposed sites by kind, with their rank, and whom they cover.
    """
    base = key.removesuffix("_points")
    made = {
        "facilities": _facilities,
        "isochrones": _isochrones,
        "units": _units,
        "cells": _cells,
        "gaps": _gaps,
        "sites": _sites,
        "site_cells": _site_cells,
    }[base](frame, names, lang)
    point = bool(len(frame)) and str(frame.geom_type.iloc[0]).endswith("Point")
    geometry = "marker" if point or key in ("facilities", "gaps_points", "sites") else "fill"
    columns = [str(name) for name in frame.columns if name != frame.geometry.name]
    inside = {name: (stored or {}).get(name, name) for name in columns}
    aliases = {inside[f.field]: f.label(lang) for f in describe(key, columns, names)}
    made = [style.stored_as(inside) for style in made]
    return [
        WrittenStyle(style.name[:30], qml(style, aliases, geometry), sld(style, table or key))
        for style in made
    ]


def raster_style(name: str) -> str:
    """Write the style of a raster of scores or minutes, in the colours of the map.

    Parameters
    ----------
    name
        ``score_CIRCLE`` or ``minutes_KIND``.

    Returns
    -------
    str
        A QML document for a file beside the raster.

    Examples
    --------
    >>> raster_style("minutes_post").count("<item ")
    6
    """
    if name.startswith("minutes_"):
        return raster_qml(zip((*MINUTE_BREAKS, np.inf), _MINUTES, GOOD_TO_BAD, strict=True))
    tops = (np.inf, *(least for least, _, _ in _SCORES[:-1]))
    falling = zip(tops, (label for _, _, label in _SCORES), GOOD_TO_BAD, strict=True)
    return raster_qml(reversed(list(falling)))


def _colors(names: pd.DataFrame) -> dict[str, str]:
    rows = names[names["what"] == "kind"]
    return dict(zip(rows["key"], rows["color"].where(rows["color"] != "", _OTHER), strict=True))


def _occurring(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> dict[str, str]:
    """Give the kinds that a layer holds, with their names, in the order of the standard."""
    known = labels(names, "kind", lang)
    if "kind" not in frame.columns:
        return {}
    there = [str(kind) for kind in frame["kind"].dropna().unique()]
    rank = {kind: number for number, kind in enumerate(known)}
    there.sort(key=lambda kind: rank.get(kind, len(rank)))
    return {kind: known.get(kind, kind) for kind in there}


def _facilities(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    colors = _colors(names)
    rules = tuple(
        Rule(label, Symbol("marker", colors.get(kind, _OTHER), outline="#ffffff"), {"kind": kind})
        for kind, label in _occurring(frame, names, lang).items()
    )
    return [Style(word("by_kind", lang), "categorised", "kind", rules)]


def _isochrones(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    rules = []
    for number, (kind, label) in enumerate(_occurring(frame, names, lang).items()):
        bands = []
        own = frame[frame["kind"] == kind]
        for unit in ("minutes", "metres"):
            limits = sorted(float(x) for x in own.loc[own["limit_unit"] == unit, "limit"].unique())
            for place, limit in enumerate(limits):
                step = _rank(limit) if unit == "minutes" else min(place, 5)
                symbol = Symbol("fill", GOOD_TO_BAD[step], 0.6, outline=INK, width=0.15)
                told = word(f"within_{unit}", lang, limit=f"{limit:g}")
                bands.append(Rule(told, symbol, {"limit": limit, "limit_unit": unit}))
        # The widest first, or it would cover the others.
        below = tuple(reversed(bands))
        rules.append(Rule(label, None, {"kind": kind}, below=below, shown=number == 0))
    return [Style(word("by_limit", lang), "rules", "limit", tuple(rules))]


def _rank(minutes: float) -> int:
    return sum(minutes > limit for limit in MINUTE_BREAKS)


def _units(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    named = "name" if "name" in frame.columns else ""
    told = [*_scored(frame, names, lang, INK), *_supplied(frame, names, lang, INK)]
    return [replace(style, label_field=named) for style in told]


def _cells(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    timed = [
        _timed(f"minutes_{kind}", word("minutes_to", lang, kind=label), lang)
        for kind, label in labels(names, "kind", lang).items()
        if f"minutes_{kind}" in frame.columns
    ]
    return [*_scored(frame, names, lang, ""), *timed, *_supplied(frame, names, lang, "")]


def _scored(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang, outline: str) -> list[Style]:
    fields = {"score": word("own_score", lang)}
    for circle, label in labels(names, "circle", lang).items():
        fields[f"score_{circle}"] = word("score_of", lang, circle=label)
    return [
        _graded(field, name, lang, outline=outline)
        for field, name in fields.items()
        if field in frame.columns
    ]


def _graded(field: str, name: str, lang: Lang, *, outline: str = "") -> Style:
    rules = [
        Rule(label, Symbol("fill", color, 0.85, outline=outline), least=low, most=high)
        for (low, high, label), color in zip(_SCORES, GOOD_TO_BAD, strict=True)
    ]
    grey = Symbol("fill", NO_DATA, 0.85, outline=outline)
    rules.append(Rule(word("not_judged", lang), grey, missing=True))
    return Style(name, "graduated", field, tuple(rules))


def _timed(field: str, name: str, lang: Lang) -> Style:
    bounds = zip((0.0, *MINUTE_BREAKS), (*MINUTE_BREAKS, _NEVER), strict=True)
    rules = [
        Rule(label, Symbol("fill", color, 0.85), least=low, most=high)
        for (low, high), label, color in zip(bounds, _MINUTES, GOOD_TO_BAD, strict=True)
    ]
    rules.append(Rule(word("not_reached", lang), Symbol("fill", NO_DATA, 0.85), missing=True))
    return Style(name, "graduated", field, tuple(rules))


def _supplied(
    frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang, outline: str
) -> list[Style]:
    """Grade each supply by fifths of those who have some; none in reach is a class of its own."""
    persons = next((name for name in ("persons", "residents") if name in frame.columns), None)
    lived = np.ones(len(frame)) if persons is None else frame[persons].fillna(0.0).to_numpy(float)
    columns = [str(name) for name in frame.columns if str(name).startswith("supply_")]
    found = []
    for field in describe("units", columns, names):
        edges = supply_edges(frame[field.field].to_numpy(float), lived)
        found.append(_by_supply(field, edges, lang, outline))
    return found


def _by_supply(field: Field, edges: list[float], lang: Lang, outline: str) -> Style:
    classes = list(pairwise(edges))
    shades = np.linspace(4, 0, max(len(classes), 1)).round().astype(int)
    none = Symbol("fill", GOOD_TO_BAD[5], 0.85, outline=outline)
    rules = [Rule(word("supply_none", lang), none, least=0.0, most=0.0)]
    for number, (low, high) in enumerate(classes):
        least, most = (0.0 if number == 0 else low), (_NEVER if high == edges[-1] else high)
        label = f"{low:.3g} – {high:.3g}" if low < high else f"{low:.3g}"
        colour = GOOD_TO_BAD[shades[number]]
        rules.append(
            Rule(label, Symbol("fill", colour, 0.85, outline=outline), least=least, most=most)
        )
    grey = Symbol("fill", NO_DATA, 0.85, outline=outline)
    rules.append(Rule(word("supply_unknown", lang), grey, missing=True))
    return Style(field.label(lang), "graduated", field.field, tuple(rules))


def _sites(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    look = Symbol("marker", NEWLY, outline=INK, width=0.3)
    rules = [
        Rule(label, look, {"kind": kind}) for kind, label in _occurring(frame, names, lang).items()
    ]
    return [Style(word("by_kind", lang), "categorised", "kind", tuple(rules), label_field="rank")]


def _site_cells(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    point = bool(len(frame)) and str(frame.geom_type.iloc[0]).endswith("Point")
    look = Symbol("marker" if point else "fill", NEWLY, 0.7)
    rules = [
        Rule(label, look, {"kind": kind}) for kind, label in _occurring(frame, names, lang).items()
    ]
    return [Style(word("by_kind", lang), "categorised", "kind", tuple(rules))]


def _by_verdict(frame: gpd.GeoDataFrame, lang: Lang, *, point: bool) -> list[Style]:
    """Tell robust gaps from others; none where no settings were swept."""
    if "verdict" not in frame.columns:
        return []
    rules = []
    for verdict, (colour, hatch) in _VERDICTS.items():
        area = Symbol("fill", colour, outline=colour, width=0.4, hatch=hatch)
        look = Symbol("marker", colour) if point else area
        rules.append(Rule(decided_word("verdict", verdict, lang), look, {"verdict": verdict}))
    name = word("by_verdict", lang)
    return [Style(name, "categorised", "verdict", tuple(rules), label_field="rank")]


def _gaps(frame: gpd.GeoDataFrame, names: pd.DataFrame, lang: Lang) -> list[Style]:
    point = bool(len(frame)) and str(frame.geom_type.iloc[0]).endswith("Point")
    rules = []
    for number, (kind, label) in enumerate(_occurring(frame, names, lang).items()):
        # Gaps of several kinds lie over one another: each kind has its own slant.
        hatch = _HATCHES[number % len(_HATCHES)]
        area = Symbol("fill", GAP, outline=GAP, width=0.4, hatch=hatch)
        rules.append(Rule(label, Symbol("marker", GAP) if point else area, {"kind": kind}))
    by_kind = Style(word("by_kind", lang), "categorised", "kind", tuple(rules), label_field="rank")
    return [by_kind, *_by_verdict(frame, lang, point=point)]
