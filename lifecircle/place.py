"""Places: where things lie on a network, and the index that finds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.kernels.places import index_segments, snap

_SIDE_M = 60.0  # side of a square of the index; measured best between 60 and 100 m
_SQUARES = 20_000_000  # more squares than this, and the side grows


@dataclass(frozen=True)
class Places:
    """Where things lie on the network: the one definition of a place, for any walk profile.

    Parameters
    ----------
    ids
        Identity of each place; a facility with several entrances repeats its id.
    segment
        Number of the nearest segment; -1 where none lies within the snap limit (off network).
    fraction
        Position along that segment, 0 to 1.
    access_m
        Straight metres from the place to that position; inf where off network.
    moved
        True where the place left an islet for a connected street further away.
    """

    ids: pd.Index
    segment: Ints
    fraction: Floats
    access_m: Floats
    moved: Bools

    def __len__(self) -> int:
        return len(self.segment)

    @property
    def off_network(self) -> Bools:
        """Which places lie beyond the snap limit."""
        return np.asarray(self.segment < 0)


@dataclass(frozen=True)
class Located:
    """Places in seconds on chains: see `lifecircle.kernels.places`."""

    chain: Ints
    ahead: Floats
    back: Floats
    access: Floats


@dataclass(frozen=True)
class SegmentIndex:
    """Segments, and squares of a grid that list those near them; made by `build`.

    Parameters
    ----------
    ax, ay, bx, by
        Ends of the segments, m.
    ptr, listed
        Segments of each square, as compressed sparse rows.
    x0, y0, side, nx, ny
        Corner, side in m, and size of the grid.
    """

    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    ptr: Longs
    listed: Ints
    x0: float
    y0: float
    side: float
    nx: int
    ny: int

    @classmethod
    def build(cls, ax: Floats, ay: Floats, bx: Floats, by: Floats) -> SegmentIndex:
        """Index the segments from (ax, ay) to (bx, by), in metres; there is at least one."""
        x0 = float(min(ax.min(), bx.min())) - 1.0
        y0 = float(min(ay.min(), by.min())) - 1.0
        width = float(max(ax.max(), bx.max())) - x0
        height = float(max(ay.max(), by.max())) - y0
        side = max(_SIDE_M, float(np.sqrt(width * height / _SQUARES)))
        nx, ny = int(width / side) + 2, int(height / side) + 2
        ptr, listed = index_segments(ax, ay, bx, by, x0, y0, side, nx, ny)
        return cls(ax, ay, bx, by, ptr, listed, x0, y0, side, nx, ny)

    def snap(
        self, x: Floats, y: Floats, ids: pd.Index, islet: Bools, *, limit_m: float, detour_m: float
    ) -> Places:
        """Find the nearest point on a segment for each (x, y).

        Parameters
        ----------
        x, y
            Coordinates, m.
        ids
            Identities of the places.
        islet
            Which segments belong to an islet: they lose against another segment that is at most
            `detour_m` further.
        limit_m
            Farthest a segment may lie.
        detour_m
            See `islet`.

        Returns
        -------
        Places
            In the order given.
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        # Neighbours after one another find their squares in the cache: three times as fast.
        tile = 8.0 * self.side
        known = np.isfinite(x) & np.isfinite(y)  # elsewhere is nowhere: off network
        x, y = np.where(known, x, self.x0 - 1e9), np.where(known, y, self.y0 - 1e9)
        order = np.lexsort((np.floor(x / tile), np.floor(y / tile)))
        found = snap(
            x[order],
            y[order],
            self.ax,
            self.ay,
            self.bx,
            self.by,
            islet,
            self.ptr,
            self.listed,
            self.x0,
            self.y0,
            self.side,
            self.nx,
            self.ny,
            float(limit_m),
            float(detour_m),
        )
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        segment, fraction, metres, moved = found
        return Places(ids, segment[back], fraction[back], metres[back], moved[back])
