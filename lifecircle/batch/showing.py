"""A batch on the screen: a live table on a terminal, plain lines elsewhere; failures at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lifecircle.batch.journal import STATUSES, Entry, counts
from lifecircle.batch.running import Report
from lifecircle.batch.work import log_path
from lifecircle.standards import Lang

_SHOWN: Final = 5  # lines of the past below the live table
_WORDS: Final[Mapping[Lang, Mapping[str, str]]] = {
    "zh": {
        "waiting": "等待",
        "running": "进行中",
        "done": "完成",
        "failed": "失败",
        "killed": "进程被终止",
        "county": "县（市、区）",
        "status": "状态",
        "stage": "阶段",
        "seconds": "用时（秒）",
        "peak": "内存峰值（MB）",
        "warnings": "提示",
        "attempts": "次数",
        "error": "原因与处理",
        "log": "日志",
        "skipped": "此前已完成，未变动，跳过",
        "due": "本次需评估",
        "failures": "未能完成的县（市、区）",
        "begun": "开始",
        "over": "批量评估结束",
        "stopped": "已停止，已完成的成果完整保留，再次运行同一命令即可继续",
        "again": "未完成，放回队列",
    },
    "en": {
        "waiting": "waiting",
        "running": "running",
        "done": "done",
        "failed": "failed",
        "killed": "killed",
        "county": "county",
        "status": "status",
        "stage": "stage",
        "seconds": "seconds",
        "peak": "peak MB",
        "warnings": "warnings",
        "attempts": "attempts",
        "error": "what happened -> what to do",
        "log": "log",
        "skipped": "unchanged and done before, skipped",
        "due": "to do now",
        "failures": "Counties that could not be done",
        "begun": "begun",
        "over": "The batch has ended",
        "stopped": "Stopped; what is done is whole, and the same command goes on from here",
        "again": "not finished, put back",
    },
}


@dataclass
class Screen:
    """Follows a batch on a console; see `lifecircle.batch.running.Watcher`.

    Parameters
    ----------
    console
        Where to.
    stages
        Stage -> its name in the reader's language.
    lang
        The reader's language.
    """

    console: Console
    stages: Mapping[str, str]
    lang: Lang = "zh"
    _counts: Counter[str] = field(default_factory=Counter)
    _zh: dict[str, str] = field(default_factory=dict)
    _now: dict[str, tuple[str, float]] = field(default_factory=dict)
    _past: list[str] = field(default_factory=list)
    _total: int = 0
    _live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._picture,
                console=self.console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def start(self, entries: Sequence[Entry], due: int) -> None:
        """See all counties, and how many of them are to be done now."""
        words = _WORDS[self.lang]
        self._counts.update(entry.status for entry in entries)
        self._zh = {entry.name: entry.zh for entry in entries}
        self._total = len(entries)
        before = len(entries) - due
        self._say(f"{words['due']}: {due}   {words['skipped']}: {before}")

    def stage(self, name: str, stage: str) -> None:
        """See that a county has come to a stage."""
        if not stage:
            if self._now.pop(name, None) is not None:
                self._say(f"{self._called(name)}: {_WORDS[self.lang]['again']}")
            return
        _, since = self._now.get(name, ("", time.monotonic()))
        self._now[name] = (stage, since)

    def ended(self, entry: Entry) -> None:
        """See how a county ended."""
        words = _WORDS[self.lang]
        self._now.pop(entry.name, None)
        self._counts["waiting"] -= 1
        self._counts[entry.status] += 1
        over = self._total - self._counts["waiting"]
        cost = "" if entry.seconds is None else f" {entry.seconds:.1f} s"
        cost += "" if entry.peak_mb is None else f" {entry.peak_mb} MB"
        told = f"[{over}/{self._total}] {self._called(entry.name)}: {words[entry.status]}{cost}"
        if entry.error:
            told += f"  {first_line(entry.error)}"
        self._say(told)

    def _say(self, text: str) -> None:
        if self._live is None:
            self.console.print(text, markup=False, soft_wrap=True)
        else:
            self._past = [*self._past, text][-_SHOWN:]

    def _called(self, name: str) -> str:
        zh = self._zh.get(name, "")
        return f"{name} {zh}" if self.lang == "zh" and zh not in ("", name) else name

    def _picture(self) -> Group:
        words, now = _WORDS[self.lang], dict(self._now)
        waiting = self._counts["waiting"] - len(now)
        heads = {**self._counts, "waiting": waiting, "running": len(now)}
        head = "   ".join(f"{words[s]} {heads.get(s, 0)}" for s in STATUSES)
        table = Table(words["county"], words["stage"], words["seconds"], box=None, pad_edge=False)
        for name, (stage, since) in now.items():
            called = self.stages.get(stage, words.get(stage, stage))
            passed = f"{time.monotonic() - since:.0f}"
            table.add_row(Text(self._called(name)), Text(called), passed)
        past = [Text(line, no_wrap=True, overflow="ellipsis", style="dim") for line in self._past]
        return Group(Text(head, style="bold"), table, *past)


def closing_words(report: Report, out: Path, lang: Lang = "zh") -> str:
    """Say in one line how a batch ended, and how to go on.

    Parameters
    ----------
    report
        What `lifecircle.batch.run_batch` gave.
    out
        Folder of the batch.
    lang
        Language of the words.
    """
    words, some = _WORDS[lang], counts(report.entries)
    told = "   ".join(f"{words[status]} {number}" for status, number in some.items() if number)
    end = words["stopped"] if report.interrupted else words["over"]
    return f"{end}: {told}   {out}"


def status_table(entries: Sequence[Entry], lang: Lang = "zh") -> Table:
    """Give the state of a batch as a table for a console.

    Parameters
    ----------
    entries
        What the journal holds.
    lang
        Language of the words.
    """
    words = _WORDS[lang]
    some = counts(entries)
    title = "   ".join(f"{words[status]} {number}" for status, number in some.items())
    heads = ("county", "status", "attempts", "seconds", "peak", "warnings", "error")
    table = Table(*(words[h] for h in heads), title=title, box=None, pad_edge=False)
    table.columns[-1].overflow = "fold"
    for e in entries:
        numbers = (e.attempts, e.seconds, e.peak_mb, e.warnings)
        told = ["" if n is None else f"{n:g}" for n in numbers]
        name = f"{e.name} {e.zh}" if lang == "zh" else e.name
        table.add_row(*map(Text, (name, words[e.status], *told, first_line(e.error))))
    return table


def failure_table(entries: Sequence[Entry], out: Path, lang: Lang = "zh") -> Table:
    """Give the counties that could not be done, why, what to do, and where the log is.

    Parameters
    ----------
    entries
        Those that failed or were killed.
    out
        Folder of the batch.
    lang
        Language of the words.
    """
    words = _WORDS[lang]
    heads = ("county", "status", "error", "log")
    table = Table(*(words[h] for h in heads), title=words["failures"], show_lines=True)
    table.columns[-1].overflow = "fold"  # a path is copied whole
    for e in entries:
        log = log_path(out, e.name)
        told = (e.name, words[e.status], e.error, str(log) if log.exists() else "")
        table.add_row(*map(Text, told))
    return table


def first_line(error: str) -> str:
    """Give an error's first fault, and how many more there are."""
    lines = error.splitlines()
    return f"{lines[0]} (+{len(lines) - 1})" if len(lines) > 1 else error
