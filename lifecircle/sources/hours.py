"""Opening hours as people write them -> hours a day."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd

_DAYS: Final = {
    "天": 6,
    "七": 6,
    **{day: number for number, day in enumerate("一二三四五六日")},
    **{str(number + 1): number for number in range(7)},
    **{day: number for number, day in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))},
}
_DAY: Final = "[一二三四五六日天七1-7]"
_WEEK: Final = "(?:周|星期|礼拜)"
_ENGLISH: Final = r"(?:mon?|tue?s?|wed?|thu?r?s?|fri?|sat?|sun?)(?:day|nesday|urday)?(?![a-z])"
_CLOCK: Final = (
    r"(?P<{0}mark>上午|下午|晚上|晚间|傍晚|夜间|早上|早晨|清晨|中午|凌晨|早|晚|am|pm)?\s*(?P<{0}hour>\d{{1,2}})"
    r"(?:(?P<{0}sign>[:.点时])(?P<{0}minute>\d{{1,2}})?(?P<{0}half>半|整)?分?)?(?::\d\d)?"
    r"\s*(?P<{0}after>am|pm)?"
)
_RANGE: Final = rf"(?P<range>{_CLOCK.format('a')}\s*(?:-+|(?=晚))\s*{_CLOCK.format('b')})"
_LENGTH: Final = (
    r"(?P<always>24\s*/\s*7|7\s*[*x×]\s*24\s*(?:个?小时|h)?|"
    r"(?:每天|每日)?24\s*(?:个?小时|h(?:ours?)?(?![a-z]))|全天候?|全日|昼夜)"
    r"|(?P<length>(?:每天|每日|日均|不少于|不低于|约|开放|营业|服务)*\s*(?P<hours>\d{1,2}(?:\.\d+)?)"
    r"\s*(?:个?小时|h(?:ours?)?(?![a-z]))(?:\s*/\s*[天日d])?)"
)
_WHEN: Final = (
    rf"(?P<week>{_WEEK}(?P<from>{_DAY})\s*-\s*{_WEEK}?(?P<to>{_DAY})(?![:点时\d]))"
    rf"|(?P<list>{_WEEK}{_DAY}(?:[、,和及]?{_WEEK}?{_DAY}(?![:点时\d]))*)"
    rf"|(?P<enweek>(?P<enfrom>{_ENGLISH})\s*-\s*(?P<ento>{_ENGLISH}))|(?P<enday>{_ENGLISH})"
    r"|(?P<work>工作日|双休日|周末|每天|每日|天天|daily|weekdays|weekends?)"
    r"|(?P<season>(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])\s*-\s*(?:次年)?"
    r"(?:\d{1,2}月(?:\d{1,2}[日号])?|[春夏秋冬])季?|[春夏秋冬][季令]时?|旺季|淡季)"
    r"|(?P<holiday>(?:法定|国家)?节假日|节日|假日|寒暑假|假期|ph(?![a-z])|sh(?![a-z]))"
)
_SHUT: Final = r"(?P<shut>闭馆|闭园|休息|休馆|关闭|停诊|不开放|不营业|除外|off|closed)"
_TOKEN: Final = re.compile(f"{_RANGE}|{_LENGTH}|{_WHEN}|{_SHUT}")
_WORDS: Final = {
    "工作日": frozenset(range(5)),
    "weekdays": frozenset(range(5)),
    **dict.fromkeys(("双休日", "周末", "weekend", "weekends"), frozenset((5, 6))),
}
_WEEKLY: Final = re.compile(r"(?:每|/)\s*周\s*\d+\s*(?:个?小时|h)|小时\s*/\s*周")
_ALL: Final = frozenset(range(7))
_AFTERNOON: Final = frozenset(("下午", "晚上", "晚间", "傍晚", "晚", "夜间", "pm"))


def hours_per_day(values: pd.Series) -> pd.Series:
    """Read opening hours: the mean hours of the days on which it opens.

    Parameters
    ----------
    values
        Text such as ``8:00-17:30``, ``周一至周五 8:30-12:00，14:00-17:30``, ``全天``, ``每天8小时``
        or ``Mo-Fr 08:00-18:00; Sa 09:00-12:00``.

    Returns
    -------
    Series
        float64, same index; NaN where there is none or it cannot be read for certain, such as
        ``8:00-5:30``.

    Examples
    --------
    >>> hours_per_day(pd.Series(["8:00—12:00，14:00—18:00", "24小时", "8:00-5:30"])).tolist()
    [8.0, 24.0, nan]
    >>> hours_per_day(pd.Series(["周一至周五9:00-17:00", "Mo-Fr 08-18h; Sa 09:00-13:00"])).tolist()
    [8.0, nan]
    """
    known = {text: _hours(str(text)) for text in values.dropna().unique()}
    return values.map(known).astype("float64")


def _hours(text: str) -> float:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[—–−~～至到]+", "-", text).replace("∶", ":")
    if len(text) > 300 or _WEEKLY.search(text):
        return np.nan
    groups: list[tuple[frozenset[int], bool, float]] = []  # days, shut, hours
    days: frozenset[int] = frozenset()
    hours, shut, given, end = 0.0, False, False, 0
    rest = []
    for token in _TOKEN.finditer(text):
        rest.append(text[end : token.start()])
        end = token.end()
        length = _length(token)
        if length is not None:
            if shut and days and not hours:  # 周一休息，9:00-17:00: the hours are of other days
                groups.append((days, shut, hours))
                days, shut = frozenset(), False
            hours, given = hours + length, True
        elif token["shut"]:
            shut, given = True, True
        else:
            if given:
                groups.append((days, shut, hours))
                days, hours, shut, given = frozenset(), 0.0, False, False
            days |= _days(token)
    rest.append(text[end:])
    if re.search(r"\d", "".join(rest)):  # a number that is not understood
        return np.nan
    if given:
        groups.append((days, shut, hours))
    return _mean(groups)


def _mean(groups: list[tuple[frozenset[int], bool, float]]) -> float:
    apart = [group for group in groups if not (group[0] and group[1] and not group[2])]
    if len(apart) > 1 and not groups[0][0]:
        return np.nan  # whether days stand before or behind their hours cannot be told
    counted = [(len(days - {7}) if days else 7, hours) for days, shut, hours in groups if not shut]
    total = sum(days for days, _ in counted)
    if not total or any(not 0 < hours <= 24 for _, hours in counted):
        return np.nan
    return sum(days * hours for days, hours in counted) / total


def _length(token: re.Match[str]) -> float | None:
    if token["range"]:
        return _span(token)
    if token["always"]:
        return 24.0
    return float(token["hours"]) if token["length"] else None


def _days(token: re.Match[str]) -> frozenset[int]:
    """Give the days of a token, Monday 0; 7 stands for holidays, which are not counted."""
    if token["week"] or token["enweek"]:
        names = (token["from"], token["to"]) if token["week"] else (token["enfrom"], token["ento"])
        begin, end = (_DAYS[name[:2]] for name in names)
        return frozenset(day % 7 for day in range(begin, end + 1 + 7 * (end < begin)))
    if token["list"]:
        return frozenset(_DAYS[name] for name in re.findall(_DAY, token["list"]))
    if token["enday"]:
        return frozenset((_DAYS[token["enday"][:2]],))
    if token["holiday"]:
        return frozenset((7,))
    return _WORDS.get(token["work"] or "", _ALL)


def _span(token: re.Match[str]) -> float:
    """Give the hours from one time to another; NaN where the afternoon is only guessed."""
    first, second = _clock(token, "a"), _clock(token, "b")
    mark = token["amark"] or token["aafter"]
    if mark in _AFTERNOON and not token["bmark"] and second < 12 and second < first:
        second += 12.0
    if max(first, second) > 24.0 or not (token["asign"] or token["bsign"] or mark):
        return np.nan
    if second <= first:
        return second + 24.0 - first if first >= 14.0 else np.nan
    return second - first


def _clock(token: re.Match[str], side: str) -> float:
    hour = float(token[f"{side}hour"])
    minute = 30.0 if token[f"{side}half"] == "半" else float(token[f"{side}minute"] or 0)
    mark = token[f"{side}mark"] or token[f"{side}after"]
    late = mark in _AFTERNOON and hour < 12
    early = token[f"{side}after"] == "am" and hour == 12
    return (hour + 12.0 * late - 12.0 * early + minute / 60.0) if minute < 60 else np.nan


__all__ = ["hours_per_day"]
