"""The whole of a batch: its counties side by side, and their cities and provinces from counts."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from lifecircle.batch.journal import Entry, intact, opened
from lifecircle.errors import InputError, MissingExtraError, OutputError, warn
from lifecircle.render.cards import write_rolled_up
from lifecircle.render.writing import write_table

FOLDER: Final = "summary"
_KEY: Final = ("standard", "circle", "kind", "denominator", "limit", "limit_unit")
_NAMES: Final = ("circle_zh", "circle_en", "kind_zh", "kind_en", "flag")
_SUMS: Final = ("covered", "total", "known_facilities")
_TOLD: Final = ("share", "counties", "incomplete", "not_in_batch")
_LEVELS: Final = {"city": 4, "province": 2, "all": 0}  # leading digits of the adcode


def roll_up_batch(out: str | Path) -> list[Path]:
    """Add up what a batch has finished so far.

    Parameters
    ----------
    out
        Folder of the batch; one that is running may be asked, too.

    Returns
    -------
    list of Path
        The tables, as `write_summary` gives them.

    Raises
    ------
    MissingFileError
        There is no batch.
    """
    folder = Path(out)
    with opened(folder, new=False) as journal:
        return write_summary(folder, journal.entries())


def write_summary(out: Path, entries: Sequence[Entry]) -> list[Path]:
    """Write the tables of a whole batch into its folder ``summary``.

    Parameters
    ----------
    out
        Folder of the batch.
    entries
        All counties of its journal.

    Returns
    -------
    list of Path
        ``counties.csv``: status and cost of each. ``coverage.csv``: covered and total of every
        requirement per county, and their sums per city, province (by the first 4 and 2 digits of
        the adcode) and over all; shares come from the sums. ``city-4305.csv``, ``province-43.csv``
        and, where a county has no adcode, ``all.csv``: scorecards of the plan's targets, per
        standard where the batch judges by several. Counties that are not finished leave a city's
        figures open and are named.

    Raises
    ------
    OutputError
        A table cannot be written.
    """
    folder = out / FOLDER
    written = [write_table(_counties(entries), folder / "counties.csv")]
    runs = _runs(out, entries)
    if runs:
        written.append(write_table(coverage_comparison(runs, entries), folder / "coverage.csv"))
    kept = [path for path in folder.glob("*.csv") if path not in written]
    cards = _write_cards(folder, runs, entries)
    for old in set(kept) - set(cards):  # of a state of the batch that is no more
        old.unlink(missing_ok=True)
    return written + cards


def coverage_comparison(
    runs: Mapping[tuple[str, str], Path], entries: Sequence[Entry]
) -> pd.DataFrame:
    """Set the coverage of counties side by side, and add it up by city and province.

    Parameters
    ----------
    runs
        (standard, county's name) -> folder of a finished run.
    entries
        All counties of the batch.

    Returns
    -------
    DataFrame
        One row per level (``county``, ``city``, ``province``, ``all``), place and requirement.
        ``covered`` and ``total`` are sums of counts, ``share`` is their ratio; ``counties`` tells
        how many are in it, ``incomplete`` names those of the batch that are not, and
        ``not_in_batch`` those of the place that the batch does not hold (where the extra ``china``
        knows them). Counties with other limits stand in rows of their own. A share of nothing is
        missing, never 0.
    """
    known = {entry.name: entry for entry in entries}
    parts = []
    for (standard, name), folder in runs.items():
        table = pd.read_csv(folder / "coverage.csv", encoding="utf-8-sig")
        table = table[table["scope"] == "county"].assign(standard=standard, name=name)
        parts.append(table.assign(adcode=known[name].adcode, zh=known[name].zh, en=known[name].en))
    each = pd.concat(parts, ignore_index=True).astype({"adcode": "str"})
    each = each.assign(level="county", counties=1, incomplete="", not_in_batch="")
    levels = [each, *(_summed(each, level, digits, entries) for level, digits in _LEVELS.items())]
    table = pd.concat(levels, ignore_index=True)
    table["share"] = (table["covered"] / table["total"].where(table["total"] > 0)).clip(upper=1.0)
    where = ["level", "adcode", "name", "zh", "en"]
    return table[[*where, *_KEY, *_NAMES, *_SUMS, *_TOLD]]


def _summed(each: pd.DataFrame, level: str, digits: int, entries: Sequence[Entry]) -> pd.DataFrame:
    here = each[each["adcode"].str.len() >= digits]
    groups = here.groupby([here["adcode"].str[:digits], *_KEY], sort=False, dropna=False)
    how: dict[str, str] = {**dict.fromkeys(_NAMES, "first"), **dict.fromkeys(_SUMS, "sum")}
    table = groups.agg({**how, "counties": "sum"}).reset_index()
    open_ones = {
        code: "、".join(
            entry.zh or entry.name
            for entry in entries
            if entry.status != "done" and entry.adcode.startswith(code)
        )
        for code in table["adcode"].unique()
    }
    others = {code: "、".join(absent(code, entries)) if digits else "" for code in open_ones}
    return table.assign(
        level=level,
        name="",
        zh="",
        en="",
        incomplete=table["adcode"].map(open_ones),
        not_in_batch=table["adcode"].map(others),
    )


def _counties(entries: Sequence[Entry]) -> pd.DataFrame:
    columns = ["name", "zh", "en", "adcode", "status", "attempts", "seconds", "peak_mb"]
    columns += ["warnings", "error", "software", "changed", "config"]
    return pd.DataFrame([{c: getattr(e, c) for c in columns} for e in entries], columns=columns)


def _runs(out: Path, entries: Sequence[Entry]) -> dict[tuple[str, str], Path]:
    """Give the folder of every finished run by standard and county; what is gone is told."""
    found = {}
    for entry in entries:
        if entry.status != "done":
            continue
        if not intact(entry, out):
            warn(f"{entry.name}: results are not as they were written -> run the batch again")
            continue
        for name, _ in entry.outputs:
            if Path(name).name == "run.json":
                folder = (out / name).parent
                run = json.loads((out / name).read_text(encoding="utf-8"))
                found[str(run["standard"]["key"]), entry.name] = folder
    return found


def _write_cards(
    folder: Path, runs: Mapping[tuple[str, str], Path], entries: Sequence[Entry]
) -> list[Path]:
    standards = list(dict.fromkeys(standard for standard, _ in runs))
    places: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.adcode:
            places[f"city-{entry.adcode[:4]}"].append(entry)
            places[f"province-{entry.adcode[:2]}"].append(entry)
    if any(not entry.adcode for entry in entries):
        places["all"] = list(entries)
    written = []
    for standard in standards:
        for place, inside in sorted(places.items()):
            name = place if len(standards) == 1 else f"{place}-{standard}"
            done = {e.name: runs[standard, e.name] for e in inside if (standard, e.name) in runs}
            written += _write_card(folder / f"{name}.csv", done, inside)
    return written


def _write_card(path: Path, done: Mapping[str, Path], inside: Sequence[Entry]) -> list[Path]:
    """Write one scorecard; a county that is not finished takes part without a single report."""
    read = {name: json.loads((run / "run.json").read_text("utf-8")) for name, run in done.items()}
    read = {name: run for name, run in read.items() if run["standard"]["targets"]}
    if not read:
        return []  # judged by a standard without targets
    called = Counter(entry.zh for entry in inside)
    silent: dict[str, Any] = {**next(iter(read.values())), "scorecard": []}
    with tempfile.TemporaryDirectory() as place:
        runs = []
        for entry in inside:
            zh = entry.zh or entry.name
            label = zh if called[entry.zh] == 1 else f"{zh}（{entry.adcode or entry.name}）"
            run = read.get(entry.name, silent)
            runs.append(Path(place) / entry.name.replace("/", "_").replace("\\", "_"))
            runs[-1].mkdir()
            text = json.dumps({**run, "config": {"zh": label}}, ensure_ascii=False)
            (runs[-1] / "run.json").write_text(text, encoding="utf-8")
        return [write_rolled_up(runs, path)]


def absent(prefix: str, entries: Sequence[Entry]) -> list[str]:
    """Name the counties of a city or province that are not in a batch, as far as that is known.

    Parameters
    ----------
    prefix
        First digits of the adcode: 2 of a province, 4 of a city.
    entries
        Counties of the batch.

    Returns
    -------
    list of str
        Empty also where the extra ``china`` is not installed, which knows the counties.
    """
    from lifecircle.starting.places import counties_of

    try:
        counties = counties_of(prefix.ljust(6, "0"))
    except (MissingExtraError, InputError, OutputError):
        return []
    known = {entry.adcode for entry in entries}
    return [zh for adcode, zh in counties.items() if adcode not in known]
