"""Moments as people write them: weekday 18:30, 周末10:00."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lifecircle.errors import Fault, InputError
from lifecircle.sources.clock import TIME, UnclearError, plain_times, time_of
from lifecircle.sources.hourtext import read_days

_WEEKDAYS: Final = (0, 1, 2, 3, 4)
_SETS: Final = {
    _WEEKDAYS: ("weekday", "工作日", "weekdays"),
    (5, 6): ("weekend", "周末", "weekends"),
    tuple(range(7)): ("daily", "每天", "every day"),
}
_DAYS: Final = (
    ("Mo", "周一", "Mondays"),
    ("Tu", "周二", "Tuesdays"),
    ("We", "周三", "Wednesdays"),
    ("Th", "周四", "Thursdays"),
    ("Fr", "周五", "Fridays"),
    ("Sa", "周六", "Saturdays"),
    ("Su", "周日", "Sundays"),
)
_WRITTEN: Final = re.compile(rf"(?P<days>.*?)[\s,:、的]*{TIME}")


@dataclass(frozen=True)
class Moment:
    """A time of day on some days of an ordinary week; made by `parse_moment`.

    Parameters
    ----------
    key
        Its name in tables; `parse_moment` reads it, too.
    zh, en
        Its name for people.
    days
        Days of the week, Monday 0.
    minute
        Minute of the day.
    """

    key: str
    zh: str
    en: str
    days: tuple[int, ...]
    minute: int


def parse_moment(text: str) -> Moment:
    """Read a moment as people write it.

    Parameters
    ----------
    text
        A time, with days before it: ``weekday 18:30``, ``Sa 09:00``, ``Mo-We 8:00``,
        ``工作日18:30``, ``周末10:00``, ``周六9点30分``. A time alone is that of weekdays.

    Returns
    -------
    Moment

    Raises
    ------
    InputError
        It is no moment; the remedy names what is.

    Examples
    --------
    >>> moment = parse_moment("18:30")
    >>> moment.key, moment.zh, moment.en, moment.days, moment.minute
    ('weekday 18:30', '工作日 18:30', 'weekdays 18:30', (0, 1, 2, 3, 4), 1110)
    >>> parse_moment("周六9点30分").en
    'Saturdays 09:30'
    """
    try:
        days, minute = _read(text)
    except UnclearError as error:
        what = f"{text!r} is no moment of the week"
        remedy = "write 18:30, weekday 18:30, weekend 10:00, Sa 09:00, 工作日18:30 or 周六9点30分"
        raise InputError(Fault("moment", what, remedy)) from error
    named = [(part,) for part in _SETS[days]] if days in _SETS else _named(days)
    clock = f"{minute // 60:02}:{minute % 60:02}"
    key, zh, en = (
        f"{mark.join(names)} {clock}" for mark, names in zip((",", "、", ", "), named, strict=True)
    )
    return Moment(key, zh, en, days, minute)


def distinct(moments: Iterable[Moment]) -> list[Moment]:
    """Give moments in their order, each once.

    Parameters
    ----------
    moments
        Some of them perhaps twice.

    Examples
    --------
    >>> [moment.key for moment in distinct(map(parse_moment, ("18:30", "工作日18:30", "周末9点")))]
    ['weekday 18:30', 'weekend 09:00']
    """
    return list({moment.key: moment for moment in moments}.values())


def _read(text: str) -> tuple[tuple[int, ...], int]:
    found = _WRITTEN.fullmatch(plain_times(text.strip()))
    if found is None:
        raise UnclearError(text)
    days = tuple(sorted(read_days(found["days"]))) if found["days"] else _WEEKDAYS
    return days, time_of(found)


def _named(days: tuple[int, ...]) -> list[tuple[str, ...]]:
    return list(zip(*(_DAYS[day] for day in days), strict=True))


__all__ = ["Moment", "distinct", "parse_moment"]
