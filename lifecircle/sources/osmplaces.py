"""From OSM objects to tables of facilities, residential land and buildings, in lon/lat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.standards import Kind, parse_rule

SOURCE: Final = "OpenStreetMap"

LARGE_M2: Final = 10_000.0
"""Areas larger than this (1 ha, ours) are entered along their outline, not at their middle."""

ENTRANCE_M: Final = 100.0
"""Greatest distance between neighbouring entrances along an outline, m (ours)."""

_DEGREE_M: Final = 6_371_008.8 * np.pi / 180.0  # one degree of latitude on the mean sphere (IUGG)

# Buildings that hold dwellings by their own value; ``yes`` too, unless other tags say what it is.
_DWELLINGS: Final = frozenset(
    {
        "residential",
        "house",
        "apartments",
        "detached",
        "semi",
        "semidetached_house",
        "terrace",
        "row_house",
        "villa",
        "dormitory",
        "farm",
        "bungalow",
        "cabin",
        "hut",
        "ger",
        "houseboat",
        "static_caravan",
        "stilt_house",
        "tree_house",
    }
)
# Keys that make a building=yes something else. Shops, offices, cafes and banks are not among them:
# people live above them.
_OTHER_USES: Final = (
    "industrial",
    "leisure",
    "man_made",
    "military",
    "power",
    "public_transport",
    "railway",
    "aeroway",
    "tourism",
)
_INSTITUTIONS: Final = frozenset(
    {
        "arts_centre",
        "cinema",
        "college",
        "community_centre",
        "courthouse",
        "fire_station",
        "fuel",
        "hospital",
        "kindergarten",
        "library",
        "marketplace",
        "monastery",
        "parking",
        "place_of_worship",
        "police",
        "prison",
        "school",
        "shelter",
        "theatre",
        "toilets",
        "townhall",
        "university",
    }
)

_Condition = tuple[str, frozenset[str]]


class KindRules:
    """The tag rules of several kinds, indexed so that an object is judged in one look.

    A tag that lists several values (``shop=convenience;hairdresser``) holds each of them.

    Parameters
    ----------
    kinds
        By key; the order decides which kind of an object comes first.

    Examples
    --------
    >>> shop = Kind(zh="店", en="Shop", osm=("shop=*",))
    >>> park = Kind(zh="园", en="Park", osm=("leisure=garden & access=yes", "leisure=park"))
    >>> rules = KindRules({"shop": shop, "park": park})
    >>> rules.kinds_of({"leisure": "garden", "access": "yes", "shop": "garden_centre"})
    ('shop', 'park')
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._rank = {kind: rank for rank, kind in enumerate(kinds)}
        # Key -> value -> the kinds it may mean, each with the conditions that must hold besides.
        self._table: dict[str, dict[str, list[tuple[str, tuple[_Condition, ...]]]]] = {}
        for kind, entry in kinds.items():
            for rule in entry.osm:
                (key, values), others = _split(parse_rule(rule))
                for value in values:
                    meanings = self._table.setdefault(key, {}).setdefault(value, [])
                    meanings.append((kind, others))

    def tags(self) -> dict[str, frozenset[str]]:
        """Give the keys that can make a facility, each with its values (``*`` for any)."""
        return {key: frozenset(values) for key, values in self._table.items()}

    def may_mean(self, key: str, text: str) -> bool:
        """Tell whether a tag can make a facility, whatever other tags there are.

        Examples
        --------
        >>> rules = KindRules({"stop": Kind(zh="站", en="Stop", osm=("highway=bus_stop",))})
        >>> rules.may_mean("highway", "bus_stop"), rules.may_mean("highway", "path")
        (True, False)
        """
        meanings = self._table.get(key)
        return meanings is not None and (text in meanings or "*" in meanings or ";" in text)

    def kinds_of(self, tags: Mapping[str, str]) -> tuple[str, ...]:
        """Give the kinds that an object with these tags is of; often none."""
        found = set()
        get = tags.get
        for key, meanings in self._table.items():
            text = get(key)
            if text is None:
                continue
            for value in (*text.split(";"), "*"):
                for kind, others in meanings.get(value.strip(), ()):
                    if all(_holds(tags.get(other), allowed) for other, allowed in others):
                        found.add(kind)
        return tuple(sorted(found, key=self._rank.__getitem__)) if found else ()


class Place(NamedTuple):
    """One OSM object that is a facility: its kinds, the few tags that are shown, its shape.

    The shape of a node is (lon, lat), of a way its list of (lon, lat), of an area its WKB.
    """

    kinds: tuple[str, ...]
    name: str | None
    hours: str | None
    capacity: str | None
    shape: Any


@dataclass
class RawPlaces:
    """Objects as they stand in a file, by their OSM id (``n1``, ``w2``, ``r3``).

    A later copy of an object replaces an earlier one. Residential land and buildings are WKB, as
    bytes or in hex, buildings with whether they hold dwellings.
    """

    nodes: dict[str, Place] = field(default_factory=dict)
    ways: dict[str, Place] = field(default_factory=dict)
    areas: dict[str, Place] = field(default_factory=dict)
    residential: dict[str, str | bytes] = field(default_factory=dict)
    buildings: dict[str, tuple[str | bytes, bool]] = field(default_factory=dict)

    def update(self, other: RawPlaces) -> None:
        """Add the objects of another after these."""
        self.nodes.update(other.nodes)
        self.ways.update(other.ways)
        self.areas.update(other.areas)
        self.residential.update(other.residential)
        self.buildings.update(other.buildings)


def describe(kinds: tuple[str, ...], tags: Mapping[str, str], shape: Any) -> Place:
    """Take from an object's tags what a facility shows: name, opening hours, capacity.

    Examples
    --------
    >>> describe(("post",), {"name:zh": "邮政局", "brand": "中国邮政"}, (110.2, 26.6)).name
    '邮政局'
    """
    keys = ("name", "name:zh", "name:en", "brand", "operator")
    name = next((tags[key] for key in keys if tags.get(key, "").strip()), None)
    return Place(kinds, name, tags.get("opening_hours"), tags.get("capacity"), shape)


def is_dwelling(tags: Mapping[str, str]) -> bool:
    """Tell whether people may live in a building.

    Parameters
    ----------
    tags
        The building's tags. ``building=yes`` counts unless other tags show an institution.

    Examples
    --------
    >>> is_dwelling({"building": "apartments"}), is_dwelling({"building": "garage"})
    (True, False)
    >>> is_dwelling({"building": "yes", "shop": "convenience"})
    True
    >>> is_dwelling({"building": "yes", "amenity": "school"})
    False
    """
    building = tags.get("building")
    if building != "yes":
        return building in _DWELLINGS
    if len(tags) == 1:
        return True
    if tags.get("amenity") in _INSTITUTIONS:
        return False
    return not any(tags.get(key) is not None for key in _OTHER_USES)


def facility_table(
    raw: RawPlaces, area: shapely.Geometry | None
) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Make the table of facilities: one row per object and kind.

    Parameters
    ----------
    raw
        The objects. A way that is also an area counts as the area.
    area
        Polygon in lon/lat; objects that do not touch it are left out. None takes all.

    Returns
    -------
    facilities
        As `lifecircle.tables.FACILITIES`, EPSG:4326. A node is a point; an open way its midpoint;
        an area up to `LARGE_M2` a point inside it; a larger one its entrances, `ENTRANCE_M`
        apart along the outline.
    counts
        ``facilities_merged``: nodes in an area of their kind that bear no name, or the area's.
        ``facilities_outside``: objects beyond `area`.
    """
    ways = {key: place for key, place in raw.ways.items() if key not in raw.areas}
    shapes = np.concatenate(
        [
            shapely.points(_stack([place.shape for place in raw.nodes.values()])),
            _midpoints([place.shape for place in ways.values()]),
            _from_hex([place.shape for place in raw.areas.values()]),
        ]
    )
    touching = np.ones(len(shapes), np.bool_) if area is None else _touching(area, shapes)
    table = _rows({**raw.nodes, **ways, **raw.areas}, touching)
    merged = _merged(table, shapes)
    table = table[~merged]
    used = np.unique(table["object"].to_numpy(np.int64))
    reached = np.full(len(shapes), None, dtype=object)
    reached[used] = access_points(shapes[used])
    frame = gpd.GeoDataFrame(
        table.drop(columns="object"), geometry=reached[table["object"]], crs="EPSG:4326"
    )
    counts = {"facilities_merged": int(merged.sum()), "facilities_outside": int((~touching).sum())}
    return frame, counts


def polygon_table(
    shapes: Mapping[str, str] | Mapping[str, str | bytes], area: shapely.Geometry | None
) -> gpd.GeoDataFrame:
    """Make a table of polygons.

    Parameters
    ----------
    shapes
        WKB, as bytes or in hex, by OSM id.
    area
        Polygon in lon/lat; polygons that do not touch it are left out. None takes all.

    Returns
    -------
    GeoDataFrame
        Index ``osm_id``, EPSG:4326.
    """
    polygons = _from_hex(list(shapes.values()))
    index = pd.Index(list(shapes), dtype="str", name="osm_id")
    frame = gpd.GeoDataFrame(geometry=polygons, index=index, crs="EPSG:4326")
    return frame if area is None else frame[_touching(area, polygons)]


def access_points(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Give the points at which people reach places.

    Parameters
    ----------
    shapes
        Points and (multi)polygons in lon/lat.

    Returns
    -------
    ndarray
        Points as they are; for areas up to `LARGE_M2` a point inside; for larger ones a
        MultiPoint along all outer rings, `ENTRANCE_M` apart or less.

    Examples
    --------
    >>> square = shapely.box(0.0, 0.0, 0.0017, 0.0017)  # 189 m by 189 m at the equator
    >>> int(shapely.get_num_geometries(access_points(np.array([square]))[0]))
    8
    """
    points = shapes.copy()
    polygon = shapely.get_dimensions(shapes) == 2
    latitude = (shapely.bounds(shapes).reshape(-1, 4)[:, [1, 3]]).mean(axis=1)
    square_m = shapely.area(shapes) * _DEGREE_M**2 * np.cos(np.radians(latitude))
    large = polygon & (square_m > LARGE_M2)
    small = polygon & ~large
    points[small] = shapely.point_on_surface(shapes[small])
    if large.any():
        points[large] = _entrances(shapes[large])
    return points


def _entrances(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings = shapely.get_exterior_ring(parts)
    # In metres about each ring's own latitude, so that distances along it are true.
    shrink = np.cos(np.radians(shapely.get_y(shapely.centroid(rings))))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    scale = np.column_stack([shrink * _DEGREE_M, np.full(len(rings), _DEGREE_M)])
    flat = shapely.linestrings(coords * scale[ring], indices=ring)
    length = shapely.length(flat)
    count = np.ceil(length / ENTRANCE_M).astype(np.int64)
    at = np.repeat(np.arange(len(flat)), count)
    step = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    spots = shapely.line_interpolate_point(flat[at], step * (length / count)[at])
    xy = shapely.get_coordinates(spots) / scale[at]
    return np.asarray(shapely.multipoints(shapely.points(xy), indices=owner[at]), dtype=object)


def _midpoints(paths: Iterable[list[tuple[float, float]]]) -> npt.NDArray[np.object_]:
    middles = [
        shapely.LineString(path).interpolate(0.5, normalized=True)
        if len(set(path)) > 1
        else shapely.Point(path[0])
        for path in paths
    ]
    return np.array(middles, dtype=object)


def _stack(points: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _from_hex(shapes: list[str | bytes]) -> npt.NDArray[np.object_]:
    # GEOS reads hex several times slower than bytes.
    binary = [bytes.fromhex(shape) if isinstance(shape, str) else shape for shape in shapes]
    found = np.asarray(shapely.from_wkb(binary), dtype=object)
    single = shapely.get_num_geometries(found) == 1
    found[single] = shapely.get_geometry(found[single], 0)
    return found


def _touching(area: shapely.Geometry, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    shapely.prepare(area)
    return np.asarray(shapely.intersects(area, shapes), dtype=np.bool_)


def _rows(objects: Mapping[str, Place], chosen: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give one row per object and kind, in the order n1, n2, ... w1, ... r1, ..."""
    position = {key: number for number, key in enumerate(objects) if chosen[number]}
    rows = [
        (f"{key}#{kind}" if extra else key, kind, *objects[key][1:4], position[key])
        for key in sorted(position, key=lambda key: ("nwr".index(key[0]), int(key[1:])))
        for extra, kind in enumerate(objects[key].kinds)
    ]
    ids, kinds, names, hours, capacities, numbers = zip(*rows, strict=True) if rows else ((),) * 6
    capacity = pd.to_numeric(pd.Series(capacities, dtype=object), errors="coerce").to_numpy(float)
    return pd.DataFrame(
        {
            "kind": pd.array(kinds, dtype="str"),
            "name": pd.array(names, dtype="str"),
            "source": pd.array([SOURCE] * len(rows), dtype="str"),
            "hours": pd.array(hours, dtype="str"),
            "capacity": np.where(np.isfinite(capacity) & (capacity >= 0.0), capacity, np.nan),
            "object": np.array(numbers, np.int64),
        },
        index=pd.Index(ids, dtype="str", name="facility_id"),
    )


def _merged(table: pd.DataFrame, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Mark nodes that lie in an area of the same kind and bear no name, or the area's name."""
    geometry = shapes[table["object"].to_numpy()]
    node = np.flatnonzero(table.index.str.startswith("n"))
    polygon = np.flatnonzero(shapely.get_dimensions(geometry) == 2)
    pairs = shapely.STRtree(geometry[polygon]).query(geometry[node], predicate="intersects")
    inner, outer = node[pairs[0]], polygon[pairs[1]]
    kind, name = table["kind"].to_numpy(object), table["name"].to_numpy(object)
    same_name = pd.isna(name[inner]) | (name[inner] == name[outer])
    merged = np.zeros(len(table), np.bool_)
    merged[inner[(kind[inner] == kind[outer]) & same_name]] = True
    return merged


def _split(conditions: tuple[_Condition, ...]) -> tuple[_Condition, tuple[_Condition, ...]]:
    """Part a rule into the condition to look it up by, one with plain values, and the others."""
    plain = [number for number, (_, values) in enumerate(conditions) if "*" not in values]
    at = plain[0] if plain else 0
    return conditions[at], conditions[:at] + conditions[at + 1 :]


def _holds(value: str | None, allowed: frozenset[str]) -> bool:
    if value is None:
        return False
    return "*" in allowed or any(word.strip() in allowed for word in value.split(";"))
