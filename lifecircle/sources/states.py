"""Words for whether a facility is in use -> in_use, idle, planned or closed."""

from __future__ import annotations

import re
from typing import Final

_STATES: Final = {
    # In this order: 停止使用 is closed, 未使用 is idle, though both hold 使用.
    "closed": (
        *(
            "停用",
            "停止",
            "停业",
            "停办",
            "停运",
            "停诊",
            "关闭",
            "关停",
            "注销",
            "撤销",
            "吊销",
            "废弃",
        ),
        *("拆除", "歇业", "倒闭", "暂停", "撤并", "不再", "closed"),
    ),
    "planned": (
        *(
            "在建",
            "规划",
            "筹建",
            "拟建",
            "建设中",
            "待建",
            "施工",
            "计划",
            "未建",
            "未开工",
            "筹备",
        ),
        *("planned", "construction"),
    ),
    "idle": (
        *(
            "闲置",
            "空置",
            "空闲",
            "未用",
            "未使用",
            "未启用",
            "未投用",
            "未投入",
            "未运营",
            "未运行",
        ),
        *("未营业", "未开放", "未开业", "idle", "vacant", "unused"),
    ),
    "in_use": (
        *(
            "在用",
            "使用",
            "正常",
            "运营",
            "运行",
            "营业",
            "开放",
            "在营",
            "开业",
            "投用",
            "启用",
            "存续",
        ),
        *("在业", "in_use", "inuse", "active", "open", "operating"),
    ),
}
_DENIED: Final = re.compile("[未不非没待拟曾]|not")  # 待启用, 拟投用, 曾使用: who can tell
_PARTLY: Final = ("部分", "半")
_OUT_OF_USE: Final = tuple(
    word for state, words in _STATES.items() if state != "in_use" for word in words
)
_NEGATED: Final = re.compile(  # 非闲置, 未停用: what it is instead is not said; 未施工 is planned
    rf"(?:[非不没无未]|没有|不[是会]|not)(?:{'|'.join(w for w in _OUT_OF_USE if w != '施工')})"
)
# Between the words of a list of which none is chosen, and before what is said of a part.
_CHOICES: Final = re.compile(r"[/\\|,;、。()□☐☑☒✓✔√■○●]|或")
_YES_NO: Final = {
    **dict.fromkeys(("是", "有", "true", "yes", "y", "1", "√", "✓"), "in_use"),
    **dict.fromkeys(("否", "false", "no", "n", "0", "×"), "idle"),
}


def state_of(cell: str) -> str | None:
    """Say whether a facility is in use, idle, planned or closed.

    Parameters
    ----------
    cell
        What a ledger says, in plain form (`lifecircle.sources.fields.plain`).

    Returns
    -------
    str or None
        A word of `lifecircle.tables.FACILITY_STATUS`; None where it is unknown, denied (非闲置),
        or one of several of which none is chosen (在用/闲置).

    Examples
    --------
    >>> [state_of(cell) for cell in ("正常使用", "未使用", "停用、拆除", "非闲置", "在用/闲置")]
    ['in_use', 'idle', 'closed', None, None]
    """
    if cell in _YES_NO:
        return _YES_NO[cell]
    told = [(part, _part_state(part)) for part in _CHOICES.split(cell) if part]
    states = [state for _, state in told]
    if "in_use" not in states:
        return next((state for state in _STATES if state in states), None)
    doubt = any(w in part for part, state in told if state != "in_use" for w in _OUT_OF_USE)
    return None if doubt or _DENIED.search(cell) else "in_use"


def _part_state(part: str) -> str | None:
    if _NEGATED.search(part):
        return None
    state = next((s for s, words in _STATES.items() if any(w in part for w in words)), None)
    if state in ("idle", "closed") and part.startswith(_PARTLY):
        return None  # what is left of it serves somebody
    return None if state not in (None, "in_use") and "在用" in part else state


__all__ = ["state_of"]
