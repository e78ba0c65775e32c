"""Where a scenario puts things: a point or a line, in degrees of a datum or in metres of a CRS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pyproj
import pyproj.exceptions
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lifecircle.datum import parse_datum, to_lonlat
from lifecircle.errors import CRSError

Pair = tuple[float, float]
"""Longitude and latitude, or easting and northing."""


class Part(BaseModel):
    """A part of a scenario: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_datum(value: str) -> str:
    try:
        parse_datum(value)
    except CRSError as error:
        raise ValueError("; ".join(fault.what for fault in error.faults)) from None
    return value


def _known_crs(value: str | None) -> str | None:
    if value is not None:
        try:
            pyproj.CRS(value)
        except pyproj.exceptions.CRSError:
            raise ValueError(f"{value!r} is not a known CRS") from None
    return value


DatumName = Annotated[str, AfterValidator(_known_datum)]
CRSName = Annotated[str | None, AfterValidator(_known_crs)]


class Place(Part):
    """Where a facility is put: ``lon`` and ``lat`` with their datum, or ``x`` and ``y`` in a CRS.

    Parameters
    ----------
    lon, lat
        Degrees.
    datum
        What `lon` and `lat` are in: ``wgs84`` (which CGCS2000 equals for this purpose), ``gcj02``,
        ``bd09``.
    x, y
        Easting and northing in `crs`, in its unit.
    crs
        As PROJ knows it: ``"EPSG:4546"``.
    """

    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    datum: DatumName = "wgs84"
    x: float | None = Field(default=None, allow_inf_nan=False)
    y: float | None = Field(default=None, allow_inf_nan=False)
    crs: CRSName = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Place:
        degrees, metres = (self.lon, self.lat), (self.x, self.y, self.crs)
        if None not in degrees and metres == (None,) * 3:
            return self
        if None not in metres and degrees == (None,) * 2:
            return self
        raise ValueError("give lon and lat, or x and y with crs")

    def lonlat(self) -> tuple[float, float]:
        """Give the place in WGS 84 degrees."""
        x, y = (self.lon, self.lat) if self.crs is None else (self.x, self.y)
        return lonlats([(float(x or 0.0), float(y or 0.0))], self.datum, self.crs)[0]


def lonlats(pairs: Sequence[Pair], datum: str, crs: str | None) -> list[Pair]:
    """Give pairs in WGS 84 degrees.

    Parameters
    ----------
    pairs
        Longitude and latitude in `datum`; or easting and northing where there is a `crs`.
    datum
        Name of a datum.
    crs
        A CRS as PROJ knows it, or None.
    """
    x, y = np.array(pairs, np.float64).reshape(-1, 2).T
    if crs is None:
        lon, lat = to_lonlat(x, y, parse_datum(datum))
    else:
        lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return [(float(a), float(b)) for a, b in zip(lon, lat, strict=True)]
