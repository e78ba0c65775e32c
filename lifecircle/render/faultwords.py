"""What faults say, in Chinese: a catalogue of sentences with places for names and numbers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

from lifecircle.datum import DATUMS
from lifecircle.errors import Fault
from lifecircle.sources.fields import fields_of

_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
# What Python's repr makes of a text; the two quotation marks are the same.
_QUOTED: Final = re.compile(r"""(['"])(.*)\1""", re.DOTALL)
_MORE: Final = re.compile(r"(.*?)(?: and (\d+) more)?", re.DOTALL)
_ROW: Final = re.compile(r"\brow (\d+)(?: \(([^()]*)\))?")
# Between items: not within quotation marks, nor within brackets.
_ITEM: Final = re.compile(r""", (?=(?:[^'"]|'[^']*'|"[^"]*")*$)(?![^()]*\))""")
_OR: Final = re.compile(r" or (?=\S+$)")


@dataclass(frozen=True)
class Sentence:
    """An English sentence with places, and the same in Chinese.

    Parameters
    ----------
    en
        As the code writes it, with ``{places}``.
    zh
        With the same places; ``{place:list}`` and the like say how a value is told.
    pattern
        What `en` matches.
    """

    en: str
    zh: str
    pattern: re.Pattern[str]

    def told(self, sentence: str) -> str | None:
        """Give the Chinese of one sentence; None where it is another, or a place is not known."""
        found = self.pattern.fullmatch(sentence)
        if found is None:
            return None
        values = {
            name: _TELL[how](found[name]) if name in found.re.groupindex else None
            for name, how in _PLACE.findall(self.zh)
        }
        if None in values.values():
            return None
        return _PLACE.sub(lambda place: values[place[1]] or "", self.zh)


@dataclass(frozen=True)
class Catalogue:
    """All sentences, the most literal first.

    Parameters
    ----------
    sentences
        Of what is wrong, and of remedies.
    values
        English of a sentence -> how its values are told; other values stand as they are.
    remedies
        English of a sentence -> the remedy in Chinese, whatever the English one says.
    words
        Single words that stand in places.
    places
        What faults call a place that is no file.
    """

    sentences: tuple[Sentence, ...]
    values: Mapping[str, tuple[Sentence, ...]]
    remedies: Mapping[str, str]
    words: Mapping[str, str]
    places: Mapping[str, str]

    def find(self, sentence: str) -> tuple[Sentence, str] | None:
        """Find a sentence, and give its Chinese."""
        for entry in self.sentences:
            zh = entry.told(sentence)
            if zh is not None:
                return entry, zh
        return None


def in_chinese(fault: Fault) -> Fault:
    """Tell a fault in Chinese; what is not catalogued stays as it is.

    Parameters
    ----------
    fault
        A fault of any input.

    Returns
    -------
    Fault
        The same with ``what``, ``remedy``, and those values that are words of the code's own.

    Examples
    --------
    >>> told = in_chinese(Fault("a.csv", "holds no row", "give a header and at least one row"))
    >>> told.what, told.remedy
    ('没有数据行', '请保留表头，并至少填写一行数据')
    """
    known = catalogue()
    found = known.find(fault.what)
    if found is None:
        return replace(fault, remedy=chinese(fault.remedy))
    entry, what = found
    forms = known.values.get(entry.en, ())
    values = tuple(_told(value, forms) for value in fault.values) if forms else fault.values
    remedy = known.remedies.get(entry.en) or chinese(fault.remedy)
    return replace(fault, what=what, remedy=remedy, values=values)


def chinese(sentence: str) -> str:
    """Give a catalogued sentence in Chinese, any other as it is.

    Parameters
    ----------
    sentence
        One sentence of a fault, in English.

    Examples
    --------
    >>> chinese("has several sheets with data: 甲镇, 乙镇 and 3 more")
    '有多个工作表含有数据：甲镇、乙镇等，另有3项'
    """
    found = catalogue().find(sentence)
    return sentence if found is None else found[1]


def field_zh(name: str) -> str:
    """Give the Chinese name of a field of a ledger; a column's own name as it is.

    Parameters
    ----------
    name
        Key of `lifecircle.sources.fields.fields_of`, or a column.

    Examples
    --------
    >>> field_zh("beds"), field_zh("床位")
    ('床位数', '床位')
    """
    known = (fields_of(table).get(name) for table in ("facilities", "units"))
    field = next((field for field in known if field is not None), None)
    return name if field is None else field.zh


@cache
def catalogue() -> Catalogue:
    """Read the catalogue that comes with the package."""
    folder = resources.files(__package__) / "templates"
    file = tomllib.loads((folder / "faults.toml").read_text(encoding="utf-8"))
    values = {en: read_sentences(forms) for en, forms in file["values"].items()}
    others = (file[name] for name in ("remedies", "words", "places"))
    return Catalogue(read_sentences(file["sentences"]), values, *others)


def read_sentences(entries: Mapping[str, str]) -> tuple[Sentence, ...]:
    """Read sentences of a catalogue, the most literal first.

    Parameters
    ----------
    entries
        English with ``{places}`` -> Chinese with the same.
    """
    found = [Sentence(en, zh, _pattern(en)) for en, zh in entries.items()]
    return tuple(sorted(found, key=lambda entry: (-len(_PLACE.sub("", entry.en)), entry.en)))


def _told(value: str, forms: tuple[Sentence, ...]) -> str:
    return next((zh for form in forms if (zh := form.told(value)) is not None), value)


def _pattern(sentence: str) -> re.Pattern[str]:
    text, end = "", 0
    for place in _PLACE.finditer(sentence):
        text += re.escape(sentence[end : place.start()]) + f"(?P<{place[1]}>.+?)"
        end = place.end()
    return re.compile(text + re.escape(sentence[end:]), re.DOTALL)


# --- how the value of a place is told ---------------------------------------------------------


def _plain(value: str) -> str:
    """Set what is quoted in Chinese quotation marks; everything else stands as it is."""
    quoted = _QUOTED.fullmatch(value)
    return value if quoted is None else f"“{quoted[2]}”"


def _list(value: str, tell: Callable[[str], str] | None = None) -> str:
    """Tell ``a, b and 3 more`` as Chinese does, and rows by their number."""
    tell = tell or _item
    if value == "none":
        return "无"
    inside = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    found = _MORE.fullmatch(inside)
    head, more = (inside, None) if found is None else (found[1], found[2])
    items = [tell(item) for item in _ITEM.split(head)]
    rows = items[0].startswith("第")
    rest = "" if more is None else f"等，另有{more}{'处' if rows else '项'}"
    return "、".join(items) + rest


def _item(item: str) -> str:
    row = _ROW.match(item)
    if row is None:
        return _plain(item)
    called = f"（{row[2]}）" if row[2] else ""
    return f"第{row[1]}行{called}{_plain(item[row.end() :].strip())}"


def _pairs(value: str) -> str:
    """Tell a list of pairs: of the same facility, or of words and what they may stand for."""
    return _list(value, lambda pair: _told(pair, catalogue().values["pairs"]))


def _words(value: str) -> str:
    return _list(value, _word)


def _choice(value: str) -> str:
    """Tell ``a, b or c``."""
    return _words(_OR.sub(", ", value)).replace("、", "或")


def _word(value: str) -> str:
    return catalogue().words.get(value, _plain(value))


def _datum(value: str) -> str:
    """Name a datum by its key and its Chinese name."""
    return f"{value}（{DATUMS[value].zh}）" if value in DATUMS else value


def _known(value: str) -> str | None:
    """Tell a sentence within a sentence; None where it is not catalogued."""
    found = catalogue().find(value)
    return None if found is None else found[1]


_TELL: Final[Mapping[str, Callable[[str], str | None]]] = {
    "": _plain,
    "list": _list,
    "choice": _choice,
    "pairs": _pairs,
    "field": field_zh,
    "datum": _datum,
    "word": _word,
    "words": _words,
    "sentence": _known,
}

__all__ = [
    "Catalogue",
    "Sentence",
    "catalogue",
    "chinese",
    "field_zh",
    "in_chinese",
    "read_sentences",
]
