"""Opening hours of a county: what is asked in its file or on the command line, and real hours."""

import warnings
from dataclasses import replace

import pandas as pd
import pytest
from minicounty import LAT, LON, STEP, write_county
from typer.testing import CliRunner

from lifecircle import assess, judge, measure, read_config
from lifecircle.cli import app
from lifecircle.config import TimeConfig, WalkConfig
from lifecircle.daytime import access_of, moments_of
from lifecircle.errors import ConfigError, DataWarning
from lifecircle.render.faultwords import in_chinese
from lifecircle.tables import MOMENTS, OPENINGS, SCOPE_COUNTY, check

DEMO = "data/liechtenstein/county.toml"


def quietly(read, *args, **changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read(*args, **changes)


def timed(path, *moments):
    config = read_config(path)
    return config.model_copy(update={"time": TimeConfig(moments=moments)})


# A post office in the far corner, open in the mornings; one a degree away, which is left out, and
# one just beyond the border, open all day. OSM's post office, without hours, stands at the origin.
LEDGER = f"""\
类别,名称,开放时间,lon,lat
邮政,东邮局,周一至周五8:00-12:00,{LON + 4 * STEP},{LAT + 4 * STEP}
邮政,界外邮局,0:00-24:00,{LON + 8 * STEP},{LAT + 4 * STEP}
"""


def with_ledger(path, text=LEDGER):
    (path.parent / "ledger.csv").write_text(text, encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[[facilities.files]]\npath = "ledger.csv"\ndatum = "wgs84"\n')
    return path


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    path = with_ledger(write_county(tmp_path_factory.mktemp("mini")))
    return measure(read_config(path), drawn=False)


def county(found, moment, kind="post"):
    return found.coverage.loc[(moment, SCOPE_COUNTY, "near", kind)]


def within(measured, rows):
    """Residents within five minutes of some of the post offices."""
    access = access_of(measured)(measured.facilities.iloc[rows]).droplevel("kind")
    near = access["seconds"].reindex(measured.cells.index) <= 300.0
    return measured.cells["persons"][near.to_numpy()].sum()


def test_only_what_is_open_counts(mini):
    posts = mini.facilities["kind"] == "post"
    rows = {name: n for n, name in enumerate(mini.facilities["name"]) if posts.iloc[n]}
    assert set(rows) == {"东邮局", "界外邮局", "设施0"}
    found = moments_of(mini, mini.standards[0], ["工作日10:00", "工作日18:30", "周末10:00"])
    check(found.coverage, MOMENTS)
    check(found.openings, OPENINGS)
    morning, evening, weekend = (county(found, key) for key in found.labels)
    everywhere = within(mini, [*rows.values()])
    assert morning["covered_any"] == evening["covered_any"] == pytest.approx(everywhere)
    always = rows["界外邮局"]
    assert morning["covered_low"] == pytest.approx(within(mini, [always, rows["东邮局"]]))
    assert evening["covered_low"] == pytest.approx(within(mini, [always]))
    assert evening["covered_high"] == pytest.approx(within(mini, [always, rows["设施0"]]))
    assert weekend.to_list() == evening.to_list()
    assert morning["covered_low"] > evening["covered_low"]
    assert found.labels["weekday 18:30"] == {"zh": "工作日 18:30", "en": "weekdays 18:30"}


def test_counted_are_the_countys_own(mini):
    found = moments_of(mini, mini.standards[0], ["工作日18:30"])
    assert found.openings.loc[("weekday 18:30", "post")].to_list() == [0, 1, 1]  # 界外邮局 is not
    row = found.eight_hours.loc["post"]
    assert row[["facilities", "known", "eight", "unknown"]].to_list() == [2, 1, 0, 1]


def test_nothing_asked_and_no_hours_is_nothing(tmp_path):
    measured = measure(read_config(write_county(tmp_path)), drawn=False)
    assert moments_of(measured, measured.standards[0]) is None
    done = assess(read_config(tmp_path / "county.toml"))
    assert done.decisions.moments is None


def test_hours_alone_are_held_against_the_8_hours_rule(mini):
    found = moments_of(mini, mini.standards[0])
    assert (found.labels, len(found.coverage), len(found.openings)) == ({}, 0, 0)
    assert found.coverage.index.names == list(MOMENTS.index)
    assert list(found.coverage.columns) == list(MOMENTS.columns)
    assert found.openings.index.names == list(OPENINGS.index)
    assert found.eight_hours.loc["post", "known"] == 1


def test_hours_a_day_are_hours_too(tmp_path):
    text = f"类别,名称,每日开放小时数,lon,lat\n邮政,东邮局,9,{LON},{LAT}\n"
    measured = measure(read_config(with_ledger(write_county(tmp_path), text)), drawn=False)
    found = moments_of(measured, measured.standards[0])
    assert found.eight_hours.loc["post", "eight"] == 1


def test_what_is_no_moment_is_told_with_the_file(mini):
    with pytest.raises(ConfigError) as error:
        moments_of(mini, mini.standards[0], ["18:30", "soon", "周八 9:00"])
    faults = error.value.faults
    assert [fault.where for fault in faults] == [str(mini.config.path)] * 2
    assert faults[0].what == "time.moments[1]: 'soon' is no moment of the week"
    assert in_chinese(faults[1]).what == "time.moments[2]：“周八 9:00” 不是一周中的某个时刻"


def test_the_file_asks_and_the_assessment_holds_it(tmp_path):
    path = with_ledger(write_county(tmp_path))
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[time]\nmoments = ["工作日18:30", "周末10:00"]\n')
    asked = assess(read_config(path))
    assert list(asked.decisions.moments.labels) == ["weekday 18:30", "weekend 10:00"]
    plain = assess(timed(path))
    for name in ("units", "facilities", "cells", "access", "coverage", "scores", "gaps"):
        pd.testing.assert_frame_equal(getattr(asked, name), getattr(plain, name))


def test_the_tables_of_judging_are_untouched(mini):
    judged = judge(mini, mini.standards[0])
    before = {name: getattr(judged, name).copy() for name in ("units", "facilities", "access")}
    moments_of(mini, judged.standard, ["18:30"])
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(judged, name), table)


@pytest.mark.parametrize("settings", [{}, {"rural": "bicycle", "urban": "elderly"}])
def test_some_facilities_are_reached_as_all_were(settings):
    config = read_config(DEMO)
    config = config.model_copy(update={"walk": WalkConfig(settings=settings)})
    measured = quietly(measure, config, drawn=False)
    assert set(measured.networks) == set(settings)
    again = access_of(measured)(measured.facilities)
    order = again.reindex(measured.access.index)
    kinds = set(measured.facilities["kind"])
    there = order.index.get_level_values("kind").isin(list(kinds))
    pd.testing.assert_series_equal(
        order["seconds"][there], measured.access["seconds"][there], check_exact=True
    )
    found = moments_of(measured, measured.standards[0], ["工作日18:30"])
    judged = judge(measured, measured.standards[0])
    people = judged.coverage.xs("population", level="denominator")["covered"]
    covered = found.coverage.droplevel("moment")["covered_any"]
    pd.testing.assert_series_equal(
        covered.sort_index(), people.sort_index(), check_names=False, check_exact=False
    )


def test_metres_are_measured_where_a_standard_has_them(mini):
    by_metres = mini.standards[0].model_copy(
        update={
            "requirements": tuple(
                r.model_copy(update={"limit": 375.0, "unit": "metres"})
                for r in mini.standards[0].requirements
            )
        }
    )
    reading = replace(mini.reading, standards=(by_metres,))
    access = access_of(replace(mini, reading=reading))(mini.facilities)
    metres = access["seconds"] * 1.25  # 75 m/min, on the level
    pd.testing.assert_series_equal(access["metres"], metres, check_names=False, rtol=1e-5)
    assert access["metres"].notna().all()


# --- the command --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    path = with_ledger(write_county(folder))
    asked = ["hours", str(path), "--at", "工作日10:00", "--at", "周末10:00"]
    return CliRunner().invoke(app, [*asked, "--out", str(folder / "out")]), folder / "out"


def test_the_command_writes_three_tables(ran):
    done, out = ran
    assert done.exit_code == 0
    names = ["moments.csv", "openings.csv", "eight_hours.csv"]
    assert done.stdout.splitlines() == [str(out / name) for name in names]
    for name in names:
        table = pd.read_csv(out / name, encoding="utf-8-sig")
        assert len(table) > 0
        assert table.columns.str.contains(r"[一-龥].* [a-z_]+$").all()
    moments = pd.read_csv(out / "moments.csv", encoding="utf-8-sig")
    assert moments["时刻 moment"].unique().tolist() == ["weekday 10:00", "weekend 10:00"]


def test_the_command_tells_each_kind(ran):
    lines = ran[0].stderr.splitlines()
    assert "工作日 10:00" in lines
    post = [line for line in lines if "近便圈 · 邮政：不论时间" in line]
    assert len(post) == 2
    assert post[0].endswith("开放 1 处，关闭 0 处，时间不详 1 处")
    assert post[1].endswith("开放 0 处，关闭 1 处，时间不详 1 处")


def test_a_moment_that_is_none_costs_no_time(tmp_path):
    path = write_county(tmp_path)
    done = CliRunner().invoke(app, ["hours", str(path), "--at", "18:75", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "'18:75' is no moment of the week" in done.stderr
    assert "[1/" not in done.stderr
    done = CliRunner().invoke(app, ["hours", str(path)])
    assert done.exit_code == 2
    assert "--at" in done.stderr


# --- real hours ---------------------------------------------------------------------------------


@pytest.mark.shared
def test_real_hours_change_real_coverage():
    measured = quietly(measure, read_config("tests/data/las_palmas.toml"), drawn=False)
    keys = ["weekday 10:30", "weekday 18:30", "weekend 10:00", "Su 21:00"]
    found = moments_of(measured, measured.standards[0], keys)
    county = found.coverage.xs(SCOPE_COUNTY, level="scope").reset_index()
    low, high, whole = (
        county.pivot_table(f"covered_{name}", ["circle", "kind"], "moment")[keys]
        for name in ("low", "high", "any")
    )
    assert (low <= high + 1e-6).all(axis=None)
    assert (high <= whole + 1e-6).all(axis=None)
    # Fresh food: 36 of the 37 that tell their hours are open of a weekday's morning, 3 on Sunday
    # evening; the city loses most of its sure coverage, and cannot keep all even at best.
    food = found.openings.xs("fresh_food", level="kind")["open"]
    assert food[keys].tolist() == sorted(food[keys], reverse=True)
    for circle in ("walkable_500", "walkable_1250"):
        sure, perhaps = low.loc[(circle, "fresh_food")], high.loc[(circle, "fresh_food")]
        assert sure.tolist() == sorted(sure, reverse=True)
        assert sure["Su 21:00"] < 0.25 * sure["weekday 10:30"]
        assert perhaps["Su 21:00"] < whole.loc[(circle, "fresh_food"), "Su 21:00"]
    # Nobody tells when schools are open: nothing is sure, and nothing is lost.
    assert (low.loc[("walkable_1250", "education")] == 0).all()
    assert (
        high.loc[("walkable_1250", "education")] == whole.loc[("walkable_1250", "education")]
    ).all()
    people = judge(measured, measured.standards[0]).coverage.xs("population", level="denominator")
    judged = people["covered"].xs(SCOPE_COUNTY, level="scope")
    assert whole["Su 21:00"].to_dict() == pytest.approx(judged.to_dict())
