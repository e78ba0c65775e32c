"""Counties side by side: the coverage of each, and of cities and provinces from their counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, InputError
from lifecircle.render.runs import FILE, CountyRun, county_coverage, read_runs

Status = Literal["done", "failed", "killed", "running", "waiting"]

LEVELS: Final = {"city": 4, "province": 2, "all": 0}
"""Levels above the county -> leading digits of the adcode."""

KEY: Final = ("standard", "circle", "kind", "denominator", "settings", "limit", "limit_unit")
"""What two figures must have in common to be added up."""

_NAMES: Final = ("circle_zh", "circle_en", "kind_zh", "kind_en", "flag")
_SUMS: Final = ("covered", "total", "known_facilities")
_TOLD: Final = ("share", "counties", "incomplete", "no_facility_known", "not_in_batch")
_TEXTS: Final = ("circle", "kind", "denominator", "limit_unit", *_NAMES)
_NUMBERS: Final = ("limit", *_SUMS)
_COLUMNS: Final = ("level", "adcode", "name", "zh", "en", *KEY, *_NAMES, *_SUMS, *_TOLD)


@dataclass(frozen=True, eq=False)
class County:
    """One county among those that are compared.

    Parameters
    ----------
    name, zh, en, adcode
        What it is called; the adcode is empty where none is known.
    runs
        Its finished runs, one per standard; none where it is not finished.
    status
        As a batch's journal has it.
    reason
        Why it is not finished; empty where nobody knows.
    outline
        WKT in degrees, for a county without a run; empty where it is not known.
    """

    name: str
    zh: str
    en: str
    adcode: str = ""
    runs: tuple[CountyRun, ...] = ()
    status: Status = "done"
    reason: str = ""
    outline: str = ""

    @property
    def label(self) -> str:
        """What to call it in Chinese."""
        return self.zh or self.name


def counties_of(runs: Iterable[str | Path]) -> list[County]:
    """Give the counties of some finished runs.

    Parameters
    ----------
    runs
        Their folders. A folder that holds one per standard stands for all of these.

    Returns
    -------
    list of County
        In the order of the runs; a county judged by several standards is one.

    Raises
    ------
    InputError
        A folder holds no run, or a county is given twice by one standard. All faults are listed.
    """
    folders: list[Path] = []
    for folder in map(Path, runs):
        inside = sorted(path.parent for path in folder.glob(f"*/{FILE}"))
        folders += inside if inside and not (folder / FILE).exists() else [folder]
    found: dict[tuple[str, str], list[CountyRun]] = {}
    faults = []
    for run in read_runs(folders):
        same = found.setdefault((run.adcode, run.name), [])
        if any(other.judging.key == run.judging.key for other in same):
            what = f"is {run.zh or run.name} by {run.judging.key} once more"
            faults.append(Fault(str(run.folder), what, "give each county once"))
        same.append(run)
    if faults:
        raise InputError(faults)
    return [
        County(name, of[0].zh, of[0].en, adcode, tuple(of)) for (adcode, name), of in found.items()
    ]


def compare_coverage(counties: Sequence[County]) -> pd.DataFrame:
    """Set the coverage of counties side by side, and add it up by city and province.

    Parameters
    ----------
    counties
        All of them, with their finished runs.

    Returns
    -------
    DataFrame
        One row per level (``county``, ``city``, ``province``, ``all``), place and requirement.
        ``covered`` and ``total`` are sums of counts, ``share`` is their ratio; ``counties`` tells
        how many are in it, ``incomplete`` names those that are not finished. Counties with other
        limits, or circles for other settings, stand in rows of their own. A share of nothing is
        missing, never 0; so is that of a kind of which a county knows no facility at all: it is
        in no sum, and named by ``no_facility_known``. ``not_in_batch`` is left empty.

    Raises
    ------
    MissingFileError
        A run has no coverage.csv.
    """
    each = _each(counties)
    levels = [each, *(_summed(each, level, digits, counties) for level, digits in LEVELS.items())]
    table = pd.concat(levels, ignore_index=True)
    table["share"] = (table["covered"] / table["total"].where(table["total"] > 0)).clip(upper=1.0)
    return table[[*_COLUMNS]]


def _each(counties: Sequence[County]) -> pd.DataFrame:
    """Give the rows of all counties; texts are categories, of which there are few."""
    columns: dict[str, list[str]] = {name: [] for name in (*_TEXTS, *_NUMBERS, "settings")}
    place: list[int] = []
    standards: list[str] = []
    for number, county in enumerate(counties):
        for run in county.runs:
            rows = county_coverage(run.folder)
            for name in (*_TEXTS, *_NUMBERS):
                columns[name] += [row[name] for row in rows]
            settings = run.judging.settings
            columns["settings"] += [settings.get(row["circle"], "") for row in rows]
            place += [number] * len(rows)
            standards += [run.judging.key] * len(rows)
    at = np.asarray(place, dtype=np.int64)
    table = pd.DataFrame({"standard": pd.Categorical(standards)})
    for name, values in columns.items():
        numbers = name in _NUMBERS
        table[name] = pd.to_numeric(pd.Series(values, dtype="str")) if numbers else values
        if not numbers:
            table[name] = table[name].astype("category")
    for name in ("adcode", "name", "zh", "en"):
        table[name] = np.array([getattr(c, name) for c in counties], dtype=object)[at]
    unknown = table["known_facilities"] == 0
    table["covered"] = table["covered"].mask(unknown)
    return table.assign(
        level="county",
        counties=1,
        incomplete="",
        no_facility_known=np.where(unknown, table["zh"], ""),
        not_in_batch="",
    )


def _summed(
    each: pd.DataFrame, level: str, digits: int, counties: Sequence[County]
) -> pd.DataFrame:
    here = each[each["adcode"].str.len() >= digits] if digits else each
    if here.empty:
        return here
    known = here["known_facilities"] > 0
    here = here.assign(
        adcode=here["adcode"].str[:digits].astype("category"),
        total=here["total"].where(known),
        counties=known.astype("int64"),
    )
    keys = ["adcode", *KEY]
    groups = here.groupby(keys, sort=False, dropna=False, observed=True)
    sums = groups[["covered", "total"]].sum(min_count=1)
    sums[["known_facilities", "counties"]] = groups[["known_facilities", "counties"]].sum()
    sums[[*_NAMES]] = groups[[*_NAMES]].first()
    lacking = here[~known].groupby(keys, sort=False, dropna=False, observed=True)["zh"]
    sums["no_facility_known"] = lacking.agg("、".join).reindex(sums.index)
    table = sums.reset_index()
    table["adcode"] = table["adcode"].astype(object)
    unfinished = [county for county in counties if not county.runs]
    open_ones = {
        code: "、".join(c.label for c in unfinished if c.adcode.startswith(code))
        for code in table["adcode"].unique()
    }
    return table.assign(
        level=level,
        name="",
        zh="",
        en="",
        incomplete=table["adcode"].map(open_ones),
        no_facility_known=table["no_facility_known"].fillna(""),
        not_in_batch="",
    )
