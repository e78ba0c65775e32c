"""Which unit a row of a table means: by its code, else by its name and township."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, Severity
from lifecircle.sources.attributes import Ledgered
from lifecircle.sources.columns import as_text

JOINED_BY: Final = ("unit_id", "name", "street")
"""Fields that say which unit a row means."""

# 枫木团, 枫木团村, 枫木团村委会 and 枫木团村村民委员会 have one stem; 关峡乡 and 关峡苗族乡 too.
_SUFFIX: Final = r"(?:行政村|社区|村)?(?:村民委员会|居民委员会|村委会|居委会|委会)?$"
_PEOPLES: Final = "(?:苗族|侗族|瑶族|土家族|回族|壮族|白族|维吾尔族|畲族|满族|各族)"
_STREET_SUFFIX: Final = rf"(?:{_PEOPLES}*(?:乡|镇)|街道办事处|街道办|街道|办事处)(?:人民政府)?$"
# The surest comes first: the whole name before its stem, within the township before beyond.
_LEVELS: Final = (("key", "street"), ("stem", "street"), ("key",), ("stem",))
_AS_GIVEN: Final = "write it as the units' file does"
_GUESSED: Final = 5  # unknown words for which the nearest known one is looked up


def cell_fault(
    ledger: Ledgered,
    what: str,
    remedy: str,
    cells: pd.Series,
    *,
    field: str = "",
    severity: Severity = "error",
) -> Fault:
    """Make one fault of all rows concerned, and say what stands there in words of our own.

    Parameters
    ----------
    ledger
        The table.
    what, remedy, severity
        As for `lifecircle.errors.Fault`.
    cells
        What to show, indexed by row; nothing is shown where all are missing.
    field
        Field that the fault lies in.
    """
    values = tuple(cells.astype("str").where(cells.notna(), "").tolist())
    return Fault(
        ledger.label,
        what,
        remedy,
        severity=severity,
        sheet=ledger.sheet,
        column=ledger.fields.get(field, field),
        rows=tuple(int(row) for row in cells.index),
        values=values if any(values) else (),
    )


def plain_words(values: pd.Series) -> pd.Series:
    """Bring words to the form in which they are compared: NFKC, lower case, no blanks.

    Examples
    --------
    >>> plain_words(pd.Series(["枫 木　团", "５Ｇ"])).tolist()
    ['枫木团', '5g']
    """
    text = as_text(values).str.normalize("NFKC").str.casefold()
    text = text.str.replace(r"[\s\u200b\ufeff]+", "", regex=True)
    return text.mask(text == "")


def clean_codes(ledger: Ledgered) -> tuple[pd.Series, list[Fault]]:
    """Bring a table's codes to plain digits or words: no blanks, no ``.0``, no full-width forms.

    Parameters
    ----------
    ledger
        A table with the field ``unit_id``.

    Returns
    -------
    codes
        Text; missing where none stands, or digits are lost.
    faults
        Codes that a spreadsheet has rounded: 4.30527E+11.

    Examples
    --------
    >>> table = pd.DataFrame({"代码": ["４３０５２７", "430527.0", "4.30527E+5", "4.30527E+11"]})
    >>> codes, faults = clean_codes(Ledgered(table, {"unit_id": "代码"}, "a.csv"))
    >>> codes.tolist(), [fault.values for fault in faults]
    (['430527', '430527', '430527', nan], [('4.30527E+11',)])
    """
    values = ledger.column("unit_id")
    codes = as_text(values).str.normalize("NFKC").str.replace(r"\s+|^'", "", regex=True)
    codes = codes.str.replace(r"^(\d+)\.0+$", r"\1", regex=True)
    parts = codes.str.extract(r"^\d(?:\.(\d+))?[eE]\+?(\d{1,2})$")
    powers = parts[1].notna()
    lossy = powers & (parts[0].str.len().fillna(0) < pd.to_numeric(parts[1]))
    whole = powers & ~lossy
    codes = codes.mask(whole, codes[whole].map(lambda code: f"{Decimal(code):f}"))
    codes = codes.mask(lossy | (codes == ""))
    if not lossy.any():
        return codes, []
    remedy = "format the column as text, and enter or import the codes again"
    what = "code is rounded by the spreadsheet"
    return codes, [cell_fault(ledger, what, remedy, values[lossy], field="unit_id")]


def match_units(ledger: Ledgered, units: pd.DataFrame) -> tuple[pd.Series, list[Fault]]:
    """Say which unit each row means: by its code, else by its name and township.

    Names are compared without blanks and full-width forms; 枫木团, 枫木团村 and 枫木团村委会 are
    one where no other unit and no other row has that stem.

    Parameters
    ----------
    ledger
        A table with the field ``unit_id`` or ``name``; ``street`` tells equal names apart.
    units
        Indexed by ``unit_id``, with ``name``, and ``street`` where known.

    Returns
    -------
    ids
        Per row; missing where there is a fault.
    faults
        Rows without code and name, with unknown codes, unknown or ambiguous names; as warnings,
        names and townships that are not quite those of their unit.

    Examples
    --------
    >>> units = pd.DataFrame({"name": ["枫木团村", "长铺社区"]}, index=["01", "02"])
    >>> table = pd.DataFrame({"村名": ["长 铺 社区", "枫木困村"]}, index=[2, 3])
    >>> ids, faults = match_units(Ledgered(table, {"name": "村名"}, "a.csv"), units)
    >>> ids.tolist(), faults[0].remedy
    (['02', nan], "write it as the units' file does; perhaps 枫木团村 for 枫木困村")
    """
    given = {name: ledger.column(name) for name in JOINED_BY if name in ledger.fields}
    rows = ledger.table.index
    faults: list[Fault] = []
    codes = pd.Series(np.nan, index=rows, dtype="str")
    coded = pd.Series(False, index=rows)
    if "unit_id" in given:
        codes, faults = clean_codes(ledger)
        coded = as_text(given["unit_id"]).notna()
    ids, wrong = _by_code(codes, units.index, ledger)
    keys, known = _keys(given, rows), _keys(dict(units.items()), units.index)
    named = ~coded & keys["key"].notna()
    if named.any():
        found, more = _by_name(keys[named], known, given["name"][named], ledger)
        ids, wrong = ids.fillna(found), [*wrong, *more]
    lost = rows[~coded & ~named]
    if len(lost):
        words = {"unit_id": "code", "name": "name"}
        what = f"no {' and no '.join(words[name] for name in words if name in given)}"
        remedy = "say which community it is, or clear the row"
        cells = pd.Series(np.nan, index=lost)
        wrong.append(cell_fault(ledger, what, remedy, cells, field=_said_by(ledger)))
    return ids, [*faults, *wrong, *_misnamed(ids, keys, known, given, ledger)]


def units_named(words: pd.Series, units: pd.DataFrame) -> pd.Series:
    """Say which unit each word means: its code, else its name; the same unit any number of times.

    Parameters
    ----------
    words
        What facilities give as their community; missing where they give none.
    units
        Indexed by ``unit_id``, with ``name``.

    Returns
    -------
    Series
        Ids on the index of `words`; missing where a word means no unit, or fits several.

    Examples
    --------
    >>> units = pd.DataFrame({"name": ["枫木团村", "长铺社区"]}, index=["01", "02"])
    >>> units_named(pd.Series(["枫 木 团", "枫木团村委会", "02", "别处"]), units).tolist()
    ['01', '01', '02', nan]
    """
    told = pd.Series(words.dropna().unique(), dtype="str")
    asked = Ledgered(pd.DataFrame({"word": told}), {"unit_id": "word"}, "")
    ids = _by_code(clean_codes(asked)[0], units.index, asked)[0]
    keys, known = _keys({"name": told}, told.index), _keys(dict(units.items()), units.index)
    for form in ("key", "stem"):
        once = known[form][known[form].notna() & ~known[form].duplicated(keep=False)]
        ids = ids.fillna(keys[form].map(pd.Series(once.index, index=once)).astype("str"))
    return words.map(dict(zip(told, ids, strict=True))).astype("str")


def repeated(ids: pd.Series, ledger: Ledgered) -> list[Fault]:
    """Name the rows that mean the same unit.

    Parameters
    ----------
    ids
        What `match_units` gave.
    ledger
        The table.
    """
    twice = ids[ids.notna() & ids.duplicated(keep=False)]
    if not len(twice):
        return []
    what, remedy = "community stands in several rows", "keep one row of each"
    return [cell_fault(ledger, what, remedy, twice, field=_said_by(ledger))]


def _said_by(ledger: Ledgered) -> str:
    """Give the field that says which unit a row means."""
    return "name" if "name" in ledger.fields else "unit_id"


def _by_code(codes: pd.Series, index: pd.Index, ledger: Ledgered) -> tuple[pd.Series, list[Fault]]:
    known = pd.Series(index, index=plain_words(index.to_series()))
    known = known[~known.index.duplicated(keep=False)]
    ids = codes.str.casefold().map(known).astype("str")
    unknown = codes.notna() & ids.isna()
    if not unknown.any():
        return ids, []
    return ids, [cell_fault(ledger, "unknown code", _AS_GIVEN, codes[unknown], field="unit_id")]


def _keys(given: Mapping[Any, pd.Series], index: pd.Index) -> pd.DataFrame:
    """Give names and townships in the forms in which they are compared."""
    keys = pd.DataFrame(np.nan, index=index, columns=["key", "stem", "street"], dtype="str")
    if "name" in given:
        keys["key"] = plain_words(given["name"])
        keys["stem"] = _stem(keys["key"], _SUFFIX)
    if "street" in given:
        keys["street"] = plain_streets(given["street"])
    return keys


def plain_streets(values: pd.Series) -> pd.Series:
    """Bring streets and townships to the form in which they are compared, without their rank.

    Examples
    --------
    >>> plain_streets(pd.Series(["关峡苗族乡", "长铺镇", "长 铺"])).tolist()
    ['关峡', '长铺', '长铺']
    """
    return _stem(plain_words(values), _STREET_SUFFIX)


def _stem(words: pd.Series, suffix: str) -> pd.Series:
    stem = words.str.replace(suffix, "", regex=True)
    return stem.mask(stem == "", words)


def _by_name(
    keys: pd.DataFrame, known: pd.DataFrame, names: pd.Series, ledger: Ledgered
) -> tuple[pd.Series, list[Fault]]:
    ids = pd.Series(np.nan, index=keys.index, dtype="str")
    for level in _LEVELS:
        left, right = (_joined(frame, level) for frame in (keys, known))
        right = right[right.notna() & ~right.duplicated(keep=False)]
        found: pd.Series = left.map(pd.Series(right.index, index=right)).astype("str")
        ids = ids.where(ids.notna(), found)
    loose = ids.notna() & (keys["key"] != ids.map(known["key"]))
    # A unit that another row means, perhaps in full, is not surely the one meant here.
    shared = loose & ids.duplicated(keep=False)
    ids, loose = ids.mask(shared), loose & ~shared
    twins = known["stem"][known["stem"].duplicated()]
    several = ids.isna() & keys["stem"].isin(twins)
    unknown = ids.isna() & ~several
    faults = []
    if several.any():
        what = "name fits several communities"
        remedy = "add the code, or the township (所属乡镇) here and in the units' file"
        faults.append(cell_fault(ledger, what, remedy, names[several], field="name"))
    if unknown.any():
        remedy = _nearest(keys["key"][unknown], known["key"].dropna())
        faults.append(cell_fault(ledger, "unknown name", remedy, names[unknown], field="name"))
    if loose.any():
        pairs = names[loose].astype("str") + " for " + ids[loose].map(known["key"])
        what, remedy = "name is taken for one much like it", _AS_GIVEN
        faults.append(cell_fault(ledger, what, remedy, pairs, field="name", severity="warning"))
    return ids, faults


def _joined(keys: pd.DataFrame, level: tuple[str, ...]) -> pd.Series:
    text: pd.Series = keys[level[0]]
    return text if len(level) == 1 else text + "\0" + keys[level[1]]


def _misnamed(
    ids: pd.Series,
    keys: pd.DataFrame,
    known: pd.DataFrame,
    given: Mapping[str, pd.Series],
    ledger: Ledgered,
) -> list[Fault]:
    """Question rows whose code says one unit, and whose name or township another."""
    faults = []
    for name, key in (("name", "stem"), ("street", "street")):
        own = ids.map(known[key])
        other = keys[key].notna() & own.notna() & (keys[key] != own)
        if other.any():
            shown = ids.map(known["key"]) if name == "name" else own
            cells = given[name][other].astype("str") + " for " + shown[other]
            what, remedy = f"{name} is not its unit's", "check that the right community is meant"
            faults.append(cell_fault(ledger, what, remedy, cells, field=name, severity="warning"))
    return faults


def _nearest(given: pd.Series, known: Iterable[str]) -> str:
    """Guess what the first few unknown words were to be; comparing all could take minutes."""
    words = list(dict.fromkeys(known))
    near = {word: difflib.get_close_matches(word, words, n=1) for word in given.unique()[:_GUESSED]}
    pairs = [f"{found[0]} for {word}" for word, found in near.items() if found]
    return f"{_AS_GIVEN}; perhaps {', '.join(pairs)}" if pairs else _AS_GIVEN


__all__ = [
    "JOINED_BY",
    "cell_fault",
    "clean_codes",
    "match_units",
    "plain_streets",
    "plain_words",
    "repeated",
    "units_named",
]
