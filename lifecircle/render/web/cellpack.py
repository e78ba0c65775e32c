"""The cells' part of the page: who lives where, minutes to each kind, and each circle's verdict.

How exactly minutes are said depends on how many there are to say, see `precision_of`; whatever the
precision, a verdict at a threshold is that of the tables: numbers are rounded up to steps among
which every threshold is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.render.mappable import Mappable
from lifecircle.render.web.cellshapes import map_order, pack_cells, pack_lattice
from lifecircle.render.web.lattice import Lattice, find_lattice
from lifecircle.render.web.packing import (
    MISSING_8,
    MISSING_16,
    Floats,
    Longs,
    cell_matrix,
    codes,
    north_of,
    pack_array,
    tenths_up,
    to_plane,
)
from lifecircle.standards import Standard
from lifecircle.tables import by_kind

SHAPES_UP_TO: Final = 20_000
"""Up to so many cells are drawn as shapes; more are rows and columns of a lattice. Ours."""

TENTHS_UP_TO: Final = 5_000_000
"""Up to so many values (cells times kinds), minutes are said in tenths. Ours: the page's size."""

MINUTES_UP_TO: Final = 20_000_000
"""Up to so many values, minutes are said in whole ones up to an hour. Ours: the page's size."""

MISSING_32: Final = 2**32 - 1
"""What stands for "no value" in a uint32 array."""

_FEW_MINUTES: Final = ((60, 1), (120, 5), (1800, 10))
_COARSE_MINUTES: Final = ((30, 1), (60, 5), (120, 15), (1800, 60))
_METRES: Final = ((1000, 10), (3000, 50), (50_000, 500))
_MOST: Final = MISSING_16 - 1


@dataclass(frozen=True)
class Precision:
    """The steps that numbers are rounded up to; None for tenths of minutes and whole metres.

    Parameters
    ----------
    minutes
        Tenths of minutes that can be said, rising, at most 254; the last one means "or more".
    metres
        Metres that can be said, likewise.
    steps
        For the reader: (up to so many minutes, in steps of so many minutes).
    """

    minutes: tuple[int, ...] | None = None
    metres: tuple[int, ...] | None = None
    steps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Arrangement:
    """The order in which cells go into the page.

    Parameters
    ----------
    order
        Positions in the table of cells: north first, then from west to east.
    shapes
        (Multi)Polygons of all cells, in that order.
    lattice
        Where the cells are many and lie on one, in that order.
    north
        Position of the northern neighbour of each on the lattice.
    """

    order: Longs
    shapes: npt.NDArray[np.object_]
    lattice: Lattice | None = None
    north: Longs | None = None


def arrange(assessment: Mappable) -> Arrangement:
    """Put cells into the page's order.

    Parameters
    ----------
    assessment
        Checked tables.

    Returns
    -------
    Arrangement
    """
    cells = assessment.cells
    size = float(assessment.config.population.cell_m)
    shapes = cells.geometry.to_numpy()
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    if points.any():  # a place without an area is drawn as a square of the county's cell size
        x, y, half = shapely.get_x(shapes), shapely.get_y(shapes), size / 2.0
        shapes = np.where(points, shapely.box(x - half, y - half, x + half, y + half), shapes)
    if len(cells) > SHAPES_UP_TO:
        decimetres = shapely.transform(to_plane(shapes, cells.crs), lambda metres: metres * 10.0)
        lattice = find_lattice(decimetres)
        if lattice is not None:
            return _in_rows(lattice, shapes)
    order = map_order(shapes, size)
    return Arrangement(order, shapes[order])


def _in_rows(lattice: Lattice, shapes: npt.NDArray[np.object_]) -> Arrangement:
    order = np.lexsort((lattice.column, lattice.row))
    row, column = lattice.row[order], lattice.column[order]
    ordered = Lattice(row, column, lattice.regular[order], lattice.to_plane, lattice.to_grid)
    return Arrangement(order, shapes[order], ordered, north_of(row, column))


def pack_table(
    assessment: Mappable, arrangement: Arrangement, precision: Precision
) -> dict[str, Any] | None:
    """Pack the cells, with all that the page says of them.

    Parameters
    ----------
    assessment
        Checked tables.
    arrangement
        Of its cells.
    precision
        What numbers are rounded up to.

    Returns
    -------
    dict or None
        Ready for JSON; None where there are no cells. ``templates/cells.js`` reads it.
    """
    if assessment.cells.empty:
        return None
    cells = assessment.cells.iloc[arrangement.order]
    lattice, shapes = arrangement.lattice, arrangement.shapes
    pack = _Packer(arrangement.north)
    unit = codes(cells["unit_id"], assessment.units.index, MISSING_16)
    return {
        "count": len(cells),
        "shapes": pack_cells(shapes, cells.crs) if lattice is None else None,
        "lattice": None if lattice is None else pack_lattice(lattice, shapes, cells.crs),
        "id": _ids(cells.index, unit),
        "unit": pack(unit, "u2"),
        "persons": pack_persons(cells["persons"].to_numpy(float), arrangement, precision),
        "area": _areas(shapes, lattice, pack),
        "residential": _land(cells["residential_m2"], pack, step=10 if precision.steps else 1),
        "levels": {"minutes": precision.minutes, "metres": precision.metres},
        "steps": precision.steps,
        **pack_columns(assessment, cells.index, arrangement, precision),
    }


def pack_columns(
    assessment: Mappable,
    cells: pd.Index,
    arrangement: Arrangement,
    precision: Precision,
    *,
    standard: Standard | None = None,
    facilities: bool = True,
) -> dict[str, Any]:
    """Pack minutes by kind and verdicts by circle.

    Parameters
    ----------
    assessment
        Whose times and scores.
    cells
        Ids of the cells, in the order of the arrangement.
    arrangement
        Of the cells.
    precision
        What numbers are rounded up to.
    standard
        Whose kinds and circles, in their order, the columns are for; the assessment's own by
        default.
    facilities
        Whether to say which facility is the nearest.

    Returns
    -------
    dict
        ``kinds`` and ``circles``: a column for each, None where nothing was measured or judged.
    """
    pack, asked = _Packer(arrangement.north), standard or assessment.standard
    return {
        "kinds": _access_columns(
            assessment, cells, pack, precision, list(asked.kinds), facilities=facilities
        ),
        "circles": _score_columns(assessment, cells, pack, precision, asked),
    }


class _Packer:
    """`pack_array` with the predictor that the cells allow."""

    def __init__(self, north: Longs | None) -> None:
        self._north = north

    def __call__(self, values: npt.ArrayLike, dtype: Any) -> dict[str, Any]:
        if self._north is None:
            return pack_array(values, dtype, "delta")
        return pack_array(values, dtype, "plane", north=self._north)


def pack_persons(persons: Floats, arrangement: Arrangement, precision: Precision) -> dict[str, Any]:
    """Pack residents: as they are, or in tenths, and below a tenth in hundredths.

    Parameters
    ----------
    persons
        Residents of each cell, in the order of the arrangement.
    arrangement
        Of the cells.
    precision
        What other numbers are rounded up to; where they are not, residents are as they are.

    Returns
    -------
    dict
        ``values`` and ``rounded``. Rounded ones are hundredths from 0 to 10, of which 1 is the
        least that is somebody; n above stands for n - 9 tenths.
    """
    if not precision.steps:
        return {"values": pack_array(persons, "f4"), "rounded": False}
    few = np.where(persons > 0.0, np.maximum(np.rint(persons * 100.0), 1.0), 0.0)
    rounded = np.where(few <= 10.0, few, np.rint(persons * 10.0) + 9.0)
    return {"values": _Packer(arrangement.north)(rounded, "u4"), "rounded": True}


def _ids(ids: pd.Index, unit: Longs) -> dict[str, Any] | list[str]:
    """Pack ids: those that only count, unit by unit in the page's order, go without saying."""
    numbers = pd.api.types.is_integer_dtype(ids) and ids.min() >= 0 and ids.max() <= MISSING_32
    if not numbers:
        return [str(key) for key in ids]
    counted = np.empty(len(ids), np.int64)
    counted[np.argsort(unit, kind="stable")] = np.arange(len(ids))
    if np.array_equal(counted, ids):
        return {"counted": True}
    return {"number": pack_array(ids, "u4", "delta")}


def _areas(
    shapes: npt.NDArray[np.object_], lattice: Lattice | None, pack: _Packer
) -> dict[str, Any]:
    """Pack areas in m2; cut cells apart, so that those around them stay foreseeable."""
    area = np.maximum(np.rint(shapely.area(shapes)), 1.0)
    if lattice is None:
        return {"all": pack(area, "u4"), "cut": None}
    whole = pd.Series(np.where(lattice.regular, area, np.nan)).ffill().bfill().to_numpy()
    return {"all": pack(whole, "u4"), "cut": pack_array(area[~lattice.regular], "u4")}


def _land(values: pd.Series, pack: _Packer, *, step: int) -> dict[str, Any]:
    """Pack m2 of residential land, rounded to a step; missing becomes `MISSING_32`."""
    land = values.to_numpy(float, na_value=np.nan)
    steps = np.where(land > 0.0, np.maximum(np.rint(land / step), 1.0), land)
    return {"values": pack(np.where(np.isnan(land), MISSING_32, steps), "u4"), "step": step}


def precision_for(*assessments: Mappable) -> Precision:
    """Choose the precision of a page that shows one or more runs.

    Parameters
    ----------
    *assessments
        Checked tables.

    Returns
    -------
    Precision
    """
    values = 0
    for one in assessments:
        measured = set(by_kind(one.access, "seconds", one.cells.index)) & set(one.standard.kinds)
        values += len(one.cells) * len(measured)
    return precision_of(values, *(one.standard for one in assessments))


def precision_of(values: int, *standards: Standard) -> Precision:
    """Choose what minutes and metres are rounded up to.

    Parameters
    ----------
    values
        Number of cells times number of kinds that were measured.
    *standards
        Whose thresholds are among the steps.

    Returns
    -------
    Precision
        Tenths of minutes and whole metres for up to `TENTHS_UP_TO` values; whole minutes up to an
        hour and coarser ones beyond for up to `MINUTES_UP_TO`; coarser ones from half an hour on
        for more.

    Examples
    --------
    >>> from lifecircle import read_standard
    >>> precision_of(1_000_000, read_standard()).minutes is None
    True
    >>> precision_of(25_000_000, read_standard()).steps
    ((30, 1), (60, 5), (120, 15), (1800, 60))
    """
    if values <= TENTHS_UP_TO:
        return Precision()
    steps = _FEW_MINUTES if values <= MINUTES_UP_TO else _COARSE_MINUTES
    limits = [(r.unit, r.limit) for standard in standards for r in standard.requirements]
    minutes = [limit * 10.0 for unit, limit in limits if unit == "minutes"]
    metres = [limit for unit, limit in limits if unit == "metres"]
    tenths = tuple((to * 10, step * 10) for to, step in steps)
    return Precision(_levels(tenths, minutes), _levels(_METRES, metres), steps)


def _levels(steps: Iterable[tuple[int, int]], limits: Sequence[float]) -> tuple[int, ...]:
    levels = {0, *(int(limit) for limit in limits)}
    low = 0
    for to, step in steps:
        levels.update(range(low + step, to + 1, step))
        low = to
    return tuple(sorted(levels))[:MISSING_8]


def levels_up(values: npt.NDArray[np.uint16], levels: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Round whole numbers up to levels, and give each level's position.

    Parameters
    ----------
    values
        Whole numbers, `MISSING_16` where missing.
    levels
        Rising; whatever is above the last one becomes the last one.

    Returns
    -------
    numpy.ndarray
        `MISSING_8` where missing.

    Examples
    --------
    >>> levels_up(np.array([0, 140, 150, 151, 9000, 65535], np.uint16), (0, 150, 300)).tolist()
    [0, 1, 1, 2, 2, 255]
    """
    found = np.minimum(np.searchsorted(np.asarray(levels), values), len(levels) - 1)
    return np.where(values == MISSING_16, MISSING_8, found).astype(np.uint8)


def whole_up(metres: Floats) -> npt.NDArray[np.uint16]:
    """Round metres up to whole ones, as uint16; missing becomes `MISSING_16`.

    Examples
    --------
    >>> whole_up(np.array([1999.2, 2000.0, np.nan])).tolist()
    [2000, 2000, 65535]
    """
    whole = np.ceil(np.minimum(np.nan_to_num(metres), float(_MOST)) - 1e-7)
    return np.where(np.isnan(metres), MISSING_16, whole).astype(np.uint16)


def _rounded(
    values: npt.NDArray[np.uint16], levels: tuple[int, ...] | None, pack: _Packer
) -> dict[str, Any]:
    return pack(values, "u2") if levels is None else pack(levels_up(values, levels), "u1")


def _access_columns(
    assessment: Mappable,
    cells: pd.Index,
    pack: _Packer,
    precision: Precision,
    kinds: list[str],
    *,
    facilities: bool,
) -> list[dict[str, Any] | None]:
    access = assessment.access
    asked = {r.kind for r in assessment.standard.requirements if r.unit == "metres"}
    seconds, nearest = (by_kind(access, name, cells) for name in ("seconds", "facility_id"))
    metres = by_kind(access, "metres", cells) if "metres" in access else None
    measured = set(seconds)
    columns: list[dict[str, Any] | None] = []
    for kind in kinds:
        if kind not in measured:
            columns.append(None)
            continue
        minutes = tenths_up(np.asarray(seconds[kind], dtype=float) / 60.0)
        column: dict[str, Any] = {"minutes": _rounded(minutes, precision.minutes, pack)}
        if facilities:  # 0 stands for none
            place = codes(nearest[kind], assessment.facilities.index, -1) + 1
            column["nearest"] = _positions(place, pack)
        column["metres"] = None
        if metres is not None and kind in asked:
            whole = whole_up(np.asarray(metres[kind], dtype=float))
            column["metres"] = _rounded(whole, precision.metres, pack)
        columns.append(column)
    return columns


def _positions(place: Longs, pack: _Packer) -> dict[str, Any]:
    """Pack positions as positions in a short list of those that occur."""
    known, at = np.unique(place, return_inverse=True)
    return {
        "known": pack_array(known, "u4", "delta"),
        "at": pack(at, "u2" if len(known) <= MISSING_16 else "u4"),
    }


def _score_columns(
    assessment: Mappable, cells: pd.Index, pack: _Packer, precision: Precision, asked: Standard
) -> list[dict[str, Any] | None]:
    scores, circles = assessment.scores, list(asked.circles)
    worst = codes(scores["worst_kind"], asked.kinds, MISSING_8)
    score = cell_matrix(scores["score"], cells, circles)
    minutes = cell_matrix(scores["minutes_to_complete"], cells, circles)
    whole = cell_matrix(scores["complete"].astype(float), cells, circles, fill=MISSING_8)
    lacking = cell_matrix(pd.Series(worst, scores.index), cells, circles, fill=MISSING_8)
    # Rounded down: 99.96 is not complete and must not read 100.
    tenths = np.where(np.isnan(score), MISSING_16, np.floor(np.nan_to_num(score) * 10.0 + 1e-7))
    return [
        {
            "score": pack(tenths[row], "u2"),
            "complete": pack(whole[row], "u1"),
            "worst": pack(lacking[row], "u1"),
            "minutes": _rounded(tenths_up(minutes[row]), precision.minutes, pack),
        }
        if circle in assessment.standard.circles
        else None
        for row, circle in enumerate(circles)
    ]
