"""The stages of a run in words, and how far it is, in a notebook or a script."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lifecircle.standards import Lang

STAGES_ZH: Final = {
    "area": "读取范围与单元",
    "sources": "读取道路与设施",
    "network": "构建步行网络",
    "population": "人口落格",
    "reach": "计算步行时间",
    "indicators": "覆盖率与生活圈评分",
    "gaps": "识别服务缺口",
    "isochrones": "绘制等时圈",
    "scorecard": "对照规划目标",
    "decisions": "辅助决策分析",
    "ledgers": "核对设施台账",
    "roads": "读取道路",
    "questions": "相互核对",
    "siting": "设施选址",
    "writing": "写出成果",
}
STAGES_EN: Final = {
    "area": "Reading the area and its units",
    "sources": "Reading roads and facilities",
    "network": "Building the walk network",
    "population": "Placing residents",
    "reach": "Measuring walking times",
    "indicators": "Coverage and scores",
    "gaps": "Finding gaps",
    "isochrones": "Drawing isochrones",
    "scorecard": "Holding against the plan's targets",
    "decisions": "Working out what helps to decide",
    "ledgers": "Checking the ledgers",
    "roads": "Reading the roads",
    "questions": "Holding the inputs against one another",
    "siting": "Choosing sites",
    "writing": "Writing results",
}

COMPILED: Final = frozenset({"network", "roads"})
"""Stages in which compiled code is first needed."""

_COLD: Final = {
    "zh": "（首次运行要编译计算程序，多用十几秒）",
    "en": " (a first run compiles its core, which takes some ten seconds more)",
}
_DONE: Final = {"zh": "完成，用时 {0:.1f} 秒", "en": "done in {0:.1f} s"}
_FAILED: Final = {"zh": "未完成，停在：{0}", "en": "not finished; stopped at: {0}"}


@contextmanager
def show_progress(lang: Lang = "zh") -> Iterator[Callable[[str, int, int], None]]:
    """Show how far a run is: one line that changes in a notebook, a line per stage elsewhere.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Yields
    ------
    callable
        What `assess`, `measure`, `assess_profiles` and `check_county` take as ``progress``.

    Notes
    -----
    What the run finds about its data (`lifecircle.errors.DataWarning`) is told below the line, in
    `lang`, instead of as a warning of Python; ``run["warnings"]`` of an assessment has it too.
    Outside a notebook the lines go to the error stream.

    Examples
    --------
    >>> from lifecircle import check_county
    >>> with show_progress() as progress:
    ...     found = check_county("data/liechtenstein/county.toml", progress=progress)
    >>> found.errors
    0
    """
    from lifecircle.errors import DataWarning
    from lifecircle.kernels import cold as is_cold

    names = STAGES_ZH if lang == "zh" else STAGES_EN
    put = told_line()
    begin, last, over = time.perf_counter(), "", False

    def progress(stage: str, number: int, of: int) -> None:
        nonlocal last
        last = names.get(stage, stage)
        cold = _COLD[lang] if stage in COMPILED and is_cold() else ""
        if not over:  # a later `judge` of what was measured tells its stages to the same
            put(f"[{number + 1}/{of}] {last}{cold}", number, of, [])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            yield progress
        except BaseException:
            put(_FAILED[lang].format(last), 0, 0, [])
            raise
        finally:
            over = True
            data = [w for w in caught if issubclass(w.category, DataWarning)]
            others = [w for w in caught if w not in data]
    told = [_finding(str(warning.message), lang) for warning in data]
    put(_DONE[lang].format(time.perf_counter() - begin), 1, 1, list(dict.fromkeys(told)))
    for other in others:
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)


Told = Callable[[str, int, int, list[str]], None]
"""Takes a text, how many are done, of how many (0: unknown), and what was found."""


def told_line() -> Told:
    """Give what tells how far something is: in a notebook one line that changes, else new lines.

    Returns
    -------
    callable
        See `Told`.
    """
    return _notebook_line() or _stream_line()


def _finding(sentence: str, lang: Lang) -> str:
    from lifecircle.render.tables.findingwords import read_finding
    from lifecircle.standards import shared_kinds

    found = read_finding(sentence, lang, shared_kinds())
    parts = [part for part in (found.about, found.what, found.remedy) if part]
    return ("；" if lang == "zh" else "; ").join(parts)


def _stream_line() -> Told:
    def put(text: str, _: int, __: int, findings: list[str]) -> None:
        sys.stderr.write("".join(f"{line}\n" for line in [text, *(f"! {f}" for f in findings)]))

    return put


def _notebook_line() -> Told | None:
    """Give what changes one output of a notebook's cell; None outside a notebook."""
    shell: Any = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    if not getattr(shell, "kernel", None):
        return None
    display: Any = sys.modules["IPython"].display.display
    handle = display(_Line("", 0, 0, []), display_id=True)

    def put(text: str, number: int, of: int, findings: list[str]) -> None:
        handle.update(_Line(text, number, of, findings))

    return put


class _Line:
    """A bar with a text, and findings below; a notebook shows the HTML, a terminal the text."""

    def __init__(self, text: str, number: int, of: int, findings: list[str]) -> None:
        self.text, self.number, self.of, self.findings = text, number, of, findings

    def __repr__(self) -> str:
        return "\n".join([self.text, *(f"! {finding}" for finding in self.findings)])

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self.number}" max="{self.of}"></progress> ' if self.of else ""
        found = "".join(
            f'<div style="font-size:90%;opacity:.85">⚠ {escape(finding)}</div>'
            for finding in self.findings
        )
        return f'<div style="font-family:inherit">{bar}{escape(self.text)}</div>{found}'
