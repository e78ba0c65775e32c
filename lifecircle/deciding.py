"""What helps to decide, as a county's file asks for it: supply, sites, moments, confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import geopandas as gpd

from lifecircle.catchment import supply, with_group
from lifecircle.confidence import gap_confidence
from lifecircle.config import SitingConfig, SupplyConfig
from lifecircle.daytime import moments_of
from lifecircle.errors import Fault, InputError, warn
from lifecircle.measuring import Measurement
from lifecircle.reconciling import reconcile_known
from lifecircle.render.supplying import supplied_of
from lifecircle.siting.proposing import propose_sites
from lifecircle.siting.writing import sited_of
from lifecircle.standards import Standard
from lifecircle.tables.decisions import Decisions, Sited, Supplied

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


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
    ConfigError
        Something is no moment, or no kind.

    Warns
    -----
    DataWarning
        A supply or a siting that was asked for cannot be had, as a column is missing, the standard
        does not require the kind, or no choice of sites does what is asked. It is left out.
    """
    config = measured.config
    return Decisions(
        moments=moments_of(measured, standard),
        supplied=_granted("supply", config.supply, partial(_supplied, measured)),
        sited=_granted("siting", config.siting, partial(_sited, measured)),
        confidence=gap_confidence(measured, standard, gaps) if config.confidence.settings else None,
        reconciled=reconcile_known(measured.reading),
    )


def _granted(
    name: str, wishes: Sequence[Wish], answer: Callable[[Wish], Answer]
) -> tuple[Answer, ...]:
    """Answer wishes one by one; one that cannot be met is told, and costs no other."""
    answers = []
    for number, wish in enumerate(wishes):
        try:
            answers.append(answer(wish))
        except InputError as error:
            for fault in error.faults:
                where = f"{name}[{number}] {fault.where}"
                warn(str(Fault(where, fault.what, fault.remedy, severity="warning")))
    return tuple(answers)


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
