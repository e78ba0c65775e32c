"""The record of a run: who and what is off the network, what went in, and where it came from."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig, Dataset, WalkProfile, datasets
from lifecircle.errors import warn
from lifecircle.sources.osmcache import file_sha256
from lifecircle.standards import Standard
from lifecircle.tables import first

_UNEVEN: Final = 0.2
_SETTLED_NS: Final = 3_000_000_000  # a file younger than this may still change unseen by its time
_OUTLINE_PARTS: Final = 4000.0  # an outline is true to this part of its diagonal (ours) ...
_OUTLINE_M: Final = (2.0, 30.0)  # ... and between these


def warn_off_network(
    facilities: gpd.GeoDataFrame,
    joined: Sequence[pd.Index],
    cells: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
) -> None:
    """Name the facilities and count the residents that lie far from any road, or on a barred one.

    Parameters
    ----------
    facilities, units
        Tables per `lifecircle.tables`.
    joined
        Ids of the facilities with an entrance on the network, for each network that is moved on.
    cells
        Cells with ``access_m``, NaN where off the network.
    """
    on = set.intersection(*(set(ids) for ids in joined))
    lost = facilities[~facilities.index.isin(on)]
    if len(lost):
        called = lost["name"].where(lost["name"].notna(), lost.index.to_series())
        names = [f"{name} ({kind})" for name, kind in zip(called, lost["kind"], strict=True)]
        warn(f"off network: {len(lost)} facilities far from any road: {first(names, 10)}")
    off = cells[cells["access_m"].isna()]
    people = off.groupby("unit_id")["persons"].sum()
    people = people[people > 0]
    if len(people):
        names = units["name"].fillna(units.index.to_series()).reindex(people.index)
        told = [f"{name} {n:,.0f}" for name, n in zip(names, people, strict=True)]
        warn(
            f"off network: {people.sum():,.0f} residents in {len(off)} cells live far from any "
            f"road and count as not reached: {first(told, 10)}"
        )


def warn_across_country(cells: gpd.GeoDataFrame, profile: WalkProfile) -> None:
    """Count the residents who reach their road across country, beyond the snap limit.

    Parameters
    ----------
    cells
        Cells with ``access_m``.
    profile
        Its limits.
    """
    far = cells["access_m"] > profile.snap_limit_m
    persons = float(cells.loc[far, "persons"].sum())
    if persons > 0:
        warn(
            f"across country: {persons:,.0f} residents in {int(far.sum())} cells live more than "
            f"{profile.snap_limit_m:g} m from any road and are taken to walk there straight, at "
            f"{profile.offroad_kph:g} km/h; map their roads"
        )


def unjudged(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame, standard: Standard) -> list[str]:
    """Find units that no table judges: without any cell, or of a setting without a circle.

    Parameters
    ----------
    cells, units
        Tables per `lifecircle.tables`.
    standard
        Circles with their settings.

    Returns
    -------
    list of str
        A finding each that names them; empty if there is none.
    """
    findings = []
    empty = units[~units.index.isin(cells["unit_id"].unique())]
    if len(empty):
        names = empty["name"].fillna(empty.index.to_series())
        findings.append(
            f"{len(empty)} units hold no resident and no residential land, so they have no row: "
            f"{first(names, 10)}"
        )
    judged = {setting for circle in standard.circles.values() for setting in circle.settings}
    left = units[~units["setting"].isin(judged)]
    if not len(left):
        return findings
    persons = cells.loc[cells["unit_id"].isin(left.index), "persons"].sum()
    names = left["name"].fillna(left.index.to_series())
    findings.append(
        f"no circle is meant for the setting of {len(left)} units with {persons:,.0f} residents, "
        f"so they are not judged: {first(names, 10)}"
    )
    return findings


def undersized(facilities: gpd.GeoDataFrame, standard: Standard) -> list[str]:
    """Find kinds of which some facilities are smaller than the standard wants them.

    Parameters
    ----------
    facilities
        Table per `lifecircle.tables.FACILITIES`, under the required kinds.
    standard
        Requirements with their sizes.

    Returns
    -------
    list of str
        A finding per kind and area; facilities whose area nobody reported are not judged, and
        coverage counts small ones all the same.
    """
    asked = {
        (r.kind, column): size
        for r in standard.requirements
        for column, size in (("floor_m2", r.floor_m2), ("land_m2", r.land_m2))
        if size is not None and size.minimum is not None and column in facilities.columns
    }
    findings = []
    for (kind, column), size in asked.items():
        areas = facilities.loc[facilities["kind"] == kind, column].dropna()
        small = int((areas < size.minimum).sum())
        if small:
            name = column.removesuffix("_m2")
            findings.append(
                f"{kind}: {small} of {len(areas)} facilities whose {name} area is known measure "
                f"less than {size.minimum:g} m2 ({size.flag}); coverage counts them all the same"
            )
    return findings


def uneven_land(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> list[str]:
    """Find units whose residential land looks incompletely mapped.

    Parameters
    ----------
    cells, units
        Tables per `lifecircle.tables`.

    Returns
    -------
    list of str
        One finding that names units with less than a fifth (ours) of the county's mapped
        residential land per resident; empty if there is none, or no land is known at all.
    """
    sums = cells.groupby("unit_id")[["persons", "residential_m2"]].sum()
    sums = sums[sums["persons"] > 0]
    if not len(sums) or not sums["residential_m2"].sum() > 0:
        return []
    each = sums["residential_m2"] / sums["persons"]
    county = float(sums["residential_m2"].sum() / sums["persons"].sum())
    low = each[each < _UNEVEN * county]
    if not len(low):
        return []
    names = units["name"].fillna(units.index.to_series()).reindex(low.index)
    told = [f"{name} {m2:.0f}" for name, m2 in zip(names, low, strict=True)]
    finding = (
        "residential land looks incompletely mapped, so read its shares with care: m2 per resident "
        f"in {first(told, 10)}; in the whole county {county:.0f}"
    )
    return [finding]


def people_record(cells: gpd.GeoDataFrame, people: dict[str, float]) -> dict[str, Any]:
    """Give the persons in, assessed and off the network, and how each unit's were placed.

    Parameters
    ----------
    cells
        The population cells, with ``access_m``: NaN where off the network.
    people
        What went in, by name.

    Returns
    -------
    dict
        Keys ``population`` and ``population_placed_by``.
    """
    persons = cells["persons"].to_numpy()
    people = {
        **people,
        "assessed": float(persons.sum()),
        "off_network": float(persons[cells["access_m"].isna()].sum()),
    }
    placed = cells.groupby("unit_id", sort=False)["placed_by"].first()
    return {
        "population": {name: round(number, 3) for name, number in people.items()},
        "population_placed_by": {str(unit): str(how) for unit, how in placed.items()},
    }


def outline_record(county: BaseGeometry, crs: pyproj.CRS) -> dict[str, str]:
    """Give a county's outline, for maps on which it is one of many; no figure is drawn from it.

    Parameters
    ----------
    county
        Its units, united, in `crs`.
    crs
        A metric CRS.

    Returns
    -------
    dict
        Key ``outline``: WKT in degrees (EPSG:4326) to five decimals, simplified by at most a
        4,000th of its diagonal, 2 to 30 m.

    Examples
    --------
    >>> square = shapely.box(500_000, 3_000_000, 501_000, 3_001_000)
    >>> outline_record(square, pyproj.CRS(4546))["outline"][:28]
    'POLYGON ((111.01009 27.11164'
    """
    west, south, east, north = county.bounds if not county.is_empty else (0.0,) * 4
    low, high = _OUTLINE_M
    near = min(max(((east - west) ** 2 + (north - south) ** 2) ** 0.5 / _OUTLINE_PARTS, low), high)
    simple = gpd.GeoSeries([county.simplify(near)], crs=crs).to_crs(4326).iloc[0]
    return {"outline": shapely.to_wkt(simple, rounding_precision=5)}


def asked_record(config: CountyConfig, standard: Standard, crs: pyproj.CRS) -> dict[str, Any]:
    """Give what was asked for: the resolved config, every input with its hash, and the standard.

    Parameters
    ----------
    config, standard, crs
        The county, what it is judged by, and its metric CRS.

    Returns
    -------
    dict
        Keys ``generated`` (UTC), ``config``, ``inputs``, ``standard``, ``crs``. Paths are relative
        to the county file where they lie below it: the record tells nothing of the machine.
    """
    return {
        "generated": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "config": _beside(config.model_dump(mode="json", exclude={"path"}), config.path.parent),
        "inputs": _provenance(config),
        "standard": standard.model_dump(mode="json", exclude={"kinds", "known"}),
        "crs": crs.to_string(),
    }


def _beside(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {
            key: _relative(Path(part), folder) if key == "path" else _beside(part, folder)
            for key, part in value.items()
        }
    return [_beside(part, folder) for part in value] if isinstance(value, list) else value


def _relative(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _provenance(config: CountyConfig) -> dict[str, dict[str, str]]:
    folder = config.path.parent
    return {
        key: {
            "path": _relative(data.path, folder),
            "source": data.source,
            "date": data.date,
            "licence": data.licence,
            "sha256": _sha256(data, folder / ".cache"),
        }
        for key, data in datasets(config).items()
    }


def _sha256(data: Dataset, cache: Path) -> str:
    """Hash what a dataset is; counties that share a national file need not read it once each.

    What the cache of a large OSM file knows is taken from there; else a file is read once in a
    process, as long as nothing about it changes.
    """
    if not data.path.is_file():
        return data.sha256()
    if (cache / "sha256.json").exists():
        return file_sha256(data.path, cache)
    path, stat = data.path.resolve(), data.path.stat()
    stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    settled = time.time_ns() - max(stamp[1:3]) > _SETTLED_NS
    return _digest(path, stamp) if settled else file_sha256(path, None)


@lru_cache(maxsize=256)
def _digest(path: Path, stamp: tuple[int, ...]) -> str:  # noqa: ARG001 - by which it is remembered
    return file_sha256(path, None)
