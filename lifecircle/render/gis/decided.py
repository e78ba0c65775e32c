"""What helps to decide in the layers for a GIS: supply, proposed sites, how sure the gaps are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from lifecircle.render.mappable import Mappable
from lifecircle.render.tables.decided import decisions_of, kinds_of, site_table
from lifecircle.standards import Labelled
from lifecircle.tables.decisions import Confidence, Sited, Supplied


def with_decisions(
    layers: Mapping[str, gpd.GeoDataFrame], assessment: Mappable
) -> dict[str, gpd.GeoDataFrame]:
    """Add to the layers what was asked for beside the verdicts.

    Parameters
    ----------
    layers
        As `lifecircle.render.gis.layers.layer_tables` makes them.
    assessment
        Checked tables, and ``decisions`` where it has them.

    Returns
    -------
    dict
        Units and cells with ``supply_KIND`` (units: ``unreached_KIND`` too), facilities with
        ``supply_ratio``, gaps with ``verdict``; and the layers ``sites`` and ``site_cells``. The
        very same where nothing was asked for.
    """
    found = decisions_of(assessment)
    made = dict(layers)
    if found.supplied:
        made |= _with_supply(made, found.supplied)
    if found.confidence is not None:
        made["gaps"] = _with_verdicts(made["gaps"], found.confidence)
    if found.sited:
        kinds = kinds_of(assessment)
        made["sites"] = _stacked([_sites(one, kinds) for one in found.sited])
        made["site_cells"] = _stacked([_newly(one, kinds) for one in found.sited])
    return made


def supply_names(supplied: Sequence[Supplied]) -> list[str]:
    """Name the supply of each: by its kind, numbered from the second of one kind on.

    Parameters
    ----------
    supplied
        In the order of the county's file.
    """
    seen: Counter[str] = Counter()
    names = []
    for one in supplied:
        seen[one.kind] += 1
        names.append(one.kind if seen[one.kind] == 1 else f"{one.kind}_{seen[one.kind]}")
    return names


def _with_supply(
    layers: Mapping[str, gpd.GeoDataFrame], supplied: Sequence[Supplied]
) -> dict[str, gpd.GeoDataFrame]:
    units: dict[str, Any] = {}
    cells: dict[str, Any] = {}
    ratio = pd.Series(float("nan"), index=pd.Index(layers["facilities"]["facility_id"]))
    for name, one in zip(supply_names(supplied), supplied, strict=True):
        by_unit = one.units.reindex(layers["units"]["unit_id"])
        units[f"supply_{name}"] = by_unit["supply"].to_numpy()
        units[f"unreached_{name}"] = by_unit["unreached_share"].to_numpy()
        cells[f"supply_{name}"] = one.cells["supply"].reindex(layers["cells"]["cell_id"]).to_numpy()
        ratio = ratio.fillna(one.facilities["ratio"].reindex(ratio.index))
    return {
        "units": layers["units"].assign(**units),
        "cells": layers["cells"].assign(**cells),
        "facilities": layers["facilities"].assign(supply_ratio=ratio.to_numpy()),
    }


def _with_verdicts(gaps: gpd.GeoDataFrame, found: Confidence) -> gpd.GeoDataFrame:
    rows = found.gaps.reindex(gaps["gap_id"])
    told = {
        "verdict": pd.array(rows["verdict"].to_numpy(dtype=object), dtype="str"),
        "certain_share": rows["share"].to_numpy(dtype=float),
        "unmapped_share": rows["unmapped_share"].to_numpy(dtype=float),
    }
    return gaps.assign(**told)


def _sites(sited: Sited, kinds: Mapping[str, Labelled]) -> gpd.GeoDataFrame:
    shapes = sited.sites.geometry.centroid
    return gpd.GeoDataFrame(site_table(sited, kinds), geometry=shapes.to_numpy(), crs=shapes.crs)


def _newly(sited: Sited, kinds: Mapping[str, Labelled]) -> gpd.GeoDataFrame:
    cells, told = sited.cells, kinds.get(sited.kind)
    table = {
        "cell_id": cells.index.to_numpy(),
        "kind": sited.kind,
        "kind_zh": sited.kind if told is None else told.zh,
        "kind_en": sited.kind if told is None else told.en,
        "objective": str(sited.asked["objective"]),
        "rank": cells["rank"].to_numpy(),
        "unit_id": cells["unit_id"].to_numpy(),
        "persons": cells["persons"].to_numpy(),
    }
    return gpd.GeoDataFrame(
        pd.DataFrame(table, index=range(len(cells))),
        geometry=cells.geometry.to_numpy(),
        crs=cells.crs,
    )


def _stacked(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put layers of several searches together; what one of them does not tell is missing."""
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    return gpd.GeoDataFrame(
        pd.concat(filled, ignore_index=True), geometry="geometry", crs=filled[0].crs
    )
