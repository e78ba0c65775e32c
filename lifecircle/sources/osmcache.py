"""OSM files are read once: what was read is kept beside the county and read again in a moment.

The cache may be deleted at any time. An entry's name is a digest of all that it depends on: the
file's content, the area, the kinds' tag rules, and the code and libraries that read it; so an
entry is never stale, only unused. Where the cache cannot be written, nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import shapely

from lifecircle.errors import DataWarning, warn
from lifecircle.sources.extractstore import SUFFIX, read_if_whole, write_extract
from lifecircle.sources.osm import OsmExtract, read_osm
from lifecircle.sources.osmparts import PARTIAL, code_digest
from lifecircle.standards import Kind

SMALL_BYTES: Final = 2_000_000
"""Smaller OSM files are read in well under a second, and are not kept (ours)."""

KEPT: Final = 3
"""So many entries of a county stay, those that were used last (ours)."""

_DIGESTS: Final = "sha256.json"
# A file that was changed within this time before it was read could change again without its time
# of change showing it: clocks of file systems tick in steps of up to 2 s (FAT). Then its digest is
# not remembered.
_SETTLED_NS: Final = 3_000_000_000
_ABANDONED_S: Final = 24 * 3600.0  # unfinished files of writers that were killed


def read_cached(
    path: str | Path,
    *,
    cache: Path | None,
    name: str = "osm",
    area: shapely.Geometry | None = None,
    kinds: Mapping[str, Kind] | None = None,
    roads: bool = True,
    dwellings: bool = True,
) -> OsmExtract:
    """Read an OSM file as `lifecircle.sources.osm.read_osm`, or what was kept of it.

    Parameters
    ----------
    path, area, kinds, roads, dwellings
        As for `read_osm`.
    cache
        Folder of the cache; None keeps nothing. Files below `SMALL_BYTES` and county stores
        are always read as they are.
    name
        Of the county: how its entries' names begin; several counties may share a folder.

    Returns
    -------
    OsmExtract
        Bit for bit what `read_osm` gives; the same findings are warned of.

    Raises
    ------
    MissingFileError, InputError, GeometryError
        As `read_osm`.
    """
    path = Path(path)
    options: dict[str, Any] = {
        "area": area,
        "kinds": kinds,
        "roads": roads,
        "dwellings": dwellings,
    }
    if cache is None or not _worth_it(path):
        return read_osm(path, **options)
    try:
        before = _stamp(path)
        key = _key(file_sha256(path, cache), path, **options)
    except OSError:  # read_osm says what is wrong with the file
        return read_osm(path, **options)
    entry = cache / f"{name}-{key[:32]}{SUFFIX}"
    kept = read_if_whole(entry, key)
    if kept is not None:
        with contextlib.suppress(OSError):
            os.utime(entry)  # used last
        for finding in kept[1]:
            warn(finding)
        return kept[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        extract = read_osm(path, **options)
    for item in caught:
        warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    findings = [str(item.message) for item in caught if item.category is DataWarning]
    if _stamp(path) == before:  # else it was exchanged while it was read
        with contextlib.suppress(OSError):
            write_extract(extract, entry, key=key, findings=findings)
        _prune(cache, name)
    return extract


def file_sha256(path: Path, cache: Path | None) -> str:
    """Give a file's SHA-256, remembered in the cache folder while the file stays untouched.

    It is remembered by path, size, inode and both times of the file: of its content and, where the
    system keeps it, of any change at all, which a copy with an old date also moves. A file that was
    changed in the last seconds is read again next time.

    Parameters
    ----------
    path
        The file.
    cache
        Folder of the cache; None remembers nothing.

    Returns
    -------
    str
        Hex text.
    """
    stamp = _stamp(path)
    name = str(path.resolve())
    known = {} if cache is None else _digests(cache / _DIGESTS)
    entry = known.get(name)
    if isinstance(entry, list) and entry[:-1] == stamp:
        return str(entry[-1])
    begun = time.time_ns()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if cache is not None and _stamp(path) == stamp and begun - max(stamp[1:3]) > _SETTLED_NS:
        _remember(cache / _DIGESTS, name, [*stamp, digest])
    return digest


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _digests(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(path: Path, name: str, entry: list[Any]) -> None:
    """Add a digest; of two writers at once one may lose its line, which costs a second."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}{PARTIAL}")
    known = _digests(path)
    known.pop(name, None)
    latest = dict([*known.items(), (name, entry)][-64:])
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(latest, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)


def _worth_it(path: Path) -> bool:
    if path.suffix.lower() == SUFFIX:
        return False
    try:
        return path.is_file() and path.stat().st_size >= SMALL_BYTES
    except OSError:
        return False


def _key(
    sha256: str,
    path: Path,
    *,
    area: shapely.Geometry | None,
    kinds: Mapping[str, Kind] | None,
    roads: bool,
    dwellings: bool,
) -> str:
    """Give a digest of all that the result and its findings depend on."""
    asked = [
        sha256,
        path.name,  # findings name the file, and its ending says how it is read
        None if area is None else shapely.to_wkb(area, hex=True),
        None if kinds is None else [(kind, entry.osm) for kind, entry in kinds.items()],
        roads,
        dwellings,
        code_digest(),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _prune(cache: Path, name: str) -> None:
    """Keep the entries that were used last, and remove what killed writers left."""
    own = re.compile(rf"{re.escape(name)}-[0-9a-f]{{32}}{re.escape(SUFFIX)}")

    def used(entry: Path) -> float:
        try:
            return entry.stat().st_mtime
        except OSError:  # another writer has removed it
            return 0.0

    entries = [entry for entry in cache.glob(f"*{SUFFIX}") if own.fullmatch(entry.name)]
    entries.sort(key=used, reverse=True)
    abandoned = [
        part for part in cache.glob(f".*{PARTIAL}") if 0.0 < used(part) < time.time() - _ABANDONED_S
    ]
    for old in [*entries[KEPT:], *abandoned]:
        with contextlib.suppress(OSError):
            old.unlink()
