"""What ought to be, held against what is: life circles scored for every cell and every unit.

Never only a composite: beside the score stand whether the circle is complete, which service is
furthest beyond its threshold, and how many minutes of walking would reach them all.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.indicator import excess
from lifecircle.standards import Requirement, Standard
from lifecircle.tables import CELLS, FLAGS, SCOPE_COUNTY, by_kind, check

Floats = npt.NDArray[np.float64]


def scores(cells: gpd.GeoDataFrame, access: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Score every circle for every cell whose setting it is meant for.

    The score is the weighted share of the circle's services that lie within their thresholds:
    100 * sum(weight of those reached) / sum(weights). Another facility can only raise it.

    Parameters
    ----------
    cells
        Table per `lifecircle.tables.CELLS`.
    access
        Table per `lifecircle.tables.ACCESS` of these cells.
    standard
        Circles and what they require.

    Returns
    -------
    DataFrame
        Index (cell_id, circle), circle by circle; columns ``score`` (0 to 100), ``complete``,
        ``worst_kind`` (the service furthest beyond its threshold, of equals the one listed first;
        missing where the circle is complete), ``minutes_to_complete`` (the longest of the
        walks to all services, min; NaN where one is not reached at all), ``flag`` (how surely what
        decides is known: a lack is as sure as the surest threshold that is missed, a complete
        circle only as sure as its least sure threshold).

    Raises
    ------
    TableError
        A table breaks its schema, or a required kind was not measured.

    Examples
    --------
    One of two cells reaches the post office within its 15 minutes.

    >>> from lifecircle.standards import StandardChanges, read_standard
    >>> circle = {"zh": "邻里", "en": "near", "settings": ["rural"]}
    >>> standard = read_standard(
    ...     StandardChanges(
    ...         replace=True,
    ...         circles={"near": {**circle, "flag": "ours", "source": "ours"}},
    ...         requirements=[{"circle": "near", "kinds": ["post"], "minutes": 15}],
    ...     )
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "v", "setting": "rural", "persons": [30.0, 10.0], "residential_m2": 50.0,
    ...      "x": [0.0, 100.0], "y": 0.0},
    ...     index=pd.Index([1, 2], name="cell_id"),
    ...     geometry=gpd.points_from_xy([0.0, 100.0], [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> access = pd.DataFrame(
    ...     {"seconds": [600.0, 1200.0], "facility_id": "p"},
    ...     index=pd.MultiIndex.from_tuples(
    ...         [(1, "post"), (2, "post")], names=["cell_id", "kind"]
    ...     ),
    ... )
    >>> scores(cells, access, standard)[["score", "complete", "minutes_to_complete"]]
                    score  complete  minutes_to_complete
    cell_id circle
    1       near    100.0      True                 10.0
    2       near      0.0     False                 20.0
    """
    check(cells, CELLS)
    setting, settings = pd.factorize(cells["setting"].to_numpy(dtype=object))
    parts = []
    for circle in standard.circles:
        rows = np.flatnonzero(np.isin(settings, standard.circles[circle].settings)[setting])
        requirements = standard.for_circle(circle)
        if len(rows) and requirements:
            parts.append(_circle(cells, access, rows, circle, requirements))
    if parts:
        return pd.concat(parts)
    empty = pd.MultiIndex.from_arrays([cells.index[:0], []], names=["cell_id", "circle"])
    columns = ["score", "complete", "worst_kind", "minutes_to_complete", "flag"]
    return pd.DataFrame(columns=columns, index=empty)


def _circle(
    cells: gpd.GeoDataFrame,
    access: pd.DataFrame,
    rows: npt.NDArray[np.intp],
    circle: str,
    requirements: tuple[Requirement, ...],
) -> pd.DataFrame:
    some = cells.iloc[rows]
    seconds = by_kind(access, "seconds", cells.index)
    score = np.zeros(len(rows))
    worst = np.full(len(rows), -np.inf)
    worst_kind = np.zeros(len(rows), np.int32)
    longest = np.zeros(len(rows))
    surest_missed = np.full(len(rows), len(FLAGS), np.int8)
    total = sum(r.weight for r in requirements)
    for number, r in enumerate(requirements):
        ratio = excess(access, cells, r)[rows]
        score += np.where(ratio <= 1.0, r.weight, 0.0)
        sure = FLAGS.index(r.flag)
        surest_missed = np.minimum(surest_missed, np.where(ratio > 1.0, sure, len(FLAGS)))
        further = ratio > worst
        worst[further], worst_kind[further] = ratio[further], number
        longest = np.maximum(longest, seconds[r.kind][rows])
    names = pd.Categorical.from_codes(
        worst_kind, categories=pd.Index([r.kind for r in requirements])
    )
    complete = worst <= 1.0
    least_sure = max(FLAGS.index(r.flag) for r in requirements)
    flag = np.where(complete, least_sure, surest_missed)
    index = pd.MultiIndex.from_product([some.index, [circle]], names=["cell_id", "circle"])
    return pd.DataFrame(
        {
            # Exactly 100 where complete: a sum of weights may miss the total by its last bit.
            "score": np.where(complete, 100.0, 100.0 * score / total),
            "complete": complete,
            "worst_kind": pd.Series(names.astype("str")).mask(complete).to_numpy(),
            "minutes_to_complete": longest / 60.0,
            "flag": pd.Categorical.from_codes(flag, categories=pd.Index(FLAGS)),
        },
        index=index,
    )


def unit_scores(
    scores: pd.DataFrame, cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Sum up the circles of cells over their residents, for the county and for each unit.

    Parameters
    ----------
    scores
        What `scores` gave.
    cells, units
        Tables per `lifecircle.tables`.

    Returns
    -------
    DataFrame
        Index (scope, circle), scope being ``"county"`` or a unit_id; columns ``persons``, ``score``
        (mean over residents), ``complete_share`` (residents whose circle is complete, 0 to 1),
        ``worst_kind`` (of most residents who lack something; missing if nobody does),
        ``minutes_to_complete`` (median over residents, min; NaN where half of them cannot reach
        all services), ``unverified_share`` (residents whose verdict an unverified threshold
        decides, 0 to 1). NaN without residents; a unit without any cell has no row.

    Examples
    --------
    The mean is over residents: 30 of 40 have all they need.

    >>> by_cell = pd.DataFrame(
    ...     {"score": [100.0, 0.0], "complete": [True, False], "worst_kind": [None, "post"],
    ...      "minutes_to_complete": [10.0, 20.0], "flag": "ours"},
    ...     index=pd.MultiIndex.from_tuples(
    ...         [(1, "near"), (2, "near")], names=["cell_id", "circle"]
    ...     ),
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "v", "setting": "rural", "persons": [30.0, 10.0], "residential_m2": 50.0,
    ...      "x": [0.0, 100.0], "y": 0.0},
    ...     index=pd.Index([1, 2], name="cell_id"),
    ...     geometry=gpd.points_from_xy([0.0, 100.0], [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["某村"], "setting": ["rural"], "residents": [40.0], "priority": [1.0]},
    ...     index=pd.Index(["v"], name="unit_id"),
    ...     geometry=gpd.points_from_xy([50.0], [0.0]).buffer(200), crs="EPSG:4546",
    ... )
    >>> unit_scores(by_cell, cells, units)[["persons", "score", "complete_share"]]
                   persons  score  complete_share
    scope  circle
    county near       40.0   75.0            0.75
    v      near       40.0   75.0            0.75
    """
    table = scores.reset_index().set_index("cell_id")
    table = table.join(cells[["unit_id", "persons"]])
    county = table.assign(unit_id=SCOPE_COUNTY)
    order = {scope: n for n, scope in enumerate([SCOPE_COUNTY, *units.index])}
    rows = [
        {"scope": scope, "circle": circle, **_summary(group)}
        for (circle, scope), group in pd.concat([county, table]).groupby(
            ["circle", "unit_id"], sort=False
        )
    ]
    columns = ["persons", "score", "complete_share", "worst_kind", "minutes_to_complete"]
    columns.append("unverified_share")
    if not rows:
        empty = pd.MultiIndex.from_arrays([[], []], names=["scope", "circle"])
        return pd.DataFrame(columns=columns, index=empty)
    frame = pd.DataFrame(rows)
    frame = frame.sort_values("scope", key=lambda s: s.map(order), kind="stable")
    return frame.set_index(["scope", "circle"])[columns]


def _summary(group: pd.DataFrame) -> dict[str, object]:
    persons = group["persons"].to_numpy(dtype=np.float64)
    total = float(persons.sum())
    if total <= 0:
        lacking_people = ("score", "complete_share", "minutes_to_complete", "unverified_share")
        nothing = dict.fromkeys(lacking_people, np.nan)
        return {"persons": 0.0, "worst_kind": None, **nothing}
    worst = group["worst_kind"].to_numpy(dtype=object)
    lacking = pd.Series(persons).groupby(worst).sum()  # a complete circle has no worst kind
    lacking = lacking[lacking > 0]
    complete = float(persons[group["complete"].to_numpy(dtype=bool)].sum())
    unsure = float(persons[(group["flag"] == "unverified").to_numpy(dtype=bool)].sum())
    score = float(group["score"].to_numpy(dtype=np.float64) @ persons) / total
    return {
        "persons": total,
        "score": min(score, 100.0),
        "complete_share": min(complete / total, 1.0),
        "worst_kind": lacking.idxmax() if len(lacking) else None,
        "minutes_to_complete": weighted_median(group["minutes_to_complete"], persons),
        "unverified_share": min(unsure / total, 1.0),
    }


def weighted_median(values: pd.Series, weights: Floats) -> float:
    """Give the least value that half of the weight does not exceed; missing values count as inf.

    Parameters
    ----------
    values
        Numbers.
    weights
        Their weights, with a sum above 0.

    Returns
    -------
    float
        NaN where that value is missing.

    Examples
    --------
    >>> weighted_median(pd.Series([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 5.0]))
    9.0
    """
    numbers = values.fillna(np.inf).to_numpy(dtype=np.float64)
    order = np.argsort(numbers, kind="stable")
    below = np.cumsum(weights[order])
    middle = numbers[order][np.searchsorted(below, below[-1] / 2.0)]
    return float(middle) if np.isfinite(middle) else float("nan")
