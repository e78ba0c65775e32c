"""Digital elevation models (Copernicus GLO-30, SRTM, ASTER): elevation at points.

A model is read as it is, in its own coordinate system and for the county's window only. Points are
carried to it and interpolated between its pixel centres; the raster itself is never warped, which
would smooth the slopes a second time.
"""

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
import pyproj.exceptions
import rasterio
import shapely
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.features import geometry_mask
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from lifecircle.crs import require_metric
from lifecircle.errors import CRSError, Fault, GeometryError, InputError, MissingFileError, warn

Floats = npt.NDArray[np.float64]

LOWEST_M: Final = -500.0
"""Lower elevations are taken for a fault: the Dead Sea's shore lies at about -430 m (ours)."""

HIGHEST_M: Final = 9000.0
"""Higher elevations are taken for a fault: the highest summit is 8,849 m (ours)."""

COARSE_M: Final = 250.0
"""Of larger pixels it is said that they smooth the slopes away (ours)."""

_METRES: Final = frozenset({"", "m", "metre", "metres", "meter", "meters", "米"})
_MARGIN_PIXELS: Final = 2
# The area's outline is bent with this many points along its longer side before reprojection.
_BENDS: Final = 200
# Less of the area than this with a known elevation is worth a warning.
_COVERED: Final = 0.999
# So many points at once: their intermediate arrays stay below 200 MB.
_BLOCK: Final = 1_000_000
_MERGE: Final = "rio merge A.tif B.tif dem.tif"


@dataclass(frozen=True, eq=False)
class Elevation:
    """Elevations of a county on the grid of a digital elevation model.

    Parameters
    ----------
    values
        Elevation in m at pixel centres, shape (rows, columns), float32; NaN = no data.
    transform
        From (column, row) of pixel corners to coordinates in `raster_crs`; it may be rotated.
    raster_crs
        CRS of the grid; any, also degrees.
    crs
        CRS in metres of the points that `at` is asked for.
    name
        What to call the model in messages: its path.
    """

    values: npt.NDArray[np.float32]
    transform: Affine
    raster_crs: pyproj.CRS
    crs: pyproj.CRS
    name: str = "elevation model"

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        r"""Interpolate the elevation at points, bilinearly between the four nearest pixel centres.

        With the point a share s of the way from the western to the eastern and t from the upper to
        the lower pair of centres,

        .. math:: z = (1-s)(1-t) z_{00} + s(1-t) z_{10} + (1-s)t z_{01} + s t z_{11}.

        It is linear along the grid's rows and columns, gives a plane back as it is, and never
        leaves the range of its four centres. Of these, those without data are left out and the
        weights of the others are scaled to sum to 1. In the outer half of the pixels at an edge
        the elevation is that of their centres.

        Parameters
        ----------
        x, y
            Coordinates in `crs`, m; any shapes that broadcast.

        Returns
        -------
        float64 array
            Elevation in m, in the shape of the points; NaN where the model knows nothing: off the
            grid, where no centre that has a weight has data, or where the point is no number.

        References
        ----------
        Press et al. (2007), Numerical Recipes, 3rd edition, section 3.6. Kidner, Dorey and Smith
        (1999), What's the point? Interpolation and extrapolation with a regular grid DEM,
        GeoComputation 99.

        Examples
        --------
        >>> utm = pyproj.CRS(32632)
        >>> grid = Affine(100, 0, 500_000, 0, -100, 5_000_200)
        >>> model = Elevation(np.array([[10, 20], [30, np.nan]], np.float32), grid, utm, utm)
        >>> model.at([500_050, 500_100, 500_125, 600_000], [5_000_150, 5_000_100, 5_000_150, 0])
        array([10. , 20. , 17.5,  nan])
        """
        x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        flat_x, flat_y = x.ravel(), y.ravel()
        found = np.full(x.size, np.nan)
        move = pyproj.Transformer.from_crs(self.crs, self.raster_crs, always_xy=True)
        for start in range(0, x.size, _BLOCK):
            some = slice(start, start + _BLOCK)
            xy = np.column_stack(move.transform(flat_x[some], flat_y[some]))
            found[some] = self._between_centres(*_carry(~self.transform, xy).T)
        return found.reshape(x.shape)

    def _between_centres(self, column: Floats, row: Floats) -> Floats:
        """Interpolate at pixel coordinates, which are whole at the corners of pixels."""
        rows, columns = self.values.shape
        on_grid = (column >= 0) & (column <= columns) & (row >= 0) & (row <= rows)
        column, row = column[on_grid] - 0.5, row[on_grid] - 0.5
        west, north = np.floor(column), np.floor(row)
        east_share, south_share = column - west, row - north
        summed, weights = np.zeros(len(column)), np.zeros(len(column))
        for down, down_share in ((0, 1.0 - south_share), (1, south_share)):
            for right, right_share in ((0, 1.0 - east_share), (1, east_share)):
                # A centre beyond the edge is the one at the edge: as if it were left out.
                at_row = (north + down).clip(0, rows - 1).astype(np.intp)
                at_column = (west + right).clip(0, columns - 1).astype(np.intp)
                z = self.values[at_row, at_column].astype(np.float64)
                weight = np.where(np.isnan(z), 0.0, down_share * right_share)
                summed += weight * np.nan_to_num(z)
                weights += weight
        found = np.full(len(on_grid), np.nan)
        unknown = np.full(len(column), np.nan)
        found[on_grid] = np.divide(summed, weights, out=unknown, where=weights > 0)
        return found


def read_elevation(
    path: str | Path, area: BaseGeometry | tuple[float, float, float, float], crs: Any
) -> Elevation:
    """Read the window of a digital elevation model that covers an area.

    Only the window (with two pixels to spare) is read, so that a national model is fine.

    Parameters
    ----------
    path
        A raster of elevations in m, in any CRS and of any number type, with its scale, offset,
        nodata value or mask; a ``.vrt`` may join several tiles.
    area
        In lon/lat (EPSG:4326): a geometry, or west, south, east, north. Wider than the county by
        the longest walk.
    crs
        The county's CRS in metres: that of the points that will be asked for.

    Returns
    -------
    Elevation

    Raises
    ------
    MissingFileError
        There is no such file.
    CRSError
        The raster has no CRS, or one that the area cannot be carried to; `crs` is not in metres.
    InputError
        It is a folder, no raster or damaged; declares another unit than metres; lies elsewhere;
        has no data in the area; or holds elevations below `LOWEST_M` or above `HIGHEST_M`.
    GeometryError
        The area is empty.

    Warns
    -----
    DataWarning
        There are several bands (the first is read); pixels are wider than `COARSE_M`; the model
        knows only a part of the area.

    Examples
    --------
    A plane that rises 5 m with every pixel to the east, synthetic:

    >>> import tempfile
    >>> grid = Affine(0.001, 0, 9.5, 0, -0.001, 47.2)
    >>> shape = {"width": 20, "height": 20, "count": 1, "dtype": "int16"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "synthetic.tif")
    ...     with rasterio.open(path, "w", crs="EPSG:4326", transform=grid, **shape) as target:
    ...         target.write(np.tile(np.arange(0, 100, 5, dtype=np.int16), (20, 1)), 1)
    ...     model = read_elevation(path, (9.506, 47.186, 9.512, 47.192), "EPSG:32632")
    >>> model.values.shape
    (10, 10)
    >>> to_metres = pyproj.Transformer.from_crs(4326, model.crs, always_xy=True)
    >>> model.at(*to_metres.transform([9.5075, 9.508], [47.19, 47.19])).round(6)
    array([35. , 37.5])
    """
    where = str(path)
    metric = require_metric(crs, "crs")
    shape = area if isinstance(area, BaseGeometry) else shapely.box(*area)
    if shape.is_empty:
        raise GeometryError(Fault("area", "is empty", "give the county's buffered polygon"))
    with _opened(Path(path), where) as dataset:
        own = _checked_crs(dataset, where)
        outline = _pixel_outline(dataset, shape, own, where)
        within = _share_within(dataset, outline, own, where)
        _warn_coarse(_pixel_m(dataset.transform, outline, own, metric), where)
        window = _window(dataset, outline)
        values = _read(dataset, window, where)
        known = _known_share(values, window, outline)
        _check_values(values, known, where)
        covered = known * within
        transform = _window_transform(dataset.transform, window)
    if covered < _COVERED:
        warn(
            f"{where}: covers only {covered:.1%} of the county; no slope is known elsewhere; use a "
            f"larger model, or merge its tiles ({_MERGE})"
        )
    return Elevation(values, transform, own, metric, where)


@contextmanager
def _opened(path: Path, where: str) -> Iterator[Any]:
    if path.is_dir():
        raise InputError(Fault(where, "is a folder", f"merge its tiles into one file: {_MERGE}"))
    if not path.is_file():
        raise MissingFileError(Fault(where, "there is no such file", "correct the path"))
    with warnings.catch_warnings():
        # Reported as a missing CRS instead.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            dataset = rasterio.open(path)
        except RasterioIOError as error:
            raise InputError(
                Fault(where, f"is not a raster: {error}", "give a GeoTIFF of elevations in metres")
            ) from error
    with dataset:
        if dataset.count > 1:
            warn(f"{where}: has {dataset.count} bands; the first is read as elevations")
        yield dataset


def _checked_crs(dataset: Any, where: str) -> pyproj.CRS:
    """Give the raster's CRS, or raise all that its head says wrong."""
    faults = []
    unit = (dataset.units[0] or "").strip().casefold()
    if unit not in _METRES:
        remedy = "convert it to metres, or mend its unit: rio edit-info --units m ..."
        faults.append(Fault(where, f"declares elevations in {unit!r}, not in metres", remedy))
    if dataset.crs is None:
        remedy = "assign it: rio edit-info --crs EPSG:4326 ..."
        faults.append(Fault(where, "has no coordinate system", remedy))
        raise CRSError(faults)
    try:
        own = pyproj.CRS.from_user_input(dataset.crs)
    except pyproj.exceptions.CRSError as error:
        what = f"has an unknown coordinate system: {error}"
        raise CRSError([*faults, Fault(where, what, "assign a known one")]) from error
    if faults:
        raise InputError(faults)
    return own


def _carry(transform: Affine, xy: Floats) -> Floats:
    """Apply an affine transform to rows of x and y; rows that are no numbers become NaN."""
    x, y = np.where(np.isfinite(xy), xy, np.nan).T
    a, b, c, d, e, f = transform[:6]
    return np.column_stack([a * x + b * y + c, d * x + e * y + f])


def _pixel_outline(dataset: Any, area: BaseGeometry, own: pyproj.CRS, where: str) -> BaseGeometry:
    """Carry the area to the raster's columns and rows, bent rather than straight between them."""
    west, south, east, north = area.bounds
    longest = max(east - west, north - south)
    dense = shapely.segmentize(area, longest / _BENDS) if longest else area
    try:
        move = pyproj.Transformer.from_crs(4326, own, always_xy=True)
        carried = shapely.transform(dense, lambda xy: np.column_stack(move.transform(*xy.T)))
    except pyproj.exceptions.ProjError as error:
        what = f"WGS 84 cannot be carried to {own.name}"
        raise CRSError(Fault(where, what, "use another raster")) from error
    if not np.isfinite(shapely.get_coordinates(carried)).all():
        what = f"its CRS {own.name} does not reach the county"
        raise InputError(Fault(where, what, "use another raster"))
    outline = shapely.make_valid(
        shapely.transform(carried, lambda xy: _carry(~dataset.transform, xy))
    )
    if outline.area == 0:  # one street, or one point: its pixels are meant
        outline = outline.buffer(0.5)
    return outline


def _share_within(dataset: Any, outline: BaseGeometry, own: pyproj.CRS, where: str) -> float:
    """Give the share of the area on the raster, or raise if there is none."""
    extent = shapely.box(0, 0, dataset.width, dataset.height)
    share = float(shapely.intersection(extent, outline).area / outline.area)
    if share > 0.0:
        return share
    sides = [
        "({:.6g} {:.6g} {:.6g} {:.6g})".format(
            *shapely.transform(shape, lambda xy: _carry(dataset.transform, xy)).bounds
        )
        for shape in (extent, outline)
    ]
    what = f"covers {sides[0]} and the county {sides[1]} ({own.name}): they do not meet"
    remedy = f"use the model of this region; if it comes in tiles, merge them ({_MERGE})"
    raise InputError(Fault(where, what, remedy))


def _pixel_m(
    transform: Affine, outline: BaseGeometry, own: pyproj.CRS, metric: pyproj.CRS
) -> float:
    """Measure the longer side of a pixel in the middle of the area, m."""
    west, north, east, south = outline.bounds
    column, row = (west + east) / 2.0, (north + south) / 2.0
    corners = np.array([[column, row], [column + 1.0, row], [column, row + 1.0]])
    move = pyproj.Transformer.from_crs(own, metric, always_xy=True)
    xy = np.column_stack(move.transform(*_carry(transform, corners).T))
    return float(np.hypot(*(xy[1:] - xy[0]).T).max())


def _warn_coarse(pixel_m: float, where: str) -> None:
    if pixel_m > COARSE_M:
        warn(
            f"{where}: its pixels are {pixel_m:.0f} m wide; slopes are smoothed away; use a finer "
            "model, such as one of 30 m"
        )


def _window(dataset: Any, outline: BaseGeometry) -> Window:
    west, north, east, south = outline.bounds
    first_column, last_column = _clamped(west, east, dataset.width)
    first_row, last_row = _clamped(north, south, dataset.height)
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)


def _window_transform(transform: Affine, window: Window) -> Affine:
    a, b, _, d, e, _ = transform[:6]
    corner = np.array([[window.col_off, window.row_off]], np.float64)
    ((west, north),) = _carry(transform, corner).tolist()
    return Affine(a, b, west, d, e, north)


def _clamped(low: float, high: float, size: int) -> tuple[int, int]:
    return max(math.floor(low) - _MARGIN_PIXELS, 0), min(math.ceil(high) + _MARGIN_PIXELS, size)


def _read(dataset: Any, window: Window, where: str) -> npt.NDArray[np.float32]:
    try:
        band = dataset.read(1, window=window, masked=True)
    except RasterioIOError as error:
        raise InputError(
            Fault(where, f"cannot be read: {error}", "the file is damaged: get it again")
        ) from error
    scale, offset = dataset.scales[0], dataset.offsets[0]
    # Scaled before it is narrowed: whole numbers of centimetres would lose their last ones.
    values = band.data * scale + offset if (scale, offset) != (1.0, 0.0) else band.data
    narrow: npt.NDArray[np.float32] = values.astype(np.float32)
    narrow[np.ma.getmaskarray(band)] = np.nan
    return narrow


def _known_share(values: npt.NDArray[np.float32], window: Window, outline: BaseGeometry) -> float:
    """Give the share of the area's pixels in the window that have data."""
    offset = Affine.translation(window.col_off, window.row_off)
    within = geometry_mask([outline], values.shape, offset, all_touched=True, invert=True)
    if not within.any():  # GDAL may miss an area that lies along the raster's edge
        within[:] = True
    return float(np.mean(~np.isnan(values[within])))


def _check_values(values: npt.NDArray[np.float32], known: float, where: str) -> None:
    if known == 0.0:
        raise InputError(
            Fault(where, "has no data in the whole county", "use a raster that covers it")
        )
    remedy = "convert it to metres, or declare its nodata value: rio edit-info --nodata -9999 ..."
    faults = []
    for bad, side, limit in (
        (values < LOWEST_M, "below", LOWEST_M),
        (values > HIGHEST_M, "above", HIGHEST_M),
    ):
        if bad.any():
            count, example = np.count_nonzero(bad), values[bad][0]
            what = f"{count} of its pixels are {side} {limit:.0f} m, such as {example:.6g}"
            faults.append(Fault(where, what, remedy))
    if faults:
        raise InputError(faults)
