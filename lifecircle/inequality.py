"""How unequally something is shared out among people: the Lorenz curve and its Gini coefficient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.errors import Fault, TableError


def lorenz(values: npt.ArrayLike, weights: npt.ArrayLike) -> pd.DataFrame:
    """Give the Lorenz curve: what share of the supply the worst supplied share of people has.

    Parameters
    ----------
    values
        Supply of each place, per person; NaN (unknown) is left out with its people.
    weights
        People of each place.

    Returns
    -------
    DataFrame
        Columns ``people`` and ``supply``, both from 0 to 1, the worst supplied first; places of the
        same supply are one point. No supply at all leaves ``supply`` missing after the first.

    Raises
    ------
    TableError
        The two differ in length, or something is negative or infinite.

    Examples
    --------
    >>> lorenz([3.0, 1.0], [1.0, 1.0])
       people  supply
    0     0.0    0.00
    1     0.5    0.25
    2     1.0    1.00
    """
    each, people = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    if each.shape != people.shape or not (np.isfinite(people) & (people >= 0)).all():
        raise TableError(Fault("weights", "are not one amount of people a value", "correct them"))
    if np.isinf(each).any() or (each < 0).any():
        raise TableError(Fault("values", "are negative or infinite", "correct them"))
    counted = ~np.isnan(each) & (people > 0)
    level, place = np.unique(each[counted], return_inverse=True)
    lived = np.bincount(place, people[counted], len(level))
    curve = [np.concatenate([[0.0], np.cumsum(part)]) for part in (lived, lived * level)]
    shares = [np.append(part[:-1] / part[-1], 1.0) if part[-1] > 0 else part for part in curve]
    if not curve[1][-1] > 0:
        shares[1] = np.where(np.arange(len(curve[1])) > 0, np.nan, 0.0)
    return pd.DataFrame({"people": shares[0], "supply": shares[1]})


def gini(values: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    """Measure how unequally people are supplied: 0 all alike, towards 1 a few have all of it.

    Parameters
    ----------
    values, weights
        As for `lorenz`.

    Returns
    -------
    float
        Twice the area between the Lorenz curve and the diagonal; NaN if nobody has anything.

    Raises
    ------
    TableError
        As for `lorenz`.

    Examples
    --------
    >>> gini([3.0, 1.0], [1.0, 1.0])
    0.25
    """
    curve = lorenz(values, weights)
    people, had = curve["people"].to_numpy(), curve["supply"].to_numpy()
    if len(people) == 1:
        return float("nan")
    return float(1.0 - np.sum(np.diff(people) * (had[1:] + had[:-1])))
