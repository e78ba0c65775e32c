"""One county from its TOML file to its assessment: measured, judged, and what helps to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from lifecircle.config import CountyConfig
from lifecircle.deciding import decisions_of
from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.measuring import Measurement, count_by_kind, measure, read_county, walk
from lifecircle.network import WalkNetwork
from lifecircle.plan import card_records, scorecard, with_priorities
from lifecircle.record import asked_record, undersized, unjudged
from lifecircle.runlog import Progress
from lifecircle.scenario import Scenario
from lifecircle.score import scores, unit_scores
from lifecircle.standards import Standard, read_standard
from lifecircle.tables import SCOPE_COUNTY
from lifecircle.tables.decisions import NOTHING, Decisions
from lifecircle.wanted import check_wanted


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
    decisions
        What helps to decide: supply, sites, moments, confidence, as far as it was asked for.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> county.config.en, len(county.units), round(county.cells["persons"].sum())
    ('Liechtenstein', 11, 36838)
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
    decisions: Decisions = NOTHING

    def __repr__(self) -> str:
        people = self.cells["persons"].sum()
        return f"<Assessment {self.config.name}, {self.standard.key}: {people:,.0f} residents>"

    def _repr_html_(self) -> str:
        from lifecircle.render.showing import assessment_html  # what a batch does not need

        return assessment_html(self, self.config.map.lang)


def assess(
    config: CountyConfig,
    *,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Read, measure and judge one county by its own standard, with all that its file asks for.

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
    check_wanted(config, read_standard(config.standard))
    measured = measure(config, scenario=scenario, progress=progress)
    return decide(measured, judge(measured, measured.standards[0]))


def assess_profiles(
    config: CountyConfig,
    standards: Sequence[str] = (),
    *,
    scenario: Scenario | None = None,
    progress: Progress | None = None,
) -> list[Assessment]:
    """Read one county once, and judge it for each of its profiles by each of the standards.

    Parameters
    ----------
    config
        As `read_config` gives it; ``[walk] also`` names further profiles.
    standards
        Names of standards; by default the county's own.
    scenario, progress
        As for `assess`.

    Returns
    -------
    list of Assessment
        Profile by profile, the county's own first; each with what helps to decide.

    Raises
    ------
    InputError, OfflineError
        As for `assess`.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import read_config
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> both = county.model_copy(update={"walk": county.walk.with_profiles(["adult", "elderly"])})
    >>> with warnings.catch_warnings(action="ignore"):
    ...     done = assess_profiles(both)
    >>> [one.config.walk.profile for one in done]
    ['adult', 'elderly']
    """
    name = next(iter(standards), config.standard.base)
    check_wanted(config, read_standard(config.standard.on(name)))
    reading = read_county(config, standards, scenario=scenario, progress=progress)
    judged = []
    for number, profile in enumerate(reading.config.walk.judged()):
        measured = walk(reading, profile if number else None)
        for standard in measured.standards:
            alone = replace(measured, standards=(standard,))
            judged.append(decide(alone, judge(alone, standard)))
    return judged


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

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> share = county.coverage.loc[("county", "urban_life_15", "post", "population"), "share"]
    >>> f"{share:.1%} of the urban residents walk to a post office within 15 minutes"
    '47.8% of the urban residents walk to a post office within 15 minutes'
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
    log.count(facilities=count_by_kind(facilities), gaps=count_by_kind(lacking))
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


def decide(measured: Measurement, assessment: Assessment) -> Assessment:
    """Work out what the county's file asks for beside the verdicts.

    Parameters
    ----------
    measured
        What `measure` gave.
    assessment
        What `judge` made of it.

    Returns
    -------
    Assessment
        With its ``decisions``, and what they took and warned of in ``run``.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> known = decide(measured, county).decisions.reconciled
    >>> known.loc[("residents", "county", ""), "verdict"]
    'agrees'
    """
    log = measured.log.fork()
    log.warnings.clear()
    log.warnings.extend(assessment.run["warnings"])
    with log.stage("decisions"):
        decisions = decisions_of(measured, assessment.standard, assessment.gaps)
    stages = {**assessment.run["stages"], **log.summary()["stages"]}
    seconds = round(sum(stage["seconds"] for stage in stages.values()), 3)
    told = {"stages": stages, "seconds": seconds, "warnings": log.warnings}
    return replace(assessment, decisions=decisions, run={**assessment.run, **told})


def _county_rows(card: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the county's rows of a scorecard for run.json; its city is added up from them."""
    return card_records(card[card.index.get_level_values("scope") == SCOPE_COUNTY])


def _of_kinds(access: pd.DataFrame, kinds: set[str]) -> pd.DataFrame:
    """Give the rows of some kinds; the table itself where that is all of it."""
    if kinds.issuperset(access.index.unique("kind")):
        return access
    return access[access.index.get_level_values("kind").isin(kinds)]
