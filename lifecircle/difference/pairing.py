"""What of two runs stands for the same: area, cells, and circles of two standards."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import scipy.spatial
import shapely

from lifecircle.difference.runs import Run
from lifecircle.errors import Fault, InputError, warn
from lifecircle.tables import first

Positions = npt.NDArray[np.int64]

SAME_M: Final = 1.0
"""Cells whose bounds differ by more than this are not the same cells, m."""

SAME_AREA: Final = 0.5
"""Share of the larger area that two runs must have in common; ours."""

SAME_GRID: Final = 0.5
"""Share of the fewer cells that must be found again for cells to be compared one by one; ours."""

_APART_M: Final = 1e7  # between units, in the space in which cells are looked up


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which cells of two runs are the same; made by `pair_cells`.

    Parameters
    ----------
    before, after
        Positions of the same cells in both tables, in the order of the run after; empty where the
        grids differ.
    same_grid
        Whether cells are compared one by one, or by unit only.
    notes
        What a reader must know of it, in both languages.
    """

    before: Positions
    after: Positions
    same_grid: bool
    notes: tuple[dict[str, str], ...] = ()


def check_area(before: Run, after: Run) -> None:
    """Make sure that two runs are of one area.

    Parameters
    ----------
    before, after
        The runs.

    Raises
    ------
    InputError
        No unit is in both, their outlines share less than `SAME_AREA` of the larger one, or their
        CRS differ.
    """
    remedy = "give two runs of one county"
    ids = [set(run.cells["unit_id"].astype("str")) for run in (before, after)]
    if not ids[0] & ids[1]:
        what = f"has no unit of {before.label}: {first(sorted(ids[1]))}"
        raise InputError(Fault(after.label, what, remedy))
    outlines = [
        shapely.from_wkt(run.record.get("outline"), on_invalid="ignore") for run in (before, after)
    ]
    if None not in outlines:
        areas = [abs(_area_m2(outline)) for outline in outlines]
        common = abs(_area_m2(shapely.intersection(*map(shapely.make_valid, outlines))))
        share = common / max(*areas, 1e-9)
        if share < SAME_AREA:
            what = f"has {100.0 * share:.0f} % of the area in common with {before.label}"
            raise InputError(Fault(after.label, what, remedy))
    if before.cells.crs != after.cells.crs:
        known = [crs.name if (crs := run.cells.crs) else "none" for run in (before, after)]
        what = f"its CRS is {known[0]}, not {known[1]}"
        raise InputError(Fault(before.label, what, "compare runs of the same CRS"))


def _area_m2(shape: shapely.Geometry) -> float:
    return float(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shape)[0])


def pair_cells(before: Run, after: Run) -> Pairing:
    """Find the cells that lie in the same place in the same unit, whatever their ids.

    Parameters
    ----------
    before, after
        Runs of one area.

    Returns
    -------
    Pairing
        Cells that only one of the runs has (nobody lived there in the other one) are told in
        ``notes``. Where less than `SAME_GRID` of the cells is found again, none is compared.

    Raises
    ------
    InputError
        The same cells lie in other units, or have another setting.
    """
    one, two = (_boxes(run) for run in (before, after))
    units = pd.Index(
        pd.unique(np.concatenate([run.cells["unit_id"].astype("str") for run in (before, after)]))
    )
    codes = [
        units.get_indexer(run.cells["unit_id"].astype("str")) * _APART_M for run in (before, after)
    ]
    at = _nearest(np.c_[one, codes[0]], np.c_[two, codes[1]])
    rows = np.flatnonzero(at >= 0)
    lone = np.flatnonzero(at < 0)
    gone = np.setdiff1d(np.arange(len(one)), at[rows])
    elsewhere = lone[_nearest(one[gone], two[lone]) >= 0]
    faults = []
    remedy = "compare runs of the same units and settings"
    settings = [run.cells["setting"].astype("str").to_numpy() for run in (before, after)]
    other = rows[settings[0][at[rows]] != settings[1][rows]]
    for found, what in ((elsewhere, "lie in other units"), (other, "have another setting")):
        if len(found):
            told = first(after.cells["unit_id"].iloc[found].unique())
            told = f"{len(found)} cells {what} than in {before.label}: {told}"
            faults.append(Fault(after.label, told, remedy))
    if faults:
        raise InputError(faults)
    if len(rows) < SAME_GRID * max(1, min(len(one), len(two))):
        warn("the cells of the two runs differ: they are compared by unit")
        none = np.empty(0, np.int64)
        return Pairing(none, none, same_grid=False, notes=(_OTHER_GRID,))
    notes = [
        _only(run, cells, zh, en)
        for run, cells, zh, en in ((before, gone, "前", "before"), (after, lone, "后", "after"))
        if len(cells)
    ]
    return Pairing(at[rows], rows, same_grid=True, notes=tuple(notes))


_OTHER_GRID: Final = {
    "zh": "两次成果的人口格网不同（大小或起点不同），只按单元比较；不能说明哪些居民新增或失去服务",
    "en": "The cells of the two runs differ (in size or origin): compared by unit only;"
    " who gained or lost a service is not known",
}


def _only(run: Run, cells: Positions, zh: str, en: str) -> dict[str, str]:
    persons = float(run.cells["persons"].iloc[cells].sum())
    return {
        "zh": f"{len(cells):,} 个格网（{persons:,.0f} 人）只在{zh}一次成果中有，不逐格比较",
        "en": f"{len(cells):,} cells ({persons:,.0f} residents) are in the run {en} only and not"
        " compared one by one",
    }


def _boxes(run: Run) -> npt.NDArray[np.float64]:
    return np.asarray(shapely.bounds(run.cells.geometry.to_numpy()), dtype=np.float64)


def _nearest(known: npt.NDArray[np.float64], asked: npt.NDArray[np.float64]) -> Positions:
    """Give for each box the position of the same one; -1 where there is none."""
    at = np.full(len(asked), -1, np.int64)
    if len(known) and len(asked):
        tree = scipy.spatial.cKDTree(known, balanced_tree=False, compact_nodes=False)
        far, found = tree.query(asked, p=np.inf, distance_upper_bound=SAME_M * (1.0 + 1e-9))
        at = np.where(np.isfinite(far), found, -1).astype(np.int64)
        # Two boxes may find the same one: the nearer one has it.
        order = np.lexsort((far, at))
        again = order[1:][(np.diff(at[order]) == 0) & (at[order][1:] >= 0)]
        at[again] = -1
    return at


def requirements(run: Run) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Give by circle and kind what decides: limit, unit, settings, share of a community.

    Parameters
    ----------
    run
        Whose standard.
    """
    standard = run.record["standard"]
    settings = {key: tuple(sorted(c["settings"])) for key, c in standard["circles"].items()}
    share = standard["community"]["share"]
    return {
        (r["circle"], r["kind"]): (r["limit"], r["unit"], settings[r["circle"]], share)
        for r in standard["requirements"]
    }


def pair_circles(before: Run, after: Run) -> dict[tuple[str, str], str]:
    """Find for requirements of the run before the circle of the run after that asks for the same.

    Parameters
    ----------
    before, after
        Runs by the same standard or by two.

    Returns
    -------
    dict
        (circle, kind) of the run before -> circle of the run after. Circles of the same key are
        the same; then those for the same settings with the same limit; for the same settings; for
        some of the same settings. Each is paired once; what is left stands in one run only.
    """
    old, new = requirements(before), requirements(after)
    found = {key: key[0] for key in old if key in new}
    ways: tuple[Any, ...] = (
        lambda one, two: one[:3] == two[:3],
        lambda one, two: one[2] == two[2],
        lambda one, two: bool({*one[2]} & {*two[2]}),
    )
    taken: set[Hashable] = {*found}
    for alike in ways:
        for (circle, kind), how in old.items():
            if (circle, kind) in found:
                continue
            for other, asked in new.items():
                if other[1] == kind and other not in taken and alike(how, asked):
                    found[circle, kind] = other[0]
                    taken.add(other)
                    break
    return found
