"""What a standard's thresholds and exclusions mean for its targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lifecircle.standards.changes import limit_text
from lifecircle.standards.labels import OWN_SOURCE
from lifecircle.standards.targets import Attribute, Complete, Coverage, Near, Present, Target

if TYPE_CHECKING:
    from lifecircle.standards.models import Requirement

_LIMIT: Final = "{limit}"
_OWN_PLACE: Final = "本标准未对该设施规定时限，按本社区（村）自有设施判定（本项目口径）"


def bind_targets(
    targets: Iterable[Target],
    requirements: Sequence[Requirement],
    base: Sequence[Requirement],
    excluded: Mapping[str, str],
    *,
    own_share: bool,
) -> tuple[Target, ...]:
    """Give the targets as the standard's own thresholds and exclusions leave them.

    Parameters
    ----------
    targets
        As `lifecircle.standards.targets.read_targets` gives them.
    requirements, base
        Of the standard with the county's changes, and as it ships.
    excluded
        Kinds that are not judged, each with its reason: nor are targets that are measured by such
        facilities alone.
    own_share
        Whether the county sets its own share of residents that makes a community covered.

    Returns
    -------
    tuple of Target
        ``{limit}`` in notes is the threshold in force. A target that is judged by a threshold of
        the county's own is flagged ``ours``.
    """
    return tuple(_bound(t, requirements, base, excluded, own_share=own_share) for t in targets)


def _bound(
    target: Target,
    requirements: Sequence[Requirement],
    base: Sequence[Requirement],
    excluded: Mapping[str, str],
    *,
    own_share: bool,
) -> Target:
    update: dict[str, Any] = {}
    deciding = _deciding(target, requirements)
    if _LIMIT in target.note_zh:
        limits = dict.fromkeys(limit_text(r)[0].replace(" ", "") for r in deciding)
        told = target.note_zh.replace(_LIMIT, "或".join(limits))
        update["note_zh"] = told if limits else _OWN_PLACE
    if isinstance(target.measure, Coverage | Complete):
        theirs = [(r.circle, r.kind, r.limit, r.unit) for r in _deciding(target, base)]
        own = [(r.circle, r.kind, r.limit, r.unit) for r in deciding]
        if (own != theirs or own_share) and OWN_SOURCE not in target.source:
            update |= {"flag": "ours", "source": f"{OWN_SOURCE}; {target.source}"}
    reason = _reason(target, excluded)
    if reason is not None and target.exclude is None:
        update["exclude"] = reason
    return target.model_copy(update=update) if update else target


def _deciding(target: Target, requirements: Sequence[Requirement]) -> list[Requirement]:
    """Give the requirements whose thresholds decide a target."""
    how = target.measure
    if isinstance(how, Coverage):
        return [r for r in requirements if r.kind == how.kind and r.circle in how.circles]
    if isinstance(how, Complete):
        return [r for r in requirements if r.circle == how.circle]
    return []


def _reason(target: Target, excluded: Mapping[str, str]) -> str | None:
    how = target.measure
    if isinstance(how, Coverage):
        return excluded.get(how.kind)
    if isinstance(how, Near | Present | Attribute) and all(kind in excluded for kind in how.kinds):
        return excluded[how.kinds[0]]
    return None
