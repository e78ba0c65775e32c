"""The scorecards of several counties, added up to their city's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from lifecircle.errors import Fault, InputError, MissingFileError, warn
from lifecircle.plan import card_from_records, roll_up, scorecard_table
from lifecircle.render.writing import write_table
from lifecircle.standards import Target
from lifecircle.standards.targets import Complete, Coverage

_WORDS = {"key", "zh", "en", "unit_zh", "unit_en", "of_zh", "of_en", "flag", "source", "note_zh"}


@dataclass(frozen=True)
class _Run:
    """What a county's run.json tells: its targets with the figures behind them, and its card."""

    county: str
    targets: dict[str, Target]
    figures: dict[str, str]
    card: pd.DataFrame


def write_rolled_up(runs: Sequence[str | Path], path: str | Path) -> Path:
    """Add up the scorecards of assessed counties and write their city's.

    Parameters
    ----------
    runs
        Folders that `lifecircle.render.writing.write_outputs` wrote; each holds a run.json.
    path
        The CSV file; one that is there is replaced, once the new one is whole.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MissingFileError, InputError
        A folder holds no run.json, or one without scorecard; a county is given twice. All faults
        are listed.
    OutputError
        The file cannot be written.

    Notes
    -----
    Only what was judged by the same figures is added: the target's own, and for coverage and
    circles also thresholds, settings and the share that makes a community covered. Where counties
    differ, the figures of most of them count (of the first given, if as many); the others leave the
    city's figure open, are named in the table, and a warning tells of them.
    """
    read: dict[str, _Run] = {}
    faults: list[Fault] = []
    for run in map(Path, runs):
        try:
            found = _read(run / "run.json")
        except InputError as error:
            faults.extend(error.faults)
            continue
        if found.county in read:
            faults.append(Fault(str(run), f"is {found.county} once more", "give each county once"))
        read[found.county] = found
    if faults:
        raise InputError(faults)
    targets, apart = _common(list(read.values()))
    for key, counties in apart.items():
        warn(
            f"target {key}: {', '.join(counties)} judged it by other figures than the rest, and is "
            "not added; assess it by the same thresholds to complete the city's figure"
        )
    cards = {name: run.card for name, run in read.items()}
    return write_table(scorecard_table(roll_up(cards, targets, apart=apart)), path)


def _common(runs: Sequence[_Run]) -> tuple[list[Target], dict[str, list[str]]]:
    """Give each target as most counties judge it, and who judges it by other figures."""
    targets: list[Target] = []
    apart: dict[str, list[str]] = {}
    for key in dict.fromkeys(key for run in runs for key in run.targets):
        judging = [run for run in runs if key in run.targets and not run.targets[key].exclude]
        if not judging:
            targets.append(next(run.targets[key] for run in runs if key in run.targets))
            continue
        usual = Counter(run.figures[key] for run in judging).most_common(1)[0][0]
        targets.append(next(r.targets[key] for r in judging if r.figures[key] == usual))
        others = [run.county for run in judging if run.figures[key] != usual]
        if others:
            apart[key] = others
    return targets, apart


def _read(path: Path) -> _Run:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(
            Fault(str(path), "there is no such file", "give folders of finished assessments")
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(Fault(str(path), f"cannot be read ({error})", "assess again")) from error
    try:
        standard = run["standard"]
        targets = [Target.model_validate(target) for target in standard["targets"]]
        figures = {target.key: _figures(target, standard) for target in targets}
        name, records = run["config"]["zh"], run["scorecard"]
    except (KeyError, TypeError, ValidationError) as error:
        raise InputError(Fault(str(path), "holds no scorecard", "assess again")) from error
    if not targets:
        raise InputError(
            Fault(str(path), "its standard has no targets", "assess it by a standard of a plan")
        )
    known = {target.key: target for target in targets}
    return _Run(str(name), known, figures, card_from_records(_rows(records)))


def _figures(target: Target, standard: Mapping[str, Any]) -> str:
    """Give all that decides a target, as text to compare."""
    how = target.measure
    told = target.model_dump(mode="json", exclude={*_WORDS, "exclude"})
    if isinstance(how, Coverage | Complete):
        circles = how.circles if isinstance(how, Coverage) else (how.circle,)
        told["community"] = standard["community"]["share"]
        told["settings"] = [standard["circles"].get(key, {}).get("settings") for key in circles]
        told["thresholds"] = sorted(
            [r["circle"], r["kind"], r["unit"], r["limit"]]
            for r in standard["requirements"]
            if r["circle"] in circles and (isinstance(how, Complete) or r["kind"] == how.kind)
        )
    return json.dumps(told, sort_keys=True)


def _rows(records: Any) -> list[Mapping[str, Any]]:
    return [record for record in records if isinstance(record, Mapping)]
