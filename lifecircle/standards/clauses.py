"""Sources and clauses in the reader's language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

from lifecircle.standards.kinds import shared_kinds
from lifecircle.standards.labels import Lang

# Where a text falls into parts, the looser first, and what stands there in Chinese.
_JOINTS: Final = (("; ", "；"), (": ", "："), (", ", "，"))
_PATTERNS: Final = (
    (r"plan box (\d+), (?:action )?(\d+)", r"方案专栏\1第\2项"),
    (r"plan box (\d+)", r"方案专栏\1"),
    (r"box (\d+), (?:action )?(\d+)", r"专栏\1第\2项"),
    (r"box (\d+)", r"专栏\1"),
    (r"plan (\[\d+\](?:, \[\d+\])*)", r"方案任务\1"),
    (r"plan (\[\d+\](?:, \[\d+\])*), box (\d+), (?:action )?(\d+)", r"方案任务\1、专栏\2第\3项"),
    (r"(\[\d+\])", r"任务\1"),
    (r"(\d+) minutes from (\[\d+\])", r"\1分钟取自任务\2"),
    (r"(\d+) minutes as in (\[\d+\])", r"\1分钟同任务\2"),
    (r"(\d+) minutes on foot", r"步行\1分钟"),
    (r"(\d+) minutes are the level's own", r"按该级别的\1分钟计"),
    (r"(\d+) minutes are ours", r"\1分钟为本项目取值"),
    (r"(\d+) minutes", r"\1分钟"),
    (r"(\d+)-minute level", r"\1分钟级"),
    (r"radius (\d+) m", r"服务半径\1米"),
    (r"(?:about )?([\d-]+) m on foot", r"步行\1米"),
    (r"(\d+) m", r"\1米"),
    (r"([\d -]+) residents", r"\1人"),
    (r"(\d+) %", r"\1%"),
    (r"([\d-]+) or ([\d-]+)", r"\1或\2"),
)


def clause(source: str, lang: Lang = "zh") -> str:
    """Give a source or clause of a standard in one language.

    Parameters
    ----------
    source
        As the standards' files have it, in English; a county's own text stays as it is.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        In Chinese ``[11]`` is the plan's task of that number (任务), and a box its 专栏. Parts that
        are not catalogued stay in English.

    Examples
    --------
    >>> clause("plan box 5, action 11: 30 minutes; on foot is ours, the plan names no mode")
    '方案专栏5第11项：30分钟；按步行计为本项目口径，方案未规定出行方式'
    >>> clause("GB 50180-2018, 5-minute level: 幼儿园, radius 300 m")
    'GB 50180-2018，5分钟级：幼儿园，服务半径300米'
    >>> clause("plan [14]", "en")
    'plan [14]'
    """
    return source if lang == "en" else _chinese(source)


@cache
def _chinese(text: str) -> str:
    known = _whole(text)
    if known is not None:
        return known
    own = re.fullmatch(r"(.+): ours", text)
    if own and "; " not in text:
        return f"{_chinese(own[1])}（本项目口径）"
    aside = re.fullmatch(r"(.+) \((.+)\)", text)
    if aside and not re.search("[;:] ", aside[1]):
        return f"{_chinese(aside[1])}（{_chinese(aside[2])}）"
    for joint, chinese in _JOINTS:
        before, found_joint, after = text.partition(joint)
        if found_joint:
            return f"{_chinese(before)}{chinese}{_chinese(after)}"
    return text


def _whole(text: str) -> str | None:
    """Give a part in Chinese that falls into no further parts; None where it is not known."""
    known = _phrases().get(text)
    if known is not None:
        return known
    for pattern, chinese in _PATTERNS:
        found = re.fullmatch(pattern, text)
        if found:
            return found.expand(chinese).replace("], [", "]、[")
    kind = re.fullmatch(r"taken as (\w+)", text)
    if kind and kind[1] in shared_kinds():
        return f"以“{shared_kinds()[kind[1]].zh}”计"
    return None


@cache
def _phrases() -> dict[str, str]:
    file = resources.files(__package__) / "clauses.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
