"""A county's store: the objects of an OSM file in the county and its walks, before any judgement.

`lifecircle ingest` writes it; `lifecircle.sources.osm.read_osm` reads it as it reads an OSM file,
by the same steps, and gives the same tables bit for bit. It holds ways with their nodes, what may
be a facility with all its tags, residential land and buildings.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import shapely

from lifecircle.errors import Fault, InputError, warn
from lifecircle.sources import walkrule
from lifecircle.sources.osmparts import (
    damaged,
    from_parquet,
    read_meta,
    read_parts,
    to_parquet,
    write_parts,
)
from lifecircle.sources.osmplaces import KindRules, RawPlaces, describe, is_dwelling
from lifecircle.sources.osmscan import Scan
from lifecircle.sources.osmways import RawWays
from lifecircle.standards import Kind, parse_rule, shared_kinds

WHAT: Final = "county"

TAGS: Final = pa.map_(pa.string(), pa.string())

SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    # A way or the ring of an area (minus the relation's id); without a walk it is only counted.
    "ways": pa.schema(
        [
            ("id", pa.int64()),
            ("size", pa.int64()),
            ("highway", pa.string()),
            ("traits", pa.uint8()),  # bits of lifecircle.sources.walkrule.TRAITS
            ("walked", pa.bool_()),
        ]
    ),
    # The nodes of all ways, one after the other; x and y in 1e-7 degrees.
    "nodes": pa.schema([("id", pa.int64()), ("x", pa.int32()), ("y", pa.int32())]),
    # Form n, w or a: a node, a way, an area; a closed way can be both.
    "places": pa.schema(
        [("osm_id", pa.string()), ("form", pa.string()), ("tags", TAGS), ("geometry", pa.binary())]
    ),
    "residential": pa.schema([("osm_id", pa.string()), ("geometry", pa.binary())]),
    "buildings": pa.schema(
        [("osm_id", pa.string()), ("dwelling", pa.bool_()), ("geometry", pa.binary())]
    ),
    # Homes whose outline could not be assembled.
    "broken": pa.schema([("osm_id", pa.string())]),
    # Nodes of ways that cannot be passed.
    "blocked": pa.schema([("id", pa.int64())]),
}

KEPT_KEYS: Final = (
    "amenity",
    "clinic",
    "club",
    "community_centre",
    "craft",
    "education",
    "emergency",
    "government",
    "healthcare",
    "historic",
    "leisure",
    "office",
    "police",
    "post_office",
    "public_transport",
    "shop",
    "social_facility",
    "tourism",
)
"""Objects with one of these keys are kept whatever its value; so are those of the shared kinds."""

KEPT_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "aeroway": ("aerodrome", "terminal"),
    "building": (
        "civic",
        "college",
        "commercial",
        "fire_station",
        "government",
        "hospital",
        "kindergarten",
        "mosque",
        "public",
        "retail",
        "school",
        "sports_hall",
        "stadium",
        "supermarket",
        "temple",
        "train_station",
        "university",
    ),
    "highway": ("bus_stop", "elevator", "rest_area", "services"),
    "landuse": (
        "allotments",
        "cemetery",
        "commercial",
        "education",
        "institutional",
        "recreation_ground",
        "religious",
        "retail",
        "village_green",
        "winter_sports",
    ),
    "man_made": ("wastewater_plant", "water_tower", "water_works"),
    "natural": ("beach",),
    "place": ("square",),
    "power": ("plant", "substation"),
    "railway": ("halt", "station", "subway_entrance", "tram_stop"),
}
"""Of these keys only objects with these values are kept: others are no places to walk to."""


def kept_rules(keys: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the tag rules by which objects are kept, whatever kinds will be judged later.

    Parameters
    ----------
    keys
        Further keys, any value of which is kept.

    Examples
    --------
    >>> "amenity=*" in kept_rules(), "building=*" in kept_rules(["building"])
    (True, True)
    """
    broad = [f"{key}=*" for key in dict.fromkeys((*KEPT_KEYS, *keys))]
    narrow = [f"{key}={'|'.join(values)}" for key, values in KEPT_VALUES.items()]
    return tuple(dict.fromkeys([*broad, *narrow, *_shared_rules()]))


def _shared_rules() -> list[str]:
    """Give those rules of the shared kinds that no broad key covers."""
    rules = [rule for kind in shared_kinds().values() for rule in kind.osm]
    return [rule for rule in rules if not any(key in KEPT_KEYS for key, _ in parse_rule(rule))]


def as_kind(rules: Iterable[str]) -> dict[str, Kind]:
    """Give one kind for all that is kept."""
    return {"kept": Kind(zh="留存", en="kept", osm=tuple(rules))}


def write_county(path: Path, meta: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    """Write a county's store; under its name it is always whole.

    Parameters
    ----------
    path
        The file.
    meta
        ``key``, ``area`` (WKB in hex, lon/lat), ``rules``, ``date``, ``source``, and what else is
        worth knowing.
    tables
        One for each of `SCHEMAS`.

    Raises
    ------
    OSError
        It cannot be written.
    """
    parts = {
        f"{name}.parquet": to_parquet(
            tables[name],
            geometry="geometry" in schema.names,
            sorted_ids=name in {"nodes", "blocked"},
        )
        for name, schema in SCHEMAS.items()
    }
    write_parts(path, {"what": WHAT, **meta}, parts)


def county_meta(path: Path) -> dict[str, Any] | None:
    """Give what a county's store says of itself; None if there is none or it is not whole."""
    if not path.is_file():
        return None
    try:
        meta = read_meta(path, WHAT)
    except InputError:
        return None
    return meta if isinstance(meta.get("key"), str) else None


def county_key(path: Path) -> str | None:
    """Give the key that a county's store was written with; None as for `county_meta`."""
    meta = county_meta(path)
    return None if meta is None else str(meta["key"])


@cache
def walk_rule_digest() -> str:
    """Give a digest of the rules by which a store's ways and homes were chosen."""
    rules = Path(walkrule.__file__).read_bytes() + inspect.getsource(is_dwelling).encode()
    return hashlib.sha256(rules).hexdigest()


def scan_county(
    path: Path,
    kinds: Mapping[str, Kind],
    *,
    area: shapely.Geometry | None,
    roads: bool,
    dwellings: bool,
) -> Scan:
    """Read a county's store as if it were an OSM file.

    Parameters
    ----------
    path
        The store.
    kinds
        Kinds of facility.
    area
        What is asked for; it must lie within what the store was made for.
    roads, dwellings
        What is gathered.

    Returns
    -------
    Scan
        As `lifecircle.sources.osmscan.scan_osm` gives it for a file cut to the store's area. Counts
        of what concerns a file as a whole are those of the store.

    Raises
    ------
    InputError
        The store is damaged, is narrower than the area, or lacks objects that a kind's tag rule
        may ask for.
    """
    wanted = [
        "places",
        *(["ways", "nodes", "blocked"] if roads else []),
        *(["residential", "buildings", "broken"] if dwellings else []),
    ]
    meta, parts = read_parts(path, WHAT, [f"{name}.parquet" for name in wanted])
    try:
        _check_covers(path, meta, area)
        _check_rules(path, meta, kinds)
        if meta["walk_rule"] != walk_rule_digest():
            warn(
                f"{path.name}: was made by another walk rule than this version's; run lifecircle "
                "ingest again"
            )
        tables = {name: from_parquet(parts[f"{name}.parquet"]) for name in wanted}
        scan = Scan(KindRules(kinds), roads=roads, dwellings=dwellings)
        scan.date = meta["date"]
        scan.places = _places(tables, scan.rules, dwellings=dwellings)
        if roads:
            scan.ways, scan.refused = _ways(tables["ways"], tables["nodes"])
            scan.blocked = set(tables["blocked"]["id"].to_pylist())
        if dwellings:
            scan.expected = dict.fromkeys(tables["broken"]["osm_id"].to_pylist())
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, pa.ArrowException, shapely.GEOSException) as error:
        raise damaged(path, error) from error
    return scan


def _check_covers(path: Path, meta: Mapping[str, Any], area: shapely.Geometry | None) -> None:
    stored = shapely.from_wkb(meta["area"])
    if area is None or shapely.covers(stored, area):
        return
    if not shapely.intersects(stored, area):
        what = "is the store of another place"
        raise InputError(Fault(str(path), what, "name the store of this county"))
    raise InputError(
        Fault(
            str(path),
            "does not reach as far as the county's walks",
            "run lifecircle ingest again with this county's boundary, or a wider --buffer-km",
        )
    )


def _check_rules(path: Path, meta: Mapping[str, Any], kinds: Mapping[str, Kind]) -> None:
    """Refuse kinds of which the store may lack objects."""
    kept = [parse_rule(rule) for rule in meta["rules"]]
    faults = [
        Fault(
            str(path),
            f"holds not all objects of {rule}, which kind {kind} asks for",
            f"run lifecircle ingest again with --tags {parse_rule(rule)[0][0]}",
        )
        for kind, entry in kinds.items()
        for rule in entry.osm
        if not any(_implies(parse_rule(rule), held) for held in kept)
    ]
    if faults:
        raise InputError(faults)


_Rule = tuple[tuple[str, frozenset[str]], ...]


def _implies(rule: _Rule, held: _Rule) -> bool:
    """Tell whether every object of a rule is also one of another."""
    conditions = dict(rule)
    return all(
        key in conditions and ("*" in values or conditions[key] <= values) for key, values in held
    )


def _places(tables: Mapping[str, pa.Table], rules: KindRules, *, dwellings: bool) -> RawPlaces:
    places = RawPlaces()
    into: dict[str, tuple[dict[str, Any], Callable[[bytes], Any]]] = {
        "n": (places.nodes, lambda shape: _path(shape)[0]),
        "w": (places.ways, _path),
        "a": (places.areas, lambda shape: shape),
    }
    columns = [tables["places"][name].to_pylist() for name in SCHEMAS["places"].names]
    for key, form, pairs, shape in zip(*columns, strict=True):
        tags = dict(pairs)
        kinds = rules.kinds_of(tags)
        if kinds:
            found, given = into[form]
            found[key] = describe(kinds, tags, given(shape))
    if dwellings:
        land, homes = tables["residential"], tables["buildings"]
        places.residential = dict(
            zip(land["osm_id"].to_pylist(), land["geometry"].to_pylist(), strict=True)
        )
        shapes = zip(homes["geometry"].to_pylist(), homes["dwelling"].to_pylist(), strict=True)
        places.buildings = dict(zip(homes["osm_id"].to_pylist(), shapes, strict=True))
    return places


def _path(shape: bytes) -> list[tuple[float, float]]:
    xy: npt.NDArray[np.float64] = shapely.get_coordinates(shapely.from_wkb(shape))
    return [(x, y) for x, y in xy.tolist()]


def _ways(ways: pa.Table, nodes: pa.Table) -> tuple[RawWays, int]:
    """Give the walked ways, and how many others there are."""
    walked = ways["walked"].to_numpy()
    sizes = ways["size"].to_numpy()
    if int(sizes.sum()) != len(nodes):
        raise pa.ArrowInvalid("ways and nodes do not fit together")
    of_walked = np.repeat(walked, sizes)
    table = np.column_stack([nodes[name].to_numpy().astype(np.int64) for name in ("id", "x", "y")])
    chosen = ways.filter(pc.field("walked"))
    raw = RawWays()
    raw.ids.frombytes(chosen["id"].to_numpy().tobytes())
    raw.sizes.frombytes(sizes[walked].tobytes())
    raw.nodes.frombytes(np.ascontiguousarray(table[of_walked]).tobytes())
    raw.traits = bytearray(chosen["traits"].to_numpy().tobytes())
    raw.highway = chosen["highway"].to_pylist()
    return raw, int((~walked).sum())


def area_text(area: shapely.Geometry) -> str:
    """Give an area as it stands in the meta."""
    return str(shapely.to_wkb(area, hex=True))


def rules_text(rules: Iterable[str]) -> str:
    """Give rules as they go into a key."""
    return json.dumps(list(rules))
