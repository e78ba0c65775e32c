"""What differs between two runs of one county: years, scenarios, standards; for whom and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.county import Assessment
from lifecircle.errors import Fault, InputError, MissingFileError, TableError
from lifecircle.render.gis.layers import cell_layer
from lifecircle.render.tables.sheets import coverage_table
from lifecircle.render.web.before import check_same_cells
from lifecircle.render.web.maps import coverage_map, map_html
from lifecircle.render.writing import check_writable, write_table
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY, first

TABLES: Final = ("compare.csv", "compare_units.csv", "compare_cells.csv")
"""The county's changes, those of its units, and the cells that gained or lost a service."""

MAP: Final = "compare.html"
RECORD: Final = "compare.json"

_KEY: Final = ["scope", "circle", "kind", "denominator"]
_LABELS: Final = ["unit_name", "circle_zh", "circle_en", "kind_zh", "kind_en"]
_LEAD: Final = ["scope", "unit_name", "circle", "circle_zh", "circle_en", "kind", *_LABELS[3:]]
_VALUES: Final = ["limit", "limit_unit", "covered", "total", "share", "known_facilities"]
_NUMBERS: Final = ("limit", "covered", "total", "share", "known_facilities")
_CELL_COLUMNS: Final = [
    *("cell_id", "unit_id", "unit_name", "circle", "circle_zh", "circle_en"),
    *("kind", "kind_zh", "kind_en", "change", "change_zh", "persons"),
    *("walk_before", "walk_after", "limit", "limit_unit", "lon", "lat"),
]
_CHANGES: Final = {"gained": "新增覆盖", "lost": "不再覆盖"}
_EQUAL: Final = 2e-6  # tables are written to a millionth


@dataclass(frozen=True, eq=False)
class Run:
    """One finished assessment, as far as it is compared; made by `read_run` or `run_of`.

    Parameters
    ----------
    label
        What to call it in messages: its folder.
    record
        What run.json holds.
    coverage
        What coverage.csv holds.
    cells
        What cells.parquet holds: cells with their walk to the nearest of each kind.
    """

    label: str
    record: dict[str, Any]
    coverage: pd.DataFrame
    cells: gpd.GeoDataFrame


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
        Of both runs: when, by which standard, at which speed, and by which scenario.
    """

    coverage: pd.DataFrame
    cells: pd.DataFrame
    record: dict[str, Any]


def read_run(folder: str | Path) -> Run:
    """Read what a finished run left in its folder.

    Parameters
    ----------
    folder
        As `lifecircle.render.writing.write_outputs` wrote it.

    Raises
    ------
    MissingFileError
        A file is not there. All are listed.
    InputError
        A file cannot be read.

    Examples
    --------
    >>> read_run("nowhere")
    Traceback (most recent call last):
    ...
    lifecircle.errors.MissingFileError: nowhere/run.json: there is no such file -> give folders ...
    """
    folder = Path(folder)
    files = [folder / name for name in ("run.json", "coverage.csv", "cells.parquet")]
    missing = [
        Fault(str(file), "there is no such file", "give folders of finished assessments")
        for file in files
        if not file.is_file()
    ]
    if missing:
        raise MissingFileError(missing)
    at = files[0]
    try:
        record = json.loads(at.read_text(encoding="utf-8"))
        if not {"requirements", "circles", "community"} <= {*record["standard"]}:
            raise ValueError("it names no requirements")  # noqa: TRY301 - told as what follows is
        at = files[1]
        coverage = pd.read_csv(
            at,
            encoding="utf-8-sig",
            dtype=dict.fromkeys([*_KEY, *_LABELS, "limit_unit", "flag"], "str"),
            keep_default_na=False,
            na_values={name: [""] for name in _NUMBERS},
        )
        at = files[2]
        cells = gpd.read_parquet(at)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(Fault(str(at), f"cannot be read ({error})", "assess again")) from error
    return Run(str(folder), record, coverage, cells)


def run_of(assessment: Assessment, label: str) -> Run:
    """Give an assessment in memory as its folder would hold it.

    Parameters
    ----------
    assessment
        What `lifecircle.county.assess` gave.
    label
        What to call it in messages.
    """
    table = coverage_table(assessment)
    cells = cell_layer(assessment, minutes=False)
    return Run(label, assessment.run, table.assign(unit_name=table["unit_name"].fillna("")), cells)


def compare_runs(before: Run, after: Run) -> Difference:
    """Compare two runs of one county on the same cells.

    Parameters
    ----------
    before, after
        The runs.

    Returns
    -------
    Difference
        Empty tables where nothing changed. A requirement whose threshold, circle or (for
        communities) share differs is named in ``note`` as 口径不同 and not subtracted; so is one
        that only one run judges. ``gained`` and ``lost`` are residents newly and no longer
        covered: what one row nets, they tell apart. Walks in metres are compared to 0.1 m.

    Raises
    ------
    InputError
        The runs do not compare: another county, other units, other cells or settings of cells.
    """
    _check_comparable(before, after)
    cells = _changed_cells(before, after)
    return Difference(
        coverage=_changed_coverage(before, after, cells),
        cells=cells,
        record={"before": _told(before), "after": _told(after)},
    )


def write_difference(
    difference: Difference,
    out: str | Path,
    *,
    before: Assessment | None = None,
    after: Assessment | None = None,
    lang: Lang = "zh",
) -> list[Path]:
    """Write what changed as tables, and as a before/after map where both assessments are given.

    Parameters
    ----------
    difference
        What `compare_runs` found.
    out
        Folder.
    before, after
        The assessments in memory: the map shows streets and borders that run folders do not hold.
    lang
        What the map starts with.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        The folder cannot be made or written to.
    """
    folder = Path(out)
    check_writable(folder)
    of_county = difference.coverage["scope"] == SCOPE_COUNTY
    tables = (difference.coverage[of_county], difference.coverage[~of_county], difference.cells)
    written = [
        write_table(table, folder / name) for name, table in zip(TABLES, tables, strict=True)
    ]
    texts = {RECORD: json.dumps(difference.record, ensure_ascii=False, indent=2) + "\n"}
    if before is not None and after is not None:
        texts[MAP] = map_html(coverage_map(after, lang=lang, before=before))
    for name, text in texts.items():
        draft = folder / f".{name}.new"
        draft.write_text(text, encoding="utf-8", newline="\n")
        written.append(draft.replace(folder / name))
    return written


def _check_comparable(before: Run, after: Run) -> None:
    names = [str(run.record.get("config", {}).get("name")) for run in (before, after)]
    if names[0] != names[1]:
        what = f"is a run of {names[1]}, the other one of {names[0]}"
        raise InputError(Fault(after.label, what, "give two runs of one county"))
    try:
        check_same_cells(after.cells, before.cells)
    except TableError as error:
        raise InputError(
            [Fault(before.label, fault.what, fault.remedy) for fault in error.faults]
        ) from error
    old = before.cells.reindex(after.cells.index)
    faults = []
    for column, what in (("unit_id", "lie in other units"), ("setting", "have another setting")):
        other = np.asarray(old[column].astype("str") != after.cells[column].astype("str"))
        if other.any():
            units = first(after.cells.loc[other, "unit_id"].unique())
            told = f"{int(other.sum())} cells {what} than in {before.label}: {units}"
            faults.append(Fault(after.label, told, "compare runs of the same units and settings"))
    if faults:
        raise InputError(faults)


def _told(run: Run) -> dict[str, Any]:
    """Give what a run was, so that nobody takes a change of standard or speed for one on site."""
    record, config = run.record, run.record.get("config", {})
    return {
        "run": Path(run.label).name,
        "generated": record.get("generated"),
        "standard": record.get("standard", {}).get("key"),
        "speed_kph": config.get("walk", {}).get("speed_kph"),
        "residents": record.get("population", {}).get("assessed"),
        "notice_zh": config.get("notice_zh", ""),
        "scenario": record.get("scenario"),
    }


def _requirements(run: Run) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Give by circle and kind what decides: limit, unit, settings, share of a community."""
    standard = run.record["standard"]
    settings = {key: tuple(sorted(c["settings"])) for key, c in standard["circles"].items()}
    share = standard["community"]["share"]
    return {
        (r["circle"], r["kind"]): (r["limit"], r["unit"], settings[r["circle"]], share)
        for r in standard["requirements"]
    }


def _changed_cells(before: Run, after: Run) -> pd.DataFrame:
    """Find the cells whose residents gained or lost what both runs judge alike."""
    old, new = before.cells.reindex(after.cells.index), after.cells
    asked = _requirements(before)
    at: list[npt.NDArray[np.intp]] = [np.empty(0, np.intp)]
    parts = [pd.DataFrame(columns=_CELL_COLUMNS)]
    for (circle, kind), how in _requirements(after).items():
        if asked.get((circle, kind), ())[:3] != how[:3]:
            continue
        limit, unit, settings, _ = how
        judged = new["setting"].isin(settings).to_numpy(dtype=bool)
        walks = [_walk(table, kind, unit) for table in (old, new)]
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
            at.append(found)
            parts.append(pd.DataFrame(columns))
    table = pd.concat(parts[1:] or parts, ignore_index=True)
    return _named(table, np.concatenate(at), after)


def _named(table: pd.DataFrame, at: npt.NDArray[np.intp], run: Run) -> pd.DataFrame:
    """Say which cells, units, circles and kinds these are; `at` are the rows of the run's cells."""
    cells = run.cells.iloc[at]
    units = run.coverage.drop_duplicates("scope").set_index("scope")["unit_name"]
    labels = run.coverage.drop_duplicates(["circle", "kind"]).set_index(["circle", "kind"])
    labels = labels[_LABELS[1:]].reindex(pd.MultiIndex.from_frame(table[["circle", "kind"]]))
    middle = gpd.GeoSeries(shapely.centroid(cells.geometry.to_numpy()), crs=cells.crs)
    lonlat = middle.to_crs(4326)
    return table.assign(
        cell_id=cells.index,
        unit_id=cells["unit_id"].to_numpy(),
        unit_name=units.reindex(cells["unit_id"]).to_numpy(),
        **{name: labels[name].to_numpy() for name in _LABELS[1:]},
        lon=lonlat.x.round(6),
        lat=lonlat.y.round(6),
    )[[*_CELL_COLUMNS]]


def _walk(cells: pd.DataFrame, kind: str, unit: str) -> npt.NDArray[np.float64]:
    """Give the walk to a kind in the unit of its limit; NaN where it is not reached."""
    if unit == "metres":
        return cells[f"metres_{kind}"].to_numpy(dtype=float)
    return cells[f"seconds_{kind}"].to_numpy(dtype=float) / 60.0


def _up(walk: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round up to a hundredth: what is shown is within a limit exactly where the walk is."""
    return np.ceil(np.round(walk * 100.0, 7)) / 100.0


def _changed_coverage(before: Run, after: Run, cells: pd.DataFrame) -> pd.DataFrame:
    old, new = (run.coverage.set_index(_KEY)[[*_LABELS, *_VALUES]] for run in (before, after))
    index = new.index.append(old.index.difference(new.index, sort=False))
    old, new = old.reindex(index), new.reindex(index)
    table = new[_LABELS].fillna(old[_LABELS])
    for name in _VALUES:
        table[f"{name}_before"], table[f"{name}_after"] = old[name], new[name]
    notes = _notes(before, after, table)
    alike = notes == ""
    for name in ("share", "covered"):
        change = (table[f"{name}_after"] - table[f"{name}_before"]).round(6)
        table[f"{name}_change"] = change.where(alike)
    for way in ("gained", "lost"):
        table[way] = _people(cells, way, table).where(alike)
    none = {
        "前次无已知设施": table["known_facilities_before"] == 0,
        "本次无已知设施": table["known_facilities_after"] == 0,
    }
    told = notes.copy()
    for text, rows in none.items():
        told = told.where(~(rows & alike), (told + "；" + text).str.removeprefix("；"))
    table["note"] = told
    differs = ~alike | (table[["gained", "lost"]].fillna(0.0) > 0).any(axis=1)
    for name in ("covered", "total", "share"):
        one, two = table[f"{name}_before"], table[f"{name}_after"]
        differs |= ~((one - two).abs() <= _EQUAL) & ~(one.isna() & two.isna())
    table = table[differs].reset_index()
    return table[[*_LEAD, *table.columns.difference(_LEAD, sort=False)]]


def _notes(before: Run, after: Run, table: pd.DataFrame) -> pd.Series:
    """Say of which rows the two figures are no two of one kind; empty where they are."""
    asked, wanted = _requirements(before), _requirements(after)
    told = []
    keys = (table.index.get_level_values(name) for name in _KEY[1:])
    for circle, kind, denominator in zip(*keys, strict=True):
        one, two = asked.get((circle, kind)), wanted.get((circle, kind))
        if one is None or two is None:
            told.append("仅本次评价" if one is None else "仅前次评价")
            continue
        differ = []
        if one[:2] != two[:2]:
            differ.append(f"阈值 {_limit(*one[:2])} → {_limit(*two[:2])}")
        if one[2] != two[2]:
            differ.append(f"适用类型 {'、'.join(one[2])} → {'、'.join(two[2])}")
        if denominator == "communities" and one[3] != two[3]:
            differ.append(f"达标比例 {one[3]:g} → {two[3]:g}")
        told.append(f"口径不同：{'；'.join(differ)}" if differ else "")
    return pd.Series(told, table.index, dtype=object)


def _limit(limit: float, unit: str) -> str:
    return f"{limit:g} {'米' if unit == 'metres' else '分钟'}"


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
