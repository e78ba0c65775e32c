"""OSM files: roads by the walk rule, facilities by the standard's tags, homes, admin areas.

One pass over the relations and one over the whole file, filtered in C++ (pyosmium): Python sees
only objects that carry a key that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from osmium import filter as osmium_filter
from osmium.geom import WKBFactory
from osmium.osm import AREA

from lifecircle.errors import Fault, GeometryError, InputError, warn
from lifecircle.sources.osmplaces import KindRules, facility_table, polygon_table
from lifecircle.sources.osmscan import Scan, open_osm, scan_osm, unreadable
from lifecircle.sources.osmstore import scan_county
from lifecircle.sources.osmways import cut_segments
from lifecircle.standards import Kind
from lifecircle.tables import first


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """What was read of an OSM file, all in lon/lat (EPSG:4326).

    Parameters
    ----------
    nodes
        Index ``node_id`` (OSM id; negative where a barrier cuts a way), columns ``lon``, ``lat``.
    segments
        One row per pair of consecutive nodes of a walked way: ``u``, ``v`` (node ids), ``way_id``
        (minus the relation's id for the rings of an area), ``highway`` (categorical), and a bool
        for each of `lifecircle.sources.walkrule.TRAITS`: ``steps``, ``unpaved``, ``bridge`` (or
        tunnel) and ``wheelchair_no``.
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
        ``.osm.pbf``, ``.osm``, ``.osm.bz2`` or ``.osm.gz``; or a county's store ``.lcx``, as
        ``lifecircle ingest`` writes it.
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
    if path.suffix.lower() == ".lcx" and path.is_file():
        scan = scan_county(path, kinds or {}, area=area, roads=roads, dwellings=dwellings)
    else:
        scan = scan_osm(path, KindRules(kinds or {}), roads=roads, dwellings=dwellings)
    if roads:
        _check_roads(path, scan, area)
    nodes, segments, counts = cut_segments(scan.ways, scan.blocked, area)
    if roads and segments.empty:
        place = "in the file" if area is None else "in the area"
        raise InputError(Fault(str(path), f"holds no walkable way {place}", "check the extract"))
    facilities, found = facility_table(scan.places, area)
    broken = scan.broken()
    counts = {
        "ways_read": counts["ways_walkable"] + scan.refused,
        "ways_refused": scan.refused,
        "ways_duplicate": scan.duplicates,
        **counts,
        **found,
        "facilities_unplaced": scan.unplaced,
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
    source = open_osm(path)
    try:
        found, levels = _admin_areas(source, str(level))
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error
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


def _check_roads(path: Path, scan: Scan, area: shapely.Geometry | None) -> None:
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
            f"{path.name}: {counts['ways_duplicate']} further copies of ways were dropped; the "
            "newest version was kept. Files joined by hand? Use osmium merge."
        )
    if broken:
        warn(
            f"{path.name}: {len(broken)} areas cannot be assembled (members missing or rings "
            f"open) and are left out: {first(broken)}. Use a wider extract, or mend them in OSM."
        )
    if counts["facilities_unplaced"]:
        warn(
            f"{path.name}: {counts['facilities_unplaced']} facilities have none of their nodes in "
            "the file and are left out. Use a wider extract."
        )
