"""The scorecard of the plan's targets as planners read it, Chinese or English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lifecircle.plan import scorecard_table
from lifecircle.plan.evidence import COMMUNITY_LEDGER
from lifecircle.plan.verdict import STATUS
from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.readers_shared import card_of, mapped, scope_names
from lifecircle.render.tables.words import with_headings, word, words
from lifecircle.standards import Lang, clause
from lifecircle.tables import FLAGS, SCOPE_COUNTY


def scorecard_readers(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Give the scorecard of the plan's targets; empty where the standard has none.

    Parameters
    ----------
    assessment
        Checked tables; ``scorecard`` where it has one.
    lang
        As for `sources_table`. Notes of targets are kept in Chinese, and left out in English.

    Returns
    -------
    pandas.DataFrame
        One row per scope (the county first) and target. Values and differences stand in the unit
        beside them: shares in percent, as in scorecard.csv; a target without verdict says why.
    """
    card = card_of(assessment)
    zh = scorecard_table(card, scope_names(assessment, lang))
    scope = card.index.get_level_values("scope")
    table = pd.DataFrame(
        {
            "scope_name": zh["名称"],
            "target": zh["指标"],
            "verdict": zh["评价"],
            "value": zh["数值"],
            "goal": zh["目标"],
            "unit_of_value": zh["单位"],
            "difference": zh["差距"],
            "overall": zh["总体值"],
            "overall_unit": zh["总体值单位"],
            "completeness": zh["数据完整度"],
            "target_flag": mapped(card["flag"], words(FLAGS, lang)),
            "unverified": zh["阈值核实"],
            "share_of": zh["口径"],
            "numerator": zh["分子"],
            "denominator": zh["分母"],
            "denominator_of": zh["分母说明"],
            "data_kind": zh["数据类型"],
            "data": zh["数据来源"],
            "basis": zh["依据"],
            "note": zh["备注"],
            "target_id": zh["指标编号"],
            "unit_id": mapped(pd.Series(scope), {SCOPE_COUNTY: None}, keep=True),
        }
    )
    if lang == "en":
        table = table.assign(**_in_english(card.reset_index(drop=True), zh))
    return with_headings(table.replace("", None), lang)


def verdicts_table(assessment: Mappable, lang: Lang = "zh") -> pd.DataFrame:
    """Count the county's targets by verdict.

    Parameters
    ----------
    assessment, lang
        As for `scorecard_readers`.

    Returns
    -------
    pandas.DataFrame
        Verdict and number of targets, in the order of `lifecircle.plan.verdict.STATUS`.
    """
    card = card_of(assessment)
    county = card[card.index.get_level_values("scope") == SCOPE_COUNTY]
    counts = county["status"].value_counts()
    found = [status for status in STATUS if counts.get(status, 0)]
    shown = [STATUS[status] if lang == "zh" else status for status in found]
    table = pd.DataFrame({"verdict": shown, "count": [int(counts[status]) for status in found]})
    return with_headings(table, lang)


def _in_english(card: pd.DataFrame, zh: pd.DataFrame) -> dict[str, Any]:
    """Give the columns of a scorecard that differ in English."""
    share, whole = zh["单位"] == "%", zh["总体值单位"].astype("str").str.startswith("%")
    known = card["known"] > 0
    measured = card["data"].astype("str").str.contains("measured")
    why = np.select(
        [measured & known, measured, known],
        [word(key, "en") for key in ("some_data", "no_facility", "some_reports")],
        word("no_report", "en"),
    )
    kinds = words(("measured", "facilities", "ledger"), "en")
    return {
        "target": card["en"],
        "verdict": card["status"] + np.where(card["status"] == "unknown", why, ""),
        "unit_of_value": card["unit_en"].mask(share, "%"),
        "share_of": card["unit_en"].where(share, ""),
        "denominator_of": card["denominator_en"],
        "overall_unit": card["overall_en"].mask(
            whole, "% (" + card["overall_en"].astype("str") + ")"
        ),
        "completeness": card["completeness_en"],
        "data_kind": [
            "; ".join(kinds.get(part, part) for part in data.split("; ")) if data else ""
            for data in card["data"]
        ],
        "unverified": np.where(card["unverified"], word("unverified", "en"), ""),
        "data": [_datasets(str(names)) for names in card["datasets"].fillna("")],
        "basis": [clause(str(source), "en") for source in card["source"].fillna("")],
        "note": "",
    }


def _datasets(names: str) -> str:
    told = [word("ledger", "en") if n == COMMUNITY_LEDGER else n for n in names.split("; ") if n]
    return "; ".join(told)
