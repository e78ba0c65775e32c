"""Residents who move by another profile in one setting: each group of cells on its own network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.reach import nearest_times, pair_seconds
from lifecircle.tables import code_index

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


def access_by_setting(
    groups: Groups,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    kinds: Sequence[str],
    by_metres: bool = False,
    cell_places: Sequence[Places] | None = None,
    facility_places: Sequence[Places] | None = None,
) -> pd.DataFrame:
    """Measure the walks to the nearest facility of each kind, each cell on its network.

    Parameters
    ----------
    groups
        As `setting_groups` gives them.
    facilities
        Table per `lifecircle.tables.FACILITIES`.
    cells
        Table with columns ``x``, ``y`` in metres.
    kinds
        Kinds to measure.
    by_metres
        Whether the shortest walk in metres is measured too.
    cell_places, facility_places
        Where each group's cells, and the facilities, lie on its network; snapped where not given.

    Returns
    -------
    DataFrame
        Table per `lifecircle.tables.ACCESS`, kind by kind in the order of the cells.
    """
    parts = []
    for number, (network, rows) in enumerate(groups):
        here = cells if len(rows) == len(cells) else cells.iloc[rows]
        asked: dict[str, Any] = {
            "kinds": list(kinds),
            "cell_places": cell_places[number] if cell_places else network.snap(here),
            "facility_places": (
                facility_places[number] if facility_places else network.snap(facilities)
            ),
        }
        access = nearest_times(network, facilities, here, **asked)
        if by_metres:
            shortest = nearest_times(network.by_length(), facilities, here, **asked)
            access = access.assign(metres=shortest["seconds"])
        parts.append(access)
    return parts[0] if len(parts) == 1 else _joined(parts, groups, cells.index)


def _joined(parts: Sequence[pd.DataFrame], groups: Groups, cells: pd.Index) -> pd.DataFrame:
    """Put the rows of groups of cells in the order of one table: kind by kind, all cells each."""
    kinds = parts[0].index.unique("kind")
    shape = (len(kinds), len(cells))
    index = code_index(
        {"cell_id": cells, "kind": kinds},
        np.tile(np.arange(shape[1], dtype=np.int32), shape[0]),
        np.repeat(np.arange(shape[0], dtype=np.int16), shape[1]),
    )

    def gathered(values: Sequence[np.ndarray], filled: float) -> np.ndarray:
        whole = np.full(shape, filled, dtype=values[0].dtype)
        for value, (_, rows) in zip(values, groups, strict=True):
            whole[:, rows] = value.reshape(shape[0], -1)
        return whole.ravel()

    found = [part["facility_id"].cat for part in parts]
    codes = gathered([one.codes.to_numpy() for one in found], -1)
    columns: dict[str, Any] = {
        name: gathered([part[name].to_numpy() for part in parts], np.nan)
        for name in parts[0].columns
        if name != "facility_id"
    }
    columns["facility_id"] = pd.Categorical.from_codes(codes, categories=found[0].categories)
    return pd.DataFrame(columns, index=index, copy=False)[list(parts[0].columns)]


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
