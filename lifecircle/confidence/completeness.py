"""How completely the roads and the ledger's facilities are mapped, unit by unit."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.confidence.joining import nearest_road
from lifecircle.confidence.varied import from_osm, in_both
from lifecircle.kernels.graph import Floats, Longs
from lifecircle.measuring import Measurement

FAR_M: Final = 100.0
"""A facility of a ledger further than this from every mapped road lacks its road. Ours."""

THIN: Final = 1.0 / 3.0
"""Roads are thin where both densities are below this part of the county's. Ours."""


def completeness(measured: Measurement) -> pd.DataFrame:
    """Set each unit's mapped roads against its residents, and its ledger against OSM.

    Parameters
    ----------
    measured
        The county.

    Returns
    -------
    DataFrame
        Index unit_id, in the order of the units:

        - ``residents``, ``area_km2``, ``road_km`` inside the unit (all mapped ways that can be
          walked), ``road_km_per_1000`` residents and ``road_km_per_km2``;
        - ``thin``: people live there, and both densities are below a third (ours) of the county's:
          roads are probably missing;
        - ``ledger_facilities`` in the unit, of any kind; ``far_from_road`` of these, further than
          100 m (ours) from every mapped road; ``in_osm``: those that stand in OSM too, and
          ``in_osm_share``; NaN where the two were not compared.
    """
    units = measured.units
    residents = measured.cells.groupby("unit_id")["persons"].sum()
    area = np.asarray(shapely.area(np.asarray(units.geometry))) / 1e6
    table = pd.DataFrame(
        {
            "residents": residents.reindex(units.index, fill_value=0.0).to_numpy(),
            "area_km2": area,
            "road_km": _road_km(measured),
        },
        index=units.index,
    )
    people, km = table["residents"], table["road_km"]
    table["road_km_per_1000"] = 1000.0 * km / people.where(people > 0)
    table["road_km_per_km2"] = km / table["area_km2"]
    by_person = km.sum() / people.sum() * 1000.0
    by_area = km.sum() / area.sum()
    table["thin"] = (table["road_km_per_1000"] < THIN * by_person) & (
        table["road_km_per_km2"] < THIN * by_area
    )
    return table.assign(**_ledger(measured))


def _road_km(measured: Measurement) -> Floats:
    """Measure the mapped ways inside each unit."""
    network = measured.network
    whole = measured.streets if network.whole is None else network.whole.streets()
    lines, areas = np.asarray(whole.geometry), np.asarray(measured.units.geometry)
    shapely.prepare(areas)
    unit, line = shapely.STRtree(lines).query(areas, predicate="intersects")
    metres = shapely.length(lines)[line]
    cut = ~shapely.covers(areas[unit], lines[line])
    metres[cut] = shapely.length(shapely.intersection(lines[line[cut]], areas[unit[cut]]))
    return np.bincount(unit, metres, minlength=len(areas)).astype(np.float64) / 1000.0


def _ledger(measured: Measurement) -> dict[str, Floats]:
    """Count the ledger's facilities of each unit."""
    inventory, units = measured.inventory, measured.units
    osm = from_osm(inventory)
    ledger = inventory[~osm]
    unit = _unit_of(ledger, units)
    at, owner = shapely.get_coordinates(np.asarray(ledger.geometry), return_index=True)
    road = nearest_road(measured.reading.network, at[:, 0], at[:, 1], FAR_M)
    near = np.bincount(owner, ~road.off_network, minlength=len(ledger)) > 0

    def counted(some: np.ndarray) -> Floats:
        return np.bincount(unit[some & (unit >= 0)], minlength=len(units)).astype(np.float64)

    every = counted(np.ones(len(ledger), np.bool_))
    compared = bool(osm.any()) and measured.config.facilities.match
    both = counted(in_both(measured, ledger)) if compared else np.full(len(units), np.nan)
    share = np.divide(both, every, out=np.full(len(units), np.nan), where=every > 0)
    return {
        "ledger_facilities": every,
        "far_from_road": counted(~near),
        "in_osm": both,
        "in_osm_share": share,
    }


def _unit_of(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> Longs:
    """Give the unit that each place lies in; -1 where in none."""
    found = np.full(len(places), -1, np.int64)
    tree = shapely.STRtree(np.asarray(units.geometry))
    place, unit = tree.query(np.asarray(places.geometry), predicate="intersects")
    found[place[::-1]] = unit[::-1]  # on a border: the first
    return found
