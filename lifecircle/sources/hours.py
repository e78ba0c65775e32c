"""Opening hours as people write them -> hours a day.

A text is read as days and the spans of time on them. Spans of the same days are united, never
added up, and breaks come off. What may mean two things is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.sources.clock import (
    DAY,
    MARK,
    RANGE,
    UNSPOKEN,
    Span,
    UnclearError,
    plain_times,
    span_of,
    union,
)

_DAYS: Final = {
    "天": 6,
    "七": 6,
    **{day: number for number, day in enumerate("一二三四五六日")},
    **{str(number + 1): number for number in range(7)},
    **{day: number for number, day in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))},
}
_WEEK: Final = "(?:周|星期|礼拜)"
_WORD: Final = "[一二三四五六日七](?![点时十百])"
# A day's number is no hour: 周1-5:8:00 has one, 周一、5:30 has none.
_NUMBER: Final = (
    rf"[1-7](?!\d|\s*[.点时个小h*]|:(?!\s*{MARK}?\s*\d{{1,2}}\s*(?:[:.点时]\d|[点时])))"
)
_NAMED: Final = rf"{_WEEK}(?:{_WORD}|{_NUMBER}|天)"
_ANY: Final = rf"(?:{_NAMED}|{_WORD}|{_NUMBER})"
_TO: Final = rf"(?:\s*-\s*{_ANY})?"
_LISTED: Final = rf"{_NAMED}{_TO}(?:(?:\s*[、,和及与/]\s*{_ANY}|{_NAMED}|{_WORD}){_TO})*"
_ENGLISH: Final = r"(?:mon?|tue?s?|wed?|thu?r?s?|fri?|sat?|sun?)(?:day|nesday|urday)?(?![a-z])"
_PIECE: Final = "(?:个?小时|h(?:ours?)?(?![a-z]))"
_SHUT: Final = (
    "(?:闭馆|闭园|闭门|闭店|关门|关馆|休息|休馆|休园|休诊|休业|休市|关闭|停诊|停业|"
    "不(?:对外)?(?:开放|营业|办公|上班|接诊)|除外|off|closed)"
)
_REST: Final = (
    rf"(?:午休|午睡|(?:午餐|午饭)(?:时间)?休息|(?:中午|午间)\s*(?:{_SHUT}|休))(?:时间|时段)?"
)
_OPEN: Final = "(?:开放|营业|上班|接诊|服务|办公)"
# In this order: of two that begin at the same place the first is taken.
_TOKEN: Final = re.compile(
    rf"{RANGE}"
    rf"|(?P<pause>(?:{_REST}|{_SHUT})[:为约共计(\s]*(?P<long>\d+(?:\.\d+)?)\s*"
    rf"(?P<unit>{_PIECE}|分钟|min))"
    rf"|(?P<part>{MARK}(?<!中午)\s*{_SHUT})"
    r"|(?P<nonstop>(?:全年|中午|午间|节假日|周末|双休日)?[均都也]?(?:不休息?|不午休|不打烊|不间断|不停[业诊]|"
    rf"不闭[馆园]|不关门|无午?休息?|照常{_OPEN}?|正常{_OPEN}|连班))"
    rf"|(?P<noon>{_REST})"
    rf"|(?P<always>24\s*/\s*7|7\s*[*x×]\s*24\s*{_PIECE}?|(?:每天|每日)?24\s*{_PIECE}|"
    r"全天候?|全日(?!制)|昼夜)"
    r"|(?P<length>(?:每天|每日|日均|不少于|不低于|约|共|开放|营业|服务)*\s*(?P<hours>\d{1,2}(?:\.\d+)?)"
    rf"\s*{_PIECE}(?!制)(?:\s*/\s*[天日d])?)"
    r"|(?P<count>[每一]?周[一二三四五六七1-7]天|(?:全年)?36[56]天)"
    rf"|(?P<week>{_LISTED})"
    rf"|(?P<enweek>(?P<enfrom>{_ENGLISH})\s*-\s*(?P<ento>{_ENGLISH}))|(?P<enday>{_ENGLISH})"
    r"|(?P<work>工作日|双休日|周末|每天|每日|天天|daily|weekdays|weekends?)"
    r"|(?P<season>(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])\s*-\s*(?:次年)?"
    r"(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])季?|[春夏秋冬][季令]时?|旺季|淡季)"
    r"|(?P<holiday>(?:法定|国家)?节假日|公休日|节日|假日|寒暑假|假期|ph(?![a-z])|sh(?![a-z]))"
    r"|(?P<offday>(?:休息|闭馆|休馆|闭园)日)"
    rf"|(?P<but>除[了去]?(?=\s*(?:每?{_WEEK}|双休|工作日|法定|国家|节|假|寒)))|(?P<outer>以外|之外|外)"
    rf"|(?P<shut>{_SHUT})"
)
_WORDS: Final = {
    "工作日": frozenset(range(5)),
    "weekdays": frozenset(range(5)),
    **dict.fromkeys(("双休日", "周末", "weekend", "weekends"), frozenset((5, 6))),
}
_ALL: Final = frozenset(range(7))
_HOLIDAY: Final = frozenset((7,))  # not counted
_WEEKLY: Final = re.compile(r"(?:每|/)\s*周\s*\d+\s*(?:个?小时|h)|小时\s*/\s*周")
# What is left over and changes the hours in a way that is not understood.
_UNREAD: Final = re.compile(
    rf"\d|{UNSPOKEN}|[一二三四五六日天]-[一二三四五六日天]"
    r"|休|歇|闭|停(?!车)|(?<!机)关(?![爱系怀])|除|不|无(?!障碍)|非|暂|或"
)
_SIDE: Final = frozenset(("part", "offday", "but", "outer", "nonstop", "season", "count"))
_TOUCHING: Final = re.compile(r"[\s():为是的从]*")
_NEARBY: Final = re.compile(r"[\s():为是的从,、。]*")


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


def _hours(text: str) -> float:
    if len(text) > 300:
        return np.nan
    text = plain_times(text)
    if _WEEKLY.search(text):
        return np.nan
    try:
        return _mean(_Reader(text).groups()) / 60.0
    except UnclearError:
        return np.nan


# --- what is told of which days ----------------------------------------------------------------


class _Rest(NamedTuple):
    """A word of rest, and the spans beside it (by their number) that it may be said of."""

    before: int | None
    after: int | None
    noon: bool


@dataclass
class _Group:
    """Days, Monday 0, and what is told of them; no days: none are named."""

    season: str = ""
    days: frozenset[int] = frozenset()
    spans: list[Span] = field(default_factory=list)
    rests: list[_Rest] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    pause: float = 0.0
    always: bool = False
    shut: bool = False
    listing: bool = False  # days off are being listed: 闭馆日：周一

    @property
    def told(self) -> bool:
        return bool(self.spans or self.lengths or self.always)

    @property
    def broken(self) -> bool:
        return bool(self.rests or self.pause)


class _Reader:
    """Go through a text, and gather what it tells of which days."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_TOKEN.finditer(text))
        ends = [0, *(token.end() for token in self.tokens)]
        starts = [*(token.start() for token in self.tokens), len(text)]
        self.gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
        self.done: list[_Group] = []
        self.now = _Group()
        self.waiting: frozenset[int] = frozenset()  # days whose hours follow: 每天（除周一外）..

    def groups(self) -> list[_Group]:
        """Give the groups, in the order of the text.

        Raises
        ------
        UnclearError
            Some of it is not understood.
        """
        if _UNREAD.search("\n".join(self.gaps)):
            raise UnclearError
        for place, token in enumerate(self.tokens):
            kind = str(token.lastgroup)
            if kind in ("range", "always", "length", "pause"):
                self._time(kind, token)
            elif kind in ("shut", "noon"):
                self._word_of_rest(place, noon=kind == "noon")
            elif kind in _SIDE:
                self._side(kind, token[0])
            else:
                self._day(place, token)
        return self._finished()

    def _finished(self) -> list[_Group]:
        last = self.now
        if last.told or last.shut:
            self._next()
        elif last.broken:
            raise UnclearError
        elif last.days - _HOLIDAY:
            told = [group for group in self.done if not group.shut]
            if len(told) != 1 or told[0].days:
                raise UnclearError  # hours before their days, or days without hours
        return self.done

    def _next(self, days: frozenset[int] = frozenset()) -> None:
        if self.now.shut and not (self.now.days or self.now.season):
            raise UnclearError
        self.done.append(self.now)
        self.now = _Group(self.now.season, days)
        self.waiting = frozenset()

    def _time(self, kind: str, token: re.Match[str]) -> None:
        if self.now.shut:  # 周一休息，9:00-17:00: the hours are of other days
            if not self.now.days:
                raise UnclearError(token[0])
            self._next(self.waiting)
        if kind == "range":
            self.now.spans.append(span_of(token))
        elif kind == "always":
            self.now.always = True
        elif kind == "length":
            self.now.lengths.append(float(token["hours"]) * 60.0)
        else:
            minutes = token["unit"] in ("分钟", "min")
            self.now.pause += float(token["long"]) * (1.0 if minutes else 60.0)

    def _day(self, place: int, token: re.Match[str]) -> None:
        apart = self.now.listing and self.now.days and re.search("[,;。)]", self.gaps[place])
        if self.now.told or apart or (self.now.shut and not self.now.listing):
            self._next(self.waiting)
        self.now.days |= _days(token)

    def _side(self, kind: str, text: str) -> None:
        """Take what is neither a time nor a day."""
        now = self.now
        if kind == "part":
            raise UnclearError(text)  # 周一上午闭馆
        if kind in ("offday", "but"):
            self._list_off(by_name=kind == "offday")
        elif kind == "outer" and now.listing:
            self._next(self.waiting)
        elif kind == "nonstop" and not (now.told or now.shut):
            now.days = frozenset()  # 周末不休息: no other hours than those told
        elif kind == "season":
            if now.told or now.shut:
                self._next()
            self.now.season = re.sub("[季令时]", "", text)

    def _list_off(self, *, by_name: bool) -> None:
        days = self.now.days
        if self.now.shut or self.now.told:
            self._next()
        elif self.now.broken:
            raise UnclearError
        elif days and by_name:  # 周一闭馆日
            self.now.shut = True
            return
        else:
            self.waiting = days
        self.now = _Group(self.now.season, shut=True, listing=True)

    def _word_of_rest(self, place: int, *, noon: bool) -> None:
        now, before, after = self.now, None, None
        if not noon and now.always and self._near(place, _TOUCHING, "always") and now.days:
            now.always, now.shut = False, True  # 周一全天闭馆
        elif not noon and not now.told and (now.days or now.season):
            now.shut = True
        else:
            for near in (_TOUCHING, _NEARBY):
                if before is None and after is None:
                    before = len(now.spans) - 1 if self._near(place, near, "range") else None
                    after = len(now.spans) if self._near(place, near, "range", 1) else None
            if now.shut or (before is None and after is None):
                raise UnclearError
            now.rests.append(_Rest(before, after, noon))

    def _near(self, place: int, how: re.Pattern[str], kind: str, ahead: int = 0) -> bool:
        """Say whether a token of a kind stands before or behind, with little between."""
        other = place + (1 if ahead else -1)
        inside = 0 <= other < len(self.tokens) and self.tokens[other].lastgroup == kind
        return inside and how.fullmatch(self.gaps[place + ahead]) is not None


def _days(token: re.Match[str]) -> frozenset[int]:
    """Give the days of a token, Monday 0; 7 stands for holidays."""
    if token["week"]:
        found: list[int] = []
        for to, name in re.findall(rf"(-\s*)?{_WEEK}?([一二三四五六日七天1-7])", token["week"]):
            found += _through(found[-1], _DAYS[name]) if to else [_DAYS[name]]
        return frozenset(found)
    if token["enweek"]:
        return frozenset(_through(*(_DAYS[token[name][:2]] for name in ("enfrom", "ento"))))
    if token["enday"]:
        return frozenset((_DAYS[token["enday"][:2]],))
    return _HOLIDAY if token["holiday"] else _WORDS.get(token["work"], _ALL)


def _through(begin: int, end: int) -> list[int]:
    return [day % 7 for day in range(begin, end + 1 + 7 * (end < begin))]


# --- minutes -----------------------------------------------------------------------------------


def _mean(groups: Sequence[_Group]) -> float:
    """Give the mean minutes of the days on which it opens, of each season and of all seasons."""
    opened = [group for group in groups if not group.shut]
    seasons = list(dict.fromkeys(group.season for group in opened))
    if not seasons or (len(seasons) > 1 and "" in seasons):
        raise UnclearError
    if opened[-1].broken and not all(group.broken for group in opened):
        raise UnclearError  # the break behind them all may be of them all
    means = []
    for season in seasons:
        told = [group for group in groups if group.season in ("", season)]
        off = [group.days for group in told if group.shut]
        mine = [group for group in opened if group.season == season]
        means.append(_week(mine, frozenset().union(*off)))
    return sum(means) / len(means)


def _week(groups: Iterable[_Group], off: frozenset[int]) -> float:
    """Give the mean minutes of the days on which it opens; days off count for nothing."""
    known: dict[frozenset[int], tuple[npt.NDArray[np.bool_] | None, float]] = {}
    for group in groups:
        held, minutes = _opened(group)
        if group.days == _HOLIDAY:
            continue
        days = group.days - _HOLIDAY
        if days in known:
            earlier, more = known[days]
            if held is None or earlier is None or (held & earlier).any():
                raise UnclearError  # the same days are told twice
            held, minutes = held | earlier, minutes + more
        known[days] = held, minutes
    if any(not a or not b or a & b for a, b in combinations(known, 2)):
        raise UnclearError
    weights = [len(days - off) if days else 7 for days in known]
    if not sum(weights):
        raise UnclearError
    total = sum(n * told[1] for n, told in zip(weights, known.values(), strict=True))
    return total / sum(weights)


def _opened(group: _Group) -> tuple[npt.NDArray[np.bool_] | None, float]:
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
        held = union(kept) & ~union(group.spans[number] for number in resting)
        minutes = float(held.sum()) - group.pause
    elif group.broken:
        raise UnclearError
    else:
        minutes = group.lengths[0]
    if not 0.0 < minutes <= DAY or any(abs(minutes - told) > 1.0 for told in group.lengths):
        raise UnclearError
    return held, minutes


def _resting(group: _Group) -> set[int]:
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


__all__ = ["hours_per_day"]
