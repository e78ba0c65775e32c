"""Invented decisions for the synthetic assessment: figures that a person can check by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from synthetic_assessment import CRS, ORIGIN, SyntheticAssessment

from lifecircle.catchment import supply_by_unit
from lifecircle.inequality import lorenz
from lifecircle.tables.decisions import Confidence, Decisions, Moments, Sited, Supplied

MOMENT = "weekday 18:30"


def with_decisions(assessment: SyntheticAssessment, **parts: object) -> SyntheticAssessment:
    """Hang decisions on an assessment, which has no field for them."""
    object.__setattr__(assessment, "decisions", Decisions(**parts))
    return assessment


def all_decisions(assessment: SyntheticAssessment) -> dict[str, object]:
    """Invent one of each."""
    return {
        "moments": moments(),
        "supplied": (supplied(assessment),),
        "sited": (sited(), sited("pmedian")),
        "confidence": confidence(assessment),
        "reconciled": reconciled(),
    }


def moments() -> Moments:
    """Of 200 residents 150 are near a clinic, 60 to 90 of them near one that is open."""
    rows = [
        (MOMENT, "county", 200.0, 150.0, 60.0, 90.0),
        (MOMENT, "430527101", 200.0, 150.0, 60.0, 90.0),
    ]
    coverage = pd.DataFrame(
        [
            {
                "moment": moment,
                "scope": scope,
                "circle": "urban_life_15",
                "kind": "clinic",
                "limit": 15.0,
                "limit_unit": "minutes",
                "persons": persons,
                "covered_any": near,
                "covered_low": low,
                "covered_high": high,
                "flag": "confirmed",
            }
            for moment, scope, persons, near, low, high in rows
        ]
    ).set_index(["moment", "scope", "circle", "kind"])
    openings = pd.DataFrame(
        {"open": [2], "closed": [3], "unknown": [1]},
        index=pd.MultiIndex.from_tuples([(MOMENT, "clinic")], names=["moment", "kind"]),
    )
    eight = pd.DataFrame(
        {
            "facilities": [6],
            "known": [5],
            "unknown": [1],
            "eight": [4],
            "share_of_known": [0.8],
            "judged": [True],
        },
        index=pd.Index(["clinic"], name="kind"),
    )
    return Moments(
        {MOMENT: {"zh": "工作日 18:30", "en": "weekdays 18:30"}}, coverage, openings, eight
    )


def supplied(assessment: SyntheticAssessment) -> Supplied:
    """Half of the cells have 2 per 1,000 residents, the others have nothing in reach."""
    cells = assessment.cells
    near = np.arange(len(cells)) % 2 == 0
    found = pd.DataFrame(
        {
            "unit_id": cells["unit_id"].to_numpy(),
            "demand": cells["persons"].to_numpy(),
            "facilities": near.astype(int),
            "unknown_facilities": 0,
            "supply": np.where(near, 2.0, 0.0),
        },
        index=cells.index,
    )
    clinics = assessment.facilities[assessment.facilities["kind"] == "clinic"]
    facilities = pd.DataFrame(
        {
            "name": clinics["name"].to_numpy(),
            "capacity": 1.0,
            "within": 500.0,
            "catchment": 500.0,
            "ratio": 2.0,
        },
        index=clinics.index,
    )
    return Supplied(
        kind="clinic",
        minutes=15.0,
        method="2sfca",
        capacity=None,
        demand="persons",
        cells=found,
        facilities=facilities,
        units=supply_by_unit(found, assessment.units),
        lorenz=lorenz(found["supply"], found["demand"]),
    )


def sited(objective: str = "mclp") -> Sited:
    """Two sites gain 300 and 100 of the 1,000 residents judged; 500 were served before."""
    x, y = ORIGIN
    sites = gpd.GeoDataFrame(
        {
            "candidate_id": ["node-1", "node-2"],
            "name": [None, "=闲置校舍"],
            "source": "nodes",
            "unit_id": ["430527101", "430527102"],
            "unit_name": ["金屋塘镇", "虚构"],
            "lon": [110.1, 110.2],
            "lat": [26.5, 26.6],
            "persons": [300.0, 100.0],
            "persons_total": [300.0, 400.0],
            "covered_share": [0.8, 0.9],
            "person_minutes": [6000.0, 1500.0],
            "mean_minutes": [9.0, 8.0],
            "worst_minutes": [40.0, 30.0],
            "unreached": [10.0, 5.0],
        },
        geometry=gpd.points_from_xy([x + 2000, x + 3000], [y + 2000, y + 3000]),
        index=pd.Index([1, 2], name="rank"),
        crs=CRS,
    )
    by_walking = objective == "pmedian"
    gains = np.array([360_000.0, 450_000.0]) if by_walking else np.array([300.0, 400.0])
    curve = pd.DataFrame(
        {"gained": gains, "marginal": np.diff(gains, prepend=0.0), "bound": gains * 1.1},
        index=pd.Index([1, 2], name="count"),
    )
    asked = {
        "kind": "clinic",
        "objective": objective,
        "count": 2,
        "share": None,
        "candidates_from": "nodes",
        "candidates": 77,
        "persons_judged": 1000.0,
        "persons_served_before": 500.0,
        "persons_served_after": 900.0,
        "sites": 2,
        "found": 400.0,
        "bound": 440.0,
        "gap": 40.0 / 440.0,
        "proven_best": False,
        "unit": "persons newly covered",
        "threshold_minutes": {"urban": 15.0},
    }
    cells = gpd.GeoDataFrame(
        {"unit_id": ["430527101"], "persons": [300.0], "rank": [1]},
        geometry=gpd.points_from_xy([x + 2000], [y + 2000]),
        index=pd.Index([5], name="cell_id"),
        crs=CRS,
    )
    return Sited("clinic", asked, sites, curve, cells)


def confidence(assessment: SyntheticAssessment) -> Confidence:
    """The first gap is a data gap, the second sensitive, all others are robust."""
    gaps = assessment.gaps.index
    verdict = ["no_road", "sensitive", *["robust"] * (len(gaps) - 2)]
    requirements = [("urban_life_15", "post"), ("urban_life_15", "clinic")]
    index = pd.MultiIndex.from_tuples(requirements, names=["circle", "kind"])
    coverage = pd.DataFrame(
        {"share": [0.5, 0.6], "low": [0.4, 0.55], "median": [0.48, 0.6], "high": [0.52, 0.7]}, index
    )
    edge = pd.DataFrame(
        {
            "limit": 15.0,
            "limit_unit": "minutes",
            "persons": 1000.0,
            "outside_facilities": [2, 0],
            "outside_known": [True, False],
            "nearest_outside": [120.0, 0.0],
            "share": [0.5, 0.6],
            "cut_share": [0.45, 0.6],
            "rim_persons": [200.0, 200.0],
            "rim_decided": [50.0, 0.0],
            "rim_lacking": [70.0, 90.0],
        },
        index,
    )
    return Confidence(
        asked={
            "settings": 2,
            "seed": 1,
            "robust": 0.9,
            "persists": 0.5,
            "unmapped_m": 200.0,
            "speed_m_min": [60.0, 80.0],
            "own_speed_m_min": 75.0,
            "snap_limit_m": [200.0, 1000.0],
            "own_snap_limit_m": 1000.0,
            "populations": ["own"],
            "facilities": ["all"],
            "facilities_varied": [],
        },
        settings=pd.DataFrame(
            {
                "speed_m_min": [75.0, 61.0, 79.0],
                "snap_limit_m": [1000.0, 300.0, 700.0],
                "population": "own",
                "facilities": "all",
            },
            index=pd.RangeIndex(3, name="setting"),
        ),
        gaps=pd.DataFrame(
            {
                "verdict": verdict,
                "share": [1.0, 0.5, *[1.0] * (len(gaps) - 2)],
                "unmapped_share": [0.9, *[0.0] * (len(gaps) - 1)],
                "facilities": 7,
            },
            index=gaps,
        ),
        coverage=coverage,
        by_setting=pd.concat({0: coverage[["share"]]}, names=["setting"]),
        edge=edge,
        in_gaps=pd.DataFrame(
            {"persons": [500.0], "low": [480.0], "median": [510.0], "high": [600.0]},
            index=pd.Index(["post"], name="kind"),
        ),
    )


def reconciled() -> pd.DataFrame:
    """Residents agree, clinics are half of what is known, roads have no known figure."""
    rows = [
        ("residents", "county", "", 1000.0, 1000.0, 1.0, "agrees", 0.01, "official"),
        ("facilities", "county", "clinic", 3.0, 6.0, 0.5, "low", 0.0, "official"),
        ("roads", "county", "", 12.5, np.nan, np.nan, "unknown", 0.1, None),
    ]
    names = ["subject", "scope", "key", "measured", "known", "ratio", "verdict", "tolerance"]
    table = pd.DataFrame(rows, columns=[*names, "known_from"])
    return table.set_index(["subject", "scope", "key"])
