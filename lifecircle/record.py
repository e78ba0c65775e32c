"""The record of a run: who and what is off the network, what went in, and where it came from."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pyproj

from lifecircle.config import CountyConfig, datasets
from lifecircle.errors import warn
from lifecircle.place import Places
from lifecircle.standards import Standard
from lifecircle.tables import first


def warn_off_network(
    facilities: gpd.GeoDataFrame,
    facility_places: Places,
    cells: gpd.GeoDataFrame,
    cell_places: Places,
    units: gpd.GeoDataFrame,
) -> None:
    """Name the facilities and count the residents that lie beyond the snap limit.

    Parameters
    ----------
    facilities, cells, units
        Tables per `lifecircle.tables`.
    facility_places, cell_places
        What the network's ``snap`` gave for them.
    """
    on = set(facility_places.ids[~facility_places.off_network])
    lost = facilities[~facilities.index.isin(on)]
    if len(lost):
        called = lost["name"].where(lost["name"].notna(), lost.index.to_series())
        names = [f"{name} ({kind})" for name, kind in zip(called, lost["kind"], strict=True)]
        warn(f"off network: {len(lost)} facilities far from any road: {first(names, 10)}")
    off = cells[cell_places.off_network]
    people = off.groupby("unit_id")["persons"].sum()
    people = people[people > 0]
    if len(people):
        names = units["name"].reindex(people.index)
        told = [f"{name} {n:,.0f}" for name, n in zip(names, people, strict=True)]
        warn(
            f"off network: {people.sum():,.0f} residents in {len(off)} cells live far from any "
            f"road and count as not reached: {first(told, 10)}"
        )


def people_record(
    cells: gpd.GeoDataFrame, places: Places, people: dict[str, float]
) -> dict[str, Any]:
    """Give the persons in, assessed and off the network, and how each unit's were placed.

    Parameters
    ----------
    cells, places
        The population cells and where they lie on the network.
    people
        What went in, by name.

    Returns
    -------
    dict
        Keys ``population`` and ``population_placed_by``.
    """
    persons = cells["persons"].to_numpy()
    people = {
        **people,
        "assessed": float(persons.sum()),
        "off_network": float(persons[places.off_network].sum()),
    }
    placed = cells.groupby("unit_id", sort=False)["placed_by"].first()
    return {
        "population": {name: round(number, 3) for name, number in people.items()},
        "population_placed_by": {str(unit): str(how) for unit, how in placed.items()},
    }


def asked_record(config: CountyConfig, standard: Standard, crs: pyproj.CRS) -> dict[str, Any]:
    """Give what was asked for: the resolved config, every input with its hash, and the standard.

    Parameters
    ----------
    config, standard, crs
        The county, what it is judged by, and its metric CRS.

    Returns
    -------
    dict
        Keys ``config``, ``inputs``, ``standard``, ``crs``.
    """
    return {
        "config": config.model_dump(mode="json", exclude={"path"}),
        "inputs": _provenance(config),
        "standard": standard.model_dump(mode="json", exclude={"kinds"}),
        "crs": crs.to_string(),
    }


def _provenance(config: CountyConfig) -> dict[str, dict[str, str]]:
    folder = config.path.parent
    return {
        key: {
            "path": data.path.relative_to(folder).as_posix()
            if data.path.is_relative_to(folder)
            else data.path.as_posix(),
            "source": data.source,
            "date": data.date,
            "licence": data.licence,
            "sha256": data.sha256(),
        }
        for key, data in datasets(config).items()
    }
