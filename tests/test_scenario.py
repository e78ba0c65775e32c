"""Scenarios: what a file may say, what it does to a county, and what it must leave alone."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minicounty import LAT, LON, STEP, write_county
from pandas.testing import assert_frame_equal

from lifecircle import assess, read_config, read_scenario, write_outputs
from lifecircle.errors import ConfigError, DataWarning, InputError, MissingFileError
from lifecircle.reading import walk_area
from lifecircle.scenario import Scenario, with_facilities, with_scenario
from lifecircle.service import known_kinds
from lifecircle.standards import read_standard

CLINIC = {"kind": "clinic", "name": "新站", "lon": LON, "lat": LAT}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return read_config(write_county(tmp_path_factory.mktemp("mini")))


@pytest.fixture(scope="module")
def mini(config):
    return assess(config)


@pytest.fixture(scope="module")
def around(config, mini):
    """What `with_facilities` needs beside the inventory."""
    standard = read_standard(config.standard)
    boundary = mini.units.to_crs(4326).union_all()
    area = walk_area(boundary, mini.network.crs, config, [standard])
    return {"kinds": known_kinds([standard]), "area": area}


def scenario(**facilities):
    return Scenario.model_validate({"zh": "试", "facilities": facilities})


def written(folder, text):
    path = folder / "what-if.toml"
    path.write_text(text, encoding="utf-8")
    return path


def share(assessment, kind, scope="county"):
    return assessment.coverage.loc[(scope, "near", kind, "population"), "share"]


def test_a_clinic_beside_the_post_office_is_reached_by_whom_the_post_office_is(config, mini):
    after = assess(config, scenario=scenario(add=[CLINIC]))
    # The clinic of before stands at the other end: nobody reaches both within five minutes.
    assert share(mini, "clinic") + share(mini, "post") == pytest.approx(share(after, "clinic"))
    assert after.run["counts"]["facilities"]["clinic"] == 2
    added = after.inventory.loc["scenario-1"]
    assert (added["kind"], added["name"], added["source"]) == ("clinic", "新站", "scenario")


def test_closing_the_only_post_office_leaves_none_known(config, mini):
    with pytest.warns(DataWarning, match="no facility is known of: post;"):
        after = assess(config, scenario=scenario(close=[{"id": "n900"}]))
    assert share(after, "post") == 0.0
    assert share(after, "clinic") == share(mini, "clinic")


def test_a_moved_clinic_serves_where_it_went(config, mini):
    after = assess(config, scenario=scenario(move=[{"id": "n902", "lon": LON, "lat": LAT}]))
    assert share(after, "clinic") == pytest.approx(share(mini, "post"))


def test_who_walks_faster_reaches_more(config, mini):
    fast = Scenario.model_validate({"zh": "快", "walk": {"speed_m_min": 150}})
    after = assess(config, scenario=fast)
    near, far = (a.access["seconds"] for a in (after, mini))
    # The walk to the road is walked faster, too: 150 m/min is twice 75.
    assert (near * 2).to_numpy() == pytest.approx(far.to_numpy(), nan_ok=True)
    assert after.run["config"]["walk"]["speed_kph"] == 9.0


def test_every_output_says_that_it_is_a_scenario(config, tmp_path):
    after = assess(config, scenario=scenario(add=[CLINIC], close=[{"id": "n902"}]))
    write_outputs(after, tmp_path, without=["map", "layers"])
    notice = "情景“试”，不是现状：设施新增 1、关闭 1。"
    assert notice in (tmp_path / "report.html").read_text(encoding="utf-8")
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert run["config"]["notice_zh"] == notice
    assert run["scenario"]["zh"] == "试"
    assert run["scenario"]["facilities"]["add"] == [
        {**CLINIC, "datum": "wgs84", "id": "scenario-1"}
    ]
    assert run["scenario"]["facilities"]["close"] == [{"id": "n902"}]


def test_a_county_as_it_is_has_no_scenario(mini):
    assert "scenario" not in mini.run
    assert mini.run["config"]["notice_zh"] == ""


def test_the_notice_stands_before_the_county_s_own(config):
    own = config.model_copy(update={"notice_zh": "演示。", "notice_en": "A demo."})
    told = with_scenario(own, scenario(move=[{"id": "a", "lon": LON, "lat": LAT}]))
    assert told.notice_zh == "情景“试”，不是现状：设施迁移 1。演示。"
    assert told.notice_en == "Scenario “试”, not as it is: facilities: moved 1. A demo."
    assert told.walk == own.walk


spots = st.tuples(st.integers(0, 4), st.integers(0, 4))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["clinic", "post", "医疗卫生"]), spots), max_size=4))
def test_what_is_added_and_closed_again_changes_nothing(mini, around, places):
    added = [
        {"kind": kind, "name": "站", "lon": LON + i * STEP, "lat": LAT + j * STEP, "capacity": 3}
        for kind, (i, j) in places
    ]
    closed = [{"id": f"scenario-{n}"} for n in range(1, len(added) + 1)]
    moved = [{**each, "lon": LON, "lat": LAT} for each in closed]
    after = with_facilities(mini.inventory, scenario(add=added, close=closed, move=moved), **around)
    assert_frame_equal(pd.DataFrame(after), pd.DataFrame(mini.inventory))
    assert after.crs == mini.inventory.crs


def test_the_inventory_is_left_as_it_was(mini, around):
    kept = mini.inventory.copy()
    changes = {"close": [{"id": "n900"}], "move": [{"id": "n901", "lon": LON, "lat": LAT}]}
    with_facilities(mini.inventory, scenario(add=[CLINIC], **changes), **around)
    assert_frame_equal(pd.DataFrame(kept), pd.DataFrame(mini.inventory))


def test_an_object_is_closed_and_moved_with_all_its_kinds_one_row_alone(mini, around):
    rows = [i for i in mini.inventory.index if i.startswith("n901")]
    assert len(rows) == 3
    gone = with_facilities(mini.inventory, scenario(close=[{"id": "n901"}]), **around)
    assert not set(rows) & set(gone.index)
    one = with_facilities(mini.inventory, scenario(close=[{"id": rows[1]}]), **around)
    assert set(mini.inventory.index) - set(one.index) == {rows[1]}
    there = {"id": "n901", "lon": LON, "lat": LAT}
    moved = with_facilities(mini.inventory, scenario(move=[there]), **around)
    post = mini.inventory.geometry["n900"]
    assert all(moved.geometry[i].distance(post) < 0.01 for i in rows)


def test_places_are_given_in_degrees_of_a_datum_or_in_metres(mini, around):
    x, y = (getattr(mini.inventory.geometry["n900"], axis) for axis in "xy")
    metres = {"kind": "clinic", "name": "新站", "x": x, "y": y, "crs": mini.network.crs.to_string()}
    shifted = {**CLINIC, "datum": "gcj02"}
    after = with_facilities(mini.inventory, scenario(add=[metres, CLINIC, shifted]), **around)
    post = after.geometry["n900"]
    assert after.geometry["scenario-1"].distance(post) < 0.01
    assert after.geometry["scenario-2"].distance(post) < 0.01
    assert 100 < after.geometry["scenario-3"].distance(post) < 1000  # what GCJ-02 is shifted by


def test_all_that_the_county_does_not_know_is_told_at_once(mini, around):
    wrong = scenario(
        add=[{**CLINIC, "kind": "clinics"}, {**CLINIC, "id": "n900"}, {**CLINIC, "lat": -LAT}],
        close=[{"id": "n9000"}, {"id": "n901"}, {"id": "n901"}],
        move=[{"id": "x", "lon": LON, "lat": LAT}],
    )
    with pytest.raises(InputError) as told:
        with_facilities(mini.inventory, wrong, **around)
    assert [(fault.what, fault.remedy) for fault in told.value.faults] == [
        ("facilities.close[0]: no facility has the id 'n9000'", "did you mean 'n900'?"),
        ("facilities.move[0]: no facility has the id 'x'", "take ids from layers.gpkg"),
        ("facilities.close: ids are given twice: n901", "give each id once"),
        ("facilities.add: facilities have these ids already: n900", "give other ids"),
        (
            "facilities.add[0].kind: 'clinics' is no kind that is judged here",
            "did you mean 'clinic'?",
        ),
        (
            "places lie outside the county and its walks: 新站",
            "check their coordinates and datum",
        ),
    ]


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    path = written(
        tmp_path,
        """
        colour = "red"
        [[facilities.add]]
        kind = "clinic"
        name = "新站"
        lon = 110
        [[facilities.move]]
        id = "n1"
        x = 1.0
        y = 2.0
        crs = "EPSG:0"
        [walk]
        speed_m_min = 9
        """,
    )
    with pytest.raises(ConfigError) as told:
        read_scenario(path)
    assert {(fault.where, fault.what, fault.remedy) for fault in told.value.faults} == {
        (str(path), "zh: is missing", "add this key"),
        (str(path), "colour: is no key of a scenario", "remove it"),
        (
            str(path),
            "facilities.add[0]: give lon and lat, or x and y with crs",
            "correct this value",
        ),
        (
            str(path),
            "facilities.move[0].crs: 'EPSG:0' is not a known CRS",
            "correct this value",
        ),
        (
            str(path),
            "walk.speed_m_min: Input should be greater than or equal to 10",
            "correct this value",
        ),
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('zh = "试', "not TOML"),
        ('zh = "试"\npath = "x"', "path: is no key of a scenario"),
        ('zh = ""', "zh: String should have at least 1 character"),
    ],
)
def test_a_broken_file_is_told(tmp_path, text, what):
    with pytest.raises(ConfigError, match=what):
        read_scenario(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(MissingFileError, match="there is no such file"):
        read_scenario(tmp_path / "none.toml")
