"""The walk network: compact arrays, one definition of a place, and doors to osmnx and OSM."""

from __future__ import annotations

from lifecircle.network.graph import WalkNetwork
from lifecircle.network.slope import Slope
from lifecircle.network.timing import LATEST

__all__ = ["LATEST", "Slope", "WalkNetwork"]
