"""A batch of counties: workers that die, files that are broken, stops and resumes, sums."""

import errno
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import geopandas as gpd
import pandas as pd
import pytest
from manycounties import (
    Killer,
    ended,
    prints,
    spoil,
    start_batch,
    write_counties,
)

from lifecircle.batch import Options, batch_state
from lifecircle.batch.jobs import read_jobs
from lifecircle.batch.work import assess_county

PARTS = Options(without=("layers", "map", "report", "workbook"))
GOOD = 6


@pytest.fixture(scope="module")
def counties(tmp_path_factory):
    """Six good counties, one with broken roads, one whose worker will be killed."""
    paths = write_counties(tmp_path_factory.mktemp("counties"), GOOD + 2)
    spoil(paths[GOOD])
    _slow_down(paths[GOOD + 1])
    return paths


def _slow_down(path):
    """Give a county a ledger that takes a second to read: whoever kills its worker is in time."""
    units = gpd.read_file(path.parent / "units.geojson").to_crs(4326)
    place = units.geometry.iloc[0].representative_point()
    rows = "".join(f"店{n},{place.x:.6f},{place.y:.6f}\n" for n in range(60_000))
    (path.parent / "many.csv").write_text(f"名称,经度,纬度\n{rows}", encoding="utf-8")
    ledger = 'path = "many.csv"\nkind = "retail"\ndatum = "wgs84"\n'
    told = f"\n[facilities]\nmatch = false\n\n[[facilities.files]]\n{ledger}"
    path.write_text(path.read_text(encoding="utf-8") + told, encoding="utf-8")


@pytest.fixture(scope="module")
def unharmed(counties, tmp_path_factory):
    """Hashes of the good counties' results, made one by one in this process, without Dask."""
    out = tmp_path_factory.mktemp("unharmed")
    for job in read_jobs(counties[:GOOD], PARTS, lambda data: data.sha256()):
        assert assess_county(job, PARTS, out, lambda _: None).error == ""
    return prints(out)


def states(out):
    return {entry.name: entry.status for entry in batch_state(out)}


def done_times(out):
    """How often the journal saw each county done."""
    with sqlite3.connect(out / "batch.sqlite") as journal:
        rows = journal.execute("SELECT name FROM history WHERE status = 'done'").fetchall()
    journal.close()
    return Counter(name for (name,) in rows)


def test_killed_workers_and_broken_files_cost_no_other_county(counties, unharmed, tmp_path):
    out = tmp_path / "out"
    batch = start_batch(*counties, "--out", out, "--workers", 2)
    killer = Killer(batch.pid, logs=out / "logs", times=2, seed=3, bad=f"c{GOOD + 1:03d}")
    killer.start()
    code, said = ended(batch)
    killer.over.set()
    assert code == 1, said
    assert killer.killed == 2
    assert killer.bad_killed >= 3
    good = {f"c{n:03d}": "done" for n in range(GOOD)}
    assert states(out) == {**good, f"c{GOOD:03d}": "failed", f"c{GOOD + 1:03d}": "killed"}
    assert done_times(out) == dict.fromkeys(good, 1)
    assert prints(out) == unharmed
    assert not list(out.glob("*/.writing-*"))
    assert "cut short" in said
    assert "took its worker down" in said
    log = (out / "logs" / f"c{GOOD:03d}.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "Traceback" not in said
    _check_coverage(out)


def _check_coverage(out):
    table = pd.read_csv(out / "summary" / "coverage.csv", dtype={"adcode": "str"})
    key = ["kind", "denominator", "limit"]
    each = table[table["level"] == "county"].groupby(key)[["covered", "total"]].sum()
    for level, code in (("city", "4301"), ("province", "43")):
        rows = table[(table["level"] == level) & (table["adcode"] == code)].set_index(key)
        pd.testing.assert_frame_equal(rows[["covered", "total"]].sort_index(), each)
        assert set(rows["counties"]) == {GOOD}
        assert set(rows["incomplete"]) == {f"合成县{GOOD}、合成县{GOOD + 1}"}
        people = rows.loc[("retail", "population", 5.0)]
        assert people["share"] == pytest.approx(people["covered"] / people["total"], abs=1e-6)
        assert rows.loc[("retail", "residential_land", 5.0), "total"] == 0.0
        assert pd.isna(rows.loc[("retail", "residential_land", 5.0), "share"])


def test_a_batch_that_was_stopped_and_killed_is_resumed(counties, unharmed, tmp_path):
    out = tmp_path / "out"
    words = (*counties[:GOOD], "--out", out, "--workers", 2)
    batch = start_batch(*words)
    _wait_for(lambda: len(list(out.glob("c*/run.json"))) >= 2, batch)
    batch.send_signal(signal.SIGINT)
    code, said = ended(batch)
    assert code == 130, said
    before = states(out)
    done = {name for name, status in before.items() if status == "done"}
    assert set(before.values()) == {"done", "waiting"}
    assert len(done) >= 2
    written = prints(out)
    assert all(written[key] == unharmed[key] for key in unharmed if key.split("/")[0] in done)
    batch = start_batch(*words)
    _wait_for(lambda: len(list(out.glob("c*/run.json"))) > len(done), batch)
    batch.kill()
    ended(batch)
    kept = Counter(states(out).values())
    assert kept["done"] >= len(done)
    assert kept["done"] + kept["waiting"] == GOOD
    code, said = ended(start_batch(*words))
    assert code == 0, said
    assert f"跳过: {kept['done']}" in said
    assert done_times(out) == {f"c{n:03d}": 1 for n in range(GOOD)}
    assert prints(out) == unharmed


def _wait_for(there, batch, seconds=60.0):
    until = time.monotonic() + seconds
    while not there():
        assert batch.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)


def test_two_workers_started_by_hand_serve_a_batch(counties, unharmed, tmp_path):
    out, file = tmp_path / "out", tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    place = ["--host", "127.0.0.1", "--no-dashboard"]
    python = [sys.executable, "-m", "dask"]
    crew = [
        subprocess.Popen(
            [*python, "scheduler", *place, "--port", "0", "--scheduler-file", file], **quiet
        )
    ]
    try:
        until = time.monotonic() + 30.0
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.05)
        address = re.search(r"tcp://127.0.0.1:\d+", file.read_text(encoding="utf-8"))[0]
        words = ["worker", address, *place, "--nthreads", "1", "--local-directory", tmp_path]
        crew += [subprocess.Popen([*python, *words], **quiet) for _ in range(2)]
        code, said = ended(start_batch(*counties[:GOOD], "--out", out, "--scheduler", address))
    finally:
        for process in reversed(crew):
            process.terminate()
            process.wait(20)
    assert code == 0, said
    assert prints(out) == unharmed
    pids = re.findall(r"pid (\d+)", "".join(p.read_text("utf-8") for p in out.glob("logs/*")))
    assert len(set(pids)) == 2


def test_a_full_disk_fails_a_county_and_keeps_what_was_there(counties, tmp_path, monkeypatch):
    (job,) = read_jobs(counties[:1], PARTS, lambda data: data.sha256())
    assert assess_county(job, PARTS, tmp_path, lambda _: None).error == ""
    before = prints(tmp_path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    outcome = assess_county(job, PARTS, tmp_path, lambda _: None)
    assert "No space left" in outcome.error
    assert "disk has room" in outcome.error
    assert outcome.outputs == ()
    assert prints(tmp_path) == before
