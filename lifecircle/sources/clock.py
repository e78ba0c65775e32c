"""Times of day as people write them -> minutes from midnight, and spans of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

DAY: Final = 24 * 60
_NOON: Final = 12 * 60

_NEXT: Final = r"(?:\s*\(?\s*(?P<{0}>次日|第二天|翌日|次晨|隔天|隔日)的?\s*\)?\s*)?"
_MARKS: Final = r"上午|下午|晚上|晚间|傍晚|夜间|早上|早晨|清晨|中午|凌晨|早|晚|am|pm"
_CLOCK: Final = (
    rf"(?:(?P<{{0}}mark>{_MARKS})\s*:?)?\s*(?P<{{0}}hour>\d{{{{1,2}}}})"
    r"(?:(?P<{0}sign>[:.点时])(?P<{0}minute>\d{{1,2}})?(?P<{0}half>半|整)?分?)?(?::\d\d)?"
    r"\s*(?P<{0}after>am|pm)?"
)
RANGE: Final = (
    rf"(?P<range>{_CLOCK.format('a')}\s*(?:-+{_NEXT.format('next')}|(?=晚))"
    rf"\s*{_CLOCK.format('b')}{_NEXT.format('nextday')})"
)
"""A span of time in plain form (`plain_times`); `span_of` reads what it finds."""

TIME: Final = rf"(?P<time>{_CLOCK.format('a')})"
"""A time of day in plain form (`plain_times`); `time_of` reads what it finds."""

MARK: Final = rf"(?:{_MARKS})"
_LATE: Final = frozenset(("下午", "pm"))
_NIGHT: Final = frozenset(("晚上", "晚间", "傍晚", "晚", "夜间"))
_EARLY: Final = frozenset(("凌晨", "清晨", "早上", "早晨", "早", "am"))

_DIGITS: Final = {
    **{word: number for number, word in enumerate("零一二三四五六七八九")},
    "〇": 0,
    "两": 2,
}
_NUMERALS: Final = "".join(_DIGITS) + "十"
# 两点, 十二时, 三十分, 两小时, and 八点三十; 周二十点 may be 周二 10:00 or 20:00 and is left alone.
_SPOKEN: Final = re.compile(
    rf"(?<![周期拜第{_NUMERALS}])[{_NUMERALS}]+(?=点|时(?![间段令候限])|个?半?小时|分)"
    rf"|(?<=点)[{_NUMERALS}]+"
)
UNSPOKEN: Final = rf"[{_NUMERALS}]\s*(?:点|时(?![间段令候限])|个?半?小时)|(?<=[点时])[{_NUMERALS}]+"
"""A number in words that `plain_times` has not turned into digits."""


class UnclearError(ValueError):
    """What is written may mean more than one thing, or nothing; it never leaves this package."""


class Span(NamedTuple):
    """From one minute to another; `end` may lie on the next day.

    `loose` says that it may be meant for the afternoon: 2:30-5:30.
    """

    begin: int
    end: int
    loose: bool = False


def plain_times(text: str) -> str:
    """Bring text to the form in which times are read: small letters, ``-`` and digits.

    Examples
    --------
    >>> plain_times("上午八点半至十二点"), plain_times("午休一个半小时")
    ('上午8点半-12点', '午休1.5小时')
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[—–−―‐‑~〜至到-]+", "-", text).replace("∶", ":")
    text = _SPOKEN.sub(lambda found: _digits(found[0]), text)
    text = re.sub(r"(\d+)(?:个半小时|个?小时半)", r"\1.5小时", text)
    return re.sub(r"(?<![个点时\d])半个?小时", "0.5小时", text)


def _digits(words: str) -> str:
    """Give a number up to 99 in digits; as it stands where it is none."""
    tens, ten, ones = words.rpartition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        return words
    number = (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)
    return str(number)


def span_of(found: re.Match[str]) -> Span:
    """Read a span of time.

    Parameters
    ----------
    found
        A match of `RANGE`.

    Returns
    -------
    Span

    Raises
    ------
    UnclearError
        It is no time, or the afternoon or the next day is only guessed: 8:00-5:30, 20:00-8:30.

    Examples
    --------
    >>> [span_of(re.search(RANGE, text))[:2] for text in ("8:00-17:30", "18:00-次日2:00")]
    [(480, 1050), (1080, 1560)]
    """
    begin, end = _minutes(found, "a"), _minutes(found, "b")
    first, second = (found[f"{side}mark"] or found[f"{side}after"] for side in "ab")
    if not (found["asign"] or found["bsign"] or first):
        raise UnclearError(found[0])
    if found["next"] or found["nextday"]:
        end += DAY
    elif first in _LATE | _NIGHT | {"中午"} and not second and end < begin < end + _NOON:
        end += _NOON  # 下午2:30-5:30
    elif end <= begin:
        morning = second == "凌晨" or (second in _EARLY and begin >= _NOON)
        if not (morning or end + _NOON <= begin):  # with the afternoon it would be a span, too
            raise UnclearError(found[0])
        end += DAY
    if end - begin > DAY:
        raise UnclearError(found[0])
    return Span(begin, end, not first and not second and end <= _NOON)


def time_of(found: re.Match[str]) -> int:
    """Read a time of day.

    Parameters
    ----------
    found
        A match of `TIME`.

    Returns
    -------
    int
        Minutes from midnight, less than those of a day.

    Raises
    ------
    UnclearError
        It is no time, or a number alone.

    Examples
    --------
    >>> [time_of(re.fullmatch(TIME, text)) for text in ("18:30", "9点30分", "晚上7点")]
    [1110, 570, 1140]
    """
    minutes = _minutes(found, "a")
    if minutes >= DAY or not (found["asign"] or found["amark"] or found["aafter"]):
        raise UnclearError(found[0])
    return minutes


def _minutes(found: re.Match[str], side: str) -> int:
    """Give the minutes from midnight of one end of a span."""
    hour, told = int(found[f"{side}hour"]), found[f"{side}minute"] or "0"
    minute = 30 if found[f"{side}half"] == "半" else int(told)
    # 8.5 may be 8:05 or 8:30, and 8:3 lacks a digit.
    cut = found[f"{side}sign"] in (":", ".") and len(told) == 1 and told != "0"
    twice = found[f"{side}half"] and found[f"{side}minute"]  # 14:00半
    mark = found[f"{side}mark"] or found[f"{side}after"]
    if mark in _NIGHT and hour < 5:
        raise UnclearError(found[0])  # 晚上1点: of which day?
    if hour < 12 and (mark in _LATE | _NIGHT or (mark == "中午" and hour < 4)):
        hour += 12
    elif hour == 12 and mark in _NIGHT:
        hour = 24
    elif hour == 12 and mark in ("am", "凌晨"):
        hour = 0
    minutes = hour * 60 + minute
    if cut or twice or minute >= 60 or minutes > DAY:
        raise UnclearError(found[0])
    return minutes


def union(spans: Iterable[Span]) -> npt.NDArray[np.bool_]:
    """Say for each minute of a day whether a span holds it; the night goes round to the morning.

    Examples
    --------
    >>> int(union([Span(480, 720), Span(600, 840)]).sum()), int(union([Span(1380, 1500)]).sum())
    (360, 120)
    """
    held = np.zeros(DAY, dtype=bool)
    for span in spans:
        held[np.arange(span.begin, span.end) % DAY] = True
    return held


__all__ = [
    "DAY",
    "MARK",
    "RANGE",
    "TIME",
    "UNSPOKEN",
    "Span",
    "UnclearError",
    "plain_times",
    "span_of",
    "time_of",
    "union",
]
