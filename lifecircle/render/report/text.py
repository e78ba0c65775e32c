"""Text from data as paper carries it: no control characters, cut visibly, figures for readers."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any, Final

import pandas as pd

from lifecircle.render.rounding import (
    ceil_minutes,
    floor_score,
    floor_share,
    is_below_one,
    whole_persons,
)
from lifecircle.render.standards_text import width
from lifecircle.render.walking_words import ridden
from lifecircle.standards import Lang

NAME_LENGTH: Final = 40
"""Characters of a name that are shown; the workbook has all of it."""

_DASH: Final = "–"
# What XML 1.0 forbids, lone halves of a surrogate pair, and the marks that turn the direction
# of what follows them, beyond the name itself.
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def plain(value: Any, limit: int = NAME_LENGTH) -> str:
    r"""Give a text from data as one line that paper can carry; empty where it is missing.

    Parameters
    ----------
    value
        Text, or a missing value.
    limit
        Characters at most; a longer text ends in an ellipsis.

    Examples
    --------
    >>> plain("长铺\x00镇\u202e\n卫生院"), plain("abcdef", 4), plain(float("nan"))
    ('长铺镇 卫生院', 'abc…', '')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    text = _UNFIT.sub("", re.sub(r"\s+", " ", str(value)[: 4 * limit + 200]))
    text = re.sub(" +", " ", text).strip()  # blanks that met when what stood between them went
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str) -> str:
    r"""Give a text without what XML forbids and what turns its direction: the last sieve.

    Examples
    --------
    >>> printable("a\x0bb")
    'ab'
    """
    return _UNFIT.sub("", text)


def count(value: float | None, lang: Lang) -> str:
    """Give a number of people or things, rounded half up, with separators.

    Parameters
    ----------
    value
        The number; missing is a dash, never 0.
    lang
        Language of the words for somebody who is less than one.

    Examples
    --------
    >>> count(12345.5, "en"), count(0.0, "en"), count(None, "en")
    ('12,346', '0', '–')
    >>> count(0.7, "zh"), count(0.7, "en")
    ('不足1', 'below 1')
    """
    if value is None or not math.isfinite(value):
        return _DASH
    if is_below_one(value):
        return report_words(lang)["below_one"]
    return f"{whole_persons(value):,.0f}"


def percent(share: float | None) -> str:
    """Give a share in percent, rounded down to a tenth: only all of them are 100 %.

    Parameters
    ----------
    share
        From 0 to 1; missing is a dash.

    Examples
    --------
    >>> percent(0.99999), percent(1.0), percent(0.5), percent(None)
    ('99.9%', '100.0%', '50.0%', '–')
    """
    if share is None or not math.isfinite(share):
        return _DASH
    return f"{floor_share(share) * 100.0:.1f}%"


def percent_beyond(share: float | None) -> str:
    """Give what a share leaves, rounded down as shares are; with `percent` it may miss 100 %.

    Parameters
    ----------
    share
        The share within, from 0 to 1.

    Examples
    --------
    >>> percent(0.4783), percent_beyond(0.4783)
    ('47.8%', '52.1%')
    """
    if share is None or not math.isfinite(share):
        return _DASH
    return percent(max(1.0 - share, 0.0))


def points(score: float | None) -> str:
    """Give a score from 0 to 100, rounded down to a tenth.

    Parameters
    ----------
    score
        Missing is a dash.

    Examples
    --------
    >>> points(99.96), points(100.0)
    ('99.9', '100.0')
    """
    if score is None or not math.isfinite(score):
        return _DASH
    return f"{floor_score(score):.1f}"


def minutes(value: float | None) -> str:
    """Give minutes, rounded up to a tenth, so that what is shown agrees with every threshold.

    Parameters
    ----------
    value
        Missing is a dash.

    Examples
    --------
    >>> minutes(15.01), minutes(15.0)
    ('15.1', '15.0')
    """
    if value is None or not math.isfinite(value):
        return _DASH
    return f"{ceil_minutes(value):.1f}"


def in_halves(text: str, columns: int) -> list[str]:
    """Break a text that is longer than a line at the stop nearest its middle.

    Parameters
    ----------
    text
        One line.
    columns
        Of a line; a Chinese character takes two.

    Examples
    --------
    >>> in_halves("演示数据：人口为2012年底；不代表现状。", 30)
    ['演示数据：人口为2012年底；', '不代表现状。']
    >>> in_halves("short; text", 30)
    ['short; text']
    """
    stops = [found.end() for found in re.finditer(r"[，；。]|[,;.] ", text)]
    stops = [at for at in stops if at < len(text)]
    if width(text) <= columns or not stops:
        return [text] if text else []
    at = min(stops, key=lambda stop: abs(width(text[:stop]) - width(text) / 2))
    return [text[:at].rstrip(), text[at:]]


def joined(parts: Iterable[str], lang: Lang) -> str:
    """Join names as a language does."""
    return ("、" if lang == "zh" else ", ").join(parts)


def report_words(lang: Lang) -> dict[str, str]:
    """Give every string of report and figures in one language.

    Examples
    --------
    >>> report_words("en")["north"]
    'N'
    """
    return {key: entry[lang] for key, entry in _catalogue().items()}


def travel_words(lang: Lang, *, riding: bool) -> dict[str, str]:
    """Give every string of report and figures; where somebody rides, none says that all walk.

    Parameters
    ----------
    lang
        Language.
    riding
        Whether somebody rides (`lifecircle.render.walking_words.rides`).

    Examples
    --------
    >>> travel_words("zh", riding=True)["minutes_head"], travel_words("en", riding=False)["north"]
    ('出行时间（分钟）', 'N')
    """
    return _ridden(lang) if riding else report_words(lang)


@cache
def _ridden(lang: Lang) -> dict[str, str]:
    return {key: ridden(text, lang) for key, text in report_words(lang).items()}


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    text = (resources.files(__package__) / "templates" / "report.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
