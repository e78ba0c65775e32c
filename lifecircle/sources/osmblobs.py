"""The blobs of a PBF file: independent pieces, so that several processes can read one file.

A PBF file is a row of blobs of some thousand objects each. The head and any blobs after it are a
PBF file again, which pyosmium reads from memory: that is how a part of a file is read.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import osmium

_HEAD_BYTES: Final = 64 * 1024  # the format allows for no longer head of a blob
_NODES, _WAYS, _RELATIONS = range(3)
# Fields of a PrimitiveGroup: nodes, dense nodes, ways, relations.
_FORMS: Final = {1: _NODES, 2: _NODES, 3: _WAYS, 4: _RELATIONS}


@dataclass(frozen=True)
class Part:
    """A stretch of a file: where it begins, and how many bytes it has.

    Parameters
    ----------
    begin, size
        In bytes.
    """

    begin: int
    size: int


@dataclass(frozen=True)
class Parts:
    """A sorted PBF file in parts: nodes, ways and relations.

    Parameters
    ----------
    path
        The file.
    head
        Its first blob.
    nodes, ways, relations
        The parts, in the order of the file.
    """

    path: Path
    head: Part
    nodes: tuple[Part, ...]
    ways: tuple[Part, ...]
    relations: tuple[Part, ...]

    def open(self, *parts: Part, extra: Sequence[bytes] = ()) -> Any:
        """Give some parts as a file of their own, for pyosmium; `extra` goes before them."""
        with self.path.open("rb") as stream:
            content = [_at(stream, self.head), *extra, *(_at(stream, part) for part in parts)]
        return osmium.io.FileBuffer(b"".join(content), "pbf")


def split_pbf(path: Path, part_bytes: int, *, trusted: bool) -> Parts | None:
    """Find the parts of a PBF file.

    Parameters
    ----------
    path
        The file.
    part_bytes
        About how large a part is to be.
    trusted
        Whether the file says that it is sorted; else every blob is looked into.

    Returns
    -------
    Parts or None
        None if it is no PBF file, not whole, not sorted by type, has blobs of several types, or is
        packed in a way that only libosmium unpacks; then it has to be read as a whole.

    Examples
    --------
    >>> path = Path("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf")
    >>> parts = split_pbf(path, 200_000, trusted=False)
    >>> len(parts.nodes), len(parts.ways), len(parts.relations)
    (3, 1, 1)
    """
    try:
        with path.open("rb") as stream:
            head, *blobs = _blobs(stream, path.stat().st_size)
            ways, relations = _borders(stream, blobs, trusted=trusted)
    except (ValueError, KeyError, IndexError, StopIteration, struct.error, zlib.error):
        return None
    return Parts(
        path,
        head,
        _joined(blobs[:ways], part_bytes),
        _joined(blobs[ways:relations], part_bytes),
        _joined(blobs[relations:], part_bytes),
    )


def blobs_of(content: bytes) -> bytes:
    """Give a PBF file without its head.

    Raises
    ------
    ValueError, struct.error, IndexError
        It is no PBF file.
    """
    length = struct.unpack_from(">I", content)[0]
    head = dict(_fields(content[4 : 4 + length]))
    return content[4 + length + head[3] :]


def _joined(blobs: Sequence[Part], part_bytes: int) -> tuple[Part, ...]:
    parts: list[Part] = []
    for blob in blobs:
        if parts and parts[-1].size + blob.size <= part_bytes:
            parts[-1] = Part(parts[-1].begin, parts[-1].size + blob.size)
        else:
            parts.append(blob)
    return tuple(parts)


def _at(stream: BinaryIO, part: Part) -> bytes:
    stream.seek(part.begin)
    return stream.read(part.size)


def _blobs(stream: BinaryIO, size: int) -> Iterator[Part]:
    at = 0
    while at < size:
        stream.seek(at)
        length = struct.unpack(">I", stream.read(4))[0]
        if length > _HEAD_BYTES:
            raise ValueError("no head of a blob")
        head = dict(_fields(stream.read(length)))
        if head.get(1) != (b"OSMData" if at else b"OSMHeader") or not isinstance(head.get(3), int):
            raise ValueError("no blob of OSM data")
        part = Part(at, 4 + length + head[3])
        at += part.size
        if at > size:
            raise ValueError("cut short")
        yield part


def _borders(stream: BinaryIO, blobs: Sequence[Part], *, trusted: bool) -> tuple[int, int]:
    """Give the numbers of the first blobs that begin with a way, and with a relation."""
    if not trusted:
        forms = [_form(stream, blob) for blob in blobs]
        if forms != sorted(forms):
            raise ValueError("not sorted by type")
        return bisect_left(forms, _WAYS), bisect_left(forms, _RELATIONS)
    look = partial(_form, stream)
    ways = bisect_left(blobs, _WAYS, key=look)
    relations = bisect_left(blobs, _RELATIONS, lo=ways, key=look)
    for border in {ways - 1, relations - 1} - {-1}:
        look(blobs[border])
    return ways, relations


def _form(stream: BinaryIO, blob: Part) -> int:
    """Give what a blob holds."""
    content = _at(stream, blob)
    length = struct.unpack_from(">I", content)[0]
    packed = dict(_fields(content[4 + length :]))
    if 1 in packed:
        block = packed[1]
    elif 3 in packed:
        block = zlib.decompress(packed[3])
    else:
        raise ValueError("packed in another way")
    groups = [group for field, group in _fields(block) if field == 2]
    # All objects of a group are of one type.
    forms = {_FORMS[next(_fields(group))[0]] for group in groups}
    if len(forms) != 1:
        raise ValueError("of several types")
    return forms.pop()


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Give the fields of a protobuf message, with their numbers or bytes."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        form = key & 7
        if form == 0:
            value: Any
            value, at = _varint(message, at)
        elif form == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            raise ValueError("no field that PBF knows")
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
