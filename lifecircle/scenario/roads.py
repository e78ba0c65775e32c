"""A scenario's roads: those that are built and those that are closed, as a planner writes them."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field, field_validator, model_validator

from lifecircle.roadworks import JOIN_M, WITHIN_M
from lifecircle.scenario.place import CRSName, DatumName, Pair, Part, lonlats
from lifecircle.sources.walkrule import NEVER_WALKED, VEHICLES_ONLY
from lifecircle.tables import first

_TOLD: Final = 5  # names in a sentence; more are counted


class RoadAdded(Part):
    """A road, path or bridge that is built; people walk on it both ways.

    Parameters
    ----------
    name
        What it is called.
    line
        Its course: pairs of longitude and latitude, or of easting and northing with `crs`.
    datum
        What degrees are in: ``wgs84`` (which CGCS2000 equals for this purpose), ``gcj02``,
        ``bd09``.
    crs
        As PROJ knows it, for a line in metres: ``"EPSG:4546"``.
    highway
        Its class, in OSM's words.
    join_m
        How far its ends may lie from the street that they are joined to, m.
    bridge
        Whether it is a bridge or a tunnel: its slope is then not that of the ground.
    """

    name: str = Field(min_length=1)
    line: tuple[Pair, ...] = Field(min_length=2)
    datum: DatumName = "wgs84"
    crs: CRSName = None
    highway: str = Field(default="footway", min_length=1)
    join_m: float = Field(default=JOIN_M, ge=0.0, le=1000.0)
    bridge: bool = False

    @field_validator("highway")
    @classmethod
    def _walked(cls, value: str) -> str:
        if value in NEVER_WALKED | VEHICLES_ONLY:
            raise ValueError(f"people do not walk on {value!r}")
        return value

    @model_validator(mode="after")
    def _on_earth(self) -> RoadAdded:
        _check_degrees(self.lonlats())
        return self

    def lonlats(self) -> list[Pair]:
        """Give its course in WGS 84 degrees."""
        return lonlats(self.line, self.datum, self.crs)


class RoadClosed(Part):
    """A road that is closed: along a line, around a point, or one that the scenario builds.

    Parameters
    ----------
    name
        What it is called; with no line and no point, the name of a road that is built.
    line
        Closes the pieces of street that run along it.
    lon, lat, x, y
        A point that nobody passes any more.
    datum, crs
        As for a road that is built.
    within_m
        How far from the line or the point, m.
    """

    name: str = Field(min_length=1)
    line: tuple[Pair, ...] | None = Field(default=None, min_length=2)
    lon: float | None = None
    lat: float | None = None
    datum: DatumName = "wgs84"
    x: float | None = None
    y: float | None = None
    crs: CRSName = None
    within_m: float = Field(default=WITHIN_M, gt=0.0, le=1000.0)

    @model_validator(mode="after")
    def _one_of_these(self) -> RoadClosed:
        degrees, metres = (self.lon, self.lat), (self.x, self.y)
        given = [part for part in (degrees, metres) if part != (None, None)]
        whole = all(None not in part for part in given)
        in_metres = metres in given or (self.line is not None and self.crs is not None)
        if not whole or len(given) + (self.line is not None) > 1 or in_metres != bool(self.crs):
            raise ValueError("give a line, or lon and lat, or x and y with crs, or none of them")
        _check_degrees(self.lonlats())
        return self

    def lonlats(self) -> list[Pair]:
        """Give its line or its point in WGS 84 degrees; empty where it has neither."""
        points: tuple[Pair, ...] = self.line or ()
        if self.lon is not None and self.lat is not None:
            points = ((self.lon, self.lat),)
        elif self.x is not None and self.y is not None:
            points = ((self.x, self.y),)
        return lonlats(points, self.datum, self.crs) if points else []


class RoadChanges(Part):
    """What happens to roads: first some are closed, then others built, perhaps in their place.

    Parameters
    ----------
    add, close
        In the order of the file, which does not matter.
    """

    add: tuple[RoadAdded, ...] = ()
    close: tuple[RoadClosed, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> RoadChanges:
        twice = [name for name, n in Counter(each.name for each in self.add).items() if n > 1]
        if twice:
            raise ValueError(f"roads have the same name: {first(twice)}")
        unknown = self._by_name() - {each.name for each in self.add}
        if unknown:
            raise ValueError(
                f"no road that is built has this name: {first(sorted(unknown))}; "
                "give the line or the point of a road that is there already"
            )
        return self

    def added(self, crs: Any) -> gpd.GeoDataFrame | None:
        """Give the roads that are built and not closed by name; see `Scenario.roads_added`."""
        gone = self._by_name()
        rows = {n: each for n, each in enumerate(self.add) if each.name not in gone}
        if not rows:
            return None
        lines = [shapely.linestrings(np.array(each.lonlats())) for each in rows.values()]
        columns = {
            "name": [each.name for each in rows.values()],
            "highway": [each.highway for each in rows.values()],
            "join_m": [each.join_m for each in rows.values()],
            "bridge": [each.bridge for each in rows.values()],
        }
        index = pd.Index([*rows], name="road")
        return gpd.GeoDataFrame(columns, index, geometry=lines, crs=4326).to_crs(crs)

    def closed(self, crs: Any) -> gpd.GeoDataFrame | None:
        """Give what is closed by a line or a point; see `Scenario.roads_closed`."""
        rows = {n: each for n, each in enumerate(self.close) if each.lonlats()}
        if not rows:
            return None
        shapes = [
            shapely.linestrings(np.array(each.lonlats()))
            if each.line is not None
            else shapely.points(each.lonlats()[0])
            for each in rows.values()
        ]
        columns = {
            "name": [each.name for each in rows.values()],
            "within_m": [each.within_m for each in rows.values()],
        }
        index = pd.Index([*rows], name="road")
        return gpd.GeoDataFrame(columns, index, geometry=shapes, crs=4326).to_crs(crs)

    def summary(self, lang: str) -> list[str]:
        """Name the roads that are built and closed; empty where there is none."""
        zh = lang == "zh"
        parts = []
        for words, roads in (
            (("新建道路", "built"), self.add),
            (("封闭道路", "closed"), self.close),
        ):
            told = [f"“{each.name}”" for each in roads[:_TOLD]]
            more = len(roads) - len(told)
            if zh and told:
                parts.append(words[0] + "".join(told) + (f"等 {len(roads)} 条" if more else ""))
            elif told:
                parts.append(
                    f"{words[1]} {', '.join(told)}" + (f" and {more} more" if more else "")
                )
        if not parts:
            return []
        return ["、".join(parts) if zh else "roads: " + ", ".join(parts)]

    def _by_name(self) -> set[str]:
        return {each.name for each in self.close if not each.lonlats()}


def _check_degrees(pairs: list[Pair]) -> None:
    lon, lat = np.array(pairs, np.float64).reshape(-1, 2).T
    if not ((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)).all():
        raise ValueError("give longitude, then latitude; or metres with crs")
