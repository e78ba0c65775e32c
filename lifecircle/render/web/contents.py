"""What the map's page shows, as one JSON document: labels, figures and packed geometry."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.sheets import gap_points
from lifecircle.render.web.before import label, pack_before
from lifecircle.render.web.cellpack import arrange, pack_table, precision_for
from lifecircle.render.web.decisionpack import gap_columns, pack_decisions
from lifecircle.render.web.frame import both, clauses, dataset_lines, frame_data
from lifecircle.render.web.packing import codes, pack_array, pack_lines, pack_points, tenths_up
from lifecircle.render.web.walking import pack_walk
from lifecircle.standards import Lang, Standard
from lifecircle.tables import COVERAGE, DENOMINATORS, SCOPE_COUNTY

__all__ = ["SCOPE_COUNTY", "dataset_lines", "page_data"]

# What is drawn may lie this far from what was computed with.
_TOLERANCE_M: Final = 2.0
_STREETS: Final = {
    **dict.fromkeys(("motorway", "trunk", "primary"), 0),
    **dict.fromkeys(("secondary", "tertiary"), 1),
}
_SMALL_STREET: Final = 2


def page_data(
    assessment: Mappable, lang: Lang = "zh", *, before: Mappable | None = None
) -> dict[str, Any]:
    """Gather all that the page shows, ready for JSON: labels, figures, packed geometry.

    Parameters
    ----------
    assessment
        Checked tables.
    lang
        Language that the page starts with; labels are there in both.
    before
        A run of the same cells to compare with.

    Returns
    -------
    dict
        Kinds, circles, units and facilities are named by their position; a text that differs by
        language is ``{"zh": ..., "en": ...}``.
    """
    standard = assessment.standard
    arrangement = arrange(assessment)
    precision = precision_for(*([assessment] if before is None else [assessment, before]))
    data: dict[str, Any] = {
        "lang": lang,
        "key": assessment.config.name,
        "county": both(assessment.config),
        "frame": frame_data(assessment),
        "kinds": [
            {
                "key": key,
                "label": both(kind),
                "color": kind.color,
                "symbol": kind.symbol,
                "excluded": standard.excluded.get(key),
                "known": int((assessment.facilities["kind"] == key).sum()),
            }
            for key, kind in standard.kinds.items()
        ],
        "circles": [
            {
                "key": key,
                "label": both(circle),
                "flag": circle.flag,
                "source": clauses(circle.source),
            }
            for key, circle in standard.circles.items()
        ],
        "requirements": _requirements(standard),
        "gapKinds": _positions(standard.gap_kinds, standard.kinds),
        "units": _units(assessment),
        "facilities": _facilities(assessment),
        "cells": pack_table(assessment, arrangement, precision),
        "isochrones": _isochrones(assessment),
        "gaps": _gaps(assessment),
        "streets": _streets(getattr(assessment, "streets", None)),
        "walk": _walk(assessment, arrangement.order),
    }
    decisions = pack_decisions(assessment, arrangement)
    if decisions:
        data["decisions"] = decisions
    if before is not None:
        data["run"] = label(assessment)
        data["before"] = pack_before(before, assessment, arrangement, precision)
    data["whole"] = {
        "residents": _number(assessment.units["residents"].sum(min_count=1), 6),
        "assessed": _number(assessment.cells["persons"].sum(), 6),
        "scores": _unit_scores(assessment, SCOPE_COUNTY),
        "coverage": _coverage(assessment, [SCOPE_COUNTY])[0],
    }
    return data


def _requirements(standard: Standard) -> list[dict[str, Any]]:
    circles, kinds = list(standard.circles), list(standard.kinds)
    return [
        {
            "circle": circles.index(r.circle),
            "kind": kinds.index(r.kind),
            "limit": r.limit,
            "unit": r.unit,
            "flag": r.flag,
            "source": clauses(r.source),
        }
        for r in standard.requirements
    ]


def _units(assessment: Mappable) -> dict[str, Any]:
    units = assessment.units
    shapes = units.geometry.to_numpy()
    county = shapely.union_all(shapes)
    coverage = _coverage(assessment, list(units.index))
    return {
        "table": [
            {
                "id": str(unit_id),
                "name": _text(row["name"]) or str(unit_id),
                "setting": _text(row["setting"]),
                "residents": _number(row["residents"], 6),
                "households": _number(row.get("households")),
                "priority": _number(row["priority"]),
                "scores": _unit_scores(assessment, unit_id),
                "coverage": shares,
            }
            for (unit_id, row), shares in zip(units.iterrows(), coverage, strict=True)
        ],
        "shapes": pack_lines(shapes, units.crs, tolerance_m=_TOLERANCE_M),
        "labels": pack_points(_label_points(shapes), units.crs),
        "county": pack_lines(np.array([county]), units.crs, tolerance_m=_TOLERANCE_M),
    }


def _label_points(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Place a label where the unit is widest: the centre of the largest circle inside it."""
    simple = shapely.simplify(shapes, 20.0)
    simple = np.where(shapely.is_empty(simple), shapes, simple)
    circles = shapely.maximum_inscribed_circle(simple, tolerance=25.0)
    return np.asarray(shapely.get_point(circles, 0))


def _unit_scores(assessment: Mappable, scope: str) -> list[dict[str, Any] | None]:
    table, kinds = assessment.unit_scores, list(assessment.standard.kinds)
    rows: list[dict[str, Any] | None] = []
    for circle in assessment.standard.circles:
        if (scope, circle) not in table.index:
            rows.append(None)
            continue
        row = cast("pd.Series", table.loc[(scope, circle)])
        worst = _text(row["worst_kind"])
        rows.append(
            {
                "persons": _number(row["persons"]),
                "score": _down(row["score"], 1),
                "complete": _share(row["complete_share"]),
                "worst": kinds.index(worst) if worst in kinds else None,
                "minutes": _up(row["minutes_to_complete"]),
                "unsure": _share(row["unverified_share"]),
            }
        )
    return rows


def _coverage(assessment: Mappable, scopes: list[str]) -> list[list[list[float | None] | None]]:
    """Shares by scope and requirement, each in the order of `DENOMINATORS`; None if not judged."""
    keys = [(r.circle, r.kind) for r in assessment.standard.requirements]
    wanted = pd.MultiIndex.from_tuples(
        [(s, c, k, d) for s in scopes for c, k in keys for d in DENOMINATORS],
        names=COVERAGE.index,
    )
    table = assessment.coverage
    shares = table["share"].reindex(wanted).to_numpy(float).reshape(len(scopes), len(keys), -1)
    judged = np.any(np.asarray(wanted.isin(table.index)).reshape(shares.shape), axis=2)
    return [
        [
            [_share(share) for share in row] if there else None
            for row, there in zip(rows, judgements, strict=True)
        ]
        for rows, judgements in zip(shares.tolist(), judged.tolist(), strict=True)
    ]


def _facilities(assessment: Mappable) -> dict[str, Any]:
    table = assessment.facilities
    narrower = {key: both(kind) for key, kind in assessment.standard.known.items()}
    shapes = table.geometry.to_numpy()
    points, of = shapely.get_parts(shapes, return_index=True)
    # A large area is marked at the entrance nearest its middle, and shows the others on zooming in.
    gap = shapely.distance(points, shapely.centroid(shapes)[of])
    order = np.lexsort((gap, of))
    main = order[np.diff(of[order], prepend=-1) != 0]
    further = np.setdiff1d(np.arange(len(points)), main)
    empty = pd.Series(None, index=table.index, dtype=object)
    return {
        "count": len(table),
        "kind": _positions(table["kind"], assessment.standard.kinds),
        "id": [str(key) for key in table.index],
        "name": [_text(name) for name in table["name"]],
        "source": [_text(source) for source in table["source"]],
        "category": [
            narrower.get(str(word), word) for word in map(_text, table.get("category", empty))
        ],
        "address": [_text(address) for address in table.get("address", empty)],
        "hours": [_text(hours) for hours in table.get("hours", empty)],
        "capacity": [_number(places) for places in table.get("capacity", empty)],
        "at": pack_points(points[main], table.crs),
        "entrances": pack_points(points[further], table.crs),
        "entranceOf": pack_array(of[further], "u4", "delta"),
    }


def _isochrones(assessment: Mappable) -> dict[str, Any]:
    # Largest first, so that each smaller one is painted over it.
    table = assessment.isochrones
    table = table.iloc[np.argsort(-table.index.get_level_values("limit").to_numpy(float))]
    kinds = pd.Index(assessment.standard.kinds)
    origin = table.index.get_level_values("origin")
    dissolved = origin == table["kind"].to_numpy()
    return {
        "kind": _positions(table["kind"], kinds),
        "facility": np.where(
            dissolved, -1, codes(origin.to_series(), assessment.facilities.index, -1)
        ).tolist(),
        "limit": [float(limit) for limit in table.index.get_level_values("limit")],
        "unit": [str(unit) for unit in table["limit_unit"]],
        "shapes": pack_lines(table.geometry.to_numpy(), table.crs, tolerance_m=_TOLERANCE_M),
    }


def _gaps(assessment: Mappable) -> dict[str, Any]:
    table = assessment.gaps.sort_values(["rank", "persons"], ascending=[True, False])
    empty = pd.Series(None, index=table.index, dtype=object)
    shapes = table.geometry.to_numpy()
    flat = shapely.get_dimensions(shapes) == 2
    half = assessment.config.population.cell_m / 2.0
    areas = np.where(flat, shapes, shapely.buffer(shapes, half, cap_style="square"))
    return {
        "table": {
            "id": [str(key) for key in table.index],
            "kind": _positions(table["kind"], assessment.standard.kinds),
            "unit": _positions(table["unit_id"], assessment.units.index),
            "persons": [_number(value, 6) for value in table["persons"]],
            "limit": [_number(value) for value in table["limit"]],
            "limitUnit": [str(unit) for unit in table["limit_unit"]],
            "flag": [str(flag) for flag in table["flag"]],
            "reasons": [_text(reason) for reason in table.get("priority_reasons", empty)],
            "hectares": [_number(value / 1e4) for value in table["area_m2"]],
            "unreached": [_number(value, 6) for value in table.get("persons_unreached", empty)],
            "nearest": codes(
                table["nearest_facility_id"], assessment.facilities.index, -1
            ).tolist(),
            "minutes": [_up(value) for value in table["nearest_minutes"]],
            "priority": [_number(value, 2) for value in table["priority"]],
            "rank": [int(value) for value in table["rank"]],
            **gap_columns(assessment, table.index),
        },
        "shapes": pack_lines(areas, table.crs, tolerance_m=_TOLERANCE_M),
        "labels": pack_points(gap_points(table).to_numpy(), table.crs),
    }


def _streets(streets: gpd.GeoDataFrame | None) -> dict[str, Any] | None:
    if streets is None or streets.empty:
        return None
    level = streets["highway"].astype(str).str.removesuffix("_link").map(_STREETS)
    levels = level.fillna(_SMALL_STREET).to_numpy(int)
    lines, of = shapely.get_parts(streets.geometry.to_numpy(), return_index=True)
    packed = []
    for number in range(_SMALL_STREET + 1):
        # Ways are cut at crossings and tags: joined, they need far fewer vertices.
        joined = shapely.line_merge(shapely.multilinestrings(lines[levels[of] == number]))
        parts = shapely.get_parts(joined)
        packed.append(pack_lines(parts, streets.crs, tolerance_m=_TOLERANCE_M))
    return {"levels": packed}


def _walk(assessment: Mappable, order: npt.NDArray[np.int64]) -> dict[str, Any] | None:
    network = getattr(assessment, "network", None)
    if network is None:
        return None
    return pack_walk(network, assessment.facilities, assessment.cells.iloc[order])


def _positions(keys: Iterable[Any], among: Iterable[Any]) -> list[int]:
    return cast("list[int]", pd.Index(list(among)).get_indexer(pd.Index(list(keys))).tolist())


def _number(value: Any, digits: int = 1) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), digits)


def _down(value: Any, digits: int) -> float | None:
    """Round down: 99.96 is not 100."""
    scale = 10.0**digits
    return None if pd.isna(value) else math.floor(float(value) * scale + 1e-7) / scale


def _share(value: Any) -> float | None:
    """Round a share down, finer than it is shown: 0.99999 is not everybody."""
    return None if pd.isna(value) else math.floor(float(value) * 1e4 + 1e-6) / 1e4


def _up(minutes: Any) -> float | None:
    """Round minutes up to a tenth: the walk takes no longer than what is shown."""
    return None if pd.isna(minutes) else float(tenths_up(np.array([minutes], float))[0]) / 10.0


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)
