"""Who walks where: residents by each source and profile, and the facilities on their streets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.bysetting import setting_groups
from lifecircle.confidence.joining import Joined, Streets, join
from lifecircle.confidence.varied import OWN
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.measuring import Measurement
from lifecircle.standards import Standard

Members = Mapping[str, tuple[Longs, Longs]]
"""Kind -> gap and cell, both by number, of all cells in its gaps."""


@dataclass(frozen=True, eq=False)
class Served:
    """Facilities on the streets of one profile; made by `serve`.

    Parameters
    ----------
    joined
        Their entrances.
    owner
        Row of each entrance's facility.
    entrances
        Kind -> its entrances.
    """

    joined: Joined
    owner: Ints
    entrances: Mapping[str, Longs]

    def counting(self, kind: str, counted: Bools) -> Longs:
        """Give the entrances of a kind whose facilities count."""
        entrances = self.entrances.get(kind, np.empty(0, np.int64))
        return entrances[counted[self.owner[entrances]]]


def serve(streets: Streets, facilities: gpd.GeoDataFrame, limit_m: float) -> Served:
    """Join facilities to the streets.

    Parameters
    ----------
    streets
        The streets.
    facilities
        Table per `lifecircle.tables.FACILITIES`.
    limit_m
        The greatest snap limit that will be asked for, m.
    """
    joined, owner = join(streets, facilities, limit_m)
    code, kinds = pd.factorize(facilities["kind"].to_numpy(dtype=object)[owner])
    entrances = {str(kind): np.flatnonzero(code == n) for n, kind in enumerate(kinds)}
    return Served(joined, owner, entrances)


@dataclass(frozen=True, eq=False)
class Ground:
    """Residents who move alike, by one source of residents.

    Parameters
    ----------
    population
        Name of the source.
    rows
        Which of its cells these are.
    served
        The facilities, on their streets.
    joined
        The residents' cells.
    persons
        Residents of each cell.
    judged
        Circle -> the cells that it is meant for.
    members
        Kind -> gap and cell of all cells in its gaps.
    """

    population: str
    rows: Longs
    served: Served
    joined: Joined
    persons: Floats
    judged: Mapping[str, Bools]
    members: Members

    @property
    def streets(self) -> Streets:
        """The streets that they move on."""
        return self.joined.streets


def make_grounds(
    measured: Measurement,
    standard: Standard,
    homes: Mapping[str, gpd.GeoDataFrame],
    gaps: gpd.GeoDataFrame,
    limit_m: float,
) -> list[Ground]:
    """Join residents of all sources, and facilities, to the streets that they move on.

    Parameters
    ----------
    measured
        The county.
    standard
        Its circles.
    homes
        Source of residents -> table per `lifecircle.tables.CELLS`; the county's own is its own.
    gaps
        Gaps in the county's own setting.
    limit_m
        The greatest snap limit that will be asked for, m.
    """
    served = {
        id(network): serve(Streets(network), measured.facilities, limit_m)
        for network in (measured.network, *measured.networks.values())
    }
    grounds = []
    for name, cells in homes.items():
        members = gap_members(gaps, _spots(cells) if name == OWN else _homes(cells))
        persons = cells["persons"].to_numpy(dtype=np.float64)
        setting = cells["setting"].to_numpy(dtype=object)
        for network, rows in setting_groups(measured.network, measured.networks, cells):
            there = served[id(network)]
            joined, _ = join(there.joined.streets, cells.iloc[rows], limit_m)
            judged = {
                circle: np.isin(setting[rows], entry.settings)
                for circle, entry in standard.circles.items()
            }
            ground = Ground(name, rows, there, joined, persons[rows], judged, _of(members, rows))
            grounds.append(ground)
    return grounds


def gap_members(gaps: gpd.GeoDataFrame, spots: np.ndarray) -> Members:
    """Tell which cells lie in which gaps.

    Parameters
    ----------
    gaps
        Areas with their ``kind``; those of one kind do not overlap.
    spots
        A point for each cell.
    """
    areas = np.asarray(gaps.geometry, dtype=object)
    gap, cell = shapely.STRtree(spots).query(areas, predicate="intersects")
    kind = gaps["kind"].to_numpy(dtype=object)[gap]
    found = pd.DataFrame({"kind": kind, "cell": cell, "gap": gap})
    found = found.drop_duplicates(["kind", "cell"])  # a point on two gaps' border is in the first
    return {
        str(name): (part["gap"].to_numpy(np.int64), part["cell"].to_numpy(np.int64))
        for name, part in found.groupby("kind", sort=False)
    }


def _spots(cells: gpd.GeoDataFrame) -> np.ndarray:
    """Give a point inside each cell: gaps are made of whole cells of this source."""
    return np.asarray(shapely.point_on_surface(np.asarray(cells.geometry)), dtype=object)


def _homes(cells: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(shapely.points(cells[["x", "y"]].to_numpy(dtype=np.float64)), dtype=object)


def _of(members: Members, rows: Longs) -> Members:
    """Give cells their numbers among some rows; others are left out."""
    number: pd.Index = pd.Index(rows)
    found = {}
    for kind, (gap, cell) in members.items():
        at = number.get_indexer(pd.Index(cell))
        found[kind] = (gap[at >= 0], at[at >= 0].astype(np.int64))
    return found
