"""One county: its sources read, and walking times measured, for whoever judges or proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from lifecircle.bysetting import access_by_setting, setting_groups
from lifecircle.config import CountyConfig, WalkConfig, WalkProfile
from lifecircle.errors import warn
from lifecircle.inventory import LedgerPairs, datum_questions, read_inventory
from lifecircle.isochrone import isochrones
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.reading import (
    read_area,
    read_extract,
    walk_area,
    walk_network,
    with_boundary_file,
    with_osm_date,
)
from lifecircle.record import (
    outline_record,
    people_record,
    uneven_land,
    warn_across_country,
    warn_off_network,
)
from lifecircle.residents import place_residents
from lifecircle.runlog import Progress, RunLog
from lifecircle.scenario import Scenario, with_scenario
from lifecircle.service import serving
from lifecircle.setting import with_settings
from lifecircle.sources.osm import OsmExtract
from lifecircle.standards import Standard, read_standard

STAGES: Final = (
    "area",
    "sources",
    "network",
    "population",
    "reach",
    "isochrones",
    "indicators",
    "gaps",
    "scorecard",
    "decisions",
)
"""The stages of `lifecircle.assess`, in order; `measure` ends with the isochrones."""


@dataclass(frozen=True)
class Reading:
    """All that was read of one county, before anybody walks; made by `read_county`.

    Parameters
    ----------
    config
        What was asked for.
    standards
        What it can be judged by.
    boundary
        The county in lon/lat.
    extract
        What was read of its OSM file; None where the roads are not from one.
    network
        The walk network with the county's own profile, in its metric CRS.
    inventory, merges
        Every known facility under its own kind; what stood in a ledger and in OSM.
    facilities
        Those in use, under each kind that a standard requires of them.
    units, cells
        Tables per `lifecircle.tables`, geometry in the network's CRS.
    people
        Residents in, and how they were placed.
    log
        Stages, counts and warnings so far.
    scenario
        What was otherwise; None for the county as it is.
    ledgers
        The ledgers as they were read.
    raster_persons
        Residents of each unit by the raster alone; None where none was fitted to totals.
    """

    config: CountyConfig
    standards: tuple[Standard, ...]
    boundary: BaseGeometry
    extract: OsmExtract | None
    network: WalkNetwork
    inventory: gpd.GeoDataFrame
    merges: pd.DataFrame
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    people: dict[str, float]
    log: RunLog
    scenario: Scenario | None = None
    ledgers: LedgerPairs = ()
    raster_persons: pd.Series | None = None

    @property
    def kinds(self) -> list[str]:
        """Kinds that a standard requires, each once."""
        return list(dict.fromkeys(r.kind for s in self.standards for r in s.requirements))

    @property
    def by_metres(self) -> bool:
        """Whether some standard has thresholds in metres."""
        return any(standard.longest("metres") > 0 for standard in self.standards)


@dataclass(frozen=True)
class Measurement:
    """All that was measured in one county, before any standard judges it; made by `measure`.

    Parameters
    ----------
    config
        What was asked for; its ``walk`` is the profile that was measured.
    standards
        What it can be judged by.
    network
        The walk network, in the county's metric CRS.
    networks
        Setting -> the network of its residents, where they move by another profile.
    inventory, merges
        Every known facility under its own kind; what stood in a ledger and in OSM.
    facilities
        Those in use, under each kind that a standard requires of them.
    units, cells, access, isochrones
        Tables per `lifecircle.tables`, geometry in the network's CRS. No isochrone where none was
        asked for.
    streets
        Lines of the network with their OSM class, for drawing.
    people
        Residents in, assessed and off the network, and how they were placed.
    log
        Stages, counts and warnings so far.
    reading
        What it was measured from.
    """

    config: CountyConfig
    standards: tuple[Standard, ...]
    network: WalkNetwork
    networks: dict[str, WalkNetwork]
    inventory: gpd.GeoDataFrame
    merges: pd.DataFrame
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    access: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    people: dict[str, Any]
    log: RunLog
    reading: Reading

    @property
    def scenario(self) -> Scenario | None:
        """What was otherwise; None for the county as it is."""
        return self.reading.scenario


def measure(
    config: CountyConfig,
    standards: Sequence[str] = (),
    *,
    scenario: Scenario | None = None,
    drawn: bool = True,
    progress: Progress | None = None,
) -> Measurement:
    """Read a county and measure its walking times, once for all the standards that will judge it.

    Parameters
    ----------
    config
        As `read_config` gives it.
    standards
        Names of standards; by default the county's own. What the county's ``[standard]`` says of
        kinds, exclusions, weights of communities and their covered share holds for each; its
        circles, requirements and targets only for the standard that they change.
    scenario
        What is to be otherwise, as `lifecircle.scenario.read_scenario` gives it.
    drawn
        Whether isochrones are drawn; nothing is computed from them.
    progress
        Told of each stage as it begins: its name, its number from 0, how many there are.

    Returns
    -------
    Measurement
        To be judged by each of its ``standards`` (`judge`).

    Raises
    ------
    InputError
        A source is missing or wrong; all faults of that source are listed.
    OfflineError
        An online source was asked for and cannot be reached.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, read_config
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> with warnings.catch_warnings(action="ignore"):  # it warns that no breakfast shop is mapped
    ...     measured = measure(county, ["shaoyang-2025", "mofcom-15min"])
    >>> [judge(measured, standard).standard.key for standard in measured.standards]
    ['shaoyang-2025', 'mofcom-15min']
    """
    reading = read_county(config, standards, scenario=scenario, progress=progress)
    return walk(reading, drawn=drawn)


def read_county(
    config: CountyConfig,
    standards: Sequence[str] = (),
    *,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> Reading:
    """Read all that a county names: roads, facilities, units and residents.

    Parameters
    ----------
    config, standards, scenario, progress
        As for `measure`.

    Returns
    -------
    Reading
        To be walked by one profile after another (`walk`).

    Raises
    ------
    InputError, OfflineError
        As for `measure`.

    Examples
    --------
    >>> from lifecircle import read_config
    >>> reading = read_county(read_config("data/liechtenstein/county.toml"))
    >>> len(reading.units), round(reading.cells["persons"].sum())
    (11, 36838)
    """
    log = RunLog(STAGES, progress)
    config = with_boundary_file(config)
    if scenario is not None:
        config = with_scenario(config, scenario)
    names = tuple(dict.fromkeys(standards)) or (config.standard.base,)
    judges = tuple(read_standard(config.standard.on(name)) for name in names)
    with log.stage("area"):
        boundary, units, crs = read_area(config)
    with log.stage("sources"):
        area = walk_area(boundary, crs, config, judges)
        extract = read_extract(config, judges, area)
        config = with_osm_date(config, extract)
        inventory = read_inventory(config, judges, extract, area, crs, scenario=scenario)
        facilities = serving(inventory.places, judges)
    with log.stage("network"):
        network = walk_network(config, extract, crs, area=area, scenario=scenario)
        log.count(**network.counts)
        for question in datum_questions(inventory.ledgers, network):
            warn(question)
    streets = network.whole or network  # people live along all streets, whatever they ride
    with log.stage("population"):
        cells, people = place_residents(config.population, units, boundary, extract, streets)
        log.count(settings_derived=int(units["setting"].isna().sum()))
        units, cells = with_settings(units, cells)
        log.note(*uneven_land(cells, units))
    log.count(
        units=len(units),
        cells=len(cells),
        known_facilities=count_by_kind(inventory.places),
        ledger_osm_merges=len(inventory.merges),
    )
    return Reading(
        config=config,
        standards=judges,
        boundary=boundary,
        extract=extract,
        network=network,
        inventory=inventory.places,
        merges=inventory.merges,
        facilities=facilities,
        units=units,
        cells=cells,
        people=people,
        log=log,
        scenario=scenario,
        ledgers=inventory.ledgers,
        raster_persons=people.pop("raster_by_unit", None),
    )


def walk(
    reading: Reading, profile: WalkProfile | None = None, *, drawn: bool = True
) -> Measurement:
    """Measure a county's walking times for one profile.

    Parameters
    ----------
    reading
        What `read_county` gave.
    profile
        How people move; by default the county's own, with its profiles by setting.
    drawn
        Whether isochrones are drawn.

    Returns
    -------
    Measurement
        With the profile as its config's ``walk``.

    Raises
    ------
    InputError
        No road is open to the profile.

    Examples
    --------
    >>> from lifecircle import WalkProfile, read_config
    >>> reading = read_county(read_config("data/liechtenstein/county.toml"))
    >>> slow = walk(reading, WalkProfile(profile="elderly"), drawn=False)
    >>> slow.config.walk.label("zh"), slow.config.walk.metres_per_minute
    ('老年人步行', 60.0)
    """
    log = reading.log.fork()
    config, units = reading.config, reading.units
    if profile is not None:
        alone = WalkConfig.model_validate(profile.model_dump(include=set(WalkProfile.model_fields)))
        config = config.model_copy(update={"walk": alone})
    network = reading.network.with_profile(config.walk)
    networks = {
        setting: reading.network.with_profile(config.walk.in_setting(setting))
        for setting in config.walk.settings
    }
    with log.stage("reach"):
        cells, access, places = _walked(reading, network, networks)
    whole = units.union_all()
    with log.stage("isochrones"):
        settings = config.isochrones
        areas = isochrones(
            network,
            reading.facilities,
            minutes=settings.minutes if drawn else (),
            metres=settings.metres if drawn else (),
            per_facility=settings.per_facility,
            raster_m=settings.raster_m,
            area=whole,
        )
    log.count(islet_places_moved=sum(int(group.moved.sum()) for pair in places for group in pair))
    return Measurement(
        config=config,
        standards=reading.standards,
        network=network,
        networks=networks,
        inventory=reading.inventory,
        merges=reading.merges,
        facilities=reading.facilities,
        units=units,
        cells=cells,
        access=access,
        isochrones=areas,
        streets=network.streets(),
        people={
            **people_record(cells, reading.people),
            **outline_record(whole, network.crs),
            "elevation": _slope_record(reading.network, [network, *networks.values()]),
        },
        log=log,
        reading=reading,
    )


def _walked(
    reading: Reading, network: WalkNetwork, networks: dict[str, WalkNetwork]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, list[tuple[Places, Places]]]:
    """Give cells with their access leg, walking times, and where cells and facilities lie."""
    facilities, cells, units = reading.facilities, reading.cells, reading.units
    groups = setting_groups(network, networks, cells)
    placed = [(on.snap(cells.iloc[rows]), on.snap(facilities)) for on, rows in groups]
    metres = np.full(len(cells), np.nan)
    for (on, rows), (places, _) in zip(groups, placed, strict=True):
        metres[rows] = np.where(on.locate(places).chain < 0, np.nan, places.access_m)
    cells = cells.assign(access_m=metres)
    joined = [
        there.ids[on.locate(there).chain >= 0]
        for (on, _), (_, there) in zip(groups, placed, strict=True)
    ]
    warn_off_network(facilities, joined, cells, units)
    for on, rows in groups:
        warn_across_country(cells.iloc[rows], on.profile)
    access = access_by_setting(
        groups,
        facilities,
        cells,
        kinds=reading.kinds,
        by_metres=reading.by_metres,
        cell_places=[places for places, _ in placed],
        facility_places=[places for _, places in placed],
    )
    return cells, access, placed


def _slope_record(read: WalkNetwork, used: Sequence[WalkNetwork]) -> dict[str, Any]:
    """Say whether slope counted, and for how much of the streets' length it is known."""
    slope = (read.whole or read).slope
    return {
        "given": slope is not None,
        "counted": slope is not None and any(on.profile.slope for on in used),
        "known_share": None if slope is None else round(slope.known, 4),
    }


def count_by_kind(table: pd.DataFrame) -> dict[str, int]:
    """Count a table's rows by their kind."""
    return {str(kind): int(count) for kind, count in table["kind"].value_counts().items()}
