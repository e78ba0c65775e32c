"""The error tree: one base, and each error is also the builtin that a Python reader expects.

::

    LifecircleError (Exception)
    ├── InputError (ValueError)            something the user gave is wrong; lists every fault found
    │   ├── ConfigError                    the county's TOML file
    │   ├── TableError                     a table breaks its schema (see lifecircle.tables)
    │   ├── GeometryError                  empty, crossing or misplaced geometry
    │   ├── CRSError                       a missing or wrong coordinate system
    │   └── MissingFileError (FileNotFoundError)
    ├── OfflineError (ConnectionError)     an online source was asked for and cannot be reached
    ├── MissingExtraError (ImportError)    an optional library is needed and not installed
    └── OutputError (OSError)              results could not be written

    DataWarning (UserWarning)              the run goes on, and the finding is kept in run.json
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

Severity = Literal["error", "warning"]

_SHOWN: Final = 3  # rows that a message spells out; the fault itself knows them all


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input: where, what, and how to mend it.

    Parameters
    ----------
    where
        The file (or table) that holds the fault.
    what
        What is wrong; with a column, id or value that shows it, where `rows` does not.
    remedy
        What the user can do about it.
    severity
        ``"error"``: the run stops; ``"warning"``: it goes on without or despite it.
    sheet, column
        Sheet or layer, and column as the file calls it, where the fault lies in a table.
    rows
        All rows concerned, numbered as people see them (in a spreadsheet the header is row 1).
    values
        What stands there, one per row; or empty.

    Examples
    --------
    >>> print(Fault("units.csv", "residents < 0", "give 0 or more", rows=(3,), values=("-5",)))
    units.csv: residents < 0: row 3 '-5' -> give 0 or more
    """

    where: str
    what: str
    remedy: str
    severity: Severity = "error"
    sheet: str = ""
    column: str = ""
    rows: tuple[int, ...] = ()
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.where} [{self.sheet}]" if self.sheet else self.where
        what = f"{self.what}: {self._at()}" if self.rows else self.what
        return f"{where}: {what} -> {self.remedy}"

    def _at(self) -> str:
        shown = [f"row {row}" for row in self.rows[:_SHOWN]]
        if self.values:
            cells = zip(shown, self.values[:_SHOWN], strict=True)
            shown = [f"{row} {value!r}" for row, value in cells]
        more = len(self.rows) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")


class LifecircleError(Exception):
    """Base of every error that lifecircle raises on purpose."""


class InputError(LifecircleError, ValueError):
    """Something the user gave is wrong. ``faults`` lists all that was found, not only the first.

    Examples
    --------
    >>> raise InputError([Fault("roads.osm.pbf", "holds no walkable way", "check the extract")])
    Traceback (most recent call last):
    ...
    lifecircle.errors.InputError: roads.osm.pbf: holds no walkable way -> check the extract
    """

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __str__(self) -> str:
        # FileNotFoundError's own __str__ would print a tuple of errno and name.
        return "\n".join(str(fault) for fault in self.faults)

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is made again from its args, which here are the message: a worker process
        # would hand over an error whose faults are the letters of it.
        return type(self), (self.faults,), self.__dict__


class ConfigError(InputError):
    """The county's TOML file is malformed or contradicts itself."""


class TableError(InputError):
    """A table breaks its schema: a missing column, a duplicate id, a value out of range."""


class GeometryError(InputError):
    """A geometry is empty, crosses itself beyond repair, or lies in the wrong place."""


class CRSError(InputError):
    """A coordinate system is missing, unknown, not metric where metres are needed, or wrong."""


class MissingFileError(InputError, FileNotFoundError):
    """A file named by the user does not exist or cannot be read."""


class OfflineError(LifecircleError, ConnectionError):
    """An online source was asked for and cannot be reached."""


class MissingExtraError(LifecircleError, ImportError):
    """An optional library is needed for what was asked and is not installed."""


class OutputError(LifecircleError, OSError):
    """Results could not be written; what was there before is untouched."""


class DataWarning(UserWarning):
    """A finding about the data that does not stop the run. It is kept in ``run.json``.

    Parameters
    ----------
    finding
        The message, or a `Fault` of severity ``"warning"`` that also knows the rows concerned.
    """

    def __init__(self, finding: str | Fault) -> None:
        super().__init__(str(finding))
        self.fault: Fault | None = finding if isinstance(finding, Fault) else None


def warn(finding: str | Fault) -> None:
    """Issue a `DataWarning` that points at the caller's caller.

    Parameters
    ----------
    finding
        Names the file or table, the ids and counts concerned, and the remedy.
    """
    warnings.warn(DataWarning(finding), stacklevel=3)
