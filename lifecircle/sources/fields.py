"""What the columns of a ledger mean: Chinese and English names -> fields, and units in brackets."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import pandas as pd

from lifecircle.errors import Fault
from lifecircle.tables import first

# What stands in brackets behind a name without being a unit.
_REMARKS: Final = re.compile(
    r"必填|选填|可选|可填|可空|数字|文本|单选|多选|下拉|如|例|格式|保留|小数|单位|度|wgs|gcj|bd-?09|cgcs|"
    r"国家|坐标|高德|百度|含|注|请|optional|required|text|number|degrees|^[a-z]{1,3}$|^\d+$"
)
_BRACKETS: Final = re.compile(r"[(\[{【〔<《]([^)\]}】〕>》]*)[)\]}】〕>》]?")
_TAIL: Final = re.compile(r"(?<=.)/?(万平方米|平方米|平米|m2|hm2|km2|公顷|亩|万人|万户)$")
# Columns that lists and layers have for their clerks and programs, beside what they report.
_ASIDE: Final = re.compile(
    r"序号|no\.?|备注.*|附注|说明|.*(联系|电话|手机|填表|填报|日期|法人|信用代码).*|"
    r"fid(_\d+)?|objectid(_\d+)?|globalid|shape_?(area|length|leng|le_\d+)|layer|path"
)
_SEPARATORS: Final = re.compile(r"[\s_\-*:;'\".#№]+")


@dataclass(frozen=True)
class Field:
    """One column that a ledger may have.

    Parameters
    ----------
    zh, help_zh, example
        How a template heads, explains and shows it.
    names
        Names, in normal form, that mean it.
    weak
        Names that mean it only where none of `names` stands; the first of them is taken.
    same
        Whether its weak names say the same as its names, or less: leaving them out loses nothing.
    measure
        ``"area"``, ``"count"``, ``"hours"``, ``"length"``, ``"year"``, ``"yes"`` or empty: what
        units it takes.
    required, template
        Whether a ledger must fill it; whether a template shows it.
    """

    zh: str
    help_zh: str
    example: str
    names: tuple[str, ...]
    weak: tuple[str, ...] = ()
    same: bool = False
    measure: str = ""
    required: bool = False
    template: bool = True


def plain(text: object) -> str:
    """Bring a word to the form in which words are compared: NFKC, lower case, no blanks.

    Examples
    --------
    >>> plain(" ＷＧＳ８４　经度 ")
    'wgs84经度'
    """
    return "".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def normal_name(column: object) -> str:
    """Bring a column name to the form of `Field.names`: without units, brackets and separators.

    Examples
    --------
    >>> normal_name("* 建筑面积（㎡）"), normal_name("floor_m2")
    ('建筑面积', 'floor')
    """
    return _TAIL.sub("", _SEPARATORS.sub("", _BRACKETS.sub("", plain(column))))


@cache
def fields_of(table: str) -> Mapping[str, Field]:
    """Give the fields of ``"facilities"`` or ``"units"``, by key, in the order of templates.

    Examples
    --------
    >>> fields_of("facilities")["floor_m2"].zh
    '建筑面积（㎡）'
    """
    return {key: _field(key, entry) for key, entry in _file()[table].items()}


@cache
def measure(name: str) -> Mapping[str, float]:
    """Give the units of ``"area"``, ``"count"``, ``"hours"``, ``"length"``, ``"year"``: their size.

    Examples
    --------
    >>> measure("area")["公顷"]
    10000.0
    """
    return {plain(unit): size for unit, size in _file()["measures"].get(name, {}).items()}


@cache
def capacity_units() -> Mapping[str, str]:
    """Give what the units of capacity count: ``{"张": "beds", ...}``.

    Examples
    --------
    >>> capacity_units()["张"]
    'beds'
    """
    units = _file()["capacity_units"]
    return {plain(word): unit for unit, words in units.items() for word in [unit, *words]}


@cache
def known_names() -> frozenset[str]:
    """Give every name, in normal form, that means a field of any table.

    Examples
    --------
    >>> "经度" in known_names()
    True
    """
    every = [*fields_of("facilities").values(), *fields_of("units").values()]
    return frozenset(name for field in every for name in (*field.names, *field.weak))


@cache
def _told_names() -> frozenset[str]:
    """Give the known names whose columns are no loss where they are not read.

    A second column of a field's names is a fault of its own. That of a weak name holds something
    else, such as beds in use beside beds approved, but where the weak names say the `same`.
    """
    every = [*fields_of("facilities").values(), *fields_of("units").values()]
    return frozenset(
        name for field in every for name in (*field.names, *(field.weak if field.same else ()))
    )


def field_table(name: str) -> pd.DataFrame:
    """List the fields that a template of a table shows.

    Parameters
    ----------
    name
        ``"facilities"`` or ``"units"``.

    Returns
    -------
    DataFrame
        Columns field, zh, help_zh, example, required, in the order of the template.

    Examples
    --------
    >>> field_table("facilities").loc[1, ["field", "zh", "example"]].tolist()
    ['kind', '类别', '邮政']
    """
    rows = [
        (key, field.zh, field.help_zh, field.example, field.required)
        for key, field in fields_of(name).items()
        if field.template
    ]
    return pd.DataFrame(rows, columns=["field", "zh", "help_zh", "example", "required"])


def recognise(
    columns: Iterable[object], table: str, mapping: Mapping[str, str], label: str, sheet: str = ""
) -> tuple[dict[str, str], list[Fault]]:
    """Say which column holds which field.

    Parameters
    ----------
    columns
        Column names as the file has them.
    table
        ``"facilities"`` or ``"units"``.
    mapping
        Field -> column, as the county file declares; it goes before names that are recognised. An
        empty name: the field is not read.
    label, sheet
        What to call the file and its sheet.

    Returns
    -------
    fields
        Field -> column, in the order of the table's fields.
    faults
        Two columns for one field, a mapping that names a field or column there is not, units that
        do not fit their field; as warnings, remarks in brackets that may be units.

    Examples
    --------
    >>> recognise(["设施名称", "经度", "纬度", "占地（亩）"], "facilities", {}, "a.csv")[0]
    {'name': '设施名称', 'lon': '经度', 'lat': '纬度', 'land_m2': '占地（亩）'}
    >>> print(recognise(["名称", "机构名称"], "facilities", {}, "a.csv")[1][0])
    a.csv: two columns for name: 名称, 机构名称 -> say which: columns = { name = "名称" }
    """
    given = [str(column) for column in columns]
    fields = fields_of(table)
    found, faults = _mapped(given, fields, mapping, label, sheet)
    free = [name for name in given if name not in found.values()]
    normal = {name: normal_name(name) for name in free}
    claims = {
        key: [name for name in free if normal[name] in field.names]
        for key, field in fields.items()
        if key not in mapping
    }
    for key, names in claims.items():
        if len(names) > 1:
            remedy = f'say which: columns = {{ {key} = "{names[0]}" }}'
            what = f"two columns for {key}: {', '.join(names)}"
            faults.append(Fault(label, what, remedy, sheet=sheet, column=names[1]))
    found |= {key: names[0] for key, names in claims.items() if names}
    for key in claims:
        taken = set(found.values())
        weak = [name for name in free if normal[name] in fields[key].weak and name not in taken]
        if key not in found and weak:
            found[key] = min(weak, key=lambda name: fields[key].weak.index(normal[name]))
    for key, name in found.items():
        faults += _unit_faults(name, key, fields[key], label, sheet)
    return {key: found[key] for key in fields if key in found}, faults


def not_read(
    columns: Iterable[object], read: Collection[str | None], label: str, sheet: str, key: str
) -> list[Fault]:
    """Name the columns of a ledger that mean nothing here, or that gave way to others of a field.

    Remarks, contacts and the like are not named.

    Parameters
    ----------
    columns
        Column names as the file has them.
    read
        Those that are read.
    label, sheet
        What to call the file and its sheet.
    key
        A field, to show how a column is named.

    Returns
    -------
    list
        One warning, or none.

    Examples
    --------
    >>> print(*not_read(["名称", "核准面积", "备注"], ["名称"], "a.csv", "", "floor_m2"))
    a.csv: columns that are not read: 核准面积 -> if one is meant, name it: columns = ...
    """
    given = [str(name) for name in columns]
    other = [
        name
        for name in given
        if name not in read
        and not _ASIDE.fullmatch(plain(name))
        and normal_name(name) not in _told_names()
    ]
    if not other:
        return []
    what = f"columns that are not read: {first(other, 40)}"
    remedy = f'if one is meant, name it: columns = {{ {key} = ".." }}'
    return [Fault(label, what, remedy, severity="warning", sheet=sheet)]


def scale_of(column: str, table: str, field: str) -> float:
    """Give the factor that brings a column's numbers to the field's unit: 亩 -> m2.

    Parameters
    ----------
    column
        The column's name, with its unit in brackets where it has one.
    table, field
        As in `recognise`.

    Examples
    --------
    >>> scale_of("占地面积（公顷）", "facilities", "land_m2")
    10000.0
    """
    units = measure(fields_of(table)[field].measure)
    return units.get(own_unit(column, table, field), 1.0)


def own_unit(column: str, table: str, field: str) -> str:
    """Give the unit in which a column's numbers are read, if the column names it; else nothing.

    Parameters
    ----------
    column, table, field
        As for `scale_of`.

    Examples
    --------
    >>> own_unit("占地面积（亩）", "facilities", "land_m2")
    '亩'
    """
    units = measure(fields_of(table)[field].measure)
    return next((unit for unit in _bracketed(column) if unit in units), "")


def unit_of(column: str) -> str | None:
    """Give the unit that stands in the brackets of a column name, if it is a known one.

    Examples
    --------
    >>> unit_of("服务能力（张）")
    '张'
    """
    return next((unit for word in _bracketed(column) if (unit := measured_in(word))), None)


def measured_in(cell: object) -> str:
    """Give a cell that is nothing but a unit, in plain form; else nothing.

    Examples
    --------
    >>> measured_in("（㎡）"), measured_in("120"), measured_in(None)
    ('m2', '', '')
    """
    if cell is None or len(str(cell)) > 12:
        return ""
    text = plain(cell).strip("()[]").removeprefix("单位").lstrip(":")
    return text if any(text in measure(name) for name in _file()["measures"]) else ""


def _bracketed(column: str) -> list[str]:
    """Give the words in the brackets of a name, ``单位：`` taken off, or the unit at its end."""
    text = plain(column)
    inside = [*_BRACKETS.findall(text), *_TAIL.findall(_BRACKETS.sub("", text))]
    words = [word for part in inside for word in [part, *re.split(r"[,;、:，]", part)]]
    return [word.removeprefix("单位").lstrip(":") for word in words if word]


def _unit_faults(column: str, key: str, field: Field, label: str, sheet: str) -> list[Fault]:
    if field.measure in ("", "yes"):
        return []
    words = _bracketed(column)
    units = measure(field.measure)
    if not words or any(word in units for word in words):
        return []
    unit = unit_of(column)
    own = next(iter(units))
    if unit is not None:
        what = f"{key} is in {unit}, which is no unit of {field.measure}"
        remedy = f"give it in {own}, or map another column"
        return [Fault(label, what, remedy, sheet=sheet, column=column)]
    if all(_REMARKS.search(word) for word in words):
        return []
    what = f"{column!r} is read in {own}: {words[0]!r} is no unit that is known"
    remedy = f"write the unit in the brackets: ({own})"
    return [Fault(label, what, remedy, severity="warning", sheet=sheet, column=column)]


def _mapped(
    given: list[str],
    fields: Mapping[str, Field],
    mapping: Mapping[str, str],
    label: str,
    sheet: str,
) -> tuple[dict[str, str], list[Fault]]:
    """Look up the columns that the county file names itself: as they stand, then in plain form."""
    by_plain = {plain(name): name for name in reversed(given)}
    found, faults = {}, []
    for key, wanted in mapping.items():
        if key not in fields:
            what = f"columns names {key!r}, which is no field"
            remedy = f"use {first(list(fields), 40)}"
            faults.append(Fault(label, what, remedy, sheet=sheet))
        elif wanted and (name := wanted if wanted in given else by_plain.get(plain(wanted))):
            found[key] = name
        elif wanted:
            what = f"has no column {wanted!r} for {key}; its columns: {first(given, 30)}"
            faults.append(Fault(label, what, "correct it under columns = { .. }", sheet=sheet))
    return found, faults


def _field(key: str, entry: Mapping[str, Any]) -> Field:
    weak = tuple(dict.fromkeys(normal_name(name) for name in entry.get("weak", ())))
    every = dict.fromkeys(normal_name(name) for name in [key, *entry["names"], entry["zh"]])
    return Field(**{**entry, "names": tuple(n for n in every if n not in weak), "weak": weak})


@cache
def _file() -> dict[str, Any]:
    text = (resources.files(__package__) / "fields.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


__all__ = [
    "Field",
    "capacity_units",
    "field_table",
    "fields_of",
    "known_names",
    "measure",
    "measured_in",
    "normal_name",
    "not_read",
    "own_unit",
    "plain",
    "recognise",
    "scale_of",
    "unit_of",
]
