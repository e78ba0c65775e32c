"""What differs between two runs, as tables: who gained, who lost, what is not comparable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.difference.notes import Asked, Differing
from lifecircle.difference.pairing import (
    Pairing,
    check_area,
    pair_cells,
    pair_circles,
    requirements,
)
from lifecircle.difference.runs import KEY, LABELS, Run
from lifecircle.render.walking_words import walking_of
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY

_LEAD: Final = ["scope", "unit_name", "circle", "circle_zh", "circle_en", "kind", *LABELS[3:]]
_VALUES: Final = ["limit", "limit_unit", "covered", "total", "share", "known_facilities"]
_CELL_COLUMNS: Final = [
    *("cell_id", "unit_id", "unit_name", "circle", "circle_zh", "circle_en"),
    *("kind", "kind_zh", "kind_en", "change", "change_zh", "persons"),
    *("walk_before", "walk_after", "limit", "limit_unit", "lon", "lat"),
]
_CHANGES: Final = {"gained": "新增覆盖", "lost": "不再覆盖"}
_EQUAL: Final = 2e-6  # tables are written to a millionth


@dataclass(frozen=True, eq=False)
class Difference:
    """What changed; made by `compare_runs`.

    Parameters
    ----------
    coverage
        One row per scope, circle, kind and denominator that changed or cannot be compared.
    cells
        One row per cell and requirement that residents gained or lost.
    record
        Of both runs: when, by which standard, at which speed, and by which scenario; and what a
        reader must know of the comparison.
    before, after
        The runs; requirements of the run before stand under the circles of the run after.
    pairing
        Which cells are the same.
    asked
        What the run before asked for, by circle of the run after and kind: limit, its unit,
        settings, share of a community.
    """

    coverage: pd.DataFrame
    cells: pd.DataFrame
    record: dict[str, Any]
    before: Run
    after: Run
    pairing: Pairing
    asked: Asked

    def __repr__(self) -> str:
        rows = f"{len(self.coverage)} rows of coverage, {len(self.cells)} cells"
        return f"<Difference {self.before.label} -> {self.after.label}: {rows}>"

    def _repr_html_(self) -> str:
        from lifecircle.render.showing_plans import difference_html  # for notebooks alone

        named = (self.before.label, self.after.label)
        return difference_html(self.coverage, self.record, named, self.after.lang)


def compare_runs(before: Run, after: Run, *, lang: Lang = "zh") -> Difference:
    """Compare two runs of one area: years, scenarios, standards.

    Parameters
    ----------
    before, after
        The runs.
    lang
        Language of the column ``note``.

    Returns
    -------
    Difference
        Empty tables where nothing changed. A requirement whose threshold, circle or (for
        communities) share differs is named in ``note`` as 口径不同 and not subtracted; so is one
        that only one run judges. ``gained`` and ``lost`` are residents newly and no longer
        covered: what one row nets, they tell apart. Walks in metres are compared to 0.1 m.
        Cells are the same where they lie in the same place, whatever their ids; where the grids
        differ, units are compared and nobody can tell who gained.

    Raises
    ------
    InputError
        The runs do not compare: another area, the same cells in other units or with other settings.

    Examples
    --------
    A run and itself: nothing changed.

    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> from lifecircle import run_of
    >>> compare_runs(run_of(county, "a"), run_of(county, "b"))
    <Difference a -> b: 0 rows of coverage, 0 cells>
    """
    check_area(before, after)
    pairing = pair_cells(before, after)
    circles = pair_circles(before, after)
    asked = {(circles.get(key, key[0]), key[1]): how for key, how in requirements(before).items()}
    before = _under_circles(before, circles)
    cells = _changed_cells(before, after, pairing, asked)
    record: dict[str, Any] = {"before": _told(before), "after": _told(after)}
    differing = Differing(asked, requirements(after), lang)
    by = "cells" if pairing.same_grid else "units"
    return Difference(
        coverage=_changed_coverage(before, after, cells, pairing, differing),
        cells=cells,
        record={**record, "compared_by": by, "notes": [*pairing.notes]},
        before=before,
        after=after,
        pairing=pairing,
        asked=asked,
    )


def _under_circles(run: Run, circles: Mapping[tuple[str, str], str]) -> Run:
    """Put coverage under the circles of another standard."""
    keys = zip(run.coverage["circle"], run.coverage["kind"], strict=True)
    moved = [circles.get(key, key[0]) for key in keys]
    text = pd.Series(moved, run.coverage.index).astype(run.coverage["circle"].dtype)
    return replace(run, coverage=run.coverage.assign(circle=text))


def _told(run: Run) -> dict[str, Any]:
    """Give what a run was, so that nobody takes a change of standard or speed for one on site."""
    record, config = run.record, run.record.get("config", {})
    return {
        "run": Path(run.label).name,
        "generated": record.get("generated"),
        "standard": record.get("standard", {}).get("key"),
        "speed_kph": config.get("walk", {}).get("speed_kph"),
        "moves_zh": walking_of(record, "zh"),
        "moves_en": walking_of(record, "en"),
        "residents": record.get("population", {}).get("assessed"),
        "notice_zh": config.get("notice_zh", ""),
        "scenario": record.get("scenario"),
    }


def _changed_cells(before: Run, after: Run, pairing: Pairing, asked: Asked) -> pd.DataFrame:
    """Find the cells whose residents gained or lost what both runs judge alike."""
    old, new = before.cells.iloc[pairing.before], after.cells.iloc[pairing.after]
    at: list[npt.NDArray[np.intp]] = [np.empty(0, np.intp)]
    parts = [pd.DataFrame(columns=_CELL_COLUMNS)]
    for (circle, kind), how in requirements(after).items():
        if asked.get((circle, kind), ())[:3] != how[:3]:
            continue
        limit, unit, settings, _ = how
        judged = new["setting"].isin(settings).to_numpy(dtype=bool)
        walks = [walk_to(table, kind, unit) for table in (old, new)]
        near = [judged & (np.round(walk, 9) <= limit) for walk in walks]
        for change, rows, people in (
            ("gained", near[1] & ~near[0], new["persons"]),
            ("lost", near[0] & ~near[1], old["persons"]),
        ):
            persons = people.to_numpy(dtype=float)
            found = np.flatnonzero(rows & (persons > 0))
            if not len(found):
                continue
            columns = {
                "circle": circle,
                "kind": kind,
                "change": change,
                "change_zh": _CHANGES[change],
                "persons": persons[found],
                "walk_before": _up(walks[0][found]),
                "walk_after": _up(walks[1][found]),
                "limit": limit,
                "limit_unit": unit,
            }
            at.append(pairing.after[found])
            parts.append(pd.DataFrame(columns))
    table = pd.concat(parts[1:] or parts, ignore_index=True)
    return _named(table, np.concatenate(at), after)


def _named(table: pd.DataFrame, at: npt.NDArray[np.intp], run: Run) -> pd.DataFrame:
    """Say which cells, units, circles and kinds these are; `at` are the rows of the run's cells."""
    cells = run.cells.iloc[at]
    units = run.coverage.drop_duplicates("scope").set_index("scope")["unit_name"]
    labels = run.coverage.drop_duplicates(["circle", "kind"]).set_index(["circle", "kind"])
    labels = labels[LABELS[1:]].reindex(pd.MultiIndex.from_frame(table[["circle", "kind"]]))
    middle = gpd.GeoSeries(shapely.centroid(cells.geometry.to_numpy()), crs=cells.crs)
    lonlat = middle.to_crs(4326)
    return table.assign(
        cell_id=cells.index,
        unit_id=cells["unit_id"].to_numpy(),
        unit_name=units.reindex(cells["unit_id"]).to_numpy(),
        **{name: labels[name].to_numpy() for name in LABELS[1:]},
        lon=lonlat.x.round(6),
        lat=lonlat.y.round(6),
    )[[*_CELL_COLUMNS]]


def walk_to(cells: pd.DataFrame, kind: str, unit: str) -> npt.NDArray[np.float64]:
    """Give the walk to a kind in the unit of its limit; NaN where it is not reached.

    Parameters
    ----------
    cells
        As cells.parquet has them.
    kind
        Key of a kind that the run measured.
    unit
        ``"minutes"`` or ``"metres"``.
    """
    if unit == "metres":
        return cells[f"metres_{kind}"].to_numpy(dtype=float)
    return cells[f"seconds_{kind}"].to_numpy(dtype=float) / 60.0


def _up(walk: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round up to a hundredth: what is shown is within a limit exactly where the walk is."""
    return np.ceil(np.round(walk * 100.0, 7)) / 100.0


def _changed_coverage(
    before: Run, after: Run, cells: pd.DataFrame, pairing: Pairing, differing: Differing
) -> pd.DataFrame:
    old, new = (run.coverage.set_index(KEY)[[*LABELS, *_VALUES]] for run in (before, after))
    whole = new.index.append(old.index.difference(new.index, sort=False))
    index = pd.MultiIndex.from_tuples(whole, names=KEY)
    held = [index.isin(table.index) for table in (old, new)]
    old, new = old.reindex(index), new.reindex(index)
    table = new[LABELS].fillna(old[LABELS])
    for name in _VALUES:
        table[f"{name}_before"], table[f"{name}_after"] = old[name], new[name]
    notes = differing.notes(index, *held)
    alike = notes == ""
    for name in ("share", "covered"):
        change = (table[f"{name}_after"] - table[f"{name}_before"]).round(6)
        table[f"{name}_change"] = change.where(alike)
    for way in ("gained", "lost"):
        table[way] = _people(cells, way, table).where(alike & pairing.same_grid)
    for side, lacking in (("before", "none_before"), ("after", "none_after")):
        rows = alike & (table[f"known_facilities_{side}"] == 0)
        notes = notes.where(~rows, [differing.joined(text, lacking) for text in notes])
    table["note"] = notes
    differs = ~alike | (table[["gained", "lost"]].fillna(0.0) > 0).any(axis=1)
    for name in ("covered", "total", "share"):
        one, two = table[f"{name}_before"], table[f"{name}_after"]
        differs |= ~((one - two).abs() <= _EQUAL) & ~(one.isna() & two.isna())
    table = table[differs].reset_index()
    return table[[*_LEAD, *table.columns.difference(_LEAD, sort=False)]]


def _people(cells: pd.DataFrame, change: str, table: pd.DataFrame) -> pd.Series:
    """Add up residents who gained or lost, in the rows of residents; other rows have none."""
    rows = cells[cells["change"] == change]
    keys = ["scope", "circle", "kind"]
    both = pd.concat([rows.assign(scope=SCOPE_COUNTY), rows.assign(scope=rows["unit_id"])])
    sums = both.groupby(keys)["persons"].sum()
    asked = pd.MultiIndex.from_frame(table.index.to_frame()[keys])
    residents = table.index.get_level_values("denominator") == "population"
    values = np.where(residents, sums.reindex(asked).fillna(0.0).to_numpy(), np.nan)
    return pd.Series(values, table.index, dtype=float)
