"""Tables and geometry as small typed arrays that the map's page reads.

Coordinates go out in EPSG:3857 decimetres, the map's own plane, so that the page only scales and
shifts them. Rings and lines are a start (int32) and steps (int16). For cells see `cellshapes`.

`pack_array` is the one way into the page for numbers, ``unpackArray`` of ``templates/unpack.js``
the one way out. Numbers are predicted from their neighbours, what the prediction missed is spread
over byte planes, and these are deflated: smooth fields take a few bits per number.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

MISSING_16: Final = 65535
"""What stands for "no value" in a uint16 array."""

MISSING_8: Final = 255
"""What stands for "no value" in a uint8 array."""

DIGITS: Final = (
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?()[]{}@%$#_,;"
)
"""The digits of `to_text`, 0 to 84."""

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Dtype = Literal["u1", "u2", "u4", "i2", "i4", "f4"]
Predictor = Literal["none", "delta", "plane"]

_UNITS_PER_M: Final = 10.0  # decimetres
_LONGEST_STEP_M: Final = 3000.0  # int16 holds 3,276.7 m
_STRATEGIES: Final = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)
_TRIED: Final = 1 << 16  # bytes that the strategies are tried on
_HALF: Final = 15  # stands in half a byte for a number that is not below it


def to_text(raw: bytes) -> str:
    """Spell bytes in ASCII signs that neither JSON nor HTML has to escape: 5 for every 4 bytes.

    Parameters
    ----------
    raw
        Any bytes.

    Returns
    -------
    str
        Four bytes, the first the highest, are a number of five digits to the base 85, the highest
        first; `DIGITS` are the digits. Zeros fill up the last four.

    Examples
    --------
    >>> to_text(bytes([0, 0, 0, 87])), to_text(b"")
    ('00012', '')
    """
    padded = np.frombuffer(raw + bytes(-len(raw) % 4), ">u4").astype(np.int64)
    places = 85 ** np.arange(4, -1, -1)
    digits = padded[:, None] // places % 85
    return bytes(np.frombuffer(DIGITS.encode("ascii"), np.uint8)[digits].ravel()).decode("ascii")


def pack_array(
    values: npt.ArrayLike,
    dtype: Dtype,
    predictor: Predictor = "none",
    *,
    north: Longs | None = None,
) -> dict[str, Any]:
    """Pack numbers for the page: predict, spread over byte planes, deflate, spell as text.

    Parameters
    ----------
    values
        The numbers; they must fit `dtype`.
    dtype
        ``"u1"``, ``"u2"``, ``"u4"``, ``"i2"``, ``"i4"``, or ``"f4"`` (NaN allowed).
    predictor
        What a number is expected to be. ``"none"``: 0; the only one for ``"f4"``. ``"delta"``:
        the one before. ``"plane"``: what its west (w, the one before), north (n) and north-west
        (m, the one before n) neighbours say: the smaller of w and n where m is at least the
        larger, the larger where m is at most the smaller, else w + n - m; where there is no
        north, w. (The median edge detector of LOCO-I: of slopes it follows a part, edges it keeps.)
    north
        For ``"plane"``: the position of each number's northern neighbour, below its own, and -1
        (or 0) for none, as `north_of` gives it. The page works the same out from the cells.

    Returns
    -------
    dict
        ``type``, ``count``, ``predictor``, ``planes`` (bytes that a number takes), ``halves`` and
        ``z``: text (see `to_text`) of a raw deflate stream of the lowest byte of every number, then
        the next one of every number ... Where ``halves`` is not None, the stream begins with half
        a byte per number (the first in the lower half), 15 standing for a longer number, and bytes
        are given of these only, of which there are ``halves``. That breaks deflate's floor of one
        bit per number.

    Raises
    ------
    ValueError
        A number does not fit, or the predictor does not go with the type.

    Notes
    -----
    Misses m of a prediction, and signed numbers, become 2m, or -2m - 1 below 0, so that small ones
    of both signs have few bytes; they are taken modulo the width of the type, so that any array
    comes back as it was.

    References
    ----------
    Weinberger, Seroussi & Sapiro (2000), The LOCO-I lossless image compression algorithm,
    IEEE Transactions on Image Processing 9(8).

    Examples
    --------
    >>> pack = pack_array([1000, 1001, 1003], "u2", "delta")
    >>> pack["type"], pack["count"], pack["predictor"], pack["planes"]
    ('u2', 3, 'delta', 2)
    >>> pack["halves"]  # 15, 2, 4 in half a byte each, and 2000
    1
    """
    width = int(dtype[1])
    given = np.asarray(values).ravel()
    if dtype == "f4":
        if predictor != "none":
            raise ValueError("float numbers are not predicted")
        whole = given.astype("<f4").view("<u4").astype(np.int64)
    else:
        whole = given.astype(np.int64)
        limits = np.iinfo(np.dtype(dtype))
        if len(whole) and not (limits.min <= whole.min() and whole.max() <= limits.max):
            raise ValueError(f"{whole.min()} to {whole.max()} do not fit {dtype}")
    if predictor != "none" or dtype.startswith("i"):
        whole = _folded(whole - _expected(whole, predictor, north), 8 * width)
    planes = max(1, (int(whole.max(initial=0)).bit_length() + 7) // 8)
    pack = {"type": dtype, "count": len(whole), "predictor": predictor, "planes": planes}
    deflated, halves = _deflated(_planes(whole, planes)), None
    if predictor != "none":
        long = whole[whole >= _HALF]
        shorter = _deflated(_pairs(whole) + _planes(long, planes))
        if len(shorter) < len(deflated):
            deflated, halves = shorter, len(long)
    return {**pack, "halves": halves, "z": to_text(deflated)}


def _planes(numbers: Longs, planes: int) -> bytes:
    """Give the lowest byte of every number, then the next one of every number ..."""
    rows = numbers.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :planes]
    return np.ascontiguousarray(rows.T).tobytes()


def _pairs(numbers: Longs) -> bytes:
    """Give half a byte for each number, the first in the lower half; `_HALF` for longer ones."""
    halves = np.minimum(numbers, _HALF).astype(np.uint8)
    halves = np.append(halves, np.zeros(len(halves) % 2, np.uint8))
    return bytes(halves[0::2] | (halves[1::2] << 4))


def _deflated(raw: bytes) -> bytes:
    """Deflate with the strategy that does best on a part: noise is the smaller without matches."""
    part, slices = raw, 4
    if len(raw) > 2 * _TRIED:
        starts = range(0, len(raw), len(raw) // slices)
        part = b"".join(raw[at : at + _TRIED // slices] for at in starts)
    best = min(_STRATEGIES, key=lambda strategy: len(_deflated_by(part, strategy)))
    return _deflated_by(raw, best)


def _deflated_by(raw: bytes, strategy: int) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)
    return stream.compress(raw) + stream.flush()


def _expected(values: Longs, predictor: Predictor, north: Longs | None) -> Longs:
    """Give what a predictor expects of each number."""
    if predictor == "none":
        return np.zeros_like(values)
    west = np.concatenate([[0], values[:-1]]).astype(np.int64)[: len(values)]
    if predictor == "delta":
        return west
    if north is None or len(north) != len(values):
        raise ValueError("the plane predictor needs each number's northern neighbour")
    known = north > 0
    n = np.where(known, values[np.maximum(north, 0)], west)
    m = np.where(known, values[np.maximum(north - 1, 0)], west)
    low, high = np.minimum(west, n), np.maximum(west, n)
    return np.where(m >= high, low, np.where(m <= low, high, west + n - m))


def _folded(misses: Longs, bits: int) -> Longs:
    """Fold signed numbers, taken modulo 2**bits, to numbers of 0 and more."""
    half = 1 << (bits - 1)
    signed = ((misses + half) & ((1 << bits) - 1)) - half
    return np.where(signed >= 0, 2 * signed, -2 * signed - 1)


def north_of(row: Longs, column: Longs) -> Longs:
    """Find the northern neighbour of places on a grid that are in row order.

    Parameters
    ----------
    row, column
        Whole numbers of 0 and more, sorted by row (north first), then column. A place may occur
        twice, as the pieces of a cell on both sides of a border do.

    Returns
    -------
    numpy.ndarray
        Position of the first place in the row above, in the same column; -1 for none.

    Examples
    --------
    >>> north_of(np.array([0, 0, 1, 1, 1]), np.array([1, 2, 0, 1, 2])).tolist()
    [-1, -1, -1, 0, 1]
    """
    if not len(row):
        return np.zeros(0, np.int64)
    wide = int(column.max()) + 1
    place = row.astype(np.int64) * wide + column
    found = np.searchsorted(place, place - wide)
    return np.where(place[found] == place - wide, found, -1)


def tenths_up(values: Floats) -> npt.NDArray[np.uint16]:
    """Round numbers up to tenths, as uint16; missing becomes `MISSING_16`.

    Rounding up keeps every comparison with a threshold of whole tenths as it is: 15.01 minutes
    must not be shown as reached within 15.0.

    Parameters
    ----------
    values
        Numbers of 0 or more, NaN where missing.

    Returns
    -------
    numpy.ndarray
        At most 65534, which stands for 6,553.4 and all above.

    Examples
    --------
    >>> tenths_up(np.array([15.0, 15.01, np.nan]))
    array([  150,   151, 65535], dtype=uint16)
    """
    # A hair below, so that 0.1 * 3 = 0.30000000000000004 stays 3 tenths.
    tenths = np.ceil(np.minimum(np.nan_to_num(values), 6553.4) * 10.0 - 1e-7)
    return np.where(np.isnan(values), MISSING_16, tenths).astype(np.uint16)


def to_plane(geometry: npt.ArrayLike, crs: Any) -> npt.NDArray[np.object_]:
    """Project geometries to EPSG:3857, in m.

    Parameters
    ----------
    geometry
        Geometries in `crs`.
    crs
        Their CRS.

    Returns
    -------
    numpy.ndarray
        The geometries in the map's plane.
    """
    return np.asarray(gpd.GeoSeries(np.asarray(geometry), crs=crs).to_crs(3857).array)


def pack_lines(geometry: npt.ArrayLike, crs: Any, *, tolerance_m: float) -> dict[str, Any]:
    """Pack lines or polygons as rings of small steps; for display only.

    Parameters
    ----------
    geometry
        (Multi)LineStrings or (Multi)Polygons in `crs`, one per feature.
    crs
        A metric CRS.
    tolerance_m
        Vertices that lie this close to the simplified line are left out, m.

    Returns
    -------
    dict
        ``rings`` (count of rings per feature), ``length`` (vertices per ring), ``x`` and ``y``
        (each ring's first vertex), ``dx`` and ``dy`` (steps to each further vertex), arrays of
        `pack_array` in EPSG:3857 decimetres. Polygons are to be filled even-odd, so that holes
        are holes.
    """
    shapes = np.asarray(geometry, dtype=object)
    if tolerance_m > 0:
        simpler = shapely.simplify(shapes, tolerance_m)
        shapes = np.where(shapely.is_empty(simpler), shapes, simpler)
    shapes = shapely.segmentize(to_plane(shapes, crs), _LONGEST_STEP_M)
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    if polygonal.any():
        parts, ring_of = shapely.get_rings(parts, return_index=True)
        part_of = part_of[ring_of]
    coordinates, ring = shapely.get_coordinates(parts, return_index=True)
    points = np.rint(coordinates * _UNITS_PER_M).astype(np.int64)
    first = np.diff(ring, prepend=-1) != 0
    steps = np.diff(points, axis=0, prepend=points[:1])[~first]
    return {
        "rings": pack_array(np.bincount(part_of, minlength=len(shapes)), "u4"),
        "length": pack_array(np.bincount(ring, minlength=len(parts)), "u4"),
        "x": pack_array(points[first, 0], "i4", "delta"),
        "y": pack_array(points[first, 1], "i4", "delta"),
        "dx": pack_shorter(steps[:, 0], "i2"),
        "dy": pack_shorter(steps[:, 1], "i2"),
    }


def pack_shorter(values: Longs, dtype: Dtype) -> dict[str, Any]:
    """Pack with the predictor that suits: steps of a curve resemble the ones before.

    Parameters
    ----------
    values, dtype
        As for `pack_array`.
    """
    packs = [pack_array(values, dtype, predictor) for predictor in ("none", "delta")]
    return min(packs, key=lambda pack: len(pack["z"]))


def pack_points(geometry: npt.ArrayLike, crs: Any) -> dict[str, Any]:
    """Pack points as ``x`` and ``y``, int32 arrays of `pack_array` in EPSG:3857 decimetres.

    Parameters
    ----------
    geometry
        Points in `crs`.
    crs
        Their CRS.

    Returns
    -------
    dict
    """
    points = np.rint(shapely.get_coordinates(to_plane(geometry, crs)) * _UNITS_PER_M)
    return {axis: pack_array(points[:, i], "i4", "delta") for i, axis in enumerate("xy")}


def cell_matrix(
    values: pd.Series, cells: pd.Index, keys: Sequence[str], *, fill: float = np.nan
) -> Floats:
    """Spread a long column to one row per key and one column per cell.

    Parameters
    ----------
    values
        Numeric column of a table whose index is (cell_id, key), as of access and scores.
    cells
        Cells in the order wanted.
    keys
        Keys in the order wanted; others are left out.
    fill
        What stands where the table has no row.

    Returns
    -------
    numpy.ndarray
        float64, shape (keys, cells).

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("b", "post"), ("a", "post")])
    >>> cell_matrix(pd.Series([5.0, 7.0], index), pd.Index(["a", "b"]), ["post", "clinic"])
    array([[ 7.,  5.],
           [nan, nan]])
    """
    index = cast("pd.MultiIndex", values.index)
    column = cells.get_indexer(index.levels[0])[index.codes[0]]
    row = pd.Index(keys).get_indexer(index.levels[1])[index.codes[1]]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    matrix = np.full((len(keys), len(cells)), fill)
    if len(cells) and len(numbers) % len(cells) == 0:
        # Every kind with every cell, kind by kind, as they are measured: whole rows at once.
        blocks = column.reshape(-1, len(cells)), row.reshape(-1, len(cells))
        if (blocks[0] == np.arange(len(cells))).all() and (blocks[1] == blocks[1][:, :1]).all():
            known = blocks[1][:, 0] >= 0
            matrix[blocks[1][known, 0]] = numbers.reshape(-1, len(cells))[known]
            return matrix
    known = (column >= 0) & (row >= 0)
    matrix[row[known], column[known]] = numbers[known]
    return matrix


def codes(keys: Iterable[Any], among: Iterable[Any], missing: int) -> Longs:
    """Give the positions of keys.

    Parameters
    ----------
    keys
        What to number.
    among
        The known keys, all different.
    missing
        What stands for a key that is not known.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> codes(["b", None], ["a", "b"], -1).tolist()
    [1, -1]
    """
    found = pd.Index(list(among)).get_indexer(pd.Index(keys)).astype(np.int64)
    return np.where(found < 0, missing, found)
