"""The schema of every table: its index, its columns, what they hold and in which unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SETTINGS: Final = ("urban", "township", "rural")
"""The three settings of a unit: 城市社区, 乡镇 (town seats) and 农村."""

FLAGS: Final = ("confirmed", "secondary", "ours", "unverified")
"""How surely a threshold is known, the surest first: read in its source, in a secondary source
only, a choice of this project, recalled and not checked (未核实)."""

DENOMINATORS: Final = ("population", "residential_land", "communities")
"""What a coverage share can be taken of: persons, m2 of residential land, units."""

PLACED_BY: Final = (
    "raster",
    "raster_fitted",
    "buildings",
    "streets",
    "paths",
    "residential_land",
    "area",
)
"""What a unit's residents were placed by: a raster, one fitted to the unit's total, or evidence."""

SCOPE_COUNTY: Final = "county"
"""The scope of rows that speak of the whole county; other scopes are unit ids."""


@dataclass(frozen=True)
class Column:
    """One column: its kind of value and what it may hold.

    Parameters
    ----------
    dtype
        ``"number"``, ``"text"`` or ``"flag"``.
    meaning
        Meaning with unit.
    required
        False where a table may lack the column.
    missing
        Whether missing values (NaN, None) are allowed.
    minimum, maximum
        Smallest and largest allowed number.
    allowed
        Allowed words of a text column.
    """

    dtype: str
    meaning: str
    required: bool = True
    missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Table:
    """The schema of one table."""

    name: str
    index: tuple[str, ...]
    columns: Mapping[str, Column]
    geometry: tuple[str, ...] = field(default=())


_LABEL: Final = Column("text", "name shown to people", missing=True)
_LIMIT_UNIT: Final = Column("text", "unit of limit", allowed=("minutes", "metres"))
_FLAG: Final = Column("text", "how surely the threshold is known", allowed=FLAGS)

FACILITY_STATUS: Final = ("in_use", "idle", "planned", "closed")
"""在用, 闲置, 在建 or 规划, 停用. Only facilities in use (or of unknown status) serve anybody."""


def _number(meaning: str) -> Column:
    return Column("number", meaning, required=False, missing=True, minimum=0.0)


def _place(meaning: str) -> Column:
    return Column("number", meaning, required=False, missing=True)


def _text(meaning: str) -> Column:
    return Column("text", meaning, required=False, missing=True)


def _yes(meaning: str) -> Column:
    """Describe a column of 1 (yes), 0 (no) or missing (not reported)."""
    return Column("number", meaning, required=False, missing=True, minimum=0.0, maximum=1.0)


FACILITIES: Final = Table(
    "facilities",
    ("facility_id",),
    {
        "kind": Column("text", "kind key of the standard"),
        "name": _LABEL,
        "source": Column("text", "dataset the facility comes from", missing=True),
        "capacity": _number("beds, places, doctors, ... as capacity_unit says"),
        "capacity_unit": _text("what capacity counts: beds, places, doctors, ..."),
        "hours": _text("opening hours as given"),
        "hours_per_day": _number("hours a day that it is open, mean over the days it opens"),
        "floor_m2": _number("floor area, m2"),
        "activity_m2": _number("of it for residents' activities, m2"),
        "land_m2": _number("land area, m2"),
        "year_built": _number("year of construction"),
        "status": Column(
            "text", "whether it serves", required=False, missing=True, allowed=FACILITY_STATUS
        ),
        "owner": _text("who owns or runs it"),
        "address": _text("address as given"),
        "unit_id": _text("unit that its ledger files it under"),
        "category": _text("the ledger's own word, or the narrower kind, behind kind"),
    },
    ("Point", "MultiPoint"),
)

UNIT_ATTRIBUTES: Final = {
    "households": _number("households"),
    "elderly": _number("residents of 60 years and more"),
    "street": _text("street or township that it belongs to"),
    "community_workers": _number("community workers"),
    "centre_m2": _number("floor area of its service centre, m2"),
    "activity_m2": _number("of it for residents' activities, m2"),
    "new_floor_m2": _number("total floor area, where newly built, m2"),
    "new_commercial_m2": _number("of it commercial and service floor area, m2"),
    "elder_land_m2": _number("land for community elder care, m2"),
    "road_km": _number("official length of its roads, km"),
    "volunteer_station": _yes("its service centre has a volunteer station"),
    "self_service": _yes("government self-service is at hand"),
    "social_work_rooms": _number("social-work rooms"),
    "hardship_elderly": _number("elderly people in special hardship"),
    "hardship_visited": _number("of them visited every month"),
    "has_5g": _yes("5G reaches it"),
    "has_broadband": _yes("broadband reaches it"),
    "rehab_lending": _yes("it lends rehabilitation aids"),
    "education_trial": _yes("it is a community education trial area"),
    "senior_universities": _number("good senior universities"),
    "disaster_officers": _number("disaster information officers"),
    "legal_service": _yes("legal services are at hand"),
    "mediation": _yes("mediation is at hand"),
    "survey": _yes("its satisfaction survey was held"),
    "resettlement": _yes("resettlement quarter (易地搬迁集中安置社区)"),
    "new_housing": _yes("new housing area (新建居住区)"),
    "old_quarter": _yes("old quarter (城镇老旧小区)"),
    "large_village": _yes("larger natural village (较大自然村)"),
}
"""What a county's own ledger of communities may say of each; missing is not reported, never 0."""


def yes_columns() -> tuple[str, ...]:
    """Name the columns of units that hold a yes or no.

    Examples
    --------
    >>> "resettlement" in yes_columns()
    True
    """
    return tuple(name for name, column in UNIT_ATTRIBUTES.items() if column.maximum == 1.0)


UNITS: Final = Table(
    "units",
    ("unit_id",),
    {
        "name": _LABEL,
        "setting": Column("text", "urban, township or rural", missing=True, allowed=SETTINGS),
        "residents": Column("number", "persons", missing=True, minimum=0.0),
        "priority": Column("number", "weight in ranking gaps, 1 = ordinary", minimum=0.0),
        "priority_reasons": _text("why its weight is not 1"),
        **UNIT_ATTRIBUTES,
    },
    ("Polygon", "MultiPolygon"),
)

CELLS: Final = Table(
    "cells",
    ("cell_id",),
    {
        "unit_id": Column("text", "unit that the cell lies in"),
        "setting": Column("text", "setting of its unit", missing=True, allowed=SETTINGS),
        "persons": Column("number", "residents", minimum=0.0),
        "residential_m2": Column("number", "residential land, m2", missing=True, minimum=0.0),
        "x": Column("number", "easting of where its residents live, m"),
        "y": Column("number", "northing of where its residents live, m"),
        "placed_by": Column(
            "text", "what placed its unit's residents", required=False, allowed=PLACED_BY
        ),
    },
    ("Polygon", "MultiPolygon", "Point"),
)

EVIDENCE: Final = Table(
    "evidence",
    ("point_id",),
    {
        "unit_id": Column("text", "unit that the point lies in"),
        "placed_by": Column("text", "what the point stands for", allowed=PLACED_BY),
        "weight": Column("number", "share of its unit's residents, relative", minimum=0.0),
        "x": Column("number", "easting, m"),
        "y": Column("number", "northing, m"),
    },
)

ACCESS: Final = Table(
    "access",
    ("cell_id", "kind"),
    {
        "seconds": Column("number", "walk to the nearest facility, s", missing=True, minimum=0.0),
        "facility_id": Column("text", "that facility", missing=True),
        "metres": Column("number", "shortest walk in m", required=False, missing=True, minimum=0.0),
    },
)

ISOCHRONES: Final = Table(
    "isochrones",
    ("origin", "limit"),
    {
        "kind": Column("text", "kind key"),
        "limit_unit": _LIMIT_UNIT,
    },
    ("Polygon", "MultiPolygon"),
)

COVERAGE: Final = Table(
    "coverage",
    ("scope", "circle", "kind", "denominator"),
    {
        "limit": Column("number", "threshold", minimum=0.0),
        "limit_unit": _LIMIT_UNIT,
        "covered": Column("number", "amount within the threshold", minimum=0.0),
        "total": Column("number", "amount judged", minimum=0.0),
        "share": Column("number", "covered / total, 0 to 1", missing=True, minimum=0.0),
        "flag": _FLAG,
    },
)

SCORES: Final = Table(
    "scores",
    ("cell_id", "circle"),
    {
        "score": Column("number", "weighted share of services reached, 0 to 100", minimum=0.0),
        "complete": Column("flag", "every service reached within its threshold"),
        "worst_kind": Column("text", "service furthest beyond, if any", missing=True),
        "minutes_to_complete": Column("number", "walk that reaches all, min", missing=True),
        "flag": Column("text", "how surely the threshold that decides is known", allowed=FLAGS),
    },
)

UNIT_SCORES: Final = Table(
    "unit_scores",
    ("scope", "circle"),
    {
        "persons": Column("number", "residents judged", minimum=0.0),
        "score": Column("number", "residents' mean, 0 to 100", missing=True, minimum=0.0),
        "complete_share": Column("number", "residents that have it all, 0 to 1", missing=True),
        "worst_kind": Column("text", "what most residents lack, if any", missing=True),
        "minutes_to_complete": Column("number", "median over residents, min", missing=True),
        "unverified_share": Column(
            "number",
            "residents whose verdict an unverified threshold decides, 0 to 1",
            missing=True,
            minimum=0.0,
        ),
    },
)

GAPS: Final = Table(
    "gaps",
    ("gap_id",),
    {
        "kind": Column("text", "kind that is lacking"),
        "unit_id": Column("text", "unit that the gap lies in"),
        "setting": Column("text", "setting of that unit", allowed=SETTINGS),
        "limit": Column("number", "threshold", minimum=0.0),
        "limit_unit": _LIMIT_UNIT,
        "flag": _FLAG,
        "area_m2": Column("number", "area of its cells, m2", minimum=0.0),
        "persons": Column("number", "residents beyond the threshold", minimum=0.0),
        "nearest_facility_id": Column("text", "nearest facility of most residents", missing=True),
        "nearest_minutes": Column("number", "mean walk to the nearest, min", missing=True),
        "priority": Column("number", "weight of the unit", minimum=0.0),
        "priority_reasons": _text("why its weight is not 1"),
        "rank": Column("number", "1 = most urgent within its kind", minimum=1.0),
        "x": _place("easting of where its residents live most densely, m"),
        "y": _place("northing of where its residents live most densely, m"),
    },
    ("Polygon", "MultiPolygon", "Point", "MultiPoint"),
)

MOMENTS: Final = Table(
    "moments",
    ("moment", "scope", "circle", "kind"),
    {
        "limit": Column("number", "threshold", minimum=0.0),
        "limit_unit": _LIMIT_UNIT,
        "persons": Column("number", "residents judged", minimum=0.0),
        "covered_any": Column("number", "of them within the threshold, ever open", minimum=0.0),
        "covered_low": Column("number", "if what may be closed is closed", minimum=0.0),
        "covered_high": Column("number", "if what may be open is open", minimum=0.0),
        "flag": _FLAG,
    },
)

OPENINGS: Final = Table(
    "openings",
    ("moment", "kind"),
    {
        "open": Column("number", "facilities that are open", minimum=0.0),
        "closed": Column("number", "facilities that are closed", minimum=0.0),
        "unknown": Column("number", "facilities whose hours are not known", minimum=0.0),
    },
)

RECONCILED_SUBJECTS: Final = ("residents", "facilities", "roads")
"""What is held against known figures: 人口, 设施 and 道路."""

RECONCILED: Final = Table(
    "reconciled",
    ("subject", "scope", "key"),
    {
        "measured": Column("number", "persons, facilities in use, or km of roads", minimum=0.0),
        "known": Column("number", "the known figure", missing=True, minimum=0.0),
        "ratio": Column("number", "measured / known", missing=True, minimum=0.0),
        "verdict": Column("text", "how they compare", allowed=("agrees", "low", "high", "unknown")),
        "tolerance": Column("number", "largest difference, as a share of known", minimum=0.0),
        "known_from": Column(
            "text",
            "where the known figure is from",
            missing=True,
            allowed=("official", "units", "ledger", "filed", "reported"),
        ),
        "ledger_rows": _number("rows of the ledgers: of their own kind or a narrower one"),
        "far": _number("of these beyond the county and its walks, left out"),
        "outside": _number("of these outside the area of this row"),
        "not_in_use": _number("of these idle, planned or closed"),
        "elsewhere": _number("in use, not of these rows: known to OSM or a scenario alone"),
        "merged": _number("of the ledgers' those that OSM has too, counted once"),
        "other_km": _number("km of footpaths, tracks and other ways beside the roads"),
    },
)
