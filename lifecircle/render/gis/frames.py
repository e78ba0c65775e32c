"""Tables as formats for a GIS can hold them: one type of geometry, plain values, fitting names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.render.gis.words import storable

_POINTS: Final = ("Point", "MultiPoint")
_EMPTY_TYPE: Final = {"facilities": "Point", "gaps_points": "Point", "sites": "Point"}
_INT32: Final = np.iinfo(np.int32)
# Names that Windows keeps for devices, whatever follows the first dot.
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)


def one_type(
    shapes: npt.NDArray[np.object_], otherwise: str
) -> tuple[npt.NDArray[np.object_], str]:
    """Give geometries one type, as a layer needs: multi where they differ.

    Parameters
    ----------
    shapes
        Of one dimension.
    otherwise
        Type of a layer without any.

    Returns
    -------
    tuple
        The geometries, and the name of their type.

    Examples
    --------
    >>> one_type(np.array([shapely.Point(0, 0), shapely.MultiPoint([(1, 1)])]), "Point")[1]
    'MultiPoint'
    """
    drawn = shapes[~shapely.is_missing(shapes)]
    types = {str(name) for name in gpd.GeoSeries(drawn).geom_type.unique()}
    if len(types) < 2:
        return shapes, types.pop() if types else otherwise
    name = {name.removeprefix("Multi") for name in types}.pop()
    gather: dict[str, Callable[..., Any]] = {
        "Point": shapely.multipoints,
        "LineString": shapely.multilinestrings,
        "Polygon": shapely.multipolygons,
    }
    parts, of = shapely.get_parts(drawn, return_index=True)
    multi = shapes.copy()
    multi[~shapely.is_missing(shapes)] = gather[name](parts, indices=of)
    return multi, f"Multi{name}"


def by_type(key: str, frame: gpd.GeoDataFrame) -> dict[str, tuple[gpd.GeoDataFrame, str]]:
    """Cut a layer into what has an area and what has none, each of one type.

    Parameters
    ----------
    key
        Key of the layer.
    frame
        Its rows.

    Returns
    -------
    dict
        Key of the layer, and ``KEY_points`` where a layer of areas holds points too, each with its
        rows and the name of their type.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 1, 1), shapely.Point(3, 3)]
    >>> mixed = gpd.GeoDataFrame({"gap_id": ["a", "b"]}, geometry=shapes, crs=32632)
    >>> {key: geometry_type for key, (_, geometry_type) in by_type("gaps", mixed).items()}
    {'gaps': 'Polygon', 'gaps_points': 'Point'}
    """
    point = frame.geom_type.isin(_POINTS).to_numpy(dtype=bool)
    parts = {key: frame}
    if point.any() and not point.all():
        parts = {key: frame[~point], f"{key}_points": frame[point]}
    found = {}
    for name, part in parts.items():
        otherwise = _EMPTY_TYPE.get(name, "MultiPolygon")
        shapes, geometry_type = one_type(part.geometry.to_numpy(), otherwise)
        plain = part.reset_index(drop=True)
        series = gpd.GeoSeries(shapes, crs=frame.crs)
        found[name] = (plain.set_geometry(series), geometry_type)
    return found


def fitting_names(
    names: Iterable[str], fit: Callable[[str], str], limit: int, taken: Iterable[str] = ()
) -> dict[str, str]:
    """Give names that fit a format, each once, whatever the case of its letters.

    Parameters
    ----------
    names
        Names as the data have them.
    fit
        Makes one of them fit, apart from its length.
    limit
        Longest allowed, bytes of UTF-8.
    taken
        Names that are not to be had.

    Returns
    -------
    dict
        Name -> what it becomes; numbered where it would stand twice.

    Examples
    --------
    >>> fitting_names(["minutes_post", "minutes_postbox", "a"], str, 10)
    {'minutes_post': 'minutes_po', 'minutes_postbox': 'minutes_p2', 'a': 'a'}
    """
    used = {name.casefold() for name in taken}
    found = {}
    for name in names:
        fitting = cut_bytes(fit(name), limit)
        number = 1
        while fitting.casefold() in used or not fitting:
            number += 1
            fitting = f"{cut_bytes(fit(name), limit - len(str(number)))}{number}"
        used.add(fitting.casefold())
        found[name] = fitting
    return found


def cut_bytes(text: str, limit: int, encoding: str = "utf-8") -> str:
    """Cut a text to a number of bytes, never within a character.

    Parameters
    ----------
    text
        Of characters that the encoding has.
    limit
        Bytes.
    encoding
        ``"utf-8"`` or ``"gbk"``.

    Examples
    --------
    >>> cut_bytes("邮政所", 7), cut_bytes("邮政所", 5, "gbk")
    ('邮政', '邮政')
    """
    raw = text.encode(encoding)
    return text if len(raw) <= limit else raw[:limit].decode(encoding, errors="ignore")


def file_name(name: str, limit: int = 60) -> str:
    """Make a text fit to be a file's name on every system, and nothing but a name.

    Parameters
    ----------
    name
        Any text.
    limit
        Longest allowed, characters.

    Examples
    --------
    >>> file_name("../../x"), file_name("minutes_菜场"), file_name("con.a"), file_name("")
    ('x', 'minutes_菜场', 'con_a_', '_')
    """
    plain = re.sub(r"[^0-9A-Za-z_\-\u4e00-\u9fff]+", "_", name).strip("_-")[:limit]
    if plain.casefold().split("_", maxsplit=1)[0] in _DEVICES:
        plain = f"{plain}_"
    return plain or "_"


def plain_values(frame: gpd.GeoDataFrame, *, narrow: bool) -> gpd.GeoDataFrame:
    """Give every column a type that formats for a GIS hold.

    Parameters
    ----------
    frame
        Rows with geometry.
    narrow
        Whether whole numbers must fit 32 bits: larger ones become floating point. Yes and no become
        1 and 0.

    Returns
    -------
    geopandas.GeoDataFrame
        Text, numbers and dates; missing values stay missing.

    Examples
    --------
    >>> frame = gpd.GeoDataFrame(
    ...     {"n": [1, 2], "wide": [1, 2**40]}, geometry=gpd.points_from_xy([0, 1], [0, 1])
    ... )
    >>> plain_values(frame, narrow=True).dtypes[["n", "wide"]].astype(str).tolist()
    ['Int32', 'float64']
    """
    shape = frame.geometry.name
    columns = {name: frame[name] for name in frame.columns if name != shape}
    plain = {name: _plain_column(values, narrow=narrow) for name, values in columns.items()}
    return gpd.GeoDataFrame(plain, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def _plain_column(values: pd.Series, *, narrow: bool) -> pd.Series:
    kind = values.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_float_dtype(kind):
        return values
    if pd.api.types.is_bool_dtype(kind):
        return values.astype("boolean").astype("Int32") if narrow else values
    if pd.api.types.is_integer_dtype(kind):
        small = values.dropna().between(_INT32.min, _INT32.max).all()
        narrowed = values.astype("Int32") if small else values.astype("float64")
        return narrowed if narrow else values
    if pd.api.types.is_object_dtype(kind):
        values = values.map(str, na_action="ignore")
    # Texts of a million cells repeat: each is looked at once.
    told = {text: storable(text) for text in values.dropna().unique()}
    if any(text != fit for text, fit in told.items()):
        values = values.map(told, na_action="ignore")
    return values.astype("str")


def renamed(frame: gpd.GeoDataFrame, names: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Rename columns, the geometry apart.

    Parameters
    ----------
    frame
        Rows with geometry.
    names
        Column -> new name.
    """
    shape = frame.geometry.name
    changed = {old: new for old, new in names.items() if old not in (shape, new)}
    return frame.rename(columns=changed) if changed else frame
