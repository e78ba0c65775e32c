"""What helps to decide, beside the verdicts of an assessment: tables, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import pandas as pd


@dataclass(frozen=True, eq=False)
class Moments:
    """Coverage at moments of the week, by opening hours.

    Parameters
    ----------
    labels
        Key of a moment -> its name in ``zh`` and ``en``.
    coverage, openings
        Tables per `lifecircle.tables.MOMENTS` and `lifecircle.tables.OPENINGS`.
    eight_hours
        Index kind; ``facilities``, ``known`` (hours a day are known), ``eight`` (open at least 8
        hours a day), ``unknown``.
    """

    labels: Mapping[str, Mapping[str, str]]
    coverage: pd.DataFrame
    openings: pd.DataFrame
    eight_hours: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Supplied:
    """Supply of one kind of facility, per 1,000 residents.

    Parameters
    ----------
    kind, minutes, method, capacity, demand
        What was asked for, as `lifecircle.supply` takes it.
    cells, facilities
        As `lifecircle.catchment.Supply` has them.
    units
        As `lifecircle.supply_by_unit` gives them: the county first.
    lorenz
        As `lifecircle.lorenz` gives it: columns ``people`` and ``supply``, shares from 0 to 1.
    """

    kind: str
    minutes: float
    method: str
    capacity: str | None
    demand: str
    cells: pd.DataFrame
    facilities: pd.DataFrame
    units: pd.DataFrame
    lorenz: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Sited:
    """Proposed sites for one kind of facility.

    Parameters
    ----------
    kind
        What is to be built.
    asked
        The record of the search: objective, count, candidates, bound, gap.
    sites
        Ranked sites with residents gained, Points in the county's metric CRS.
    curve
        Index ``count``; what each further site adds.
    cells
        Cells newly covered.
    """

    kind: str
    asked: Mapping[str, Any]
    sites: gpd.GeoDataFrame
    curve: pd.DataFrame
    cells: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class Confidence:
    """How sure the gaps are: a sweep over settings that nobody knows exactly.

    Parameters
    ----------
    asked
        Number of settings, seed, and the range of each.
    settings
        Index ``setting`` (0 is the county's own); one column per thing that was varied.
    gaps
        Index ``gap_id``, as the assessment's gaps: ``verdict`` (``robust``, ``sensitive`` or
        ``no_road``), ``share`` of settings in which most of its residents are still in a gap, 0 to
        1, ``unmapped_share`` of its residents who live off the network or far from any road,
        ``facilities`` of its kind that are known at all: where it is 0, nobody knows any.
    coverage
        Index (circle, kind): ``share`` of residents covered in the county's own setting, ``low``,
        ``median`` and ``high`` over all settings.
    by_setting
        Index (setting, circle, kind): ``share``.
    edge
        What the county's edge does: residents whose nearest facility lies outside the county, and
        coverage if nothing outside were known.
    in_gaps
        Index kind: ``persons`` beyond its threshold in the county's own setting, ``low``,
        ``median`` and ``high`` over all settings.
    completeness
        Index unit_id: how completely its roads, and its ledger's facilities in OSM, are mapped.
    """

    asked: Mapping[str, Any]
    settings: pd.DataFrame
    gaps: pd.DataFrame
    coverage: pd.DataFrame
    by_setting: pd.DataFrame
    edge: pd.DataFrame
    in_gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    completeness: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, eq=False)
class Decisions:
    """All that helps to decide beside the verdicts; what was not asked for is empty or None.

    Parameters
    ----------
    moments
        Coverage by opening hours.
    supplied
        Supply, one for each that was asked for.
    sited
        Proposed sites, one for each that was asked for.
    confidence
        The sweep over settings.
    reconciled
        Table per `lifecircle.tables.RECONCILED`: what was measured against what is known.
    """

    moments: Moments | None = None
    supplied: tuple[Supplied, ...] = ()
    sited: tuple[Sited, ...] = ()
    confidence: Confidence | None = None
    reconciled: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __bool__(self) -> bool:
        """Tell whether there is anything to show."""
        asked = (self.moments, self.confidence, self.supplied or None, self.sited or None)
        return any(part is not None for part in asked) or len(self.reconciled) > 0


NOTHING: Final = Decisions()
"""Nothing was asked for."""
