"""Many tiny counties for batches, who kills their workers, and what may not differ after."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
from minicounty import LAT, LON, STEP, osm, units, write_county

QUICK = [w for part in ("map", "workbook", "report", "layers") for w in ("--without", part)]
COMPARED = ("cells.parquet", "coverage.csv", "scores.csv", "gaps.csv", "scorecard.csv")
"""What must be equal to the last bit; run.json tells the time of the run, and is not compared."""


def write_counties(root: Path, count: int, *, seed: int = 5, first: int = 430101) -> list[Path]:
    """Write counties c000, c001, ... of varied residents, speeds, streets and shops."""
    chance = random.Random(seed)  # noqa: S311
    return [_write_one(root, number, first + number, chance) for number in range(count)]


def _write_one(root: Path, number: int, adcode: int, chance: random.Random) -> Path:
    folder = root / f"c{number:03d}"
    path = write_county(folder)
    table = units()
    table["residents"] = [chance.randrange(20, 900), chance.randrange(20, 900)]
    table.to_file(folder / "units.geojson", driver="GeoJSON")
    shops = "".join(
        f'<node id="{950 + n}" version="1" lon="{LON + chance.randrange(5) * STEP:.6f}" '
        f'lat="{LAT + chance.randrange(5) * STEP:.6f}"><tag k="shop" v="convenience"/></node>'
        for n in range(chance.randrange(4))
    )
    street = chance.choice(["residential", "footway", "tertiary", "steps"])
    (folder / "roads.osm").write_text(osm(highway=street, extra=shops), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    text = text.replace('"mini"', f'"c{number:03d}"').replace("合成县", f"合成县{number}")
    speed = f"[walk]\nspeed_kph = {chance.choice([3.6, 4.2, 4.8])}\n\n[isochrones]"
    path.unlink()
    named = folder / f"{adcode}.toml"
    named.write_text(text.replace("[isochrones]", speed), encoding="utf-8")
    return named


def spoil(config: Path) -> None:
    """Cut a county's OSM file short."""
    roads = config.parent / "roads.osm"
    roads.write_text(roads.read_text(encoding="utf-8")[:1500], encoding="utf-8")


def start_batch(*words: object) -> subprocess.Popen[str]:
    """Start ``lifecircle batch`` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "lifecircle", "batch", *map(str, words), *QUICK],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def ended(process: subprocess.Popen[str], seconds: float = 90.0) -> tuple[int, str]:
    """Wait for a batch; give its exit code and all that it said."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out + err


def prints(out: Path) -> dict[str, str]:
    """Give the hash of everything that is compared, by county and file."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.glob("*/*"))
        if path.name in COMPARED and path.parent.name != "summary"
    }


class Killer(threading.Thread):
    """Kills workers of a batch at random, and each that takes one certain county."""

    def __init__(self, batch: int, *, logs: Path, times: int, seed: int, bad: str = "") -> None:
        super().__init__(daemon=True)
        self.batch, self.logs, self.times, self.bad = psutil.Process(batch), logs, times, bad
        self.chance, self.killed, self.bad_killed = random.Random(seed), 0, 0  # noqa: S311
        self.over = threading.Event()

    def run(self) -> None:
        """Go on until the batch ends."""
        due = time.monotonic() + 4.0
        while not self.over.wait(0.01) and self.batch.is_running():
            self._kill_bad()
            if self.killed < self.times and time.monotonic() > due and any(self.logs.glob("c*")):
                self.killed += self._kill_any()
                due = time.monotonic() + self.chance.uniform(0.4, 1.6)

    def _kill_bad(self) -> None:
        log = self.logs / f"{self.bad}.log"
        if not self.bad or not log.exists():
            return
        pids = re.findall(r" pid (\d+)$", log.read_text(encoding="utf-8"), re.MULTILINE)
        if len(pids) > self.bad_killed:
            self.bad_killed = len(pids)
            _kill(int(pids[-1]))

    def _kill_any(self) -> int:
        try:
            children = self.batch.children(recursive=True)
            workers = [p for p in children if "spawn_main" in " ".join(p.cmdline())]
        except psutil.Error:
            return 0
        return _kill(self.chance.choice(workers).pid) if workers else 0


def _kill(pid: int) -> int:
    try:
        psutil.Process(pid).kill()
    except psutil.Error:
        return 0
    return 1
