"""What helps to decide, as the map's page gets it: supply, sites, moments, confidence and so on.

Nothing of this is in the page where nothing was asked for. ``templates/deciding.js`` reads it.
"""

from __future__ import annotations

import math
from typing import Any, Final, get_args

import numpy as np
import pandas as pd
import shapely

from lifecircle.kernels.graph import Floats, Longs
from lifecircle.render.decided_says import edge_says, reconciled_says
from lifecircle.render.faultwords import field_zh
from lifecircle.render.mappable import Mappable
from lifecircle.render.rounding import floor_share
from lifecircle.render.tables.decided import decisions_of
from lifecircle.render.web.cellpack import Arrangement
from lifecircle.render.web.packing import MISSING_16, codes, pack_array, pack_points
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY
from lifecircle.tables.decisions import Confidence, Moments, Sited, Supplied

LANGS: Final[tuple[Lang, ...]] = get_args(Lang)

PARTS: Final = (0.2, 0.4, 0.6, 0.8)
"""Classes of supply: each holds a fifth of those who have some. Ours; 0 is a class of its own."""

STEPS: Final = 400
"""Steps of equal ratio within each class of supply, in which the page has it. Ours."""


def pack_decisions(assessment: Mappable, arrangement: Arrangement) -> dict[str, Any]:
    """Pack what helps to decide.

    Parameters
    ----------
    assessment
        Checked tables.
    arrangement
        Of its cells.

    Returns
    -------
    dict
        ``supplied``, ``sited``, ``moments``, ``confidence``, ``reconciled``, as far as there is
        any.
    """
    found = decisions_of(assessment)
    packed: dict[str, Any] = {}
    if found.supplied and len(assessment.cells):
        packed["supplied"] = [_supplied(one, assessment, arrangement) for one in found.supplied]
    if found.sited:
        packed["sited"] = [_sited(one, assessment, arrangement) for one in found.sited]
    if found.moments is not None and found.moments.labels:  # some moment was asked for
        packed["moments"] = _moments(found.moments, assessment)
    if found.confidence is not None:
        packed["confidence"] = _confidence(found.confidence, assessment)
    if len(found.reconciled):
        both = {lang: reconciled_says(assessment, lang) for lang in LANGS}
        packed["reconciled"] = {
            lang: {"said": said, "differs": differs} for lang, (said, differs) in both.items()
        }
    return packed


def gap_columns(assessment: Mappable, gaps: pd.Index) -> dict[str, Any]:
    """Give how sure each gap is, for the page's table of gaps.

    Parameters
    ----------
    assessment
        Checked tables.
    gaps
        Ids in the page's order.

    Returns
    -------
    dict
        ``verdict`` (None: not in the sweep), ``certain`` and ``unmapped`` (shares); empty where
        there was no sweep.
    """
    sweep = decisions_of(assessment).confidence
    if sweep is None:
        return {}
    rows = sweep.gaps.reindex(gaps)
    return {
        "verdict": [None if pd.isna(verdict) else str(verdict) for verdict in rows["verdict"]],
        "certain": [_share(value) for value in rows["share"]],
        "unmapped": [_share(value) for value in rows["unmapped_share"]],
    }


# --- supply ------------------------------------------------------------------------------------


def _supplied(found: Supplied, assessment: Mappable, arrangement: Arrangement) -> dict[str, Any]:
    cells = found.cells.reindex(assessment.cells.index[arrangement.order])
    supply = cells["supply"].to_numpy(float)
    edges = supply_edges(supply, cells["demand"].fillna(0.0).to_numpy(float))
    north = arrangement.north
    how: Any = ("delta",) if north is None else ("plane",)
    partly = (cells["unknown_facilities"].fillna(0) > 0).to_numpy() & ~np.isnan(supply)
    places = found.facilities
    units = found.units.reindex([SCOPE_COUNTY, *assessment.units.index])
    return {
        **_kind(found.kind, assessment),
        "minutes": found.minutes,
        "method": found.method,
        "capacity": None if found.capacity is None else _column(found.capacity),
        "demand": None if found.demand == "persons" else _column(found.demand),
        "edges": edges,
        "steps": STEPS,
        "cells": pack_array(supply_codes(supply, edges), "u2", *how, north=north),
        "least": pack_array(partly, "u1", *how, north=north) if partly.any() else None,
        "facilities": {
            "at": codes(places.index, assessment.facilities.index, -1).tolist(),
            "ratio": [_number(value, 6) for value in places["ratio"]],
            "within": [_number(value, 1) for value in places["within"]],
        },
        "units": [
            {
                "supply": _number(row["supply"], 6),
                "unreached": _share(row["unreached_share"]),
                "unknown": _number(row["unknown"], 1),
                "gini": _number(row["gini"], 3),
            }
            for _, row in units.iterrows()
        ],
    }


def supply_edges(supply: Floats, demand: Floats) -> list[float]:
    """Choose the borders of classes of supply: fifths of those who have some, in round numbers.

    Parameters
    ----------
    supply
        Per 1,000; 0 and NaN belong to classes of their own.
    demand
        Persons.

    Returns
    -------
    list of float
        Rising; the first and the last are the least and the most that anybody has. A class holds
        what is above its lower border and up to its upper one. Empty where nobody has any.

    Examples
    --------
    >>> supply_edges(np.array([0.0, 0.111, 0.234, 0.5, 0.5, np.nan]), np.full(6, 10.0))
    [0.111, 0.12, 0.24, 0.5]
    """
    some = np.flatnonzero(supply > 0)
    if not len(some):
        return []
    low, high = float(supply[some].min()), float(supply[some].max())
    lived = some[demand[some] > 0]
    order = lived[np.argsort(supply[lived], kind="stable")]
    upto = np.cumsum(demand[order])
    at = np.searchsorted(upto, np.array(PARTS) * (upto[-1] if len(upto) else 0.0))
    inner = {_rounded_up(float(supply[order[i]])) for i in at} if len(order) else set()
    return [low, *sorted(edge for edge in inner if low < edge < high), high]


def _rounded_up(value: float) -> float:
    """Round up to two digits."""
    digits = 1 - math.floor(math.log10(value))
    return float(f"{math.ceil(round(value * 10.0**digits, 6)) / 10.0**digits:.12g}")


def supply_codes(supply: Floats, edges: list[float]) -> Longs:
    """Give supply as steps of equal ratio within classes.

    Parameters
    ----------
    supply
        Per 1,000.
    edges
        As `supply_edges` gives them.

    Returns
    -------
    ndarray
        0 for nothing, `MISSING_16` for not known; else ``class * STEPS + i``, i from 1 to `STEPS`,
        for ``low * (high / low) ** (i / STEPS)`` of the class. So a class is never mistaken.

    Examples
    --------
    >>> supply_codes(np.array([0.0, 1.0, 10.0, 10.1, np.nan]), [1.0, 10.0, 20.0]).tolist()
    [0, 1, 400, 406, 65535]
    """
    out = np.where(np.isnan(supply), MISSING_16, 0).astype(np.int64)
    some = supply > 0
    if not some.any():
        return out
    borders = np.array(edges)
    group = np.clip(np.searchsorted(borders, supply[some]) - 1, 0, max(len(borders) - 2, 0))
    low, high = borders[group], borders[np.minimum(group + 1, len(borders) - 1)]
    ratio = np.log(np.maximum(high / low, 1.0 + 1e-9))
    step = np.clip(np.rint(STEPS * np.log(supply[some] / low) / ratio), 1, STEPS)
    out[some] = group * STEPS + step.astype(np.int64)
    return out


# --- sites -------------------------------------------------------------------------------------


def _sited(found: Sited, assessment: Mappable, arrangement: Arrangement) -> dict[str, Any]:
    sites, cells = found.sites, found.cells
    empty = pd.Series(None, index=sites.index, dtype=object)
    at = codes(cells.index, assessment.cells.index[arrangement.order], -1)
    order = np.argsort(at, kind="stable")
    order = order[at[order] >= 0]
    return {
        **_kind(found.kind, assessment),
        "objective": str(found.asked.get("objective", "mclp")),
        "gap": _at_most(found.asked.get("gap")),
        "before": _served(found, "persons_served_before"),
        "rank": [int(rank) for rank in sites.index],
        "at": pack_points(_points(sites.geometry.to_numpy()), sites.crs),
        "persons": [_number(value, 6) for value in sites["persons"]],
        "total": [_number(value, 6) for value in sites["persons_total"]],
        "share": [_share(value) for value in sites["covered_share"]],
        "saved": [_number(value, 1) for value in sites.get("person_minutes", empty)],
        "unit": codes(sites["unit_id"], assessment.units.index, -1).tolist(),
        "name": [_text(value) for value in sites["name"]],
        "source": [_text(value) for value in sites["source"]],
        "id": [str(value) for value in sites["candidate_id"]],
        **{
            name: [_number(value, 1) for value in sites[name]]
            for name in ("served", "capacity")
            if name in sites.columns
        },
        "cells": pack_array(at[order], "u4", "delta"),
        "by": pack_array(cells["rank"].to_numpy()[order], "u2"),
    }


def _at_most(gap: Any) -> float | None:
    """Round a bound up to a tenth of a per cent: it may be said to be less by nobody."""
    number = _number(gap, 9)
    return None if number is None else math.ceil(round(number * 1000.0, 6)) / 1000.0


def _points(shapes: Any) -> Any:
    return shapely.centroid(shapes)


def _served(found: Sited, key: str) -> float | None:
    """Give the share of residents served, of those judged."""
    served, judged = found.asked.get(key), found.asked.get("persons_judged")
    return _share(served / judged) if served is not None and judged else None


# --- moments and confidence --------------------------------------------------------------------


def _moments(found: Moments, assessment: Mappable) -> dict[str, Any]:
    asked = [(r.circle, r.kind) for r in assessment.standard.requirements]
    kinds, keys = list(assessment.standard.kinds), list(found.labels)
    of_county = found.coverage.reset_index().query("scope == @SCOPE_COUNTY")
    rows = [
        [
            keys.index(row["moment"]),
            asked.index((row["circle"], row["kind"])),
            *(_part(row[f"covered_{which}"], row["persons"]) for which in ("any", "low", "high")),
        ]
        for row in of_county.to_dict("records")
        if (row["circle"], row["kind"]) in asked and row["moment"] in keys
    ]
    return {
        "labels": [dict(label) for label in found.labels.values()],
        "rows": rows,
        "openings": [
            [
                keys.index(row["moment"]),
                kinds.index(row["kind"]),
                *(int(row[name]) for name in ("open", "closed", "unknown")),
            ]
            for row in found.openings.reset_index().to_dict("records")
            if row["moment"] in keys and row["kind"] in kinds
        ],
        "eight": [
            [
                kinds.index(row["kind"]),
                *(int(row[name]) for name in ("facilities", "eight", "unknown")),
            ]
            for row in found.eight_hours.reset_index().to_dict("records")
            if row["kind"] in kinds and row.get("judged", True)
        ],
    }


def _confidence(found: Confidence, assessment: Mappable) -> dict[str, Any]:
    asked = [(r.circle, r.kind) for r in assessment.standard.requirements]
    rows = [
        [
            asked.index((row["circle"], row["kind"])),
            *(_share(row[name]) for name in ("share", "low", "high")),
        ]
        for row in found.coverage.reset_index().to_dict("records")
        if (row["circle"], row["kind"]) in asked
    ]
    return {
        "settings": int(found.asked["settings"]),
        "robust": float(found.asked["robust"]),
        "coverage": rows,
        "edge": {lang: edge_says(assessment, found, lang) for lang in LANGS},
    }


# --- small things ------------------------------------------------------------------------------


def _kind(kind: str, assessment: Mappable) -> dict[str, Any]:
    """Name a kind: its position among the standard's, -1 for one that it does not require."""
    kinds = assessment.standard.kinds
    known = assessment.standard.known.get(kind)
    told = {"zh": kind, "en": kind} if known is None else {"zh": known.zh, "en": known.en}
    return {"kind": list(kinds).index(kind) if kind in kinds else -1, "label": told}


def _column(name: str) -> dict[str, str]:
    return {"zh": field_zh(name), "en": name.replace("_", " ")}


def _part(part: float, whole: float) -> float | None:
    return _share(part / whole) if whole > 0 else None


def _share(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(floor_share(float(value)))


def _number(value: Any, digits: int) -> float | None:
    if value is None or pd.isna(value) or not np.isfinite(float(value)):
        return None
    return round(float(value), digits)


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)
