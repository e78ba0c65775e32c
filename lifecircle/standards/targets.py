"""What a plan wants reached: one record per target, each with its measure, clause and flag.

A standard's targets are one TOML file in the folder ``targets`` beside this module; a county lays
its own changes over them. How a measure is taken is `lifecircle.plan`'s business.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from lifecircle.errors import ConfigError, Fault
from lifecircle.standards.labels import OWN_SOURCE, Flag, Frozen, Labelled, Setting

Op = Literal[">=", "<=", "=="]
Scope = Literal["communities", "streets", "facilities", "county", "city"]
Kinds = Annotated[tuple[str, ...], Field(min_length=1)]


class Coverage(Frozen):
    """A community is covered when enough of its residents walk to a kind in its circle's time.

    Where the standard sets no time for the kind in these circles, a community is covered that has
    a facility of the kind itself.
    """

    type: Literal["coverage"] = "coverage"
    kind: str
    circles: tuple[str, ...] = Field(min_length=1)


class Complete(Frozen):
    """A community is covered when enough of its residents have the whole circle."""

    type: Literal["circle"] = "circle"
    circle: str


class Present(Frozen):
    """A facility of one of the kinds stands in the community, or in a community of the street.

    Parameters
    ----------
    kinds
        Any of them will do.
    not_ending
        Streets whose names end so are none: 镇, 乡.
    """

    type: Literal["present"] = "present"
    kinds: Kinds
    not_ending: tuple[str, ...] = ()


class Amount(Frozen):
    """A column of the communities' ledger; where a community left it out, what its facilities say.

    Parameters
    ----------
    column
        Column of the units.
    kinds, facility_column
        Where the units' column is missing: the sum of this column over the facilities in use of
        these kinds.
    """

    column: str
    kinds: tuple[str, ...] = ()
    facility_column: str | None = None

    @model_validator(mode="after")
    def _both(self) -> Amount:
        if bool(self.kinds) != (self.facility_column is not None):
            raise ValueError("give kinds and facility_column together")
        return self


class Ratio(Frozen):
    """One amount per so much of another: m2 per 100 households."""

    type: Literal["ratio"] = "ratio"
    numerator: Amount
    denominator: Amount
    per: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Yes(Frozen):
    """A yes or no of the communities' ledger; a facility of the kinds there says yes too."""

    type: Literal["yes"] = "yes"
    column: str
    kinds: tuple[str, ...] = ()


class Count(Frozen):
    """A number of the communities' ledger; where it is missing, how many facilities are there."""

    type: Literal["count"] = "count"
    column: str
    kinds: tuple[str, ...] = ()


class Near(Frozen):
    """Each facility has the address of another kind's, or lies within so many metres of one."""

    type: Literal["near"] = "near"
    kinds: Kinds
    to: Kinds
    metres: float = Field(gt=0, le=10_000.0, allow_inf_nan=False)


class Attribute(Frozen):
    """A number that each facility's ledger gives: hours a day."""

    type: Literal["facility"] = "facility"
    kinds: Kinds
    column: str


Measure = Annotated[
    Coverage | Complete | Present | Ratio | Yes | Count | Near | Attribute,
    Field(discriminator="type"),
]

_SCOPES: Final[Mapping[str, tuple[Scope, ...]]] = {
    "coverage": ("communities",),
    "circle": ("communities",),
    "present": ("communities", "streets"),
    "ratio": ("communities", "county"),
    "yes": ("communities", "city"),
    "count": ("communities", "city"),
    "near": ("facilities",),
    "facility": ("facilities",),
}


class Target(Labelled):
    """One figure that a plan wants reached.

    Parameters
    ----------
    key
        Its name in TOML and tables.
    scope
        What is judged: each of the ``communities``, ``streets`` or ``facilities`` (a county by the
        share of them that meet it); the ``county`` by a ratio of its sums, as the whole city;
        or the ``city`` alone, to whose sum a county contributes.
    settings
        Communities that it is meant for.
    measure
        How it is measured.
    op, value
        What each of the judged has to reach. Not given for yes and no, nor for coverage and
        circles, where the standard says how many residents make a community covered.
    required_share
        Share of the communities, streets or facilities that have to reach it.
    unit_zh, unit_en
        Unit of `value`.
    of_zh, of_en
        What the denominator of a county's ratio counts.
    only
        Columns of the units; only where one of them is above 0 is a community judged.
    unless
        Column of the units; where it is 0 a community has nothing to be judged by.
    flag, source, note_zh
        How surely the target is known, its clause, and a remark for the reader.
    exclude
        Why a county does not judge it; outputs print the reason.

    Examples
    --------
    >>> Target(key="survey", zh="满意度调查", en="Satisfaction survey", scope="communities",
    ...        measure={"type": "yes", "column": "survey"}, flag="confirmed", source="plan [16]")
    Target(zh='满意度调查', en='Satisfaction survey', key='survey', scope='communities', ...)
    """

    key: str
    scope: Scope
    settings: tuple[Setting, ...] = Field(default=("urban", "township", "rural"), min_length=1)
    measure: Measure
    op: Op = ">="
    value: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    required_share: float = Field(default=1.0, gt=0, le=1)
    unit_zh: str = ""
    unit_en: str = ""
    of_zh: str = ""
    of_en: str = ""
    only: tuple[str, ...] = ()
    unless: str | None = None
    flag: Flag = "ours"
    source: str = OWN_SOURCE
    note_zh: str = ""
    exclude: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Target:
        kind = self.measure.type
        if self.scope not in _SCOPES[kind]:
            raise ValueError(f"a measure of type {kind!r} judges {' or '.join(_SCOPES[kind])}")
        counted = kind in ("ratio", "facility", "count") or self.scope == "city"
        if counted != (self.value is not None):
            raise ValueError(f"{'give' if counted else 'leave out'} value: measure is {kind!r}")
        return self

    def kinds(self) -> tuple[str, ...]:
        """Give the kinds of facility that it is measured by."""
        return self._named("kind", "kinds", "to")

    def columns(self) -> tuple[str, ...]:
        """Give the columns of the communities' ledger that it is measured by."""
        own = () if isinstance(self.measure, Attribute) else self._named("column")
        return (*own, *self.only, *([self.unless] if self.unless is not None else []))

    def facility_columns(self) -> tuple[str, ...]:
        """Give the columns of the facilities that it is measured by."""
        own = (self.measure.column,) if isinstance(self.measure, Attribute) else ()
        return (*own, *self._named("facility_column"))

    def _named(self, *fields: str) -> tuple[str, ...]:
        how = self.measure
        parts: tuple[Frozen, ...] = (how,)
        if isinstance(how, Ratio):
            parts = (how.numerator, how.denominator)
        found: list[str] = []
        for part in parts:
            for field in fields:
                value = getattr(part, field, None) or ()
                found += [value] if isinstance(value, str) else value
        return tuple(dict.fromkeys(found))


def read_targets(
    name: str, changes: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Target, ...]:
    """Read the targets of a shipped standard, with a county's own changes laid over them.

    Parameters
    ----------
    name
        Name of the standard; one that comes without targets gives only the county's own.
    changes
        Target key -> fields that replace those of a known target (a measure's fields one by one),
        ``exclude`` with the reason why it is not judged, or a new target. A target whose figures
        a county changes is flagged ``ours`` unless the county says otherwise.

    Returns
    -------
    tuple of Target
        In the order of the file, new ones last; excluded ones too, with their reason.

    Raises
    ------
    ConfigError
        Lists every fault of all changes.

    Examples
    --------
    >>> near = {"elder_care_by_clinic": {"measure": {"metres": 200}}}
    >>> {t.key: t.measure for t in read_targets("shaoyang-2025", near)}["elder_care_by_clinic"]
    Near(type='near', kinds=('elder_care',), to=('clinic',), metres=200.0)
    >>> read_targets("no-targets")
    ()
    """
    known = _shipped(name)
    faults: list[Fault] = []
    for key, fields in (changes or {}).items():
        try:
            known[key] = Target.model_validate(_overlaid(known.get(key), key, fields))
        except ValidationError as error:
            faults.extend(
                Fault(
                    f"[standard.targets.{key}]",
                    f"{'.'.join(str(part) for part in e['loc']) or 'target'}: {e['msg']}",
                    "correct it, or leave the key out" if key in known else _remedy(known),
                )
                for e in error.errors()
            )
    if faults:
        raise ConfigError(faults)
    return tuple(known.values())


def _shipped(name: str) -> dict[str, Target]:
    file = resources.files("lifecircle.standards") / "targets" / f"{name}.toml"
    if not file.is_file():
        return {}
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: Target.model_validate({"key": key, **t}) for key, t in tables.items()}


def _overlaid(known: Target | None, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a county's fields over a target's; a measure of the same type field by field."""
    if known is None:
        return {**fields, "key": key}
    merged = {**known.model_dump(), **fields, "key": key}
    measure = fields.get("measure")
    if isinstance(measure, Mapping) and measure.get("type", known.measure.type) == (
        known.measure.type
    ):
        merged["measure"] = {**known.measure.model_dump(), **measure}
    figures = {"value", "op", "required_share", "measure", "settings", "only", "unless", "scope"}
    if figures & set(fields):
        own = {"flag": "ours", "source": f"{OWN_SOURCE}; {known.source}"}
        merged |= {field: text for field, text in own.items() if field not in fields}
    return merged


def _remedy(known: Mapping[str, Target]) -> str:
    names = ", ".join(known) or "none"
    return f"a new target needs zh, en, scope and measure; known targets: {names}"
