"""What every record of a standard shares: frozen, named in two languages, and flagged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Flag = Literal["confirmed", "secondary", "ours", "unverified"]
Setting = Literal["urban", "township", "rural"]
Unit = Literal["minutes", "metres"]
Lang = Literal["zh", "en"]

SURENESS: Final[tuple[Flag, ...]] = ("confirmed", "secondary", "ours", "unverified")
"""Flags, the surest first. A choice of ours is declared, and so surer than what is recalled only
(the order is ours)."""

OWN_SOURCE: Final = "the county's own file"


class Frozen(BaseModel):
    """A record that cannot be changed and has no other fields than its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Labelled(Frozen):
    """Something with a name in Chinese and in English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def label(self, lang: Lang) -> str:
        """Give the name in one language (``"zh"`` or ``"en"``)."""
        return self.zh if lang == "zh" else self.en


def verdict_flag(passed: bool, flags_met: Iterable[Flag], flags_failed: Iterable[Flag]) -> Flag:  # noqa: FBT001
    """Tell how surely a verdict is known, from the flags of the thresholds behind it.

    One requirement that fails is enough for a fail, so a fail is as sure as the surest threshold
    that failed. A pass needs them all, so it is only as sure as the least sure one. The order is
    that of `SURENESS`: confirmed, secondary, ours, unverified.

    Parameters
    ----------
    passed
        The verdict.
    flags_met
        Flags of the requirements that are met; of a pass these are all.
    flags_failed
        Flags of the requirements that are not met; they decide a fail alone.

    Returns
    -------
    str
        The flag that decides.

    Raises
    ------
    ValueError
        A verdict without any requirement behind it, or a pass despite one that is not met.

    Examples
    --------
    >>> verdict_flag(True, ["confirmed", "unverified"], [])
    'unverified'
    >>> verdict_flag(False, ["confirmed"], ["unverified", "secondary"])
    'secondary'
    """
    met, failed = list(flags_met), list(flags_failed)
    if passed and failed:
        raise ValueError("a pass has no requirement that is not met")
    deciding = met if passed else failed
    if not deciding:
        raise ValueError("no requirement decides this verdict")
    ranks = [SURENESS.index(flag) for flag in deciding]
    return SURENESS[max(ranks) if passed else min(ranks)]


def fold_word(word: str) -> str:
    """Give a category word in the form by which ledgers' words are looked up.

    Full-width letters and brackets become plain ones (NFKC), case is folded, runs of blanks
    become one blank, and blanks beside Chinese characters go.

    Parameters
    ----------
    word
        As somebody typed it.

    Returns
    -------
    str
        Empty if nothing is left.

    Examples
    --------
    >>> fold_word(" 社区 服务中心（街道级） "), fold_word("Post  Office")
    ('社区服务中心(街道级)', 'post office')
    """
    folded, before = word, None
    while folded != before:  # what one step brings together may compose, or part, in the next
        before = folded
        plain = unicodedata.normalize("NFKC", folded).casefold()
        plain = re.sub(r"\s+", " ", plain).strip()
        folded = re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", plain)
    return folded
