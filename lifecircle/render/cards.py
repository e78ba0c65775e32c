"""The scorecards of several counties, added up to their city's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lifecircle.errors import Fault, InputError, warn
from lifecircle.plan import roll_up, scorecard_table
from lifecircle.plan.cities import NOTHING
from lifecircle.render.runs import FILE, CountyRun, read_runs
from lifecircle.render.writing import write_table
from lifecircle.standards import Target


def write_rolled_up(
    runs: Sequence[str | Path | CountyRun],
    path: str | Path,
    *,
    missing: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Path:
    """Add up the scorecards of assessed counties and write their city's.

    Parameters
    ----------
    runs
        Folders that `lifecircle.render.writing.write_outputs` wrote, each with its run.json; or
        what `lifecircle.render.runs.read_runs` gave for them.
    path
        The CSV file; one that is there is replaced, once the new one is whole.
    missing, labels
        As for `rolled_up`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        As `rolled_up`.
    OutputError
        The file cannot be written.
    """
    return write_table(scorecard_table(rolled_up(runs, missing=missing, labels=labels)), path)


def rolled_up(
    runs: Sequence[str | Path | CountyRun],
    *,
    missing: Iterable[str] = (),
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Add up the scorecards of assessed counties.

    Parameters
    ----------
    runs
        As for `write_rolled_up`.
    missing
        Names of counties of the city that have no run: their reports are unknown.
    labels
        Folder of a run -> what to call its county, where the name in its run.json is not enough
        (two counties of a province may bear the same).

    Returns
    -------
    DataFrame
        As `lifecircle.plan.roll_up`.

    Raises
    ------
    InputError
        A folder holds no run.json, or one without scorecard; a county is given twice. All faults
        are listed.

    Notes
    -----
    Only what was judged by the same figures is added: the target's own, and for coverage and
    circles also thresholds, settings and the share that makes a community covered. Where counties
    differ, the figures of most of them count (of the first given, if as many); the others leave the
    city's figure open, are named in the table, and a warning tells of them.
    """
    named, faults = _named(runs, labels or {})
    cards = {name: run.counts or NOTHING for name, run in named.items()}
    for name in missing:
        if name in cards:
            faults.append(Fault(name, "is given as missing, and once more", "give it once"))
        cards[name] = NOTHING
    if faults:
        raise InputError(faults)
    targets, apart = _common(named)
    for key, counties in apart.items():
        warn(
            f"target {key}: {', '.join(counties)} judged it by other figures than the rest, and is "
            "not added; assess it by the same thresholds to complete the city's figure"
        )
    return roll_up(cards, targets, apart=apart)


def _named(
    runs: Sequence[str | Path | CountyRun], labels: Mapping[str, str]
) -> tuple[dict[str, CountyRun], list[Fault]]:
    """Give the runs by county; what cannot be added up is a fault."""
    named: dict[str, CountyRun] = {}
    faults: list[Fault] = []
    for run in runs:
        try:
            read = run if isinstance(run, CountyRun) else read_runs([run])[0]
        except InputError as error:
            faults += error.faults
            continue
        fault = read.judging.fault or ("" if read.counts and read.zh else "holds no scorecard")
        if fault:
            remedy = "assess again" if "holds" in fault else "assess it by a standard of a plan"
            faults.append(Fault(str(read.folder / FILE), fault, remedy))
            continue
        name = labels.get(str(read.folder), read.zh)
        if name in named:
            faults.append(Fault(str(read.folder), f"is {name} once more", "give each county once"))
        named[name] = read
    return named, faults


def _common(runs: Mapping[str, CountyRun]) -> tuple[list[Target], dict[str, list[str]]]:
    """Give each target as most counties judge it, and who judges it by other figures."""
    targets: list[Target] = []
    apart: dict[str, list[str]] = {}
    ways = {id(run.judging): run.judging for run in runs.values()}
    often = Counter(id(run.judging) for run in runs.values())
    for key in dict.fromkeys(key for way in ways.values() for key in way.targets):
        judging = {i: w for i, w in ways.items() if key in w.targets and not w.targets[key].exclude}
        if not judging:
            targets.append(next(w.targets[key] for w in ways.values() if key in w.targets))
            continue
        votes: Counter[str] = Counter()
        for i, way in judging.items():
            votes[way.figures[key]] += often[i]
        usual = votes.most_common(1)[0][0]
        targets.append(next(w.targets[key] for w in judging.values() if w.figures[key] == usual))
        other = {i for i, way in judging.items() if way.figures[key] != usual}
        if other:
            apart[key] = [name for name, run in runs.items() if id(run.judging) in other]
    return targets, apart
