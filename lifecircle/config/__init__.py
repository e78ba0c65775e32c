"""The county's one TOML file: what to read, how people walk, what to judge by.

Paths are relative to the file. Unknown keys are errors; all faults of a file are listed at once.
"""

from __future__ import annotations

from lifecircle.config.models import (
    BoundaryConfig,
    ConfidenceConfig,
    CountyConfig,
    Dataset,
    FacilitiesConfig,
    IsochronesConfig,
    Ledger,
    MapConfig,
    PopulationConfig,
    ReconcileConfig,
    ReportConfig,
    RoadsConfig,
    SitingConfig,
    SupplyConfig,
    TimeConfig,
    Tolerances,
    UnitsConfig,
)
from lifecircle.config.profile import WalkConfig, WalkProfile, profiles
from lifecircle.config.reading import datasets, load_config, read_config

__all__ = [
    "BoundaryConfig",
    "ConfidenceConfig",
    "CountyConfig",
    "Dataset",
    "FacilitiesConfig",
    "IsochronesConfig",
    "Ledger",
    "MapConfig",
    "PopulationConfig",
    "ReconcileConfig",
    "ReportConfig",
    "RoadsConfig",
    "SitingConfig",
    "SupplyConfig",
    "TimeConfig",
    "Tolerances",
    "UnitsConfig",
    "WalkConfig",
    "WalkProfile",
    "datasets",
    "load_config",
    "profiles",
    "read_config",
]
