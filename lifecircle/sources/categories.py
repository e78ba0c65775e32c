"""Category words of ledgers -> kinds: the county's own words, then those that the kinds know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from lifecircle.errors import Fault
from lifecircle.sources.attributes import Ledgered
from lifecircle.sources.columns import as_text
from lifecircle.sources.fields import plain
from lifecircle.standards import Kind
from lifecircle.tables import first

_BRACKETS: Final = re.compile(r"[(\[【〔][^)\]】〕]*[)\]】〕]?")
_JOINTS: Final = re.compile(r"[、/;,，；+&|]|\s和\s")
_ENDINGS: Final = re.compile(r"(?:类|设施|机构|场所|网点|服务点)$")
_NOT_MEANT: Final = ""


@dataclass(frozen=True)
class Kinds:
    """What the category words of a ledger mean.

    Parameters
    ----------
    keys
        Kind per row; missing where a row has none, or none that is meant.
    words
        The ledger's own word where it is not simply the kind's name; else missing.
    left_out
        True for rows of categories that no kind knows, or that are not meant.
    unmapped
        Word -> count of the categories that no kind knows.
    faults
        Rows without category, or with several; as a warning, categories that no kind knows.
    """

    keys: pd.Series
    words: pd.Series
    left_out: pd.Series
    unmapped: pd.Series
    faults: list[Fault]


def vocabulary(
    words: Mapping[str, str], kinds: Mapping[str, Kind]
) -> tuple[dict[str, str], list[Fault]]:
    """Give the kind of every known word, in plain form.

    Parameters
    ----------
    words
        The county's own words; they go first. An empty kind: rows of this category are not meant.
    kinds
        The standard's kinds: key, names, and further words.

    Returns
    -------
    known, faults
        Word -> key, or an empty text; words whose kind there is not.

    Examples
    --------
    >>> from lifecircle.standards import shared_kinds
    >>> known, _ = vocabulary({"小卖部": "retail"}, shared_kinds())
    >>> known["小卖部"], known["邮政"]
    ('retail', 'post')
    """
    known: dict[str, str] = {}
    # A key says most surely what is meant, then a name, then a further word.
    for key, kind in kinds.items():
        known |= {plain(w): key for w in getattr(kind, "words", ()) if plain(w) not in known}
    known |= {plain(kind.en): key for key, kind in kinds.items()}
    known |= {plain(kind.zh): key for key, kind in kinds.items()}
    known |= {plain(key): key for key in kinds}
    own, faults = {}, []
    for word, meant in words.items():
        if meant and plain(meant) not in known:
            what = f"{word!r} is {meant!r}, which is no kind"
            remedy = f"use one of {first(list(kinds), 60)}"
            faults.append(Fault("[facilities.words]", what, remedy))
        else:
            own[plain(word)] = known[plain(meant)] if meant else _NOT_MEANT
    return known | own, faults


def read_kinds(
    ledger: Ledgered, declared: str | None, words: Mapping[str, str], kinds: Mapping[str, Kind]
) -> Kinds:
    """Find the kind of every row of a ledger.

    Parameters
    ----------
    ledger
        The ledger.
    declared
        The kind of all rows, where the county file names it.
    words, kinds
        As for `vocabulary`.

    Returns
    -------
    Kinds
    """
    index = ledger.table.index
    known, faults = vocabulary(words, kinds)
    none = pd.Series(None, index=index, dtype="str")
    nothing = pd.Series(name="count", index=pd.Index([], name="word", dtype="str"), dtype="int64")
    nowhere = pd.Series(data=False, index=index)
    cells = as_text(ledger.column("kind")) if "kind" in ledger.fields else none
    if declared is not None:
        key = known.get(plain(declared))
        if not key:
            what, remedy = f"kind = {declared!r} is no kind", f"use one of {first(list(kinds), 60)}"
            faults.append(Fault(ledger.label, what, remedy, sheet=ledger.sheet))
        return Kinds(
            pd.Series(key or None, index=index, dtype="str"), cells, nowhere, nothing, faults
        )
    if "kind" not in ledger.fields:
        return Kinds(none, none, nowhere, nothing, [*faults, _no_column(ledger)])
    told = {cell: _kinds_in(cell, known) for cell in cells.dropna().unique()}
    several = cells.isin([cell for cell, found in told.items() if len(found) > 1])
    unknown = cells.isin([cell for cell, found in told.items() if not found])
    single = {cell: next(iter(found)) for cell, found in told.items() if len(found) == 1}
    keys = cells.map(single).astype("str")
    if cells.isna().any():
        remedy = "say what the facility is"
        faults.append(ledger.fault("kind", "is empty", remedy, cells.isna()))
    if several.any():
        remedy = "give one, or a row for each"
        faults.append(ledger.fault("kind", "names several kinds", remedy, several))
    unmapped = cells[unknown].value_counts().rename_axis("word")
    if len(unmapped):
        counts = [f"{word} ({count})" for word, count in unmapped.items()]
        what = f"has categories of no kind, which are left out: {first(counts, 20)}"
        remedy = f'add them under [facilities.words]: "{unmapped.index[0]}" = "KIND"'
        faults.append(ledger.fault("kind", what, remedy, unknown, "warning"))
    plainly = {plain(n) for key, kind in kinds.items() for n in (key, kind.zh, kind.en)}
    own = cells.mask(cells.map({cell: plain(cell) in plainly for cell in told}).eq(other=True))
    left_out = unknown | (keys == _NOT_MEANT)
    return Kinds(keys.mask(left_out), own, left_out, unmapped, faults)


def _kinds_in(cell: str, known: Mapping[str, str]) -> set[str]:
    """Give the kinds that a category names: as it stands, without brackets, or as a list."""
    found = _kind_of(cell, known)
    if found is not None:
        return {found}
    parts = [part for part in _JOINTS.split(cell) if part.strip()]
    if len(parts) < 2:
        return set()
    every = [_kind_of(part, known) for part in parts]
    # 邮政、奶茶: which of the two it is cannot be told, even if only one is known.
    if all(kind is None for kind in every):
        return set()
    return {kind or f"?{part}" for kind, part in zip(every, parts, strict=True)}


def _kind_of(cell: str, known: Mapping[str, str]) -> str | None:
    word = plain(cell)
    bare = _BRACKETS.sub("", word)
    return next(
        (known[form] for form in (word, bare, _ENDINGS.sub("", bare)) if form and form in known),
        None,
    )


def _no_column(ledger: Ledgered) -> Fault:
    has = first(ledger.all_columns or ["none"], 30)
    remedy = 'name it: columns = { kind = ".." }; or, if all rows are of one kind, kind = ".."'
    what = f"has no column of categories (类别, kind); its columns: {has}"
    return Fault(ledger.label, what, remedy, sheet=ledger.sheet)


__all__ = ["Kinds", "read_kinds", "vocabulary"]
