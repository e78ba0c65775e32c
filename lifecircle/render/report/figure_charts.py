"""Charts of the report: coverage by kind and units by score, on axes that start at 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.asked import unverified_words
from lifecircle.render.report.figure_page import (
    HEAD,
    draw_frame,
    foot_of,
    generated,
    small_print,
)
from lifecircle.render.report.figure_text import Lettering, short
from lifecircle.render.report.text import percent, plain, points, report_words
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

_WIDE: Final = 16.0  # cm
_ROW: Final = 0.44  # cm
_HEAD: Final = 0.8  # cm, the name of a circle
_MOST_ROWS: Final = 38  # of one chart: a page
_MOST_UNITS: Final = 12  # of one circle in the chart of units: the lowest
_BAR: Final = "#2a788e"
_LAND: Final = "#d59f00"
_COMMUNITIES: Final = "#30363b"
_INK: Final = "#1d2226"
_SOFT: Final = "#4c545a"
_NAME_CM: Final = 4.2


@dataclass(frozen=True)
class _Row:
    label: str
    value: float | None
    told: str
    marks: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class _Panel:
    title: str
    rows: tuple[_Row, ...]


@dataclass(frozen=True)
class Frame:
    """What a chart says of itself, so that its file can stand alone.

    Parameters
    ----------
    head
        Title and subtitle.
    lines, foot
        Small print, and its height, cm.
    """

    head: tuple[str, str]
    lines: list[str]
    foot: float


def coverage_charts(assessment: Mappable, lang: Lang, letters: Lettering) -> list[Figure]:
    """Draw the county's coverage by circle and kind, by all three denominators.

    Parameters
    ----------
    assessment
        Checked tables.
    lang, letters
        Language and fonts.

    Returns
    -------
    list of Figure
        As many as the rows need; none where nothing was judged.
    """
    text = report_words(lang)
    standard, table = assessment.standard, assessment.coverage["share"].astype(float)
    known = assessment.facilities["kind"].value_counts()
    panels = []
    for circle in standard.circles:
        rows = []
        for r in standard.for_circle(circle):
            keys = [(SCOPE_COUNTY, circle, r.kind, name) for name in _DENOMINATORS]
            if keys[0] not in table.index:
                continue
            shares = [_share(table, key) for key in keys]
            mark = " *" if r.flag == "unverified" else ""
            label = short(standard.kinds[r.kind].label(lang), 22) + mark
            if not known.get(r.kind, 0):
                rows.append(_Row(label, None, text["none_known_short"]))
                continue
            told = percent(shares[0])
            rows.append(_Row(label, shares[0], told, (shares[1], shares[2])))
        rows.sort(key=lambda row: -1.0 if row.value is None else row.value, reverse=True)
        if rows:
            panels.append(_Panel(_title(assessment, circle, lang), tuple(rows)))
    legend = [
        ("bar", _BAR, text["bar_residents"]),
        ("D", _LAND, text["mark_land"]),
        ("o", _COMMUNITIES, text["mark_communities"]),
        ("", _INK, text["mark_unverified"]),
    ]
    frame = chart_frame(assessment, text["coverage_title"], lang)
    return [_chart(page, text["share_axis"], legend, frame, letters) for page in _pages(panels)]


def unit_charts(assessment: Mappable, lang: Lang, letters: Lettering) -> list[Figure]:
    """Draw the mean score of each unit by circle, the lowest first; of many only the lowest.

    Parameters
    ----------
    assessment
        Checked tables.
    lang, letters
        Language and fonts.

    Returns
    -------
    list of Figure
        As many as the rows need; none where nothing was judged.
    """
    text, units = report_words(lang), assessment.units
    names = units["name"].astype(object).where(units["name"].notna(), units.index.to_series())
    panels = []
    for circle in assessment.standard.circles:
        if circle not in assessment.unit_scores.index.get_level_values("circle"):
            continue
        scores = assessment.unit_scores["score"].xs(circle, level="circle").astype(float)
        scores = scores.drop(SCOPE_COUNTY, errors="ignore").dropna()
        lowest = scores.sort_values(kind="stable").head(_MOST_UNITS)
        rows = [
            _Row(short(names.get(unit, unit), 24), float(score), points(float(score)))
            for unit, score in lowest.items()
        ]
        if rows:
            title = _title(assessment, circle, lang)
            if len(scores) > len(rows):
                title += text["lowest_of"].format(count=len(rows), all=len(scores))
            panels.append(_Panel(title, tuple(rows)))
    frame, legend = (
        chart_frame(assessment, text["units_title"], lang),
        [("bar", _BAR, text["bar_score"])],
    )
    return [
        _chart(page, text["score_axis"], legend, frame, letters, 100.0) for page in _pages(panels)
    ]


def _title(assessment: Mappable, circle: str, lang: Lang) -> str:
    """Name a circle, with how many of its thresholds are unverified."""
    name = short(assessment.standard.circles[circle].label(lang), 60)
    limits = unverified_words(assessment, circle, lang)
    told = report_words(lang)["panel_title"].format(circle=name, limits=limits)
    return told if limits else name


def chart_frame(assessment: Mappable, title: str, lang: Lang) -> Frame:
    """Give what a chart says of itself.

    Parameters
    ----------
    assessment
        Config and date.
    title, lang
        What it shows, and the language.
    """
    date = generated(assessment) or "–"
    county = plain(assessment.config.label(lang))
    subtitle = report_words(lang)["map_subtitle"].format(county=county, date=date)
    return Frame((title, subtitle), *foot_of(small_print(assessment, lang, chart=True)))


_DENOMINATORS: Final = ("population", "residential_land", "communities")


def _share(table: pd.Series, key: tuple[str, ...]) -> float | None:
    share = float(table.loc[key]) if key in table.index else np.nan
    return share if np.isfinite(share) else None


def _pages(panels: list[_Panel]) -> list[list[_Panel]]:
    """Spread panels over charts of at most a page; a panel that is longer goes on."""
    pages: list[list[_Panel]] = []
    room = 0
    for panel in panels:
        rows = list(panel.rows)
        while rows:
            if room < 3:
                pages.append([])
                room = _MOST_ROWS
            some, rows = rows[: room - 2], rows[room - 2 :]
            pages[-1].append(_Panel(panel.title, tuple(some)))
            room -= len(some) + 2
    return pages


def _chart(
    panels: list[_Panel],
    axis: str,
    legend: list[tuple[str, str, str]],
    frame: Frame,
    letters: Lettering,
    full: float = 1.0,
) -> Figure:
    heights = [_HEAD + _ROW * len(panel.rows) for panel in panels]
    total = sum(heights) + 1.9 + HEAD + frame.foot
    figure = Figure(figsize=(_WIDE / 2.54, total / 2.54), facecolor="white")
    FigureCanvasAgg(figure)
    draw_frame(figure, frame.head, frame.lines, letters)
    top = total - HEAD - 0.75
    chart_key(figure, total - HEAD, legend, letters)
    for panel, high in zip(panels, heights, strict=True):
        letters.write(figure, 0.0, top - 0.45, panel.title, 8.5, bold=True, color=_INK)
        tall = _ROW * len(panel.rows)
        box = (_NAME_CM / _WIDE, (top - high) / total, (_WIDE - _NAME_CM - 1.4) / _WIDE)
        axes = figure.add_axes((*box, tall / total))
        _bars(axes, panel, full, letters)
        top -= high
    ticks = np.linspace(0.0, full, 6)
    labels = [f"{tick * 100 / full:g}" for tick in ticks]
    axes.set_xticks(ticks, labels)
    axes.tick_params(axis="x", length=2, width=0.5, labelsize=7, colors=_SOFT)
    for label in axes.get_xticklabels():
        label.set_fontproperties(letters.font(7))
    letters.write(
        figure,
        (_NAME_CM + _WIDE - 1.4) / 2,
        frame.foot + 0.15,
        axis,
        7.5,
        ha="center",
        va="bottom",
        color=_SOFT,
    )
    return figure


def _bars(axes: Axes, panel: _Panel, full: float, letters: Lettering) -> None:
    places = np.arange(len(panel.rows))[::-1]
    axes.set_xlim(0.0, full)
    axes.set_ylim(-0.5, len(panel.rows) - 0.5)
    axes.set_yticks([])
    axes.set_xticks(np.linspace(0.0, full, 6), [""] * 6)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=True, axis="x", color="#dfe3e6", linewidth=0.5)
    axes.set_axisbelow(True)
    for name in ("top", "right", "bottom"):
        axes.spines[name].set_visible(False)
    axes.spines["left"].set(linewidth=0.6, edgecolor=_SOFT)
    values = [row.value or 0.0 for row in panel.rows]
    axes.barh(places, values, height=0.62, color=_BAR, zorder=2)
    for y, row in zip(places, panel.rows, strict=True):
        for mark, value, colour in zip("Do", row.marks, (_LAND, _COMMUNITIES), strict=False):
            if value is not None:
                axes.plot(
                    [value],
                    [y],
                    marker=mark,
                    markersize=4.0,
                    color=colour,
                    markeredgecolor="white",
                    markeredgewidth=0.5,
                    clip_on=False,
                    zorder=4,
                )
        how: dict[str, Any] = {"va": "center", "parse_math": False, "clip_on": False}
        axes.text(
            -0.012 * full,
            y,
            letters.legible(row.label),
            ha="right",
            color=_INK,
            fontproperties=letters.font(7.5),
            **how,
        )
        lacking = row.value is None
        axes.text(
            0.01 * full if lacking else 1.02 * full,
            y,
            letters.legible(row.told),
            ha="left",
            color=_SOFT if lacking else _INK,
            fontproperties=letters.font(7.5),
            **how,
        )


def chart_key(
    figure: Figure, total: float, legend: list[tuple[str, str, str]], letters: Lettering
) -> None:
    """Draw a legend in one line: bars, marks of matplotlib, or words alone.

    Parameters
    ----------
    figure
        The chart.
    total
        Height at which it stands, cm.
    legend
        Shape (``"bar"``, a marker, or empty), colour, and words of each entry.
    letters
        The fonts.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    from lifecircle.render.report.figure_text import centimetres
    from lifecircle.render.standards_text import width

    x, y, place = 0.0, total - 0.35, centimetres(figure)
    for shape, colour, label in legend:
        if shape == "bar":
            mark: Any = Rectangle((x, y - 0.1), 0.5, 0.22, transform=place, color=colour, lw=0)
        elif not shape:
            letters.write(figure, x, y, label, 7.5, va="center", color=colour)
            continue
        else:
            mark = Line2D([x + 0.25], [y], marker=shape, ms=4.5, color=colour, transform=place)
        figure.add_artist(mark)
        letters.write(figure, x + 0.65, y, label, 7.5, va="center", color=_INK)
        x += 1.2 + 0.135 * width(label)
