"""The page of a static map: title, frame, legend, scale bar, north arrow and sources."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.figure_ground import Ground
from lifecircle.render.report.figure_text import Lettering, centimetres, wrapped
from lifecircle.render.report.text import joined, plain
from lifecircle.render.walking_words import walking_words
from lifecircle.render.web.contents import dataset_lines
from lifecircle.render.web.maps import words
from lifecircle.standards import Lang

WIDE: Final = 16.0  # cm: the text width of the report, so that nothing is scaled there
HEAD: Final = 1.75  # cm, of title and subtitle
GAP: Final = "#c24e00"
"""Colour of gaps, as on the interactive map (templates/layers.js)."""

_INK: Final = "#1d2226"
_SOFT: Final = "#4c545a"
_LINE: Final = 0.36  # cm, of the small print
_ROW: Final = 0.5  # cm, of the legend
_SIDE: Final = 4.7  # cm, of a legend beside a tall county
_SMALL: Final = 6.5  # pt
_UPRIGHT: Final = 1.1  # height to width from which the legend stands beside the map
_ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"


@dataclass(frozen=True)
class Item:
    """One entry of a legend.

    Parameters
    ----------
    shape
        How it looks.
    label
        What it means.
    colour
        Of a patch, line or dot.
    note
        A figure at the right, such as a share.
    """

    shape: Literal["patch", "line", "dot", "hatch", "head", "text"]
    label: str
    colour: str = ""
    note: str = ""
    thick: float = 1.0


@dataclass(frozen=True)
class Page:
    """A page with its empty map.

    Parameters
    ----------
    figure, axes
        The page, and the map in metres of the county's CRS.
    legend
        Left, top, width and height of the room for the legend, cm.
    metres_per_cm
        The map's scale.
    """

    figure: Figure
    axes: Axes
    legend: tuple[float, float, float, float]
    metres_per_cm: float


def new_page(
    ground: Ground, title: str, subtitle: str, small_print: Sequence[str], letters: Lettering
) -> Page:
    """Lay out a page: the map as large as it goes, its legend beside or below it.

    Parameters
    ----------
    ground
        Tells the county's shape.
    title, subtitle
        Two lines at the top.
    small_print
        What stands at the foot: sources, dates, CRS, producer.
    letters
        The fonts.
    """
    west, south, east, north = ground.bounds
    tall = (north - south) / max(east - west, 1.0)
    beside = tall >= _UPRIGHT
    room = WIDE - _SIDE - 0.3 if beside else WIDE
    wide, high = room, min(max(room * tall * 1.04, 7.0), 17.5 if beside else 13.0)
    lines, foot = foot_of(small_print)
    below = 0.0 if beside else 5.3
    height = HEAD + high + below + foot + 0.2
    figure = Figure(figsize=(WIDE / 2.54, height / 2.54), facecolor="white")
    FigureCanvasAgg(figure)
    base = foot + below + 0.1
    # A hair inside the page, so that no side of the frame is cut.
    axes = figure.add_axes((0.002, base / height, wide / WIDE - 0.004, high / height))
    metres_per_cm = max((east - west) * 1.04 / wide, (north - south) * 1.04 / high)
    for which, low, up, size in (("x", west, east, wide), ("y", south, north, high)):
        middle, half = (low + up) / 2.0, size * metres_per_cm / 2.0
        getattr(axes, f"set_{which}lim")(middle - half, middle + half)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("auto")
    for spine in axes.spines.values():
        spine.set(linewidth=0.6, edgecolor=_SOFT)
    draw_frame(figure, (title, subtitle), lines, letters)
    legend = (
        (wide + 0.35, base + high, _SIDE - 0.05, high)
        if beside
        else (0.0, base - 0.25, WIDE, below - 0.2)
    )
    return Page(figure, axes, legend, metres_per_cm)


def draw_legend(page: Page, items: Sequence[Item], lang: Lang, letters: Lettering) -> None:
    """Draw the legend, in as many columns as its room needs, with scale bar and north arrow.

    Parameters
    ----------
    page
        As `new_page` gave it.
    items
        From top to bottom.
    lang
        Language of the scale bar.
    letters
        The fonts.
    """
    left, top, wide, high = page.legend
    rows = max(int((high - 1.6) / _ROW), 1) if wide < WIDE else max(int(high / _ROW), 1)
    across = _SIDE - 0.1 if wide < WIDE else 5.6
    x, y = left, top - 0.2
    taken = 0
    for item in items:
        tall = 1 + item.label.count("\n")
        if taken + tall > rows and wide >= WIDE and x + across + 4.5 <= left + wide:
            x, y, taken = x + across, top - 0.2, 0
            rows -= 3 if x + across > left + wide - 4.5 else 0  # the scale stands below
        _entry(page.figure, item, x, y, across, letters)
        y -= _ROW * (1 + 0.72 * (tall - 1))
        taken += tall
    corner = (left, top - high) if wide < WIDE else (left + wide - 4.4, top - high)
    draw_scale(page, corner, lang, letters)


def draw_scale(page: Page, corner: tuple[float, float], lang: Lang, letters: Lettering) -> None:
    """Draw a metric scale bar of a round length, and the arrow that points to the CRS's north.

    Parameters
    ----------
    page
        Tells the scale.
    corner
        Lower left, cm.
    lang
        Language of the unit.
    letters
        The fonts.
    """
    x, y = corner[0] + 1.1, corner[1] + 0.3
    metres = round_length(2.6 * page.metres_per_cm)
    long = metres / page.metres_per_cm
    figure, place = page.figure, centimetres(page.figure)
    for half, colour in enumerate((_INK, "white")):
        bar = Rectangle((x + half * long / 2, y), long / 2, 0.13, transform=place)
        bar.set(facecolor=colour, edgecolor=_INK, linewidth=0.6)
        figure.add_artist(bar)
    far = metres >= 1000
    unit = {"zh": ("米", "公里"), "en": ("m", "km")}[lang][far]
    shown = metres / 1000 if far else metres
    for at, text in ((0.0, "0"), (0.5, f"{shown / 2:g}"), (1.0, f"{shown:g} {unit}")):
        letters.write(figure, x + at * long, y + 0.22, text, _SMALL, ha="center", color=_INK)
    middle = corner[0] + 0.35
    arrow = [(middle - 0.17, y), (middle, y + 0.55), (middle + 0.17, y), (middle, y + 0.13)]
    figure.add_artist(Polygon(arrow, closed=True, transform=place, facecolor=_INK, linewidth=0))
    north = words(lang)["north_short"]
    letters.write(figure, middle, y + 0.62, north, 8, bold=True, ha="center", color=_INK)


def small_print(assessment: Mappable, lang: Lang, *, chart: bool = False) -> list[str]:
    """Give what every map says at its foot: walk, CRS, sources, producer, and who may see it.

    Parameters
    ----------
    assessment
        Config, CRS and date.
    lang
        Its language.
    chart
        A chart has no CRS, and bears no approval number: that is given to maps.
    """
    config, text = assessment.config, words(lang)
    walk = walking_words(config, getattr(assessment, "run", None), lang)
    lines = [
        plain(config.notice_zh if lang == "zh" else config.notice_en, 300),
        text["semicolon"].join(
            part
            for part in [
                text["standard_is"]
                .partition("（" if lang == "zh" else " (")[0]
                .format(standard=plain(assessment.standard.label(lang), 80)),
                walk,
                "" if chart else text["crs_is"].format(crs=crs_name(assessment.units.crs)),
            ]
            if part
        ),
        text["about_data"] + ("：" if lang == "zh" else ": ") + sources(assessment, lang),
    ]
    made = [
        text["producer_is"].format(producer=plain(config.map.producer, 60))
        if config.map.producer
        else "",
        text["generated_on"].format(date=generated(assessment)) if generated(assessment) else "",
        "" if chart and config.map.approval_number else approval(assessment, lang),
    ]
    lines.append(text["semicolon"].join(part for part in made if part))
    return [line for line in lines if line]


def sources(assessment: Mappable, lang: Lang) -> str:
    """Give the data's sources with date and licence in one line.

    Parameters
    ----------
    assessment
        Its config names them.
    lang
        Language of what each was used for.
    """
    text, told = words(lang), []
    for line in dataset_lines(assessment.config):
        uses = joined((text.get(f"use_{use}", use) for use in line["uses"]), lang)
        inside = joined((plain(line[key], 80) for key in ("date", "licence") if line[key]), lang)
        name = plain(line["source"], 80)
        told.append(f"{uses} {name}" + (_brackets(inside, lang) if inside else ""))
    if assessment.config.roads.overpass:
        told.append(f"{text['use_roads']} {_ATTRIBUTION}")
    return text["semicolon"].join(told)


def approval(assessment: Mappable, lang: Lang) -> str:
    """Give the map's approval number, or who may see it without one."""
    number, text = plain(assessment.config.map.approval_number, 60), words(lang)
    return text["approval"].format(number=number) if number else text["approval_none"]


def generated(assessment: Mappable) -> str:
    """Give the ISO date of the run; empty where it is not known."""
    return plain(getattr(assessment, "generated", ""), 10)


def crs_name(crs: Any) -> str:
    """Give a CRS's name and EPSG code."""
    code = crs.to_epsg()
    return f"{crs.name}" + (f" (EPSG:{code})" if code else "")


def round_length(most: float) -> float:
    """Give the largest of 1, 2, 5, 10, 20 ... that is at most so many metres.

    Examples
    --------
    >>> round_length(3400.0), round_length(999.0)
    (2000.0, 500.0)
    """
    step = 10.0 ** math.floor(math.log10(most))
    return max(size * step for size in (1.0, 2.0, 5.0) if size * step <= most * (1 + 1e-9))


def _brackets(text: str, lang: Lang) -> str:
    return f"（{text}）" if lang == "zh" else f" ({text})"


def foot_of(small_print: Sequence[str]) -> tuple[list[str], float]:
    """Give the small print in lines, and the height that they take, cm."""
    lines = [wrapped(line, 134, 4) for line in small_print]
    return lines, 0.25 + _LINE * sum(line.count("\n") + 1 for line in lines)


def draw_frame(
    figure: Figure, head: tuple[str, str], lines: Sequence[str], letters: Lettering
) -> None:
    """Write title and subtitle at the top of a page, and the small print at its foot.

    Parameters
    ----------
    figure
        The page; its head takes `HEAD` cm.
    head
        Title and subtitle.
    lines
        As `foot_of` gave them.
    letters
        The fonts.
    """
    height = float(figure.get_size_inches()[1]) * 2.54
    letters.write(figure, 0.0, height - 0.15, head[0], 13, bold=True, color=_INK, va="top")
    letters.write(figure, 0.0, height - 0.95, head[1], 8, color=_SOFT, va="top")
    y = 0.12
    for number, line in enumerate(reversed(lines)):
        last = number == 0
        tall = line.count("\n") + 1
        letters.write(
            figure,
            0.0,
            y,
            line,
            _SMALL + last,
            bold=last,
            color=_INK if last else _SOFT,
            va="bottom",
            linespacing=1.25,
        )
        y += _LINE * tall + (0.06 if last else 0.0)


def _entry(figure: Figure, item: Item, x: float, y: float, wide: float, letters: Lettering) -> None:
    place = centimetres(figure)
    if item.shape == "head":
        letters.write(figure, x, y, item.label, 8, bold=True, va="center", color=_INK)
        return
    if item.shape == "text":
        letters.write(figure, x, y + 0.12, item.label, _SMALL, va="top", color=_SOFT)
        return
    if item.shape in ("patch", "hatch"):
        patch = Rectangle((x, y - 0.15), 0.6, 0.3, transform=place)
        if item.shape == "patch":
            patch.set(facecolor=item.colour, edgecolor=_SOFT, linewidth=0.3)
        else:
            patch.set(facecolor="none", edgecolor=item.colour, linewidth=1.0, hatch="////")
        figure.add_artist(patch)
    elif item.shape == "line":
        line = Line2D([x, x + 0.6], [y, y], transform=place, color=item.colour, lw=item.thick)
        figure.add_artist(line)
    else:
        dot = Line2D([x + 0.3], [y], transform=place, marker="o", ms=5, color=item.colour)
        dot.set(markeredgecolor="white", markeredgewidth=0.5)
        figure.add_artist(dot)
    letters.write(figure, x + 0.8, y, item.label, 7.5, va="center", color=_INK)
    if item.note:
        letters.write(
            figure, x + wide - 0.3, y, item.note, 7.5, va="center", ha="right", color=_SOFT
        )
