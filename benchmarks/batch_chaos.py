"""Three hundred counties under every fault at once, held against a run without faults.

    python benchmarks/batch_chaos.py [--counties 300] [--kills 25] [--seed 7]

Counties are synthetic and tiny (`tests/minicounty.py`, varied). The batch runs on two workers while
workers are killed at random and one county's worker whenever it takes that county; some OSM files
are cut short; it is stopped by Ctrl-C and, later, killed itself; each time the same command goes
on. Then a batch writes to a disk that fills up (a small tmpfs, where it may be mounted), and goes
on with --retry-failed once there is room. Compared bit for bit: cells.parquet, coverage.csv,
scores.csv, gaps.csv and scorecard.csv of every county; run.json tells the time and is not.
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from manycounties import Killer, ended, prints, spoil, start_batch, write_counties

from lifecircle.batch import batch_state

BROKEN = 3


def main() -> None:
    """Run it all and print what was found; a difference ends it with an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counties", type=int, default=300)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        paths = write_counties(root / "counties", asked.counties, seed=asked.seed)
        broken = paths[1 :: max(1, len(paths) // BROKEN)][:BROKEN]
        for path in broken:
            spoil(path)
        bad = paths[len(paths) // 2].parent.name
        quiet = _quiet_run(root, [p for p in paths if p not in broken])
        loud = _chaos(root, paths, bad, asked.kills, asked.seed)
        names = {p.parent.name for p in paths} - {p.parent.name for p in broken} - {bad}
        _compare(root / "chaos", names, quiet, loud)
        _full_disk(root, [p for p in paths if p not in broken][:20], quiet)


def _quiet_run(root: Path, paths: Sequence[Path]) -> dict[str, str]:
    begun = time.perf_counter()
    code, said = ended(start_batch(*paths, "--out", root / "quiet", "--workers", 2), 3600)
    _check(code == 0, said)
    print(f"without faults: {len(paths)} counties in {time.perf_counter() - begun:.0f} s")
    return prints(root / "quiet")


def _chaos(root: Path, paths: Sequence[Path], bad: str, kills: int, seed: int) -> dict[str, str]:
    """Run under faults: stopped at a third, killed at two thirds, then to the end."""
    out, killed, begun = root / "chaos", 0, time.perf_counter()
    ways = ((len(paths) // 3, signal.SIGINT), (2 * len(paths) // 3, signal.SIGKILL), (None, None))
    for number, (until, how) in enumerate(ways):
        batch = start_batch(*paths, "--out", out, "--workers", 2)
        killer = Killer(
            batch.pid, logs=out / "logs", times=kills // 3 + 1, seed=seed + number, bad=bad
        )
        killer.start()
        while until is not None and len(list(out.glob("c*/run.json"))) < until:
            _check(batch.poll() is None, "the batch ended by itself")
            time.sleep(0.05)
        if how is not None:
            batch.send_signal(how)
        code, said = ended(batch, 3600)
        killer.over.set()
        killed += killer.killed
        _check(code == {signal.SIGINT: 130, signal.SIGKILL: -9}.get(how, 1), said)
        print(f"  round {number + 1}: exit code {code}, {Counter(_states(out).values())}")
    print(f"under faults: {time.perf_counter() - begun:.0f} s, {killed} workers killed at random")
    return prints(out)


def _compare(out: Path, good: set[str], quiet: dict[str, str], loud: dict[str, str]) -> None:
    states = _states(out)
    with closing(sqlite3.connect(out / "batch.sqlite")) as journal:
        rows = journal.execute("SELECT name FROM history WHERE status = 'done'")
        done = Counter(name for (name,) in rows)
    print(f"states: {Counter(states.values())}")
    others = {name: status for name, status in states.items() if name not in good}
    print(f"not good: {others}")
    _check(all(states[name] == "done" for name in good), "a good county is not done")
    _check(done == dict.fromkeys(good, 1), "a county was done twice")
    wanted = {key: told for key, told in quiet.items() if key.split("/")[0] in good}
    _check(loud == wanted, "results differ")
    print(f"each of {len(good)} good counties done exactly once; {len(wanted)} files equal")


def _full_disk(root: Path, paths: Sequence[Path], quiet: dict[str, str]) -> None:
    """Write to a disk with too little room, then with enough."""
    out = root / "small"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(out)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        print("full disk: no tmpfs may be mounted here; left out")
        return
    try:
        words = (*paths, "--out", out, "--workers", 2)
        code, said = ended(start_batch(*words), 600)
        states = Counter(_states(out).values())
        print(f"full disk: exit code {code}, {states}")
        _check(code == 1 and states["done"] < len(paths) and "disk has room" in said, said)
        kept = prints(out)
        whole = {entry.name for entry in batch_state(out) if entry.status == "done"}
        _check(all(kept[k] == v for k, v in quiet.items() if k.split("/")[0] in whole), "differs")
        subprocess.run(["mount", "-o", "remount,size=64m", str(out)], check=True)  # noqa: S603, S607
        code, said = ended(start_batch(*words, "--retry-failed"), 600)
        _check(code == 0, said)
        names = {path.parent.name for path in paths}
        wanted = {key: told for key, told in quiet.items() if key.split("/")[0] in names}
        _check(prints(out) == wanted, "results differ after the full disk")
        print(f"with room again: {Counter(_states(out).values())}, {len(wanted)} files equal")
    finally:
        subprocess.run(["umount", str(out)], check=False)  # noqa: S603, S607


def _states(out: Path) -> dict[str, str]:
    return {entry.name: entry.status for entry in batch_state(out)}


def _check(holds: bool, why: str) -> None:  # noqa: FBT001
    if not holds:
        raise SystemExit(f"FAILED: {why}")


if __name__ == "__main__":
    main()
