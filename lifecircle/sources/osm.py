"""OSM files: roads by the walk rule, facilities by the standard's tags, homes, admin areas.

One pass over the relations and one over the whole file, filtered in C++ (pyosmium): Python sees
only objects that carry a key that is asked for.
"""

from __future__ import annotations

import bz2
import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from osmium import filter as osmium_filter
from osmium.geom import WKBFactory
from osmium.osm import AREA, NODE, RELATION, WAY

from lifecircle.errors import Fault, GeometryError, InputError, MissingFileError, warn
from lifecircle.sources.osmplaces import (
    KindRules,
    RawPlaces,
    describe,
    facility_table,
    is_dwelling,
    polygon_table,
)
from lifecircle.sources.osmways import RawWays, cut_segments
from lifecircle.sources.walkrule import is_blocked, is_steps, is_walkable
from lifecircle.standards import Kind
from lifecircle.tables import first

_FORMATS: Final = {
    ".pbf": "pbf",
    ".osm": "osm",
    ".osm.xml": "osm",
    ".osm.bz2": "osm.bz2",
    ".osm.gz": "osm.gz",
}
_GET_IT: Final = "download it again (.osm.pbf, .osm, .osm.bz2 or .osm.gz), for example at Geofabrik"
_AREA_TYPES: Final = frozenset({"multipolygon", "boundary"})


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """What was read of an OSM file, all in lon/lat (EPSG:4326).

    Parameters
    ----------
    nodes
        Index ``node_id`` (OSM id; negative where a barrier cuts a way), columns ``lon``, ``lat``.
    segments
        One row per pair of consecutive nodes of a walked way: ``u``, ``v`` (node ids), ``way_id``
        (minus the relation's id for the rings of an area), ``highway`` (categorical), ``steps``.
    facilities
        As `lifecircle.tables.FACILITIES`. ``facility_id`` is n, w or r with the OSM id; an object
        of several kinds has further rows ``id#kind``.
    residential
        Polygons of landuse=residential, index ``osm_id``.
    buildings
        Polygons, index ``osm_id``, column ``dwelling`` (bool): whether people may live there.
    counts
        What was read, left out and mended.
    date
        Date of the data (ISO), where the file says it.
    """

    nodes: pd.DataFrame
    segments: pd.DataFrame
    facilities: gpd.GeoDataFrame
    residential: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    counts: dict[str, int]
    date: str | None


def read_osm(
    path: str | Path,
    *,
    area: shapely.Geometry | None = None,
    kinds: Mapping[str, Kind] | None = None,
    roads: bool = True,
    dwellings: bool = True,
) -> OsmExtract:
    """Read roads, facilities and homes from an OSM file.

    Ways are chosen by `lifecircle.sources.walkrule`. They are cut where the file lacks a node and
    where a barrier cannot be passed, never bridged. What is left out is counted; a `DataWarning`
    says what concerns the file as a whole.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.bz2`` or ``.osm.gz``.
    area
        Polygon in lon/lat, wider than the county by the longest walk. A way with a node inside is
        kept whole; of facilities, residential land and buildings what touches it. None takes all.
    kinds
        Kinds of facility by key, with their tag rules. None reads no facilities.
    roads
        Whether roads are read; False for a file that only serves facilities.
    dwellings
        Whether residential land and buildings are read.

    Returns
    -------
    OsmExtract

    Raises
    ------
    MissingFileError
        There is no such file.
    InputError
        It is not an OSM file or is damaged; or it holds no walkable way, or none in the area.
    GeometryError
        The area is empty.

    Examples
    --------
    >>> extract = read_osm("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf", dwellings=False)
    >>> extract.date, extract.counts["ways_read"]
    ('2013-08-03', 2753)
    """
    path = Path(path)
    if area is not None and shapely.is_empty(area):
        raise GeometryError(Fault("area", "is empty", "give the county's buffered polygon"))
    rules = KindRules(kinds or {})
    scan = _read(path, rules, roads=roads, dwellings=dwellings)
    if roads:
        _check_roads(path, scan, area)
    nodes, segments, counts = cut_segments(scan.ways, scan.blocked, area)
    if roads and segments.empty:
        place = "in the file" if area is None else "in the area"
        raise InputError(Fault(str(path), f"holds no walkable way {place}", "check the extract"))
    facilities, found = facility_table(scan.places, area)
    broken = sorted(scan.expected - scan.built)
    counts |= found | {
        "ways_read": counts["ways_walkable"] + scan.refused,
        "ways_refused": scan.refused,
        "ways_duplicate": scan.duplicates,
        "areas_broken": len(broken),
    }
    _report(path, counts, broken)
    houses = scan.places.buildings
    buildings = polygon_table({key: shape for key, (shape, _) in houses.items()}, area)
    dwelling = pd.Series({key: home for key, (_, home) in houses.items()}, dtype=bool)
    return OsmExtract(
        nodes=nodes,
        segments=segments,
        facilities=facilities,
        residential=polygon_table(scan.places.residential, area),
        buildings=buildings.assign(dwelling=dwelling.reindex(buildings.index).to_numpy(bool)),
        counts=counts,
        date=scan.date,
    )


def read_admin_areas(path: str | Path, level: int) -> gpd.GeoDataFrame:
    """Read the administrative areas of one level from an OSM file.

    Parameters
    ----------
    path
        As for `read_osm`.
    level
        ``admin_level``: in China 6 is the county, 8 the township; elsewhere 8 is often the
        municipality.

    Returns
    -------
    GeoDataFrame
        Index ``osm_id``, columns ``name``, ``population`` (persons, NaN where not tagged) and
        polygons in EPSG:4326.

    Raises
    ------
    MissingFileError, InputError
        As `read_osm`; or no area of this level is complete in the file.

    Examples
    --------
    >>> path = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    >>> len(read_admin_areas(path, 8))
    11
    """
    path = Path(path)
    source = _open(path)
    try:
        found, levels = _admin_areas(source, str(level))
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    if not found:
        others = ", ".join(sorted(levels)) or "none"
        raise InputError(
            Fault(
                str(path),
                f"no administrative area of admin_level {level} is complete",
                f"give one of the levels it holds: {others}",
            )
        )
    frame = polygon_table({key: shape for key, (shape, _, _) in found.items()}, None)
    names = [name for _, name, _ in found.values()]
    people = pd.to_numeric(pd.Series([n for _, _, n in found.values()], dtype=object), "coerce")
    return frame.assign(
        name=pd.array(names, dtype="str"), population=people.to_numpy(dtype=np.float64)
    )[["name", "population", "geometry"]]


class _Scan:
    """Gathers what one pass over a file finds."""

    def __init__(self, rules: KindRules, *, roads: bool, dwellings: bool) -> None:
        self.rules = rules
        self.roads = roads
        self.dwellings = dwellings
        self.ways = RawWays()
        self.places = RawPlaces()
        self.blocked: set[int] = set()
        self.expected: set[str] = set()  # objects that ought to give a polygon
        self.built: set[str] = set()  # those that did
        self.refused = 0
        self.duplicates = 0
        self.unplaced = 0
        self.date: str | None = None
        self._wkb = WKBFactory()

    def run(self, source: Any) -> None:
        """Read the whole file."""
        keys = list(self.rules.tags())
        homes = ["building", "landuse"] if self.dwellings else []
        on_roads = ["highway"] if self.roads else []
        barriers = ["barrier"] if self.roads else []
        processor = osmium.FileProcessor(source)
        processor.with_areas(_key_filter([*keys, *homes, *on_roads], RELATION))
        processor.with_filter(_key_filter([*keys, *barriers], NODE))
        processor.with_filter(_key_filter([*keys, *homes, *on_roads], WAY | RELATION | AREA))
        for entity in processor:
            _TAKE[type(entity)](self, entity)

    def astray(self) -> bool:
        """Tell whether most nodes of ways were not found, as in files that hold the ways first."""
        return self.unplaced > len(self.places.ways) or self.ways.missing_share() > 0.5

    def take_way(self, way: Any) -> None:
        tags = way.tags
        highway = tags.get("highway") if self.roads else None
        if highway is not None:
            if is_walkable(tags):
                self.ways.add(way.id, highway, way.nodes, steps=is_steps(tags))
            else:
                self.refused += 1
        if self._is_home(tags) and way.is_closed():
            self.expected.add(f"w{way.id}")
        kinds = self.rules.kinds_of(tags)
        if kinds:
            here = [node.location for node in way.nodes if node.location.valid()]
            if here:
                path = [(location.lon, location.lat) for location in here]
                self.places.ways[f"w{way.id}"] = describe(kinds, tags, path)
            else:
                self.unplaced += 1

    def take_area(self, area: Any) -> None:
        tags = area.tags
        kinds = self.rules.kinds_of(tags)
        home = self._is_home(tags)
        walked = self.roads and not area.from_way() and is_walkable(tags)
        if not (kinds or home or walked) or area.num_rings()[0] == 0:
            return
        key = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        self.built.add(key)
        if walked:
            for ring in _rings(area):
                self.ways.add(-area.orig_id(), tags["highway"], ring)
        if not (kinds or home):
            return
        shape = self._wkb.create_multipolygon(area)
        if kinds:
            self.places.areas[key] = describe(kinds, tags, shape)
        if home and tags.get("landuse") == "residential":
            self.places.residential[key] = shape
        if home and tags.get("building") not in {None, "no"}:
            self.places.buildings[key] = (shape, is_dwelling(tags))

    def take_node(self, node: Any) -> None:
        tags = node.tags
        if self.roads and is_blocked(tags):
            self.blocked.add(node.id)
        kinds = self.rules.kinds_of(tags)
        if kinds and node.location.valid():
            xy = (node.location.lon, node.location.lat)
            self.places.nodes[f"n{node.id}"] = describe(kinds, tags, xy)

    def take_relation(self, relation: Any) -> None:
        tags = relation.tags
        walked = self.roads and is_walkable(tags)
        areal = tags.get("type") in _AREA_TYPES and (walked or self._is_home(tags))
        if areal or self.rules.kinds_of(tags):
            self.expected.add(f"r{relation.id}")

    def _is_home(self, tags: Any) -> bool:
        if not self.dwellings:
            return False
        return tags.get("building") not in {None, "no"} or tags.get("landuse") == "residential"


_TAKE: Final[dict[type, Callable[[_Scan, Any], None]]] = {
    osmium.osm.Node: _Scan.take_node,
    osmium.osm.Way: _Scan.take_way,
    osmium.osm.Relation: _Scan.take_relation,
    osmium.osm.Area: _Scan.take_area,
}


def _read(path: Path, rules: KindRules, *, roads: bool, dwellings: bool) -> _Scan:
    source = _open(path)
    scan = _Scan(rules, roads=roads, dwellings=dwellings)
    try:
        try:
            scan.run(source)
            mixed = scan.astray() and not path.name.lower().endswith(".pbf")
        except RuntimeError as error:
            # libosmium's words for files joined by hand, which areas cannot be built from.
            mixed = "out of order" in str(error) or "twice in input" in str(error)
            if not mixed:
                raise
        if mixed:
            scan = _Scan(rules, roads=roads, dwellings=dwellings)
            with TemporaryDirectory() as folder:
                scan.run(_sorted_copy(path, Path(folder)))
            scan.duplicates = _duplicate_roads(source) if roads else 0
        scan.date = _date(path, source)
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return scan


def _sorted_copy(path: Path, folder: Path) -> str:
    """Write the file anew: nodes, ways, relations by id, of each the newest version only."""
    copy = str(folder / "sorted.osm.pbf")
    merger = osmium.MergeInputReader()
    merger.add_buffer(path.read_bytes(), _format(path))
    writer = osmium.SimpleWriter(copy)
    merger.apply(writer)
    writer.close()
    return copy


def _duplicate_roads(source: Any) -> int:
    """Count the further copies of ways with a ``highway`` tag."""
    roads = osmium.FileProcessor(source, WAY).with_filter(osmium_filter.KeyFilter("highway"))
    ids = [way.id for way in roads]
    return len(ids) - len(set(ids))


def _open(path: Path) -> Any:
    """Give what pyosmium reads, once the name and the size have been looked at."""
    if not path.is_file():
        raise MissingFileError(Fault(str(path), "there is no such file", "check the path"))
    form = _format(path)
    if path.stat().st_size == 0:
        raise InputError(Fault(str(path), "the file is empty", _GET_IT))
    if str(path).isascii():
        return osmium.io.File(str(path), form)
    # libosmium opens files by their narrow name, which on Windows cannot hold Chinese.
    return osmium.io.FileBuffer(path.read_bytes(), form)


def _format(path: Path) -> str:
    name = path.name.lower()
    suffix = max((end for end in _FORMATS if name.endswith(end)), key=len, default=None)
    if suffix is None:
        raise InputError(
            Fault(
                str(path),
                "is not named like an OSM file",
                "give a .osm.pbf, .osm, .osm.bz2 or .osm.gz file",
            )
        )
    return _FORMATS[suffix]


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        Fault(str(path), f"cannot be read as OSM data, or is cut short ({error})", _GET_IT)
    )


def _date(path: Path, source: Any) -> str | None:
    header = osmium.io.Reader(source, osmium.osm.NOTHING).header()
    stamp = header.get("osmosis_replication_timestamp", "") or header.get("timestamp", "")
    if not stamp and not path.name.lower().endswith(".pbf"):
        openers: dict[str, Any] = {".bz2": bz2.open, ".gz": gzip.open}
        with openers.get(path.suffix.lower(), open)(path, "rb") as stream:
            head = stream.read(2000)
        pattern = rb"<(?:osm|meta)\b[^>]*?\b(?:osm_base|timestamp)=[\"'](\d{4}-\d\d-\d\d)"
        match = re.search(pattern, head)
        stamp = match.group(1).decode() if match else ""
    return stamp[:10] or None


def _key_filter(keys: list[str], entities: Any) -> Any:
    """Let objects of the given types pass only if they carry one of the keys."""
    # A filter needs a key; no object carries the empty one.
    chosen = osmium_filter.KeyFilter(*(keys or [""]))
    chosen.enable_for(entities)
    return chosen


def _rings(area: Any) -> Iterator[Any]:
    for outer in area.outer_rings():
        yield outer
        yield from area.inner_rings(outer)


def _admin_areas(
    source: Any, level: str
) -> tuple[dict[str, tuple[str, str | None, str | None]], set[str]]:
    wanted = osmium_filter.TagFilter(("boundary", "administrative"))
    processor = osmium.FileProcessor(source).with_areas(wanted)
    processor.with_filter(osmium_filter.EntityFilter(AREA)).with_filter(wanted)
    wkb = WKBFactory()
    found, levels = {}, set()
    area: Any
    for area in processor:
        tags = area.tags
        if area.from_way() or area.num_rings()[0] == 0:
            continue
        levels.add(tags.get("admin_level", "?"))
        if tags.get("admin_level") == level:
            shape = wkb.create_multipolygon(area)
            found[f"r{area.orig_id()}"] = (shape, tags.get("name"), tags.get("population"))
    return found, levels


def _check_roads(path: Path, scan: _Scan, area: shapely.Geometry | None) -> None:
    """Raise where the area lies elsewhere than the file's roads."""
    bounds = scan.ways.bounds()
    if area is None or bounds is None:
        return
    if not shapely.box(*bounds).intersects(shapely.box(*shapely.bounds(area))):
        raise InputError(
            Fault(
                str(path),
                f"its roads ({_span(bounds)}) lie outside the area ({_span(shapely.bounds(area))})",
                "give the extract that covers the county, and the boundary in lon/lat",
            )
        )


def _span(bounds: Any) -> str:
    west, south, east, north = bounds
    return f"lon {west:.3f} to {east:.3f}, lat {south:.3f} to {north:.3f}"


def _report(path: Path, counts: Mapping[str, int], broken: list[str]) -> None:
    if counts["ways_clipped"]:
        warn(
            f"{path.name}: {counts['ways_clipped']} ways lack {counts['nodes_missing']} nodes, as "
            "at the edge of an extract; they are cut there. Use a wider extract if it is inside "
            "the county."
        )
    if counts["ways_duplicate"]:
        warn(
            f"{path.name}: {counts['ways_duplicate']} copies of ways were dropped in favour of "
            "later ones. Files joined by hand? Use osmium merge."
        )
    if broken:
        warn(
            f"{path.name}: {len(broken)} areas cannot be assembled (members missing or rings "
            f"open) and are left out: {first(broken)}. Use a wider extract, or mend them in OSM."
        )
