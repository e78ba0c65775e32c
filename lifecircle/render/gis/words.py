"""What layers and their fields are called, and what they mean: the field dictionary of a GIS."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

import pandas as pd

from lifecircle.render.faultwords import field_zh
from lifecircle.standards import Lang, Standard
from lifecircle.tables import FACILITIES, UNITS, yes_columns

LAYERS: Final = ("facilities", "isochrones", "units", "cells", "gaps")
"""The layers of an assessment by their keys, in the order in which they are written."""

ASKED_LAYERS: Final = ("sites", "site_cells")
"""Layers that are there only where sites were asked for."""

# Characters that XML and file formats cannot hold.
_LOST: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Of names also what is not seen, and marks that reorder text.
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True)
class Field:
    """One field of a layer.

    Parameters
    ----------
    layer, field
        Keys of the layer and the field.
    zh, en
        What it means.
    unit
        Unit of its numbers; empty where it has none.
    short
        What its name in a shapefile should be; it may still be taken by another field.
    """

    layer: str
    field: str
    zh: str
    en: str
    unit: str
    short: str

    def label(self, lang: Lang) -> str:
        """Give the meaning in one language."""
        return self.zh if lang == "zh" else self.en


def layer_name(key: str, lang: Lang) -> str:
    """Give a layer's name.

    Parameters
    ----------
    key
        One of `LAYERS` or `ASKED_LAYERS`, the same with ``_points`` (what of a layer of areas has
        no area), ``"fields"`` or ``"names"``.
    lang
        Language.

    Examples
    --------
    >>> layer_name("units", "zh"), layer_name("units", "en")
    ('评价单元', 'units')
    """
    base = key.removesuffix("_points")
    name = str(_file()["layers"][base][lang])
    return name if base == key else word("points_of", lang, layer=name)


def layer_key(name: str) -> str | None:
    """Find the layer that a name means, in either language; None if there is none.

    Parameters
    ----------
    name
        A key, or a layer's name.

    Examples
    --------
    >>> layer_key("人口格网"), layer_key("Units"), layer_key("roads")
    ('cells', 'units', None)
    """
    wanted = name.strip().casefold()
    keys = [name for base in _file()["layers"] for name in (base, f"{base}_points")]
    for key in keys:
        if wanted in (key, layer_name(key, "zh"), layer_name(key, "en").casefold()):
            return key
    return None


def word(key: str, lang: Lang, group: str = "words", **values: object) -> str:
    """Give one of the layers' own words, its places filled in.

    Parameters
    ----------
    key
        Key of the word.
    lang
        Language.
    group
        ``"words"``, or ``"readme"`` for the text that goes with an export.
    **values
        What stands in ``{places}``.

    Examples
    --------
    >>> word("within_minutes", "en", limit=15)
    'within 15 min'
    """
    return str(_file()[group][key][lang]).format(**values)


def name_table(standard: Standard, kinds: Iterable[str] = ()) -> pd.DataFrame:
    """Give the names of circles and kinds, for readers of keys, and the colours of kinds.

    Parameters
    ----------
    standard
        Circles and kinds.
    kinds
        Kinds that occur beside the required ones.

    Returns
    -------
    pandas.DataFrame
        ``what`` (``"circle"`` or ``"kind"``), ``key``, ``zh``, ``en``, ``settings`` of circles,
        joined by commas, and ``color`` of kinds.
    """
    wanted = dict.fromkeys([*standard.required(), *(k for k in kinds if k in standard.kinds)])
    rows = [
        ("circle", key, circle.zh, circle.en, ",".join(circle.settings), "")
        for key, circle in standard.circles.items()
    ]
    rows += [
        ("kind", key, standard.kinds[key].zh, standard.kinds[key].en, "", standard.kinds[key].color)
        for key in wanted
    ]
    table = pd.DataFrame(rows, columns=["what", "key", "zh", "en", "settings", "color"], dtype=str)
    return table.assign(zh=table["zh"].map(clean), en=table["en"].map(clean))


def labels(names: pd.DataFrame, what: str, lang: Lang) -> dict[str, str]:
    """Give the names of kinds or circles by their keys.

    Parameters
    ----------
    names
        As `name_table` gives them.
    what
        ``"circle"`` or ``"kind"``.
    lang
        Language.
    """
    rows = names[names["what"] == what]
    return dict(zip(rows["key"], rows[lang], strict=True))


def clean(text: str) -> str:
    r"""Take out of a name what no file format holds, and marks that reorder it.

    Parameters
    ----------
    text
        Of any content.

    Examples
    --------
    >>> clean("邮\x00政\u202e 所")
    '邮政 所'
    """
    return _UNFIT.sub("", text)


def storable(text: str) -> str:
    r"""Take out of a text what no file format holds, and nothing else.

    Parameters
    ----------
    text
        Of any content.

    Examples
    --------
    >>> storable("邮\x00政\n<b>")
    '邮政\n<b>'
    """
    return _LOST.sub("", text)


def describe(layer: str, columns: Iterable[str], names: pd.DataFrame) -> list[Field]:
    """Tell what each field of a layer means.

    Parameters
    ----------
    layer
        Key of the layer.
    columns
        Its fields, without geometry.
    names
        As `name_table` gives them.

    Returns
    -------
    list of Field
        One per column, in their order. A field that nobody described has its own name as meaning.

    Examples
    --------
    >>> names = pd.DataFrame(
    ...     [["kind", "post", "邮政", "Post", "", "#1b7f5c"]],
    ...     columns=["what", "key", "zh", "en", "settings", "color"],
    ... )
    >>> minutes, persons = describe("cells", ["minutes_post", "persons"], names)
    >>> minutes.zh, minutes.unit, minutes.short
    ('到最近邮政的步行时间', '分钟 min', 'mn_post')
    >>> persons.en
    'residents in the cell'
    """
    composed = _composed(names)
    layer = layer.removesuffix("_points")
    found = (
        composed.get(str(c)) or _numbered(composed, str(c)) or _plain_field(layer, str(c))
        for c in columns
    )
    return [replace(field, layer=layer) for field in found]


def dictionary(fields: Iterable[Field], lang: Lang) -> pd.DataFrame:
    """Give the field dictionary as a table.

    Parameters
    ----------
    fields
        As `describe` gives them.
    lang
        Language of the layers' names.

    Returns
    -------
    pandas.DataFrame
        ``layer``, ``field``, ``中文``, ``English``, ``unit``.
    """
    rows = [(layer_name(f.layer, lang), f.field, f.zh, f.en, f.unit) for f in fields]
    return pd.DataFrame(rows, columns=["layer", "field", "中文", "English", "unit"], dtype=str)


def _composed(names: pd.DataFrame) -> Mapping[str, Field]:
    """Describe every field that may exist for a kind, a circle, or both."""
    kinds, circles = (_both(names, what) for what in ("kind", "circle"))
    alone = {"": ("", "")}
    found: dict[str, Field] = {}
    for pattern, told in _file()["patterns"].items():
        of_circle = circles if "{circle}" in told["zh"] else alone
        of_kind = kinds if "{kind}" in told["zh"] else alone
        for number, circle in enumerate(of_circle, start=1):
            for kind in of_kind:
                field = "_".join(part for part in (pattern, circle, kind) if part)
                zh, en = (
                    told[lang].format(kind=of_kind[kind][n], circle=of_circle[circle][n])
                    for n, lang in enumerate(("zh", "en"))
                )
                start = f"{told['start']}{number if circle and kind else ''}"
                found[field] = Field("", field, zh, en, told["unit"], f"{start}_{kind or circle}")
    return found


def _numbered(composed: Mapping[str, Field], name: str) -> Field | None:
    """Describe the second and further supply of one kind: by another method or limit."""
    base, _, number = name.rpartition("_")
    field = composed.get(base)
    if field is None or not number.isdigit() or not base.startswith(("supply_", "unreached_")):
        return None
    zh, en = (word("another", lang, what=field.label(lang), n=number) for lang in ("zh", "en"))
    return replace(field, field=name, zh=zh, en=en, short=f"{field.short[:8]}_{number}")


def _both(names: pd.DataFrame, what: str) -> dict[str, tuple[str, str]]:
    rows = names[names["what"] == what]
    return {key: (zh, en) for key, zh, en in zip(rows["key"], rows["zh"], rows["en"], strict=True)}


def _plain_field(layer: str, name: str) -> Field:
    known = {**_file()["fields"], **_file()["own"].get(layer, {})}
    if name in known:
        told = known[name]
        return Field(layer, name, told["zh"], told["en"], told.get("unit", ""), told["short"])
    schema = {"facilities": FACILITIES, "units": UNITS}.get(layer)
    column = None if schema is None else schema.columns.get(name)
    if column is None:
        return Field(layer, name, name, name, "", name)
    unit = "m²" if name.endswith("_m2") else "1/0" if name in yes_columns() else ""
    return Field(layer, name, field_zh(name), column.meaning, unit, name)


@cache
def _file() -> dict[str, Any]:
    file = resources.files(__package__) / "templates" / "gis.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
