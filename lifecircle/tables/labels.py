"""Rows by their labels: one array per kind, indexes of millions of pairs, labels in messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, TableError


def by_kind(access: pd.DataFrame, column: str, cells: pd.Index) -> Mapping[str, np.ndarray]:
    """Give one column of the access table as one array per kind, in the order of the cells.

    Parameters
    ----------
    access
        Table per `lifecircle.tables.ACCESS`.
    column
        ``"seconds"``, ``"metres"`` or ``"facility_id"``.
    cells
        Index of the cells.

    Returns
    -------
    Mapping
        Kind -> array as long as `cells`; cells that the table lacks give a missing value.

    Raises
    ------
    TableError
        The column was not measured. A kind that was not measured raises where it is looked up.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[7, 8], ["post"]], names=["cell_id", "kind"])
    >>> access = pd.DataFrame({"seconds": [60.0, 90.0]}, index)
    >>> by_kind(access, "seconds", pd.Index([8, 7]))["post"]
    array([90., 60.])
    """
    if column not in access.columns:
        raise TableError(Fault("access", f"has no column {column!r}", "measure it (nearest_times)"))
    return _ByKind(access, column, cells)


class _ByKind(Mapping[str, np.ndarray]):
    """One array per kind, made when it is asked for: a county holds millions of rows."""

    def __init__(self, access: pd.DataFrame, column: str, cells: pd.Index) -> None:
        index = cast("pd.MultiIndex", access.index)
        self._ids, self._kinds = index.levels
        self._cell, self._kind = (np.asarray(code) for code in index.codes)
        self._values = access[column].array
        self._cells = cells

    def __getitem__(self, kind: str) -> np.ndarray:
        if kind not in self._kinds:
            known = ", ".join(self) or "none"
            raise TableError(
                Fault("access", f"kind {kind!r} was not measured (measured: {known})", "measure it")
            )
        number = int(np.flatnonzero(self._kinds == kind)[0])
        rows: Any = slice(number * len(self._cells), (number + 1) * len(self._cells))
        if (
            len(self._kind) != len(self._cells) * len(self._kinds)
            or (self._kind[rows] != number).any()
        ):
            rows = np.flatnonzero(self._kind == number)
        found = self._ids[self._cell[rows]]
        if found.equals(self._cells):
            return np.asarray(self._values[rows])
        return pd.Series(self._values[rows], index=found).reindex(self._cells).to_numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(str(kind) for kind in self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def code_index(levels: Mapping[str, pd.Index], *codes: np.ndarray) -> pd.MultiIndex:
    """Make a MultiIndex from level values and positions in them, without hashing each row.

    Parameters
    ----------
    levels
        Level name -> its values.
    codes
        For each level, the position of every row's value.

    Examples
    --------
    >>> code_index({"a": pd.Index([7, 8]), "b": pd.Index(["x"])}, np.array([1]), np.array([0]))
    MultiIndex([(8, 'x')],
               names=['a', 'b'])
    """
    make = cast("Any", pd.MultiIndex)  # its stub asks for lists of Python values
    index = make(levels=[*levels.values()], codes=[*codes], names=[*levels], verify_integrity=False)
    return cast("pd.MultiIndex", index)


def unique(index: pd.Index) -> bool:
    """Tell whether labels are unique; pairs by counting them, as millions take long to hash.

    Parameters
    ----------
    index
        Labels, or pairs of them.

    Examples
    --------
    >>> unique(pd.MultiIndex.from_tuples([(7, "post"), (7, "shop"), (7, "post")]))
    False
    """
    if not isinstance(index, pd.MultiIndex) or index.nlevels != 2:
        return bool(index.is_unique)
    (one, other), codes = index.levels, [np.asarray(code, np.int64) for code in index.codes]
    possible = len(one) * len(other)
    fit = len(index) <= possible <= 4 * len(index) + 1000
    if not (fit and one.is_unique and other.is_unique and all((c >= 0).all() for c in codes)):
        return bool(index.is_unique)
    return not len(index) or int(np.bincount(codes[0] * len(other) + codes[1]).max()) == 1


def first(values: Sequence[object] | pd.Index | np.ndarray, count: int = 3) -> str:
    """Name the first few of many for a message.

    Parameters
    ----------
    values
        What to name.
    count
        How many to spell out.

    Returns
    -------
    str
        ``"a, b, c and 4 more"``.

    Examples
    --------
    >>> first(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    head = ", ".join(str(value) for value in list(values[:count]))
    return head if len(values) <= count else f"{head} and {len(values) - count} more"
