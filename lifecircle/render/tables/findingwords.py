"""What a run finds about its data, told in Chinese or English and sorted by kind of issue."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from lifecircle.errors import Fault
from lifecircle.render.faultwords import Sentence, in_chinese, read_sentences
from lifecircle.render.tables.words import word
from lifecircle.standards import Kind, Lang
from lifecircle.tables import FLAGS

# As `lifecircle.errors.Fault` writes itself, with the rows that it names.
_FAULT: Final = re.compile(
    r"(?P<where>.+?): (?P<what>.+?)(?:: (?P<rows>row \d.*?))? -> (?P<remedy>.+)", re.DOTALL
)
_LONGEST: Final = 4000  # characters; no sentence of the code is longer without hostile names


@dataclass(frozen=True)
class Finding:
    """One finding of a run.

    Parameters
    ----------
    issue
        Kind of issue: a key of the words of tables.
    about
        File or place that it speaks of; empty where the sentence names it.
    what, remedy
        What was found; what to do, empty where the sentence says it.
    """

    issue: str
    about: str
    what: str
    remedy: str


def read_finding(sentence: str, lang: Lang, kinds: Mapping[str, Kind]) -> Finding:
    """Sort one finding of a run, and tell it in the language of the reader.

    Parameters
    ----------
    sentence
        As ``run.json`` keeps it under ``warnings``.
    lang
        ``"zh"`` or ``"en"``. A sentence that is not catalogued stays English.
    kinds
        Kinds by key, for their names.

    Examples
    --------
    >>> read_finding("units.shp: holds no feature -> check the export", "en", {}).remedy
    'check the export'
    >>> read_finding("evidence: 3 points lie outside their unit and are left out; check them",
    ...              "zh", {}).what
    '3 个居住点落在所属单元之外，未采用，请核对'
    """
    if len(sentence) > _LONGEST:
        return Finding("run_finding", "", sentence, "")
    for issue, entry in _catalogue():
        found = entry.pattern.fullmatch(sentence)
        if found is not None:
            named = _with_names(sentence, found, lang, kinds)
            told = entry.told(named) if lang == "zh" else named
            return Finding(f"issue_{issue}", "", told or named, "")
    found = _FAULT.fullmatch(sentence)
    if found is None:
        return Finding("run_finding", "", sentence, "")
    fault = Fault(found["where"], found["what"], found["remedy"])
    told_fault = in_chinese(fault) if lang == "zh" else fault
    rows = found["rows"]
    if rows is not None and lang == "zh":
        rows = _ROWS.told(f"rows: {rows}")
    what = told_fault.what + ("" if rows is None else f"{word('colon', lang)}{rows}")
    return Finding("issue_file", fault.where, what, told_fault.remedy)


def _with_names(sentence: str, found: re.Match[str], lang: Lang, kinds: Mapping[str, Kind]) -> str:
    """Put names in the place of kinds' keys and of flags."""
    spans = [
        (found.span(place), place)
        for place in ("kind", "kinds", "flag")
        if place in found.re.groupindex
    ]
    for (start, end), place in sorted(spans, reverse=True):
        keys = sentence[start:end].split(", ")
        if place == "flag":
            names = [word(key, lang) if key in FLAGS else key for key in keys]
        else:
            names = [kinds[key].label(lang) if key in kinds else key for key in keys]
        sentence = sentence[:start] + ", ".join(names) + sentence[end:]
    return sentence


@cache
def _catalogue() -> tuple[tuple[str, Sentence], ...]:
    file = resources.files(__package__) / "templates" / "findings.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        (issue, entry) for issue, entries in tables.items() for entry in read_sentences(entries)
    )


_ROWS: Final = read_sentences({"rows: {rows}": "{rows:list}"})[0]
