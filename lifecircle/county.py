"""One county from its TOML file to its assessment: the one place where the pipeline is spelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import warn
from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.inventory import datum_questions, read_inventory
from lifecircle.isochrone import isochrones
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.plan import card_records, scorecard, with_priorities
from lifecircle.population import cells_from_raster, cells_from_totals, persons_within, reconcile
from lifecircle.reach import nearest_times
from lifecircle.reading import (
    read_area,
    read_extract,
    walk_area,
    walk_network,
    with_boundary_file,
    with_osm_date,
)
from lifecircle.record import (
    asked_record,
    outline_record,
    people_record,
    undersized,
    uneven_land,
    unjudged,
    warn_off_network,
)
from lifecircle.runlog import Progress, RunLog
from lifecircle.scenario import Scenario, with_scenario
from lifecircle.score import scores, unit_scores
from lifecircle.service import serving
from lifecircle.setting import with_settings
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.raster import read_population
from lifecircle.standards import Standard, read_standard
from lifecircle.tables import SCOPE_COUNTY

_FEW: Final = 0.001  # of the residents: rounding of borders, not worth a warning. Ours.

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
)
"""The stages of `assess`, in order."""


@dataclass(frozen=True)
class Measurement:
    """All that was measured in one county, before any standard judges it; made by `measure`.

    Parameters
    ----------
    config
        What was asked for.
    standards
        What it can be judged by.
    network
        The walk network, in the county's metric CRS.
    inventory, merges
        Every known facility under its own kind; what stood in a ledger and in OSM.
    facilities
        Those in use, under each kind that a standard requires of them.
    units, cells, access, isochrones
        Tables per `lifecircle.tables`, geometry in the network's CRS.
    streets
        Lines of the network with their OSM class, for drawing.
    people
        Residents in, assessed and off the network, and how they were placed.
    log
        Stages, counts and warnings so far.
    scenario
        What was otherwise; None for the county as it is.
    """

    config: CountyConfig
    standards: tuple[Standard, ...]
    network: WalkNetwork
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
    scenario: Scenario | None = None


@dataclass(frozen=True)
class Assessment:
    """All that was measured and judged for one county; made by `assess`.

    Parameters
    ----------
    config, standard
        What was asked for, and what it is judged by.
    network
        The walk network, in the county's metric CRS.
    inventory, merges
        Every known facility under its own kind; what stood in a ledger and in OSM.
    facilities, units, cells, access, isochrones, coverage, scores, unit_scores, gaps
        Tables per `lifecircle.tables`, geometry in the network's CRS.
    scorecard
        The plan's targets, as `lifecircle.plan.scorecard` gives them; empty if the
        standard has none.
    streets
        Lines of the network with their OSM class, for drawing.
    generated
        ISO date of the run.
    run
        Config, inputs, versions, stages, counts, population and warnings: the content of run.json.
    """

    config: CountyConfig
    standard: Standard
    network: WalkNetwork
    inventory: gpd.GeoDataFrame
    merges: pd.DataFrame
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    access: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    scores: pd.DataFrame
    unit_scores: pd.DataFrame
    gaps: gpd.GeoDataFrame
    scorecard: pd.DataFrame
    streets: gpd.GeoDataFrame
    generated: str
    run: dict[str, Any]


def assess(
    config: CountyConfig,
    *,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Read, measure and judge one county by its own standard.

    Parameters
    ----------
    config
        As `read_config` gives it.
    scenario
        What is to be otherwise, as `lifecircle.scenario.read_scenario` gives it.
    progress
        Told of each stage as it begins: its name, its number from 0, how many there are.

    Returns
    -------
    Assessment
        Everything in memory; nothing is written.

    Raises
    ------
    InputError
        A source is missing or wrong; all faults of that source are listed.
    OfflineError
        An online source was asked for and cannot be reached.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> assess(read_config("data/liechtenstein/county.toml")).run["population"]["assessed"]
    36838.0
    """
    measured = measure(config, scenario=scenario, progress=progress)
    return judge(measured, measured.standards[0])


def measure(
    config: CountyConfig,
    standards: Sequence[str] = (),
    *,
    scenario: Scenario | None = None,
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
    scenario, progress, Raises
        As for `assess`.

    Returns
    -------
    Measurement
        To be judged by each of its ``standards`` (`judge`).

    Examples
    --------
    >>> import warnings
    >>> from lifecircle.config import read_config
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> with warnings.catch_warnings(action="ignore"):  # it warns that no breakfast shop is mapped
    ...     measured = measure(county, ["shaoyang-2025", "mofcom-15min"])
    >>> [judge(measured, standard).standard.key for standard in measured.standards]
    ['shaoyang-2025', 'mofcom-15min']
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
        network = walk_network(config, extract, crs)
        log.count(**network.counts)
        for question in datum_questions(inventory.ledgers, network):
            warn(question)
    with log.stage("population"):
        cells, people = _cells(config, units, boundary, extract, network)
        log.count(settings_derived=int(units["setting"].isna().sum()))
        units, cells = with_settings(units, cells)
        log.note(*uneven_land(cells, units))
    with log.stage("reach"):
        cell_places, facility_places = network.snap(cells), network.snap(facilities)
        cells = cells.assign(access_m=_metres(cell_places))
        warn_off_network(facilities, facility_places, cells, cell_places, units)
        access = _access(network, judges, facilities, cells, facility_places, cell_places)
    whole = units.union_all()
    with log.stage("isochrones"):
        drawn = isochrones(
            network,
            facilities,
            minutes=config.isochrones.minutes,
            metres=config.isochrones.metres,
            per_facility=config.isochrones.per_facility,
            raster_m=config.isochrones.raster_m,
            area=whole,
        )
    log.count(
        units=len(units),
        cells=len(cells),
        known_facilities=_by_kind(inventory.places),
        ledger_osm_merges=len(inventory.merges),
        islet_places_moved=_moved(cell_places, facility_places),
    )
    return Measurement(
        config=config,
        standards=judges,
        network=network,
        inventory=inventory.places,
        merges=inventory.merges,
        facilities=facilities,
        units=units,
        cells=cells,
        access=access,
        isochrones=drawn,
        streets=network.streets(),
        scenario=scenario,
        people={**people_record(cells, cell_places, people), **outline_record(whole, network.crs)},
        log=log,
    )


def judge(measured: Measurement, standard: Standard) -> Assessment:
    """Hold what was measured against one standard.

    Parameters
    ----------
    measured
        What `measure` gave.
    standard
        One of its ``standards``.

    Returns
    -------
    Assessment
        The measured tables, cut to the kinds that the standard requires, and its verdicts.

    Raises
    ------
    TableError
        The standard requires a kind that was not measured.
    """
    log = measured.log.fork()
    required = {r.kind for r in standard.requirements}
    facilities = measured.facilities[measured.facilities["kind"].isin(required)]
    access = _of_kinds(measured.access, required)
    cells = measured.cells
    units = with_priorities(measured.units, standard)
    with log.stage("indicators"):
        covered = coverage(cells, access, units, standard)
        scored = scores(cells, access, standard)
        by_unit = unit_scores(scored, cells, units)
        log.note(*unjudged(cells, units, standard), *undersized(facilities, standard))
    with log.stage("gaps"):
        lacking = gaps(cells, access, units, standard)
    with log.stage("scorecard"):
        card = scorecard(
            standard.targets,
            units=units,
            facilities=measured.inventory,
            coverage=covered,
            unit_scores=by_unit,
            cells=cells,
            standard=standard,
        )
    log.count(facilities=_by_kind(facilities), gaps=_by_kind(lacking))
    asked = asked_record(measured.config, standard, measured.network.crs)
    if measured.scenario is not None:
        asked["scenario"] = measured.scenario.record()
    return Assessment(
        config=measured.config,
        standard=standard,
        network=measured.network,
        inventory=measured.inventory,
        merges=measured.merges,
        facilities=facilities,
        units=units,
        cells=cells,
        access=access,
        isochrones=measured.isochrones[measured.isochrones["kind"].isin(required)],
        coverage=covered,
        scores=scored,
        unit_scores=by_unit,
        gaps=lacking,
        scorecard=card,
        streets=measured.streets,
        generated=str(asked["generated"])[:10],
        run={**asked, **measured.people, "scorecard": _county_rows(card), **log.summary()},
    )


def _county_rows(card: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the county's rows of a scorecard for run.json; its city is added up from them."""
    return card_records(card[card.index.get_level_values("scope") == SCOPE_COUNTY])


def _of_kinds(access: pd.DataFrame, kinds: set[str]) -> pd.DataFrame:
    """Give the rows of some kinds; the table itself where that is all of it."""
    if kinds.issuperset(access.index.unique("kind")):
        return access
    return access[access.index.get_level_values("kind").isin(kinds)]


def _cells(
    config: CountyConfig,
    units: gpd.GeoDataFrame,
    boundary: BaseGeometry,
    extract: OsmExtract | None,
    network: WalkNetwork,
) -> tuple[gpd.GeoDataFrame, dict[str, float]]:
    """Give the population cells, and what went in: all of it, and what of it is not in cells."""
    settings = config.population
    residential = None if extract is None else extract.residential.to_crs(network.crs)
    if settings.raster is not None:
        county = gpd.GeoSeries([boundary], crs=4326).to_crs(network.crs)
        united = gpd.GeoSeries([units.union_all()], crs=network.crs)
        both = county.union(united).iloc[0]
        raster = read_population(settings.raster.path, both, network.crs)
        cells = cells_from_raster(raster, units, residential=residential, boundary=county.iloc[0])
        people = {
            "in": float(persons_within(raster, county)[0]),
            "in_no_unit": float(persons_within(raster, county.difference(united))[0]),
            "beyond_boundary": float(persons_within(raster, united.difference(county))[0]),
        }
        if people["beyond_boundary"] > _FEW * people["in"]:
            warn(
                f"units reach beyond the boundary, with {people['beyond_boundary']:,.0f} residents "
                "there that are assessed too; correct their borders if that is not meant"
            )
        if not settings.totals:
            return cells, people
        counted = cells.groupby("unit_id")["persons"].sum().reindex(units.index, fill_value=0.0)
        wanted = float(units["residents"].fillna(counted).sum())
        record = {"in": wanted, **{f"raster_{name}": count for name, count in people.items()}}
        return reconcile(cells, units), record
    evidence = dwelling_evidence(
        units,
        streets=network.streets(),
        buildings=None if extract is None else extract.buildings.to_crs(network.crs),
        residential=residential,
    )
    cells = cells_from_totals(units, evidence, residential=residential, cell_m=settings.cell_m)
    return cells, {"in": float(units["residents"].sum())}


def _access(
    network: WalkNetwork,
    standards: Sequence[Standard],
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    facility_places: Places,
    cell_places: Places,
) -> pd.DataFrame:
    def measure(on: WalkNetwork) -> pd.DataFrame:
        return nearest_times(
            on,
            facilities,
            cells,
            kinds=list(dict.fromkeys(r.kind for s in standards for r in s.requirements)),
            facility_places=facility_places,
            cell_places=cell_places,
        )

    access = measure(network)
    if any(standard.longest("metres") > 0 for standard in standards):
        shortest = measure(network.by_length())
        access = access.assign(metres=shortest["seconds"])
    return access


def _by_kind(table: pd.DataFrame) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in table["kind"].value_counts().items()}


def _moved(*places: Places) -> int:
    """Count the places that left an islet for a connected road."""
    return sum(int(group.moved.sum()) for group in places)


def _metres(places: Places) -> np.ndarray:
    return np.where(places.off_network, np.nan, places.access_m)
