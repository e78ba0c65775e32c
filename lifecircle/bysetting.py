"""Residents who move by another profile in one setting: each group of cells on its own network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.network import WalkNetwork
from lifecircle.reach import pair_seconds

Groups = Sequence[tuple[WalkNetwork, Longs]]
"""Networks, each with the positions of the cells whose residents move on it."""


def setting_groups(
    network: WalkNetwork, networks: Mapping[str, WalkNetwork] | None, cells: gpd.GeoDataFrame
) -> list[tuple[WalkNetwork, Longs]]:
    """Part cells by the network on which their residents move.

    Parameters
    ----------
    network
        For all cells whose setting has no network of its own.
    networks
        Setting -> its network; all in the same CRS.
    cells
        Table with column ``setting``.

    Returns
    -------
    list of (WalkNetwork, positions)
        Every cell in one group; groups without a cell are left out, but for a first one where there
        is no cell at all.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"setting": ["urban", "rural", "urban"]})
    >>> [rows.tolist() for _, rows in setting_groups("on foot", {"rural": "e-bike"}, cells)]
    [[0, 2], [1]]
    """
    own = networks or {}
    if not own:
        return [(network, np.arange(len(cells)))]
    setting = cells["setting"].to_numpy(dtype=object)
    rest = np.flatnonzero(~np.isin(setting, list(own)))
    groups = [(network, rest), *((on, np.flatnonzero(setting == name)) for name, on in own.items())]
    return [(on, rows) for on, rows in groups if len(rows)] or [(network, rest)]


def pairs_by_setting(
    groups: Groups, places: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, cutoff_seconds: float
) -> tuple[Longs, Ints, Floats, Bools]:
    """Find the seconds of all pairs of place and cell within a cutoff, each cell on its network.

    Parameters
    ----------
    groups
        As `setting_groups` gives them.
    places
        Points, or MultiPoints whose points are entrances, in the networks' CRS.
    cells
        Table with columns ``x``, ``y`` in metres.
    cutoff_seconds
        Longest walk, both access legs included.

    Returns
    -------
    rows, column, seconds, joined
        Row starts per place, cell numbers and seconds, as `lifecircle.reach.pair_seconds` gives
        them; which places lie on some network.
    """
    joined = np.zeros(len(places), np.bool_)
    parts = []
    for network, chosen in groups:
        snapped = network.snap(places)
        located = network.locate(snapped)
        owner = places.index.get_indexer(snapped.ids)
        joined[owner[located.chain >= 0]] = True
        here = cells if len(chosen) == len(cells) else cells.iloc[chosen]
        targets = network.locate(network.snap(here))
        parts.append(pair_seconds(network, located, owner, len(places), targets, cutoff_seconds))
    if len(parts) == 1:
        return (*parts[0], joined)
    row = np.concatenate([np.repeat(np.arange(len(places)), np.diff(rows)) for rows, _, _ in parts])
    cell = np.concatenate(
        [chosen[column] for (_, chosen), (_, column, _) in zip(groups, parts, strict=True)]
    )
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(len(places) + 1)).astype(np.int64)
    seconds = np.concatenate([part[2] for part in parts])
    return starts, cell[order].astype(np.int32), seconds[order], joined
