"""Standards as data: kinds of facility, circles, and what each circle requires.

A standard is one TOML file beside this module, each value with its clause and flag; kinds are one
shared vocabulary (``kinds.toml``).
A flag says how surely a value is known: ``confirmed`` (read in a source), ``secondary`` (a
secondary source only), ``ours`` (a choice of this project), ``unverified`` (recalled, not checked).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib import resources

from pydantic import Field

from lifecircle.errors import ConfigError, Fault
from lifecircle.standards.binding import bind_targets
from lifecircle.standards.changes import Change, describe, limit_text
from lifecircle.standards.clauses import clause
from lifecircle.standards.kinds import (
    Kind,
    merge_kinds,
    parse_rule,
    read_toml,
    shared_kinds,
    wider_kinds,
    word_table,
)
from lifecircle.standards.labels import (
    OWN_SOURCE,
    SURENESS,
    Flag,
    Labelled,
    Lang,
    Setting,
    Unit,
    fold_word,
    verdict_flag,
)
from lifecircle.standards.models import (
    DEFAULT_STANDARD,
    Circle,
    CommunityRule,
    Priority,
    Requirement,
    RequirementGroup,
    Size,
    Standard,
    StandardChanges,
)
from lifecircle.standards.targets import Target, read_targets
from lifecircle.tables import first, yes_columns


class _StandardFile(Labelled):
    source: str
    gap_kinds: tuple[str, ...]
    community: CommunityRule
    circles: dict[str, Circle]
    requirements: tuple[RequirementGroup, ...]
    priorities: dict[str, Priority] = Field(default_factory=dict)
    notes: tuple[Labelled, ...] = ()


_TABLES = ("kinds.toml", "clauses.toml")  # not standards


def standard_names() -> list[str]:
    """List the shipped standards.

    Examples
    --------
    >>> "shaoyang-2025" in standard_names()
    True
    """
    folder = resources.files(__package__)
    files = (entry.name for entry in folder.iterdir())
    return sorted(name[:-5] for name in files if name.endswith(".toml") and name not in _TABLES)


def read_standard(changes: StandardChanges | str = DEFAULT_STANDARD) -> Standard:
    """Read a shipped standard, with a county's own changes laid over it.

    Parameters
    ----------
    changes
        Name of a standard, or the county's ``[standard]`` table.

    Returns
    -------
    Standard
        Excluded kinds are dropped from the requirements and listed with their reason.

    Raises
    ------
    ConfigError
        The standard is unknown; a circle, requirement or exclusion names an unknown kind; a kind
        or a target is malformed. Lists every fault.

    Examples
    --------
    >>> read_standard().label("zh")
    '邵阳市城乡社区服务体系建设方案（2025年目标）'
    """
    own = StandardChanges(base=changes) if isinstance(changes, str) else changes
    if own.base not in standard_names():
        raise ConfigError(
            Fault("[standard] base", f"unknown standard {own.base!r}", f"use {standard_names()}")
        )
    base = _shipped(own.base)
    if own == StandardChanges(base=own.base):
        return base
    standard = _merge(own)
    return standard.model_copy(update={"changes": describe(base, standard)})


@cache
def _shipped(name: str) -> Standard:
    return _merge(StandardChanges(base=name))


@cache
def _read_file(name: str) -> _StandardFile:
    return _StandardFile.model_validate(read_toml(f"{name}.toml"))


def _merge(own: StandardChanges) -> Standard:
    file = _read_file(own.base)
    kinds, own_words, faults = merge_kinds(own.kinds)
    circles = {**({} if own.replace else file.circles), **own.circles}
    merged = _merge_requirements(file, own)
    gap_kinds = file.gap_kinds if own.gap_kinds is None else own.gap_kinds
    faults += _twice(own.requirements)
    faults += _unknown_names({*kinds, *own.kinds}, circles, merged, own.exclude, gap_kinds)
    faults += _unknown_classes(file, own)
    targets, wrong = _targets(own)
    requirements = tuple(r for r in merged.values() if r.kind not in own.exclude)
    used = {r.kind for r in requirements}
    faults += _unjudged_gaps(own, used)
    if not requirements:
        what = "no requirement is left"
        faults.append(Fault("[standard]", what, "add [[standard.requirements]]"))
    if faults or wrong:
        raise ConfigError([*faults, *wrong])
    community = _community(file, own)
    return Standard(
        key=own.base,
        zh=file.zh,
        en=file.en,
        source=file.source,
        kinds={key: kind for key, kind in kinds.items() if key in used | set(own.exclude)},
        circles={k: c for k, c in circles.items() if any(r.circle == k for r in requirements)},
        requirements=requirements,
        gap_kinds=tuple(kind for kind in gap_kinds if kind in used),
        excluded=dict(own.exclude),
        community=community,
        priorities=_priorities(file, own),
        targets=bind_targets(
            targets,
            requirements,
            [r for group in file.requirements for r in group.expand()],
            own.exclude,
            own_share=community != file.community,
        ),
        notes=file.notes,
        known=kinds,
        own_words=own_words,
    )


def _targets(own: StandardChanges) -> tuple[tuple[Target, ...], tuple[Fault, ...]]:
    try:
        return read_targets(own.base, own.targets), ()
    except ConfigError as error:
        return (), error.faults


def _merge_requirements(
    file: _StandardFile, own: StandardChanges
) -> dict[tuple[str, str], Requirement]:
    groups = () if own.replace else file.requirements
    base = {(r.circle, r.kind): r for group in groups for r in group.expand()}
    return base | {(r.circle, r.kind): r for group in own.requirements for r in group.over(base)}


def _community(file: _StandardFile, own: StandardChanges) -> CommunityRule:
    if own.community_share is None or own.community_share == file.community.share:
        return file.community
    return CommunityRule(share=own.community_share, flag="ours", source=OWN_SOURCE)


def _priorities(file: _StandardFile, own: StandardChanges) -> dict[str, Priority]:
    priorities = dict(file.priorities)
    for key, weight in own.priorities.items():
        old = priorities.get(key)
        if old is None or old.weight != weight:
            zh, en = (old.zh, old.en) if old else (key, key)
            priorities[key] = Priority(zh=zh, en=en, weight=weight, flag="ours", source=OWN_SOURCE)
    return priorities


def _unknown_classes(file: _StandardFile, own: StandardChanges) -> list[Fault]:
    """Find classes of communities that no ledger can tell of."""
    known = {*file.priorities, *yes_columns()}
    return [
        Fault(
            "[standard.priorities]",
            f"{key!r} is no class that communities report",
            f"use one of {', '.join(sorted(known))}",
        )
        for key in own.priorities
        if key not in known
    ]


def _unjudged_gaps(own: StandardChanges, used: Collection[str]) -> list[Fault]:
    """Find kinds whose gaps a county asks for though nothing says how near they should be."""
    return [
        Fault(
            "[standard] gap_kinds",
            f"no requirement says how near {kind!r} should be",
            "require it in a circle, or leave it out",
        )
        for kind in own.gap_kinds or ()
        if kind in {*shared_kinds(), *own.kinds} and kind not in used and kind not in own.exclude
    ]


def _twice(groups: Iterable[RequirementGroup]) -> list[Fault]:
    """Find kinds that a county requires twice in one circle, as one of them would be lost."""
    named = Counter((group.circle, kind) for group in groups for kind in group.kinds)
    return [
        Fault(
            "[[standard.requirements]]",
            f"circle {circle!r} requires {kind!r} twice",
            "leave one of them",
        )
        for (circle, kind), count in named.items()
        if count > 1
    ]


def _unknown_names(
    kinds: Collection[str],
    circles: Mapping[str, Circle],
    requirements: Iterable[tuple[str, str]],
    exclude: Iterable[str],
    gap_kinds: Iterable[str],
) -> list[Fault]:
    faults = []
    lower = [name.lower() for name in circles]
    if len(set(lower)) < len(lower):
        what = f"circles {first(sorted(circles))} differ only in case"
        faults.append(Fault("[standard.circles]", what, "give them different names"))
    asked = list(requirements)
    wrong = {f"circle {circle!r}": None for circle, _ in asked if circle not in circles}
    wrong |= {f"kind {kind!r}": None for _, kind in asked if kind not in kinds}
    faults += [
        Fault("[standard]", f"requirement names unknown {what}", "define it") for what in wrong
    ]
    for place, names in (("exclude", exclude), ("gap_kinds", gap_kinds)):
        faults.extend(
            Fault(f"[standard] {place}", f"unknown kind {name!r}", f"use one of {sorted(kinds)}")
            for name in names
            if name not in kinds
        )
    return faults


__all__ = [
    "DEFAULT_STANDARD",
    "OWN_SOURCE",
    "SURENESS",
    "Change",
    "Circle",
    "CommunityRule",
    "Flag",
    "Kind",
    "Labelled",
    "Lang",
    "Priority",
    "Requirement",
    "RequirementGroup",
    "Setting",
    "Size",
    "Standard",
    "StandardChanges",
    "Target",
    "Unit",
    "clause",
    "fold_word",
    "limit_text",
    "parse_rule",
    "read_standard",
    "read_targets",
    "shared_kinds",
    "standard_names",
    "verdict_flag",
    "wider_kinds",
    "word_table",
]
