"""What a second worker is worth: the demo six times over, by one worker and by two.

    python benchmarks/batch_workers.py [--copies 6] [--without map ...]

Prints wall seconds from the command to its end (start of Python, cluster and summary included),
seconds of the counties alone as the journal has them, and the efficiency: one worker's time over
twice that of two. Counties alone: from the first that begins to the last that is done. On a machine
that others use, too, only the processor's seconds tell: what two at once cost each other.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

DEMO = Path(__file__).parents[1] / "data" / "liechtenstein"


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=6)
    parser.add_argument("--without", action="append", default=[])
    asked = parser.parse_args()
    left_out = [word for part in asked.without for word in ("--without", part)]
    with tempfile.TemporaryDirectory() as place:
        paths = [_copy(Path(place), number) for number in range(asked.copies)]
        _run(paths[:1], Path(place) / "warm", 1, left_out)  # disk cache, compiled kernels
        found = {n: _run(paths, Path(place) / f"out{n}", n, left_out) for n in (1, 2)}
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {asked.copies} counties")
    print(f"{'workers':<9}{'wall s':>8}{'counties s':>12}{'s a county':>12}{'CPU s':>8}")
    for workers, (wall, alone, each, cpu) in found.items():
        print(f"{workers:<9}{wall:8.1f}{alone:12.1f}{each:12.2f}{cpu:8.1f}")
    wall, alone = (found[1][n] / found[2][n] / 2 for n in (0, 1))
    print(f"CPU of one worker's run over that of two: {found[1][3] / found[2][3]:.2f}")
    print(f"efficiency of 2 workers: {wall:.2f} in all, {alone:.2f} of the counties alone")


def _copy(place: Path, number: int) -> Path:
    folder = place / f"demo{number}"
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns(".cache"))
    path = folder / "county.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"liechtenstein"', f'"demo{number}"', 1), encoding="utf-8")
    return path


def _run(
    paths: list[Path], out: Path, workers: int, left_out: list[str]
) -> tuple[float, float, float, float]:
    for path in paths:  # what a county keeps of its OSM file is made anew by each run
        shutil.rmtree(path.parent / ".cache", ignore_errors=True)
    words = ["batch", *map(str, paths), "--out", str(out), "--workers", str(workers), *left_out]
    begun, before = time.perf_counter(), _cpu()
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "lifecircle", *words], check=True, capture_output=True
    )
    wall, cpu = time.perf_counter() - begun, _cpu() - before
    with closing(sqlite3.connect(out / "batch.sqlite")) as journal:
        first, last = journal.execute(
            "SELECT min(at) FILTER (WHERE status = 'running'), max(at) FROM history"
        ).fetchone()
        (each,) = journal.execute("SELECT avg(seconds) FROM counties").fetchone()
    alone = dt.datetime.fromisoformat(last) - dt.datetime.fromisoformat(first)
    return wall, alone.total_seconds(), each, cpu


def _cpu() -> float:
    """Give the processor's seconds of all processes that came from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
