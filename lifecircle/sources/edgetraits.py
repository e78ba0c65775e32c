"""What the edges of a graph or a table say of themselves beside their class, in OSM's own words."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

import numpy as np

from lifecircle.sources.walkrule import is_barred_to_wheelchairs, is_bridge, is_unpaved

EDGE_TAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "unpaved": ("surface", "tracktype"),
    "bridge": ("bridge", "tunnel"),
    "wheelchair_no": ("wheelchair",),
}
"""Trait -> the tags that say, beside the class, whether an edge has it."""

_RULES: Final[Mapping[str, Callable[[Mapping[str, str]], bool]]] = {
    "unpaved": is_unpaved,
    "bridge": is_bridge,
    "wheelchair_no": is_barred_to_wheelchairs,
}
_FLAGS: Final = {
    **dict.fromkeys(("true", "1", "1.0", "是"), True),
    **dict.fromkeys(("false", "0", "0.0", "否"), False),
}
_NOTHING: Final = frozenset({"", "none", "nan", "<na>"})


def edge_traits(edges: Iterable[Mapping[str, Any]]) -> dict[str, list[bool]]:
    """Tell which edges are unpaved, bridges or tunnels, or closed to wheelchairs.

    An attribute named like the trait decides if it is true or false; else OSM's tags do, by the
    rules of `lifecircle.sources.walkrule`. Of several ways merged into one edge the first surface
    counts, any bridge or tunnel, and any bar to wheelchairs.

    Parameters
    ----------
    edges
        The attributes of each: as osmnx gives them, or as it writes them to a table.

    Returns
    -------
    dict
        Trait -> one bool per edge; only those traits that some edge says something of.

    Examples
    --------
    >>> edge_traits([{"highway": "path", "surface": ["sand", "asphalt"]}, {"highway": "path"}])
    {'unpaved': [True, False]}
    """
    rows = list(edges)
    told = {trait: [_has(trait, row) for row in rows] for trait in EDGE_TAGS}
    return {
        trait: [bool(flag) for flag in flags]
        for trait, flags in told.items()
        if any(flag is not None for flag in flags)
    }


def flag_of(value: object) -> bool | None:
    """Give what a value says if it is true or false, also as text or number; else None.

    Examples
    --------
    >>> flag_of("True"), flag_of(0), flag_of("viaduct")
    (True, False, None)
    """
    return _FLAGS.get(str(value).strip().casefold())


def _has(trait: str, row: Mapping[str, Any]) -> bool | None:
    """Tell whether an edge has a trait; None where nothing of it says so."""
    if trait in row and (said := flag_of(row[trait])) is not None:
        return said
    # Most edges say nothing: they are to cost next to nothing.
    tags = {key: text for key in EDGE_TAGS[trait] if key in row and (text := _word(row[key], key))}
    if not tags and trait != "unpaved":
        return None
    highway = _word(row.get("highway"), "highway")
    if not tags and highway != "track":
        return None
    return _RULES[trait]({"highway": highway, **tags})


def _word(value: object, key: str) -> str:
    """Give a tag's value, of several the one that counts; empty where there is none."""
    if isinstance(value, str):
        if not value.startswith("["):
            return "" if value.strip().casefold() in _NOTHING else value.strip()
        with contextlib.suppress(SyntaxError, ValueError):  # a list that was written to a table
            value = ast.literal_eval(value)
    several = isinstance(value, list | tuple | np.ndarray)  # Parquet gives lists as arrays
    words = [str(word).strip() for word in (cast("Any", value) if several else [value])]
    words = [word for word in words if word.casefold() not in _NOTHING]
    if key in {"bridge", "tunnel"}:
        words.sort(key=lambda word: word == "no")
    elif key == "wheelchair":
        words.sort(key=lambda word: word != "no")
    return words[0] if words else ""
