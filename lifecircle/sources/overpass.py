"""Roads, facilities and homes from the Overpass API, kept as an OSM file and read like one."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import shapely

from lifecircle.errors import Fault, GeometryError, InputError, OfflineError, OutputError
from lifecircle.sources.osm import OsmExtract, read_osm
from lifecircle.sources.osmplaces import KindRules
from lifecircle.sources.walkrule import NEVER_WALKED
from lifecircle.standards import Kind

# Downloaded generously: the walk rule itself is applied when the file is read.
_ROADS: Final = f'["highway"]["highway"!~"^({"|".join(sorted(NEVER_WALKED))})$"]'
_ORDER: Final = ("node", "way", "relation")
_ELSEWHERE: Final = (
    "where there is a network, download an extract (.osm.pbf) of the county from Geofabrik, or "
    "export it from Overpass, copy it here and name it under [roads.osm]"
)


def read_overpass(
    area: shapely.Geometry,
    *,
    kinds: Mapping[str, Kind] | None,
    cache: Path,
    timeout_s: float = 180,
    dwellings: bool = True,
) -> OsmExtract:
    """Download an area through osmnx, keep it as an OSM file, and read that file.

    The second time, the file is read and nothing is downloaded. Delete it for newer data; copy it
    to a computer without a network and name it under ``[roads.osm]``.

    Parameters
    ----------
    area
        Polygon in lon/lat, wider than the county by the longest walk. Its convex hull is asked
        for, and what lies outside the polygon is dropped.
    kinds, dwellings
        As `lifecircle.sources.osm.read_osm`.
    cache
        Folder of the file; made if it is not there.
    timeout_s
        How long the server may take for each of two requests, s.

    Returns
    -------
    OsmExtract
        As `lifecircle.sources.osm.read_osm` gives it, by the same rules.

    Raises
    ------
    OfflineError
        The server cannot be reached, or does not answer in full.
    InputError
        There is no walkable way in the area.
    GeometryError
        The area is empty or not in degrees.
    OutputError
        The cache folder cannot be written.

    References
    ----------
    Boeing (2017), OSMnx, Computers, Environment and Urban Systems 65.

    Examples
    --------
    >>> county = shapely.box(110.1, 26.5, 110.2, 26.6)
    >>> read_overpass(county, kinds=None, cache=Path("cache"))  # doctest: +SKIP
    OsmExtract(...)
    """
    hull = _hull(area)
    places = _place_tags(KindRules(kinds or {}), dwellings=dwellings)
    request = json.dumps([_ROADS, places, shapely.to_wkt(hull, rounding_precision=6)])
    name = f"overpass-{hashlib.sha256(request.encode()).hexdigest()[:16]}"
    path = cache / f"{name}.osm.gz"
    if not path.is_file():
        try:
            _fetch(hull, places, path, timeout_s)
        except PermissionError as error:
            raise OutputError(f"{cache}: cannot be written ({error}) -> choose another") from error
    return read_osm(path, area=area, kinds=kinds, dwellings=dwellings)


def _fetch(
    hull: shapely.Polygon,
    places: dict[str, bool | str | list[str]],
    path: Path,
    timeout_s: float,
) -> None:
    """Download into a file; nothing is left under its name if that fails."""
    # Answers are kept until both are there, so that a second try asks only for what lacks.
    answers = path.with_name(path.name.removesuffix(".osm.gz"))
    answers.mkdir(parents=True, exist_ok=True)
    elements, date = _download(hull, places, answers, timeout_s)
    if any(element["type"] == "way" for element in elements):
        _write(elements, date, path)
    shutil.rmtree(answers)
    if not path.is_file():
        raise InputError(
            Fault("Overpass", "knows no walkable way in the area", "check the boundary")
        )


def _hull(area: shapely.Geometry) -> shapely.Polygon:
    hull = shapely.convex_hull(area)
    west, south, east, north = shapely.bounds(hull)
    in_degrees = -180 <= west < east <= 180 and -90 <= south < north <= 90
    if not (isinstance(hull, shapely.Polygon) and in_degrees):
        raise GeometryError(
            Fault("area", "is empty, or not a polygon in degrees", "give the county in lon/lat")
        )
    return hull


def _place_tags(rules: KindRules, *, dwellings: bool) -> dict[str, bool | str | list[str]]:
    """Give what osmnx shall ask for besides roads; True for any value of a key."""
    # Squares mapped as relations have no highway tag on their ways.
    wanted = {"highway": {"pedestrian", "footway"}}
    if dwellings:
        wanted |= {"building": {"*"}, "landuse": {"residential"}}
    for key, values in rules.tags().items():
        wanted[key] = wanted.get(key, set()) | values
    return {key: True if "*" in values else sorted(values) for key, values in wanted.items()}


def _download(
    hull: shapely.Polygon,
    places: dict[str, bool | str | list[str]],
    answers: Path,
    timeout_s: float,
) -> tuple[list[dict[str, Any]], str]:
    """Give the elements of both answers, each once, and the date of the data."""
    import osmnx

    roads = _ask(
        lambda: osmnx.graph_from_polygon(hull, custom_filter=_ROADS, simplify=False),
        answers / "roads",
        timeout_s,
    )
    others = _ask(lambda: osmnx.features_from_polygon(hull, places), answers / "places", timeout_s)
    found = {
        (_ORDER.index(element["type"]), int(element["id"])): element
        for answer in (roads, others)
        for element in answer["elements"]
        if element["type"] in _ORDER
    }
    date = str(roads.get("osm3s", {}).get("timestamp_osm_base", ""))
    return [found[key] for key in sorted(found)], date


def _ask(question: Any, folder: Path, timeout_s: float) -> dict[str, Any]:
    """Let osmnx put one question, and read the answer from the folder where it keeps it."""
    import requests

    try:
        with _osmnx_settings(folder, timeout_s):
            question()
    except InterruptedError:
        pass  # osmnx's way of saying that the answer is in its cache and no graph is made of it
    except (requests.exceptions.RequestException, socket.gaierror, ValueError) as error:
        raise OfflineError(f"Overpass cannot be reached ({error}) -> {_ELSEWHERE}") from error
    kept = sorted(folder.glob("*.json"))
    if not kept:
        # osmnx keeps no answer that the server cut short.
        raise OfflineError(
            f"Overpass did not answer in full within {timeout_s:g} s -> try again later, or "
            f"{_ELSEWHERE}"
        )
    answer: dict[str, Any] = json.loads(kept[0].read_text(encoding="utf-8"))
    return answer


@contextmanager
def _osmnx_settings(folder: Path, timeout_s: float) -> Iterator[None]:
    """Set osmnx to put one request a question and keep its answer in a folder; then restore it."""
    from osmnx import settings

    changes = {
        "cache_folder": folder,
        "cache_only_mode": True,
        "use_cache": True,
        "requests_timeout": timeout_s,
        "max_query_area_size": 1e15,
        # Without these two osmnx waits minutes for servers that an offline computer cannot see.
        "overpass_rate_limit": False,
        "doh_url_template": None,
    }
    before = {name: getattr(settings, name) for name in changes}
    resolve = socket.getaddrinfo  # osmnx replaces it for the whole process
    try:
        for name, value in changes.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = resolve


def _write(elements: list[dict[str, Any]], date: str, path: Path) -> None:
    """Write elements as OSM XML, under a temporary name first."""
    part = path.with_name(f"{path.name}.part")
    with gzip.open(part, "wt", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write('<osm version="0.6" generator="Overpass API, kept by lifecircle">\n')
        if date:
            stream.write(f"<meta osm_base={quoteattr(date)}/>\n")
        for element in elements:
            stream.write(_xml(element))
        stream.write("</osm>\n")
    part.replace(path)


def _xml(element: Mapping[str, Any]) -> str:
    kind = element["type"]
    place = f' lat="{element["lat"]}" lon="{element["lon"]}"' if kind == "node" else ""
    inside = [f'<nd ref="{node}"/>' for node in element.get("nodes", ())]
    inside += [
        f'<member type={quoteattr(member["type"])} ref="{member["ref"]}" '
        f"role={quoteattr(member['role'])}/>"
        for member in element.get("members", ())
    ]
    inside += [
        f"<tag k={quoteattr(key)} v={quoteattr(value)}/>"
        for key, value in element.get("tags", {}).items()
    ]
    return f'<{kind} id="{element["id"]}"{place}>{"".join(inside)}</{kind}>\n'
