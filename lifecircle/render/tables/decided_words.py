"""What the tables of what helps to decide are called: headings, words, and what readers see."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lifecircle.render.tables.words import Head, decided_file
from lifecircle.standards import Lang
from lifecircle.tables import SCOPE_COUNTY


def csv_heads(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Give a table with headings that say in Chinese what it holds, and the key behind it.

    Parameters
    ----------
    name
        Key of `lifecircle.render.tables.decided.FILES`, or ``"profiles"``.
    table
        Columns by key.

    Examples
    --------
    >>> csv_heads("sites", pd.DataFrame({"rank": [1], "kind_zh": ["邮政"]})).columns.tolist()
    ['名次 rank', '设施类别 kind_zh']
    """
    keys = [str(key) for key in table.columns]
    return table.set_axis([f"{_zh_head(name, key)} {key}" for key in keys], axis="columns")


def shown_table(name: str, table: pd.DataFrame, lang: Lang, county: str) -> pd.DataFrame:
    """Give the columns of a table that readers are shown, with headings and words of a language.

    Parameters
    ----------
    name
        Key of `lifecircle.render.tables.decided.FILES`.
    table
        As `lifecircle.render.tables.decided.decided_tables` gives it.
    lang
        Language.
    county
        What to call the county in it.

    Returns
    -------
    pandas.DataFrame
        Columns that are wholly empty are left out. Figures are not rounded.
    """
    columns: dict[str, pd.Series] = {}
    for key in shown_keys(name, table):
        worded = f"{key}_{lang}"
        values = table[worded if worded in table.columns else key]
        if len(values) and values.isna().all():
            continue
        if key in {"unit_name", "scope_name"} and "scope" in table.columns:
            named = values.astype(object).where(values.notna(), table["scope"])
            values = named.mask(table["scope"] == SCOPE_COUNTY, county)
        elif worded not in table.columns:
            values = _in_words(values, name, key, lang)
        columns[decided_head(name, key).label(lang)] = values
    return pd.DataFrame(columns).reset_index(drop=True)


def _in_words(values: pd.Series, name: str, key: str, lang: Lang) -> pd.Series:
    """Put words in place of keys, where a column has any."""
    own = f"{name}.{key}"
    column = own if own in decided_file()["words"] else key
    if column not in decided_file()["words"]:
        return values
    told = [None if pd.isna(value) else decided_word(column, value, lang) for value in values]
    return pd.Series(told, values.index, dtype=object)


def shown_keys(name: str, table: pd.DataFrame) -> list[str]:
    """Give the keys of the columns that readers are shown; those nobody described come last.

    Parameters
    ----------
    name, table
        As for `shown_table`.
    """
    entry = decided_file()["tables"][name]
    described = {*entry["columns"]}
    return [
        *(key for key in entry["shown"] if key in table.columns),
        *(str(key) for key in table.columns if key not in described),
    ]


def decided_head(name: str, key: str) -> Head:
    """Give what a column is called and how its values are written.

    Parameters
    ----------
    name
        Key of `lifecircle.render.tables.decided.FILES`.
    key
        The column; one that is not described is called by its key.

    Examples
    --------
    >>> decided_head("sites", "persons").zh, decided_head("moments", "persons").zh
    ('新增覆盖居民（人）', '评价居民（人）')
    """
    heads = decided_file()["heads"]
    for place in (heads.get(name, {}), heads):
        if isinstance(place.get(key), dict) and "figure" in place[key]:
            return Head.model_validate(place[key])
    return Head(zh=key, en=key, figure="number")


def decided_word(column: str, key: Any, lang: Lang) -> str:
    """Give the word that stands in a table in place of a key; the key where it has none.

    Parameters
    ----------
    column
        Column of the key.
    key, lang
        What is to be told, and the language.

    Examples
    --------
    >>> decided_word("verdict", "no_road", "zh")
    '数据缺口（未标注道路）'
    """
    entry = decided_file()["words"][column].get(str(key).lower())
    return str(key) if entry is None else str(entry[lang])


def _zh_head(name: str, key: str) -> str:
    base, lang = key.removesuffix("_zh").removesuffix("_en"), key[-3:]
    if base == key or lang not in {"_zh", "_en"} or _described(name, key):
        return decided_head(name, key).zh
    head = decided_head(name, base).zh
    return head if lang == "_zh" else f"{head}（英文）"


def _described(name: str, key: str) -> bool:
    heads = decided_file()["heads"]
    return key in heads.get(name, {}) or key in heads
