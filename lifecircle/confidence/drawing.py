"""Settings to try: drawn so that any number of them fills every range evenly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

_BASES: Final = (2, 3, 5, 7)  # of speed, snap limit, residents, facilities
_DIGITS: Final = 1e9  # that many points differ


@dataclass(frozen=True)
class Ranges:
    """What settings are drawn from; made for a county by `lifecircle.confidence.gap_confidence`.

    Parameters
    ----------
    own_speed_m_min, own_snap_limit_m
        The county's own walking speed and snap limit.
    speed_m_min, snap_limit_m
        Least and greatest of the drawn ones.
    populations, facilities
        Names of sources; the first of each is the county's own.
    """

    own_speed_m_min: float
    own_snap_limit_m: float
    speed_m_min: tuple[float, float]
    snap_limit_m: tuple[float, float]
    populations: Sequence[str]
    facilities: Sequence[str]


def draw_settings(count: int, seed: int, ranges: Ranges) -> pd.DataFrame:
    r"""Draw settings; the first is the county's own.

    Parameters
    ----------
    count
        How many beside the county's own.
    seed
        The same seed gives the same settings. More settings leave those before as they are.
    ranges
        What they are drawn from.

    Returns
    -------
    DataFrame
        Index ``setting`` from 0; ``speed_m_min`` (m/min), ``snap_limit_m`` (m), ``population`` and
        ``facilities`` (names of sources).

    Notes
    -----
    A Halton sequence, its digits shuffled by the seed [1]_: as in a Latin hypercube each range is
    filled evenly, and so are pairs of ranges, but for any number of settings.

    References
    ----------
    .. [1] Owen, A. B. (2017). A randomized Halton algorithm in R. arXiv:1706.02808.

    Examples
    --------
    >>> ranges = Ranges(75.0, 1000.0, (60.0, 80.0), (200.0, 1000.0), ["own"], ["all"])
    >>> draw_settings(2, 1, ranges).round(1)
             speed_m_min  snap_limit_m population facilities
    setting
    0               75.0        1000.0        own        all
    1               63.1         477.3        own        all
    2               73.1         210.7        own        all
    """
    points = _points(count, seed)
    low, high = ranges.speed_m_min
    near, far = ranges.snap_limit_m
    return pd.DataFrame(
        {
            "speed_m_min": [ranges.own_speed_m_min, *(low + points[0] * (high - low))],
            "snap_limit_m": [ranges.own_snap_limit_m, *(near + points[1] * (far - near))],
            "population": _chosen(ranges.populations, points[2]),
            "facilities": _chosen(ranges.facilities, points[3]),
        },
        index=pd.RangeIndex(count + 1, name="setting"),
    )


def _points(count: int, seed: int) -> list[np.ndarray]:
    """Give numbers in [0, 1) for each thing."""
    random = np.random.default_rng(seed)
    points = []
    for base in _BASES:
        number, part, value = np.arange(count), 1.0, np.zeros(count)
        while part * _DIGITS > 1.0:
            part /= base
            value += part * random.permutation(base)[number % base]
            number //= base
        points.append(value)
    return points


def _chosen(names: Sequence[str], points: np.ndarray) -> list[str]:
    own, number = names[0], np.minimum((points * len(names)).astype(int), len(names) - 1)
    return [own, *(names[n] for n in number)]
