"""Ingest of a large OSM file: speed by step, memory by size, and the national figure.

``python benchmarks/ingest.py porto.osm.pbf --mb 50 200 --workers 1 2``. The file is laid side by
side until it is as large as asked for: blobs are copied, ids and places in them moved. All is
written to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import psutil
import shapely
from measuring import exponent, table

NATIONAL_MB = 1300.0  # China's extract, November 2025
STEP = 13_000_000_000  # between the ids of two copies: more than any id of OSM
COLUMNS = 16  # copies side by side
APART = 0.6  # degrees


def main() -> None:
    """Tile, ingest, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, nargs="+", help="PBF files, tiled in turn")
    parser.add_argument("--mb", type=float, nargs="+", default=[50.0, 200.0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.source[0], Path(asked.child), asked.workers[0])
        return
    rows, peaks = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for mb in asked.mb:
            big = Path(folder, f"big-{mb:g}.osm.pbf")
            boxes = tile(asked.source, mb * 1e6, big)
            counties(boxes, Path(folder, "counties.geojson"))
            size = big.stat().st_size / 1e6
            for workers in asked.workers:
                told = measured(big, Path(folder), workers)
                peaks.setdefault(workers, []).append((size, told["peak_mb"]))
                total = told["total_s"]
                national = total / size * NATIONAL_MB / 60
                steps = [f"{told[step]:.1f}" for step in ("digest", "pass", "counties", "cpu_s")]
                speed = [f"{size / total:.1f}", told["peak_mb"], f"{national:.1f}"]
                rows.append([f"{size:.0f}", workers, f"{total:.1f}", *steps, *speed])
            big.unlink()
    head = ["MB", "workers", "s", "digest", "pass", "stores", "CPU s", "MB/s", "peak MB"]
    sys.stdout.write(table([*head, f"min for {NATIONAL_MB:.0f} MB"], rows) + "\n")
    for workers, found in peaks.items():
        if len(found) > 1:
            growth = exponent(*zip(*found, strict=True))
            sys.stdout.write(f"peak memory grows with size ** {growth:.2f} ({workers} workers)\n")


def measured(big: Path, folder: Path, workers: int) -> dict[str, Any]:
    """Ingest in a process of its own, and give what it tells with its peak memory.

    Memory is what the process and its workers hold for themselves; of files that are mapped every
    system gives back what it needs elsewhere.
    """
    command = [sys.executable, __file__, str(big), "--child", str(folder), "--workers"]
    process = subprocess.Popen([*command, str(workers)], stdout=subprocess.PIPE)  # noqa: S603
    peak, over = [0], threading.Event()
    parent = psutil.Process(process.pid)

    def watch() -> None:
        while not over.wait(0.1):
            held = 0
            try:
                for each in (parent, *parent.children(recursive=True)):
                    info = each.memory_info()
                    held += info.rss - getattr(info, "shared", 0)
            except psutil.Error:
                continue
            peak[0] = max(peak[0], held)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out = process.communicate()[0]
    over.set()
    watcher.join()
    return {**json.loads(out), "peak_mb": round(peak[0] / 2**20)}


def child(big: Path, folder: Path, workers: int) -> None:
    """Ingest, and print the seconds of each step as JSON."""
    from lifecircle.ingest import ingest

    begun: list[tuple[str, float]] = []

    def progress(step: str, *_: int) -> None:
        if not begun or begun[-1][0] != step:
            begun.append((step, time.perf_counter()))

    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        done = ingest(big, folder / "counties.geojson", out, workers=workers, progress=progress)
        end = time.perf_counter()
        if not (done.counties["status"] == "whole").any():
            raise SystemExit("no county holds a way")
    ends = [when for _, when in begun[1:]] + [end]
    steps = {step: at - when for (step, when), at in zip(begun, ends, strict=True)}
    own, others = psutil.Process().cpu_times(), psutil.Process().cpu_times()
    cpu = own.user + own.system + others.children_user + others.children_system
    sys.stdout.write(json.dumps({**steps, "total_s": end - start, "cpu_s": cpu}))


def counties(boxes: Sequence[tuple[float, ...]], path: Path) -> None:
    """Write four counties for each copy."""
    shapes = []
    for west, south, east, north in boxes:
        x, y = (west + east) / 2, (south + north) / 2
        shapes += [
            shapely.box(a, b, a + x - west, b + y - south) for a in (west, x) for b in (south, y)
        ]
    names = [f"c{n:05d}" for n in range(len(shapes))]
    frame = gpd.GeoDataFrame({"adcode": names, "name": names}, geometry=shapes, crs=4326)
    path.unlink(missing_ok=True)
    frame.to_file(path)


# -- tiling --------------------------------------------------------------------------------------


def tile(sources: Sequence[Path], size: float, out: Path) -> list[tuple[float, ...]]:
    """Lay files side by side, in turn, until they have so many bytes; give where each copy lies."""
    files = [read(source) for source in sources]
    mean = sum(source.stat().st_size for source in sources) / len(sources)
    copies = max(1, math.ceil(size / mean))
    boxes = []
    with out.open("wb") as stream:
        stream.write(blob(b"OSMHeader", header()))
        for form in ("nodes", "ways", "relations"):
            for copy in range(copies):
                found, (west, south, east, north) = files[copy % len(files)]
                dx = 70.0 + copy % COLUMNS * APART - west
                dy = 10.0 + copy // COLUMNS * APART - south
                for block in found[form]:
                    stream.write(blob(b"OSMData", moved(block, copy * STEP, dx, dy)))
                if form == "nodes":
                    boxes.append((west + dx, south + dy, east + dx, north + dy))
    return boxes


def header() -> bytes:
    """Give the block that says that the file is sorted."""
    needs = [b"OsmSchema-V0.6", b"DenseNodes"]
    return b"".join([*(field(4, need) for need in needs), field(5, b"Sort.Type_then_ID")])


Block = tuple[bytes, list[list[Any]]]
"""All fields of a block but its groups; and the pieces of each group, ids among them as numbers."""


def read(source: Path) -> tuple[dict[str, list[Block]], tuple[float, ...]]:
    """Read a PBF file into blocks by type; and its bounds."""
    found: dict[str, list[Block]] = {"nodes": [], "ways": [], "relations": []}
    content, at = source.read_bytes(), 0
    while at < len(content):
        length = struct.unpack_from(">I", content, at)[0]
        head = dict(fields(content[at + 4 : at + 4 + length]))
        at += 4 + length
        if head[1] == b"OSMData":
            body = dict(fields(content[at : at + head[3]]))
            form, block = parsed(body[1] if 1 in body else zlib.decompress(body[3]))
            found[form].append(block)
        at += head[3]
    box = osmium.io.Reader(str(source), osmium.osm.NOTHING).header().box()
    low, high = box.bottom_left, box.top_right
    if not low.valid():
        places = [n.location for n in osmium.FileProcessor(str(source), osmium.osm.NODE)]
        lon, lat = np.array([(p.lon, p.lat) for p in places]).T
        return found, (lon.min(), lat.min(), lon.max(), lat.max())
    return found, (low.lon, low.lat, high.lon, high.lat)


def parsed(block: bytes) -> tuple[str, Block]:
    """Take a block apart into what is copied and the ids, which are moved."""
    rest, groups, form = b"", [], ""
    for number, value in fields(block):
        if number != 2:
            rest += field(number, value)
            continue
        pieces: list[Any] = []
        for kind, entity in fields(value):
            form = {2: "nodes", 3: "ways", 4: "relations"}[kind]
            pieces.append((kind, [*entity_pieces(kind, entity)]))
        groups.append(pieces)
    return form, (rest, groups)


def entity_pieces(kind: int, entity: bytes) -> Iterator[Any]:
    """Give bytes; and of ids their field, their number, and what of a row follows it."""
    # The first of these differences is moved, so that all after it are too.
    packed = {2: 1, 3: 8, 4: 9}[kind]
    for number, value in fields(entity):
        if number == packed and value:
            first, after = varint(value, 0)
            yield number, (first >> 1) ^ -(first & 1), value[after:]
        elif number == 1 and kind != 2:
            yield number, value, None
        else:
            yield field(number, value)


def moved(block: Block, shift: int, dx: float, dy: float) -> bytes:
    """Put a block together again, with its ids and its place moved."""
    rest, groups = block
    made = [rest]
    for pieces in groups:
        group = []
        for kind, parts in pieces:
            entity = b"".join(
                part if isinstance(part, bytes) else moved_id(part, shift) for part in parts
            )
            group.append(field(kind, entity))
        made.append(field(2, b"".join(group)))
    made += [field(20, round(dx * 1e7) * 100 % 2**64), field(19, round(dy * 1e7) * 100 % 2**64)]
    return b"".join(made)


def moved_id(piece: tuple[int, int, bytes | None], shift: int) -> bytes:
    """Give the bytes of an id, or of a row of differences that begins with one."""
    number, value, after = piece
    value += shift
    if after is None:
        return field(number, value)
    return field(number, as_varint(value * 2 if value >= 0 else -value * 2 - 1) + after)


def blob(kind: bytes, block: bytes) -> bytes:
    """Pack a block."""
    body = field(2, len(block)) + field(3, zlib.compress(block, 6))
    head = field(1, kind) + field(3, len(body))
    return struct.pack(">I", len(head)) + head + body


def field(number: int, value: int | bytes) -> bytes:
    """Write a field of protobuf."""
    if isinstance(value, int):
        return as_varint(number << 3) + as_varint(value)
    return as_varint(number << 3 | 2) + as_varint(len(value)) + value


def as_varint(value: int) -> bytes:
    """Write a number as protobuf does."""
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Read the fields of a protobuf message."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        value, at = varint(message, at)
        if key & 7 == 2:
            value, at = message[at : at + value], at + value
        yield key >> 3, value


def varint(message: bytes, at: int) -> tuple[int, int]:
    """Read a number of protobuf, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


if __name__ == "__main__":
    main()
