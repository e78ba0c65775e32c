"""Kinds of facility: one shared vocabulary, what ledgers call them, and what they also count for.

The vocabulary is ``kinds.toml``. A county may change it in one place, ``[standard.kinds.KEY]``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from lifecircle.errors import Fault
from lifecircle.standards.labels import Labelled, fold_word


class Kind(Labelled):
    """A kind of facility: its names, its OSM tags, its look on the map.

    Parameters
    ----------
    osm
        Tag rules; an object is of the kind if any rule holds. A rule is ``key=value``,
        ``key=a|b``, ``key=*``, or several joined by ``&``.
    color
        ``#rrggbb``.
    symbol
        One character drawn in the marker.
    group
        ``utility``, ``commerce`` or ``public``.
    words
        What ledgers call it, beside its key and names: 村卫生室, 邮政所.
    part_of
        Wider kinds that a facility of this kind also counts for: a library is also culture.

    Examples
    --------
    >>> Kind(zh="邮政", en="Post", osm=("amenity=post_office",), color="#00695c", symbol="邮")
    Kind(zh='邮政', en='Post', group='public', osm=('amenity=post_office',), ...)
    """

    group: Literal["utility", "commerce", "public"] = "public"
    osm: tuple[str, ...] = ()
    color: str = Field(default="#546e7a", pattern=r"^#[0-9a-fA-F]{6}$")
    symbol: str = Field(default="•", min_length=1, max_length=1)
    words: tuple[str, ...] = ()
    part_of: tuple[str, ...] = ()

    @field_validator("osm")
    @classmethod
    def _rules_parse(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            parse_rule(rule)
        return rules

    @field_validator("words")
    @classmethod
    def _words_say_something(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if not all(fold_word(word) for word in words):
            raise ValueError("a word is blank")
        return words

    def names(self) -> tuple[str, ...]:
        """Give all that people call it: Chinese and English name, then its words."""
        return (self.zh, self.en, *self.words)


def parse_rule(rule: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Read a tag rule: ``"a=b|c & d=*"`` -> ``(("a", {"b", "c"}), ("d", {"*"}))``.

    Parameters
    ----------
    rule
        ``key=value`` parts joined by ``&``; values joined by ``|``; ``*`` is any value.

    Returns
    -------
    tuple
        Conditions that must all hold; an empty set of values never occurs.

    Raises
    ------
    ValueError
        A part has no ``=``, no key or no value.

    Examples
    --------
    >>> parse_rule("amenity=post_office")
    (('amenity', frozenset({'post_office'})),)
    """
    conditions = []
    for part in rule.split("&"):
        key, equals, values = part.strip().partition("=")
        words = frozenset(value.strip() for value in values.split("|") if value.strip())
        if not (equals and key.strip() and words):
            raise ValueError(f"tag rule {rule!r} must look like 'key=value' or 'key=a|b & key=*'")
        conditions.append((key.strip(), words))
    return tuple(conditions)


@cache
def shared_kinds() -> Mapping[str, Kind]:
    """Give the shared vocabulary of kinds, by key.

    Examples
    --------
    >>> shared_kinds()["post"].zh
    '邮政'
    """
    return {key: Kind.model_validate(entry) for key, entry in read_toml("kinds.toml").items()}


def read_toml(name: str) -> dict[str, Any]:
    """Read a TOML file that ships beside this module.

    Parameters
    ----------
    name
        Its file name.
    """
    return tomllib.loads((resources.files(__package__) / name).read_text(encoding="utf-8"))


def wider_kinds(kinds: Mapping[str, Kind], kind: str) -> frozenset[str]:
    """Give every kind that a facility of `kind` also counts for, directly or through another.

    Parameters
    ----------
    kinds
        The vocabulary.
    kind
        A key of it.

    Raises
    ------
    KeyError
        The vocabulary does not know `kind`.

    Examples
    --------
    >>> sorted(wider_kinds(shared_kinds(), "food_market"))
    ['food_supply', 'retail']
    """
    found: set[str] = set()
    ahead = list(kinds[kind].part_of)
    while ahead:
        key = ahead.pop()
        if key not in found:
            found.add(key)
            ahead.extend(kinds[key].part_of)
    return frozenset(found)


def word_table(kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Give the kind that each word means: keys, names in both languages, and ledgers' words.

    Parameters
    ----------
    kinds
        The vocabulary. Of two kinds that claim a word the first gets it; a key comes before all.

    Returns
    -------
    dict
        Words in the form of `fold_word` -> key.

    Examples
    --------
    >>> word_table(shared_kinds())["村卫生室"]
    'village_clinic'
    """
    table = {fold_word(key): key for key in kinds}
    for key, kind in kinds.items():
        for word in kind.names():
            table.setdefault(fold_word(word), key)
    return table


def merge_kinds(
    own: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Kind], dict[str, str], list[Fault]]:
    """Lay a county's own kinds over the shared vocabulary.

    A field that the county gives replaces the kind's own, except ``words``: these are added to
    those it has, or replace them with ``words_replace = true``. A word that the county gives to a
    kind is taken from the shared kind that had it.

    Parameters
    ----------
    own
        Key -> fields of a new kind, or fields to change in a known one.

    Returns
    -------
    tuple
        All sound kinds by key, the shared ones first; the folded words that the county claims ->
        key; and all faults: a field is unknown or malformed, ``part_of`` names an unknown kind or
        runs in a circle, a word is another kind's key or is claimed by two of the county's kinds.

    Examples
    --------
    >>> kinds, words, faults = merge_kinds({"clinic": {"words": ["健康小屋"]}})
    >>> "诊所" in kinds["clinic"].words, words, faults
    (True, {'健康小屋': 'clinic'}, [])
    """
    kinds = dict(shared_kinds())
    faults: list[Fault] = []
    for key, fields in own.items():
        try:
            kinds[key] = Kind.model_validate(_with_words(kinds.get(key), fields))
        except ValidationError as error:
            faults.extend(
                Fault(
                    f"[standard.kinds.{key}]",
                    f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}",
                    "correct it as in the README's example",
                )
                for e in error.errors()
            )
    words, wrong = _claims(kinds, own)
    return kinds, words, [*faults, *_family_faults(kinds, own), *wrong]


def _with_words(known: Kind | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    new = dict(fields)
    replace = new.get("words_replace", False)
    if isinstance(replace, bool):  # anything else is left for the model to refuse
        new.pop("words_replace", None)
    if known is None:
        return new
    words = new.get("words", ())
    if replace is True:
        new.setdefault("words", ())
    elif isinstance(words, list | tuple) and all(isinstance(word, str) for word in words):
        has = {fold_word(word) for word in known.names()}
        new["words"] = (*known.words, *(word for word in words if fold_word(word) not in has))
    return {**known.model_dump(), **new}


def _family_faults(kinds: Mapping[str, Kind], own: Iterable[str]) -> list[Fault]:
    named = {*kinds, *own}  # a kind of the county's that is at fault itself is no unknown one
    faults = [
        Fault(f"[standard.kinds.{key}] part_of", f"unknown kind {name!r}", f"use one of {[*kinds]}")
        for key, kind in kinds.items()
        for name in kind.part_of
        if name not in named
    ]
    try:
        TopologicalSorter({key: kind.part_of for key, kind in kinds.items()}).prepare()
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        what = f"part_of runs in a circle: {ring}"
        faults.append(Fault("[standard.kinds]", what, "leave out one of these steps"))
    return faults


def _claims(kinds: Mapping[str, Kind], own: Iterable[str]) -> tuple[dict[str, str], list[Fault]]:
    """Give the words that the county's file gives to a kind, beyond what the vocabulary says."""
    keys = {fold_word(key): key for key in kinds}
    words: dict[str, str] = {}
    faults = []
    for key in own:
        if key not in kinds:
            continue  # its fields are at fault
        shared = shared_kinds().get(key)
        before = {fold_word(word) for word in shared.names()} if shared else set()
        for word in dict.fromkeys(fold_word(name) for name in kinds[key].names()):
            other = keys.get(word, words.get(word, key))
            if word not in before and other != key:
                what = f"{word!r} already means {other!r}"
                faults.append(Fault(f"[standard.kinds.{key}]", what, "choose another word"))
            elif word not in before:
                words[word] = key
    return words, faults
