"""What if: facilities or roads added and closed, people who walk faster; no file is touched."""

from __future__ import annotations

from lifecircle.scenario.facilities import with_facilities
from lifecircle.scenario.models import (
    SOURCE,
    Added,
    Closed,
    FacilityChanges,
    Moved,
    Scenario,
    WalkChange,
    read_scenario,
    with_scenario,
)
from lifecircle.scenario.place import Place
from lifecircle.scenario.roads import RoadAdded, RoadChanges, RoadClosed

__all__ = [
    "SOURCE",
    "Added",
    "Closed",
    "FacilityChanges",
    "Moved",
    "Place",
    "RoadAdded",
    "RoadChanges",
    "RoadClosed",
    "Scenario",
    "WalkChange",
    "read_scenario",
    "with_facilities",
    "with_scenario",
]
