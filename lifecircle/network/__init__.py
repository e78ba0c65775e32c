"""The walk network: compact arrays, one definition of a place, and doors to osmnx and OSM."""

from __future__ import annotations

from lifecircle.network.graph import WalkNetwork

__all__ = ["WalkNetwork"]
