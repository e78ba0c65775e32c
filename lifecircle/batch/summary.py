"""The whole of a batch: its counties side by side, and their cities and provinces from counts."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lifecircle.batch.journal import Entry, intact, opened
from lifecircle.errors import Fault, InputError, MissingExtraError, OutputError, warn
from lifecircle.plan import scorecard_table
from lifecircle.render.cards import rolled_up
from lifecircle.render.comparing import County, compare_coverage
from lifecircle.render.runs import read_runs
from lifecircle.render.web.comparison import comparison_map
from lifecircle.render.writing import write_table
from lifecircle.standards import Lang
from lifecircle.starting.places import borders, cities, counties_of, provinces

FOLDER: Final = "summary"


def roll_up_batch(out: str | Path, *, lang: Lang = "zh") -> list[Path]:
    """Add up what a batch has finished so far.

    Parameters
    ----------
    out
        Folder of the batch; one that is running may be asked, too.
    lang
        What the comparison map starts with.

    Returns
    -------
    list of Path
        The tables and the comparison map, as `write_summary` gives them.

    Raises
    ------
    MissingFileError
        There is no batch.
    """
    folder = Path(out)
    with opened(folder, new=False) as journal:
        return write_summary(folder, journal.entries(), lang=lang)


def write_summary(out: Path, entries: Sequence[Entry], *, lang: Lang = "zh") -> list[Path]:
    """Write the tables of a whole batch into its folder ``summary``.

    Parameters
    ----------
    out
        Folder of the batch.
    entries
        All counties of its journal.
    lang
        What the comparison map starts with.

    Returns
    -------
    list of Path
        ``counties.csv``: status and cost of each. ``coverage.csv``: covered and total of every
        requirement per county, and their sums per city, province (by the first 4 and 2 digits of
        the adcode) and over all; shares come from the sums. ``comparison.html``: the same as a map
        with a ranked table (`lifecircle.render.web.comparison.comparison_map`).
        ``city-4305.csv``, ``province-43.csv`` and, where a county has no adcode, ``all.csv``:
        scorecards of the plan's targets, per standard where the batch judges by several. Counties
        that are not finished leave a city's figures open and are named.

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
        page = folder / "comparison.html"
        written.append(comparison_map(counties, page, table=table, places=_places(), lang=lang))
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
    outlines = _outlines([e.adcode for e in entries if not folders[e.name] and e.adcode])
    return [
        County(
            name=entry.name,
            zh=entry.zh,
            en=entry.en,
            adcode=entry.adcode,
            runs=tuple(read[path] for path in folders[entry.name] if path in read),
            status=entry.status,
            reason=entry.error,
            outline=outlines.get(entry.adcode, ""),
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
    cards: dict[str, pd.DataFrame] = {}
    for standard in standards:
        for place, inside in sorted(places.items()):
            card = _card(standard, inside)
            if card is not None:
                cards[place if len(standards) == 1 else f"{place}-{standard}"] = card
    if not cards:
        return []
    # Headings and units of hundreds of cards at once, which is several times faster.
    table = scorecard_table(pd.concat(cards.values()))
    ends = np.cumsum([len(card) for card in cards.values()])
    return [
        write_table(table[end - len(card) : end], folder / f"{name}.csv")
        for (name, card), end in zip(cards.items(), ends, strict=True)
    ]


def _card(standard: str, inside: Sequence[County]) -> pd.DataFrame | None:
    """Add up one scorecard; a county that is not finished takes part without a single report."""
    done = {c.name: run for c in inside for run in c.runs if run.judging.key == standard}
    done = {name: run for name, run in done.items() if not run.judging.fault and run.counts}
    if not done:
        return None  # judged by a standard without targets
    called = Counter(county.label for county in inside)
    names = {
        c.name: c.label if called[c.label] == 1 else f"{c.label}（{c.adcode or c.name}）"
        for c in inside
    }
    labels = {str(run.folder): names[name] for name, run in done.items()}
    missing = [name for key, name in names.items() if key not in done]
    return rolled_up(list(done.values()), missing=missing, labels=labels)


def _outlines(adcodes: Sequence[str]) -> dict[str, str]:
    """Give the outlines of counties that have no run, where the extra ``china`` knows them."""
    if not adcodes:
        return {}
    with contextlib.suppress(MissingExtraError, InputError):
        return borders(adcodes)
    return {}


def _places() -> dict[str, str]:
    """Name provinces and, where the extra ``china`` knows them, cities, by 2 and 4 digits."""
    named = {code: province.zh for code, province in provinces().items()}
    with contextlib.suppress(MissingExtraError, InputError):
        named |= cities()
    return named


def _absent(codes: Iterable[str], entries: Sequence[Entry]) -> dict[str, str]:
    """Name the counties of cities and provinces that are not in a batch, as far as that is known.

    Empty also where the extra ``china`` is not installed, which knows the counties.
    """
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
