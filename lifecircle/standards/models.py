"""The records that a standard is made of, each value with its source and how surely it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from lifecircle.standards.changes import Change
from lifecircle.standards.kinds import Kind, parse_rule, wider_kinds, word_table
from lifecircle.standards.labels import (
    OWN_SOURCE,
    Flag,
    Frozen,
    Labelled,
    Lang,
    Setting,
    Unit,
)
from lifecircle.standards.targets import Target

DEFAULT_STANDARD: Final = "shaoyang-2025"


class Circle(Labelled):
    """A life circle: where it applies and where that is laid down.

    Parameters
    ----------
    zh, en
        What it is called.
    settings
        Where it applies.
    flag, source
        How surely it is known, and from where.
    """

    settings: tuple[Setting, ...] = Field(min_length=1)
    flag: Flag
    source: str = Field(min_length=1)


class Size(Frozen):
    """How large one facility should be, m2.

    Parameters
    ----------
    minimum, maximum
        Bounds, m2; at least one of them.
    flag, source
        How surely they are known, and from where.

    Examples
    --------
    >>> Size(minimum=120, maximum=270, flag="unverified", source="GB 50180-2018").text()
    '120-270 m2'
    """

    minimum: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    maximum: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    flag: Flag = "ours"
    source: str = Field(default=OWN_SOURCE, min_length=1)

    @model_validator(mode="after")
    def _some_range(self) -> Size:
        if self.minimum is None and self.maximum is None:
            raise ValueError("give minimum or maximum, m2, or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        return self

    def text(self) -> str:
        """Give the range with its unit."""
        if self.maximum is None:
            return f">= {self.minimum:g} m2"
        if self.minimum is None:
            return f"<= {self.maximum:g} m2"
        return f"{self.minimum:g}-{self.maximum:g} m2"


class Requirement(Frozen):
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
    floor_m2, land_m2
        Floor and land area of one facility, where the standard names them.
    """

    circle: str
    kind: str
    limit: float = Field(gt=0)
    unit: Unit = "minutes"
    weight: float = Field(default=1.0, gt=0)
    flag: Flag
    source: str = Field(min_length=1)
    floor_m2: Size | None = None
    land_m2: Size | None = None


class RequirementGroup(Frozen):
    """Requirements as written in TOML: several kinds under one threshold and source.

    Parameters
    ----------
    circle, kinds
        Keys of the circle and of the kinds of facility.
    minutes, metres
        Threshold: one of the two.
    weight
        Weight of each service in the circle's score.
    flag, source
        How surely the threshold is known, and from where.
    floor_m2, land_m2
        Floor and land area of one facility.
    """

    circle: str
    kinds: tuple[str, ...] = Field(min_length=1)
    minutes: float | None = Field(default=None, gt=0, le=600.0, allow_inf_nan=False)
    metres: float | None = Field(default=None, gt=0, le=100_000.0, allow_inf_nan=False)
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    flag: Flag = "ours"
    source: str = Field(default=OWN_SOURCE, min_length=1)
    floor_m2: Size | None = None
    land_m2: Size | None = None

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
                floor_m2=self.floor_m2,
                land_m2=self.land_m2,
            )
            for kind in self.kinds
        ]

    def over(self, base: Mapping[tuple[str, str], Requirement]) -> list[Requirement]:
        """Give one `Requirement` per kind; what the group leaves unsaid stays as in `base`.

        Weight and sizes stay where the group does not give them; flag and source belong to the
        threshold, and stay only where that stays.
        """
        return [
            r.model_copy(update=self._kept(r, base[r.circle, r.kind]))
            if (r.circle, r.kind) in base
            else r
            for r in self.expand()
        ]

    def _kept(self, new: Requirement, old: Requirement) -> dict[str, Any]:
        names = ["weight", "floor_m2", "land_m2"]
        if (new.limit, new.unit) == (old.limit, old.unit):
            names += ["flag", "source"]
        return {name: getattr(old, name) for name in names if name not in self.model_fields_set}


class CommunityRule(Frozen):
    """When a community counts as covered: this share of its residents within the threshold."""

    share: float = Field(gt=0, le=1)
    flag: Flag
    source: str = Field(min_length=1)


class Priority(Labelled):
    """A class of communities whose gaps come first.

    Parameters
    ----------
    weight
        What the residents of such a community are multiplied by when gaps are ranked; 1 or more.
    flag, source
        How surely the weight is known, and from where.
    """

    weight: float = Field(ge=1, allow_inf_nan=False)
    flag: Flag
    source: str = Field(min_length=1)


class Standard(Labelled):
    """What ought to be: kinds, circles and requirements, ready to be held against measures.

    Parameters
    ----------
    key
        The file's name.
    kinds, circles
        By key. Only kinds that a requirement or an exclusion names are kept.
    requirements
        At most one per circle and kind.
    gap_kinds
        Kinds whose gaps are mapped.
    excluded
        Kinds that are left out of the judgement, each with the reason that outputs print.
    community
        When a community counts as covered.
    priorities
        Class of community -> how much sooner its gaps are closed.
    targets
        The figures to be reached, for the scorecard; excluded ones too, with their reason.
    notes
        What a reader of the standard should know, in both languages.
    changes
        What the county's own file changed, each with the old and the new value.
    known
        All kinds that the county may name, required or not.
    own_words
        Words that the county's own file gives to a kind.
    """

    key: str
    source: str
    kinds: Mapping[str, Kind]
    circles: Mapping[str, Circle]
    requirements: tuple[Requirement, ...]
    gap_kinds: tuple[str, ...]
    community: CommunityRule
    excluded: Mapping[str, str] = Field(default_factory=dict)
    priorities: Mapping[str, Priority] = Field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    notes: tuple[Labelled, ...] = ()
    changes: tuple[Change, ...] = ()
    known: Mapping[str, Kind] = Field(default_factory=dict)
    own_words: Mapping[str, str] = Field(default_factory=dict)

    def for_circle(self, circle: str) -> tuple[Requirement, ...]:
        """Give the requirements of one circle."""
        return tuple(r for r in self.requirements if r.circle == circle)

    def longest(self, unit: Unit) -> float:
        """Give the largest threshold in ``"minutes"`` or ``"metres"``; 0 if there is none."""
        return max((r.limit for r in self.requirements if r.unit == unit), default=0.0)

    def required(self) -> tuple[str, ...]:
        """Give the kinds that a requirement names, in the order of the requirements."""
        return tuple(dict.fromkeys(r.kind for r in self.requirements))

    def wider(self, kind: str) -> frozenset[str]:
        """Give every kind that a facility of `kind` also counts for, directly or not.

        Raises
        ------
        KeyError
            The standard does not know `kind`.
        """
        return wider_kinds(self.known or self.kinds, kind)

    def serves(self, kind: str) -> tuple[str, ...]:
        """Give the required kinds that a facility of `kind` counts for, itself first.

        Parameters
        ----------
        kind
            A kind that the standard knows, required or not.

        Returns
        -------
        tuple of str
            `kind` if it is required, then its wider kinds that are, in the order of the
            requirements; empty where the standard asks for none of them.

        Raises
        ------
        KeyError
            The standard does not know `kind`.
        """
        wider = self.wider(kind)
        required = self.required()
        own = (kind,) if kind in required else ()
        return (*own, *(name for name in required if name in wider))

    def words(self) -> dict[str, str]:
        """Give the kind that each category word of a ledger means.

        Returns
        -------
        dict
            Words as `lifecircle.standards.fold_word` gives them -> key of a known kind: keys,
            Chinese and English names, and ledgers' words. The county's own words come first.
        """
        return {**word_table(self.known or self.kinds), **self.own_words}


class StandardChanges(Frozen):
    """A county's own additions: the ``[standard]`` table of its TOML file, the one place for them.

    Parameters
    ----------
    base
        Name of the shipped standard to start from.
    replace
        True drops the base's circles and requirements and keeps only its kinds.
    kinds
        New kinds, or fields that replace those of a known kind. ``words`` are added to the kind's
        own; with ``words_replace = true`` they replace them.
    circles, requirements
        Added, or replacing those of the same circle and kind.
    exclude
        Kind -> reason why it is not judged.
    gap_kinds
        Replaces the base's list.
    community_share
        Replaces the share of residents that makes a community covered.
    priorities
        Class of community -> weight in ranking gaps, 1 or more: a class of the standard, or any yes
        or no that communities report (`lifecircle.tables.yes_columns`).
    targets
        Target -> fields that replace those of the plan's scorecard.
    """

    base: str = DEFAULT_STANDARD
    replace: bool = False
    kinds: Mapping[str, dict[str, Any]] = Field(default_factory=dict)
    circles: Mapping[str, Circle] = Field(default_factory=dict)
    requirements: tuple[RequirementGroup, ...] = ()
    exclude: Mapping[str, str] = Field(default_factory=dict)
    gap_kinds: tuple[str, ...] | None = None
    community_share: float | None = Field(default=None, gt=0, le=1)
    priorities: Mapping[str, Annotated[float, Field(ge=1, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    targets: Mapping[str, dict[str, Any]] = Field(default_factory=dict)

    def on(self, name: str) -> StandardChanges:
        """Give the same county's changes for another standard.

        What the county knows of its places stays: kinds and their words, exclusions, the share
        of a community, priorities. What speaks of the base's own circles and targets goes.

        Parameters
        ----------
        name
            Name of a shipped standard; the base's own name changes nothing.

        Returns
        -------
        StandardChanges
            With `name` as its base.

        Examples
        --------
        >>> own = StandardChanges(exclude={"gas": "piped"}, gap_kinds=("post",))
        >>> other = own.on("gb50180-2018")
        >>> other.base, dict(other.exclude), other.gap_kinds
        ('gb50180-2018', {'gas': 'piped'}, None)
        """
        if name == self.base:
            return self
        return StandardChanges(
            base=name,
            kinds=self.kinds,
            exclude=self.exclude,
            community_share=self.community_share,
            priorities=self.priorities,
        )


__all__ = [
    "DEFAULT_STANDARD",
    "Change",
    "Circle",
    "CommunityRule",
    "Flag",
    "Frozen",
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
    "Unit",
    "parse_rule",
]
