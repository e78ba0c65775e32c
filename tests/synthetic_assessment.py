"""A synthetic assessment: invented county, invented people, times of a walk on a perfect grid.

Nothing in here is real. It is small enough to check by hand where a test needs that, and its names
are hostile, as a ledger typed by strangers may be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import CountyConfig
from lifecircle.standards import Standard, read_standard
from lifecircle.tables import DENOMINATORS

CRS = 4546  # CGCS2000, central meridian 111 E
ORIGIN = (418_000.0, 2_940_000.0)
METRES_PER_SECOND = 1.25  # 4.5 km/h
KINDS = ("post", "retail", "clinic", "school", "park", "sport")
HOSTILE = (
    "<script>alert(1)</script>",
    '</script><img src=x onerror="window.hacked=1">',
    "{{7*7}}{% raw %}{#",
    '=HYPERLINK("http://example.invalid")',
    'O\'Brien & "Söhne" \u2028 \\u003c',
    "+86 739 555",
)
STANDARD = {
    "replace": True,
    "circles": {
        "urban_life_15": {
            "zh": "城市社区15分钟生活圈",
            "en": "Urban 15-minute life circle",
            "settings": ["urban"],
            "flag": "confirmed",
            "source": "plan [11]",
        },
        "township_convenience": {
            "zh": "乡镇便民生活圈",
            "en": "Township convenience circle",
            "settings": ["township", "rural"],
            "flag": "unverified",
            "source": "recalled <b>only</b>",
        },
    },
    "requirements": [
        {
            "circle": "urban_life_15",
            "kinds": list(KINDS),
            "minutes": 15,
            "flag": "confirmed",
            "source": "plan [11]",
        },
        {
            "circle": "township_convenience",
            "kinds": ["post", "retail", "clinic", "school"],
            "minutes": 30,
            "flag": "unverified",
            "source": "recalled",
        },
        {
            "circle": "township_convenience",
            "kinds": ["sport"],
            "metres": 2000,
            "flag": "ours",
            "source": "ours",
        },
    ],
    "exclude": {"gas": "no <i>ledger</i>"},
    "gap_kinds": ["post", "retail", "clinic"],
}


@dataclass(frozen=True)
class SyntheticAssessment:
    """All that a map is drawn from, as invented tables."""

    config: CountyConfig
    standard: Standard
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    access: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    scores: pd.DataFrame
    unit_scores: pd.DataFrame
    gaps: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame | None = None
    generated: str = "2026-01-31"
    run: dict[str, Any] = field(default_factory=dict)


def synthetic_assessment(
    *, across: int = 66, facilities: int = 40, seed: int = 7, kinds: tuple[str, ...] = KINDS
) -> SyntheticAssessment:
    """Invent a county about `across` cells wide (66: some 3,000 cells), with six units."""
    random = np.random.default_rng(seed)
    side = across * 100.0
    config, standard = synthetic_config(), read_standard(synthetic_config().standard)
    units = _units(side)
    places = _facilities(random, side, facilities, kinds)
    cells = _cells(units, side, across)
    access = _access(cells, places)
    scores = _scores(cells, access, standard)
    coverage = _coverage(cells, access, standard)
    return SyntheticAssessment(
        config=config,
        standard=standard,
        facilities=places,
        units=units,
        cells=cells,
        access=access,
        isochrones=_isochrones(places, units),
        coverage=coverage,
        scores=scores,
        unit_scores=_unit_scores(cells, scores),
        gaps=_gaps(cells, access, units),
        streets=_streets(units, side),
        run={"config": {"name": "synthetic"}, "seconds": {"reach": 0.5}, "share": float("nan")},
    )


def synthetic_config() -> CountyConfig:
    """Invent the county's file; the datasets it names are never opened."""
    data = {"source": "Invented <b>bureau</b>", "date": "2025-06-30", "licence": "none"}
    return CountyConfig.model_validate(
        {
            "name": "synthetic",
            "zh": "虚构县<i>",
            "en": "Synthetic County <i>",
            "notice_zh": "示例数据，全部虚构",
            "notice_en": "Sample data, all invented",
            "roads": {"osm": {**data, "path": "roads.osm.pbf", "source": "OpenStreetMap"}},
            "facilities": {"files": [{**data, "path": "ledger.csv"}]},
            "units": {"file": {**data, "path": "units.gpkg", "date": "2024"}},
            "population": {"totals": True, "cell_m": 100},
            "standard": STANDARD,
            "map": {"producer": "虚构规划局 & Co"},
            "path": Path("county.toml"),
        }
    )


def _units(side: float) -> gpd.GeoDataFrame:
    x0, y0 = ORIGIN
    county = shapely.affinity.scale(
        shapely.Point(x0 + side / 2, y0 + side / 2).buffer(side / 2, quad_segs=24), 1.0, 0.85
    )
    boxes = [
        shapely.box(
            x0 + i * side / 3, y0 + j * side / 2, x0 + (i + 1) * side / 3, y0 + (j + 1) * side / 2
        )
        for j in range(2)
        for i in range(3)
    ]
    names = ["长铺镇", "金屋塘镇", HOSTILE[1], "河口苗族乡", None, "寨市乡"]
    return gpd.GeoDataFrame(
        {
            "name": names,
            "setting": ["rural", "urban", "township", "rural", "urban", "township"],
            "residents": [4000.0, 21000.0, 9000.0, 3000.0, 12000.0, np.nan],
            "priority": [2.0, 1.0, 1.0, 1.5, 1.0, 1.0],
        },
        geometry=[county & box for box in boxes],
        index=pd.Index([f"43052710{i}" for i in range(6)], name="unit_id"),
        crs=CRS,
    )


def _facilities(
    random: np.random.Generator, side: float, count: int, kinds: tuple[str, ...]
) -> gpd.GeoDataFrame:
    x0, y0 = ORIGIN
    spots = random.normal(0.5, 0.16, (count, 2)).clip(0.12, 0.88) * side + (x0, y0)
    points = shapely.points(spots).astype(object)
    kind = np.resize(np.array(kinds), count)
    names = [f"{k} 第{i + 1}处" for i, k in enumerate(kind)]
    names[: len(HOSTILE)] = HOSTILE[:count]
    if count > 10:
        names[10] = None
    for i in np.flatnonzero(kind == "park"):
        points[i] = shapely.MultiPoint(spots[i] + np.array([[0, 0], [150, 0], [0, 150]]))
    return gpd.GeoDataFrame(
        {
            "kind": kind,
            "name": pd.array(names, dtype="str"),
            "source": "ledger.csv",
            "hours": "08:00-17:00",
            "capacity": np.where(kind == "school", 300.0, np.nan),
        },
        geometry=points,
        index=pd.Index([f"f{i:03d}" for i in range(count)], name="facility_id"),
        crs=CRS,
    )


def _cells(units: gpd.GeoDataFrame, side: float, across: int) -> gpd.GeoDataFrame:
    x0, y0 = ORIGIN
    columns, rows = np.meshgrid(np.arange(across), np.arange(across))
    x, y = x0 + columns.ravel() * 100.0, y0 + rows.ravel() * 100.0
    squares = shapely.box(x, y, x + 100.0, y + 100.0)
    pieces, owners = [], []
    for unit_id, shape in units.geometry.items():
        shapely.prepare(shape)
        near = shapely.intersects(shape, squares)
        parts = squares[near]
        cut = ~shapely.contains(shape, parts)
        parts[cut] = shapely.intersection(parts[cut], shape)
        parts = parts[shapely.area(parts) > 1.0]
        pieces.append(parts)
        owners.append(np.full(len(parts), unit_id, dtype=object))
    shapes, unit = np.concatenate(pieces), np.concatenate(owners)
    centre = shapely.centroid(shapes)
    middle = shapely.points(x0 + side / 2, y0 + side / 2)
    near = np.exp(-((shapely.distance(centre, middle) / (0.25 * side)) ** 2))
    persons = np.floor(80.0 * near * shapely.area(shapes) / 1e4 * 10.0) / 10.0
    return gpd.GeoDataFrame(
        {
            "unit_id": unit,
            "setting": units["setting"].reindex(unit).to_numpy(),
            "persons": persons,
            "residential_m2": np.where(
                persons > 20.0, 4000.0, np.where(persons > 0.0, 900.0, np.nan)
            ),
            "x": shapely.get_x(centre),
            "y": shapely.get_y(centre),
        },
        geometry=shapes,
        index=pd.RangeIndex(len(shapes), name="cell_id"),
        crs=CRS,
    )


def _access(cells: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> pd.DataFrame:
    frames = []
    here = cells[["x", "y"]].to_numpy()
    for kind in KINDS:
        of_kind = places[places["kind"] == kind]
        metres = np.full(len(cells), np.nan)
        nearest = np.full(len(cells), None, dtype=object)
        points, owner = shapely.get_parts(of_kind.geometry.to_numpy(), return_index=True)
        for point, number in zip(shapely.get_coordinates(points), owner, strict=True):
            walk = np.abs(here - point).sum(axis=1)
            closer = ~(walk >= metres)
            metres[closer], nearest[closer] = walk[closer], of_kind.index[number]
        far = metres > 6000.0  # as if there were no way beyond
        metres[far], nearest[far] = np.nan, None
        frames.append(
            pd.DataFrame(
                {"seconds": metres / METRES_PER_SECOND, "facility_id": nearest, "metres": metres},
                index=pd.MultiIndex.from_product([cells.index, [kind]], names=["cell_id", "kind"]),
            )
        )
    return pd.concat(frames)


def _met(access: pd.DataFrame, requirement: Any) -> pd.Series:
    walk = access.xs(requirement.kind, level="kind")
    if requirement.unit == "metres":
        return walk["metres"] <= requirement.limit
    return walk["seconds"] <= requirement.limit * 60.0


def _scores(cells: gpd.GeoDataFrame, access: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    frames = []
    for key, circle in standard.circles.items():
        judged = cells.index[cells["setting"].isin(circle.settings)]
        asked = standard.for_circle(key)
        met = np.column_stack([_met(access, r).reindex(judged) for r in asked])
        minutes = np.column_stack(
            [access.xs(r.kind, level="kind")["seconds"].reindex(judged) / 60.0 for r in asked]
        )
        kinds = np.array([r.kind for r in asked], dtype=object)
        lag = np.where(met, -np.inf, np.nan_to_num(minutes, nan=1e9))
        frames.append(
            pd.DataFrame(
                {
                    "score": met.mean(axis=1) * 100.0,
                    "complete": met.all(axis=1),
                    "worst_kind": np.where(met.all(axis=1), None, kinds[lag.argmax(axis=1)]),
                    "minutes_to_complete": minutes.max(axis=1),
                    "flag": "confirmed",
                },
                index=pd.MultiIndex.from_product([judged, [key]], names=["cell_id", "circle"]),
            )
        )
    return pd.concat(frames)


def _coverage(cells: gpd.GeoDataFrame, access: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    rows = []
    for r in standard.requirements:
        judged = cells[cells["setting"].isin(standard.circles[r.circle].settings)]
        met = _met(access, r).reindex(judged.index)
        for scope, part in [("county", judged), *judged.groupby("unit_id")]:
            inside = met.reindex(part.index)
            land = part["residential_m2"].fillna(0.0)
            amounts = {
                "population": (part["persons"][inside].sum(), part["persons"].sum()),
                "residential_land": (land[inside].sum(), land.sum()),
            }
            per_unit = part["persons"].groupby(part["unit_id"]).sum()
            share = part["persons"].where(inside, 0.0).groupby(part["unit_id"]).sum() / per_unit
            amounts["communities"] = (float((share >= 0.8).sum()), float(len(share)))
            for name in DENOMINATORS:
                covered, total = amounts[name]
                rows.append((scope, r.circle, r.kind, name, r.limit, r.unit, covered, total))
    frame = pd.DataFrame(
        rows,
        columns=[
            "scope",
            "circle",
            "kind",
            "denominator",
            "limit",
            "limit_unit",
            "covered",
            "total",
        ],
    ).set_index(["scope", "circle", "kind", "denominator"])
    frame["share"] = frame["covered"] / frame["total"].where(frame["total"] > 0)
    flags = {(r.circle, r.kind): r.flag for r in standard.requirements}
    frame["flag"] = [flags[circle, kind] for _, circle, kind, _ in frame.index]
    return frame


def _unit_scores(cells: gpd.GeoDataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    table = scores.reset_index("circle").join(cells[["persons", "unit_id"]])
    rows = []
    for (circle,), of_circle in table.groupby(["circle"]):
        for scope, part in [("county", of_circle), *of_circle.groupby("unit_id")]:
            persons = part["persons"].sum()
            lacking = part[~part["complete"]].groupby("worst_kind")["persons"].sum()
            rows.append(
                {
                    "scope": scope,
                    "circle": circle,
                    "persons": persons,
                    "score": (part["score"] * part["persons"]).sum() / persons,
                    "complete_share": part["persons"][part["complete"]].sum() / persons,
                    "worst_kind": lacking.idxmax() if len(lacking) else None,
                    "minutes_to_complete": part["minutes_to_complete"].median(),
                    "unverified_share": 0.25,
                }
            )
    return pd.DataFrame(rows).set_index(["scope", "circle"])


def _isochrones(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    county = units.union_all()
    rows = []
    for kind, group in places.groupby("kind"):
        for minutes in (5.0, 10.0, 15.0, 30.0):
            reach = minutes * 60.0 * METRES_PER_SECOND / 1.3
            rows.append((kind, minutes, kind, "minutes", group.buffer(reach).union_all() & county))
    frame = pd.DataFrame(rows, columns=["origin", "limit", "kind", "limit_unit", "geometry"])
    return gpd.GeoDataFrame(frame.set_index(["origin", "limit"]), geometry="geometry", crs=CRS)


def _gaps(
    cells: gpd.GeoDataFrame, access: pd.DataFrame, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    rows = []
    for kind in ("post", "retail", "clinic"):
        walk = access.xs(kind, level="kind").reindex(cells.index)
        limit = np.where(cells["setting"] == "urban", 900.0, 1800.0)
        beyond = cells[~(walk["seconds"].to_numpy() <= limit) & (cells["persons"] > 0.0).to_numpy()]
        found = []
        for unit_id, part in beyond.groupby("unit_id"):
            times = walk["seconds"].reindex(part.index)
            nearest = walk["facility_id"].reindex(part.index).mode()
            found.append(
                {
                    "kind": kind,
                    "unit_id": unit_id,
                    "setting": units.loc[unit_id, "setting"],
                    "limit": 15.0 if units.loc[unit_id, "setting"] == "urban" else 30.0,
                    "limit_unit": "minutes",
                    "flag": "unverified",
                    "area_m2": part.area.sum(),
                    "persons": part["persons"].sum(),
                    "nearest_facility_id": nearest.iloc[0] if len(nearest) else None,
                    "nearest_minutes": times.mean() / 60.0,
                    "priority": units.loc[unit_id, "priority"],
                    "geometry": part.union_all(method="coverage"),
                }
            )
        found.sort(key=lambda row: -row["persons"] * row["priority"])
        rows += [{**row, "rank": rank + 1} for rank, row in enumerate(found)]
    index = pd.Index([f"g{i}" for i in range(len(rows))], name="gap_id")
    return gpd.GeoDataFrame(pd.DataFrame(rows, index=index), geometry="geometry", crs=CRS)


def _streets(units: gpd.GeoDataFrame, side: float) -> gpd.GeoDataFrame:
    x0, y0 = ORIGIN
    at = np.arange(0.0, side, 300.0)
    lines = [shapely.LineString([(x0 + d, y0), (x0 + d, y0 + side)]) for d in at]
    lines += [shapely.LineString([(x0, y0 + d), (x0 + side, y0 + d)]) for d in at]
    names = [
        "primary" if i % 8 == 3 else "secondary" if i % 4 == 1 else "residential"
        for i in range(len(lines))
    ]
    streets = gpd.GeoDataFrame({"highway": names}, geometry=lines, crs=CRS)
    return streets.clip(units.union_all().buffer(300.0))
