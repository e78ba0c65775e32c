"""How far a command has come, told on the error stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from lifecircle.render.stages import STAGES_EN, STAGES_ZH

if TYPE_CHECKING:
    from rich.console import Console

    from lifecircle.runlog import Progress

ASSESS_STEPS: Final = (
    "area",
    "sources",
    "network",
    "population",
    "reach",
    "isochrones",
    "indicators",
    "gaps",
    "scorecard",
    "decisions",
    "writing",
)
CHECK_STEPS: Final = ("area", "ledgers", "roads", "population", "questions")

_COMPILED: Final = {"network", "roads"}  # the stages in which compiled code is first needed
_COLD_ZH: Final = "首次运行：正在编译计算程序，多用约十几秒；编译结果会保存，下次不再需要。"
_COLD_EN: Final = (
    "First run: the computing core is being compiled, which takes some ten seconds more; "
    "it is kept for later runs."
)


@contextmanager
def show_steps(
    lang: str, steps: tuple[str, ...], *, quiet: bool, verbose: bool = False
) -> Iterator[Progress]:
    """Show which step is under way: in place on a terminal, line by line elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    names = STAGES_ZH if lang == "zh" else STAGES_EN
    with console.status(names[steps[0]]) as status:

        def progress(stage: str, number: int, _: int) -> None:
            if stage in _COMPILED:
                _tell_cold(console, lang)
            text = f"[{number + 1}/{len(steps)}] {names[stage]}"
            status.update(text)
            if verbose or not console.is_terminal:
                console.print(text, markup=False)

        yield progress


def _tell_cold(console: Console, lang: str) -> None:
    """Say why a first run takes longer, before it does."""
    from lifecircle.kernels import cold

    if cold():
        console.print(_COLD_ZH if lang == "zh" else _COLD_EN, markup=False)


@contextmanager
def show_ingest(*, quiet: bool) -> Iterator[Progress]:
    """Show how far the pass over the file and the writing of stores are."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet, highlight=False)
    names = {
        "digest": "校验文件 Digest of the file",
        "pass": "读取 Reading: {:,}",
        "parts": "读取 Reading: {:,} / {:,}",
        "counties": "写出 Counties: {:,} / {:,}",
    }
    told: set[str] = set()
    with console.status("") as status:

        def progress(step: str, number: int, of: int) -> None:
            text = names["parts" if step == "pass" and of else step].format(number, of)
            status.update(text)
            if not console.is_terminal and (step not in told or (of and number % 100 == 0)):
                told.add(step)
                console.print(text, markup=False)

        yield progress
