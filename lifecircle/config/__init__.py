"""The county's one TOML file: what to read, how people walk, what to judge by.

Paths are relative to the file. Unknown keys are errors; all faults of a file are listed at once.
"""

from __future__ import annotations

from lifecircle.config.models import (
    BoundaryConfig,
    CountyConfig,
    Dataset,
    FacilitiesConfig,
    IsochronesConfig,
    Ledger,
    MapConfig,
    PopulationConfig,
    ReportConfig,
    RoadsConfig,
    UnitsConfig,
    WalkProfile,
)
from lifecircle.config.reading import datasets, load_config, read_config

__all__ = [
    "BoundaryConfig",
    "CountyConfig",
    "Dataset",
    "FacilitiesConfig",
    "IsochronesConfig",
    "Ledger",
    "MapConfig",
    "PopulationConfig",
    "ReportConfig",
    "RoadsConfig",
    "UnitsConfig",
    "WalkProfile",
    "datasets",
    "load_config",
    "read_config",
]
