"""Names and ranks on a static map, so placed that none covers another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from lifecircle.render.report.figure_ground import Ground
from lifecircle.render.report.figure_page import GAP, Page
from lifecircle.render.report.figure_text import Lettering
from lifecircle.render.standards_text import width

Box = tuple[float, float, float, float]
"""Left, low, right and up, in metres of the map."""

_SIZE: Final = 6.5  # pt, of names
_POINT: Final = 0.03528  # cm
_RANK: Final = 0.21  # cm, half of a rank's disc
_MOVED: Final = 0.05  # cm from which a line tells where a rank belongs
# Where a label may stand, cm from its place, the nearest first.
_NAME_SPOTS: Final = tuple(
    (dx, dy) for dx in (0.0, 0.5, -0.5, 1.0, -1.0) for dy in (0.0, 0.3, -0.3, 0.55, -0.55)
)
_RANK_SPOTS: Final = (
    (0.0, 0.0),
    *(
        (far * float(np.cos(turn)), far * float(np.sin(turn)))
        for far in (0.35, 0.5, 0.7, 0.95, 1.25, 1.6)
        for turn in np.arange(12) * np.pi / 6
    ),
)


def draw_ranks(page: Page, spots: npt.NDArray[np.float64], letters: Lettering) -> list[Box]:
    """Write the ranks of gaps, from 1, beside one another where their places are too close.

    Parameters
    ----------
    page
        The map.
    spots
        x, y of each, by rank; m.
    letters
        The fonts.

    Returns
    -------
    list
        The room that they take, by rank.
    """
    taken: list[Box] = []
    for rank, (x, y) in enumerate(spots.tolist(), start=1):
        box = free_spot(x, y, (_RANK, _RANK), _RANK_SPOTS, taken, page)
        if box is None:  # so many at one place that there is no better one
            box = _box(x, y, _RANK, _RANK, page.metres_per_cm)
        taken.append(box)
        at = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if np.hypot(at[0] - x, at[1] - y) > _MOVED * page.metres_per_cm:
            line = Line2D([x, at[0]], [y, at[1]], color=GAP, lw=0.7, zorder=8.5)
            line.set(marker="o", markevery=[0], markersize=2.2, markeredgewidth=0)
            page.axes.add_line(line)
        page.axes.text(
            *at,
            f"{rank}",
            fontproperties=letters.font(6, bold=True),
            color="white",
            ha="center",
            va="center",
            zorder=9,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": GAP, "edgecolor": "white", "lw": 0.5},
        )
    return taken


def draw_names(
    page: Page,
    ground: Ground,
    letters: Lettering,
    taken: Sequence[Box] = (),
    dots: npt.NDArray[np.float64] | None = None,
) -> int:
    """Write the units' names where they cover nothing, the most residents first.

    Parameters
    ----------
    page
        The map.
    ground
        Holds the names.
    letters
        The fonts.
    taken
        Room that other labels take.
    dots
        x, y of facilities; names keep off them where there is room.

    Returns
    -------
    int
        How many names did not fit.
    """
    filled, left_out = list(taken), 0
    scale = page.metres_per_cm
    points = [] if dots is None else [_box(x, y, 0.1, 0.1, scale) for x, y in dots.tolist()]
    for x, y, name in ground.names:
        half = (0.5 * width(name) * _SIZE * 0.5 * _POINT + 0.03, 0.6 * _SIZE * _POINT)
        box = free_spot(x, y, half, _NAME_SPOTS, [*filled, *points], page)
        box = box or free_spot(x, y, half, _NAME_SPOTS, filled, page)
        if box is None:
            left_out += 1
            continue
        filled.append(box)
        page.axes.text(
            (box[0] + box[2]) / 2,
            (box[1] + box[3]) / 2,
            letters.legible(name),
            fontproperties=letters.font(_SIZE),
            ha="center",
            va="center",
            color="#1d2226",
            zorder=8,
            parse_math=False,
            path_effects=[withStroke(linewidth=1.8, foreground="white", alpha=0.9)],
        )
    return left_out


def gap_spots(gaps: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Give where each gap is labelled: where its residents live most densely, else inside it.

    Parameters
    ----------
    gaps
        With ``x`` and ``y`` where it has them, m.
    """
    inside = shapely.get_coordinates(shapely.point_on_surface(gaps.geometry.to_numpy()))
    if not {"x", "y"} <= set(gaps.columns):
        return np.asarray(inside, dtype=np.float64)
    known = gaps[["x", "y"]].to_numpy(dtype=np.float64)
    whole = np.isfinite(known).all(axis=1, keepdims=True)
    return np.asarray(np.where(whole, known, inside), dtype=np.float64)


def free_spot(
    x: float,
    y: float,
    half: tuple[float, float],
    offsets: Sequence[tuple[float, float]],
    taken: Sequence[Box],
    page: Page,
) -> Box | None:
    """Give the first place of a label that covers nothing and lies within the map.

    Parameters
    ----------
    x, y
        Where it belongs, m.
    half
        Half of its width and height, cm.
    offsets
        Where it may stand instead, cm.
    taken
        Room that is taken.
    page
        The map.

    Returns
    -------
    tuple or None
        Its room; None where all are taken.
    """
    scale = page.metres_per_cm
    (west, east), (south, north) = page.axes.get_xlim(), page.axes.get_ylim()
    for box in _boxes(x, y, half, offsets, scale):
        within = west <= box[0] and box[2] <= east and south <= box[1] and box[3] <= north
        if within and not any(overlap(box, other) for other in taken):
            return box
    return None


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two labels cover one another.

    Examples
    --------
    >>> overlap((0, 0, 2, 2), (1, 1, 3, 3)), overlap((0, 0, 2, 2), (2, 0, 4, 2))
    (True, False)
    """
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _boxes(
    x: float, y: float, half: tuple[float, float], offsets: Any, scale: float
) -> Iterator[Box]:
    for dx, dy in offsets:
        yield _box(x + dx * scale, y + dy * scale, *half, scale)


def _box(x: float, y: float, wide: float, high: float, scale: float) -> Box:
    return (x - wide * scale, y - high * scale, x + wide * scale, y + high * scale)
