"""Headings and words of the tables that planners read, in both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

import pandas as pd

from lifecircle.standards import Labelled, Lang

Figure = Literal[
    "id",
    "text",
    "long",
    "count",
    "persons",
    "share",
    "score",
    "minutes",
    "degrees",
    "number",
    "rate",
    "hectares",
]
"""How a column's values are written: wrapped text is ``"long"``, a share is 0 to 1."""


class Head(Labelled):
    """A column's heading in both languages.

    Parameters
    ----------
    figure
        How its values are written.
    """

    figure: Figure


@cache
def heads() -> Mapping[str, Head]:
    """Give every heading by the key of its column."""
    return {key: Head.model_validate(head) for key, head in _file()["heads"].items()}


@cache
def figures(lang: Lang) -> Mapping[str, Figure]:
    """Give how the values below each heading are written.

    Parameters
    ----------
    lang
        Language of the headings.

    Examples
    --------
    >>> figures("zh")["居民覆盖率"]
    'share'
    """
    return {head.label(lang): head.figure for head in [*heads().values(), *decided_heads()]}


def decided_heads() -> list[Head]:
    """Give every heading of the tables of what helps to decide; keys repeat, headings do not."""
    found = []
    for entry in decided_file()["heads"].values():
        found += [entry] if "figure" in entry else [*entry.values()]
    return [Head.model_validate(head) for head in found]


def heading(key: str, lang: Lang) -> str:
    """Give one column's heading.

    Parameters
    ----------
    key
        Key of `heads`.
    lang
        Language.

    Examples
    --------
    >>> heading("unit_name", "zh"), heading("unit_name", "en")
    ('单元', 'Unit')
    """
    return heads()[key].label(lang)


def with_headings(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Give a table with readable headings in place of keys.

    Parameters
    ----------
    table
        Every column is a key of `heads`.
    lang
        Language.
    """
    named = table.rename(columns={key: heading(str(key), lang) for key in table.columns})
    return named.reset_index(drop=True)


def word(key: str, lang: Lang, **values: object) -> str:
    """Give one of the tables' own words, its places filled in.

    Parameters
    ----------
    key
        Key of the words.
    lang
        Language.
    **values
        What stands in ``{places}``.

    Examples
    --------
    >>> word("minutes", "en", limit="15")
    '15 min'
    """
    return str(_file()["words"][key][lang]).format(**values)


def words(keys: tuple[str, ...], lang: Lang) -> dict[str, str]:
    """Give several words by their keys.

    Parameters
    ----------
    keys
        Keys of the words.
    lang
        Language.

    Examples
    --------
    >>> words(("urban", "rural"), "zh")
    {'urban': '城市', 'rural': '农村'}
    """
    return {key: word(key, lang) for key in keys}


def texts(group: str, lang: Lang) -> dict[str, str]:
    """Give a group of longer texts, such as the notes that explain the tables.

    Parameters
    ----------
    group
        A table of the file of words.
    lang
        Language.
    """
    return {key: str(text[lang]) for key, text in _file()[group].items()}


def joined(parts: list[str], lang: Lang) -> str:
    """Join words to a list.

    Parameters
    ----------
    parts
        The words.
    lang
        Language.

    Examples
    --------
    >>> joined(["甲", "乙"], "zh")
    '甲、乙'
    """
    return word("comma", lang).join(parts)


def weight_words(zh: str, en: str, weight: float) -> tuple[str, str]:
    """Give a reason of the ranking as the Chinese tables hold it, and its English.

    Parameters
    ----------
    zh, en
        Names of the class of communities.
    weight
        What their residents are multiplied by.

    Examples
    --------
    >>> weight_words("新建居住区", "New housing areas", 1.5)
    ('新建居住区（×1.5）', 'New housing areas (x1.5)')
    """
    shown = f"{weight:g}"
    return f"{zh}（×{shown}）", f"{en} (x{shown})"


@cache
def decided_file() -> dict[str, Any]:
    """Give columns, headings and words of the tables of what helps to decide."""
    file = resources.files(__package__) / "templates" / "decided.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _file() -> dict[str, Any]:
    file = resources.files(__package__) / "templates" / "tables.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
