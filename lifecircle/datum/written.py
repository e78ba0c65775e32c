"""Coordinates as people write them: degrees, minutes and seconds, both in one cell."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.datum.convert import ordered, within

_SIGNS: Final = str.maketrans(dict.fromkeys("º˚∘⁰", "°") | dict.fromkeys("″“”〃", '"'))
_PLAIN_SIGNS: Final = str.maketrans(
    dict.fromkeys("′‘’`´分", "'")
    | dict.fromkeys("−–—", "-")
    | {"度": "°", "秒": '"', "\u200b": None, "\ufeff": None}
)
_SIDES: Final = {
    word: letter
    for letter, words in {
        "E": ("东经", "经度", "LONGITUDE", "LON", "LNG"),
        "W": ("西经",),
        "N": ("北纬", "纬度", "LATITUDE", "LAT"),
        "S": ("南纬",),
    }.items()
    for word in words
}
_SIDE: Final = re.compile("|".join(_SIDES))
_LETTERS: Final = re.compile("[L经纬]")
_NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)"
_PLAIN: Final = re.compile(rf"-?{_NUMBER}", re.ASCII)
_DEGREES: Final = re.compile(
    rf"(?P<before>[EWNS])?[:=]?(?P<minus>[+-])?(?P<degrees>{_NUMBER})"
    rf"(?:[°:](?:(?P<minutes>{_NUMBER})(?:[':](?:(?P<seconds>{_NUMBER})\"?)?)?)?)?"
    r"(?P<after>[EWNS])?"
)
# 110-30-15 or 110 30 15, but not 110-30: that may be a range, or noise within 110.30
_THREE: Final = re.compile(r"(\D*\d{1,3})([- ])(\d{1,2})\2(\d{1,2}(?:\.\d+)?)(\D*)")
# 3 013 000.5 or 37,410,000 or 410,000, but not 110,302: that may be a decimal comma
_THOUSANDS: Final = re.compile(r"(?:\d{1,3}(?:[ ,]\d{3}){2,}|[2-8]\d{2}[ ,]\d{3})(?:\.\d+)?")
_IDLE_SPACE: Final = re.compile(r"(?<!\d) | (?!\d)")
_POINT: Final = re.compile(r"POINT ?(?:ZM?|M)? ?\( ?(\S+) (\S+?)(?: \S+){0,2} ?\)")
_CUT: Final = re.compile(r" |(?<=.)(?=[EWNS])|(?<=[EWNS])(?=.)")
_LON: Final = (73.0, 136.0)
_LAT: Final = (3.0, 54.0)


def parse_degrees(values: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Read coordinates: numbers, or degrees, minutes and seconds, as people write them.

    Parameters
    ----------
    values
        Numbers, or text such as ``110.5``, ``１１０．５``, ``110°30′15.5″``, ``110度30分``,
        ``东经110.5度``, ``E110°30′``, ``110-30-15`` or ``37 410 000``.

    Returns
    -------
    numbers, unread
        float64 degrees (or metres), west and south negative, NaN where there is none; and True
        where something was given and could not be read.

    Examples
    --------
    >>> numbers, unread = parse_degrees(pd.Series(["110°30′", "东经110.5度", None, "路口"]))
    >>> numbers.tolist(), unread.tolist()
    ([110.5, 110.5, nan, nan], [False, False, False, True])
    """
    given = values.notna().to_numpy(copy=True)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    rest = np.flatnonzero(given & np.isnan(numbers))
    texts = [_tidy(value) for value in values.iloc[rest]]
    numbers[rest] = [_degrees(text) for text in texts]
    given[rest] = [text != "" for text in texts]
    unread = given & np.isnan(numbers)
    return pd.Series(numbers, index=values.index), pd.Series(unread, index=values.index)


def split_pair(values: pd.Series[Any]) -> pd.DataFrame:
    """Read columns that hold lon and lat (经纬度) in one cell.

    Parameters
    ----------
    values
        Text such as ``110.16,26.58``, ``110.16 26.58``, ``POINT (110.16 26.58)``,
        ``北纬26°10′，东经110°30′`` or ``E110°30′N26°10′``.

    Returns
    -------
    DataFrame
        Columns `x` (lon or easting) and `y`, float64. The two are exchanged where letters say so
        or the size is certain: in China no latitude is a longitude. NaN, both, where a cell is
        empty or cannot be read.

    Examples
    --------
    >>> split_pair(pd.Series(["110.16，26.58", "26°30′, 110°30′", "N47.2 E9.5"])).to_numpy()
    array([[110.16,  26.58], [110.5 ,  26.5 ], [  9.5 ,  47.2 ]])
    """
    text = values.astype(object).where(values.notna(), "")
    pairs = np.array([_pair(_tidy(value)) for value in text], np.float64).reshape(-1, 2)
    x, y = ordered(pairs[:, 0], pairs[:, 1])
    turned = within(x, _LAT) & within(y, _LON)
    return pd.DataFrame(
        {"x": np.where(turned, y, x), "y": np.where(turned, x, y)}, index=values.index
    )


def _tidy(value: object) -> str:
    """Spell a text in one way: half width, capitals, ``° ' "``, sides as letters, single spaces."""
    text = unicodedata.normalize("NFKC", str(value).translate(_SIGNS)).upper()
    if _LETTERS.search(text):
        text = _SIDE.sub(lambda word: _SIDES[word[0]], text)
    return " ".join(text.translate(_PLAIN_SIGNS).replace("''", '"').split())


def _degrees(text: str) -> float:
    """Read tidy text; NaN where it is no coordinate."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if "°" not in text:
        if _THOUSANDS.fullmatch(text):
            text = text.replace(" ", "").replace(",", "")
        elif three := _THREE.fullmatch(text):
            text = f"{three[1]}°{three[3]}'{three[4]}\"{three[5]}"
    if " " in text:  # one left between digits parts two numbers
        text = _IDLE_SPACE.sub("", text)
    found = _DEGREES.fullmatch(text)
    if found is None:
        return np.nan
    before, minus, degrees, minutes, seconds, after = found.groups()
    side = before or after
    if (
        (after and after != side)
        or (minus and side in {"W", "S"})
        or (minutes and "." in degrees)
        or (seconds and "." in minutes)
        or not max(float(minutes or 0), float(seconds or 0)) < 60.0
    ):
        return np.nan
    size = float(degrees) + float(minutes or 0) / 60.0 + float(seconds or 0) / 3600.0
    return -size if minus == "-" or side in {"W", "S"} else size


def _pair(text: str) -> tuple[float, float]:
    """Read the two numbers of tidy text, east first where letters tell; NaN, both, if in doubt."""
    if point := _POINT.fullmatch(text):
        text = f"{point[1]},{point[2]}"
    text = text.strip("()[]{}【】<>,;、|/ ")
    cuts = list(re.finditer(r"[,;、|/]", text))
    if len(cuts) != 1:
        cuts = list(_CUT.finditer(text))
    found = set()
    for cut in cuts:
        parts = text[: cut.start()].strip(), text[cut.end() :].strip()
        first, second = (_degrees(part) for part in parts)
        if first == first and second == second:  # noqa: PLR0124 - both are numbers
            north_first = re.search("[NS]", parts[0]) or re.search("[EW]", parts[1])
            found.add((second, first) if north_first else (first, second))
    return found.pop() if len(found) == 1 else (np.nan, np.nan)
