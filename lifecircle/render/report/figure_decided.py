"""Charts of what helps to decide: Lorenz curve, gain by number of sites, ranges of coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.figure_charts import Frame, chart_frame, chart_key
from lifecircle.render.report.figure_page import HEAD, draw_frame
from lifecircle.render.report.figure_text import Lettering, short
from lifecircle.render.report.text import count, percent, plain, report_words
from lifecircle.render.tables.decided import curve_table, decisions_of, kinds_of
from lifecircle.standards import Lang
from lifecircle.tables.decisions import Sited, Supplied

_WIDE: Final = 16.0  # cm
_CURVE: Final = 7.6  # cm, sides of a Lorenz curve
_STEPS: Final = 6.4  # cm, height of the chart of gains
_ROW: Final = 0.44
_TITLE: Final = 0.8
_MOST_ROWS: Final = 38
_NAME_CM: Final = 4.2
_VALUE_CM: Final = 2.6
_BLUE, _PALE, _ORANGE = "#2a788e", "#bcd9df", "#c24e00"
_INK, _SOFT, _LINE = "#1d2226", "#4c545a", "#dfe3e6"


class Chart(NamedTuple):
    """One chart, and what is said of it.

    Parameters
    ----------
    kind
        What it shows.
    key
        Of the kind of facility, or its number; for the name of its file.
    subject
        Which asking it shows, from 0; empty where there is one alone.
    caption, alt
        What it shows, and the same for whoever cannot see it.
    figure
        The drawing.
    """

    kind: Literal["supply", "siting", "confidence"]
    key: str
    subject: str
    caption: str
    alt: str
    figure: Figure


def decided_charts(assessment: Mappable, lang: Lang, letters: Lettering) -> Iterator[Chart]:
    """Draw what helps to decide, as far as it was asked for.

    Parameters
    ----------
    assessment
        ``decisions``, where it has them.
    lang, letters
        Language and fonts.
    """
    found, text = decisions_of(assessment), report_words(lang)
    for number, figure in enumerate(range_charts(assessment, lang, letters), start=1):
        caption = text["range_caption"] + (f" ({number})" if number > 1 else "")
        yield Chart("confidence", str(number), "", caption, text["range_alt"], figure)
    for number, supplied in enumerate(found.supplied):
        figure = lorenz_chart(assessment, supplied, lang, letters)
        caption = text["lorenz_caption"].format(kind=_name(assessment, supplied.kind, lang))
        key = supplied.kind
        yield Chart("supply", key, str(number), caption, text["lorenz_alt"], figure)
    for number, sited in enumerate(found.sited):
        if len(sited.curve):
            figure = gain_chart(assessment, sited, lang, letters)
            caption = text["gain_caption"].format(kind=_name(assessment, sited.kind, lang))
            yield Chart("siting", sited.kind, str(number), caption, text["gain_alt"], figure)


def lorenz_chart(
    assessment: Mappable, supplied: Supplied, lang: Lang, letters: Lettering
) -> Figure:
    """Draw what share of the supply the worst supplied share of people has.

    Parameters
    ----------
    assessment
        Names the kind.
    supplied
        One kind's supply.
    lang, letters
        Language and fonts.
    """
    text = report_words(lang)
    title = text["lorenz_title"].format(kind=_name(assessment, supplied.kind, lang))
    figure, total = _page(chart_frame(assessment, title, lang), _CURVE + 2.1, letters)
    below = total - HEAD - _CURVE - 0.75
    box = (1.6 / _WIDE, below / total, _CURVE / _WIDE, _CURVE / total)
    axes = figure.add_axes(box)
    _bare(axes, letters, x=np.linspace(0, 1, 6), y=np.linspace(0, 1, 6))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    curve = supplied.lorenz
    axes.plot([0, 1], [0, 1], color=_SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
    if curve["supply"].notna().all():
        axes.fill_between(
            curve["people"], curve["supply"], curve["people"], color=_PALE, linewidth=0, zorder=1
        )
        axes.plot(
            curve["people"], curve["supply"], color=_BLUE, linewidth=1.8, clip_on=False, zorder=3
        )
    _axis_names(figure, axes, (text["lorenz_x"], text["lorenz_y"]), below, letters)
    county = supplied.units.iloc[0]
    lines = [
        (text["lorenz_gini"], _rate(county["gini"])),
        (text["lorenz_mean"], _rate(county["supply"])),
        (text["lorenz_without"], percent(county["unreached_share"])),
    ]
    x, y = _CURVE + 2.6, total - HEAD - 1.6
    for label, value in lines:
        letters.write(figure, x, y, label, 8, color=_SOFT)
        letters.write(figure, x, y - 0.62, value, 13, bold=True, color=_INK)
        y -= 1.7
    letters.write(figure, x, y, text["lorenz_even"], 7.5, color=_SOFT)
    return figure


def gain_chart(assessment: Mappable, sited: Sited, lang: Lang, letters: Lettering) -> Figure:
    """Draw what sites gain by their number, beside what no choice can pass.

    Parameters
    ----------
    assessment
        Names the kind.
    sited
        One kind's sites.
    lang, letters
        Language and fonts.
    """
    text = report_words(lang)
    title = text["gain_title"].format(kind=_name(assessment, sited.kind, lang))
    figure, total = _page(chart_frame(assessment, title, lang), _STEPS + 2.4, letters)
    table = curve_table(sited, kinds_of(assessment))
    numbers = table["count"].to_numpy()
    gained, bound = (table[name].to_numpy(dtype=float) for name in ("gained", "bound"))
    chart_key(
        figure,
        total - HEAD,
        [("bar", _PALE, text["gain_before"]), ("bar", _BLUE, text["gain_step"])],
        letters,
    )
    letters.write(
        figure, 9.6, total - HEAD - 0.35, text["gain_bound"], 7.5, va="center", color=_ORANGE
    )
    below = total - HEAD - _STEPS - 0.95
    axes = figure.add_axes((1.9 / _WIDE, below / total, (_WIDE - 2.2) / _WIDE, _STEPS / total))
    top = max(float(np.nanmax([*gained, *bound, 0.0])), 1.0) * 1.12
    _bare(axes, letters, x=numbers, y=_round_ticks(top))
    axes.set_ylim(0, top)
    axes.set_xlim(numbers.min() - 0.6, numbers.max() + 0.6)
    before = np.concatenate([[0.0], gained[:-1]])
    step = np.maximum(gained - before, 0.0)
    axes.bar(numbers, before, width=0.6, color=_PALE, zorder=2)
    axes.bar(numbers, step, bottom=before, width=0.6, color=_BLUE, zorder=2)
    axes.hlines(bound, numbers - 0.36, numbers + 0.36, color=_ORANGE, linewidth=1.4, zorder=3)
    if len(numbers) <= 12:
        for number, value, added, limit in zip(numbers, gained, step, bound, strict=True):
            told = f"{count(value, lang)}\n+{count(added, lang)}"
            # Above the bound where that would cross the words.
            crossed = value < limit < value + 0.13 * top
            axes.text(
                number,
                (limit if crossed else value) + top * 0.012,
                letters.legible(told),
                ha="center",
                va="bottom",
                color=_INK,
                fontproperties=letters.font(7),
                parse_math=False,
            )
    unit = str(table[f"gain_in_{lang}"].iloc[0]) if len(table) else ""
    names = (text["gain_x"], text["gain_y"].format(unit=unit))
    _axis_names(figure, axes, names, below, letters)
    return figure


@dataclass(frozen=True)
class _Range:
    label: str
    own: float
    low: float
    median: float
    high: float


def range_charts(assessment: Mappable, lang: Lang, letters: Lettering) -> list[Figure]:
    """Draw between which shares coverage lies over all settings, by circle and kind.

    Parameters
    ----------
    assessment
        ``decisions`` with ``confidence``.
    lang, letters
        Language and fonts.

    Returns
    -------
    list of Figure
        As many as the rows need; none where no settings were swept.
    """
    sure = decisions_of(assessment).confidence
    if sure is None or not len(sure.coverage):
        return []
    text, standard, kinds = report_words(lang), assessment.standard, kinds_of(assessment)
    panels: list[tuple[str, list[_Range]]] = []
    swept = set(sure.coverage.index.unique("circle"))
    for circle in (key for key in standard.circles if key in swept):
        some = sure.coverage.xs(circle, level="circle")
        title = standard.circles[circle].label(lang)
        rows = [
            _Range(
                short(kinds[kind].label(lang) if kind in kinds else kind, 22),
                *(float(row[name]) for name in ("share", "low", "median", "high")),
            )
            for kind, row in some.iterrows()
        ]
        rows.sort(key=lambda row: row.own, reverse=True)
        panels.append((short(title, 60), rows))
    frame = chart_frame(assessment, text["range_title"], lang)
    return [_ranges(page, frame, lang, letters) for page in _pages(panels)]


def _pages(panels: Sequence[tuple[str, list[_Range]]]) -> list[list[tuple[str, list[_Range]]]]:
    """Spread panels over charts of at most a page; a panel that is longer goes on."""
    pages: list[list[tuple[str, list[_Range]]]] = []
    room = 0
    for title, every in panels:
        rows = every
        while rows:
            if room < 3:
                pages.append([])
                room = _MOST_ROWS
            some, rows = rows[: room - 2], rows[room - 2 :]
            pages[-1].append((title, some))
            room -= len(some) + 2
    return pages


def _ranges(
    panels: Sequence[tuple[str, list[_Range]]], frame: Frame, lang: Lang, letters: Lettering
) -> Figure:
    text = report_words(lang)
    figure, total = _page(
        frame, sum(_TITLE + _ROW * len(rows) for _, rows in panels) + 1.9, letters
    )
    chart_key(
        figure,
        total - HEAD,
        [
            ("bar", _PALE, text["range_span"]),
            ("|", _BLUE, text["range_median"]),
            ("o", _ORANGE, text["range_own"]),
        ],
        letters,
    )
    top = total - HEAD - 0.75
    axes = None
    for title, rows in panels:
        letters.write(figure, 0.0, top - 0.45, title, 8.5, bold=True, color=_INK)
        tall = _ROW * len(rows)
        wide = _WIDE - _NAME_CM - _VALUE_CM
        place = (_NAME_CM / _WIDE, (top - _TITLE - tall) / total, wide / _WIDE, tall / total)
        axes = figure.add_axes(place)
        _range_rows(axes, rows, letters)
        top -= _TITLE + tall
    if axes is not None:
        axes.set_xticks(np.linspace(0, 1, 6), ["0", "20", "40", "60", "80", "100"])
        _lettered(axes, letters)
    letters.write(
        figure,
        (_NAME_CM + _WIDE - _VALUE_CM) / 2,
        frame.foot + 0.15,
        text["range_axis"],
        7.5,
        ha="center",
        va="bottom",
        color=_SOFT,
    )
    return figure


def _range_rows(axes: Axes, rows: Sequence[_Range], letters: Lettering) -> None:
    places = np.arange(len(rows))[::-1]
    _bare(axes, letters, x=np.linspace(0, 1, 6), y=[])
    axes.set_xticks(np.linspace(0, 1, 6), [""] * 6)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    low, high = (np.array([getattr(row, name) for row in rows]) for name in ("low", "high"))
    axes.barh(places, high - low, left=low, height=0.5, color=_PALE, zorder=2)
    middle = [row.median for row in rows]
    axes.vlines(middle, places - 0.3, places + 0.3, color=_BLUE, linewidth=1.4, zorder=3)
    own = [row.own for row in rows]
    axes.plot(
        own,
        places,
        "o",
        markersize=4,
        color=_ORANGE,
        markeredgecolor="white",
        markeredgewidth=0.5,
        clip_on=False,
        zorder=4,
    )
    how: dict[str, Any] = {"va": "center", "parse_math": False, "clip_on": False, "color": _INK}
    for y, row in zip(places, rows, strict=True):
        label, font = letters.legible(row.label), letters.font(7.5)
        axes.text(-0.012, y, label, ha="right", fontproperties=font, **how)
        told = f"{percent(row.low)}–{percent(row.high)}"
        axes.text(1.02, y, told, ha="left", fontproperties=font, **how)


# --- pages and axes ---------------------------------------------------------------------------


def _page(frame: Frame, high: float, letters: Lettering) -> tuple[Figure, float]:
    """Start a page with title and small print; give its height, cm, too."""
    total = HEAD + high + frame.foot
    figure = Figure(figsize=(_WIDE / 2.54, total / 2.54), facecolor="white")
    FigureCanvasAgg(figure)
    draw_frame(figure, frame.head, frame.lines, letters)
    return figure, total


def _bare(axes: Axes, letters: Lettering, *, x: Any, y: Any) -> None:
    """Leave of the axes what a reader needs: ticks, a pale grid, two sides."""
    axes.set_xticks(x)
    axes.set_yticks(y)
    shares = len(y) and max(y) <= 1.0
    if shares:
        axes.set_xticks(x, [f"{tick * 100:g}" for tick in x])
    axes.set_yticks(y, [f"{tick * 100:g}" if shares else f"{tick:,.0f}" for tick in y])
    axes.grid(visible=True, axis="y" if len(y) else "x", color=_LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    for name in ("left", "bottom"):
        axes.spines[name].set(linewidth=0.6, edgecolor=_SOFT)
    axes.spines["bottom"].set_visible(len(y) > 0)
    axes.tick_params(length=2 if len(y) else 0, width=0.5, colors=_SOFT)
    _lettered(axes, letters)


def _lettered(axes: Axes, letters: Lettering) -> None:
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(letters.font(7))


def _axis_names(
    figure: Figure, axes: Axes, names: tuple[str, str], below: float, letters: Lettering
) -> None:
    box = axes.get_position()
    middle = (box.x0 + box.x1) / 2 * _WIDE
    letters.write(figure, middle, below - 0.8, names[0], 7.5, ha="center", color=_SOFT)
    high = (box.y0 + box.y1) / 2 * float(figure.get_size_inches()[1]) * 2.54
    letters.write(
        figure, 0.12, high, names[1], 7.5, rotation=90, va="center", ha="left", color=_SOFT
    )


def _round_ticks(top: float) -> list[float]:
    """Give four to six round numbers from 0."""
    step = 10.0 ** np.floor(np.log10(top / 4.0))
    for times in (1.0, 2.0, 2.5, 5.0, 10.0):
        if top / (step * times) <= 6.0:
            step *= times
            break
    return [float(tick) for tick in np.arange(0.0, top, max(step, 1.0))]


def _name(assessment: Mappable, kind: str, lang: Lang) -> str:
    entry = kinds_of(assessment).get(kind)
    return plain(kind if entry is None else entry.label(lang))


def _rate(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.3f}"
