"""The datums by name: what a word of the county file, or of a person, means."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import pyproj

from lifecircle.errors import CRSError, Fault

Family = Literal["lonlat", "gcj02", "bd09", "gk"]

MERIDIANS: Final = range(75, 136, 3)  # of the 3-degree zones 25 to 45 (meridian = 3 x zone)
BY_MERIDIAN_EPSG: Final = 4534  # CGCS2000 / 3-degree Gauss-Kruger CM 75E; the others follow
BY_ZONE_EPSG: Final = 4513  # CGCS2000 / 3-degree Gauss-Kruger zone 25; the others follow


@dataclass(frozen=True)
class Datum:
    """What coordinates are in.

    Parameters
    ----------
    key
        The word of the county's TOML.
    zh, en
        Its names.
    family
        ``"lonlat"`` (WGS 84, CGCS2000), ``"gcj02"``, ``"bd09"`` or ``"gk"`` (metres).
    epsg
        EPSG code; None for GCJ-02 and BD-09, which have none, and for ``cgcs2000-gk``, whose zone
        is in the coordinates.
    """

    key: str
    zh: str
    en: str
    family: Family
    epsg: int | None = None


WGS84: Final = Datum("wgs84", "WGS 84", "WGS 84", "lonlat", 4326)
CGCS2000: Final = Datum("cgcs2000", "2000国家大地坐标系", "CGCS2000", "lonlat", 4490)
GCJ02: Final = Datum("gcj02", "火星坐标（高德、腾讯）", "GCJ-02 (Amap, Tencent)", "gcj02")
BD09: Final = Datum("bd09", "百度坐标", "BD-09 (Baidu)", "bd09")
_GK_ZH: Final = "2000国家大地坐标系 3度带高斯-克吕格"
_GK_EN: Final = "CGCS2000 / 3-degree Gauss-Kruger"
GK: Final = Datum("cgcs2000-gk", f"{_GK_ZH}，坐标含带号", f"{_GK_EN}, zone in the easting", "gk")


def by_meridian(meridian: int) -> Datum:
    """Give the 3-degree zone of a central meridian, eastings without its number."""
    epsg = BY_MERIDIAN_EPSG + (meridian - 75) // 3
    zh, en = f"{_GK_ZH}，中央经线{meridian}°", f"{_GK_EN} CM {meridian}E"
    return Datum(f"cgcs2000-gk-{meridian}", zh, en, "gk", epsg)


def by_zone(zone: int) -> Datum:
    """Give a 3-degree zone by its number, which the eastings bear."""
    zh, en = f"{_GK_ZH}，第{zone}带（坐标含带号）", f"{_GK_EN} zone {zone}"
    return Datum(f"cgcs2000-gk-zone{zone}", zh, en, "gk", BY_ZONE_EPSG + zone - 25)


DATUMS: Final = {
    datum.key: datum
    for datum in (
        *(WGS84, CGCS2000, GCJ02, BD09, GK),
        *(by_meridian(meridian) for meridian in MERIDIANS),
        *(by_zone(meridian // 3) for meridian in MERIDIANS),
    )
}
"""Every datum by the word that declares it."""

_ALLOWED: Final = (
    "wgs84, cgcs2000, gcj02, bd09, cgcs2000-gk (eastings with zone), cgcs2000-gk-75 to -135 "
    "(central meridian, eastings without zone) or cgcs2000-gk-zone25 to -zone45"
)
# What people write, after `_plain`: small letters, no spaces, hyphens or underscores.
_SPELLINGS: Final = {
    "wgs84": ("wgs1984", "gcswgs1984", "gps", "世界大地坐标系", "84坐标", "84坐标系"),
    "cgcs2000": ("gcschinageodeticcoordinatesystem2000", "天地图", "2000坐标系", "2000坐标"),
    "gcj02": (
        *(
            "gcj",
            "火星",
            "火星坐标",
            "火星坐标系",
            "国测局坐标",
            "国测局坐标系",
            "高德",
            "高德坐标",
        ),
        *("高德地图", "腾讯", "腾讯坐标", "腾讯地图", "amap", "tencent"),
    ),
    "bd09": ("bd09ll", "百度", "百度坐标", "百度坐标系", "百度地图", "baidu"),
}
_BY_SPELLING: Final = {
    **{word: DATUMS[key] for key, words in _SPELLINGS.items() for word in (key, *words)},
    **{str(d.epsg): d for d in DATUMS.values() if d.epsg},
}
_CGCS_ZH: Final = re.compile(r"2000国家大地坐标系?|国家(大地)?2000(坐标系?)?|大地2000(坐标系?)?")
_GAUSS: Final = re.compile(
    r"cgcs2000/?(?:3(?:degree|度分?带?))?(?:gk|gausskruger|高斯克吕格|高斯)(?:投影)?[,/]?"
    r"(?:(?:zone|第)(?P<zone>\d\d)带?|(?:cm|中央(?:经线|子午线))?(?P<cm>\d{2,3})[e°度]?)?"
)
_OLDER: Final = re.compile(r"(北京|beijing|bj)(19)?54|(西安|xi'?an)(19)?80|newbeijing")
_CONVERT: Final = "ask the natural resources bureau to convert it to CGCS2000"


def parse_datum(text: str, where: str = "datum") -> Datum:
    """Find the datum that a word means.

    Parameters
    ----------
    text
        As people write it: ``gcj02``, ``GCJ-02``, ``火星坐标``, ``国家2000``, ``EPSG:4546``, ...
    where
        What to call the word's place in the message.

    Raises
    ------
    CRSError
        The word is none of them; the message lists what is allowed.

    References
    ----------
    EPSG registry: CGCS2000 / 3-degree Gauss-Kruger, 4534 + (cm - 75) / 3 for eastings without and
    4513 + (cm - 75) / 3 for eastings with the zone's number.

    Examples
    --------
    >>> parse_datum("GCJ-02").key, parse_datum("百度坐标").key, parse_datum("国家2000").key
    ('gcj02', 'bd09', 'cgcs2000')
    >>> parse_datum("EPSG:4546").key, parse_datum("cgcs2000-gk-zone37").epsg
    ('cgcs2000-gk-111', 4525)
    """
    plain = _plain(text)
    plain = _CGCS_ZH.sub("cgcs2000", re.sub(r"^(urn:ogc:def:crs:)?epsg:*", "", plain))
    if plain in _BY_SPELLING:
        return _BY_SPELLING[plain]
    if gauss := _GAUSS.fullmatch(plain):
        zone, meridian = gauss["zone"], gauss["cm"]
        key = GK.key if zone == meridian else f"{GK.key}-{f'zone{zone}' if zone else meridian}"
        if key in DATUMS:
            return DATUMS[key]
    remedy = f"declare one of {_ALLOWED}"
    if _OLDER.search(plain):
        # Their parameters differ from place to place and are not published.
        remedy = f"{_CONVERT}, then {remedy}"
    raise CRSError(Fault(where, f"{text!r} is no datum that is known here", remedy))


def refuse_older(crs: pyproj.CRS, where: str) -> None:
    """Refuse a layer in a coordinate system of Beijing 1954 or Xi'an 1980, as `parse_datum` does.

    PROJ would take such coordinates without a shift, up to some 100 m off.

    Parameters
    ----------
    crs
        What the layer says of itself.
    where
        What to call it in the message.

    Raises
    ------
    CRSError
        Its datum is one of these.

    Examples
    --------
    >>> refuse_older(pyproj.CRS(4490), "a.gpkg")
    >>> refuse_older(pyproj.CRS(2383), "a.gpkg")
    Traceback (most recent call last):
    ...
    lifecircle.errors.CRSError: a.gpkg: is in Xian 1980 / 3-degree Gauss-Kruger CM 114E, whose ...
    """
    geodetic = crs.geodetic_crs
    names = (
        [] if geodetic is None else [geodetic.name, geodetic.datum.name if geodetic.datum else ""]
    )
    if any(_OLDER.search(_plain(name)) for name in names):
        what = f"is in {crs.name}, whose shift to CGCS2000 is not published"
        remedy = f'{_CONVERT}; if that is done and only the label is old, declare its datum = ".."'
        raise CRSError(Fault(where, what, remedy))


def _plain(text: str) -> str:
    """Write a word without blanks, hyphens and capitals."""
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", text).casefold())
