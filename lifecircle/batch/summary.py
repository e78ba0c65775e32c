"""The whole of a batch: its counties side by side, and their cities and provinces from counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from lifecircle.batch.journal import Entry, intact, opened
from lifecircle.errors import Fault, InputError, MissingExtraError, OutputError, warn
from lifecircle.render.cards import write_rolled_up
from lifecircle.render.comparing import County, compare_coverage
from lifecircle.render.runs import read_runs
from lifecircle.render.writing import write_table

FOLDER: Final = "summary"


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
    counties = _compared(out, entries)
    written = [write_table(_counties(entries), folder / "counties.csv")]
    if any(county.runs for county in counties):
        table = compare_coverage(counties)
        codes = table.loc[table["level"].isin(["city", "province"]), "adcode"]
        others = codes.map(_absent(codes.unique(), entries))
        table["not_in_batch"] = others.reindex(table.index).fillna("")
        written.append(write_table(table, folder / "coverage.csv"))
    kept = [path for path in folder.glob("*.csv") if path not in written]
    cards = _write_cards(folder, counties)
    for old in set(kept) - set(cards):  # of a state of the batch that is no more
        old.unlink(missing_ok=True)
    return written + cards


def _counties(entries: Sequence[Entry]) -> pd.DataFrame:
    columns = ["name", "zh", "en", "adcode", "status", "attempts", "seconds", "peak_mb"]
    columns += ["warnings", "error", "software", "changed", "config"]
    return pd.DataFrame([{c: getattr(e, c) for c in columns} for e in entries], columns=columns)


def _compared(out: Path, entries: Sequence[Entry]) -> list[County]:
    """Give every county with its finished runs; what is gone or damaged is told."""
    folders: dict[str, list[Path]] = {entry.name: [] for entry in entries}
    for entry in entries:
        if entry.status != "done":
            continue
        if not intact(entry, out):
            warn(f"{entry.name}: results are not as they were written -> run the batch again")
            continue
        written = [out / name for name, _ in entry.outputs]
        folders[entry.name] = [path.parent for path in written if path.name == "run.json"]
    faults: list[Fault] = []
    runs = read_runs([path for paths in folders.values() for path in paths], faults=faults)
    for fault in faults:
        warn(str(fault))
    read = {run.folder: run for run in runs}
    return [
        County(
            name=entry.name,
            zh=entry.zh,
            en=entry.en,
            adcode=entry.adcode,
            runs=tuple(read[path] for path in folders[entry.name] if path in read),
            status=entry.status,
            reason=entry.error,
        )
        for entry in entries
    ]


def _write_cards(folder: Path, counties: Sequence[County]) -> list[Path]:
    standards = list(dict.fromkeys(run.judging.key for c in counties for run in c.runs))
    places: dict[str, list[County]] = defaultdict(list)
    for county in counties:
        if county.adcode:
            places[f"city-{county.adcode[:4]}"].append(county)
            places[f"province-{county.adcode[:2]}"].append(county)
    if any(not county.adcode for county in counties):
        places["all"] = list(counties)
    written = []
    for standard in standards:
        for place, inside in sorted(places.items()):
            name = place if len(standards) == 1 else f"{place}-{standard}"
            written += _write_card(folder / f"{name}.csv", standard, inside)
    return written


def _write_card(path: Path, standard: str, inside: Sequence[County]) -> list[Path]:
    """Write one scorecard; a county that is not finished takes part without a single report."""
    done = {c.name: run for c in inside for run in c.runs if run.judging.key == standard}
    done = {name: run for name, run in done.items() if not run.judging.fault and run.counts}
    if not done:
        return []  # judged by a standard without targets
    called = Counter(county.label for county in inside)
    names = {
        c.name: c.label if called[c.label] == 1 else f"{c.label}（{c.adcode or c.name}）"
        for c in inside
    }
    labels = {str(run.folder): names[name] for name, run in done.items()}
    missing = [name for key, name in names.items() if key not in done]
    return [write_rolled_up(list(done.values()), path, missing=missing, labels=labels)]


def _absent(codes: Iterable[str], entries: Sequence[Entry]) -> dict[str, str]:
    """Name the counties of cities and provinces that are not in a batch, as far as that is known.

    Empty also where the extra ``china`` is not installed, which knows the counties.
    """
    from lifecircle.starting.places import counties_of

    known = {entry.adcode for entry in entries}
    names: dict[str, dict[str, str]] = {}
    told = {}
    for code in codes:
        province = code[:2]
        if province not in names:
            try:
                counties = counties_of(province.ljust(6, "0"))
            except (MissingExtraError, InputError, OutputError):
                counties = {}
            names[province] = {key: zh for key, zh in counties.items() if key not in known}
        told[code] = "、".join(zh for key, zh in names[province].items() if key.startswith(code))
    return told
