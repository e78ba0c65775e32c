"""What a profile makes of streets: seconds along each segment both ways, and what is barred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.streets import trait

if TYPE_CHECKING:
    from lifecircle.config import WalkProfile
    from lifecircle.network.graph import WalkNetwork

BARRED: Final = 1e9
"""Seconds (or metres) over a barred segment: finite, so that sums along a chain stay numbers."""

LATEST: Final = 1e8
"""A walk of more seconds (or metres) than this crosses something barred: there is no such walk."""


def barred_segments(network: WalkNetwork, profile: WalkProfile) -> Bools:
    """Tell which segments a profile may not use.

    Parameters
    ----------
    network
        The streets; where their slope is not known, none is too steep.
    profile
        What it bars.
    """
    traits = network.segment_traits
    barred = np.zeros(len(traits), np.bool_)
    if profile.no_steps:
        barred |= (traits & trait("steps")) > 0
    if profile.no_wheelchair_no:
        barred |= (traits & trait("wheelchair_no")) > 0
    if profile.barred:
        classes = np.isin(np.asarray(network.highways, dtype=object), list(profile.barred))
        barred |= classes[network.segment_highway]
    if profile.steepest is not None and network.slope is not None:
        barred |= network.slope.steepest > profile.steepest
    return barred


def segment_seconds(network: WalkNetwork) -> tuple[Floats, Floats]:
    """Give the seconds along each segment and against it, for the network's profile.

    Parameters
    ----------
    network
        The streets; where it stands for lengths, metres are given.

    Returns
    -------
    ahead, back
        One and the same array where the two do not differ.
    """
    profile, barred = network.profile, network.segment_barred
    if network.metric:
        metres = np.where(barred, BARRED, network.segment_m) if barred.any() else network.segment_m
        return metres, metres
    kph = np.array([profile.speeds_kph.get(name, profile.speed_kph) for name in network.highways])
    seconds = network.segment_m / (kph / 3.6)[network.segment_highway]
    for name, factor in (("steps", profile.steps_factor), ("unpaved", profile.unpaved_factor)):
        if factor != 1.0:
            seconds = np.where(
                (network.segment_traits & trait(name)) > 0, seconds * factor, seconds
            )
    if network.slope is None or not profile.slope:
        seconds = np.where(barred, BARRED, seconds) if barred.any() else seconds
        return seconds, seconds
    ahead, back = seconds * network.slope.ahead, seconds * network.slope.back
    return np.where(barred, BARRED, ahead), np.where(barred, BARRED, back)


def along_chains(seconds: Floats, chain_start: Longs, segment_chain: Ints) -> Floats:
    """Give the seconds from the start of its chain to the start of each segment.

    Parameters
    ----------
    seconds
        Per segment, in chain order.
    chain_start, segment_chain
        As a network has them.
    """
    barred = seconds >= BARRED
    if not barred.any():
        return _since_start(seconds, chain_start, segment_chain)
    # Summed apart: beside many times a billion, seconds would lose their last digits.
    open_ways = _since_start(np.where(barred, 0.0, seconds), chain_start, segment_chain)
    return open_ways + BARRED * _since_start(barred.astype(np.float64), chain_start, segment_chain)


def _since_start(values: Floats, chain_start: Longs, segment_chain: Ints) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])[:-1]
    starts = chain_start[:-1]
    # One running sum, less its value at each chain's start: exact to 1e-8 s in a county.
    ahead = total - total[starts][segment_chain] if len(starts) else total
    return np.asarray(ahead, dtype=np.float64)
