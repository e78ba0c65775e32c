"""A finished run as its folder holds it: layers, cells, and the record of how they came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj

from lifecircle.config import load_config
from lifecircle.errors import Fault, InputError, MissingFileError
from lifecircle.render.gis.words import LAYERS, clean, layer_key
from lifecircle.standards import Lang

_AGAIN: Final = "assess the county again (lifecircle assess)"
_NAMES: Final = ("what", "key", "zh", "en", "settings", "color")


@dataclass(frozen=True)
class FinishedRun:
    """A folder that an assessment was written into.

    Parameters
    ----------
    folder
        The folder.
    record
        What its run.json holds.
    tables
        Key of each layer -> its name in layers.gpkg.
    names
        As `lifecircle.render.gis.words.name_table` gives them.
    crs
        The county's metric CRS.
    """

    folder: Path
    record: Mapping[str, Any]
    tables: Mapping[str, str]
    names: pd.DataFrame
    crs: pyproj.CRS

    @property
    def name(self) -> str:
        """The county's name as its files bear it."""
        return str(self.record["config"]["name"])

    def label(self, lang: Lang) -> str:
        """Give the county's name in one language."""
        return clean(str(self.record["config"].get(lang) or self.name))

    def layer(self, key: str) -> gpd.GeoDataFrame:
        """Read a layer, without index."""
        return _read(self.folder / "layers.gpkg", self.tables[key])

    def cells(self) -> gpd.GeoDataFrame:
        """Read the cells with exact times.

        Raises
        ------
        InputError
            cells.parquet is missing or cannot be read.
        """
        path = self.folder / "cells.parquet"
        if not path.is_file():
            raise MissingFileError(Fault(str(path), "there is no such file", _AGAIN))
        try:
            return gpd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise InputError(Fault(str(path), f"cannot be read ({error})", _AGAIN)) from error

    def bounds(self) -> tuple[float, float, float, float]:
        """Give the county's bounds: west, south, east, north in degrees."""
        path = self.folder / "layers.gpkg"
        box = pyogrio.read_info(path, layer=self.tables["units"], force_total_bounds=True)
        carry = pyproj.Transformer.from_crs(self.crs, 4326, always_xy=True)
        west, south, east, north = carry.transform_bounds(*box["total_bounds"])
        return float(west), float(south), float(east), float(north)


def run_folder(path: str | Path) -> Path:
    """Find the folder of a finished run.

    Parameters
    ----------
    path
        The folder itself, or the county's TOML file, whose results lie in ``out/NAME``.

    Returns
    -------
    Path
        The folder; whether it holds all that is needed is for `open_run` to say.

    Raises
    ------
    MissingFileError
        There is no such file or folder.
    ConfigError
        The TOML file is malformed.
    """
    given = Path(path)
    if given.suffix.casefold() == ".toml":
        given = Path("out") / load_config(given)[0].name
    if not given.is_dir():
        raise MissingFileError(
            Fault(str(given), "there is no such folder", "assess the county first, or name its run")
        )
    return given


def open_run(path: str | Path) -> FinishedRun:
    """Open a finished run; nothing is computed again.

    Parameters
    ----------
    path
        As for `run_folder`.

    Returns
    -------
    FinishedRun
        Its layers are read when they are asked for.

    Raises
    ------
    InputError
        The folder, or a file that is needed, is missing or cannot be read; all are listed.
    """
    folder = run_folder(path)
    lacking = [name for name in ("run.json", "layers.gpkg") if not (folder / name).is_file()]
    if lacking:
        within = sorted(p.parent.name for p in folder.glob("*/run.json"))
        remedy = f"give one of the runs in it: {', '.join(within)}" if within else _AGAIN
        raise MissingFileError(
            Fault(
                str(folder), f"is no finished run: it holds no {' and no '.join(lacking)}", remedy
            )
        )
    record = _record(folder / "run.json")
    file = folder / "layers.gpkg"
    tables, names = _tables(file)
    crs = pyogrio.read_info(file, layer=tables["units"])["crs"]
    return FinishedRun(folder, record, tables, names, pyproj.CRS.from_user_input(crs))


def _record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["config"]["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(Fault(str(path), f"is no record of a run ({error!r})", _AGAIN)) from error
    found: Mapping[str, Any] = record
    return found


def _tables(file: Path) -> tuple[dict[str, str], pd.DataFrame]:
    try:
        there = {layer_key(str(name)): str(name) for name, _ in pyogrio.list_layers(file)}
    except pyogrio.errors.DataSourceError as error:
        raise InputError(Fault(str(file), f"cannot be read ({error})", _AGAIN)) from error
    tables = {key: name for key, name in there.items() if key is not None}
    missing = [key for key in (*LAYERS, "names") if key not in tables]
    if missing:
        what = f"lacks {', '.join(missing)}: an earlier version wrote it"
        raise InputError(Fault(str(file), what, _AGAIN))
    names = pyogrio.read_dataframe(file, layer=tables.pop("names"), read_geometry=False)
    lost = [name for name in _NAMES if name not in names.columns]
    if lost:
        what = f"its table of names has no column {', '.join(lost)}"
        raise InputError(Fault(str(file), what, _AGAIN))
    tables.pop("fields", None)
    return tables, names[list(_NAMES)].fillna("").astype("str")


def _read(file: Path, table: str) -> gpd.GeoDataFrame:
    try:
        return pyogrio.read_dataframe(file, layer=table, use_arrow=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise InputError(Fault(str(file), f"cannot be read ({error})", _AGAIN)) from error
