"""What the folders of finished runs hold for whoever sets counties side by side."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from lifecircle.config.profile import DEFAULT
from lifecircle.errors import Fault, InputError, MissingFileError, TableError
from lifecircle.plan import Counts, counts_from_records
from lifecircle.render.walking_words import walking_of
from lifecircle.standards import Lang, Target
from lifecircle.standards.targets import Complete, Coverage
from lifecircle.tables import SCOPE_COUNTY

FILE: Final = "run.json"
_WORDS: Final = {
    *("key", "zh", "en", "unit_zh", "unit_en", "of_zh", "of_en", "flag", "source", "note_zh"),
}


@dataclass(frozen=True, eq=False)
class Judging:
    """How a standard judges; counties of one standard share it.

    Parameters
    ----------
    key, zh, en
        The standard; with the profile of movement, where it is not the usual one.
    settings
        Circle -> the settings that it is meant for, in one text.
    targets
        Targets of the plan by key.
    figures
        Key of a target -> all that decides it, as text to compare.
    fault
        Why its targets cannot be added up; empty if they can.
    """

    key: str
    zh: str
    en: str
    settings: Mapping[str, str]
    targets: Mapping[str, Target]
    figures: Mapping[str, str]
    fault: str = ""


@dataclass(frozen=True, eq=False)
class CountyRun:
    """One finished run, in a few kB.

    Parameters
    ----------
    folder
        Where it is.
    name, zh, en, adcode
        The county; the adcode is empty where its file names none.
    judging
        How it was judged.
    counts
        What its city's scorecard needs; None where it has none.
    outline
        WKT in degrees; empty in runs of versions that did not write it.
    moves
        How people were taken to move, by language.
    generated
        ISO date.
    notice
        What every map of the county says, in Chinese and in English.
    """

    folder: Path
    name: str
    zh: str
    en: str
    adcode: str
    judging: Judging
    counts: Counts | None
    outline: str
    moves: Mapping[str, str]
    generated: str
    notice: tuple[str, str]


def read_runs(
    folders: Iterable[str | Path], *, faults: list[Fault] | None = None
) -> list[CountyRun]:
    """Read what run.json of finished runs tells of county, standard and scorecard.

    Parameters
    ----------
    folders
        Folders that `lifecircle.render.writing.write_outputs` wrote.
    faults
        Takes what is wrong with runs that cannot be read, which are then left out; without it they
        are an error.

    Returns
    -------
    list of CountyRun
        In the given order.

    Raises
    ------
    InputError
        A folder holds no run.json, or one that cannot be read. All faults are listed.

    Examples
    --------
    >>> read_runs(["nowhere"])
    Traceback (most recent call last):
    ...
    lifecircle.errors.InputError: nowhere/run.json: there is no such file -> give folders of ...
    """
    runs: list[CountyRun] = []
    found: list[Fault] = [] if faults is None else faults
    known: list[tuple[Mapping[str, Any], Judging]] = []
    for folder in map(Path, folders):
        try:
            runs.append(_read(folder, known))
        except InputError as error:
            found += error.faults
    if found and faults is None:
        raise InputError(found)
    return runs


def county_coverage(folder: Path) -> list[dict[str, str]]:
    """Read the county's own rows of a run's coverage.csv, which stand first in it.

    Parameters
    ----------
    folder
        The run.

    Returns
    -------
    list of dict
        Every column as text; a missing share is empty.

    Raises
    ------
    MissingFileError
        The run has no such table.
    """
    path = folder / "coverage.csv"
    rows: list[dict[str, str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row["scope"] != SCOPE_COUNTY:
                    break
                rows.append(row)
    except FileNotFoundError as error:
        fault = Fault(str(path), "there is no such file", "give folders of finished assessments")
        raise MissingFileError(fault) from error
    return rows


def _read(folder: Path, known: list[tuple[Mapping[str, Any], Judging]]) -> CountyRun:
    path = folder / FILE
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(
            Fault(str(path), "there is no such file", "give folders of finished assessments")
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(Fault(str(path), f"cannot be read ({error})", "assess again")) from error
    if not isinstance(run, dict) or not isinstance(run.get("standard"), dict):
        raise InputError(Fault(str(path), "holds no scorecard", "assess again"))
    config = run.get("config") or {}
    name, zh = str(config.get("name") or folder.name), str(config.get("zh") or "")
    try:
        counts = counts_from_records([row for row in run["scorecard"] if isinstance(row, Mapping)])
    except (KeyError, TypeError, ValueError, TableError):
        counts = None
    return CountyRun(
        folder=folder,
        name=name,
        zh=zh,
        en=str(config.get("en") or zh or name),
        adcode=str((config.get("boundary") or {}).get("adcode") or ""),
        judging=_judging(run["standard"], config.get("walk") or {}, known),
        counts=counts,
        outline=str(run.get("outline") or ""),
        moves=_moves(run),
        generated=str(run.get("generated") or "")[:10],
        notice=(str(config.get("notice_zh") or ""), str(config.get("notice_en") or "")),
    )


def _moves(run: Mapping[str, Any]) -> dict[str, str]:
    """Say how people moved; empty where another version told it in a way that is not known."""
    try:
        return {lang: walking_of(run, lang) for lang in get_args(Lang)}
    except ValidationError:
        return dict.fromkeys(get_args(Lang), "")


def _judging(
    standard: Mapping[str, Any],
    walk: Mapping[str, Any],
    known: list[tuple[Mapping[str, Any], Judging]],
) -> Judging:
    """Read how a run judged; one that is equal to one of the last ones read is that one.

    Residents by another profile than the usual one are other figures, never added to these.
    """
    profile = str(walk.get("profile") or DEFAULT)
    asked = {**standard, "profile": profile}
    for told, judging in known:
        if told == asked:
            return judging
    key = str(standard.get("key") or "")
    targets: dict[str, Target] = {}
    figures: dict[str, str] = {}
    fault = ""
    try:
        listed = [Target.model_validate(target) for target in standard["targets"]]
        figures = {target.key: _figures(target, standard) for target in listed}
        targets = {target.key: target for target in listed}
        fault = "" if targets else "its standard has no targets"
    except (KeyError, TypeError, ValidationError):
        fault = "holds no scorecard"
    circles = standard.get("circles") or {}
    settings = {circle: "、".join(each.get("settings") or ()) for circle, each in circles.items()}
    zh = str(standard.get("zh") or key)
    en = str(standard.get("en") or zh)
    if profile != DEFAULT:
        key = f"{key}-{profile}"
        zh = f"{zh}（{walk.get('zh') or profile}）"
        en = f"{en} ({walk.get('en') or profile})"
    judging = Judging(key, zh, en, settings, targets, figures, fault)
    known.insert(0, (asked, judging))
    del known[16:]
    return judging


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
