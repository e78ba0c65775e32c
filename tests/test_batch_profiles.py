"""A batch of counties that are judged for several profiles: each is summed up by itself."""

from __future__ import annotations

import pytest
from minicounty import write_county

from lifecircle.batch import Options
from lifecircle.batch.jobs import read_jobs
from lifecircle.batch.work import assess_county
from lifecircle.render.comparing import County, compare_coverage
from lifecircle.render.runs import read_runs

PARTS = Options(without=("layers", "map", "report", "workbook"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    paths = []
    for name in ("east", "west"):
        path = write_county(folder / name)
        text = path.read_text(encoding="utf-8").replace('name = "mini"', f'name = "{name}"')
        path.write_text(f'{text}\n[walk]\nalso = ["wheelchair"]\n', encoding="utf-8")
        paths.append(path)
    out = folder / "out"
    for job in read_jobs(paths, PARTS, lambda data: data.sha256()):
        done = assess_county(job, PARTS, out, lambda _: None)
        assert done.error == ""
    return read_runs(sorted(file.parent for file in out.rglob("run.json")))


def test_each_profile_is_a_way_of_judging_of_its_own(runs):
    assert len(runs) == 4
    names = {(run.judging.key, run.judging.zh.endswith("（轮椅）")) for run in runs}
    assert names == {("shaoyang-2025", False), ("shaoyang-2025-wheelchair", True)}


def test_residents_of_a_sum_are_counted_once_for_each_profile(runs):
    counties = [
        County(
            name=name,
            zh=name,
            en=name,
            adcode="",
            runs=tuple(run for run in runs if run.name == name),
            status="done",
            reason="",
            outline="",
        )
        for name in ("east", "west")
    ]
    table = compare_coverage(counties)
    total = table[(table["level"] == "all") & (table["denominator"] == "population")]
    assert set(total["standard"]) == {"shaoyang-2025", "shaoyang-2025-wheelchair"}
    each = total.groupby(["standard", "circle", "kind"])["total"].agg(["size", "max"])
    assert (each["size"] == 1).all()
    assert (each["max"] <= 300).all()  # two counties of 150 residents
