"""Two runs of one county: what changed, for whom, and which runs do not compare."""

import dataclasses
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import shapely
from browsing import Visit
from minicounty import LAT, LON, units, write_county
from typer.testing import CliRunner

from lifecircle import assess, compare_runs, read_config, read_run, run_of, write_outputs
from lifecircle.cli import app
from lifecircle.difference import MAP, RECORD, TABLES
from lifecircle.errors import DataWarning, InputError, MissingFileError
from lifecircle.scenario import Scenario

CLINIC = {"kind": "clinic", "name": "新站", "lon": LON, "lat": LAT}
TOML = f'zh = "试"\n[[facilities.add]]\nkind = "clinic"\nname = "新站"\nlon = {LON}\nlat = {LAT}\n'
NO_MORE = ["map", "workbook", "report", "layers"]


def scenario(**facilities):
    return Scenario.model_validate({"zh": "试", "facilities": facilities})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_county(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="module")
def mini(path):
    return assess(read_config(path))


@pytest.fixture(scope="module")
def more(path):
    """With a clinic beside the post office."""
    return assess(read_config(path), scenario=scenario(add=[CLINIC]))


@pytest.fixture(scope="module")
def moved(path):
    """With the clinic moved to the post office, at the other end."""
    there = {"id": "n902", "lon": LON, "lat": LAT}
    return assess(read_config(path), scenario=scenario(move=[there]))


@pytest.fixture(scope="module")
def runs(mini, more, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, assessment in (("before", mini), ("after", more)):
        write_outputs(assessment, folder / name, without=NO_MORE)
    return folder


def compared(before, after):
    return compare_runs(run_of(before, "before"), run_of(after, "after"))


def rows(difference, denominator="population"):
    table = difference.coverage
    return table[table["denominator"] == denominator].set_index(["scope", "kind"])


def near(assessment, kind):
    """Cells within the five minutes, looked up one by one."""
    seconds = assessment.access["seconds"]
    return {cell for cell in assessment.cells.index if seconds.get((cell, kind), np.inf) <= 300.0}


def test_a_run_and_itself_do_not_differ(mini, runs):
    for same in (compared(mini, mini), compare_runs(*[read_run(runs / "after")] * 2)):
        assert same.coverage.empty
        assert same.cells.empty
        assert {"share_change", "gained", "note"} <= {*same.coverage.columns}
        assert {"persons", "lon"} <= {*same.cells.columns}


def test_a_county_assessed_twice_does_not_differ(path, mini):
    again = compared(mini, assess(read_config(path)))
    assert again.coverage.empty
    assert again.cells.empty


def test_what_is_added_and_closed_again_makes_no_difference(path, mini):
    both = scenario(add=[CLINIC], close=[{"id": "scenario-1"}])
    same = compared(mini, assess(read_config(path), scenario=both))
    assert same.coverage.empty
    assert same.cells.empty


def test_residents_who_gain_a_clinic_are_those_near_the_post_office(mini, more):
    difference = compared(mini, more)
    post = mini.coverage.xs(("near", "post", "population"), level=(1, 2, 3))
    table = rows(difference)
    assert [*table.index] == [("county", "clinic"), ("w", "clinic"), ("e", "clinic")]
    for scope in ("county", "w", "e"):
        row = table.loc[(scope, "clinic")]
        assert row["gained"] == pytest.approx(post.loc[scope, "covered"])
        assert row["covered_change"] == pytest.approx(post.loc[scope, "covered"])
        assert row["share_change"] == pytest.approx(post.loc[scope, "share"], abs=1e-6)
        assert row["lost"] == 0.0
        assert (row["known_facilities_before"], row["known_facilities_after"]) == (1, 2)
    # 80 % of the western unit now reach one: a community of two is covered.
    assert rows(difference, "communities")["covered_change"].to_dict() == {
        ("county", "clinic"): 1.0,
        ("w", "clinic"): 1.0,
    }


def test_cells_that_gained_are_those_of_a_search_one_by_one(mini, more):
    cells = compared(mini, more).cells
    lived_in = set(mini.cells.index[mini.cells["persons"] > 0])
    assert set(cells["cell_id"]) == (near(more, "clinic") - near(mini, "clinic")) & lived_in
    assert set(cells["change_zh"]) == {"新增覆盖"}
    assert (cells["walk_before"] > 5).all()
    assert (cells["walk_after"] <= 5).all()
    persons = mini.cells["persons"].reindex(cells["cell_id"])
    assert cells["persons"].to_numpy() == pytest.approx(persons.to_numpy())
    whole = units().set_index("unit_id").geometry
    for _, cell in cells.iterrows():
        assert whole[cell["unit_id"]].covers(shapely.Point(cell["lon"], cell["lat"]))


def test_gained_less_lost_is_what_coverage_nets(mini, moved):
    table = rows(compared(mini, moved))
    assert ((table["gained"] > 0) & (table["lost"] > 0)).any()
    net = table["gained"] - table["lost"]
    assert net.to_numpy() == pytest.approx(table["covered_change"].to_numpy(), abs=1e-6)


def test_the_other_way_round_everything_turns(mini, moved):
    there, back = rows(compared(mini, moved)), rows(compared(moved, mini))
    assert there.index.equals(back.index)
    for name in ("share_change", "covered_change"):
        assert there[name].to_numpy() == pytest.approx(-back[name].to_numpy())
    assert there["gained"].to_numpy() == pytest.approx(back["lost"].to_numpy())
    assert there["share_before"].to_numpy() == pytest.approx(back["share_after"].to_numpy())


def test_run_folders_tell_what_assessments_in_memory_tell(mini, more, runs):
    told = compare_runs(read_run(runs / "before"), read_run(runs / "after"))
    known = compared(mini, more)
    pd.testing.assert_frame_equal(
        told.coverage, known.coverage, check_dtype=False, atol=2e-6, rtol=0
    )
    pd.testing.assert_frame_equal(told.cells, known.cells, check_dtype=False)


def test_who_walks_faster_gains_and_nobody_loses(path, mini):
    fast = Scenario.model_validate({"zh": "快", "walk": {"speed_m_min": 90}})
    difference = compared(mini, assess(read_config(path), scenario=fast))
    assert set(difference.cells["change"]) == {"gained"}
    assert (difference.coverage["covered_change"] > 0).all()
    assert (difference.record["before"]["speed_kph"], difference.record["after"]["speed_kph"]) == (
        4.5,
        pytest.approx(5.4),
    )


def test_more_residents_in_the_same_places_gain_no_service(mini, tmp_path):
    other = write_county(tmp_path)
    more = units()
    more.assign(residents=more["residents"] * 2).to_file(tmp_path / "units.geojson")
    difference = compared(mini, assess(read_config(other)))
    table = rows(difference)
    assert table["covered_change"].to_numpy() == pytest.approx(table["covered_before"].to_numpy())
    assert table["share_change"].abs().max() == 0.0
    assert (table[["gained", "lost"]] == 0.0).all(axis=None)
    assert difference.cells.empty
    assert difference.record["after"]["residents"] == 300.0


def test_another_threshold_is_named_not_subtracted(mini, tmp_path):
    other = write_county(tmp_path)
    other.write_text(other.read_text("utf-8").replace("minutes = 5\n", "minutes = 6\n"), "utf-8")
    difference = compared(mini, assess(read_config(other)))
    table = difference.coverage
    assert len(table) == len(mini.coverage)
    assert set(table["note"]) == {"口径不同：阈值 5 分钟 → 6 分钟"}
    assert table[["share_change", "covered_change", "gained", "lost"]].isna().all(axis=None)
    assert difference.cells.empty


def test_what_one_run_alone_judges_is_named(mini, tmp_path):
    other = write_county(tmp_path)
    text = other.read_text("utf-8").replace('"retail", "clinic"]', '"clinic", "pharmacy"]')
    other.write_text(text.replace('["post", "clinic"]', '["post"]'), "utf-8")
    with pytest.warns(DataWarning, match="no facility is known of: pharmacy;"):
        after = assess(read_config(other))
    table = compared(mini, after).coverage
    notes = table.groupby("kind")["note"].unique().map(list).to_dict()
    assert notes == {"pharmacy": ["仅本次评价"], "retail": ["仅前次评价"]}
    assert table["share_change"].isna().all()


def test_no_known_facility_is_no_plain_fall(path, mini):
    with pytest.warns(DataWarning, match="no facility is known of: clinic;"):
        after = assess(read_config(path), scenario=scenario(close=[{"id": "n902"}]))
    table = rows(compared(mini, after))
    assert set(table["note"]) == {"本次无已知设施"}
    assert (table["lost"] > 0).all()
    cells = compared(mini, after).cells
    assert cells["walk_after"].isna().all()
    assert set(cells["change"]) == {"lost"}


def test_other_areas_units_and_settings_do_not_compare(mini):
    run = run_of(mini, "a")

    def after(record=None, **cells):
        table = mini_cells.assign(**cells)
        return dataclasses.replace(run, label="b", cells=table, record=record or run.record)

    mini_cells = run.cells
    outline = shapely.from_wkt(run.record["outline"])
    west, south, east, north = outline.bounds
    part = shapely.box(west, south, west + 0.4 * (east - west), north).wkt
    renamed = mini_cells["unit_id"].map({"w": "x", "e": "y"})
    cases = {
        "b: has no unit of a: x, y -> give two runs of one county": after(unit_id=renamed),
        "b: has 40 % of the area in common with a": after({**run.record, "outline": part}),
        "cells lie in other units than in a: e": after(unit_id="e"),
        "cells have another setting than in a": after(setting="township"),
        "its CRS is": dataclasses.replace(run, cells=mini_cells.to_crs(4547)),
    }
    for what, other in cases.items():
        with pytest.raises(InputError) as told:
            compare_runs(run, other)
        assert what in str(told.value)


def test_files_that_a_run_lacks_are_all_named(tmp_path):
    with pytest.raises(MissingFileError) as told:
        read_run(tmp_path)
    assert len(told.value.faults) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.json", "{"),
        ("run.json", '{"standard": {}}'),
        ("run.json", "[]"),
        ("coverage.csv", ""),
        ("cells.parquet", "none"),
    ],
)
def test_a_file_that_is_not_whole_is_named(runs, tmp_path, name, text):
    run = tmp_path / "run"
    shutil.copytree(runs / "after", run)
    (run / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=rf"{name}: cannot be read \(.*\) -> assess again"):
        read_run(run)


def test_the_command_compares_two_run_folders(runs, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["compare", *map(str, (runs / "before", runs / "after")), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in out.iterdir()) == sorted([*TABLES, RECORD, MAP])
    county, of_units, cells = (pd.read_csv(out / name) for name in TABLES)
    assert set(county["scope"]) == {"county"}
    assert set(of_units["scope"]) == {"w", "e"}
    assert cells["persons"].sum() == pytest.approx(county["gained"].sum(), abs=1e-4)
    record = json.loads((out / RECORD).read_text("utf-8"))
    assert record["before"]["scenario"] is None
    assert record["after"]["notice_zh"] == "情景“试”，不是现状：设施新增 1。"
    assert record["after"]["speed_kph"] == 4.5


def test_the_command_says_why_runs_do_not_compare(runs, tmp_path):
    done = CliRunner().invoke(app, ["compare", str(runs / "before"), str(tmp_path)])
    assert done.exit_code == 1
    assert "run.json: there is no such file" in done.output


@pytest.mark.parametrize("more", [[], ["x", "--scenario", "y.toml"]])
def test_the_command_takes_a_second_run_or_a_scenario(more):
    assert CliRunner().invoke(app, ["compare", "x", *more]).exit_code == 2


@pytest.fixture(scope="module")
def scenario_out(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "clinic.toml").write_text(TOML, "utf-8")
    given = ["--scenario", str(folder / "clinic.toml"), "--out", str(folder / "out")]
    done = CliRunner().invoke(app, ["compare", str(path), *given, "-q"])
    assert done.exit_code == 0, done.output
    return folder / "out"


def test_a_scenario_is_compared_with_tables_and_map(scenario_out, runs, tmp_path):
    assert sorted(file.name for file in scenario_out.iterdir()) == sorted([*TABLES, RECORD, MAP])
    folders = ["compare", *map(str, (runs / "before", runs / "after")), "--out", str(tmp_path)]
    assert CliRunner().invoke(app, folders).exit_code == 0
    for name in TABLES:
        one, two = (pd.read_csv(folder / name) for folder in (scenario_out, tmp_path))
        pd.testing.assert_frame_equal(one, two, check_dtype=False, atol=2e-6, rtol=0)


@pytest.mark.browser
def test_the_map_shows_before_and_after_offline(browser, scenario_out):
    visit = Visit(browser, scenario_out / MAP)
    text = visit.page.inner_text("body")
    assert "情景“试”，不是现状：设施新增 1。" in text
    assert "之前" in text
    assert "之后" in text
    visit.end()


def test_assess_takes_a_scenario(path, tmp_path):
    file = tmp_path / "clinic.toml"
    file.write_text(TOML, "utf-8")
    left_out = [word for part in NO_MORE for word in ("--without", part)]
    given = ["--scenario", str(file), "--out", str(tmp_path / "out"), *left_out, "-q"]
    done = CliRunner().invoke(app, ["assess", str(path), *given])
    assert done.exit_code == 0, done.output
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["scenario"]["file"] == "clinic.toml"
