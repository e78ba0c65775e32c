"""How figures are rounded where they are shown: the same on map, in report, charts and workbook.

Shares and scores are rounded down and minutes up, so that no figure looks better than it is:
99.96 % is not 100.0 %, and 15.01 minutes are not within 15. Files for further work keep full
figures.
"""

from __future__ import annotations

from typing import Any, Final, overload

import numpy as np
import pandas as pd

# So that 0.29 * 100 = 28.999999999999996 stays 29, and 0.1 * 3 * 10 = 3.0000000000000004 stays 3.
_HAIR: Final = 1e-7


@overload
def floor_share(share: pd.Series) -> pd.Series: ...
@overload
def floor_share(share: float) -> float: ...
def floor_share(share: Any) -> Any:
    """Round a share down to a tenth of a percent.

    Parameters
    ----------
    share
        From 0 to 1; a Series, or one number. Of residents *beyond* a threshold: 1 - share, from the
        share before it was rounded.

    Returns
    -------
    pandas.Series or float
        From 0 to 1, in steps of 0.001; missing stays missing.

    Examples
    --------
    >>> floor_share(0.12869), floor_share(0.9999), floor_share(0.29)
    (0.128, 0.999, 0.29)
    >>> floor_share(1 - 0.12876)
    0.871
    """
    return _stepped(share, 1000.0, up=False)


@overload
def floor_score(score: pd.Series) -> pd.Series: ...
@overload
def floor_score(score: float) -> float: ...
def floor_score(score: Any) -> Any:
    """Round a score, or a share in percent, down to a tenth.

    Parameters
    ----------
    score
        From 0 to 100; a Series, or one number.

    Returns
    -------
    pandas.Series or float
        In steps of 0.1; missing stays missing.

    Examples
    --------
    >>> floor_score(42.79), floor_score(58.0)
    (42.7, 58.0)
    >>> floor_score(pd.Series([99.99, float("nan")])).tolist()
    [99.9, nan]
    """
    return _stepped(score, 10.0, up=False)


@overload
def ceil_minutes(minutes: pd.Series) -> pd.Series: ...
@overload
def ceil_minutes(minutes: float) -> float: ...
def ceil_minutes(minutes: Any) -> Any:
    """Round minutes up to a tenth.

    Parameters
    ----------
    minutes
        A Series, or one number.

    Returns
    -------
    pandas.Series or float
        In steps of 0.1; missing stays missing.

    Examples
    --------
    >>> ceil_minutes(15.01), ceil_minutes(15.0), ceil_minutes(0.1 * 3)
    (15.1, 15.0, 0.3)
    """
    return _stepped(minutes, 10.0, up=True)


@overload
def whole_persons(persons: pd.Series) -> pd.Series: ...
@overload
def whole_persons(persons: float) -> float: ...
def whole_persons(persons: Any) -> Any:
    """Round residents to whole ones, halves up.

    Whoever writes them as text says "below 1" (不足1) where there is somebody, but less than one,
    as `is_below_one` tells: 0 is nobody.

    Parameters
    ----------
    persons
        A Series, or one number; 0 or more.

    Returns
    -------
    pandas.Series or float
        Whole numbers; missing stays missing.

    Examples
    --------
    >>> whole_persons(2.5), whole_persons(9724.51), whole_persons(0.1)
    (3.0, 9725.0, 0.0)
    """
    return np.floor(persons + 0.5) if isinstance(persons, pd.Series) else _one(persons, 1.0, 0.5)


def is_below_one(persons: float) -> bool:
    """Tell whether somebody lives there, but less than one: residents are spread over cells.

    Parameters
    ----------
    persons
        Residents; missing is not below one.

    Examples
    --------
    >>> is_below_one(0.1), is_below_one(0.0), is_below_one(1.0)
    (True, False, False)
    """
    return bool(0.0 < persons < 1.0)


def _stepped(values: Any, steps: float, *, up: bool) -> Any:
    """Round to whole steps, so many to the unit, up or down but for a hair."""
    if isinstance(values, pd.Series):
        scaled = values.astype("float64") * steps
        whole = np.ceil(scaled - _HAIR) if up else np.floor(scaled + _HAIR)
        # A hair below 0 is 0, and not the -0.0 that a cell would show with its sign.
        return whole / steps + 0.0
    return -_one(-values, steps, _HAIR) + 0.0 if up else _one(values, steps, _HAIR)


def _one(value: float, steps: float, hair: float) -> float:
    return float(np.floor(float(value) * steps + hair)) / steps + 0.0
