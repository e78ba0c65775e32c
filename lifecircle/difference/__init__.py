"""What differs between two runs of one county: years, scenarios, standards; for whom and where."""

from __future__ import annotations

from lifecircle.difference.drawing import difference_map
from lifecircle.difference.facilities import compare_facilities
from lifecircle.difference.runs import Run, read_run, run_of
from lifecircle.difference.tables import Difference, compare_runs
from lifecircle.difference.writing import MAP, RECORD, TABLES, write_difference

__all__ = [
    "MAP",
    "RECORD",
    "TABLES",
    "Difference",
    "Run",
    "compare_facilities",
    "compare_runs",
    "difference_map",
    "read_run",
    "run_of",
    "write_difference",
]
