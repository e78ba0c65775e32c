"""What a batch has to do: which counties, what their results depend on, what is skipped."""

import json
import os
import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest
from manycounties import spoil, write_counties
from minicounty import write_county
from rich.console import Console
from typer.testing import CliRunner

from lifecircle.batch import Options, batch_state, find_configs, roll_up_batch
from lifecircle.batch.cluster import Crew, check_crew, count_workers
from lifecircle.batch.jobs import read_jobs
from lifecircle.batch.journal import held, opened
from lifecircle.batch.running import _due
from lifecircle.batch.showing import Screen, failure_table, status_table
from lifecircle.batch.summary import write_summary
from lifecircle.batch.work import assess_county, log_path
from lifecircle.cli import app
from lifecircle.errors import InputError, MissingFileError, OutputError

PARTS = Options(without=("layers", "map", "report", "workbook"))
runner = CliRunner()


def run(*words):
    return runner.invoke(app, [str(word) for word in words])


def read(paths, options=PARTS):
    return read_jobs(paths, options, lambda data: data.sha256())


def finish(journal, jobs):
    """Assess counties as a batch would, in this process."""
    for job in jobs:
        journal.begin(job.name)
        outcome = assess_county(job, PARTS, journal.folder, lambda _: None)
        journal.end(
            job.name,
            "failed" if outcome.error else "done",
            error=outcome.error,
            seconds=outcome.seconds,
            outputs=outcome.outputs,
        )


def due(journal, paths, options=PARTS, *, retry_failed=False):
    jobs = read_jobs(paths, options, journal.sha256)
    return sorted(job.name for job in _due(journal, jobs, retry_failed=retry_failed))


def test_counties_are_chosen_by_adcode_of_boundary_file_or_folder(tmp_path):
    base = write_county(tmp_path / "elsewhere").read_text(encoding="utf-8")
    boundary = '[boundary]\nadcode = "430581"\n\n[units.file]'
    places = {
        "430527/county.toml": base,
        "c430528.toml": base,
        "wugang.toml": base.replace("[units.file]", boundary),
        "430101.toml": base.replace("[units.file]", boundary),  # what it says itself counts
        "510104.toml": base,
        "20260131.toml": base,  # a date
    }
    for name, text in places.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    def names(prefix):
        return [p.relative_to(tmp_path).as_posix() for p in find_configs(tmp_path, prefix)]

    assert names("4305") == ["430527/county.toml", "c430528.toml", "430101.toml", "wugang.toml"]
    assert names("51") == ["510104.toml"]
    with pytest.raises(MissingFileError, match="no county file has an adcode that begins with 44"):
        find_configs(tmp_path, "44")
    with pytest.raises(MissingFileError, match="no such folder"):
        find_configs(tmp_path / "no", "44")


def test_a_county_file_that_is_no_toml_is_told_where_nothing_else_says_its_place(tmp_path):
    write_counties(tmp_path, 1)
    (tmp_path / "broken.toml").write_text("name =", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"broken\.toml: cannot be read"):
        assert len(find_configs(tmp_path, "43")) == 1


def test_the_twelve_counties_of_the_city_are_found():
    assert len(find_configs(Path("data"), "4305")) == 12


def test_equal_names_are_refused_all_at_once(tmp_path):
    paths = write_counties(tmp_path, 5)
    for path, name in zip(paths[1:], ("C000", "logs", "Summary", "c000"), strict=True):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f'"{path.parent.name}"', f'"{name}"'), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(paths)
    assert len(caught.value.faults) == 3
    assert "3 counties have the name 'c000'" in str(caught.value)
    assert "'logs' is kept" in str(caught.value)
    assert "'Summary' is kept" in str(caught.value)
    with pytest.raises(MissingFileError, match="no such file") as caught:
        read([tmp_path / "a.toml", tmp_path / "b.toml"])
    assert len(caught.value.faults) == 2
    assert len(read([paths[0], paths[0]])) == 1


def test_what_the_results_depend_on_changes_the_fingerprint(tmp_path):
    (path,) = write_counties(tmp_path, 1)

    def told(options=PARTS):
        return read([path], options)[0].fingerprint

    first = told()
    assert first == told()
    assert first != told(Options())
    assert first != told(Options(standards=("mofcom-15min",), without=PARTS.without))
    roads = path.parent / "roads.osm"
    roads.write_text(roads.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    second = told()
    assert second != first
    path.write_text(path.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    assert told() not in (first, second)
    roads.unlink()
    (job,) = read([path])
    assert "roads.osm" in job.fault


def test_a_hash_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    paths = write_counties(tmp_path / "in", 2)
    for file in (tmp_path / "in").rglob("*"):
        if file.is_file():
            os.utime(file, ns=(10**18, 10**18))
    out = tmp_path / "out"
    with opened(out) as journal:
        first = due(journal, paths)
    hashed = []
    monkeypatch.setattr(
        "lifecircle.config.sources._sha256", lambda path: hashed.append(path.name) or "another"
    )
    with opened(out) as journal:
        assert due(journal, paths) == first
        assert hashed == []
        (paths[0].parent / "roads.osm").write_text("<osm/>", encoding="utf-8")
        due(journal, paths)
    assert set(hashed) == {"roads.osm"}


def test_only_what_is_not_done_or_has_changed_is_due(tmp_path):
    paths, out = write_counties(tmp_path / "in", 4), tmp_path / "out"
    spoil(paths[3])
    paths[2].write_text("name = 3", encoding="utf-8")  # cannot be read, and costs no other
    with opened(out) as journal:
        assert due(journal, paths) == ["c000", "c001", "c003"]
        finish(journal, [job for job in read(paths) if not job.fault])
        states = {entry.name: entry.status for entry in journal.entries()}
        unread = str(paths[2].resolve())
        assert states == {"c000": "done", "c001": "done", "c003": "failed", unread: "failed"}
        assert due(journal, paths) == []
        assert due(journal, paths, retry_failed=True) == ["c003"]
        finish(journal, read(paths[3:]))
        (out / "c000" / "scores.csv").unlink()
        assert due(journal, paths) == ["c000"]
        finish(journal, read(paths[:1]))
        assert due(journal, paths, Options()) == ["c000", "c001", "c003"]
        journal.release()
    assert log_path(out, unread).parent == out / "logs"


def test_a_name_does_not_pass_to_another_county_in_silence(tmp_path):
    ours, theirs = write_counties(tmp_path / "a", 1), write_counties(tmp_path / "b", 1, seed=9)
    with opened(tmp_path / "out") as journal:
        due(journal, ours)
        with pytest.raises(InputError, match="in this batch"):
            due(journal, theirs)
        shutil.move(tmp_path / "a", tmp_path / "moved")  # the same county, elsewhere
        assert due(journal, [tmp_path / "moved" / "c000" / ours[0].name]) == ["c000"]
        assert str(tmp_path / "moved") in journal.entry("c000").config


def test_one_batch_at_a_time_in_a_folder(tmp_path):
    with (
        held(tmp_path),
        pytest.raises(OutputError, match="a batch is running there"),
        held(tmp_path),
    ):
        pass
    with held(tmp_path):
        pass


def test_what_a_batch_that_is_gone_left_running_waits(tmp_path):
    out = tmp_path / "out"
    with opened(out) as journal:
        due(journal, write_counties(tmp_path / "in", 1))
        journal.begin("c000")
    assert [e.status for e in batch_state(out)] == ["waiting"]
    with held(out):
        assert [e.status for e in batch_state(out)] == ["running"]


def test_a_city_is_the_sum_of_its_counties_and_names_who_is_missing(tmp_path):
    """38 of 45 and 30 of 50 covered are 68 of 95, not the mean of 84.4 % and 60 %."""
    out = tmp_path / "out"
    paths = write_counties(tmp_path / "in", 3)
    with opened(out) as journal:
        due(journal, paths)
        for name, covered, total in (("c000", 38.0, 45.0), ("c001", 30.0, 50.0)):
            journal.begin(name)
            journal.end(name, "done", outputs=_invented(out, name, covered, total))
        journal.end("c002", "failed", error="c002: broken -> mend it")
    table = pd.read_csv(roll_up_batch(out)[1], dtype={"adcode": "str"})
    city = table[(table["level"] == "city")].iloc[0]
    assert (city["adcode"], city["covered"], city["total"], city["counties"]) == ("4301", 68, 95, 2)
    assert city["share"] == pytest.approx(68 / 95, abs=1e-6)
    assert city["incomplete"] == "合成县2"
    assert "长沙县" in city["not_in_batch"]
    assert table[table["level"] == "all"].iloc[0]["covered"] == 68


def _invented(out, name, covered, total):
    folder = out / name
    folder.mkdir(parents=True)
    row = {
        "scope": "county",
        "circle": "near",
        "kind": "post",
        "denominator": "population",
        "limit": 15.0,
        "limit_unit": "minutes",
        "covered": covered,
        "total": total,
        "share": covered / total,
        "known_facilities": 2,
        "flag": "ours",
    }
    labels = dict.fromkeys(("circle_zh", "circle_en", "kind_zh", "kind_en"), "-")
    pd.DataFrame([{**row, **labels}]).to_csv(folder / "coverage.csv", encoding="utf-8-sig")
    run = {"standard": {"key": "test", "targets": []}, "scorecard": []}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return [(f"{name}/{f}", (folder / f).stat().st_size) for f in ("coverage.csv", "run.json")]


def test_the_scorecard_of_a_city_stays_open_for_a_county_that_failed(tmp_path):
    out = tmp_path / "out"
    paths = write_counties(tmp_path / "in", 3)
    for path in paths:  # in a city, two may bear the same name
        text = path.read_text(encoding="utf-8").replace("合成县1", "合成县0")
        path.write_text(text, encoding="utf-8")
    spoil(paths[2])
    with opened(out) as journal:
        due(journal, paths)
        finish(journal, read(paths))
        cards = [p for p in write_summary(out, journal.entries()) if p.name == "city-4301.csv"]
    card = pd.read_csv(cards[0], encoding="utf-8-sig")
    assert "合成县2" in set(card["未报齐的县（市、区）"].dropna().str.split("、").explode())
    assert not card["评价"].str.startswith("达标").any()


def test_status_tells_and_rolls_up(tmp_path):
    out = tmp_path / "out"
    paths = write_counties(tmp_path / "in", 2)
    spoil(paths[1])
    with opened(out) as journal:
        due(journal, paths)
        finish(journal, read(paths))
    done = run("status", out, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "done 1" in done.output
    assert "failed 1" in done.output
    assert "c001" in done.output
    assert not (out / "summary").exists()
    done = run("status", out, "--roll-up")
    assert str(out / "summary" / "coverage.csv") in done.output
    counties = pd.read_csv(out / "summary" / "counties.csv").set_index("name")
    assert counties.loc["c001", "status"] == "failed"
    assert "cut short" in counties.loc["c001", "error"]
    lost = run("status", tmp_path)
    assert lost.exit_code == 1
    assert "holds no batch" in lost.output


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("a.toml", "--city", "4305"),
        ("--city", "4305", "--province", "43"),
        ("--city", "43"),
        ("--province", "hunan"),
        ("a.toml", "--workers", "0"),
    ],
)
def test_wrong_usage_is_2(words):
    assert run("batch", *words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--memory", "much"), "is no size"),
        (("--memory", "4"), "less than the smallest county takes"),
        (("--scheduler", "localhost"), "is no address"),
        (("--standard", "nothing"), "nothing"),
    ],
)
def test_what_cannot_be_is_refused_before_any_county(tmp_path, words, said):
    done = run("batch", *write_counties(tmp_path / "in", 1), "--out", tmp_path / "out", *words)
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "out" / "c000").exists()


def test_a_scheduler_that_does_not_answer_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("lifecircle.batch.cluster._WAIT_SECONDS", 1)
    path = write_counties(tmp_path / "in", 1)[0]
    done = run("batch", path, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert done.exit_code == 1
    assert "no scheduler answers" in done.output


def test_workers_are_never_more_than_counties():
    assert count_workers(Crew(workers=8), 3) == 3
    assert count_workers(Crew(), 1) == 1
    check_crew(Crew(memory="4GB", scheduler="tcp://127.0.0.1:8786"))


def test_the_screen_tells_each_county_once(tmp_path):
    out = tmp_path / "out"
    paths = write_counties(tmp_path / "in", 2)
    spoil(paths[1])
    for terminal in (False, True):
        console = Console(record=True, width=100, force_terminal=terminal)
        with opened(out) as journal, Screen(console, {"reach": "计算步行时间"}) as screen:
            due(journal, paths, retry_failed=True)
            screen.start(journal.entries(), 2)
            screen.stage("c000", "reach")
            screen.stage("c001", "reach")
            screen.stage("c001", "")
            console.print(screen._picture())
            finish(journal, read(paths))
            screen.ended(journal.entry("c000"))
            screen.ended(journal.entry("c001"))
            console.print(failure_table([journal.entry("c001")], out))
            console.print(status_table(journal.entries()))
        shown = console.export_text()
        assert "计算步行时间" in shown
        assert "[2/2] c001 合成县1: 失败" in shown or terminal
        assert "c001.log" in shown
        assert "完成 1" in shown
        shutil.rmtree(out)


def test_signals_are_left_alone_outside_the_main_thread():
    from lifecircle.batch.running import stopping

    seen = []

    def inside():
        with stopping() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [False]
