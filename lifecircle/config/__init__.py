"""The county's one TOML file: what to read, how people walk, what to judge by.

Paths are relative to the file. Unknown keys are errors; all faults of a file are listed at once.
"""

from __future__ import annotations

from lifecircle.config.models import CountyConfig, IsochronesConfig, MapConfig, ReportConfig
from lifecircle.config.profile import WalkConfig, WalkProfile, profiles
from lifecircle.config.reading import datasets, load_config, read_config
from lifecircle.config.sources import (
    BoundaryConfig,
    Dataset,
    FacilitiesConfig,
    Ledger,
    PopulationConfig,
    RoadsConfig,
    UnitsConfig,
)
from lifecircle.config.wishes import (
    ConfidenceConfig,
    ReconcileConfig,
    SitingConfig,
    SupplyConfig,
    TimeConfig,
    Tolerances,
)

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
