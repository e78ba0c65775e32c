"""The plan's scorecard: every target beside what is known of it, per community, county and city.

Missing reports are never read as 0, nor as met: with them in mind a target has a best and a worst
case. It is met if even the worst case meets it, not met if even the best one misses it, and
unknown otherwise. All counts behind a figure are kept, so that a city is summed from counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.errors import ConfigError, Fault
from lifecircle.plan.evidence import COMMUNITY_LEDGER, evidence
from lifecircle.plan.tally import tally
from lifecircle.plan.verdict import (
    SCOPE_CITY,
    STATUS,
    judge_rows,
)
from lifecircle.standards import Standard, clause
from lifecircle.standards.targets import Target
from lifecircle.tables import FACILITIES, SCOPE_COUNTY, UNITS, check, check_crs

_DATA: Final = {"measured": "空间测算", "facilities": "设施台账", "ledger": "村（社区）台账"}
_RELATION: Final = {">=": "≥", "<=": "≤", "==": "="}
_SHARE: Final = re.compile("占比|比例$")  # units of shares, 0 to 1
_FLAG: Final = {
    "confirmed": "已核实",
    "secondary": "二手来源",
    "ours": "本项目设定",
    "unverified": "未核实",
}


def scorecard(
    targets: Sequence[Target],
    *,
    units: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    coverage: pd.DataFrame,
    unit_scores: pd.DataFrame,
    standard: Standard,
    cells: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set every target beside what is known of it, for the county and for each unit.

    Parameters
    ----------
    targets
        What `lifecircle.standards.targets.read_targets` gave.
    units
        Table per `lifecircle.tables.UNITS`, with what the county's ledger says of them.
    facilities
        The whole inventory per `lifecircle.tables.FACILITIES`, every kind under its own name, in
        the units' CRS. Idle, planned and closed ones do not serve; a kind of which the inventory
        holds nothing at all is unknown here, not absent (coverage and scores count it as not
        reached, so that a first facility never lowers them).
    coverage, unit_scores
        Tables per `lifecircle.tables`, measured by `standard`.
    standard
        Its share of residents makes a community covered; its flags tell what is unverified.
    cells
        Table per `lifecircle.tables.CELLS`, for the residents of units that report none.

    Returns
    -------
    DataFrame
        Index (scope, target): the county's rows, then each unit's for the targets meant for it.
        ``value`` against ``goal`` by ``op``, in ``unit_zh`` and ``unit_en``; ``met`` (True,
        False or missing), ``gap`` (by how much it is exceeded, or below 0 missed), ``status`` (of
        `STATUS`). Of a county ``value`` is the share of those reported that meet the target, or
        the ratio or sum of its reports, and ``overall`` the second reading: the share of residents,
        or the county's own ratio. ``known`` of ``total`` reported, in words ``completeness_*``.
        ``unverified`` where a threshold not verified decides. The last columns are what
        `roll_up` sums: bounds of numerator and denominator that the missing reports leave.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema.
    ConfigError
        Lists every column, kind or setting of the targets that is not known.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> card = scorecard(
    ...     county.standard.targets,
    ...     units=county.units,
    ...     facilities=county.inventory,
    ...     coverage=county.coverage,
    ...     unit_scores=county.unit_scores,
    ...     standard=county.standard,
    ... )
    >>> card.loc[("county", "centre_area"), "status"]  # nobody reported the floor area
    'unknown'
    """
    check(units, UNITS)
    check(facilities, FACILITIES)
    check_crs(facilities, units.crs, "facilities")
    _check_targets(targets, standard)
    known = evidence(units, facilities, coverage, unit_scores, standard, cells)
    table = judge_rows([block for target in targets for block in tally(target, known)])
    scopes = pd.Index([SCOPE_COUNTY, *units.index])
    order = np.argsort(scopes.get_indexer(table.index.get_level_values("scope")), kind="stable")
    return table.iloc[order]


def scorecard_table(card: pd.DataFrame, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Give a scorecard as its readers see it: Chinese headings, targets in both languages.

    Shares are given in percent, their gaps in percentage points; what they are shares of stands in
    口径. Where no verdict can be given, 评价 says why.

    Parameters
    ----------
    card
        What `scorecard` or `roll_up` gave.
    names
        Scope -> name, for those that have one.
    """
    scope, target = (card.index.get_level_values(name) for name in ("scope", "target"))
    card = card.reset_index(drop=True)
    shown = {SCOPE_COUNTY: "全县（市、区）", SCOPE_CITY: "全市", **(names or {})}
    share, whole = (_is_share(card[name]) for name in ("unit_zh", "overall_zh"))
    times, times_whole = np.where(share, 100.0, 1.0), np.where(whole, 100.0, 1.0)
    goal = (card["goal"] * times).round(6).map("{:g}".format).astype("str")
    return pd.DataFrame(
        {
            "范围": scope,
            "名称": [shown.get(key, key) for key in scope],
            "指标编号": target,
            "指标": card["zh"],
            "Indicator": card["en"],
            "数值": (card["value"] * times).round(4),
            "目标": card["op"].map(_RELATION).astype("str") + " " + goal,
            "单位": card["unit_zh"].mask(share, "%"),
            "口径": card["unit_zh"].where(share, ""),
            "评价": _status_zh(card),
            "差距": (card["gap"] * times).round(4),
            "分子": card["numerator"],
            "分母": card["denominator"],
            "分母说明": card["denominator_zh"],
            "总体值": (card["overall"] * times_whole).round(4),
            "总体值单位": card["overall_zh"].mask(
                whole, "%（" + card["overall_zh"].astype("str") + "）"
            ),
            "数据完整度": card["completeness_zh"],
            "数据类型": card["data"].map(_data_zh),
            "数据来源": card["datasets"].map(_datasets_zh),
            "依据": card["source"].map(clause),
            "目标可靠程度": card["flag"].map(_FLAG),
            "阈值核实": np.where(card["unverified"], "未核实", ""),
            "未报齐的县（市、区）": card["incomplete"],
            "备注": card["note_zh"],
        }
    )


def card_records(card: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a scorecard as plain records for JSON: missing and unbounded numbers are None.

    Parameters
    ----------
    card
        What `scorecard` or `roll_up` gave.
    """
    rows = card.reset_index().astype(object)
    finite = rows.where(rows.notna() & ~rows.isin([np.inf, -np.inf]), None)
    return [{str(key): value for key, value in row.items()} for row in finite.to_dict("records")]


def with_priorities(units: gpd.GeoDataFrame, standard: Standard) -> gpd.GeoDataFrame:
    """Give the units with the weight that the standard's classes add, and the reasons in words.

    Parameters
    ----------
    units, standard
        As for `priorities`.

    Returns
    -------
    GeoDataFrame
        A copy with ``priority`` and ``priority_reasons``; reasons that stood there come first.
    """
    weight, told = priorities(units, standard)
    if "priority_reasons" in units.columns:
        old = units["priority_reasons"].astype("str")
        told = (old + "、" + told).fillna(told).fillna(old)
    return units.assign(priority=weight, priority_reasons=told)


def priorities(units: pd.DataFrame, standard: Standard) -> tuple[pd.Series, pd.Series]:
    """Weigh units by the classes that come first in closing gaps, and say why in words.

    Parameters
    ----------
    units
        Table per `lifecircle.tables.UNITS`; its columns of the standard's priority classes are 1
        (belongs to it), 0, or missing (not reported: as if it did not).
    standard
        ``priorities``: column -> weight and names.

    Returns
    -------
    tuple of Series
        The unit's own ``priority`` times the largest weight of its classes (not their product: two
        reasons do not make a gap four times as urgent); and the classes' Chinese names with
        their weights, missing where there is none.
    """
    weight = np.ones(len(units))
    reasons = np.full(len(units), "", dtype=object)
    some = np.zeros(len(units), np.bool_)
    for column, rule in standard.priorities.items():
        if column in units.columns:
            member = units[column].to_numpy(dtype=np.float64, na_value=np.nan) == 1.0
            weight = np.where(member & (~some | (rule.weight > weight)), rule.weight, weight)
            words = f"{rule.zh}（×{rule.weight:g}）"
            reasons[member] = [f"{old}、{words}" if old else words for old in reasons[member]]
            some |= member
    own = units["priority"].to_numpy(dtype=np.float64)
    told = pd.Series(reasons, units.index, dtype="str").mask(~some)
    return pd.Series(own * weight, units.index, name="priority"), told.rename("priority_reasons")


def _check_targets(targets: Sequence[Target], standard: Standard) -> None:
    """Raise one error that lists all columns and kinds which nobody can fill."""
    faults = []
    for target in targets:
        for names, allowed, what in (
            (target.columns(), set(UNITS.columns), "column of communities"),
            (target.facility_columns(), set(FACILITIES.columns), "column of facilities"),
            (target.kinds(), set(standard.known), "kind"),
        ):
            faults += [
                Fault(
                    f"[standard.targets.{target.key}]",
                    f"unknown {what} {name!r}",
                    f"use one of {sorted(allowed)}",
                )
                for name in names
                if name not in allowed
            ]
    if faults:
        raise ConfigError(faults)


def _is_share(units: pd.Series) -> pd.Series:
    return units.astype("str").str.contains(_SHARE).fillna(value=False).astype(bool)


def _status_zh(card: pd.DataFrame) -> pd.Series:
    """Name every status, and of an unknown one why: nobody reported, or not all did."""
    why = np.where(card["known"] > 0, "（未报齐）", "（无填报）")
    measured = card["data"].astype("str").str.contains("measured").to_numpy(dtype=bool)
    why = np.where(measured, np.where(card["known"] > 0, "（资料不全）", "（无设施资料）"), why)
    why = np.where(card["status"] == "unknown", why, "")
    return card["status"].map(STATUS).astype("str") + pd.Series(why, card.index, dtype="str")


def _datasets_zh(names: Any) -> str:
    told = str(names).split("; ") if names else []
    return "；".join("村（社区）台账" if name == COMMUNITY_LEDGER else name for name in told)


def _data_zh(data: Any) -> str:
    return "；".join(_DATA[part] for part in data.split("; ") if part) if data else ""
