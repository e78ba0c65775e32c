"""Population rasters (WorldPop, GHS-POP): the window over a county, counts untouched."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.features import geometry_mask
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from lifecircle.errors import CRSError, Fault, InputError, MissingFileError, warn
from lifecircle.tables import first

# Written for "no data" by GHS-POP (-200), WorldPop (-99999) and GIS habit; no count is negative.
_SENTINELS: Final = (-200.0, -999.0, -9999.0, -32768.0, -99999.0)
_HUGE: Final = -1e30
_MARGIN_PIXELS: Final = 2
# The area's outline is bent with this many points along its longer side before reprojection.
_STEPS: Final = 200
# Less of the area than this within the raster is worth a warning.
_COVERED: Final = 0.999


@dataclass(frozen=True, eq=False)
class PopulationRaster:
    """Persons per pixel over one county, in the raster's own CRS.

    Parameters
    ----------
    values
        Persons per pixel, shape (rows, columns), north row first; NaN = no data.
    transform
        From (column, row) to coordinates; never rotated.
    crs
        The raster's CRS; any.
    name
        What to call the raster in messages: its path.

    Examples
    --------
    >>> grid = Affine(100, 0, 5000, 0, -100, 9000)
    >>> PopulationRaster(np.ones((2, 3)), grid, pyproj.CRS(32632), "ones.tif").bounds
    (5000.0, 8800.0, 5300.0, 9000.0)
    """

    values: npt.NDArray[np.float64]
    transform: Affine
    crs: pyproj.CRS
    name: str = "population raster"

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the raster's CRS."""
        rows, columns = self.values.shape
        west, north = self.transform.c, self.transform.f
        return (
            float(west),
            float(north + rows * self.transform.e),
            float(west + columns * self.transform.a),
            float(north),
        )


def read_population(path: str | Path, area: BaseGeometry, area_crs: Any) -> PopulationRaster:
    """Read the window of a population raster that covers an area.

    Only the window (with two pixels to spare) is read, so that a national raster is fine.

    Parameters
    ----------
    path
        A raster of counts: persons per pixel, in any CRS, one band.
    area
        The county; (multi)polygon.
    area_crs
        Its CRS: what `pyproj.CRS.from_user_input` takes.

    Returns
    -------
    PopulationRaster
        In the raster's CRS; counts as in the file, NaN where it has no data.

    Raises
    ------
    MissingFileError
        There is no such file.
    CRSError
        The raster has no CRS, or one that the area cannot be carried to.
    InputError
        It is no raster, is rotated or damaged, lies elsewhere, holds negative or infinite
        counts, or holds no resident in the area.

    Warns
    -----
    DataWarning
        There are several bands (the first is read); the raster covers only a part of the area;
        negative values that look like an undeclared nodata value were taken as such.

    Examples
    --------
    >>> read_population("no_such.tif", shapely.box(9, 47, 10, 48), "EPSG:4326")
    Traceback (most recent call last):
    ...
    lifecircle.errors.MissingFileError: no_such.tif: there is no such file -> correct the path
    """
    where = str(path)
    if not Path(path).is_file():
        raise MissingFileError(Fault(where, "there is no such file", "correct the path"))
    with _opened(path, where) as dataset:
        crs = _checked_crs(dataset, where)
        outline = _carried(area, pyproj.CRS.from_user_input(area_crs), crs, where)
        window = _window(dataset, outline, crs, where)
        values = _read(dataset, window, where)
        grid = dataset.transform
    west = grid.c + window.col_off * grid.a
    north = grid.f + window.row_off * grid.e
    if grid.e > 0:  # south row first, as some NetCDF exports have it
        north += len(values) * grid.e
        values = values[::-1]
    transform = Affine(grid.a, 0.0, west, 0.0, -abs(grid.e), north)
    values = _without_sentinels(values, where)
    _check_counts(values, where)
    _check_inhabited(values, transform, outline, where)
    return PopulationRaster(np.ascontiguousarray(values), transform, crs, where)


@contextmanager
def _opened(path: str | Path, where: str) -> Iterator[Any]:
    with warnings.catch_warnings():
        # Reported as a missing CRS instead.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = rasterio.open(path)
        except RasterioIOError as error:
            raise InputError(
                Fault(where, f"is not a raster: {error}", "give a GeoTIFF of persons per pixel")
            ) from error
    with dataset:
        if dataset.count > 1:
            warn(f"{where}: has {dataset.count} bands; the first is read as persons per pixel")
        yield dataset


def _checked_crs(dataset: Any, where: str) -> pyproj.CRS:
    if dataset.crs is None:
        raise CRSError(
            Fault(where, "has no coordinate system", "assign it: rio edit-info --crs EPSG:4326 ...")
        )
    grid = dataset.transform
    if grid.b != 0 or grid.d != 0 or grid.a <= 0:
        raise InputError(
            Fault(where, "is rotated or mirrored", "warp it to a north-up grid (sum resampling)")
        )
    try:
        return pyproj.CRS.from_user_input(dataset.crs)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            Fault(where, f"has an unknown coordinate system: {error}", "assign a known one")
        ) from error


def _carried(area: BaseGeometry, source: pyproj.CRS, crs: pyproj.CRS, where: str) -> BaseGeometry:
    """Carry the area to the raster's CRS, bent rather than straight between its vertices."""
    west, south, east, north = area.bounds
    dense = shapely.segmentize(area, max(east - west, north - south) / _STEPS)
    try:
        transformer = pyproj.Transformer.from_crs(source, crs, always_xy=True)
        carried = shapely.transform(
            dense, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
    except pyproj.exceptions.ProjError as error:
        raise CRSError(
            Fault(where, f"{source.name} cannot be carried to {crs.name}", "use another raster")
        ) from error
    if not np.isfinite(shapely.get_coordinates(carried)).all():
        raise InputError(
            Fault(where, f"its CRS {crs.name} does not reach the county", "use another raster")
        )
    return carried


def _window(dataset: Any, outline: BaseGeometry, crs: pyproj.CRS, where: str) -> Window:
    extent = shapely.box(*_sorted_bounds(dataset))
    inside = shapely.intersection(extent, shapely.make_valid(outline)).area / outline.area
    if inside == 0:
        raise InputError(
            Fault(
                where,
                f"covers {_words(extent.bounds)} and the county {_words(outline.bounds)} "
                f"({crs.name}): they do not meet",
                "use the raster of this region, or correct the boundary's CRS",
            )
        )
    if inside < _COVERED:
        warn(
            f"{where}: covers only {inside:.1%} of the county; "
            "residents beyond its edge are missing; use a larger extract"
        )
    west, south, east, north = outline.bounds
    grid = dataset.transform
    rows = sorted([(north - grid.f) / grid.e, (south - grid.f) / grid.e])
    first_row, last_row = _clamped(rows[0], rows[1], dataset.height)
    first_column, last_column = _clamped(
        (west - grid.c) / grid.a, (east - grid.c) / grid.a, dataset.width
    )
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _sorted_bounds(dataset: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = dataset.bounds
    return (left, min(bottom, top), right, max(bottom, top))


def _clamped(low: float, high: float, size: int) -> tuple[int, int]:
    return (
        max(math.floor(low) - _MARGIN_PIXELS, 0),
        min(math.ceil(high) + _MARGIN_PIXELS, size),
    )


def _read(dataset: Any, window: Window, where: str) -> npt.NDArray[np.float64]:
    try:
        band = dataset.read(1, window=window, masked=True)
    except RasterioIOError as error:
        raise InputError(
            Fault(where, f"cannot be read: {error}", "the file is damaged: get it again")
        ) from error
    # Widened first: an integer band cannot hold NaN.
    values: npt.NDArray[np.float64] = band.astype(np.float64).filled(np.nan)
    scaled: npt.NDArray[np.float64] = values * dataset.scales[0] + dataset.offsets[0]
    return scaled


def _without_sentinels(values: npt.NDArray[np.float64], where: str) -> npt.NDArray[np.float64]:
    sentinel = np.isin(values, _SENTINELS) | (values < _HUGE)
    if not sentinel.any():
        return values
    found = first([f"{value:.9g}" for value in np.unique(values[sentinel])])
    warn(
        f"{where}: {np.count_nonzero(sentinel)} pixels hold {found}, which the file does not "
        "declare as nodata; they are taken as no data; declare it (rio edit-info --nodata)"
    )
    return np.where(sentinel, np.nan, values)


def _check_counts(values: npt.NDArray[np.float64], where: str) -> None:
    faults = []
    for bad, what, remedy in (
        (values < 0, "negative", "declare it as nodata, or mend the raster"),
        (np.isinf(values), "infinite", "mend the raster"),
    ):
        if bad.any():
            count = np.count_nonzero(bad)
            example = values[bad][0]
            faults.append(
                Fault(where, f"{count} of its pixels are {what}, such as {example:g}", remedy)
            )
    if faults:
        raise InputError(faults)


def _check_inhabited(
    values: npt.NDArray[np.float64], transform: Affine, outline: BaseGeometry, where: str
) -> None:
    within = geometry_mask([outline], values.shape, transform, all_touched=True, invert=True)
    if not within.any():  # GDAL may miss an area that lies along the raster's edge
        within[:] = True
    known = values[within & ~np.isnan(values)]
    if known.size == 0:
        raise InputError(
            Fault(where, "has no data in the whole county", "use a raster that covers it")
        )
    if known.sum() == 0:
        raise InputError(
            Fault(where, "has no resident in the whole county", "use a raster of persons")
        )


def _words(bounds: tuple[float, float, float, float]) -> str:
    return "({:.6g} {:.6g} {:.6g} {:.6g})".format(*bounds)
