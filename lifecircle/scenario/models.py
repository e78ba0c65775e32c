"""What a scenario's TOML file may say, and how it is read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
from pydantic import Field, ValidationError

from lifecircle.config import CountyConfig
from lifecircle.errors import ConfigError, Fault, MissingFileError
from lifecircle.scenario.place import Part, Place
from lifecircle.scenario.roads import RoadChanges

SOURCE: Final = "scenario"
"""The ``source`` of facilities that a scenario adds."""

_SAID: Final = {
    "Extra inputs are not permitted": ("is no key of a scenario", "remove it"),
    "Field required": ("is missing", "add this key"),
}


class Added(Place):
    """A facility that is added.

    Parameters
    ----------
    kind
        Key or Chinese name of a kind that is judged: ``clinic``, ``卫生站``.
    name, id
        What it is called; the id is ``scenario-1``, ``scenario-2``, ... by default.
    capacity, capacity_unit
        How much it offers, and of what: beds, places, doctors.
    """

    kind: str
    name: str
    id: str | None = Field(default=None, min_length=1)
    capacity: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    capacity_unit: str | None = None


class Closed(Part):
    """A facility that is no longer there, by its id; an object of several kinds loses them all.

    Parameters
    ----------
    id
        As in the table of facilities.
    """

    id: str


class Moved(Place):
    """A facility that is elsewhere, by its id.

    Parameters
    ----------
    id
        As in the table of facilities.
    """

    id: str


class FacilityChanges(Part):
    """What happens to facilities.

    Parameters
    ----------
    add, close, move
        Those that are new, gone, and elsewhere.
    """

    add: tuple[Added, ...] = ()
    close: tuple[Closed, ...] = ()
    move: tuple[Moved, ...] = ()


class WalkChange(Part):
    """How fast people walk.

    Parameters
    ----------
    speed_m_min
        m/min; Chinese practice is 60 to 80.
    """

    speed_m_min: float = Field(ge=10.0, le=250.0)


class Scenario(Part):
    """Changes to a county, as a TOML file lists them; made by `read_scenario`.

    Parameters
    ----------
    zh, en
        What it is called.
    facilities
        Those added, closed and moved; added ones may be moved and closed, too.
    roads
        Those built and closed; a road that is built may be closed by its name, too.
    walk
        Another speed.
    path
        The file.
    """

    zh: str = Field(min_length=1)
    en: str = ""
    facilities: FacilityChanges = FacilityChanges()
    roads: RoadChanges = RoadChanges()
    walk: WalkChange | None = None
    path: Path = Path("scenario.toml")

    def record(self) -> dict[str, Any]:
        """Give its name and every change for run.json, facilities with the ids that they got."""
        told = self.model_dump(mode="json", exclude={"path"}, exclude_none=True)
        for number, added in enumerate(told["facilities"]["add"], start=1):
            added.setdefault("id", default_id(number))
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
        told += self.roads.summary(lang)
        if self.walk is not None:
            speed = f"{self.walk.speed_m_min:g}"
            told.append(f"步行速度 {speed} 米/分钟" if zh else f"walking speed {speed} m/min")
        if zh:
            return f"情景“{self.zh}”，不是现状：{'；'.join(told) or '没有改动'}。"
        return f"Scenario “{self.en or self.zh}”, not as it is: {'; '.join(told) or 'no change'}."

    def roads_added(self, crs: Any) -> gpd.GeoDataFrame | None:
        """Give the roads that are built, as `lifecircle.roadworks.with_roads` takes them.

        Parameters
        ----------
        crs
            The network's.

        Returns
        -------
        GeoDataFrame or None
            Index ``road``: its number in the file, from 0. None where nothing is built, or all
            that is built is closed by name.
        """
        return self.roads.added(crs)

    def roads_closed(self, crs: Any) -> gpd.GeoDataFrame | None:
        """Give the roads that are closed, as `lifecircle.roadworks.without_roads` takes them.

        Parameters
        ----------
        crs
            The network's.

        Returns
        -------
        GeoDataFrame or None
            Index ``road``: its number in the file, from 0. None where nothing is closed but what
            the scenario itself builds.
        """
        return self.roads.closed(crs)


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


def default_id(number: int) -> str:
    """Give the id of the facility that is added at `number`, from 1, unless it has its own."""
    return f"{SOURCE}-{number}"


def _fault(path: Path, error: Any) -> Fault:
    place = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in error["loc"]))
    message = str(error["msg"])
    said, remedy = _SAID.get(message, (message.removeprefix("Value error, "), "correct this value"))
    return Fault(str(path), f"{place}: {said}" if place else said, remedy)
