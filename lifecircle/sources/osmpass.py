"""One pass over a large OSM file, in parts that several processes read at once.

Nodes come first: their places go into one index on disk, 16 bytes each. Then come the ways, which
look their nodes up there, and last the areas of relations, from the few ways that they are made of.
A part is some megabytes of the file and gives one batch of the spill, so that memory does not grow
with the file, and the spill does not depend on how many processes there are.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import osmium
import shapely
from osmium.osm import NODE, OBJECT

from lifecircle.errors import OutputError
from lifecircle.sources.osmblobs import Parts, blobs_of, split_pbf
from lifecircle.sources.osmplaces import KindRules
from lifecircle.sources.osmscan import Scan, file_date, open_osm, unreadable
from lifecircle.sources.osmspill import (
    BatchWriter,
    Cover,
    Facts,
    is_sorted,
    is_unsorted,
    spill_whole,
    unsorted,
    with_tags,
)
from lifecircle.sources.osmstore import as_kind
from lifecircle.sources.osmways import RawWays

PART_BYTES: Final = 2_000_000
"""About so many bytes of the file are read at once: about 100 MB of objects (ours)."""

_EACH: Final = 4  # parts for which a process is worth starting (ours)
_INDEX: Final = "nodes.index"
_MEMBERS: Final = "members.npy"
_PLACE: Final = np.dtype([("id", "<u8"), ("x", "<i4"), ("y", "<i4")])  # as libosmium writes it


@dataclass(frozen=True)
class _Job:
    """What is the same for all parts of a pass."""

    parts: Parts
    folder: Path
    rules: tuple[str, ...]

    def scan(self, *, own_ways: bool = True) -> Scan:
        kept = KindRules(as_kind(self.rules))
        return Scan(
            kept,
            roads=True,
            dwellings=True,
            described=with_tags,
            closed=RawWays(),
            own_ways=own_ways,
        )


@dataclass(frozen=True)
class _Done:
    """What a part gave beside its batch."""

    starts: dict[str, list[npt.NDArray[np.int64]]]
    blocked: npt.NDArray[np.int64]
    unplaced: int
    broken: tuple[str, ...]
    ids: tuple[int, int] | None = None  # of its first and its last node


def spill_osm(
    path: Path,
    areas: Sequence[shapely.Geometry],
    keys: Sequence[str],
    folder: Path,
    *,
    rules: Sequence[str],
    told: Callable[[int, int], None],
    workers: int = 1,
) -> None:
    """Read an OSM file once and lay its objects out by county.

    Parameters
    ----------
    path
        The file, sorted by type and id as all that are published.
    areas, keys
        Each county's area in lon/lat, and the key of its store.
    folder
        An empty folder, for the spill and for the places of nodes.
    rules
        By which objects are kept as possible facilities.
    told
        Told now and then how many parts were read, and of how many; or how many objects, of 0,
        where the file cannot be read in parts.
    workers
        So many processes read at once, where the file can be read in parts; 1 starts none.

    Raises
    ------
    MissingFileError, InputError
        The file is not there, is not OSM data, is damaged, or not sorted.
    OSError
        The folder cannot be written.
    """
    source = open_osm(path)
    index = str(folder / _INDEX)
    parts = None
    # libosmium takes what is behind a comma for an option, and on Windows no Chinese.
    if "," not in index and (os.name == "posix" or index.isascii()):
        with contextlib.suppress(RuntimeError):
            parts = split_pbf(path, PART_BYTES, trusted=is_sorted(source))
    if parts is None:
        spill_whole(path, areas, keys, folder, rules=rules, told=lambda seen: told(seen, 0))
        return
    Cover(areas).save(folder)
    job = _Job(parts, folder, tuple(rules))
    try:
        with _pool(min(workers, (len(parts.nodes) + len(parts.ways)) // _EACH)) as apply:
            done = list(_read(job, apply, told))
        date = file_date(path, source)
    except BrokenExecutor as error:
        raise OutputError(
            f"{folder}: a process that read {path.name} was ended, perhaps for want of memory -> "
            "run it again with --workers 1"
        ) from error
    except (RuntimeError, UnicodeDecodeError) as error:
        raise unsorted(path) if is_unsorted(error) else unreadable(path, error) from error
    _close(job, done, date, tuple(keys), Cover.load(folder))


def _close(
    job: _Job, done: Sequence[_Done], date: str | None, keys: tuple[str, ...], cover: Cover
) -> None:
    writer = BatchWriter(job.folder, cover)
    for part in done:
        for name, starts in part.starts.items():
            writer.starts[name] += starts
    blocked = {int(node) for part in done for node in part.blocked}
    broken = tuple(sorted(key for part in done for key in part.broken))
    writer.close(Facts(date, sum(part.unplaced for part in done), broken, keys), blocked)
    (job.folder / _INDEX).unlink()


def _read(
    job: _Job, apply: Callable[..., Iterator[_Done]], told: Callable[[int, int], None]
) -> Iterator[_Done]:
    """Give what each part gave, in the order of the file."""
    parts = job.parts
    first, second = len(parts.nodes), len(parts.nodes) + len(parts.ways)
    members = job.scan().members(parts.open(*parts.relations))
    np.save(job.folder / _MEMBERS, np.array(sorted(members), np.int64))
    last = -1
    with (job.folder / _INDEX).open("wb") as index:
        numbers = range(first)
        for number, done in zip(numbers, apply(_nodes, job, numbers), strict=True):
            if done.ids is not None:
                if done.ids[0] <= last:
                    raise unsorted(parts.path)
                last = done.ids[1]
            with _index_of(job, number).open("rb") as places:
                shutil.copyfileobj(places, index, 1 << 20)
            _index_of(job, number).unlink()
            told(number + 1, second + 1)
            yield done
    # libosmium fills up a short index when it opens it; not while others read it.
    osmium.index.create_map(f"sparse_file_array,{job.folder / _INDEX}")
    numbers = range(first, second)
    for number, done in zip(numbers, apply(_ways, job, numbers), strict=True):
        told(number + 1, second + 1)
        yield done
    yield from apply(_relations, job, [second])
    told(second + 1, second + 1)


def _nodes(job: _Job, number: int) -> _Done:
    scan, path = job.scan(), _index_of(job, number)
    size = _index_nodes(job, number, scan, path)
    os.truncate(path, size)
    ids = np.fromfile(path, _PLACE)["id"].astype(np.int64)
    if (np.diff(ids) <= 0).any():
        raise unsorted(job.parts.path)
    ends = (int(ids[0]), int(ids[-1])) if len(ids) else None
    return _written(job, number, scan, ids=ends)


def _index_nodes(job: _Job, number: int, scan: Scan, path: Path) -> int:
    """Fill the index of a part, and give its bytes; it is closed when this returns."""
    table = osmium.index.create_map(f"sparse_file_array,{path}")
    scan.run(job.parts.open(job.parts.nodes[number]), storage=table, entities=NODE)
    return int(table.used_memory())


def _ways(job: _Job, number: int) -> _Done:
    scan = job.scan()
    source = job.parts.open(job.parts.ways[number - len(job.parts.nodes)])
    members = _members(job.folder / _MEMBERS)
    writer = osmium.SimpleWriter(str(_members_of(job, number)))

    def each(entity: Any) -> None:
        if entity.is_way() and entity.id in members:
            writer.add_way(entity)

    scan.run(source, storage=_places(job), each=each if members else None)
    writer.close()
    return _written(job, number, scan)


@lru_cache(maxsize=1)
def _members(path: Path) -> frozenset[int]:
    return frozenset(np.load(path).tolist())


def _relations(job: _Job, number: int) -> _Done:
    scan = job.scan(own_ways=False)
    files = [_members_of(job, n) for n in range(len(job.parts.nodes), number)]
    members = [blobs_of(file.read_bytes()) for file in files if file.is_file()]
    source = job.parts.open(*job.parts.relations, extra=members)
    scan.run(source, storage=_places(job), entities=OBJECT)
    for file in files:
        file.unlink(missing_ok=True)
    return _written(job, number, scan)


def _written(job: _Job, number: int, scan: Scan, *, ids: tuple[int, int] | None = None) -> _Done:
    writer = BatchWriter(job.folder, Cover.load(job.folder), number)
    writer.ways(scan.ways, scan.closed or RawWays())
    writer.places(scan.places)
    writer.broken(scan.expected)
    return _Done(
        writer.starts,
        np.array(sorted(scan.blocked), np.int64),
        scan.unplaced,
        tuple(key for key, at in scan.expected.items() if at is None),
        ids,
    )


def _places(job: _Job) -> Any:
    return osmium.index.create_map(f"sparse_file_array,{job.folder / _INDEX}")


def _index_of(job: _Job, number: int) -> Path:
    return job.folder / f"nodes-{number:05d}.index"


def _members_of(job: _Job, number: int) -> Path:
    return job.folder / f"members-{number:05d}.osm.pbf"


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[Callable[..., Iterator[_Done]]]:
    """Give what applies a function to a job and each of its numbers, in order."""
    if workers <= 1:
        yield lambda work, job, numbers: (work(job, number) for number in numbers)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent) as pool:

        def apply(work: Any, job: _Job, numbers: Sequence[int]) -> Iterator[_Done]:
            return pool.map(work, [job] * len(numbers), numbers)

        try:
            yield apply
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """End this process when the one that started it ends, also where that was killed."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
