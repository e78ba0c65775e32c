"""A batch in a notebook or a script: one line that says how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lifecircle.batch.journal import Entry
from lifecircle.batch.running import Watcher
from lifecircle.batch.showing import first_line
from lifecircle.render.stages import STAGES_EN, STAGES_ZH, Told, told_line
from lifecircle.standards import Lang


def show_batch(lang: Lang = "zh") -> Watcher:
    """Give what `run_batch` takes as its ``watcher``: a line that changes in a notebook.

    Parameters
    ----------
    lang
        ``"zh"`` or ``"en"``.

    Returns
    -------
    Watcher
        Counties that failed stay below the line, each with its reason. Outside a notebook every
        change is a line of the error stream.

    Examples
    --------
    >>> watcher = show_batch()
    >>> watcher.start([], 0)
    """
    return _Line(told_line(), lang)


@dataclass
class _Line:
    """Follows a batch; see `lifecircle.batch.running.Watcher`."""

    put: Told
    lang: Lang
    names: dict[str, str] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    done: int = 0

    def start(self, entries: Sequence[Entry], due: int) -> None:
        """See all counties, and how many of them are to be done now."""
        self.names = {
            entry.name: (entry.zh if self.lang == "zh" else entry.en) or entry.name
            for entry in entries
        }
        self.done = len(entries) - due
        self._tell()

    def stage(self, name: str, stage: str) -> None:
        """See that a county has come to a stage."""
        if stage:
            names = STAGES_ZH if self.lang == "zh" else STAGES_EN
            self.now[name] = names.get(stage, "")
        else:
            self.now.pop(name, None)
        self._tell()

    def ended(self, entry: Entry) -> None:
        """See how a county ended."""
        self.now.pop(entry.name, None)
        self.done += 1
        if entry.error:
            self.failed.append(
                f"{self.names.get(entry.name, entry.name)}: {first_line(entry.error)}"
            )
        self._tell()

    def _tell(self) -> None:
        if not self.names:
            return
        running = [
            f"{self.names.get(name, name)} {stage}".strip() for name, stage in self.now.items()
        ]
        text = " · ".join([f"[{self.done}/{len(self.names)}]", *running])
        self.put(text, self.done, len(self.names), self.failed)
