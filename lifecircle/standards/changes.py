"""What a county changed in a standard: each difference with its old and its new value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lifecircle.standards.kinds import Kind
from lifecircle.standards.labels import OWN_SOURCE, Lang

if TYPE_CHECKING:
    from lifecircle.standards.models import Requirement, Size, Standard
    from lifecircle.standards.targets import Target

_FIELDS: Final = {
    "zh": ("中文名", "Chinese name"),
    "en": ("英文名", "English name"),
    "group": ("类别", "group"),
    "osm": ("OSM标签", "OSM tags"),
    "color": ("颜色", "colour"),
    "symbol": ("符号", "symbol"),
    "words": ("台账用词", "words of ledgers"),
    "part_of": ("并入", "also counts for"),
    "settings": ("适用范围", "settings"),
    "flag": ("核实状态", "flag"),
    "source": ("依据", "source"),
    "scope": ("评价对象", "scope"),
    "op": ("比较方式", "comparison"),
    "value": ("目标值", "value"),
    "required_share": ("达标比例要求", "required share"),
    "exclude": ("不评价", "excluded"),
}
_UNITS: Final = {"minutes": ("分钟", "min"), "metres": ("米", "m")}
_NONE: Final = ("无", "none")
_NOT_REQUIRED: Final = ("不要求", "not required")
_Text = tuple[str, str]  # Chinese, English


@dataclass(frozen=True, eq=False)
class Change(str):  # noqa: SLOT000 - its fields are those of the dataclass
    """One difference from the standard. As text it is its English sentence.

    Parameters
    ----------
    what_zh, what_en
        What was changed.
    before_zh, before
        The standard's value, in Chinese and in English.
    after_zh, after
        The county's value.

    Examples
    --------
    >>> print(Change("生活圈 / 邮政", "life_15 / post", "15 分钟", "15 min", "10 分钟", "10 min"))
    life_15 / post: 15 min -> 10 min
    """

    what_zh: str
    what_en: str
    before_zh: str
    before: str
    after_zh: str
    after: str

    # A string rather than a bare record, so that whoever lists changes as text can go on doing so.
    def __new__(  # noqa: D102, PYI034 - a new class of text
        cls, what_zh: str, what_en: str, before_zh: str, before: str, after_zh: str, after: str
    ) -> Change:
        del what_zh, before_zh, after_zh
        return str.__new__(cls, f"{what_en}: {before} -> {after}")

    def __getnewargs__(self) -> tuple[str, ...]:  # type: ignore[override]
        return (
            self.what_zh,
            self.what_en,
            self.before_zh,
            self.before,
            self.after_zh,
            self.after,
        )

    def label(self, lang: Lang) -> str:
        """Give the sentence in one language (``"zh"`` or ``"en"``)."""
        return str(self) if lang == "en" else f"{self.what_zh}：{self.before_zh} → {self.after_zh}"


def describe(base: Standard, own: Standard) -> tuple[Change, ...]:
    """Tell in what a county's standard differs from the one it starts from.

    Parameters
    ----------
    base
        The standard as it ships.
    own
        The same, with the county's changes.

    Returns
    -------
    tuple of Change
        Only real differences, however they were written: kinds, circles, requirements,
        exclusions, gaps, the share of a community, priorities, targets.
    """
    return (
        *_kinds(base, own),
        *_circles(base, own),
        *_requirements(base, own),
        *_exclusions(base, own),
        *_rest(base, own),
        *_priorities(base, own),
        *_targets(base, own),
    )


def _change(what: _Text, before: _Text, after: _Text) -> Change:
    return Change(*what, *before, *after)


def _joined(parts: Iterable[str]) -> _Text:
    parts = list(parts)
    return ("、".join(parts), ", ".join(parts)) if parts else _NONE


def _value(value: object) -> _Text:
    if isinstance(value, tuple):
        return _joined(str(part) for part in value)
    text = f"{value:g}" if isinstance(value, float) else str(value or "")
    return (text, text) if text else _NONE


def _kinds(base: Standard, own: Standard) -> Iterator[Change]:
    for key, kind in own.known.items():
        what = (f"设施“{kind.zh}”（{key}）", f"kind {key}")
        old = base.known.get(key)
        if old is None:
            yield _change(what, _NONE, (kind.zh, f"{kind.en} ({kind.zh})"))
            continue
        for name in Kind.model_fields:
            before, after = getattr(old, name), getattr(kind, name)
            if before != after:
                zh, en = _FIELDS[name]
                named = (f"设施“{old.zh}”（{key}）{zh}", f"kind {key}, {en}")
                yield _change(named, _value(before), _value(after))


def _circles(base: Standard, own: Standard) -> Iterator[Change]:
    for key, circle in base.circles.items():
        lost = [r for r in base.for_circle(key) if r.kind not in own.excluded]
        if key not in own.circles and lost:  # otherwise its exclusions say it
            many = (f"{len(lost)} 项服务", f"{len(lost)} services")
            yield _change((f"生活圈“{circle.zh}”", f"circle {key}"), many, _NOT_REQUIRED)
    for key, circle in own.circles.items():
        old = base.circles.get(key)
        if old is None:
            kinds, asked = own.kinds, own.for_circle(key)
            zh = "、".join(f"{kinds[r.kind].zh} {limit_text(r)[0]}" for r in asked)
            en = ", ".join(f"{r.kind} {limit_text(r)[1]}" for r in asked)
            yield _change((f"生活圈“{circle.zh}”", f"circle {key}"), _NONE, (zh, en))
            continue
        for name in type(circle).model_fields:
            before, after = getattr(old, name), getattr(circle, name)
            if before != after:
                zh, en = _FIELDS[name]
                named = (f"生活圈“{old.zh}”{zh}", f"circle {key}, {en}")
                yield _change(named, _value(before), _value(after))


def _requirements(base: Standard, own: Standard) -> Iterator[Change]:
    before = {(r.circle, r.kind): r for r in base.requirements}
    after = {(r.circle, r.kind): r for r in own.requirements}
    for circle, kind in dict.fromkeys([*before, *after]):
        if circle not in base.circles or circle not in own.circles or kind in own.excluded:
            continue  # told as a circle, or as an exclusion
        old, new = before.get((circle, kind)), after.get((circle, kind))
        zh = f"{own.circles[circle].zh} / {own.known[kind].zh}"
        en = f"{circle} / {kind}"
        if old is None or new is None:
            limits = [_NOT_REQUIRED if r is None else limit_text(r) for r in (old, new)]
            yield _change((zh, en), *limits)
        else:
            yield from _differences(zh, en, old, new)


def _differences(zh: str, en: str, old: Requirement, new: Requirement) -> Iterator[Change]:
    if limit_text(old) != limit_text(new):
        yield _change((zh, en), limit_text(old), limit_text(new))
    elif (old.flag, old.source) != (new.flag, new.source):
        told = [f"{r.flag} ({r.source})" for r in (old, new)]
        yield _change((f"{zh} 依据", f"{en}, source"), _value(told[0]), _value(told[1]))
    if old.weight != new.weight:
        weights = (_value(f"{old.weight:g}"), _value(f"{new.weight:g}"))
        yield _change((f"{zh} 权重", f"{en}, weight"), *weights)
    for name, words in (("floor_m2", ("建筑面积", "floor")), ("land_m2", ("用地面积", "land"))):
        sizes: list[Size | None] = [getattr(r, name) for r in (old, new)]
        if sizes[0] != sizes[1]:
            texts = [_NONE if size is None else _value(size.text()) for size in sizes]
            yield _change((f"{zh} {words[0]}", f"{en}, {words[1]}"), *texts)


def limit_text(requirement: Requirement) -> _Text:
    """Give a threshold with its unit, in Chinese and in English.

    Parameters
    ----------
    requirement
        Of any circle.
    """
    zh, en = _UNITS[requirement.unit]
    return f"{requirement.limit:g} {zh}", f"{requirement.limit:g} {en}"


def _exclusions(base: Standard, own: Standard) -> Iterator[Change]:
    """Tell what is no longer judged, in one sentence per reason."""
    required = set(base.required())
    by_reason: dict[str, list[str]] = {}
    for key, reason in own.excluded.items():
        if key in required:
            by_reason.setdefault(reason, []).append(key)
    for reason, keys in by_reason.items():
        zh = "、".join(own.known[key].zh for key in keys)
        what = (f"设施“{zh}”", f"{'kinds' if len(keys) > 1 else 'kind'} {', '.join(keys)}")
        yield _change(what, ("评价", "judged"), (f"不评价：{reason}", f"excluded: {reason}"))


def _rest(base: Standard, own: Standard) -> Iterator[Change]:
    before = tuple(kind for kind in base.gap_kinds if kind not in own.excluded)
    if before != own.gap_kinds:
        named = [tuple(own.known[kind].zh for kind in kinds) for kinds in (before, own.gap_kinds)]
        yield _change(
            ("绘制缺口的设施", "gaps of"),
            (_value(named[0])[0], _value(before)[1]),
            (_value(named[1])[0], _value(own.gap_kinds)[1]),
        )
    shares = (f"{base.community.share:.4g}", f"{own.community.share:.4g}")
    if base.community.share != own.community.share:
        what = ("社区达标的居民比例", "share of residents that makes a community covered")
        yield _change(what, _value(shares[0]), _value(shares[1]))


def _priorities(base: Standard, own: Standard) -> Iterator[Change]:
    for key, priority in own.priorities.items():
        weight = base.priorities[key].weight if key in base.priorities else 1.0
        if weight != priority.weight:
            what = (f"“{priority.zh}”优先权重", f"priority of {key}")
            before = _value(f"{weight:g}")
            yield _change(what, before, _value(f"{priority.weight:g}"))


def _targets(base: Standard, own: Standard) -> Iterator[Change]:
    known = {target.key: _flat(target) for target in base.targets}
    for target in own.targets:
        what = (f"目标“{target.zh}”", f"target {target.key}")
        old, new = known.get(target.key), _flat(target)
        if old is None:
            yield _change(what, _NONE, (target.zh, target.en))
            continue
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        figures = [name for name in names if name not in {"flag", "source", "note_zh"}]
        followed = new["source"] == f"{OWN_SOURCE}; {old['source']}"
        # Flag, source and remark follow from a new figure, or from a threshold told already.
        for name in figures or [n for n in names if n != "note_zh" and not followed]:
            zh, en = _FIELDS.get(name, (f" {name}", name))
            named = (f"{what[0]}{zh}", f"{what[1]}, {en}")
            yield _change(named, _value(old.get(name)), _value(new.get(name)))


def _flat(target: Target) -> dict[str, object]:
    """Give a target's fields, with those of its measure by their own names (``measure.metres``)."""
    fields = target.model_dump(exclude={"measure"})
    measure = target.measure.model_dump()
    return {**fields, **{f"measure.{name}": value for name, value in measure.items()}}
