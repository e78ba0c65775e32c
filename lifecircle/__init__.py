"""lifecircle: walking-time life circles of a county, from road network to offline map.

The public names, in the order of the pipeline:

>>> import lifecircle
>>> lifecircle.__all__[:3]
['read_config', 'assess', 'Assessment']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name -> module. They are imported at first use, so that `lifecircle --help` stays fast.
_HOMES = {
    "read_config": "config",
    "assess": "county",
    "Assessment": "county",
    "measure": "measuring",
    "judge": "county",
    "decide": "county",
    "assess_profiles": "county",
    "show_progress": "render.stages",
    "read_scenario": "scenario",
    "start_county": "starting",
    "check_county": "checking",
    "read_standard": "standards",
    "read_osm": "sources.osm",
    "merge_facilities": "matching",
    "serving": "service",
    "WalkProfile": "config",
    "WalkNetwork": "network",
    "cells_from_raster": "population",
    "cells_from_totals": "population",
    "dwelling_evidence": "dwelling",
    "reconcile": "population",
    "nearest_times": "reach",
    "travel_times": "reach",
    "pair_times": "reach",
    "isochrones": "isochrone",
    "coverage": "indicator",
    "scores": "score",
    "unit_scores": "score",
    "gaps": "gap",
    "scorecard": "plan",
    "roll_up": "plan",
    "supply": "catchment",
    "supply_by_unit": "catchment",
    "gini": "inequality",
    "lorenz": "inequality",
    "propose_sites": "siting.proposing",
    "parse_moment": "moment",
    "coverage_at": "moment",
    "openings": "moment",
    "eight_hours": "moment",
    "moments_of": "daytime",
    "reconcile_known": "reconciling",
    "read_county": "measuring",
    "walk": "measuring",
    "gap_confidence": "confidence",
    "readable_table": "render.showing",
    "coverage_map": "render.web.maps",
    "comparison_map": "render.web.comparison",
    "write_outputs": "render.writing",
    "read_run": "difference",
    "run_of": "difference",
    "compare_runs": "difference",
    "difference_map": "difference",
    "write_difference": "difference",
}

__all__ = [  # noqa: RUF022 - in pipeline order
    "read_config",
    "assess",
    "Assessment",
    "measure",
    "read_county",
    "walk",
    "judge",
    "decide",
    "assess_profiles",
    "show_progress",
    "read_scenario",
    "start_county",
    "check_county",
    "read_standard",
    "read_osm",
    "merge_facilities",
    "serving",
    "WalkProfile",
    "WalkNetwork",
    "cells_from_raster",
    "cells_from_totals",
    "dwelling_evidence",
    "reconcile",
    "nearest_times",
    "travel_times",
    "pair_times",
    "isochrones",
    "coverage",
    "scores",
    "unit_scores",
    "gaps",
    "scorecard",
    "roll_up",
    "supply",
    "supply_by_unit",
    "gini",
    "lorenz",
    "propose_sites",
    "parse_moment",
    "coverage_at",
    "openings",
    "eight_hours",
    "moments_of",
    "reconcile_known",
    "gap_confidence",
    "readable_table",
    "coverage_map",
    "comparison_map",
    "write_outputs",
    "read_run",
    "run_of",
    "compare_runs",
    "difference_map",
    "write_difference",
]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from lifecircle.catchment import supply, supply_by_unit
    from lifecircle.checking import check_county
    from lifecircle.confidence import gap_confidence
    from lifecircle.config import WalkProfile, read_config
    from lifecircle.county import Assessment, assess, assess_profiles, decide, judge
    from lifecircle.daytime import moments_of
    from lifecircle.difference import (
        compare_runs,
        difference_map,
        read_run,
        run_of,
        write_difference,
    )
    from lifecircle.dwelling import dwelling_evidence
    from lifecircle.gap import gaps
    from lifecircle.indicator import coverage
    from lifecircle.inequality import gini, lorenz
    from lifecircle.isochrone import isochrones
    from lifecircle.matching import merge_facilities
    from lifecircle.measuring import measure, read_county, walk
    from lifecircle.moment import coverage_at, eight_hours, openings, parse_moment
    from lifecircle.network import WalkNetwork
    from lifecircle.plan import roll_up, scorecard
    from lifecircle.population import cells_from_raster, cells_from_totals, reconcile
    from lifecircle.reach import nearest_times, pair_times, travel_times
    from lifecircle.reconciling import reconcile_known
    from lifecircle.render.showing import readable_table
    from lifecircle.render.stages import show_progress
    from lifecircle.render.web.comparison import comparison_map
    from lifecircle.render.web.maps import coverage_map
    from lifecircle.render.writing import write_outputs
    from lifecircle.scenario import read_scenario
    from lifecircle.score import scores, unit_scores
    from lifecircle.service import serving
    from lifecircle.siting.proposing import propose_sites
    from lifecircle.sources.osm import read_osm
    from lifecircle.standards import read_standard
    from lifecircle.starting import start_county


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lifecircle' has no attribute {name!r}")
    return getattr(import_module(f"lifecircle.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
