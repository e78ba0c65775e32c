"""Siting for a measured county: its lacking residents, where a site could stand, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.bysetting import Groups, pairs_by_setting, setting_groups
from lifecircle.config import Ledger
from lifecircle.errors import Fault, InputError, warn
from lifecircle.kernels.graph import Floats, Ints, Longs
from lifecircle.measuring import Measurement
from lifecircle.network import WalkNetwork
from lifecircle.plan.siting import unit_positions
from lifecircle.reach import nearest_seconds, take
from lifecircle.record import asked_record
from lifecircle.siting.problem import SitingProblem, within
from lifecircle.siting.solving import Objective, Siting, solve_siting
from lifecircle.sources.facilities import read_facility_file
from lifecircle.standards import Requirement, Standard
from lifecircle.tables import by_kind, first

THIN_M: Final = 100.0  # one network node is a candidate per square of this side; ours
CUTOFF_MINUTES: Final = 60.0  # longest walk that pmedian and pcenter look at; ours
PENALTY_MINUTES: Final = 15.0  # added to it for whoever reaches nothing; ours


@dataclass(frozen=True)
class Proposal:
    """Where a county's next facilities of a kind go; made by `propose_sites`.

    Parameters
    ----------
    answer
        Sites by number, bound and gap.
    sites
        The answer's ``sites`` with ``candidate_id``, ``name``, ``source``, ``unit_id``,
        ``unit_name``, ``lon``, ``lat`` (WGS 84) and a Point in the county's metric CRS.
    cells
        Cells that the sites newly cover: ``persons``, ``rank`` of the nearest site (with a capacity
        of the one that serves most of them), geometry.
    record
        What was asked, of what, and what came of it: the content of site.json.
    """

    answer: Siting
    sites: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    record: dict[str, Any]

    def __repr__(self) -> str:
        asked = self.record["siting"]
        return f"<Proposal {asked['kind']}, {asked['objective']}: {len(self.sites)} sites>"

    def _repr_html_(self) -> str:
        from lifecircle.render.showing_plans import proposal_html  # for notebooks alone

        lang = self.record.get("config", {}).get("map", {}).get("lang", "zh")
        return proposal_html(self.record["siting"], self.sites, "en" if lang == "en" else "zh")


def propose_sites(  # noqa: PLR0913 - each is a choice that site.json states
    measured: Measurement,
    kind: str,
    *,
    objective: Objective = "mclp",
    count: int | None = 5,
    share: float | None = None,
    capacity: float | None = None,
    candidates: str | Path = "nodes",
    cutoff_minutes: float = CUTOFF_MINUTES,
    penalty_minutes: float = PENALTY_MINUTES,
    time_limit: float = 60.0,
) -> Proposal:
    """Choose sites for a kind of facility in a county, beside the facilities in use.

    A cell counts as served within the strictest threshold that the standard asks of the kind in the
    cell's setting; residents of other settings are not judged.

    Parameters
    ----------
    measured
        The county, as `lifecircle.measure` gives it; its first standard judges.
    kind
        Kind of facility that the standard requires.
    objective, count, share, capacity, time_limit
        As for `solve_siting`.
    candidates
        ``"nodes"``: junctions of the network inside a unit within whose threshold a lacking
        resident lives, one per square of 100 m. ``"idle"``: the county's idle facilities, of any
        kind. Else the path of a table or layer of points, in any form that ledgers may have.
        Whether the land can be had is not known of any of them.
    cutoff_minutes, penalty_minutes
        Longest walk that pmedian and pcenter look at, and what is added to it for a resident who
        reaches nothing within it.

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        The standard does not require the kind, there is no candidate, or as `solve_siting`.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     county = measure(read_config("data/liechtenstein/county.toml"))
    ...     proposal = propose_sites(county, "clinic", count=2)
    >>> proposal.answer.gap, proposal.sites["unit_name"].tolist()
    (0.0, [...])
    """
    standard = measured.standards[0]
    asked = _asked_of(standard, kind)
    measure = _measure_of(measured, asked)
    limits = _limits(measured.cells, standard, asked, measure)
    judged = np.isfinite(limits)
    cells, limit = measured.cells[judged], limits[judged]
    persons = cells["persons"].to_numpy(dtype=np.float64)
    if not persons.sum() > 0:
        raise InputError(Fault("siting", f"nobody is judged by {kind}", "choose another kind"))
    present = _present(measured, kind, measure)[judged]
    lacking = (persons > 0) & ~within(present, limit)
    if candidates == "nodes":
        longest = limit[lacking] * measure.per_second
        groups = setting_groups(measure.network, measure.networks, cells[lacking])
        places = node_candidates(groups, cells[lacking], longest, measured.units)
    elif candidates == "idle":
        places = idle_candidates(measured.inventory)
    else:
        places = file_candidates(Path(candidates), kind, standard, measured.network)
    covers = objective in {"mclp", "lscp"}
    cutoff = float(limit.max()) if covers else cutoff_minutes * 60.0
    rows, cell, seconds = _pairs(measure, places, cells, cutoff)
    problem = SitingProblem(
        persons,
        limit,
        present,
        rows,
        cell,
        seconds,
        cutoff,
        0.0 if covers else penalty_minutes * 60,
    )
    answer = solve_siting(
        problem, objective, count=count, share=share, capacity=capacity, time_limit=time_limit
    )
    record = {
        "siting": {
            "kind": kind,
            "objective": objective,
            "count": None if objective == "lscp" else count,
            "share": share,
            "capacity_per_site": capacity,
            "candidates_from": str(candidates),
            "thinned_to_one_per_m": THIN_M if candidates == "nodes" else None,
            "time_limit_seconds": time_limit,
            "threshold_minutes": _thresholds(cells, limit),
            **_result(problem, answer),
        },
        **asked_record(measured.config, standard, measured.network.crs),
    }
    sites = _named_sites(answer, places, measured.units)
    return Proposal(answer, sites, _newly(cells, answer), record)


def node_candidates(
    groups: Groups, cells: gpd.GeoDataFrame, limit: Floats, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Give junctions from which lacking residents would be served, thinned to one per 100 m.

    Parameters
    ----------
    groups
        Networks with the positions of their cells, as `lifecircle.bysetting.setting_groups` gives
        them; the junctions are those of the first.
    cells, limit
        Cells of lacking residents, and the longest walk of each: s, or m of a network by length.
    units
        Table per `lifecircle.tables.UNITS`: a candidate stands in one of them.

    Returns
    -------
    GeoDataFrame
        Index ``candidate_id`` (``node-`` and the node's id), columns ``name`` (missing),
        ``source``, and a Point. Of a square the junction nearest to its middle is taken.
    """
    network = groups[0][0]
    node = network.junction_node
    x, y = network.node_x[node], network.node_y[node]
    near = np.zeros(len(node), np.bool_)
    for own, rows in groups:
        at = own.locate(own.snap(cells.iloc[rows]))
        junctions = (
            take(own.locate(own.node_places()), node)
            if own is network
            else own.locate(own.snap_points(x, y))
        )
        on = np.flatnonzero(at.chain >= 0)
        for longest in np.unique(limit[rows][on]):  # one search for each setting's threshold
            some = on[limit[rows][on] == longest]
            labels = np.zeros(len(some), np.int32)
            walk, _ = nearest_seconds(
                own, take(at, some), labels, junctions, float(longest), "from"
            )
            near |= np.isfinite(walk)
    node, x, y = node[near], x[near], y[near]
    whole = units.union_all()
    shapely.prepare(whole)
    inside = shapely.contains_xy(whole, x, y)
    node, x, y = node[inside], x[inside], y[inside]
    across, down = np.floor(x / THIN_M), np.floor(y / THIN_M)
    off = np.hypot(x - (across + 0.5) * THIN_M, y - (down + 0.5) * THIN_M)
    order = np.lexsort((node, off, down, across))
    squares = pd.DataFrame({"across": across[order], "down": down[order]})
    kept = np.sort(order[~squares.duplicated().to_numpy()])
    ids = [f"node-{name}" for name in network.node_ids[node[kept]]]
    return gpd.GeoDataFrame(
        {"name": pd.array([None] * len(kept), dtype="str"), "source": "nodes"},
        index=pd.Index(ids, name="candidate_id", dtype="str"),
        geometry=gpd.points_from_xy(x[kept], y[kept]),
        crs=network.crs,
    )


def idle_candidates(inventory: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the idle facilities of a county, of any kind, as candidates.

    Parameters
    ----------
    inventory
        Table per `lifecircle.tables.FACILITIES`.

    Returns
    -------
    GeoDataFrame
        Index ``candidate_id``, columns ``name``, ``source`` and geometry.

    Raises
    ------
    InputError
        No facility is known to be idle.
    """
    idle = inventory["status"].eq("idle") if "status" in inventory.columns else None
    if idle is None or not idle.any():
        raise InputError(
            Fault(
                "siting",
                "no facility is known to be idle",
                "say so in a ledger's column 使用状态 (闲置), or take --candidates nodes or a file",
            )
        )
    columns = ["name", "source", inventory.geometry.name]
    return inventory[idle.fillna(value=False)][columns].rename_axis("candidate_id")


def file_candidates(
    path: Path, kind: str, standard: Standard, network: WalkNetwork
) -> gpd.GeoDataFrame:
    """Read candidates from a table or layer of points.

    Parameters
    ----------
    path
        A file in any form that ledgers may have: 名称, 经度, 纬度, or a layer.
    kind
        What is to be built on them.
    standard
        Its kinds.
    network
        Gives the metric CRS.

    Returns
    -------
    GeoDataFrame
        As `idle_candidates`.

    Raises
    ------
    MissingFileError, TableError, InputError
        The file is missing, or has faults: all are named.
    """
    read = read_facility_file(Ledger(path=path, kind=kind), standard.known)
    table = read[["name", "source", read.geometry.name]].to_crs(network.crs)
    return table.rename_axis("candidate_id")


@dataclass(frozen=True)
class _Measure:
    """How walks are measured: in seconds, or by length with seconds at the profile's speed."""

    network: WalkNetwork
    networks: Mapping[str, WalkNetwork]  # of settings whose residents move by another profile
    per_second: float  # what the network gives for each second
    column: str  # of the access table


def _measure_of(measured: Measurement, asked: Sequence[Requirement]) -> _Measure:
    """Tell how a kind is measured; a threshold in metres is held against the shortest walk."""
    if len({r.unit for r in asked}) > 1:
        what = f"{asked[0].kind} is judged in minutes and in metres"
        raise InputError(Fault("siting", what, "require it in one of them"))
    if asked[0].unit == "minutes":
        return _Measure(measured.network, measured.networks, 1.0, "seconds")
    speed = measured.network.profile.metres_per_second
    by_length = {name: on.by_length() for name, on in measured.networks.items()}
    return _Measure(measured.network.by_length(), by_length, speed, "metres")


def _asked_of(standard: Standard, kind: str) -> list[Requirement]:
    asked = [r for r in standard.requirements if r.kind == kind]
    if not asked:
        what = f"{standard.key} does not require {kind!r}"
        raise InputError(Fault("siting", what, f"use one of {', '.join(standard.required())}"))
    return asked


def _limits(
    cells: gpd.GeoDataFrame, standard: Standard, asked: Sequence[Requirement], measure: _Measure
) -> Floats:
    """Give the longest walk of each cell, s; NaN where the kind is not required."""
    setting, settings = pd.factorize(cells["setting"].to_numpy(dtype=object))
    limits = np.full(len(cells), np.nan)
    for r in asked:
        meant = np.isin(settings, standard.circles[r.circle].settings)[setting]
        meant &= setting >= 0
        seconds = r.limit * 60.0 if r.unit == "minutes" else r.limit / measure.per_second
        limits[meant] = np.fmin(limits[meant], seconds)
    return limits


def _present(measured: Measurement, kind: str, measure: _Measure) -> Floats:
    walk = by_kind(measured.access, measure.column, measured.cells.index)[kind]
    return np.where(np.isnan(walk), np.inf, walk / measure.per_second)


def _pairs(
    measure: _Measure, places: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, cutoff: float
) -> tuple[Longs, Ints, Floats]:
    if not len(places):
        raise InputError(
            Fault("siting", "there is no candidate", "take --candidates idle or a file of points")
        )
    groups = setting_groups(measure.network, measure.networks, cells)
    longest = cutoff * measure.per_second * (1 + 1e-12)
    rows, cell, walk, joined = pairs_by_setting(groups, places, cells, longest)
    lost = np.flatnonzero(~joined)
    if len(lost):
        called = places["name"].fillna(places.index.to_series()).iloc[lost]
        warn(f"{len(lost)} candidates lie far from any road and cannot be chosen: {first(called)}")
    return rows, cell, np.minimum(walk / measure.per_second, cutoff)


def _thresholds(cells: gpd.GeoDataFrame, limit: Floats) -> dict[str, float]:
    by_setting = pd.Series(limit / 60.0).groupby(cells["setting"].astype(str).to_numpy()).min()
    return {str(name): round(float(value), 6) for name, value in by_setting.items()}


def _result(problem: SitingProblem, answer: Siting) -> dict[str, Any]:
    gained = float(answer.newly.sum())
    return {
        "cutoff_minutes": problem.cutoff / 60.0,
        "penalty_minutes": problem.penalty / 60.0,
        "candidates": problem.candidates,
        "persons_judged": problem.total,
        "persons_served_before": problem.served,
        "persons_served_after": problem.served + gained,
        "sites": len(answer.chosen),
        "found": answer.found,
        "bound": answer.bound,
        "gap": answer.gap,
        "proven_best": answer.gap == 0.0,
        "unit": {
            "mclp": "persons newly covered",
            "lscp": "sites",
            "pmedian": "person-seconds of walking",
            "pcenter": "seconds of the worst walk",
        }[answer.objective],
        "solver_seconds": round(answer.seconds, 3),
    }


def _named_sites(
    answer: Siting, places: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    chosen = places.iloc[answer.chosen]
    unit = unit_positions(chosen, units) if len(chosen) else np.zeros(0, np.intp)
    inside = pd.Series(unit, dtype=np.int64).where(unit >= 0)  # none where outside of all units
    known = inside.map(dict(enumerate(units.index)))
    names = inside.map(dict(enumerate(units["name"])))
    middle = chosen.geometry.centroid  # of its entrances
    lonlat = middle.to_crs(4326)
    table = answer.sites.drop(columns="candidate")
    lead = {
        "candidate_id": chosen.index.astype(str).to_numpy(),
        "name": chosen["name"].to_numpy(dtype=object),
        "source": chosen["source"].to_numpy(dtype=object),
        "unit_id": known.to_numpy(dtype=object),
        "unit_name": names.to_numpy(dtype=object),
        "lon": lonlat.x.to_numpy(),
        "lat": lonlat.y.to_numpy(),
    }
    frame = pd.DataFrame(lead, index=table.index).join(table)
    return gpd.GeoDataFrame(frame, geometry=middle.to_numpy(), crs=places.crs)


def _newly(cells: gpd.GeoDataFrame, answer: Siting) -> gpd.GeoDataFrame:
    new = answer.site_of > 0
    return gpd.GeoDataFrame(
        {
            "unit_id": cells["unit_id"].to_numpy()[new],
            "persons": answer.newly[new],
            "rank": answer.site_of[new],
        },
        geometry=cells.geometry.to_numpy()[new],
        index=cells.index[new],
        crs=cells.crs,
    )
