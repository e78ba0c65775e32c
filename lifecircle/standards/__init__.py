"""Standards as data: kinds of facility, circles, and what each circle requires.

A standard is one TOML file beside this module, each value with its clause and flag; kinds are one
shared vocabulary (``kinds.toml``).
A flag says how surely a value is known: ``confirmed`` (read in a source), ``secondary`` (a
secondary source only), ``unverified`` (recalled, not checked), ``ours`` (a choice of this project).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from lifecircle.errors import ConfigError, Fault
from lifecircle.tables import first

Flag = Literal["confirmed", "secondary", "unverified", "ours"]
Setting = Literal["urban", "township", "rural"]
Unit = Literal["minutes", "metres"]
Lang = Literal["zh", "en"]

DEFAULT_STANDARD: Final = "shaoyang-2025"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labelled(_Frozen):
    """Something with a name in Chinese and in English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def label(self, lang: Lang) -> str:
        """Give the name in one language (``"zh"`` or ``"en"``)."""
        return self.zh if lang == "zh" else self.en


class Kind(Labelled):
    """A kind of facility: its names, its OSM tags, its look on the map.

    Parameters
    ----------
    osm
        Tag rules; an object is of the kind if any rule holds. A rule is ``key=value``,
        ``key=a|b``, ``key=*``, or several joined by ``&``.
    color
        ``#rrggbb``.
    symbol
        One character drawn in the marker.
    group
        ``utility``, ``commerce`` or ``public``.

    Examples
    --------
    >>> Kind(zh="邮政", en="Post", osm=("amenity=post_office",), color="#00695c", symbol="邮")
    Kind(zh='邮政', en='Post', group='public', osm=('amenity=post_office',), ...)
    """

    group: Literal["utility", "commerce", "public"] = "public"
    osm: tuple[str, ...] = ()
    color: str = Field(default="#546e7a", pattern=r"^#[0-9a-fA-F]{6}$")
    symbol: str = Field(default="•", min_length=1, max_length=1)

    @field_validator("osm")
    @classmethod
    def _rules_parse(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            parse_rule(rule)
        return rules


class Circle(Labelled):
    """A life circle: where it applies and where that is laid down."""

    settings: tuple[Setting, ...] = Field(min_length=1)
    flag: Flag
    source: str


class Requirement(_Frozen):
    """One service that a circle must hold, and how near.

    Parameters
    ----------
    circle, kind
        Keys of the circle and of the kind of facility.
    limit, unit
        Threshold: minutes of walking, or metres along the network, access leg included.
    weight
        Weight of the service in the circle's score.
    flag, source
        How surely the threshold is known, and from where.
    """

    circle: str
    kind: str
    limit: float = Field(gt=0)
    unit: Unit = "minutes"
    weight: float = Field(default=1.0, gt=0)
    flag: Flag
    source: str


class RequirementGroup(_Frozen):
    """Requirements as written in TOML: several kinds under one threshold and source."""

    circle: str
    kinds: tuple[str, ...] = Field(min_length=1)
    minutes: float | None = Field(default=None, gt=0, le=600.0, allow_inf_nan=False)
    metres: float | None = Field(default=None, gt=0, le=100_000.0, allow_inf_nan=False)
    weight: float = Field(default=1.0, gt=0)
    flag: Flag = "ours"
    source: str = "the county's own file"

    @model_validator(mode="after")
    def _one_limit(self) -> RequirementGroup:
        if (self.minutes is None) == (self.metres is None):
            raise ValueError("give either minutes or metres")
        return self

    def expand(self) -> list[Requirement]:
        """Give one `Requirement` per kind."""
        unit: Unit = "metres" if self.minutes is None else "minutes"
        limit = self.minutes or self.metres or 0.0
        return [
            Requirement(
                circle=self.circle,
                kind=kind,
                limit=limit,
                unit=unit,
                weight=self.weight,
                flag=self.flag,
                source=self.source,
            )
            for kind in self.kinds
        ]


class CommunityRule(_Frozen):
    """When a community counts as covered: this share of its residents within the threshold."""

    share: float = Field(gt=0, le=1)
    flag: Flag
    source: str


class Standard(Labelled):
    """What ought to be: kinds, circles and requirements, ready to be held against measures.

    Parameters
    ----------
    key
        The file's name.
    kinds, circles
        By key. Only kinds that a requirement names are kept.
    requirements
        At most one per circle and kind.
    gap_kinds
        Kinds whose gaps are mapped.
    excluded
        Kinds that are left out of the judgement, each with the reason that outputs print.
    community
        When a community counts as covered.
    changes
        What the county's own file changed, in words.
    known
        All kinds that the county may name, required or not.
    """

    key: str
    source: str
    kinds: Mapping[str, Kind]
    circles: Mapping[str, Circle]
    requirements: tuple[Requirement, ...]
    gap_kinds: tuple[str, ...]
    community: CommunityRule
    excluded: Mapping[str, str] = Field(default_factory=dict)
    changes: tuple[str, ...] = ()
    known: Mapping[str, Kind] = Field(default_factory=dict)

    def for_circle(self, circle: str) -> tuple[Requirement, ...]:
        """Give the requirements of one circle."""
        return tuple(r for r in self.requirements if r.circle == circle)

    def longest(self, unit: Unit) -> float:
        """Give the largest threshold in ``"minutes"`` or ``"metres"``; 0 if there is none."""
        return max((r.limit for r in self.requirements if r.unit == unit), default=0.0)


class StandardChanges(_Frozen):
    """A county's own additions: the ``[standard]`` table of its TOML file.

    Parameters
    ----------
    base
        Name of the shipped standard to start from.
    kinds
        New kinds, or fields that replace those of a known kind.
    circles, requirements
        Added, or replacing those of the same circle and kind.
    replace
        True drops the base's circles and requirements and keeps only its kinds.
    exclude
        Kind -> reason why it is not judged.
    gap_kinds
        Replaces the base's list.
    community_share
        Replaces the share of residents that makes a community covered.
    """

    base: str = DEFAULT_STANDARD
    replace: bool = False
    kinds: Mapping[str, dict[str, Any]] = Field(default_factory=dict)
    circles: Mapping[str, Circle] = Field(default_factory=dict)
    requirements: tuple[RequirementGroup, ...] = ()
    exclude: Mapping[str, str] = Field(default_factory=dict)
    gap_kinds: tuple[str, ...] | None = None
    community_share: float | None = Field(default=None, gt=0, le=1)


class _StandardFile(Labelled):
    source: str
    gap_kinds: tuple[str, ...]
    community: CommunityRule
    circles: dict[str, Circle]
    requirements: tuple[RequirementGroup, ...]


def parse_rule(rule: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Read a tag rule: ``"a=b|c & d=*"`` -> ``(("a", {"b", "c"}), ("d", {"*"}))``.

    Parameters
    ----------
    rule
        ``key=value`` parts joined by ``&``; values joined by ``|``; ``*`` is any value.

    Returns
    -------
    tuple
        Conditions that must all hold; an empty set of values never occurs.

    Raises
    ------
    ValueError
        A part has no ``=``, no key or no value.

    Examples
    --------
    >>> parse_rule("amenity=post_office")
    (('amenity', frozenset({'post_office'})),)
    """
    conditions = []
    for part in rule.split("&"):
        key, equals, values = part.strip().partition("=")
        words = frozenset(value.strip() for value in values.split("|") if value.strip())
        if not (equals and key.strip() and words):
            raise ValueError(f"tag rule {rule!r} must look like 'key=value' or 'key=a|b & key=*'")
        conditions.append((key.strip(), words))
    return tuple(conditions)


def standard_names() -> list[str]:
    """List the shipped standards.

    Examples
    --------
    >>> "shaoyang-2025" in standard_names()
    True
    """
    folder = resources.files(__package__)
    files = (entry.name for entry in folder.iterdir())
    return sorted(name[:-5] for name in files if name.endswith(".toml") and name != "kinds.toml")


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
        The standard is unknown, or a circle, requirement or exclusion names an unknown kind.

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
    file = _StandardFile.model_validate(_read_toml(f"{own.base}.toml"))
    kinds = _merge_kinds(own.kinds)
    circles = {**({} if own.replace else file.circles), **own.circles}
    merged: dict[tuple[str, str], Requirement] = {}
    _check_once(own.requirements)
    for group in [*(() if own.replace else file.requirements), *own.requirements]:
        merged |= {(r.circle, r.kind): r for r in group.expand()}
    gap_kinds = file.gap_kinds if own.gap_kinds is None else own.gap_kinds
    _check_names(kinds, circles, merged.values(), own.exclude, gap_kinds)
    requirements = tuple(r for r in merged.values() if r.kind not in own.exclude)
    if not requirements:
        raise ConfigError(
            Fault("[standard]", "no requirement is left", "add [[standard.requirements]]")
        )
    used = {r.kind for r in requirements}
    community = file.community
    if own.community_share is not None:
        community = CommunityRule(
            share=own.community_share, flag="ours", source="the county's own file"
        )
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
        changes=_describe(own),
        known=kinds,
    )


@cache
def shared_kinds() -> Mapping[str, Kind]:
    """Give the shared vocabulary of kinds, by key.

    Examples
    --------
    >>> shared_kinds()["post"].zh
    '邮政'
    """
    return {key: Kind.model_validate(entry) for key, entry in _read_toml("kinds.toml").items()}


def _read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / name).read_text(encoding="utf-8"))


def _merge_kinds(own: Mapping[str, dict[str, Any]]) -> dict[str, Kind]:
    kinds = dict(shared_kinds())
    faults: list[Fault] = []
    for key, fields in own.items():
        known = kinds[key].model_dump() if key in kinds else {}
        try:
            kinds[key] = Kind.model_validate({**known, **fields})
        except ValidationError as error:
            faults.extend(
                Fault(
                    f"[standard.kinds.{key}]",
                    f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}",
                    "correct it as in the README's example",
                )
                for e in error.errors()
            )
    if faults:
        raise ConfigError(faults)
    return kinds


def _check_once(groups: Iterable[RequirementGroup]) -> None:
    """Refuse that a county requires one kind twice in one circle, as one would be lost."""
    seen: set[tuple[str, str]] = set()
    faults = []
    for group in groups:
        for kind in group.kinds:
            if (group.circle, kind) in seen:
                what = f"circle {group.circle!r} requires {kind!r} twice"
                faults.append(Fault("[[standard.requirements]]", what, "leave one of them"))
            seen.add((group.circle, kind))
    if faults:
        raise ConfigError(faults)


def _check_names(
    kinds: Mapping[str, Kind],
    circles: Mapping[str, Circle],
    requirements: Iterable[Requirement],
    exclude: Mapping[str, str],
    gap_kinds: Iterable[str],
) -> None:
    faults = []
    lower = [name.lower() for name in circles]
    if len(set(lower)) < len(lower):
        what = f"circles {first(sorted(circles))} differ only in case"
        faults.append(Fault("[standard.circles]", what, "give them different names"))
    for r in requirements:
        if r.circle not in circles:
            faults.append(
                Fault("[standard]", f"requirement names unknown circle {r.circle!r}", "define it")
            )
        if r.kind not in kinds:
            faults.append(
                Fault("[standard]", f"requirement names unknown kind {r.kind!r}", "define it")
            )
    for place, names in (("exclude", exclude), ("gap_kinds", gap_kinds)):
        faults.extend(
            Fault(f"[standard] {place}", f"unknown kind {name!r}", f"use one of {sorted(kinds)}")
            for name in names
            if name not in kinds
        )
    if faults:
        raise ConfigError(faults)


def _describe(own: StandardChanges) -> tuple[str, ...]:
    words = [f"kind {key}: {', '.join(sorted(fields))}" for key, fields in own.kinds.items()]
    words += [f"circle {key}" for key in own.circles]
    for group in own.requirements:
        limit = f"{group.minutes:g} min" if group.minutes is not None else f"{group.metres:g} m"
        words.append(f"{group.circle}: {', '.join(group.kinds)} within {limit}")
    if own.gap_kinds is not None:
        words.append(f"gaps of {', '.join(own.gap_kinds)}")
    if own.community_share is not None:
        words.append(f"a community is covered at {own.community_share:.0%} of residents")
    return tuple(words)
