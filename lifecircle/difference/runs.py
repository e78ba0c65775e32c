"""Finished runs as far as they are compared: from their folders, or from memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

from lifecircle.county import Assessment
from lifecircle.errors import Fault, InputError, MissingFileError
from lifecircle.render.gis.layers import cell_layer, facility_layer
from lifecircle.render.gis.words import layer_key
from lifecircle.render.tables.sheets import coverage_table
from lifecircle.standards import Lang

KEY: Final = ["scope", "circle", "kind", "denominator"]
"""What identifies a row of coverage."""

LABELS: Final = ["unit_name", "circle_zh", "circle_en", "kind_zh", "kind_en"]
"""Its names."""

LAYERS: Final = "layers.gpkg"
_NUMBERS: Final = ("limit", "covered", "total", "share", "known_facilities")


@dataclass(frozen=True, eq=False)
class Run:
    """One finished assessment, as far as it is compared; made by `read_run` or `run_of`.

    Parameters
    ----------
    label
        What to call it in messages: its folder.
    record
        What run.json holds.
    coverage
        What coverage.csv holds.
    cells
        What cells.parquet holds: cells with their walk to the nearest of each kind.
    units, facilities
        Of layers.gpkg: names and outlines, kinds and points. None where the run left it out.
    """

    label: str
    record: dict[str, Any]
    coverage: pd.DataFrame
    cells: gpd.GeoDataFrame
    units: gpd.GeoDataFrame | None = None
    facilities: gpd.GeoDataFrame | None = None

    @property
    def lang(self) -> Lang:
        """Language that the county's file chose for its maps."""
        return "en" if self.record.get("config", {}).get("map", {}).get("lang") == "en" else "zh"


def read_run(folder: str | Path) -> Run:
    """Read what a finished run left in its folder.

    Parameters
    ----------
    folder
        As `lifecircle.render.writing.write_outputs` wrote it.

    Returns
    -------
    Run
        As far as runs are compared: figures, cells, units and facilities.

    Raises
    ------
    MissingFileError
        A file is not there. All are listed.
    InputError
        A file cannot be read.

    Examples
    --------
    >>> read_run("nowhere")
    Traceback (most recent call last):
    ...
    lifecircle.errors.MissingFileError: nowhere/run.json: there is no such file -> give folders ...
    """
    folder = Path(folder)
    files = [folder / name for name in ("run.json", "coverage.csv", "cells.parquet")]
    missing = [
        Fault(str(file), "there is no such file", "give folders of finished assessments")
        for file in files
        if not file.is_file()
    ]
    if missing:
        raise MissingFileError(missing)
    at = files[0]
    try:
        record = json.loads(at.read_text(encoding="utf-8"))
        if not {"requirements", "circles", "community"} <= {*record["standard"]}:
            raise ValueError("it names no requirements")  # noqa: TRY301 - told as what follows is
        at = files[1]
        coverage = pd.read_csv(
            at,
            encoding="utf-8-sig",
            dtype=dict.fromkeys([*KEY, *LABELS, "limit_unit", "flag"], "str"),
            keep_default_na=False,
            na_values={name: [""] for name in _NUMBERS},
        )
        at = files[2]
        cells = gpd.read_parquet(at)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(Fault(str(at), f"cannot be read ({error})", "assess again")) from error
    return Run(str(folder), record, coverage, cells, *_layers(folder / LAYERS))


def run_of(assessment: Assessment, label: str) -> Run:
    """Give an assessment in memory as its folder would hold it.

    Parameters
    ----------
    assessment
        What `lifecircle.county.assess` gave.
    label
        What to call it in messages.

    Returns
    -------
    Run
        As `read_run` would read it.

    Examples
    --------
    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> run_of(county, "2013").label
    '2013'
    """
    table = coverage_table(assessment)
    cells = cell_layer(assessment, minutes=False)
    table = table.assign(unit_name=table["unit_name"].fillna(""))
    units = assessment.units[["name", str(assessment.units.active_geometry_name)]]
    return Run(label, assessment.run, table, cells, units, facility_layer(assessment))


def _layers(path: Path) -> tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Read units and facilities; None where a run, or a copy of it, has no such layer."""
    found: list[gpd.GeoDataFrame | None] = []
    for key, columns in (
        ("units", ["unit_id", "name"]),
        ("facilities", ["facility_id", "kind", "name"]),
    ):
        try:
            named = {layer_key(str(name)): str(name) for name, _ in pyogrio.list_layers(path)}
            table = pyogrio.read_dataframe(path, layer=named[key], columns=columns)
            found.append(table.set_index(columns[0]))
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, KeyError):
            found.append(None)
    return found[0], found[1]
