"""What if: facilities added, closed or moved, people who walk faster; no file is touched for it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig
from lifecircle.datum import parse_datum, to_lonlat
from lifecircle.errors import ConfigError, CRSError, Fault, InputError, MissingFileError
from lifecircle.standards import Kind
from lifecircle.tables import first

SOURCE: Final = "scenario"
"""The ``source`` of facilities that a scenario adds."""

_SAID: Final = {
    "Extra inputs are not permitted": ("is no key of a scenario", "remove it"),
    "Field required": ("is missing", "add this key"),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Part):
    """Where a facility is put: ``lon`` and ``lat`` with their datum, or ``x`` and ``y`` in a CRS.

    Parameters
    ----------
    lon, lat
        Degrees.
    datum
        What `lon` and `lat` are in: ``wgs84`` (which CGCS2000 equals for this purpose), ``gcj02``,
        ``bd09``.
    x, y
        Easting and northing in `crs`, in its unit.
    crs
        As PROJ knows it: ``"EPSG:4546"``.
    """

    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    datum: str = "wgs84"
    x: float | None = Field(default=None, allow_inf_nan=False)
    y: float | None = Field(default=None, allow_inf_nan=False)
    crs: str | None = None

    @field_validator("datum")
    @classmethod
    def _known_datum(cls, value: str) -> str:
        try:
            parse_datum(value)
        except CRSError as error:
            raise ValueError("; ".join(fault.what for fault in error.faults)) from None
        return value

    @field_validator("crs")
    @classmethod
    def _known_crs(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                pyproj.CRS(value)
            except pyproj.exceptions.CRSError:
                raise ValueError(f"{value!r} is not a known CRS") from None
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> Place:
        degrees, metres = (self.lon, self.lat), (self.x, self.y, self.crs)
        if None not in degrees and metres == (None,) * 3:
            return self
        if None not in metres and degrees == (None,) * 2:
            return self
        raise ValueError("give lon and lat, or x and y with crs")

    def lonlat(self) -> tuple[float, float]:
        """Give the place in WGS 84 degrees."""
        if self.crs is not None:
            lonlat = pyproj.Transformer.from_crs(self.crs, 4326, always_xy=True)
            lon, lat = lonlat.transform(self.x, self.y)
            return float(lon), float(lat)
        lon, lat = to_lonlat(np.array([self.lon]), np.array([self.lat]), parse_datum(self.datum))
        return float(lon[0]), float(lat[0])


class Added(Place):
    """A facility that is added.

    Parameters
    ----------
    kind
        Key or Chinese name of a kind that is judged: ``clinic``, ``卫生站``.
    name, id
        What it is called; the id is ``scenario-1``, ``scenario-2``, ... by default.
    capacity
        Beds, places, doctors, as `capacity_unit` says.
    """

    kind: str
    name: str
    id: str | None = Field(default=None, min_length=1)
    capacity: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    capacity_unit: str | None = None


class Closed(_Part):
    """A facility that is no longer there, by its id; an object of several kinds loses them all."""

    id: str


class Moved(Place):
    """A facility that is elsewhere, by its id."""

    id: str


class FacilityChanges(_Part):
    """What happens to facilities."""

    add: tuple[Added, ...] = ()
    close: tuple[Closed, ...] = ()
    move: tuple[Moved, ...] = ()


class WalkChange(_Part):
    """How fast people walk, m/min; Chinese practice is 60 to 80."""

    speed_m_min: float = Field(ge=10.0, le=250.0)


class Scenario(_Part):
    """Changes to a county, as a TOML file lists them; made by `read_scenario`.

    Parameters
    ----------
    zh, en
        What it is called.
    facilities
        Those added, closed and moved; added ones may be moved and closed, too.
    walk
        Another speed.
    path
        The file.
    """

    zh: str = Field(min_length=1)
    en: str = ""
    facilities: FacilityChanges = FacilityChanges()
    walk: WalkChange | None = None
    path: Path = Path("scenario.toml")

    def record(self) -> dict[str, Any]:
        """Give its name and every change for run.json, facilities with the ids that they got."""
        told = self.model_dump(mode="json", exclude={"path"}, exclude_none=True)
        for number, added in enumerate(told["facilities"]["add"], start=1):
            added.setdefault("id", _default_id(number))
        return {"file": self.path.name, **told}

    def summary(self, lang: str) -> str:
        """Say in one sentence that figures are of a scenario, and what it changes."""
        changes = self.facilities
        counts = [len(changes.add), len(changes.close), len(changes.move)]
        zh = lang == "zh"
        words = ("新增", "关闭", "迁移") if zh else ("added", "closed", "moved")
        parts = [f"{word} {n}" for word, n in zip(words, counts, strict=True) if n]
        told = ["设施" + "、".join(parts) if zh else "facilities: " + ", ".join(parts)] * bool(
            parts
        )
        if self.walk is not None:
            speed = f"{self.walk.speed_m_min:g}"
            told.append(f"步行速度 {speed} 米/分钟" if zh else f"walking speed {speed} m/min")
        if zh:
            return f"情景“{self.zh}”，不是现状：{'；'.join(told) or '没有改动'}。"
        return f"Scenario “{self.en or self.zh}”, not as it is: {'; '.join(told) or 'no change'}."


def read_scenario(path: str | Path) -> Scenario:
    r"""Read and check a scenario's TOML file.

    Parameters
    ----------
    path
        The file, in UTF-8.

    Returns
    -------
    Scenario
        Frozen. Whether its ids and kinds exist is known once it is applied to a county.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It is not TOML, or holds unknown keys or wrong values. All faults are listed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> text = '[[facilities.add]]\nkind = "clinic"\nname = "新站"\nlon = 9.5\nlat = 47.1'
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "new.toml")
    ...     _ = file.write_text('zh = "增设卫生站"\n' + text, encoding="utf-8")
    ...     print(read_scenario(file).summary("zh"))
    情景“增设卫生站”，不是现状：设施新增 1。
    """
    path = Path(path)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        fault = Fault(str(path), "there is no such file", "check the path")
        raise MissingFileError(fault) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Fault(str(path), f"not TOML: {error}", "mend that line")) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Fault(str(path), str(error), "give a UTF-8 text file")) from error
    if "path" in raw:
        raise ConfigError(Fault(str(path), "path: is no key of a scenario", "remove it"))
    try:
        return Scenario.model_validate({**raw, "path": path})
    except ValidationError as error:
        raise ConfigError([_fault(path, each) for each in error.errors()]) from error


def with_scenario(config: CountyConfig, scenario: Scenario) -> CountyConfig:
    """Give a county's config with the scenario's speed, and a notice of it before the county's own.

    Parameters
    ----------
    config, scenario
        The county and what changes.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> county = read_config("data/liechtenstein/county.toml")
    >>> fast = with_scenario(county, Scenario(zh="快走", walk=WalkChange(speed_m_min=80)))
    >>> fast.walk.metres_per_minute, fast.notice_zh[:25]
    (80.0, '情景“快走”，不是现状：步行速度 80 米/分钟。')
    """
    notices = {
        "notice_zh": scenario.summary("zh") + config.notice_zh,
        "notice_en": " ".join(filter(None, (scenario.summary("en"), config.notice_en))),
    }
    walk = config.walk
    if scenario.walk is not None:
        speed_kph = scenario.walk.speed_m_min * 60.0 / 1000.0
        walk = walk.model_copy(update={"speed_kph": speed_kph})
    return config.model_copy(update={**notices, "walk": walk})


def with_facilities(
    inventory: gpd.GeoDataFrame,
    scenario: Scenario,
    *,
    kinds: Mapping[str, Kind],
    area: BaseGeometry,
) -> gpd.GeoDataFrame:
    """Give a county's facilities as the scenario has them.

    Parameters
    ----------
    inventory
        Every known facility under its own kind, per `lifecircle.tables.FACILITIES`.
    scenario
        What changes. Facilities are added first, then moved, then closed: the order of the file
        does not matter.
    kinds
        Kinds that are judged, as `lifecircle.service.known_kinds` gives them.
    area
        Where facilities may be put: the county and its walks in lon/lat.

    Returns
    -------
    GeoDataFrame
        A new table in the inventory's CRS. Without any change left (also where all that is added
        is closed) it is the same as `inventory`.

    Raises
    ------
    InputError
        Ids or kinds are unknown, an id is given twice, or a place lies outside. All are listed.
    """
    changes = scenario.facilities
    ids = [each.id or _default_id(n) for n, each in enumerate(changes.add, start=1)]
    names = {word: key for key, kind in kinds.items() for word in (kind.zh, key)}
    objects = [str(index).split("#", 1)[0] for index in inventory.index]
    where = str(scenario.path)
    faults = [
        *_unknown(where, changes, {*map(str, inventory.index), *objects}, ids),
        *_wrong_kinds(where, changes.add, names),
        *_outside(where, changes, area),
    ]
    if faults:
        raise InputError(faults)
    moved = {each.id: each for each in changes.move}
    closed = {each.id for each in changes.close}
    new = [
        (index, each, moved.get(index, each))
        for index, each in zip(ids, changes.add, strict=True)
        if index not in closed
    ]
    gone = np.array(
        [closed & {str(i), o} != set() for i, o in zip(inventory.index, objects, strict=True)], bool
    )
    table = _moved(inventory, objects, moved)[~gone] if len(inventory) else inventory
    if not new:
        return table
    added = _added(inventory, [(i, names[each.kind], each, place) for i, each, place in new])
    return gpd.GeoDataFrame(pd.concat([table, added]), crs=inventory.crs)


def _added(
    inventory: gpd.GeoDataFrame, new: list[tuple[str, str, Added, Place]]
) -> gpd.GeoDataFrame:
    """Give rows for the inventory: of each its id, kind, facility and final place."""
    columns: dict[str, Any] = {
        "kind": [kind for _, kind, _, _ in new],
        "name": [each.name for _, _, each, _ in new],
        "source": SOURCE,
    }
    for column in ("capacity", "capacity_unit"):
        given = [getattr(each, column) for _, _, each, _ in new]
        if any(value is not None for value in given):
            columns[column] = given
    index = pd.Index([i for i, *_ in new], dtype=inventory.index.dtype, name="facility_id")
    lonlat = [place.lonlat() for *_, place in new]
    points = gpd.GeoSeries(gpd.points_from_xy(*zip(*lonlat, strict=True)), index, crs=4326)
    columns[str(inventory.active_geometry_name)] = points.to_crs(inventory.crs)
    return gpd.GeoDataFrame(columns, index, geometry=inventory.active_geometry_name)


def _moved(
    inventory: gpd.GeoDataFrame, objects: list[str], moved: Mapping[str, Moved]
) -> gpd.GeoDataFrame:
    wanted = [
        moved.get(str(i), moved.get(o)) for i, o in zip(inventory.index, objects, strict=True)
    ]
    rows = [n for n, place in enumerate(wanted) if place is not None]
    if not rows:
        return inventory
    lonlat = [place.lonlat() for place in wanted if place is not None]
    points = gpd.GeoSeries(gpd.points_from_xy(*zip(*lonlat, strict=True)), crs=4326)
    shapes = inventory.geometry.to_numpy().copy()
    shapes[rows] = points.to_crs(inventory.crs).to_numpy()
    return inventory.set_geometry(gpd.GeoSeries(shapes, inventory.index, crs=inventory.crs))


def _unknown(
    where: str, changes: FacilityChanges, known: set[str], added: list[str]
) -> list[Fault]:
    """Find ids that nobody has, and those that are given twice or taken."""
    faults = []
    groups = {
        "add": added,
        "close": [each.id for each in changes.close],
        "move": [each.id for each in changes.move],
    }
    for key in ("close", "move"):
        for number, wanted in enumerate(groups[key]):
            if wanted in known or wanted in added:
                continue
            near = difflib.get_close_matches(wanted, sorted(known | set(added)), n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "take ids from layers.gpkg"
            what = f"facilities.{key}[{number}]: no facility has the id {wanted!r}"
            faults.append(Fault(where, what, remedy))
    for key, ids in groups.items():
        twice = [index for index, count in Counter(ids).items() if count > 1]
        if twice:
            what = f"facilities.{key}: ids are given twice: {first(twice)}"
            faults.append(Fault(where, what, "give each id once"))
    taken = [index for index in added if index in known]
    if taken:
        what = f"facilities.add: facilities have these ids already: {first(taken)}"
        faults.append(Fault(where, what, "give other ids"))
    return faults


def _wrong_kinds(where: str, added: Iterable[Added], names: Mapping[str, str]) -> list[Fault]:
    faults = []
    for number, each in enumerate(added):
        if each.kind in names:
            continue
        near = difflib.get_close_matches(each.kind, names, n=1)
        known = first([*dict.fromkeys(names.values())], 6)
        remedy = f"did you mean {near[0]!r}?" if near else f"use one of {known}"
        what = f"facilities.add[{number}].kind: {each.kind!r} is no kind that is judged here"
        faults.append(Fault(where, what, remedy))
    return faults


def _outside(where: str, changes: FacilityChanges, area: BaseGeometry) -> list[Fault]:
    places = [(each.name, each) for each in changes.add] + [(e.id, e) for e in changes.move]
    far = [name for name, place in places if not shapely.contains_xy(area, *place.lonlat())]
    if not far:
        return []
    what = f"places lie outside the county and its walks: {first(far)}"
    return [Fault(where, what, "check their coordinates and datum")]


def _default_id(number: int) -> str:
    return f"{SOURCE}-{number}"


def _fault(path: Path, error: Any) -> Fault:
    place = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in error["loc"]))
    message = str(error["msg"])
    said, remedy = _SAID.get(message, (message.removeprefix("Value error, "), "correct this value"))
    return Fault(str(path), f"{place}: {said}" if place else said, remedy)
