"""Places joined to their roads once, for all snap limits that are tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.network import WalkNetwork
from lifecircle.place import Located, Places
from lifecircle.standards import Unit


@dataclass(frozen=True, eq=False)
class Joining:
    """Where places join the roads under one snap limit; made by `Joined.at`.

    Parameters
    ----------
    row
        Row of `Joined.located` of each place; -1 where it is off the network.
    metres
        Straight way to the road, m; inf where off.
    across
        Whether that way leads across country, at its own speed.
    """

    row: Longs
    metres: Floats
    across: Bools


@dataclass(frozen=True, eq=False)
class Streets:
    """A network, and the same by length: each keeps what is derived from it.

    Parameters
    ----------
    network
        With its profile, which says how fast and how far from a road people start.
    """

    network: WalkNetwork

    @cached_property
    def by_length(self) -> WalkNetwork:
        """The network with metres for seconds."""
        return self.network.by_length()

    def of(self, unit: Unit) -> WalkNetwork:
        """Give the network that is measured in seconds (for minutes) or in metres."""
        return self.network if unit == "minutes" else self.by_length

    def way(self, joining: Joining, unit: Unit) -> Floats:
        """Give the way between places and their road, in seconds (for minutes) or metres."""
        if unit == "metres":
            return joining.metres
        profile = self.network.profile
        way = joining.metres / profile.access_metres_per_second
        if joining.across.any():
            way[joining.across] = joining.metres[joining.across] * 3.6 / profile.offroad_kph
        return way


@dataclass(frozen=True, eq=False)
class Joined:
    """Places and the roads that they join under any snap limit; made by `join`.

    A place on an islet moves to a connected road if one lies within the limit; under a smaller
    limit it stays on its islet. So the places that moved have a second row, which stands for that.

    Parameters
    ----------
    streets
        The streets.
    places
        All places, then again those that moved, each at the nearest road of all.
    count
        How many places there are.
    again
        Which of them have a second row, in its order.
    """

    streets: Streets
    places: Places
    count: int
    again: Longs

    def located(self, unit: Unit) -> Located:
        """Give all rows along their chains, in seconds or metres, without the way to the road."""
        return self._seconds if unit == "minutes" else self._metres

    @cached_property
    def _seconds(self) -> Located:
        return _without_way(self.streets.network.locate(self.places))

    @cached_property
    def _metres(self) -> Located:
        return _without_way(self.streets.by_length.locate(self.places))

    @property
    def nearest_m(self) -> Floats:
        """Straight metres to the nearest road of all, inf beyond the greatest limit."""
        nearest = self.places.access_m[: self.count].copy()
        nearest[self.again] = self.places.access_m[self.count :]
        return nearest

    @cached_property
    def _closed(self) -> Bools:
        return np.asarray(self._seconds.chain < 0)

    @cached_property
    def _furthest_m(self) -> float:
        """Distance of the furthest place that any limit joins."""
        metres = self.places.access_m[: self.count]
        return float(metres[metres < np.inf].max(initial=0.0))

    @cached_property
    def _all(self) -> Joining:
        """Every place where it lies, none too far."""
        first = ~self._closed[: self.count]
        row = np.where(first, np.arange(self.count), -1)
        metres = np.where(first, self.places.access_m[: self.count], np.inf)
        return Joining(row, metres, np.zeros(self.count, np.bool_))

    def at(self, limit_m: float) -> Joining:
        """Join the places under one snap limit.

        Parameters
        ----------
        limit_m
            Farthest a road may lie, m, but for the profile's way across country.
        """
        if self._furthest_m <= limit_m:
            return self._all
        reach = max(limit_m, self.streets.network.profile.offroad_limit_m)
        row = np.arange(self.count)
        metres = self.places.access_m[: self.count].copy()
        beyond = metres > reach
        row[beyond] = -1
        back = np.flatnonzero(beyond[self.again])
        row[self.again[back]] = self.count + back
        metres[self.again[back]] = self.places.access_m[self.count + back]
        off = (row < 0) | (metres > reach) | self._closed[row]
        row[off], metres[off] = -1, np.inf
        return Joining(row, metres, (metres > limit_m) & ~off)


def join(streets: Streets, table: pd.DataFrame, limit_m: float) -> tuple[Joined, Ints]:
    """Join the rows of a table to their roads.

    Parameters
    ----------
    streets
        The streets.
    table
        Columns ``x`` and ``y``, m, or Points or MultiPoints (entrances), in the network's CRS.
    limit_m
        The greatest limit that will be asked for, m.

    Returns
    -------
    joined, row
        A place for each row or entrance, and the row that it belongs to.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 750.0], "y": [0.0, 0.0]})
    >>> network = WalkNetwork.from_tables(
    ...     nodes, pd.DataFrame({"u": [0], "v": [1]}), crs="EPSG:4546"
    ... )
    >>> places = pd.DataFrame({"x": [0.0, 9.0], "y": [80.0, 300.0]})
    >>> joined, _ = join(Streets(network), places, 500.0)
    >>> joined.at(200.0).metres, joined.at(400.0).row
    (array([80., inf]), array([0, 1]))
    """
    if {"x", "y"} <= set(table.columns):
        x, y = (table[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
        row = np.arange(len(table))
    else:
        points = np.asarray(gpd.GeoDataFrame(table).geometry)
        at, row = shapely.get_coordinates(points, return_index=True)
        x, y = at[:, 0], at[:, 1]
    network = streets.network
    first = network.snap_points(x, y, limit_m=limit_m)
    again = np.flatnonzero(first.moved)
    second = nearest_road(network, x[again], y[again], limit_m)
    both = Places(
        first.ids.append(second.ids),
        np.concatenate([first.segment, second.segment]),
        np.concatenate([first.fraction, second.fraction]),
        np.concatenate([first.access_m, second.access_m]),
        np.concatenate([first.moved, second.moved]),
    )
    return Joined(streets, both, len(x), again), row.astype(np.int32)


def nearest_road(network: WalkNetwork, x: Floats, y: Floats, limit_m: float) -> Places:
    """Find the nearest road of all, be it on an islet.

    Parameters
    ----------
    network
        The streets.
    x, y
        Coordinates, m.
    limit_m
        Farthest it is looked for.
    """
    none = np.zeros(len(network.segment_m), np.bool_)
    ids = pd.RangeIndex(len(x))
    return network.segment_index.snap(x, y, ids, none, limit_m=limit_m, detour_m=0.0)


def _without_way(located: Located) -> Located:
    access = np.where(located.chain < 0, np.inf, 0.0)
    return Located(located.chain, located.ahead, located.back, access)
