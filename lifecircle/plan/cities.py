"""A city's scorecard: the counts of its counties, added up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.errors import Fault, TableError
from lifecircle.plan.tally import no_report
from lifecircle.plan.verdict import (
    SCOPE_CITY,
    SUMS,
    Block,
    Floats,
    aim_of,
    empty_scorecard,
    judge_rows,
)
from lifecircle.standards.targets import Target
from lifecircle.tables import SCOPE_COUNTY


@dataclass(frozen=True, eq=False)
class Counts:
    """The counts behind a county's scorecard: all that its city's needs of it, a few kB.

    Parameters
    ----------
    targets
        Keys of the county's own rows.
    numbers
        float64, shape (targets, `SUMS`): NaN where nothing was told, infinite where unbounded.
    data, datasets
        Where they come from, one text per target.
    """

    targets: tuple[str, ...]
    numbers: Floats
    data: tuple[str, ...]
    datasets: tuple[str, ...]


NOTHING: Final = Counts((), np.empty((0, len(SUMS))), (), ())
"""Of a county that tells nothing at all."""


def roll_up(
    cards: Mapping[str, pd.DataFrame | Counts],
    targets: Sequence[Target],
    *,
    apart: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """Sum the counties' rows up to the city: from counts, never averages of averages.

    Parameters
    ----------
    cards
        County's name -> what `scorecard` gave for it, or the `Counts` of it.
    targets
        What the city is judged by.
    apart
        Target -> counties that were judged by other figures than these; their counts of it are
        not added, as if they were silent.

    Returns
    -------
    DataFrame
        As `scorecard`, of the one scope ``"city"``; ``incomplete`` names the counties with reports
        missing. A county that lacks or excludes a target leaves the city's figure open, unless
        all have to meet it and one elsewhere surely does not.

    Examples
    --------
    A city of two counties, each of which knows as much as the demo.

    >>> import warnings
    >>> from lifecircle import judge, measure, read_config
    >>> with warnings.catch_warnings(action="ignore"):
    ...     measured = measure(read_config("data/liechtenstein/county.toml"), drawn=False)
    ...     county = judge(measured, measured.standards[0])
    >>> targets = county.standard.targets
    >>> city = roll_up({"one": county.scorecard, "two": county.scorecard}, targets)
    >>> float(city.loc[("city", "centre_urban"), "total"])  # urban communities of both
    4.0
    """
    apart = apart or {}
    told = {name: _counts(card) for name, card in (cards or {"": empty_scorecard()}).items()}
    position = _positions(told, targets, apart)
    counts = _stacked(told, targets, position)
    sums = np.where(np.isnan(counts).all(axis=0), np.nan, np.nansum(counts, axis=0))
    sums[:, SUMS.index("unsure")] = np.minimum(sums[:, SUMS.index("unsure")], 1.0)
    known, total, silent = (counts[:, :, SUMS.index(key)] for key in ("known", "total", "silent"))
    open_ones = (known < total) | ((total == 0) & (silent > 0))
    names, each = list(told), list(told.values())
    blocks = []
    for number, target in enumerate(targets):
        here = [(card, at) for card, at in zip(each, position[:, number], strict=True) if at >= 0]
        lacking = [names[county] for county in np.flatnonzero(open_ones[:, number])]
        blocks.append(
            Block(
                target=target,
                level="city",
                scopes=[SCOPE_CITY],
                numbers=dict(zip(SUMS, sums[number], strict=True)),
                criterion=aim_of(target),
                data="; ".join(sorted({card.data[at] for card, at in here} - {""})),
                datasets="; ".join(sorted({card.datasets[at] for card, at in here} - {""})),
                incomplete="、".join(
                    f"{name}（口径不同）" if name in apart.get(target.key, ()) else name
                    for name in lacking
                ),
            )
        )
    return judge_rows(blocks)


def counts_from_records(records: Sequence[Mapping[str, Any]]) -> Counts:
    """Read the counts of what `card_records` gave, without the rest of the table.

    Parameters
    ----------
    records
        The records; those of other scopes than the county are left out.

    Raises
    ------
    TableError
        A record lacks a column that is summed.

    Examples
    --------
    >>> counts_from_records([]).numbers.shape
    (0, 12)
    """
    rows = [row for row in records if row.get("scope") == SCOPE_COUNTY]
    asked = ("target", *SUMS, "data", "datasets")
    lacking = [name for name in asked if any(name not in row for row in rows)]
    if lacking:
        raise TableError(Fault("scorecard", f"lacks {', '.join(lacking)}", "assess again"))
    numbers = np.array([[row[name] for name in SUMS] for row in rows], dtype=np.float64)
    numbers = numbers.reshape(len(rows), len(SUMS))
    # JSON has no infinity: a sum has no denominator, everything else an unbounded one.
    most, low, high = (SUMS.index(name) for name in ("most", "base_least", "base_most"))
    numbers[np.isnan(numbers[:, most]), most] = np.inf
    numbers[~np.isnan(numbers[:, low]) & np.isnan(numbers[:, high]), high] = np.inf
    texts = (tuple(str(row[name] or "") for row in rows) for name in ("data", "datasets"))
    return Counts(tuple(str(row["target"]) for row in rows), numbers, *texts)


def _counts(card: pd.DataFrame | Counts) -> Counts:
    if isinstance(card, Counts):
        return card
    county = card[card.index.get_level_values("scope") == SCOPE_COUNTY].droplevel("scope")
    numbers = county[[*SUMS]].to_numpy(dtype=np.float64)
    texts = (tuple(county[name].fillna("").astype("str")) for name in ("data", "datasets"))
    return Counts(tuple(map(str, county.index)), numbers, *texts)


def _positions(
    told: Mapping[str, Counts], targets: Sequence[Target], apart: Mapping[str, Collection[str]]
) -> npt.NDArray[np.int64]:
    """Give where each county tells of each target: its row, or -1; shape (counties, targets)."""
    rows = np.full((len(told), len(targets)), -1, np.int64)
    for number, (name, card) in enumerate(told.items()):
        at = {key: row for row, key in enumerate(card.targets)}
        rows[number] = [
            -1 if name in apart.get(target.key, ()) else at.get(target.key, -1)
            for target in targets
        ]
    return rows


def _stacked(
    told: Mapping[str, Counts], targets: Sequence[Target], position: npt.NDArray[np.int64]
) -> Floats:
    """Give the counts, shape (counties, targets, `SUMS`); without a row anything is possible."""
    silent = np.empty((len(targets), len(SUMS)))
    for number, target in enumerate(targets):
        nothing = no_report(target)
        silent[number] = [nothing[name] for name in SUMS]
    counts = np.tile(silent, (len(told), 1, 1))
    for county, card in enumerate(told.values()):
        here = position[county] >= 0
        counts[county, here] = card.numbers[position[county, here]]
    # A county whose communities all do not say whether they are meant bounds nothing either.
    mute = (counts[:, :, SUMS.index("total")] == 0) & (counts[:, :, SUMS.index("silent")] > 0)
    for name in ("least", "most", "base_least", "base_most"):
        column = SUMS.index(name)
        counts[:, :, column] = np.where(mute, silent[:, column], counts[:, :, column])
    return counts
