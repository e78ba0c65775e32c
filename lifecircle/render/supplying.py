"""Writing who has how much of a service: by unit, by cell, by facility."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from lifecircle.catchment import Supply, supply_by_unit
from lifecircle.render.writing import write_parquet, write_table
from lifecircle.standards import Labelled
from lifecircle.tables import SCOPE_COUNTY

OUTPUTS = ("supply.csv", "supply_facilities.csv", "supply_cells.parquet")
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
        84); and ``supply_cells.parquet``, GeoParquet.

    Raises
    ------
    OutputError
        A file cannot be written; what was there under its name is untouched.
    """
    folder = Path(out)
    return [
        write_table(unit_table(found, units, kind, county_zh), folder / OUTPUTS[0]),
        write_table(facility_table(found, facilities, kind), folder / OUTPUTS[1]),
        write_parquet(_with_shapes(found, cells), folder / OUTPUTS[2]),
    ]


def unit_table(
    found: Supply, units: gpd.GeoDataFrame, kind: Labelled, county_zh: str
) -> pd.DataFrame:
    """Give the supply of the county and its units with names, and what was asked for.

    Parameters
    ----------
    found, units, kind, county_zh
        As for `write_supply`.
    """
    table = supply_by_unit(found.cells, units).reset_index()
    table.loc[table["scope"] == SCOPE_COUNTY, "unit_name"] = county_zh
    table = table.rename(columns={"supply": "supply_per_1000"})
    return _asked(table, found, kind, 2)


def facility_table(found: Supply, facilities: gpd.GeoDataFrame, kind: Labelled) -> pd.DataFrame:
    """Give the facilities with their catchments, and where they are.

    Parameters
    ----------
    found, facilities, kind
        As for `write_supply`.
    """
    at = facilities.geometry.loc[found.facilities.index].representative_point().to_crs(4326)
    table = found.facilities.rename(columns={"ratio": "ratio_per_1000"})
    table = table.assign(lon=at.x.round(6), lat=at.y.round(6)).reset_index()
    return _asked(table, found, kind, 2)


def _asked(table: pd.DataFrame, found: Supply, kind: Labelled, at: int) -> pd.DataFrame:
    """Say in each row what it is about: rows of several runs can be put together."""
    asked: dict[str, str | float] = {
        "kind": found.kind,
        "kind_zh": kind.zh,
        "kind_en": kind.en,
        "method": found.method,
        "minutes": found.minutes,
        "capacity_from": found.capacity or "",  # empty: each facility counts 1
        "demand_from": found.demand,
    }
    for shift, (name, value) in enumerate(asked.items()):
        table.insert(at + shift, name, value)
    return table


def _with_shapes(found: Supply, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = found.cells.rename(columns={"supply": "supply_per_1000"})
    shape = cells.geometry.loc[table.index]
    return gpd.GeoDataFrame(table, geometry=shape, crs=cells.crs)
