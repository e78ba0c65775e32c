"""The datums of Chinese data: named, converted, read as people write them, and questioned.

WGS 84 and CGCS2000 agree to a few decimetres and count as one here: the lon/lat that this module
takes and gives. GCJ-02 (Amap, Tencent) and BD-09 (Baidu) lie hundreds of metres off. Their formula
is a published approximation, not the official one: expect it to hold within metres. The inverse is
exact: there and back differs by less than 1 mm, everywhere.
"""

from __future__ import annotations

from lifecircle.datum.convert import from_lonlat, geometry_to_lonlat, to_lonlat
from lifecircle.datum.naming import (
    BD09,
    CGCS2000,
    DATUMS,
    GCJ02,
    GK,
    WGS84,
    Datum,
    parse_datum,
    refuse_older,
)
from lifecircle.datum.question import DatumQuestion, Doubt, doubts, likelier_datum
from lifecircle.datum.written import parse_degrees, split_pair

__all__ = [
    "BD09",
    "CGCS2000",
    "DATUMS",
    "GCJ02",
    "GK",
    "WGS84",
    "Datum",
    "DatumQuestion",
    "Doubt",
    "doubts",
    "from_lonlat",
    "geometry_to_lonlat",
    "likelier_datum",
    "parse_datum",
    "parse_degrees",
    "refuse_older",
    "split_pair",
    "to_lonlat",
]
