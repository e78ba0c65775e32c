"""The objects of a large OSM file, laid out by county on disk batch by batch.

Each object goes to every county whose area may hold a part of it: areas are covered by cells of
0.02 degrees, and an object belongs to the counties of the cells that it touches. That is a little
more than needed; whoever reads a county's store cuts exactly. What was read so far is written batch
by batch, each sorted by county, so that a county is a slice of every batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import osmium
import pyarrow as pa  # type: ignore[import-untyped]
import shapely

from lifecircle.errors import Fault, InputError
from lifecircle.sources.osmplaces import KindRules, RawPlaces
from lifecircle.sources.osmscan import Scan, file_date, holds_any, open_osm, unreadable
from lifecircle.sources.osmstore import SCHEMAS, as_kind
from lifecircle.sources.osmways import NOWHERE, RawWays

Longs = npt.NDArray[np.int64]

MEMORY_BYTES: Final = 100_000_000
"""Of larger files the places of nodes are kept on disk: 16 bytes for each node of the file."""

_CELL: Final = 200_000  # side of a cell in 1e-7 degrees: about 2 km (ours)
_BATCH_NODES: Final = 2_000_000
_BATCH_PLACES: Final = 200_000
_MISSING: Final = 5_000_000  # so many nodes lack only where ways stand before their nodes
_DONE: Final = "done.json"
_COVER: Final = ("_county", "_cells", "_starts", "_counts", "_size")
_TOLD: Final = 100_000  # objects between two words of progress


class Cover:
    """Which counties' areas lie in which cells.

    Parameters
    ----------
    areas
        Polygons in lon/lat, one per county.

    Examples
    --------
    >>> cover = Cover([shapely.box(0, 0, 0.01, 0.01), shapely.box(0, 0, 0.03, 0.01)])
    >>> owner, county = cover.owned(np.array([7, 8]), np.array([50_000, 250_000]), np.zeros(2, int))
    >>> list(zip(owner.tolist(), county.tolist()))
    [(7, 0), (7, 1), (8, 1)]
    """

    def __init__(self, areas: Sequence[shapely.Geometry]) -> None:
        found = [_cells_of(area) for area in areas]
        cell = np.concatenate([np.empty(0, np.int64), *found])
        county = np.repeat(np.arange(len(found)), [len(cells) for cells in found])
        order = np.argsort(cell, kind="stable")
        self._county = county[order]
        self._cells, self._starts, self._counts = np.unique(
            cell[order], return_index=True, return_counts=True
        )
        self.counties = len(areas)
        self._size = np.array([len(areas)])

    def save(self, folder: Path) -> None:
        """Write it to a folder, for other processes."""
        for name in _COVER:
            np.save(folder / f"cover{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Cover:
        """Give what `save` wrote; processes share its memory."""
        cover = cls([])
        for name in _COVER:
            array = np.load(folder / f"cover{name}.npy", mmap_mode="r")
            setattr(cover, name, array)
        cover.counties = int(cover._size[0])
        return cover

    def owned(self, owner: Longs, x: Longs, y: Longs) -> tuple[Longs, Longs]:
        """Give each pair of an owner and a county that one of its points may lie in, once.

        Parameters
        ----------
        owner
            Number of the object that a point belongs to.
        x, y
            Points in 1e-7 degrees.

        Returns
        -------
        owner, county
            By county, then by owner.
        """
        return self._pairs(owner, _cell(x // _CELL, y // _CELL))

    def boxed(self, bounds: npt.NDArray[np.float64]) -> tuple[Longs, Longs]:
        """Give the pairs as `owned`, for boxes (west, south, east, north in degrees) by number."""
        low = np.floor(bounds * (1e7 / _CELL) - 1e-6).astype(np.int64)
        high = np.floor(bounds * (1e7 / _CELL) + 1e-6).astype(np.int64)
        west, south, east, north = low[:, 0], low[:, 1], high[:, 2], high[:, 3]
        tall = north - south + 1
        count = (east - west + 1) * tall
        owner = np.repeat(np.arange(len(bounds)), count)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        column, row = step // tall[owner], step % tall[owner]
        return self._pairs(owner, _cell(west[owner] + column, south[owner] + row))

    def _pairs(self, owner: Longs, cell: Longs) -> tuple[Longs, Longs]:
        if not len(self._cells) or not len(owner):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        at = np.searchsorted(self._cells, cell).clip(max=len(self._cells) - 1)
        hit = self._cells[at] == cell
        both = _distinct(owner[hit] * len(self._cells) + at[hit])
        owner, at = both // len(self._cells), both % len(self._cells)
        count = self._counts[at]
        step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        county = self._county[np.repeat(self._starts[at], count) + step]
        span = int(owner.max(initial=0)) + 1
        pairs = _distinct(county * span + np.repeat(owner, count))
        return pairs % span, pairs // span


def _distinct(values: Longs) -> Longs:
    """Give the values, each once, sorted; of numbers that come nearly sorted faster than NumPy."""
    values = np.sort(values)
    new = np.ones(len(values), np.bool_)
    new[1:] = values[1:] != values[:-1]
    return values[new]


def _cell(column: Longs, row: Longs) -> Longs:
    return (column + 10_000) * 10_000 + row + 5_000


def _cells_of(area: shapely.Geometry) -> Longs:
    side = _CELL / 1e7
    west, south, east, north = (int(np.floor(edge / side)) for edge in shapely.bounds(area))
    mesh = np.meshgrid(np.arange(west - 1, east + 2), np.arange(south - 1, north + 2))
    column, row = (numbers.ravel() for numbers in mesh)
    shapely.prepare(area)
    # A little wider than the cell, so that what lies on its edge is in it however it is rounded.
    near = 1e-6
    boxes = shapely.box(
        column * side - near, row * side - near, (column + 1) * side + near, (row + 1) * side + near
    )
    touched = shapely.intersects(area, boxes)
    return _cell(column[touched].astype(np.int64), row[touched].astype(np.int64))


@dataclass(frozen=True)
class Facts:
    """What a pass found beside the objects; kept in the spill.

    Parameters
    ----------
    date
        Date of the data (ISO), where the file says it.
    unplaced
        Facilities none of whose nodes is in the file.
    broken
        Area relations that could not be assembled, which therefore belong to no county.
    counties
        Keys of the counties, in the order of their numbers.
    """

    date: str | None
    unplaced: int
    broken: tuple[str, ...]
    counties: tuple[str, ...]


class BatchWriter:
    """Writes batches, each sorted by county, and remembers where a county begins in each."""

    def __init__(self, folder: Path, cover: Cover, first: int = 0) -> None:
        self.first = first  # number of its first batch
        self.folder = folder
        self.cover = cover
        self.missing: set[int] = set()
        self.starts: dict[str, list[Longs]] = {name: [] for name in SCHEMAS}

    def ways(self, raw: RawWays, closed: RawWays) -> None:
        """Write ways that are walked, and ways that are not."""
        nodes = np.concatenate([raw.table(), closed.table()])
        sizes = np.array(raw.sizes + closed.sizes, np.int64)
        here = nodes[:, 1] != NOWHERE
        self.missing.update(nodes[~here, 0].tolist())
        of = np.repeat(np.arange(len(sizes)), sizes)
        way, county = self.cover.owned(of[here], nodes[here, 1], nodes[here, 2])
        count = sizes[way]
        begin = (np.cumsum(sizes) - sizes)[way]
        step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        taken = nodes[np.repeat(begin, count) + step]
        walked = np.arange(len(sizes)) < len(raw.ids)
        traits = np.frombuffer(bytes(raw.traits + closed.traits), np.uint8)
        highway = pa.array([*raw.highway, *closed.highway], pa.string())
        ways = [
            np.array(raw.ids + closed.ids, np.int64)[way],
            count,
            highway.take(pa.array(way)),
            traits[way],
            walked[way],
        ]
        self._write("ways", ways, county)
        columns = [taken[:, 0], taken[:, 1].astype(np.int32), taken[:, 2].astype(np.int32)]
        self._write("nodes", columns, np.repeat(county, count))

    def places(self, raw: RawPlaces) -> None:
        """Write possible facilities, residential land and buildings."""
        forms: tuple[tuple[str, dict[str, Any]], ...] = (
            ("n", raw.nodes),
            ("w", raw.ways),
            ("a", raw.areas),
        )
        shapes = [_shape(form, place[1]) for form, found in forms for place in found.values()]
        columns = [
            pa.array([key for _, found in forms for key in found], pa.string()),
            pa.array([form for form, found in forms for _ in found], pa.string()),
            pa.array(
                [list(place[0].items()) for _, found in forms for place in found.values()],
                SCHEMAS["places"].field("tags").type,
            ),
        ]
        self._shapes("places", columns, shapes)
        land = {key: _wkb(shape) for key, shape in raw.residential.items()}
        self._shapes("residential", [pa.array(list(land), pa.string())], list(land.values()))
        homes = [(key, home, _wkb(shape)) for key, (shape, home) in raw.buildings.items()]
        columns = [
            pa.array([key for key, _, _ in homes], pa.string()),
            pa.array([home for _, home, _ in homes], pa.bool_()),
        ]
        self._shapes("buildings", columns, [shape for _, _, shape in homes])

    def broken(self, expected: Mapping[str, tuple[int, int] | None]) -> None:
        """Write the ways that ought to have given an area, with where they begin."""
        ways = {key: at for key, at in expected.items() if at is not None and at[0] != NOWHERE}
        at = np.array(list(ways.values()), np.int64).reshape(-1, 2)
        number, county = self.cover.owned(np.arange(len(at)), at[:, 0], at[:, 1])
        names = pa.array(list(ways), pa.string())
        self._write("broken", [names.take(pa.array(number))], county)

    def _shapes(self, name: str, columns: list[pa.Array], shapes: list[bytes]) -> None:
        bounds = shapely.bounds(shapely.from_wkb(np.array(shapes, dtype=object))).reshape(-1, 4)
        number, county = self.cover.boxed(bounds)
        taken = pa.array(number)
        every = [*columns, pa.array(shapes, pa.binary())]
        self._write(name, [column.take(taken) for column in every], county)

    def _write(self, name: str, columns: Sequence[Any], county: Longs) -> None:
        table = pa.table(list(columns), schema=SCHEMAS[name])
        path = self.folder / f"{name}-{self.first + len(self.starts[name]):05d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        self.starts[name].append(np.searchsorted(county, np.arange(self.cover.counties + 1)))

    def close(self, facts: Facts, blocked: set[int]) -> None:
        """Say that the spill is finished."""
        every = {name: np.array(starts, np.int64) for name, starts in self.starts.items()}
        every["blocked"] = np.array(sorted(blocked), np.int64)
        np.savez(self.folder / "starts.npz", **every)  # type: ignore[arg-type]
        text = json.dumps(vars(facts), ensure_ascii=False)
        (self.folder / _DONE).write_text(text, encoding="utf-8")


def spill_whole(
    path: Path,
    areas: Sequence[shapely.Geometry],
    keys: Sequence[str],
    folder: Path,
    *,
    rules: Sequence[str],
    told: Callable[[int], None],
) -> None:
    """Read an OSM file as a whole, in one process, and lay its objects out by county.

    Parameters
    ----------
    path
        The file, sorted by type and id as all that are published.
    areas, keys
        Each county's area in lon/lat, and the key of its store.
    folder
        An empty folder, for the spill and, of large files, the places of nodes.
    rules
        By which objects are kept as possible facilities.
    told
        Told now and then how many objects were seen.

    Raises
    ------
    MissingFileError, InputError
        The file is not there, is not OSM data, is damaged, or not sorted.
    OSError
        The folder cannot be written.
    """
    source = open_osm(path)
    closed = RawWays()
    scan = Scan(
        KindRules(as_kind(rules)), roads=True, dwellings=True, described=with_tags, closed=closed
    )
    writer = BatchWriter(folder, Cover(areas))
    storage, index = "flex_mem", folder / "nodes.index"
    if path.stat().st_size > MEMORY_BYTES:
        named = str(index).isascii() and "," not in str(index)
        storage = f"sparse_file_array,{index}" if named else "sparse_file_array"
    seen = 0

    def flush() -> None:
        raw, places, scan.ways, scan.places = scan.ways, scan.places, RawWays(), RawPlaces()
        shut, scan.closed = scan.closed or RawWays(), RawWays()
        writer.ways(raw, shut)
        writer.places(places)
        if len(writer.missing) > _MISSING:
            raise unsorted(path)

    def each(_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen % _TOLD == 0:
            told(seen)
        held = len(scan.places.buildings) + len(scan.places.areas) + len(scan.places.nodes)
        if len(scan.ways.nodes) > 3 * _BATCH_NODES or held > _BATCH_PLACES:
            flush()

    try:
        scan.run(source, storage=storage, each=each)
        flush()
        writer.broken(scan.expected)
        if not is_sorted(source) and holds_any(source, writer.missing | scan.missing()):
            raise unsorted(path)
        date = file_date(path, source)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise unsorted(path) if is_unsorted(error) else unreadable(path, error) from error
    finally:
        index.unlink(missing_ok=True)
    broken = tuple(key for key, at in sorted(scan.expected.items()) if at is None)
    writer.close(Facts(date, scan.unplaced, broken, tuple(keys)), scan.blocked)


def is_unsorted(error: Exception) -> bool:
    """Tell whether libosmium complains of the order of a file."""
    return "out of order" in str(error) or "twice in input" in str(error)


def is_sorted(source: Any) -> bool:
    """Tell whether a file says that it is sorted."""
    header = osmium.io.Reader(source, osmium.osm.NOTHING).header()
    return bool(header.get("sorting", "") == "Type_then_ID")


def unsorted(path: Path) -> InputError:
    """Give the error for a file that is not sorted."""
    what = "is not sorted by type and id, or holds objects twice"
    return InputError(Fault(str(path), what, "sort it: osmium sort FILE -o SORTED.osm.pbf"))


def with_tags(_: tuple[str, ...], tags: Any, shape: Any) -> tuple[dict[str, str], Any]:
    """Keep of an object all its tags, and its shape."""
    return dict(tags), shape


def _shape(form: str, shape: Any) -> bytes:
    if form == "a":
        return _wkb(shape)
    if form == "n" or len(shape) == 1:
        return bytes(shapely.to_wkb(shapely.Point(shape if form == "n" else shape[0])))
    return bytes(shapely.to_wkb(shapely.LineString(shape)))


def _wkb(shape: str | bytes) -> bytes:
    return bytes.fromhex(shape) if isinstance(shape, str) else shape


class Spilled:
    """A finished spill, read county by county.

    Parameters
    ----------
    folder
        What `lifecircle.sources.osmpass.spill_osm` filled.

    Raises
    ------
    ValueError, OSError
        It was not finished.
    """

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / _DONE).read_text(encoding="utf-8"))
        lists = {name: tuple(facts[name]) for name in ("broken", "counties")}
        self.facts = Facts(**{**facts, **lists})
        with np.load(folder / "starts.npz") as starts:
            self._starts = {name: starts[name] for name in SCHEMAS if name != "blocked"}
            self._blocked = starts["blocked"]
        self._open = {
            name: [
                pa.ipc.open_file(pa.memory_map(str(folder / f"{name}-{n:05d}.arrow"))).read_all()
                for n in range(len(starts))
            ]
            for name, starts in self._starts.items()
        }

    def close(self) -> None:
        """Let go of the files."""
        self._open.clear()

    def county(self, number: int) -> dict[str, pa.Table]:
        """Give the tables of one county, as its store holds them."""
        tables = {
            name: pa.concat_tables(
                [
                    batch.slice(begin, end - begin)
                    for batch, (begin, end) in zip(
                        self._open[name], starts[:, number : number + 2].tolist(), strict=True
                    )
                ]
            )
            for name, starts in self._starts.items()
        }
        nodes = tables["nodes"]["id"].to_numpy()
        at = np.searchsorted(self._blocked, nodes).clip(max=max(len(self._blocked) - 1, 0))
        used = _distinct(nodes[self._blocked[at] == nodes] if len(self._blocked) else nodes[:0])
        tables["blocked"] = pa.table({"id": used}, schema=SCHEMAS["blocked"])
        return tables
