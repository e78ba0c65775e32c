"""What siting hands over: tables, layers and a record."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import geopandas as gpd

from lifecircle.errors import OutputError
from lifecircle.render.gis.frames import plain_values
from lifecircle.render.gis.geopackage import GEOMETRY, write_arrow
from lifecircle.render.tables.decided import (
    BY_COVER,
    WALKS,
    curve_table,
    site_table,
)
from lifecircle.render.tables.decided_words import csv_heads, decided_head
from lifecircle.render.writing import check_writable, write_table
from lifecircle.siting.proposing import Proposal
from lifecircle.standards import Labelled
from lifecircle.tables.decisions import Sited

NO_NAMES: Final[Mapping[str, Labelled]] = MappingProxyType({})
"""Kinds go by their keys."""

_LAYERS: Final = {"sites": "建议选址", "cells": "新增覆盖居民"}
OUTPUTS: Final = ("sites.csv", "curve.csv", "sites.gpkg", "site.json")
"""The files, in the order in which they are written."""


def write_proposal(
    proposal: Proposal, out: str | Path, *, kinds: Mapping[str, Labelled] = NO_NAMES
) -> list[Path]:
    """Write the sites, the curve, the layers and the record.

    Parameters
    ----------
    proposal
        As `propose_sites` gives it.
    out
        Folder; it is made where it is missing, and files of an earlier run are replaced.
    kinds
        What kinds are called, by key.

    Returns
    -------
    list of Path
        `OUTPUTS` in the folder. Layers are in the county's metric CRS; the tables, which ``assess``
        writes alike, give WGS 84.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    folder = Path(out)
    check_writable(folder)
    sited = sited_of(proposal)
    files = [folder / name for name in OUTPUTS]
    write_table(csv_heads("sites", site_table(sited, kinds)), files[0])
    write_table(csv_heads("sites_curve", curve_table(sited, kinds)), files[1])
    layers = {"sites": _shown(proposal).reset_index(), "cells": proposal.cells.reset_index()}
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as place:
            _write_layers(Path(place) / files[2].name, layers)
            text = json.dumps(proposal.record, ensure_ascii=False, indent=2, default=str)
            (Path(place) / files[3].name).write_text(text + "\n", encoding="utf-8", newline="\n")
            for file in files[2:]:
                (Path(place) / file.name).replace(file)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written: {error} -> close its files in other programs"
        ) from error
    return files


def sited_of(proposal: Proposal) -> Sited:
    """Give a proposal as an assessment holds it.

    Parameters
    ----------
    proposal
        As `propose_sites` gives it.
    """
    asked = proposal.record["siting"]
    return Sited(asked["kind"], asked, proposal.sites, proposal.answer.curve, proposal.cells)


def _shown(proposal: Proposal) -> gpd.GeoDataFrame:
    """Give the sites; how far all walk is told only where walks beyond the limit were measured."""
    if proposal.answer.objective in BY_COVER:
        return proposal.sites.drop(columns=[*WALKS])
    return proposal.sites


def _write_layers(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    for key, frame in layers.items():
        if len(frame):
            kinds = frame.geom_type.unique()
            write_arrow(
                plain_values(frame, narrow=False),
                path,
                layer=_LAYERS[key],
                driver="GPKG",
                geometry_type=str(kinds[0]) if len(kinds) == 1 else "Unknown",
                aliases={name: decided_head("sites", name).zh for name in frame.columns},
                geometry_name=GEOMETRY,
            )
