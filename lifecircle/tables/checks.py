"""Whether a table is as its schema says: all faults at once, each with its rows and a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.errors import CRSError, Fault, TableError
from lifecircle.tables.labels import first, unique
from lifecircle.tables.schemas import Column, Table


def check(
    frame: pd.DataFrame,
    table: Table,
    *,
    crs: Any | None = None,
    where: str | None = None,
) -> None:
    """Raise one error that lists all faults of a table, or return None.

    Parameters
    ----------
    frame
        The table; a GeoDataFrame where the schema has geometry. It is not changed.
    table
        The schema.
    crs
        Where given, the CRS that the geometry must have.
    where
        What to call the table in messages; its name by default.

    Raises
    ------
    TableError
        A column or index is missing, duplicated, of the wrong type or out of range.
    CRSError
        The geometry has no CRS, or another than `crs`.

    Examples
    --------
    >>> from lifecircle.tables import CELLS
    >>> frame = pd.DataFrame({"unit_id": ["a"]}, index=pd.Index([1], name="cell_id"))
    >>> check(frame, CELLS)
    Traceback (most recent call last):
    ...
    lifecircle.errors.TableError: cells: column 'setting' is missing -> add it: setting of its unit
    cells: column 'persons' is missing -> add it: residents
    ...
    """
    label = where or table.name
    faults = [*_index_faults(frame, table, label)]
    for name, column in table.columns.items():
        if name in frame.columns:
            faults.extend(_column_faults(frame[name], column, label))
        elif column.required:
            faults.append(Fault(label, f"column {name!r} is missing", f"add it: {column.meaning}"))
    if table.geometry:
        faults.extend(_geometry_faults(frame, table, label))
    if faults:
        raise TableError(faults)
    if table.geometry and crs is not None and isinstance(frame, gpd.GeoDataFrame):
        check_crs(frame, crs, label)


def check_crs(frame: gpd.GeoDataFrame, crs: Any, where: str) -> None:
    """Raise `CRSError` unless a frame is in the given CRS.

    Parameters
    ----------
    frame
        The frame to look at.
    crs
        What `pyproj.CRS.from_user_input` takes.
    where
        What to call the frame in messages.

    Raises
    ------
    CRSError
        The frame has no CRS, or another one.
    """
    if frame.crs is None:
        raise CRSError(Fault(where, "has no coordinate system", "set its CRS (set_crs)"))
    if frame.crs != crs:
        raise CRSError(
            Fault(where, f"is in {frame.crs.name}, not in the county's CRS", "reproject (to_crs)")
        )


def _range(column: Column) -> str:
    low = "" if column.minimum is None else f">= {column.minimum:g} and "
    high = "" if column.maximum is None else f"<= {column.maximum:g} and "
    return f"must be {low}{high}finite"


def _index_faults(frame: pd.DataFrame, table: Table, label: str) -> Iterator[Fault]:
    names = tuple(frame.index.names)
    if names != table.index:
        yield Fault(label, f"index is {names}, not {table.index}", "set_index to these names")
    elif not unique(frame.index):
        repeated = frame.index[frame.index.duplicated()].unique()
        yield Fault(label, f"{table.index[0]} repeats: {first(repeated)}", "make ids unique")


def _column_faults(values: pd.Series, column: Column, label: str) -> Iterator[Fault]:
    name = values.name
    absent = values.isna()
    if absent.any() and not column.missing:
        ids = values.index[absent]
        yield Fault(label, f"column {name!r} has no value at {first(ids)}", column.meaning)
    if column.dtype == "number":
        if not (pd.api.types.is_numeric_dtype(values) or absent.all()):
            yield Fault(label, f"column {name!r} is not numeric", f"give numbers: {column.meaning}")
            return
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        bad = np.isinf(numbers)
        if column.minimum is not None:
            bad |= numbers < column.minimum
        if column.maximum is not None:
            bad |= numbers > column.maximum
        if bad.any():
            at = first(values.index[bad])
            example = numbers[bad][0]
            yield Fault(label, f"column {name!r} is {example:g} at {at}", _range(column))
    if column.allowed is not None:
        wrong = ~absent & ~values.isin(column.allowed)
        if wrong.any():
            words = first(values[wrong].unique())
            at = first(values.index[wrong])
            yield Fault(
                label, f"column {name!r} is {words!r} at {at}", f"use {', '.join(column.allowed)}"
            )


def _geometry_faults(frame: pd.DataFrame, table: Table, label: str) -> Iterator[Fault]:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        yield Fault(label, "has no geometry", "give a GeoDataFrame")
        return
    types = frame.geom_type
    shapes = np.asarray(frame.geometry)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        yield Fault(label, f"geometry is empty at {first(frame.index[empty])}", "give or drop it")
    wrong = ~empty & ~types.isin(table.geometry)
    if wrong.any():
        found = first(types[wrong].unique())
        at = first(frame.index[wrong])
        yield Fault(label, f"geometry is {found} at {at}", f"give {' or '.join(table.geometry)}")
