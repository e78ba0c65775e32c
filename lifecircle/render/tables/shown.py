"""Tables as they are seen: figures rounded as on the map and in the report, and words for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pandas as pd

from lifecircle.render.rounding import ceil_minutes, floor_score, floor_share, whole_persons
from lifecircle.render.tables.words import Figure, figures, heading, word
from lifecircle.standards import Lang
from lifecircle.tables import DENOMINATORS

_Rounding = Callable[[pd.Series], pd.Series]


def _persons(values: pd.Series) -> pd.Series:
    """Round residents to whole ones; below one they stay, and are written as "below 1"."""
    return whole_persons(values).where(~((values > 0.0) & (values < 1.0)), values)


_ROUNDINGS: Final[dict[Figure, _Rounding]] = {
    "share": floor_share,
    "score": floor_score,
    "minutes": ceil_minutes,
    "persons": _persons,
    "hectares": lambda values: values.round(1),
    "number": lambda values: values.round(2),
    "rate": lambda values: values.round(3),
}
_PERCENT: Final = (
    ("value", "unit_of_value"),
    ("difference", "unit_of_value"),
    ("overall", "overall_unit"),
)


def as_shown(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give a table of readers with its figures as they are seen, sorted and summed.

    Parameters
    ----------
    table
        With headings, as `lifecircle.render.tables.readers` gives it.
    lang
        Language of the headings.

    Returns
    -------
    pandas.DataFrame
        Figures by `lifecircle.render.rounding`; shares that are given in percent too. Where no
        facility of a kind is known, a share of coverage is a text that says so.

    Examples
    --------
    >>> full = pd.DataFrame({"Score (0 to 100)": [42.79], "Residents judged": [9724.51]})
    >>> as_shown(full, "en").iloc[0].tolist()
    [42.7, 9725.0]
    """
    known = figures(lang)
    rounded = {
        name: _ROUNDINGS[known[name]](table[name].astype("float64"))
        for name in map(str, table.columns)
        if known.get(name) in _ROUNDINGS
    }
    shown = table.assign(**rounded)
    for key, of in _PERCENT:
        value, unit = heading(key, lang), heading(of, lang)
        if value in shown and unit in shown:
            share = shown[unit].astype("str").str.startswith("%").fillna(False)
            down = floor_score(table[value].astype("float64"))
            shown[value] = shown[value].mask(share.astype(bool), down)
    number = heading("known_facilities", lang)
    for name in (heading(f"{denominator}_share", lang) for denominator in DENOMINATORS):
        if name in shown and number in shown:
            told = word("none_known", lang)
            shown[name] = shown[name].astype(object).mask(shown[number] == 0, told)
    return shown
