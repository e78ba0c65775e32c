"""What siting hands over: tables, layers and a record."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from lifecircle.errors import OutputError
from lifecircle.render.gis.frames import plain_values
from lifecircle.render.gis.geopackage import GEOMETRY, write_arrow
from lifecircle.render.writing import check_writable, write_table
from lifecircle.siting.proposing import Proposal

HEADS: Final[Mapping[str, str]] = {
    "rank": "名次",
    "candidate_id": "候选编号",
    "name": "名称",
    "source": "候选来源",
    "unit_id": "单元编号",
    "unit_name": "单元",
    "lon": "经度（WGS 84）",
    "lat": "纬度（WGS 84）",
    "persons": "新增覆盖居民（人）",
    "persons_total": "累计新增覆盖居民（人）",
    "covered_share": "建成后覆盖率（0–1）",
    "person_minutes": "节省步行（人·分钟）",
    "mean_minutes": "平均步行（分钟）",
    "worst_minutes": "最远步行（分钟）",
    "unreached": "仍未达居民（人）",
    "count": "选址数",
    "gained": "累计收益",
    "marginal": "边际收益",
    "bound": "收益上界",
}
"""Field -> its heading in Chinese; in the CSV files the field's name follows it."""

_WALKS: Final = ("mean_minutes", "worst_minutes", "unreached")
_LAYERS: Final = {"sites": "建议选址", "cells": "新增覆盖居民"}
OUTPUTS: Final = ("sites.csv", "curve.csv", "sites.gpkg", "site.json")
"""The files, in the order in which they are written."""


def write_proposal(proposal: Proposal, out: str | Path) -> list[Path]:
    """Write the sites, the curve, the layers and the record.

    Parameters
    ----------
    proposal
        As `propose_sites` gives it.
    out
        Folder; it is made where it is missing, and files of an earlier run are replaced.

    Returns
    -------
    list of Path
        `OUTPUTS` in the folder. Layers are in the county's metric CRS; the tables give WGS 84.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    folder = Path(out)
    check_writable(folder)
    sites = _shown(proposal)
    table = pd.DataFrame(sites.drop(columns=sites.geometry.name)).reset_index()
    files = [folder / name for name in OUTPUTS]
    write_table(_headed(table), files[0])
    write_table(_headed(_curve(proposal)), files[1])
    layers = {"sites": sites.reset_index(), "cells": proposal.cells.reset_index()}
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


def _shown(proposal: Proposal) -> gpd.GeoDataFrame:
    """Give the sites; how far all walk is told only where walks beyond the limit were measured."""
    if proposal.answer.objective in {"mclp", "lscp"}:
        return proposal.sites.drop(columns=[*_WALKS, "person_minutes"])
    return proposal.sites


def _curve(proposal: Proposal) -> pd.DataFrame:
    """Give the curve; of pmedian in person-minutes."""
    curve = proposal.answer.curve
    if proposal.answer.objective == "pmedian":
        curve = curve / 60.0
    return curve.reset_index()


def _headed(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={name: f"{HEADS[name]} {name}" for name in table.columns})


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
                aliases={name: head for name, head in HEADS.items() if name in frame.columns},
                geometry_name=GEOMETRY,
            )
