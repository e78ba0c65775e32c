"""Writing who has how much of a service: by unit, by cell, by facility."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from lifecircle.catchment import Supply, supply_by_unit
from lifecircle.inequality import lorenz
from lifecircle.render.tables.decided import FILES, supply_facility_table, supply_table
from lifecircle.render.tables.decided_words import csv_heads
from lifecircle.render.writing import write_parquet, write_table
from lifecircle.standards import Labelled
from lifecircle.tables.decisions import Supplied

OUTPUTS = (FILES["supply"], FILES["supply_facilities"], "supply_cells.parquet")
"""The files that `write_supply` writes."""


def write_supply(
    found: Supply,
    out: str | Path,
    *,
    units: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    kind: Labelled,
    county_zh: str,
) -> list[Path]:
    """Write a supply as tables; each file takes its place once it is whole.

    Parameters
    ----------
    found
        What `lifecircle.catchment.supply` gave.
    out
        Folder; it is made where it is missing.
    units, cells, facilities
        Tables per `lifecircle.tables`, of which `found` tells.
    kind, county_zh
        What to call the kind and the county.

    Returns
    -------
    list of Path
        `OUTPUTS` inside `out`: ``supply.csv`` for the county and each unit, supply per 1,000
        persons and shares from 0 to 1; ``supply_facilities.csv``, with ``lon`` and ``lat`` (WGS
        84), both as ``assess`` writes them; and ``supply_cells.parquet``, GeoParquet.

    Raises
    ------
    OutputError
        A file cannot be written; what was there under its name is untouched.
    """
    folder, named, supplied = Path(out), {found.kind: kind}, supplied_of(found, units)
    tables = {
        "supply": supply_table(supplied, named, county_zh),
        "supply_facilities": supply_facility_table(supplied, facilities, named),
    }
    return [
        *(
            write_table(csv_heads(name, table), folder / FILES[name])
            for name, table in tables.items()
        ),
        write_parquet(_with_shapes(found, cells), folder / OUTPUTS[2]),
    ]


def supplied_of(found: Supply, units: gpd.GeoDataFrame) -> Supplied:
    """Give a supply with its sums by unit and its Lorenz curve, as an assessment holds it.

    Parameters
    ----------
    found, units
        As for `write_supply`.
    """
    return Supplied(
        kind=found.kind,
        minutes=found.minutes,
        method=found.method,
        capacity=found.capacity,
        demand=found.demand,
        cells=found.cells,
        facilities=found.facilities,
        units=supply_by_unit(found.cells, units),
        lorenz=lorenz(found.cells["supply"], found.cells["demand"]),
    )


def _with_shapes(found: Supply, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = found.cells.rename(columns={"supply": "supply_per_1000"})
    shape = cells.geometry.loc[table.index]
    return gpd.GeoDataFrame(table, geometry=shape, crs=cells.crs)
