"""How completely the roads and the ledger's facilities are mapped, unit by unit."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import shapely

from lifecircle.confidence.joining import nearest_road
from lifecircle.confidence.varied import from_osm, in_both
from lifecircle.kernels.graph import Bools, Floats
from lifecircle.measuring import Measurement
from lifecircle.roadlength import area_of, lengths_within

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

        - ``residents``, ``area_km2``; ``road_km`` and ``path_km`` (other ways: tracks, service
          ways, footways) that are mapped inside it; ``way_km_per_1000`` residents and
          ``way_km_per_km2``, of both;
        - ``thin``: people live there, and both densities are below a third (ours) of the county's:
          roads are probably missing;
        - ``ledger_facilities`` in the unit, of any kind; ``far_from_road`` of these, further than
          100 m (ours) from every mapped road; ``in_osm``: those that stand in OSM too, and
          ``in_osm_share``; NaN where the two were not compared.
    """
    units = measured.units
    areas = np.asarray(units.geometry)
    network = measured.network.whole or measured.network
    road_m, path_m = lengths_within(network, areas)
    persons = measured.cells.groupby("unit_id")["persons"].sum()
    people = persons.reindex(units.index, fill_value=0.0).to_numpy(dtype=np.float64)
    area = np.asarray(shapely.area(areas)) / 1e6
    km = (road_m + path_m) / 1000.0
    by_people = 1000.0 * np.divide(km, people, out=np.full(len(km), np.nan), where=people > 0)
    by_area = km / area
    few = 1000.0 * km.sum() / people.sum(), km.sum() / area.sum()
    return pd.DataFrame(
        {
            "residents": people,
            "area_km2": area,
            "road_km": road_m / 1000.0,
            "path_km": path_m / 1000.0,
            "way_km_per_1000": by_people,
            "way_km_per_km2": by_area,
            "thin": (by_people < THIN * few[0]) & (by_area < THIN * few[1]),
            **_ledger(measured, areas),
        },
        index=units.index,
    )


def _ledger(measured: Measurement, areas: np.ndarray) -> dict[str, Floats]:
    """Count the ledger's facilities of each unit."""
    inventory = measured.inventory
    osm = from_osm(inventory)
    ledger = inventory[~osm]
    spots = np.asarray(shapely.point_on_surface(np.asarray(ledger.geometry)))
    unit = area_of(areas, shapely.get_x(spots), shapely.get_y(spots))
    at, owner = shapely.get_coordinates(np.asarray(ledger.geometry), return_index=True)
    road = nearest_road(measured.reading.network, at[:, 0], at[:, 1], FAR_M)
    near = np.bincount(owner, ~road.off_network, minlength=len(ledger)) > 0

    def counted(some: Bools) -> Floats:
        return np.bincount(unit[some & (unit >= 0)], minlength=len(areas)).astype(np.float64)

    every = counted(np.ones(len(ledger), np.bool_))
    compared = bool(osm.any()) and len(ledger) > 0 and measured.config.facilities.match
    both = counted(in_both(measured, ledger)) if compared else np.full(len(areas), np.nan)
    share = np.divide(both, every, out=np.full(len(areas), np.nan), where=every > 0)
    return {
        "ledger_facilities": every,
        "far_from_road": counted(~near),
        "in_osm": both,
        "in_osm_share": share,
    }
