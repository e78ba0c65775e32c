"""What the county's TOML file may hold: its tables, keys, defaults and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from lifecircle.config.profile import WalkConfig
from lifecircle.config.sources import (
    BoundaryConfig,
    Dataset,
    FacilitiesConfig,
    Part,
    PopulationConfig,
    RoadsConfig,
    UnitsConfig,
)
from lifecircle.config.wishes import (
    ConfidenceConfig,
    ReconcileConfig,
    SitingConfig,
    SupplyConfig,
    TimeConfig,
)
from lifecircle.standards import Lang, StandardChanges
from lifecircle.tables import SCOPE_COUNTY

_Minutes = Annotated[float, Field(gt=0, le=600.0, allow_inf_nan=False)]
_Metres = Annotated[float, Field(gt=0, le=100_000.0, allow_inf_nan=False)]


class IsochronesConfig(Part):
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


class MapConfig(Part):
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


class ReportConfig(Part):
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


class CountyConfig(Part):
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
