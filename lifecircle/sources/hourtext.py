"""Opening hours as people write them -> what is told of which days.

A text is cut into days and the times on them, in the order in which they stand. What may mean two
things is not read. `lifecircle.sources.hours` answers questions of what is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lifecircle.sources.clock import MARK, RANGE, UNSPOKEN, Span, UnclearError, plain_times, span_of

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
    r"|(?P<work>工作日|双休日|周末|每天|每日|天天|daily|weekdays?|weekends?)"
    r"|(?P<season>(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])\s*-\s*(?:次年)?"
    r"(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])季?|[春夏秋冬][季令]时?|旺季|淡季)"
    r"|(?P<holiday>(?:法定|国家)?节假日|公休日|节日|假日|寒暑假|假期|ph(?![a-z])|sh(?![a-z]))"
    r"|(?P<offday>(?:休息|闭馆|休馆|闭园)日)"
    rf"|(?P<but>除[了去]?(?=\s*(?:每?{_WEEK}|双休|工作日|法定|国家|节|假|寒)))|(?P<outer>以外|之外|外)"
    rf"|(?P<shut>{_SHUT})"
)
_WORDS: Final = {
    **dict.fromkeys(("工作日", "weekday", "weekdays"), frozenset(range(5))),
    **dict.fromkeys(("双休日", "周末", "weekend", "weekends"), frozenset((5, 6))),
}
WEEK: Final = frozenset(range(7))
"""All days, Monday 0."""
HOLIDAY: Final = frozenset((7,))
"""What stands for public holidays among days; they are not counted."""
_WEEKLY: Final = re.compile(r"(?:每|/)\s*周\s*\d+\s*(?:个?小时|h)|小时\s*/\s*周")
# What is left over and changes the hours in a way that is not understood.
_UNREAD: Final = re.compile(
    rf"\d|{UNSPOKEN}|[一二三四五六日天]-[一二三四五六日天]|\+|\|\|"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|easter|unknown)\b"
    r"|休|歇|闭|停(?!车)|(?<!机)关(?![爱系怀])|除|不|无(?!障碍)|非|暂|或"
)
_NAMES: Final = frozenset(("week", "enweek", "enday", "work"))
_SIDE: Final = frozenset(("part", "offday", "but", "outer", "nonstop", "season", "count"))
# What says that there is no rest, but of the day rather than of days off.
_NO_BREAK: Final = re.compile("午|连班")
# 每周五天 says how many days, and not which.
_SOME_DAYS: Final = re.compile("周[一二三四五六1-6]天")
# 节假日 may mean weekends, too; 法定节假日 does not.
_MAY_BE_WEEKENDS: Final = frozenset(("节假日", "公休日", "假日"))
_TOUCHING: Final = re.compile(r"[\s():为是的从]*")
_NEARBY: Final = re.compile(r"[\s():为是的从,、。]*")


class Rest(NamedTuple):
    """A word of rest, and the spans beside it (by their number) that it may be said of.

    Parameters
    ----------
    before, after
        Number of the span before it and of the one behind it; None where there is none.
    noon
        Whether it is a break at noon: 午休.
    """

    before: int | None
    after: int | None
    noon: bool


@dataclass
class Group:
    """Days, and what is told of them.

    Parameters
    ----------
    season
        The part of the year that it is said of; empty for none.
    days
        The days, Monday 0, with 7 for public holidays; empty where none are named.
    sure
        Where no days are named: those that it is surely said of.
    weekends
        Its days are told by a word for holidays that may mean weekends.
    spans, rests, lengths, pause, always
        Spans of time, words of rest, hours a day in min, length of the breaks in min, all day.
    shut
        It is closed on these days.
    listing
        Days off are being listed: 闭馆日：周一.
    """

    season: str = ""
    days: frozenset[int] = frozenset()
    sure: frozenset[int] = WEEK
    weekends: bool = False
    spans: list[Span] = field(default_factory=list)
    rests: list[Rest] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    pause: float = 0.0
    always: bool = False
    shut: bool = False
    listing: bool = False

    @property
    def told(self) -> bool:
        """Whether it opens at all."""
        return bool(self.spans or self.lengths or self.always)

    @property
    def broken(self) -> bool:
        """Whether it has breaks."""
        return bool(self.rests or self.pause)


@dataclass(frozen=True)
class Told:
    """What a text tells.

    Parameters
    ----------
    groups
        Days and their hours, in the order of the text; at least one.
    elsewhen
        It says that days which it does not name are no days of rest: 周末不休息.
    vague
        Which days, or which part of the year, is not told: 每周五天; 8:00-17:00（夏季）.
    """

    groups: tuple[Group, ...]
    elsewhen: bool
    vague: bool


def read_text(text: str) -> Told:
    """Read what a text tells of which days.

    Parameters
    ----------
    text
        Opening hours as written.

    Returns
    -------
    Told

    Raises
    ------
    UnclearError
        Some of it is not understood.

    Examples
    --------
    >>> [(sorted(g.days), [s[:2] for s in g.spans]) for g in read_text("周六、日9:00-12:00").groups]
    [([5, 6], [(540, 720)])]
    """
    if len(text) > 300:
        raise UnclearError
    text = plain_times(text)
    if _WEEKLY.search(text):
        raise UnclearError
    return _Reader(text).told()


def read_days(text: str) -> frozenset[int]:
    """Read days alone: 工作日, 周六、周日, Mo-Fr.

    Parameters
    ----------
    text
        Days as written; holidays are none.

    Returns
    -------
    frozenset of int
        Monday 0.

    Raises
    ------
    UnclearError
        It is something else.

    Examples
    --------
    >>> sorted(read_days("周末")), sorted(read_days("Mo-We")), sorted(read_days("weekday"))
    ([5, 6], [0, 1, 2], [0, 1, 2, 3, 4])
    """
    text = plain_times(text)
    tokens = list(_TOKEN.finditer(text))
    left = _TOKEN.sub("", text)
    if not tokens or left.strip("、,和及与/的 ") or any(t.lastgroup not in _NAMES for t in tokens):
        raise UnclearError(text)
    return frozenset().union(*(_days(token) for token in tokens))


class _Reader:
    """Go through a text, and gather what it tells of which days."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_TOKEN.finditer(text))
        ends = [0, *(token.end() for token in self.tokens)]
        starts = [*(token.start() for token in self.tokens), len(text)]
        self.gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
        self.done: list[Group] = []
        self.now = Group()
        self.waiting: frozenset[int] = frozenset()  # days whose hours follow: 每天（除周一外）..
        self.elsewhen = self.some_days = self.some_season = False

    def told(self) -> Told:
        """Go through it all.

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
        self._finish()
        named = any(group.days for group in self.done)
        vague = self.some_season or (self.some_days and not named)
        return Told(tuple(self.done), self.elsewhen, vague)

    def _finish(self) -> None:
        last = self.now
        if last.told or last.shut:
            self._next()
        elif last.broken:
            raise UnclearError
        elif last.days - HOLIDAY:
            told = [group for group in self.done if not group.shut]
            if len(told) != 1 or told[0].days:
                raise UnclearError  # hours before their days, or days without hours
            told[0].days = last.days
        if not (last.told or last.shut) and last.season not in {g.season for g in self.done}:
            self.some_season = True  # a season that stands behind its hours

    def _next(self, days: frozenset[int] = frozenset()) -> None:
        if self.now.shut and not (self.now.days or self.now.season):
            raise UnclearError
        self.done.append(self.now)
        self.now = Group(self.now.season, days)
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
        self.now.weekends |= token[0] in _MAY_BE_WEEKENDS

    def _side(self, kind: str, text: str) -> None:
        """Take what is neither a time nor a day."""
        now = self.now
        if kind == "part":
            raise UnclearError(text)  # 周一上午闭馆
        if kind in ("offday", "but"):
            self._list_off(by_name=kind == "offday")
        elif kind == "outer" and now.listing:
            self._next(self.waiting)
        elif kind == "nonstop" and not _NO_BREAK.search(text):
            self.elsewhen = True
            if now.days and not (now.told or now.shut):
                now.days, now.sure = frozenset(), now.days  # 周六不休息: no other hours than told
        elif kind == "count":
            self.some_days |= _SOME_DAYS.search(text) is not None
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
        self.now = Group(self.now.season, shut=True, listing=True)

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
            now.rests.append(Rest(before, after, noon))

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
    return HOLIDAY if token["holiday"] else _WORDS.get(token["work"], WEEK)


def _through(begin: int, end: int) -> list[int]:
    return [day % 7 for day in range(begin, end + 1 + 7 * (end < begin))]


__all__ = ["HOLIDAY", "WEEK", "Group", "Rest", "Told", "read_days", "read_text"]
