"""The scorecards of several counties, added up to their city's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from lifecircle.errors import Fault, InputError, MissingFileError
from lifecircle.plan import card_from_records, roll_up, scorecard_table
from lifecircle.render.writing import write_table
from lifecircle.standards import Target


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
        A folder holds no run.json, or one without scorecard; counties were judged by different
        targets; a county is given twice. All faults are listed.
    OutputError
        The file cannot be written.
    """
    cards: dict[str, pd.DataFrame] = {}
    targets: dict[str, tuple[Target, ...]] = {}
    faults: list[Fault] = []
    for run in map(Path, runs):
        try:
            name, targets[str(run)], card = _read(run / "run.json")
        except InputError as error:
            faults.extend(error.faults)
            continue
        if name in cards:
            faults.append(Fault(str(run), f"is {name} once more", "give each county once"))
        cards[name] = card
    (first, asked), *others = targets.items() or [("", ())]
    faults += [
        Fault(run, f"was judged by other targets than {first}", "assess both by one standard")
        for run, other in others
        if other != asked
    ]
    if faults:
        raise InputError(faults)
    return write_table(scorecard_table(roll_up(cards, asked)), path)


def _read(path: Path) -> tuple[str, tuple[Target, ...], pd.DataFrame]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(
            Fault(str(path), "there is no such file", "give folders of finished assessments")
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(Fault(str(path), f"cannot be read ({error})", "assess again")) from error
    try:
        targets = tuple(Target.model_validate(target) for target in run["standard"]["targets"])
        name, records = run["config"]["zh"], run["scorecard"]
    except (KeyError, TypeError, ValidationError) as error:
        raise InputError(Fault(str(path), "holds no scorecard", "assess again")) from error
    if not targets:
        raise InputError(
            Fault(str(path), "its standard has no targets", "assess it by a standard of a plan")
        )
    return str(name), targets, card_from_records(_rows(records))


def _rows(records: Any) -> list[Mapping[str, Any]]:
    return [record for record in records if isinstance(record, Mapping)]
