"""Opening hours: how many a day, and whether it is open at a moment.

Spans of the same days are united, never added up, and breaks come off. What is not told for certain
is unknown: a number of hours without their time, seasons that differ, 节假日 that may be weekends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.sources.clock import DAY, Span, UnclearError, union
from lifecircle.sources.hourtext import HOLIDAY, WEEK, Group, Told, read_text

Bools = npt.NDArray[np.bool_]

_WEEKEND: Final = (5, 6)


def hours_per_day(values: pd.Series) -> pd.Series:
    """Read opening hours: the mean hours of the days on which it opens.

    Parameters
    ----------
    values
        Text such as ``8:00-17:30``, ``周一至周五 8:30-12:00，14:00-17:30``, ``全天``,
        ``每天8小时``, ``8:00-17:00（12:00-14:00午休）``, ``18:00-次日2:00`` or
        ``Mo-Fr 08:00-18:00; Sa 09:00-12:00``.

    Returns
    -------
    Series
        float64, in (0, 24], same index; NaN where there is none or it cannot be read for certain,
        such as ``8:00-5:30``. Seasons weigh the same, and holidays are not counted.

    Examples
    --------
    >>> hours_per_day(pd.Series(["8:00—12:00，14:00—18:00", "24小时", "8:00-5:30"])).tolist()
    [8.0, 24.0, nan]
    >>> hours_per_day(pd.Series(["周一至周五9:00-17:00", "Mo-Fr 08-18h; Sa 09:00-13:00"])).tolist()
    [8.0, nan]
    >>> hours_per_day(pd.Series(["周一至周五8:00-17:00，周六9:00-12:00"])).tolist()
    [8.0]
    """
    known = {text: _hours(str(text)) for text in values.dropna().unique()}
    return values.map(known).astype("float64")


def open_at(values: pd.Series, day: int, minute: int) -> pd.Series:
    """Tell what is open at a moment of an ordinary week.

    Parameters
    ----------
    values
        Opening hours as for `hours_per_day`.
    day
        Day of the week, Monday 0.
    minute
        Minute of the day, 0 to 1439.

    Returns
    -------
    Series
        Nullable boolean, same index and name; missing where it is not known for certain. A span
        holds its first minute, not its last; the night counts on the next day until the span ends.
        Hours without days are those of every day; days that are not named are closed.

    Raises
    ------
    ValueError
        There is no such day or minute.

    Examples
    --------
    >>> hours = pd.Series(["周一至周五8:30-17:30（12-14点午休）", "18:00-次日2:00", "每天8小时"])
    >>> open_at(hours, 0, 12 * 60 + 30).tolist()  # Monday 12:30
    [False, False, <NA>]
    >>> open_at(hours, 5, 60).tolist()  # Saturday 1:00
    [False, True, <NA>]
    """
    found: pd.Series = open_when(values, [(day, minute)])[0]
    found.name = values.name
    return found


def open_when(values: pd.Series, asked: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Tell what is open at several moments, and read each text but once.

    Parameters
    ----------
    values
        Opening hours as for `hours_per_day`.
    asked
        Day and minute of each moment, as for `open_at`.

    Returns
    -------
    DataFrame
        Index of the values; one column of nullable booleans per moment, named by its number.

    Raises
    ------
    ValueError
        There is no such day or minute.

    Examples
    --------
    >>> hours = pd.Series(["Mo-Fr 09:00-20:00; Sa 10:00-14:00"])
    >>> open_when(hours, [(0, 18 * 60 + 30), (5, 18 * 60 + 30)])
          0      1
    0  True  False
    """
    days = np.array([day for day, _ in asked], dtype=np.intp)
    minutes = np.array([minute for _, minute in asked], dtype=np.intp)
    at = np.ravel_multi_index((days, minutes), (len(WEEK), DAY))
    code, texts = pd.factorize(values)
    known = [_week_of(str(text)) for text in texts]
    low = np.array([sure.ravel()[at] for sure, _ in known], np.bool_).reshape(-1, len(at))
    high = np.array([perhaps.ravel()[at] for _, perhaps in known], np.bool_).reshape(-1, len(at))
    none = np.zeros((1, len(at)), np.bool_)  # of the code -1: no text
    low, high = np.vstack([low, none])[code], np.vstack([high, ~none])[code]
    return pd.DataFrame(
        {n: pd.arrays.BooleanArray(low[:, n], low[:, n] != high[:, n]) for n in range(len(at))},
        index=values.index,
    )


def _hours(text: str) -> float:
    try:
        return _mean(_seasons(read_text(text).groups)) / 60.0
    except UnclearError:
        return np.nan


def _week_of(text: str) -> _Bounds:
    try:
        told = read_text(text)
        seasons = _seasons(told.groups)
        _mean(seasons)  # what has no mean is not understood
    except UnclearError:
        return _unknown()
    return _unknown() if told.vague else _year(told, seasons)


# --- what a text tells, by season and day -----------------------------------------------------


class _Piece(NamedTuple):
    """What some days hold: the minutes of a day that are open, and how many they are.

    `held` is None where only their number is told. `sure` and `perhaps` bound the minutes of these
    days and the next, since a night belongs to the day on which it begins.
    """

    held: Bools | None
    minutes: float
    sure: Bools
    perhaps: Bools


class _Season(NamedTuple):
    """The days that are told of a part of the year, and those off; no days: every day."""

    pieces: Mapping[frozenset[int], _Piece]
    off: frozenset[int]


def _seasons(groups: Sequence[Group]) -> dict[str, _Season]:
    opened = [group for group in groups if not group.shut]
    names = list(dict.fromkeys(group.season for group in opened))
    if not names or (len(names) > 1 and "" in names):
        raise UnclearError
    if opened[-1].broken and not all(group.broken for group in opened):
        raise UnclearError  # the break behind them all may be of them all
    return {
        name: _Season(
            _pieces([group for group in opened if group.season == name]),
            _union(g.days for g in groups if g.shut and g.season in ("", name)),
        )
        for name in names
    }


def _pieces(groups: Iterable[Group]) -> dict[frozenset[int], _Piece]:
    """Give what the days hold; days that share a text, each once."""
    known: dict[frozenset[int], _Piece] = {}
    for group in groups:
        piece = _opened(group)
        if group.days == HOLIDAY:
            continue
        days = group.days - HOLIDAY
        if days in known:
            held, minutes, sure, perhaps = known[days]
            if piece.held is None or held is None or (piece.held & held).any():
                raise UnclearError  # the same days are told twice
            bounds = (sure | piece.sure, perhaps | piece.perhaps)
            piece = _Piece(held | piece.held, minutes + piece.minutes, *bounds)
        known[days] = piece
    if any(not a or not b or a & b for a, b in combinations(known, 2)):
        raise UnclearError
    return known


def _mean(seasons: Mapping[str, _Season]) -> float:
    """Give the mean minutes of the days on which it opens, of each season and of all seasons."""
    means = []
    for pieces, off in seasons.values():
        weights = [len(days - off) if days else 7 for days in pieces]
        if not sum(weights):
            raise UnclearError
        total = sum(n * told.minutes for n, told in zip(weights, pieces.values(), strict=True))
        means.append(total / sum(weights))
    return sum(means) / len(means)


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*sets)


# --- the minutes of a week --------------------------------------------------------------------


class _Bounds(NamedTuple):
    """Minutes of the week, days by minutes: open for sure, and perhaps."""

    sure: Bools
    perhaps: Bools


def _unknown() -> _Bounds:
    return _Bounds(np.zeros((7, DAY), np.bool_), np.ones((7, DAY), np.bool_))


def _year(told: Told, seasons: Mapping[str, _Season]) -> _Bounds:
    """Bound the minutes of a week in any part of the year."""
    weeks = [_week(told, season) for season in seasons.values()]
    base = seasons.get("")
    names = {group.season for group in told.groups} - {""}
    for name in names - set(seasons):  # it has days off in it: 冬季闭园, 冬季周一闭馆
        off = [group.days for group in told.groups if group.season == name]
        if not all(off):
            weeks.append(_Bounds(*np.zeros((2, 7, DAY), np.bool_)))
        elif base is None:
            return _unknown()
        else:
            weeks.append(_week(told, base._replace(off=base.off | _union(off))))
    if base is None and not _whole_year(names):
        return _unknown()
    sure = np.array([week.sure for week in weeks], np.bool_)
    perhaps = np.array([week.perhaps for week in weeks], np.bool_)
    return _Bounds(np.all(sure, axis=0), np.any(perhaps, axis=0))


def _whole_year(names: Iterable[str]) -> bool:
    """Say whether parts of the year make up the whole of it; 夏 and 冬 are its two halves."""
    months: set[int] = set()
    for name in names:
        ends = [int(month) for month in re.findall(r"(\d+)月", name)]
        if len(ends) == 2:
            first, last = ends
            months |= {(m - 1) % 12 for m in range(first, last + 1 + 12 * (last < first))}
    words = set("".join(names))
    return len(months) == 12 or {"夏", "冬"} <= words or {"旺", "淡"} <= words


def _week(told: Told, season: _Season) -> _Bounds:
    sure, perhaps = np.zeros((2, 7, 2 * DAY), np.bool_)
    nights = np.zeros(2 * DAY, np.bool_)
    for days, piece in season.pieces.items():
        nights[DAY:] |= piece.perhaps[DAY:]
        here = sorted((days or WEEK) - season.off)
        sure[here], perhaps[here] = piece.sure, piece.perhaps
    for group in told.groups:
        if not (group.days or group.shut):
            sure[sorted(WEEK - group.sure)] = False
    named = _union([*season.pieces, season.off])
    nights[:DAY] = True
    if told.elsewhen and frozenset() not in season.pieces:
        perhaps[sorted(WEEK - named)] = nights
    loose = [group for group in told.groups if group.weekends]
    maybe = [day for day in _WEEKEND if loose and day not in named]
    sure[maybe] = False
    if not all(group.shut for group in loose):
        perhaps[maybe] = nights
    return _Bounds(_folded(sure), _folded(perhaps))


def _folded(held: Bools) -> Bools:
    """Lay the nights on the next days; that of Sunday on Monday."""
    night = np.roll(held[:, DAY:], 1, axis=0)
    return np.asarray(held[:, :DAY] | night, np.bool_)


def _opened(group: Group) -> _Piece:
    """Give a group's open minutes, each for itself where spans are told, and their number."""
    resting = _resting(group)
    kept = [span for number, span in enumerate(group.spans) if number not in resting]
    _in_order(kept)
    if group.always:
        if group.broken or (kept and not union(kept).all()):
            raise UnclearError  # which of the two it is open
        kept = [Span(0, DAY)]
    held = None
    if kept:
        rest = union(group.spans[number] for number in resting)
        held = union(kept) & ~rest
        minutes = float(held.sum()) - group.pause
        perhaps = _two_days(kept) & ~np.tile(rest, 2)
        sure = perhaps & (group.pause == 0.0)  # else it is not told when the break is
    elif group.broken:
        raise UnclearError
    else:
        minutes = group.lengths[0]
        sure = np.zeros(2 * DAY, np.bool_)
        perhaps = np.arange(2 * DAY) < DAY
    if not 0.0 < minutes <= DAY or any(abs(minutes - told) > 1.0 for told in group.lengths):
        raise UnclearError
    return _Piece(held, minutes, sure, perhaps)


def _two_days(spans: Iterable[Span]) -> Bools:
    """Say for each minute of a day and the next whether a span holds it."""
    held = np.zeros(2 * DAY, np.bool_)
    for span in spans:
        held[span.begin : span.end] = True
    return held


def _resting(group: Group) -> set[int]:
    """Say which spans are breaks: beside a word of rest, and within the others."""
    resting: set[int] = set()
    for rest in group.rests:
        beside = [number for number in (rest.before, rest.after) if number is not None]
        fit = [number for number in beside if _is_break(group.spans, number, resting)]
        if len(fit) == 1:
            resting.add(fit[0])
        elif fit or not rest.noon or len(beside) < 2:
            raise UnclearError
        elif group.spans[beside[0]].end >= group.spans[beside[1]].begin:
            raise UnclearError  # else it names the gap: 8:00-12:00 午休 14:00-17:00
    return resting


def _is_break(spans: Sequence[Span], number: int, resting: set[int]) -> bool:
    """Say whether a span lies within the time that the others hold, or in a gap between them."""
    if number in resting:
        return False
    span = spans[number]
    others = [s for n, s in enumerate(spans) if n != number and n not in resting]
    held = union(others)[np.arange(span.begin, span.end) % DAY]
    ahead = any(s.end <= span.begin for s in others)
    behind = any(span.end <= s.begin for s in others)
    return bool(held.all()) or (ahead and behind and not held.any())


def _in_order(spans: Sequence[Span]) -> None:
    """Refuse a span within an earlier one, as breaks are written, and one that goes back in time.

    The latter may be meant for the afternoon, and only then shares no time with the others.
    """
    for a, b in combinations(spans, 2):
        if a.begin < b.begin and b.end < a.end:
            raise UnclearError
    for number, (a, b) in enumerate(pairwise(spans), start=1):
        if b.loose and b.begin < a.begin and (union(spans[:number]) & union([b])).any():
            raise UnclearError


__all__ = ["hours_per_day", "open_at", "open_when"]
