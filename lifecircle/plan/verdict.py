"""Judge amounts of which some are not reported, and say in words what was judged.

Every row of a scorecard has bounds: the least and the most that its numerator and denominator can
be. A verdict is given where both ends agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.standards import Standard
from lifecircle.standards.targets import Complete, Coverage, Op, Present, Ratio, Target, Yes

Floats = npt.NDArray[np.float64]

SCOPE_CITY: Final = "city"
"""The scope of rows that speak of all counties together."""

STATUS: Final = {
    "met": "达标",
    "not met": "未达标",
    "unknown": "数据不足",
    "judged at county level": "由县（市、区）合计评价",
    "judged at city level": "由全市合计评价",
    "not applicable": "不适用",
    "excluded": "不评价",
}
"""Every status, and its name in Chinese."""

COLUMNS: Final = (
    *("zh", "en", "value", "goal", "op", "unit_zh", "unit_en", "met", "gap", "status"),
    *("numerator", "denominator", "denominator_zh", "denominator_en", "known", "total"),
    *("completeness_zh", "completeness_en", "overall", "overall_zh", "overall_en"),
    *("data", "datasets", "flag", "source", "unverified", "note_zh", "incomplete"),
    *("overall_numerator", "overall_denominator", "least", "most", "base_least", "base_most"),
    *("silent", "unsure", "per"),
)
"""Columns of a scorecard; those from ``overall_numerator`` on are what `roll_up` sums."""

SUMS: Final = (
    *("numerator", "denominator", "overall_numerator", "overall_denominator"),
    *("least", "most", "base_least", "base_most", "known", "total", "silent", "unsure"),
)
_CLOSE: Final = 1e-9  # relative: a sum in another order may miss a threshold by its last bits


def criterion(target: Target, standard: Standard | None = None) -> tuple[Op, float, float]:
    """Give what one community, street or facility has to reach.

    Parameters
    ----------
    target
        The target.
    standard
        Tells what share of its residents makes a community covered; without it all of them.

    Returns
    -------
    tuple
        Relation, value, and what a ratio is taken per.
    """
    per = target.measure.per if isinstance(target.measure, Ratio) else 1.0
    if target.value is not None:
        return target.op, target.value, per
    if isinstance(target.measure, Coverage | Complete) and standard is not None:
        return ">=", standard.community.share, per
    return ">=", 1.0, per


def aim_of(target: Target) -> tuple[Op, float, float]:
    """Give what a county or the city has to reach: relation, value, per.

    Parameters
    ----------
    target
        The target.

    Examples
    --------
    >>> from lifecircle.standards.targets import read_targets
    >>> {t.key: aim_of(t) for t in read_targets("shaoyang-2025")}["community_workers"]
    ('>=', 18.0, 10000.0)
    """
    if target.scope in ("county", "city"):
        return criterion(target)
    return ">=", target.required_share, 1.0


def bounds_of(
    least: Floats, most: Floats, base_least: Floats, base_most: Floats, per: Floats | float
) -> tuple[Floats, Floats]:
    """Give the least and the largest ratio that the bounds leave possible.

    Parameters
    ----------
    least, most
        Bounds of the numerators.
    base_least, base_most
        Bounds of the denominators.
    per
        What the ratio is taken per.

    Examples
    --------
    >>> bounds_of(np.array([3.0]), np.array([4.0]), np.array([5.0]), np.array([5.0]), 1.0)
    (array([0.6]), array([0.8]))
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(np.isinf(base_most), 0.0, least / base_most) * per
        high = np.where(np.isinf(most), np.inf, most / base_least) * per
    return low, high


def verdict_of(low: Floats, high: Floats, op: Any, target: Any) -> Floats:
    """Judge by both ends of what is possible.

    Parameters
    ----------
    low, high
        The least and the largest value possible.
    op
        ``">="``, ``"<="`` or ``"=="``; one, or one per value.
    target
        What to reach; one, or one per value.

    Returns
    -------
    ndarray of float
        1 where even the worst case meets the target, 0 where even the best misses it, else NaN.

    Examples
    --------
    >>> verdict_of(np.array([0.8, 0.2, 0.2]), np.array([0.9, 0.9, 0.3]), ">=", 0.8)
    array([ 1., nan,  0.])
    """
    slack = _CLOSE * np.maximum(1.0, np.abs(target))
    above, below = low >= target - slack, high <= target + slack
    short, beyond = high < target - slack, low > target + slack
    meets = np.select([np.equal(op, ">="), np.equal(op, "<=")], [above, below], above & below)
    misses = np.select([np.equal(op, ">="), np.equal(op, "<=")], [short, beyond], short | beyond)
    return np.select([meets, misses], [1.0, 0.0], np.nan)


@dataclass(frozen=True)
class Block:
    """Rows of one target at one level, before they are judged.

    Parameters
    ----------
    target
        The target that they speak of.
    level
        ``"unit"``, ``"county"`` or ``"city"``.
    scopes
        One per row.
    numbers
        Column of `SUMS` -> one number per row, or one for all.
    criterion
        What each row has to reach: relation, value, and what a ratio is taken per.
    data, datasets, incomplete
        Texts for all rows.
    """

    target: Target
    level: str
    scopes: Sequence[str]
    numbers: Mapping[str, Floats | float]
    criterion: tuple[Op, float, float]
    data: str = ""
    datasets: str = ""
    incomplete: str = ""


def judge_rows(blocks: Sequence[Block]) -> pd.DataFrame:
    """Judge rows by their bounds, and say in words what they mean.

    Parameters
    ----------
    blocks
        The rows.

    Returns
    -------
    DataFrame
        Index (scope, target) and `COLUMNS`, in the order of the blocks.
    """
    sizes = [len(block.scopes) for block in blocks]
    n = {name: _stacked(blocks, name) for name in SUMS}
    told = [_told(block) for block in blocks]
    w = {name: np.repeat(np.array([t[name] for t in told], dtype=object), sizes) for name in _TEXTS}
    goal, per, overall_per = (w[name].astype(float) for name in ("goal", "per", "overall_per"))
    summed = np.isnan(n["base_least"])  # a sum, not a ratio
    base_least, base_most = (np.where(summed, 1.0, n[name]) for name in ("base_least", "base_most"))
    low, high = bounds_of(n["least"], n["most"], base_least, base_most, per)
    verdict = verdict_of(low, high, w["op"], goal)
    # Where all have to meet it, one that surely does not decides, whatever the silent ones say.
    missed = w["every"].astype(bool) & (n["numerator"] < n["denominator"])
    verdict = np.where(np.isnan(verdict) & missed, 0.0, verdict)
    verdict = np.where(n["total"] > 0, verdict, np.nan)
    verdict = np.where(w["fixed"] == "", verdict, np.nan)
    status = np.select([verdict == 1.0, verdict == 0.0], ["met", "not met"], "unknown")
    status = np.where((n["total"] == 0) & ~(n["silent"] > 0), "not applicable", status)
    value = _ratio(n["numerator"], np.where(summed, 1.0, n["denominator"]))
    value = value * np.where(summed, 1.0, per)
    gap = np.where(w["op"] == "<=", goal - value, value - goal)
    known, total = (n[name].astype(int).astype(str).astype(object) for name in ("known", "total"))
    unverified = (n["unsure"] > 0) | (w["flag"] == "unverified")
    columns: dict[str, Any] = {
        **{name: w[name] for name in _TEXTS if name in COLUMNS and name != "op"},
        **n,
        "op": w["op"],
        "goal": goal,
        "per": per,
        "value": value,
        "met": pd.array(np.where(np.isnan(verdict), None, verdict == 1.0), dtype="boolean"),  # type: ignore[call-overload]
        "gap": np.where(w["op"] == "==", -np.abs(gap), gap),
        "status": np.where(w["fixed"] == "", status, w["fixed"]),
        "overall": _ratio(n["overall_numerator"], n["overall_denominator"]) * overall_per,
        "unverified": unverified & ~np.isnan(verdict),
        "completeness_zh": total
        + w["of_zh"]
        + known
        + w["done_zh"]
        + _silent(n, "，另有 {} 个未填报"),
        "completeness_en": known + " of " + total + w["of_en"] + _silent(n, "; {} more do not say"),
    }
    index = pd.MultiIndex.from_arrays(
        [[scope for block in blocks for scope in block.scopes], w["key"]],
        names=["scope", "target"],
    )
    return pd.DataFrame(columns, index=index)[[*COLUMNS]]


_TEXTS: Final = (
    *("key", "zh", "en", "op", "goal", "per", "overall_per", "fixed", "flag", "source"),
    *("note_zh", "data", "datasets", "incomplete", "of_zh", "of_en", "done_zh"),
    *("unit_zh", "unit_en", "denominator_zh", "denominator_en", "overall_zh", "overall_en"),
    "every",
)


def _silent(numbers: Mapping[str, Floats], words: str) -> npt.NDArray[np.object_]:
    """Tell how many do not even say whether they are meant, where others do."""
    counts = np.where(numbers["total"] > 0, numbers["silent"], 0.0)
    return np.array([words.format(int(n)) if n > 0 else "" for n in counts], dtype=object)


def _told(block: Block) -> dict[str, Any]:
    """Give what all rows of a block have in common."""
    target = block.target
    zh, en = _nouns(target)
    op, goal, per = block.criterion
    measured = block.data == "measured"
    return {
        "key": target.key,
        "zh": target.zh,
        "en": target.en,
        "flag": target.flag,
        "source": target.source,
        "op": op,
        "goal": goal,
        "per": per,
        "overall_per": criterion(target)[2],
        "fixed": _fixed(target, block.level),
        "every": counts_things(target, block.level) and op == ">=" and goal >= 1.0,
        "note_zh": target.exclude or target.note_zh,
        "data": block.data,
        "datasets": block.datasets,
        "incomplete": block.incomplete,
        "of_zh": f" 个{zh}中 ",
        "of_en": f" {en} {'measured' if measured else 'reported'}",
        "done_zh": " 个已测算" if measured else " 个已填报",
        **_words(target, block.level),
    }


def counts_things(target: Target, level: str) -> bool:
    """Tell whether a level's value is the share of things that meet a target.

    Parameters
    ----------
    target
        The target.
    level
        ``"unit"``, ``"county"`` or ``"city"``.

    Examples
    --------
    >>> from lifecircle.standards.targets import read_targets
    >>> counts_things(read_targets("shaoyang-2025")[0], "county")
    True
    """
    each = target.scope in ("streets", "facilities")
    return each or (target.scope == "communities" and level != "unit")


def _fixed(target: Target, level: str) -> str:
    """Give the status of rows that are not judged; empty where they are."""
    if target.exclude is not None:
        return "excluded"
    above = {"county": ("unit",), "city": ("unit", "county")}.get(target.scope, ())
    return f"judged at {target.scope} level" if level in above else ""


def _stacked(blocks: Sequence[Block], name: str) -> Floats:
    parts = [
        np.broadcast_to(np.asarray(block.numbers[name], dtype=np.float64), len(block.scopes))
        for block in blocks
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    some = denominator > 0
    ratio: Floats = np.full(len(numerator), np.nan)
    ratio[some] = numerator[some] / denominator[some]
    return ratio


def _nouns(target: Target) -> tuple[str, str]:
    if target.scope == "facilities":
        return "设施", "facilities"
    if target.settings == ("urban",):
        return "社区", "communities"
    if "urban" not in target.settings:
        return "村", "villages"
    return "村（社区）", "villages and communities"


def _words(target: Target, level: str) -> dict[str, str]:
    """Name units and denominators of a level's rows."""
    zh, en = _nouns(target)
    ratio = isinstance(target.measure, Ratio)
    people = isinstance(target.measure, Coverage | Complete)
    over = (target.unit_zh, target.unit_en) if ratio else ("居民占比", "share of residents")
    own = (target.unit_zh, target.unit_en)
    of = (target.of_zh, target.of_en)
    if counts_things(target, level):
        zh, en = ("街道", "streets") if target.scope == "streets" else (zh, en)
        own, of = ("达标占比", "share that meet it"), (f"已知的{zh}", f"{en} known")
        if target.value is not None:
            least = f"{target.op} {target.value:g}"
            own = (
                f"达标占比（{least} {target.unit_zh}）",
                f"share with {least} {target.unit_en}",
            )
    elif people:
        own, of = ("居民占比", "share of residents"), ("居民", "residents")
    elif isinstance(target.measure, Yes | Present) and target.scope == "communities":
        own = ("1 为是", "1 = yes")
    if level == "unit" or target.scope != "communities":
        over = ("", "")
    return {
        "unit_zh": own[0],
        "unit_en": own[1],
        "denominator_zh": of[0],
        "denominator_en": of[1],
        "overall_zh": over[0],
        "overall_en": over[1],
    }


def empty_scorecard() -> pd.DataFrame:
    """Give a scorecard without rows.

    Examples
    --------
    >>> len(empty_scorecard())
    0
    """
    return judge_rows([])
