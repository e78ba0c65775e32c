"""What the benchmarks share: engines timed in turn, memory by stage, growth, and tables."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil


def in_turn(engines: Mapping[str, Callable[[], object]], rounds: int = 3) -> dict[str, float]:
    """Time engines in turn, so that a noisy machine treats them alike: median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            begin = time.perf_counter()
            engine()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in seconds.items()}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Give what a piece of work gives, and its seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


@dataclass
class Stages:
    """Seconds and peak memory of the process by stage."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage, and watch its memory."""
        process = psutil.Process()
        peak = [process.memory_info().rss]
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                peak[0] = max(peak[0], process.memory_info().rss)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin
            done.set()
            watcher.join()
            self.peak_mb[name] = max(self.peak_mb.get(name, 0), round(peak[0] / 2**20))


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Fit seconds = c x size ** e by least squares of logarithms, and give e."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Give a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
