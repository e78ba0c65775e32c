"""Columns of what users give: ids as text, numbers as numbers, and rows named in messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from lifecircle.config import Dataset
from lifecircle.errors import Fault
from lifecircle.tables import first

LON_NAMES: Final = ("lon", "lng", "long", "longitude", "经度")
LAT_NAMES: Final = ("lat", "latitude", "纬度")


def label_of(dataset: Dataset, where: str) -> str:
    """Name a dataset in messages: its place in the county file and its file name."""
    return f"{where} {dataset.path.name}"


def as_text(values: pd.Series) -> pd.Series:
    """Turn ids or words of any type into trimmed text; empty becomes missing.

    Parameters
    ----------
    values
        Text, whole numbers, or whole numbers that a missing value has made floating.

    Returns
    -------
    Series
        dtype ``str``, same index.

    Examples
    --------
    >>> as_text(pd.Series([430527.0, None])).tolist()
    ['430527', nan]
    """
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    text = values.astype("str").str.strip()
    return text.mask(values.isna() | (text == ""))


def as_numbers(
    values: pd.Series, label: str, *, ids: pd.Series | None = None, minimum: float | None = 0.0
) -> tuple[pd.Series, list[Fault]]:
    """Turn a column into numbers, and say where that fails.

    Parameters
    ----------
    values
        Text or numbers; missing values stay missing.
    label
        What to call its table.
    ids
        Shown in messages beside the row, on the same index.
    minimum
        Smallest allowed number; None for no limit.

    Returns
    -------
    numbers
        float64, same index.
    faults
        At most two: cells that are no finite number, and cells below the minimum.

    Examples
    --------
    >>> as_numbers(pd.Series(["5", "-1", "many"], name="residents"), "units.csv")[1][0].what
    "residents is not a number: row 2 'many'"
    """
    trimmed = values.str.strip() if pd.api.types.is_string_dtype(values) else values
    numbers = pd.to_numeric(trimmed, errors="coerce").astype("float64")
    given = values.notna() & (trimmed.astype("str") != "")
    wrong = given & ~np.isfinite(numbers)
    faults = []
    if wrong.any():
        faults.append(
            Fault(
                label,
                f"{values.name} is not a number: {_cells(values, wrong, ids)}",
                "give plain numbers, without units or thousands separators",
            )
        )
    if minimum is not None and (low := numbers < minimum).any():
        what = "negative" if minimum == 0 else f"below {minimum:g}"
        faults.append(
            Fault(
                label,
                f"{values.name} is {what}: {_cells(values, low, ids)}",
                f"give {minimum:g} or more",
            )
        )
    return numbers, faults


def pick(columns: Iterable[object], names: Sequence[str]) -> str | None:
    """Find a column by one of several names, whatever the case; None if there is none.

    Examples
    --------
    >>> pick(["Name", "LON"], LON_NAMES)
    'LON'
    """
    by_name = {str(column).casefold(): str(column) for column in columns}
    return next((by_name[name] for name in names if name in by_name), None)


def name_rows(rows: pd.Index, ids: pd.Series | None = None) -> str:
    """Name the first few rows for a message, with their ids beside them.

    Examples
    --------
    >>> name_rows(pd.Index([2, 5]), pd.Series(["LI-1", "LI-4"]))
    'row 2 (LI-1), row 5 (LI-4)'
    """
    return first(_labels(rows, ids))


def _cells(values: pd.Series, which: pd.Series, ids: pd.Series | None) -> str:
    rows = _labels(values.index[which], None if ids is None else ids[which])
    cells = [f"{row} {value!r}" for row, value in zip(rows, values[which].tolist(), strict=True)]
    return first(cells)


def _labels(rows: pd.Index, ids: pd.Series | None) -> list[str]:
    if ids is None:
        return [f"row {row}" for row in rows]
    return [f"row {row} ({name})" for row, name in zip(rows, ids, strict=True)]
