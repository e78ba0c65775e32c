"""Why two figures are no two of one kind, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.standards import Lang

Asked = Mapping[tuple[str, str], tuple[Any, ...]]
"""What is asked for, by circle and kind: limit, its unit, settings, share of a community."""

_WORDS: Final[dict[str, dict[Lang, str]]] = {
    "only_before": {"zh": "仅前次评价", "en": "judged by the run before only"},
    "only_after": {"zh": "仅本次评价", "en": "judged by the run after only"},
    "unit_before": {"zh": "仅前次有此单元", "en": "unit of the run before only"},
    "unit_after": {"zh": "仅本次有此单元", "en": "unit of the run after only"},
    "none_before": {"zh": "前次无已知设施", "en": "no facility known before"},
    "none_after": {"zh": "本次无已知设施", "en": "no facility known after"},
    "apart": {"zh": "口径不同：{ways}", "en": "not comparable: {ways}"},
    "limit": {"zh": "阈值 {one} → {two}", "en": "threshold {one} → {two}"},
    "settings": {"zh": "适用类型 {one} → {two}", "en": "settings {one} → {two}"},
    "share": {"zh": "达标比例 {one} → {two}", "en": "share of a covered community {one} → {two}"},
    "minutes": {"zh": "分钟", "en": "min"},
    "metres": {"zh": "米", "en": "m"},
    "comma": {"zh": "、", "en": ", "},
    "semicolon": {"zh": "；", "en": "; "},
}


@dataclass(frozen=True)
class Differing:
    """What two runs ask for, and how a difference is told.

    Parameters
    ----------
    before, after
        What they ask for.
    lang
        Language.
    """

    before: Asked
    after: Asked
    lang: Lang

    def word(self, key: str, **values: str) -> str:
        """Give a text with its places filled in."""
        return _WORDS[key][self.lang].format(**values)

    def joined(self, text: str, key: str) -> str:
        """Add a word to a note that may be empty."""
        return self.word("semicolon").join(filter(None, (text, self.word(key))))

    def notes(
        self,
        index: pd.MultiIndex,
        held_before: npt.NDArray[np.bool_],
        held_after: npt.NDArray[np.bool_],
    ) -> pd.Series:
        """Say of which rows the two figures are no two of one kind; empty where they are.

        Parameters
        ----------
        index
            Scope, circle, kind and denominator of rows of coverage.
        held_before, held_after
            Which rows the runs have.
        """
        keys = (index.get_level_values(name) for name in ("circle", "kind", "denominator"))
        told = [
            self.requirement(circle, kind, denominator) or self._unit(one=one, two=two)
            for circle, kind, denominator, one, two in zip(
                *keys, held_before, held_after, strict=True
            )
        ]
        return pd.Series(told, index, dtype=object)

    def requirement(self, circle: str, kind: str, denominator: str = "population") -> str:
        """Say why a requirement of both runs is not compared; empty where it is."""
        one, two = self.before.get((circle, kind)), self.after.get((circle, kind))
        if one is None or two is None:
            return self.word("only_after" if one is None else "only_before")
        ways = []
        if one[:2] != two[:2]:
            ways.append(self.word("limit", one=self._limit(*one[:2]), two=self._limit(*two[:2])))
        if one[2] != two[2]:
            told = [self.word("comma").join(how[2]) for how in (one, two)]
            ways.append(self.word("settings", one=told[0], two=told[1]))
        if denominator == "communities" and one[3] != two[3]:
            ways.append(self.word("share", one=f"{one[3]:g}", two=f"{two[3]:g}"))
        return self.word("apart", ways=self.word("semicolon").join(ways)) if ways else ""

    def _unit(self, *, one: bool, two: bool) -> str:
        if one and two:
            return ""
        return self.word("unit_before" if one else "unit_after")

    def _limit(self, limit: float, unit: str) -> str:
        return f"{limit:g} {self.word(unit)}"
