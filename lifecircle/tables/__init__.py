"""Every table's index, columns, dtypes and units, and the one function that checks them.

Tables are plain pandas / GeoPandas frames, long rather than wide; the index is the identity.
Stages call `check` on what they are given, so that a fault is named where it enters.
"""

from __future__ import annotations

from lifecircle.tables.checks import check, check_crs
from lifecircle.tables.labels import by_kind, code_index, first
from lifecircle.tables.schemas import (
    ACCESS,
    CELLS,
    COVERAGE,
    DENOMINATORS,
    EVIDENCE,
    FACILITIES,
    FACILITY_STATUS,
    FLAGS,
    GAPS,
    ISOCHRONES,
    MOMENTS,
    OPENINGS,
    PLACED_BY,
    RECONCILED,
    RECONCILED_SUBJECTS,
    SCOPE_COUNTY,
    SCORES,
    SETTINGS,
    UNIT_ATTRIBUTES,
    UNIT_SCORES,
    UNITS,
    Column,
    Table,
    yes_columns,
)

__all__ = [
    "ACCESS",
    "CELLS",
    "COVERAGE",
    "DENOMINATORS",
    "EVIDENCE",
    "FACILITIES",
    "FACILITY_STATUS",
    "FLAGS",
    "GAPS",
    "ISOCHRONES",
    "MOMENTS",
    "OPENINGS",
    "PLACED_BY",
    "RECONCILED",
    "RECONCILED_SUBJECTS",
    "SCOPE_COUNTY",
    "SCORES",
    "SETTINGS",
    "UNITS",
    "UNIT_ATTRIBUTES",
    "UNIT_SCORES",
    "Column",
    "Table",
    "by_kind",
    "check",
    "check_crs",
    "code_index",
    "first",
    "yes_columns",
]
