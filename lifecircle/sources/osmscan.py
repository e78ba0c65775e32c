"""One pass over an OSM file: what Python sees of it, and how it is gathered."""

from __future__ import annotations

import bz2
import gzip
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import osmium
from osmium import filter as osmium_filter
from osmium.geom import WKBFactory
from osmium.osm import AREA, NODE, OBJECT, RELATION, WAY

from lifecircle.errors import Fault, InputError, MissingFileError
from lifecircle.sources.osmplaces import KindRules, RawPlaces, describe, is_dwelling
from lifecircle.sources.osmways import RawWays
from lifecircle.sources.walkrule import is_blocked, is_walkable, traits

_FORMATS: Final = {
    ".pbf": "pbf",
    ".osm": "osm",
    ".osm.xml": "osm",
    ".osm.bz2": "osm.bz2",
    ".osm.gz": "osm.gz",
}
_GET_IT: Final = "download it again (.osm.pbf, .osm, .osm.bz2 or .osm.gz), for example at Geofabrik"
_LIGHT: Final = ("highway", "building", "landuse")
_AREA_TYPES: Final = frozenset({"multipolygon", "boundary"})


class Scan:
    """Gathers what one pass over a file finds; made by `scan_osm`.

    Parameters
    ----------
    rules
        Which objects are facilities.
    roads, dwellings
        Whether ways, and residential land and buildings, are gathered.
    described
        What is kept of a facility, from its kinds, tags and shape.
    closed
        Gathers the ways that the walk rule refuses; without it they are only counted.
    own_ways
        False where ways are only read as members of area relations.
    """

    def __init__(
        self,
        rules: KindRules,
        *,
        roads: bool,
        dwellings: bool,
        described: Callable[[tuple[str, ...], Any, Any], Any] = describe,
        closed: RawWays | None = None,
        own_ways: bool = True,
    ) -> None:
        self.rules = rules
        self.roads = roads
        self.dwellings = dwellings
        self.described = described
        self.ways = RawWays()
        self.own_ways = own_ways
        # Where a relation's area stands between the ways depends on what else is read of the file;
        # after all ways it stands always at the same place.
        self._rings = RawWays()
        self._late = RawPlaces()
        self.closed = closed
        self.places = RawPlaces()
        self.blocked: set[int] = set()  # barrier nodes that cannot be passed
        self.refused = 0  # ways that the walk rule refuses
        self.duplicates = 0  # further copies of ways
        self.unplaced = 0  # facilities none of whose nodes is in the file
        self.date: str | None = None
        # Objects that ought to give a polygon and have not yet, with where they begin; and those
        # that did before they were seen.
        self.expected: dict[str, tuple[int, int] | None] = {}
        self._built: set[str] = set()
        self._missing: set[int] = set()
        self._kinds: dict[int, tuple[str, ...]] = {}  # of closed ways whose area is still to come
        self._wkb = WKBFactory()

    def broken(self) -> list[str]:
        """List the areas that could not be assembled, by OSM id."""
        return sorted(self.expected)

    def run(
        self,
        source: Any,
        *,
        storage: Any = "flex_mem",
        entities: Any = OBJECT,
        each: Callable[[Any], None] | None = None,
    ) -> None:
        """Read the whole file.

        Parameters
        ----------
        source
            As `open_osm` gives it.
        storage
            Where libosmium keeps the places of nodes, 16 bytes each; or a table that has them.
        entities
            What is read: all objects, or nodes alone.
        each
            Called with each object, after it; it may take `ways`, `closed` and `places` away.
        """
        keys = list(self.rules.tags())
        homes = ["building", "landuse"] if self.dwellings else []
        streets, barriers = (["highway"], ["barrier"]) if self.roads else ([], [])
        processor = osmium.FileProcessor(source, entities).with_locations(storage)
        if entities != NODE:
            processor.with_areas(_key_filter([*keys, *homes, *streets], RELATION))
        processor.with_filter(_key_filter([*keys, *barriers], NODE))
        processor.with_filter(_key_filter([*keys, *homes, *streets], RELATION | AREA))
        processor.with_filter(_key_filter([key for key in keys if key not in _LIGHT], WAY))
        # Most ways carry no key of facilities but a light one: they are looked at for that alone.
        processor.handler_for_filtered(_Ways(self._take_light_way, each))
        take: dict[type, Callable[[Any], None]] = {
            osmium.osm.Node: self._take_node,
            osmium.osm.Way: self._take_way,
            osmium.osm.Relation: self._take_relation,
            osmium.osm.Area: self._take_area,
        }
        for entity in processor:
            take[type(entity)](entity)
            if each is not None:
                each(entity)
        self.ways.extend(self._rings)
        self.places.update(self._late)

    def members(self, source: Any) -> set[int]:
        """Give the ids of the ways that the area relations of a file are made of."""
        homes = ["building", "landuse"] if self.dwellings else []
        streets = ["highway"] if self.roads else []
        wanted = _key_filter([*self.rules.tags(), *homes, *streets], RELATION)
        relations: Any = osmium.FileProcessor(source, RELATION).with_filter(wanted)
        return {
            member.ref
            for relation in relations
            if relation.tags.get("type") in _AREA_TYPES
            for member in relation.members
            if member.type == "w"
        }

    def missing(self) -> set[int]:
        """Give the ids of nodes that ways name and that were not found before them."""
        return self.ways.missing() | self._missing

    def _take_light_way(self, way: Any) -> None:
        """Take a way that carries no key of a facility, unless a light one."""
        get = way.tags.get
        found = [(key, text) for key in _LIGHT if (text := get(key)) is not None]
        if found:
            facility = any(self.rules.may_mean(key, text) for key, text in found)
            self._take_way(way, facility=facility)

    def _take_way(self, way: Any, *, facility: bool = True) -> None:
        if not self.own_ways:
            return
        tags = way.tags
        highway = tags.get("highway") if self.roads else None
        if highway is not None:
            if is_walkable(tags):
                self.ways.add(way.id, highway, way.nodes, traits=traits(tags))
            else:
                self.refused += 1
                if self.closed is not None:
                    self.closed.add(way.id, highway, way.nodes)
        if self._is_home(tags) and len(way.nodes) and way.is_closed():
            start = way.nodes[0].location
            self._expect(f"w{way.id}", (start.x, start.y))
        kinds = self.rules.kinds_of(tags) if facility else ()
        if kinds:
            if len(way.nodes) and way.nodes.ends_have_same_location():
                self._kinds[way.id] = kinds  # its area comes after it and has the same tags
            nodes = [(node.ref, node.location) for node in way.nodes]
            path = [(place.lon, place.lat) for _, place in nodes if place.valid()]
            self._missing.update(ref for ref, place in nodes if not place.valid())
            if path:
                self.places.ways[f"w{way.id}"] = self.described(kinds, tags, path)
            else:
                self.unplaced += 1

    def _take_area(self, area: Any) -> None:
        tags = area.tags
        from_way = area.from_way()
        if from_way and not self.own_ways:
            return
        kinds = self._kinds.pop(area.orig_id(), ()) if from_way else self.rules.kinds_of(tags)
        home = self._is_home(tags)
        walked = self.roads and not from_way and is_walkable(tags)
        if not (kinds or home or walked) or area.num_rings()[0] == 0:
            return
        key = f"{'w' if from_way else 'r'}{area.orig_id()}"
        if key in self.expected:
            del self.expected[key]
        elif not from_way:  # a relation's area may come before the relation
            self._built.add(key)
        if walked:
            for ring in _rings(area):
                self._rings.add(-area.orig_id(), tags["highway"], ring, traits=traits(tags))
        if not (kinds or home):
            return
        self._place_area(key, area, kinds, home=home)

    def _place_area(self, key: str, area: Any, kinds: tuple[str, ...], *, home: bool) -> None:
        tags = area.tags
        places = self.places if area.from_way() else self._late
        shape = self._wkb.create_multipolygon(area)
        if kinds:
            places.areas[key] = self.described(kinds, tags, shape)
        if home and tags.get("landuse") == "residential":
            places.residential[key] = shape
        if home and tags.get("building") not in {None, "no"}:
            places.buildings[key] = (shape, is_dwelling(tags))

    def _take_node(self, node: Any) -> None:
        tags = node.tags
        if self.roads and is_blocked(tags):
            self.blocked.add(node.id)
        kinds = self.rules.kinds_of(tags)
        if kinds and node.location.valid():
            xy = (node.location.lon, node.location.lat)
            self.places.nodes[f"n{node.id}"] = self.described(kinds, tags, xy)

    def _take_relation(self, relation: Any) -> None:
        tags = relation.tags
        walked = self.roads and is_walkable(tags)
        areal = tags.get("type") in _AREA_TYPES and (walked or self._is_home(tags))
        if areal or self.rules.kinds_of(tags):
            self._expect(f"r{relation.id}", None)

    def _expect(self, key: str, start: tuple[int, int] | None) -> None:
        if key not in self._built:
            self.expected[key] = start

    def _is_home(self, tags: Any) -> bool:
        if not self.dwellings:
            return False
        return tags.get("building") not in {None, "no"} or tags.get("landuse") == "residential"


class _Ways:
    """What pyosmium hands ways to that no filter lets pass."""

    def __init__(self, take: Callable[[Any], None], each: Callable[[Any], None] | None) -> None:
        self.take = take
        self.each = each

    def way(self, way: Any) -> None:
        self.take(way)
        if self.each is not None:
            self.each(way)


def scan_osm(path: Path, rules: KindRules, *, roads: bool, dwellings: bool) -> Scan:
    """Read an OSM file once; a second time, sorted, where its order does not allow for that.

    Files joined by hand hold objects twice, and Overpass exports often hold ways before their
    nodes. Of several copies of an object the newest version is kept.

    Parameters
    ----------
    path
        The file.
    rules, roads, dwellings
        What is gathered.

    Returns
    -------
    Scan

    Raises
    ------
    MissingFileError, InputError
        The file is not there, is not OSM data, or is damaged.

    Examples
    --------
    >>> path = Path("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf")
    >>> scan_osm(path, KindRules({}), roads=True, dwellings=False).refused
    6
    """
    source = open_osm(path)
    scan = Scan(rules, roads=roads, dwellings=dwellings)
    try:
        try:
            scan.run(source)
            mixed = holds_any(source, scan.missing())
        except RuntimeError as error:
            # libosmium's words for files joined by hand, which areas cannot be built from.
            mixed = "out of order" in str(error) or "twice in input" in str(error)
            if not mixed:
                raise
        if mixed:
            scan = Scan(rules, roads=roads, dwellings=dwellings)
            with TemporaryDirectory() as folder:
                scan.run(_sorted_copy(path, Path(folder)))
            scan.duplicates = _duplicate_roads(source) if roads else 0
        scan.date = file_date(path, source)
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
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


def holds_any(source: Any, nodes: set[int]) -> bool:
    """Tell whether nodes that were not found before the ways are in the file after all."""
    if not nodes:
        return False
    wanted = osmium_filter.IdFilter(nodes)
    return any(True for _ in osmium.FileProcessor(source, NODE).with_filter(wanted))


def _duplicate_roads(source: Any) -> int:
    """Count the further copies of ways with a ``highway`` tag."""
    roads = osmium.FileProcessor(source, WAY).with_filter(osmium_filter.KeyFilter("highway"))
    ids = [way.id for way in roads]
    return len(ids) - len(set(ids))


def open_osm(path: Path) -> Any:
    """Give what pyosmium reads, once the name and the size have been looked at."""
    if not path.is_file():
        raise MissingFileError(Fault(str(path), "there is no such file", "check the path"))
    form = _format(path)
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise InputError(Fault(str(path), "the file is empty", _GET_IT))
            if os.name == "posix" or str(path).isascii():
                return osmium.io.File(str(path), form)
            # libosmium opens files by their narrow name, which on Windows cannot hold Chinese.
            return osmium.io.FileBuffer(path.read_bytes(), form)
    except OSError as error:
        remedy = "close it elsewhere, and check that you may read it"
        reason = error.strerror or str(error)
        raise InputError(Fault(str(path), f"cannot be read ({reason})", remedy)) from error


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


def unreadable(path: Path, error: Exception) -> InputError:
    """Give the error for a file that pyosmium cannot read."""
    return InputError(
        Fault(str(path), f"cannot be read as OSM data, or is cut short ({error})", _GET_IT)
    )


def file_date(path: Path, source: Any) -> str | None:
    """Give the date of a file's data (ISO), where it says it."""
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
