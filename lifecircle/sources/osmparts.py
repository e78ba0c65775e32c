"""One file of several Parquet tables: a zip without compression, whose members are checksummed.

Any tool that reads zip and Parquet (or GeoParquet) reads it. It is written under a temporary name,
flushed to disk and then renamed, so that under its own name it is always whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import shapely

from lifecircle.errors import Fault, InputError

PARTIAL: Final = ".partial"
"""How the names of files end that are not finished."""

_FORMAT: Final = "lifecircle-osm"
_VERSION: Final = 2  # 1 knew of ways' traits steps alone
_META: Final = "meta.json"
# All that zipfile and pyarrow raise on damaged bytes.
_DAMAGED: Final = (
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    pa.ArrowException,
)
_GEO: Final = {
    "version": "1.0.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}


def write_parts(path: Path, meta: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Write a file of parts in one go; what was there before stays until it is whole.

    Parameters
    ----------
    path
        The file; its folder is made.
    meta
        What JSON can hold, to be read without the parts.
    parts
        Content by name.

    Raises
    ------
    OSError
        It cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Each writer has a name of its own, so that several at once do not harm one another.
    part = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}{PARTIAL}")
    head = {"format": _FORMAT, "version": _VERSION, **meta}
    try:
        with part.open("wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as box:
                box.writestr(zipfile.ZipInfo(_META), json.dumps(head, ensure_ascii=False))
                for name, content in parts.items():
                    box.writestr(zipfile.ZipInfo(name), content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_meta(path: Path, what: str) -> dict[str, Any]:
    """Read what a file says of itself; its parts are not read.

    Parameters
    ----------
    path
        The file.
    what
        What it must be: the ``what`` of its meta.

    Raises
    ------
    InputError
        It is none of ours, of another version, or cut short.
    """
    return read_parts(path, what, ())[0]


def read_parts(
    path: Path, what: str, names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a file of parts; every byte that is read is held against its checksum.

    Parameters
    ----------
    path
        The file.
    what
        As for `read_meta`.
    names
        The parts to read.

    Returns
    -------
    meta, parts

    Raises
    ------
    InputError
        As for `read_meta`; or a part lacks or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as box:
            meta = json.loads(box.read(_META))
            if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
                raise damaged(path, "another format")
            if (meta.get("what"), meta.get("version")) != (what, _VERSION):
                raise damaged(path, f"{meta.get('what')} of version {meta.get('version')}")
            return meta, {name: box.read(name) for name in names}
    except InputError:
        raise
    except _DAMAGED as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception | str) -> InputError:
    """Give the error for a file that is none of ours or not whole."""
    return InputError(
        Fault(
            str(path),
            f"is no OSM store of this version of lifecircle, or is damaged ({error})",
            "make it again with lifecircle ingest",
        )
    )


def to_parquet(table: pa.Table, *, geometry: bool = False, sorted_ids: bool = False) -> bytes:
    """Give a table as Parquet.

    Parameters
    ----------
    table
        The table.
    geometry
        Whether its column ``geometry`` holds WKB in lon/lat: then it is GeoParquet.
    sorted_ids
        Whether its columns are whole numbers that lie close to those before them.
    """
    if geometry:
        table = table.replace_schema_metadata({b"geo": json.dumps(_GEO).encode()})
    options: dict[str, Any] = {}
    if sorted_ids:
        encoding = dict.fromkeys(table.column_names, "DELTA_BINARY_PACKED")
        options = {"use_dictionary": False, "column_encoding": encoding}
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", **options)
    return stream.getvalue()


def from_parquet(content: bytes) -> pa.Table:
    """Read a table from Parquet.

    Examples
    --------
    >>> from_parquet(to_parquet(pa.table({"x": [1, 2]}), sorted_ids=True))["x"].to_pylist()
    [1, 2]
    """
    return pq.read_table(pa.BufferReader(content))


def frame_to_parquet(frame: pd.DataFrame | gpd.GeoDataFrame) -> bytes:
    """Give a frame with its index as Parquet; one with geometry as GeoParquet."""
    stream = io.BytesIO()
    frame.to_parquet(stream, compression="zstd")
    return stream.getvalue()


def frame_from_parquet(content: bytes, *, geometry: bool = False) -> Any:
    """Read a frame that `frame_to_parquet` wrote; geometry is in EPSG:4326."""
    stream = io.BytesIO(content)
    if not geometry:
        return pd.read_parquet(stream)
    return gpd.read_parquet(stream).set_crs("EPSG:4326", allow_override=True)


@cache
def code_digest() -> str:
    """Give a digest of the code that reads OSM, and of the libraries whose results it keeps.

    What was read by other code is never taken for what this code would read.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.stem.startswith("osm") or source.stem in {"walkrule", "extractstore"}:
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    versions = (version("osmium"), shapely.__version__, shapely.geos_version_string)
    digest.update(" ".join(versions).encode())
    return digest.hexdigest()
