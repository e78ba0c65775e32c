"""What helps to decide, as a county's file asks for it: supply, sites, moments, confidence."""

from __future__ import annotations

import geopandas as gpd

from lifecircle.catchment import supply, with_group
from lifecircle.confidence import gap_confidence
from lifecircle.config import SitingConfig, SupplyConfig
from lifecircle.daytime import moments_of
from lifecircle.measuring import Measurement
from lifecircle.reconciling import reconcile_known
from lifecircle.render.supplying import supplied_of
from lifecircle.siting.proposing import propose_sites
from lifecircle.siting.writing import sited_of
from lifecircle.standards import Standard
from lifecircle.tables.decisions import Decisions, Sited, Supplied


def decisions_of(measured: Measurement, standard: Standard, gaps: gpd.GeoDataFrame) -> Decisions:
    """Work out all that a county's file asks for; known figures are always reconciled.

    Parameters
    ----------
    measured
        The county, as `lifecircle.measure` gives it.
    standard
        What it is held against.
    gaps
        What was found by it, per `lifecircle.tables.GAPS`.

    Returns
    -------
    Decisions

    Raises
    ------
    InputError
        A kind is asked for that the standard does not require, or a column is missing.
    ConfigError
        Something is no moment, or no kind.
    """
    config = measured.config
    return Decisions(
        moments=moments_of(measured, standard),
        supplied=tuple(_supplied(measured, asked) for asked in config.supply),
        sited=tuple(_sited(measured, asked) for asked in config.siting),
        confidence=gap_confidence(measured, standard, gaps) if config.confidence.settings else None,
        reconciled=reconcile_known(measured.reading),
    )


def _supplied(measured: Measurement, asked: SupplyConfig) -> Supplied:
    cells = measured.cells
    if asked.demand not in cells.columns:
        cells = with_group(cells, measured.units, asked.demand)
    found = supply(
        measured.network,
        measured.facilities,
        cells,
        kind=asked.kind,
        minutes=asked.minutes,
        method=asked.method,
        capacity=asked.capacity,
        demand=asked.demand,
        networks=measured.networks,
    )
    return supplied_of(found, measured.units)


def _sited(measured: Measurement, asked: SitingConfig) -> Sited:
    proposal = propose_sites(
        measured,
        asked.kind,
        objective=asked.objective,
        count=asked.count,
        share=asked.share,
        capacity=asked.capacity,
        candidates=asked.candidates if asked.file is None else asked.file.path,
        time_limit=asked.time_limit,
    )
    return sited_of(proposal)
