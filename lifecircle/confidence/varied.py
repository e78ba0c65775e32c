"""What is varied: other sources of residents and of facilities, where the county has several."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np

from lifecircle.config import PopulationConfig
from lifecircle.errors import DataWarning, warn
from lifecircle.kernels.graph import Bools
from lifecircle.measuring import Measurement
from lifecircle.residents import place_residents
from lifecircle.sources.osmplaces import SOURCE

OWN: Final = "own"
"""Name of the county's own source of residents."""

EVERY: Final = "all"
"""Name of the county's own sources of facilities: all of them together."""


def populations(measured: Measurement) -> dict[str, gpd.GeoDataFrame]:
    """Give the residents by each source: the county's own, and others that are known.

    A county with a raster and totals is also looked at by the raster as it is, or fitted to the
    totals: whichever it does not itself take. Others are those of ``[confidence] population``.

    Parameters
    ----------
    measured
        The county.

    Returns
    -------
    dict
        Name of the source -> table per `lifecircle.tables.CELLS`; the county's own first.

    Raises
    ------
    InputError
        A source is missing or wrong.
    """
    found = {OWN: measured.cells}
    for name, source in _sources(measured).items():
        found[name] = _placed(measured, source)
    return found


def _sources(measured: Measurement) -> dict[str, PopulationConfig]:
    """Name the sources beside the county's own, each once."""
    own = measured.config.population
    known = bool(measured.units["residents"].notna().any())
    others = []
    if own.raster is not None and known:
        others.append(own.model_copy(update={"totals": not own.totals}))
    named: dict[str, PopulationConfig] = {}
    done = [own]
    for source in (*others, *measured.config.confidence.population):
        if source not in done:
            done.append(source)
            name = _name(source)
            same = sum(other == name or other.startswith(f"{name} (") for other in named)
            named[f"{name} ({same + 1})" if same else name] = source
    return named


def _name(source: PopulationConfig) -> str:
    if source.raster is None:
        return f"totals {source.cell_m:g} m"
    return f"{'raster_fitted' if source.totals else 'raster'} {source.raster.path.name}"


def _placed(measured: Measurement, source: PopulationConfig) -> gpd.GeoDataFrame:
    """Place residents by another source; what was told of the county's own is not told again."""
    reading = measured.reading
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        cells, _ = place_residents(
            source, reading.units, reading.boundary, reading.extract, reading.network
        )
    for text in dict.fromkeys(str(one.message) for one in caught):
        if text not in measured.log.warnings:
            warn(text)
    return cells


def facility_sources(measured: Measurement) -> dict[str, Bools]:
    """Tell which facilities count by each source: all, the ledgers' alone, OSM's alone.

    A kind that only one source knows is taken from that source in all cases. A facility that
    stands in both counts for both, where the ledger has it.

    Parameters
    ----------
    measured
        The county.

    Returns
    -------
    dict
        Name of the source -> flag by row of the facilities; ``all`` alone where no kind is known
        to both.
    """
    facilities = measured.facilities
    kind = facilities["kind"].to_numpy(dtype=object)
    osm = from_osm(facilities)
    known_to_osm = osm | in_both(measured, facilities)
    both = sorted(set(kind[~osm]) & set(kind[known_to_osm]))
    every = np.ones(len(facilities), np.bool_)
    if not both:
        return {EVERY: every}
    other = ~np.isin(kind, np.array(both, dtype=object))
    return {EVERY: every, "ledger": other | ~osm, "osm": other | known_to_osm}


def from_osm(facilities: gpd.GeoDataFrame) -> Bools:
    """Tell which facilities are from OSM alone.

    Parameters
    ----------
    facilities
        Table per `lifecircle.tables.FACILITIES`.
    """
    return np.asarray(facilities["source"].to_numpy(dtype=object) == SOURCE)


def in_both(measured: Measurement, facilities: gpd.GeoDataFrame) -> Bools:
    """Tell which facilities of a ledger were found in OSM, too.

    Parameters
    ----------
    measured
        The county, with its ``merges``.
    facilities
        Its facilities, or its inventory.
    """
    merged = set(measured.merges.index)
    rows: Mapping[str, str] = dict(zip(facilities.index, facilities["kind"], strict=True))
    found = [str(name).removesuffix(f"#{kind}") in merged for name, kind in rows.items()]
    return np.array(found, dtype=np.bool_)
