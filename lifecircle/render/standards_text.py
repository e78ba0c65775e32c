"""Standards in words: a table of them all, and one of them in full, as plain text."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from lifecircle.standards import (
    SURENESS,
    Flag,
    Lang,
    Requirement,
    Standard,
    Target,
    clause,
    limit_text,
    read_standard,
    standard_names,
)
from lifecircle.standards.targets import Complete, Coverage, Near, Present, Yes

FLAG_WORDS: Final[Mapping[Flag, tuple[str, str]]] = {
    "confirmed": ("已核实", "confirmed"),
    "secondary": ("二手来源", "secondary source"),
    "ours": ("本项目取值", "our choice"),
    "unverified": ("未核实", "unverified"),
}
_SETTINGS: Final = {
    "urban": ("城市社区", "urban"),
    "township": ("乡镇", "township"),
    "rural": ("农村", "rural"),
}
_SCOPES: Final = {
    "streets": ("街道", "streets"),
    "facilities": ("设施", "facilities"),
    "county": ("各县（市、区）合计", "each county"),
    "city": ("全市合计", "the city"),
}
_COMMUNITIES: Final = {
    ("urban",): ("城市社区", "urban communities"),
    ("rural",): ("村", "villages"),
    ("township", "rural"): ("村（含乡镇驻地）", "villages and town seats"),
    ("urban", "township"): ("城市社区和乡镇驻地", "urban communities and town seats"),
}
_RELATION: Final = {">=": "≥", "<=": "≤", "==": "="}
_WORDS: Final = {
    "source": ("依据", "Source"),
    "circles": ("生活圈", "circles"),
    "requirements": ("要求", "requirements"),
    "kind": ("设施", "Kind"),
    "limit": ("阈值", "Threshold"),
    "weight": ("权重", "Weight"),
    "size": ("设施规模", "Size of a facility"),
    "area": ("面积", "Area"),
    "floor": ("建筑面积", "floor"),
    "land": ("用地面积", "land"),
    "clause": ("条款或来源", "Clause or source"),
    "flag": ("核实状态", "Flag"),
    "where": ("适用范围", "Where"),
    "community": ("社区达标", "A community is covered"),
    "share": ("居民达标比例不低于 {:.0%}", "at {:.0%} of its residents or more"),
    "gaps": ("绘制缺口的设施", "Gaps are mapped of"),
    "priorities": ("优先类型", "What comes first"),
    "excluded": ("不评价的设施", "Not judged"),
    "not_judged": ("不评价", "not judged"),
    "changes": ("本县对标准的调整", "Changes by this county"),
    "targets": ("目标", "Targets"),
    "notes": ("说明", "Notes"),
    "flags": ("核实情况", "How surely values are known"),
}


def standards_table() -> pd.DataFrame:
    """List the shipped standards, with how surely their values are known.

    Returns
    -------
    DataFrame
        Index ``key``; columns ``zh``, ``en``, ``source``, ``circles`` and ``requirements``
        (counts), and one per flag: its share of all values, thresholds and sizes (0 to 1).

    Examples
    --------
    >>> standards_table().at["tdt1063-2021", "requirements"].item()
    9
    """
    rows = [_row(read_standard(name)) for name in standard_names()]
    return pd.DataFrame(rows).set_index("key")


def standards_list() -> str:
    """Print the shipped standards: name, counts, and how surely their values are known.

    Returns
    -------
    str
        Plain text in columns, in both languages; ends with a line break.
    """
    lines = []
    for key, row in standards_table().iterrows():
        counts = [f"{row[name]} {'/'.join(_WORDS[name])}" for name in ("circles", "requirements")]
        flags = [
            f"{row[flag]:.0%} {'/'.join(FLAG_WORDS[flag])}" for flag in SURENESS if row[flag] > 0
        ]
        names = f"{row['zh']} / {row['en']}"
        lines += [str(key), f"  {names}", f"  {', '.join([*counts, *flags])}"]
    return "\n".join(lines) + "\n"


def _row(standard: Standard) -> dict[str, Any]:
    counts = _flags(standard)
    return {
        "key": standard.key,
        "zh": standard.zh,
        "en": standard.en,
        "source": standard.source,
        "circles": len(standard.circles),
        "requirements": len(standard.requirements),
        **{flag: counts[flag] / counts.total() for flag in SURENESS},
    }


def _flags(standard: Standard) -> Counter[Flag]:
    counts: Counter[Flag] = Counter()
    for r in standard.requirements:
        counts.update(part.flag for part in (r, r.floor_m2, r.land_m2) if part is not None)
    return counts


def standard_text(standard: Standard, lang: Lang) -> str:
    """Print a standard in full: thresholds, clauses and flags, and what a county changed.

    Parameters
    ----------
    standard
        As `lifecircle.standards.read_standard` gives it.
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        Plain text in columns; Chinese characters count as two wide. Ends with a line break.

    Examples
    --------
    >>> print(standard_text(read_standard("tdt1063-2021"), "en").splitlines()[0])
    City examination of territorial spatial planning (coverage on foot) [tdt1063-2021]
    """
    sections = [
        _head(standard, lang),
        *(_circle(standard, circle, lang) for circle in standard.circles),
        _listed("gaps", (_kind(standard, key, lang) for key in standard.gap_kinds), lang),
        _priorities(standard, lang),
        _listed("excluded", _excluded(standard, lang), lang),
        _listed("changes", (change.label(lang) for change in standard.changes), lang),
        _targets(standard, lang),
        _listed("notes", (note.label(lang) for note in standard.notes), lang),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _word(name: str, lang: Lang) -> str:
    return _WORDS[name][lang == "en"]


def _sure(flag: Flag, source: str, lang: Lang) -> str:
    return f"[{_flag(flag, lang)}] {clause(source, lang)}"


def _flag(flag: Flag, lang: Lang) -> str:
    return FLAG_WORDS[flag][lang == "en"]


def _head(standard: Standard, lang: Lang) -> list[str]:
    counts = _flags(standard)
    told = [f"{_flag(flag, lang)} {counts[flag]}" for flag in SURENESS if counts[flag]]
    rule = standard.community
    share = _word("share", lang).format(rule.share)
    pairs = [
        (_word("source", lang), clause(standard.source, lang)),
        (_word("flags", lang), ("，" if lang == "zh" else ", ").join(told)),
        (
            _word("community", lang),
            f"{share} {_sure(rule.flag, rule.source, lang)}",
        ),
    ]
    return [f"{standard.label(lang)} [{standard.key}]", *_columns(pairs)]


def _circle(standard: Standard, key: str, lang: Lang) -> list[str]:
    circle, asked = standard.circles[key], standard.for_circle(key)
    where = ("、" if lang == "zh" else ", ").join(
        _SETTINGS[setting][lang == "en"] for setting in circle.settings
    )
    rows = [[_word(name, lang) for name in ("kind", "limit", "weight", "flag", "clause")]]
    for r in asked:
        limit = limit_text(r)[lang == "en"]
        kind = _kind(standard, r.kind, lang)
        rows.append([kind, limit, f"{r.weight:g}", _flag(r.flag, lang), clause(r.source, lang)])
    sizes = [row for r in asked for row in _sizes(standard, r, lang)]
    names = ("size", "area", "flag", "clause")
    if sizes:
        sizes = [[_word(name, lang) for name in names], *sizes]
    return [
        f"{circle.label(lang)} [{key}]",
        f"  {_word('where', lang)}: {where} {_sure(circle.flag, circle.source, lang)}",
        *_columns(rows),
        *_columns(sizes),
    ]


def _kind(standard: Standard, key: str, lang: Lang) -> str:
    return f"{standard.known[key].label(lang)} ({key})"


def _sizes(standard: Standard, requirement: Requirement, lang: Lang) -> Iterator[list[str]]:
    for name, size in (("floor", requirement.floor_m2), ("land", requirement.land_m2)):
        if size is not None:
            what = f"{_kind(standard, requirement.kind, lang)} {_word(name, lang)}"
            yield [what, size.text(), _flag(size.flag, lang), clause(size.source, lang)]


def _listed(name: str, lines: Iterable[str], lang: Lang) -> list[str]:
    lines = [f"  - {line}" for line in lines]
    return [_word(name, lang), *lines] if lines else []


def _excluded(standard: Standard, lang: Lang) -> Iterator[str]:
    for key, reason in standard.excluded.items():
        yield f"{_kind(standard, key, lang)}: {reason}"


def _priorities(standard: Standard, lang: Lang) -> list[str]:
    rows = [
        [f"{p.label(lang)} ({key})", f"x {p.weight:g}", _flag(p.flag, lang), clause(p.source, lang)]
        for key, p in standard.priorities.items()
    ]
    return [_word("priorities", lang), *_columns(rows)] if rows else []


def _targets(standard: Standard, lang: Lang) -> list[str]:
    rows = [
        [
            f"{target.label(lang)} ({target.key})",
            _aim(target, standard, lang),
            _flag(target.flag, lang),
            _clause(target, lang),
        ]
        for target in standard.targets
    ]
    return [_word("targets", lang), *_columns(rows)] if rows else []


def _clause(target: Target, lang: Lang) -> str:
    note = target.note_zh if lang == "zh" and target.exclude is None else ""
    return (
        f"{clause(target.source, lang)}（{note.replace('（', '，').replace('）', '')}）"
        if note
        else clause(target.source, lang)
    )


def _aim(target: Target, standard: Standard, lang: Lang) -> str:
    """Say who has to reach what: 100% of villages: >= 43 m2 per 100 households."""
    colon = "：" if lang == "zh" else ": "
    if target.exclude is not None:
        return f"{_word('not_judged', lang)}: {target.exclude}"
    each = target.scope not in ("county", "city")
    who = (
        _COMMUNITIES.get(target.settings, ("社区（村）", "communities"))
        if target.scope == "communities"
        else _SCOPES[target.scope]
    )[lang == "en"]
    if each:
        share = f"{target.required_share:.0%}"
        who = f"{share} 的{who}" if lang == "zh" else f"{share} of {who}"
    what = _reaches(target, standard, lang)
    return f"{who}{colon}{what}" if what else who


def _reaches(target: Target, standard: Standard, lang: Lang) -> str:
    """Say what each of the judged has to reach."""
    how, zh = target.measure, lang == "zh"
    if isinstance(how, Coverage | Complete):
        share = f"{standard.community.share:.0%}"
        what = (
            ("步行可达", "reach it")
            if isinstance(how, Coverage)
            else ("步行可达全部服务", "reach all")
        )
        return f"≥ {share} 的居民{what[0]}" if zh else f"≥ {share} of residents {what[1]}"
    if isinstance(how, Near):
        return f"≤ {how.metres:g} {'米' if zh else 'm'}"
    if isinstance(how, Yes | Present) and target.value is None:
        return "有" if zh else "yes"
    if target.value is None:
        return ""
    relation, unit = _RELATION[target.op], target.unit_zh if zh else target.unit_en
    percent = target.value <= 1 and target.unit_zh.endswith("比例")
    value = f"{target.value:.0%}" if percent else f"{target.value:g}"
    return f"{relation} {value} {unit}".rstrip()


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns two blanks apart, indented by two; the last column runs on."""
    if not rows:
        return []
    widths = [max(width(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(_padded(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _padded(text: str, size: int) -> str:
    return text + " " * (size - width(text))


def width(text: str) -> int:
    """Give the columns that a text takes in a terminal: two for a wide character, none for a mark.

    Parameters
    ----------
    text
        One line.

    Examples
    --------
    >>> width("邮政 15 分钟")
    12
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
