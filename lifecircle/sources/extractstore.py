"""What was read of an OSM file, kept as Parquet and GeoParquet: bit for bit what was read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from lifecircle.errors import InputError
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.osmparts import (
    damaged,
    frame_from_parquet,
    frame_to_parquet,
    read_parts,
    write_parts,
)

SUFFIX: Final = ".lcx"

_WHAT: Final = "extract"
_PLAIN: Final = ("nodes", "segments")
_DRAWN: Final = ("facilities", "residential", "buildings")


def write_extract(
    extract: OsmExtract, path: Path, *, key: str = "", findings: Sequence[str] = ()
) -> None:
    """Keep an extract; what stood under the name before stays until the new one is whole.

    Parameters
    ----------
    extract
        What was read.
    path
        The file.
    key
        What it was read from and how, for `read_extract` to ask for.
    findings
        What was to be said about the OSM file.

    Raises
    ------
    OSError
        It cannot be written.
    """
    # Parquet need not keep the order of categories: they stand in the meta, numbers in the table.
    highway = extract.segments["highway"].cat
    tables = {
        "nodes": extract.nodes,
        "segments": extract.segments.assign(highway=highway.codes),
        "facilities": extract.facilities,
        "residential": extract.residential,
        "buildings": extract.buildings,
    }
    meta = {
        "what": _WHAT,
        "key": key,
        "highway": [str(value) for value in highway.categories],
        "counts": extract.counts,
        "date": extract.date,
        "findings": list(findings),
    }
    parts = {f"{name}.parquet": frame_to_parquet(table) for name, table in tables.items()}
    write_parts(path, meta, parts)


def read_extract(path: Path, *, key: str | None = None) -> tuple[OsmExtract, tuple[str, ...]]:
    """Read an extract that was kept.

    Parameters
    ----------
    path
        The file.
    key
        What it must have been read from and how; None takes any.

    Returns
    -------
    extract, findings
        As they were given to `write_extract`.

    Raises
    ------
    InputError
        The file is none of ours, cut short or damaged, or of another key.

    Examples
    --------
    >>> import tempfile
    >>> from lifecircle.sources.osm import read_osm
    >>> extract = read_osm("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf", dwellings=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_extract(extract, Path(folder, "roads.lcx"))
    ...     again, _ = read_extract(Path(folder, "roads.lcx"))
    >>> again.nodes.equals(extract.nodes)
    True
    """
    names = {name: f"{name}.parquet" for name in (*_PLAIN, *_DRAWN)}
    meta, parts = read_parts(path, _WHAT, names.values())
    if key is not None and meta["key"] != key:
        raise damaged(path, "another key")
    try:
        tables = {
            name: frame_from_parquet(parts[file], geometry=name in _DRAWN)
            for name, file in names.items()
        }
        segments = tables["segments"]
        highway = pd.Categorical.from_codes(
            segments["highway"], categories=pd.Index(meta["highway"], dtype="str")
        )
        extract = OsmExtract(
            nodes=tables["nodes"],
            segments=segments.assign(highway=highway),
            facilities=tables["facilities"],
            residential=tables["residential"],
            buildings=tables["buildings"],
            counts={str(name): int(count) for name, count in meta["counts"].items()},
            date=meta["date"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(path, error) from error
    return extract, tuple(meta["findings"])


def read_if_whole(path: Path, key: str) -> tuple[OsmExtract, tuple[str, ...]] | None:
    """Read an extract as `read_extract`; None where there is none, or none that is whole."""
    if not path.is_file():
        return None
    try:
        return read_extract(path, key=key)
    except InputError:
        return None
