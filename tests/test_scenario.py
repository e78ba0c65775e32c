"""Scenarios: what a file may say, what it does to a county, and what it must leave alone."""

import json

import geopandas as gpd
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


def roads(**changes):
    return Scenario.model_validate({"zh": "试", "roads": changes})


BRIDGE = {"name": "沿河桥", "line": [(LON, LAT), (LON + 4 * STEP, LAT + 4 * STEP)]}


def test_a_road_is_given_in_degrees_of_a_datum_or_in_metres(mini):
    crs = mini.network.crs
    post, clinic = (mini.inventory.geometry[key] for key in ("n900", "n902"))
    metres = {"name": "乙", "line": [(p.x, p.y) for p in (post, clinic)], "crs": crs.to_string()}
    shifted = {**BRIDGE, "name": "丙", "datum": "gcj02", "join_m": 600, "highway": "steps"}
    table = roads(add=[BRIDGE, metres, shifted]).roads_added(crs)
    assert table.crs == crs
    assert table["name"].tolist() == ["沿河桥", "乙", "丙"]
    assert table["join_m"].tolist() == [30.0, 30.0, 600.0]
    assert table["highway"].tolist() == ["footway", "footway", "steps"]
    lines = table.geometry
    assert lines[0].hausdorff_distance(lines[1]) < 0.01
    assert 100 < lines[0].hausdorff_distance(lines[2]) < 1000  # what GCJ-02 is shifted by


def test_a_road_is_closed_by_a_line_a_point_or_its_name(mini):
    line = {"name": "甲", "line": BRIDGE["line"]}
    point = {"name": "乙", "lon": LON, "lat": LAT, "within_m": 40}
    post = mini.inventory.geometry["n900"]
    metres = {"name": "丙", "x": post.x, "y": post.y, "crs": mini.network.crs.to_string()}
    table = roads(close=[line, point, metres]).roads_closed(mini.network.crs)
    assert table.geom_type.tolist() == ["LineString", "Point", "Point"]
    assert table["within_m"].tolist() == [15.0, 40.0, 15.0]
    assert table.geometry[1].distance(table.geometry[2]) < 0.01
    both = roads(add=[BRIDGE, {**BRIDGE, "name": "另一座"}], close=[{"name": "沿河桥"}, point])
    assert both.roads_added(mini.network.crs)["name"].to_dict() == {1: "另一座"}
    assert both.roads_closed(mini.network.crs)["name"].to_dict() == {1: "乙"}


def test_a_road_that_is_built_and_closed_by_name_is_none(mini):
    nothing = roads(add=[BRIDGE], close=[{"name": "沿河桥"}])
    assert nothing.roads_added(mini.network.crs) is None
    assert nothing.roads_closed(mini.network.crs) is None
    assert scenario().roads_added(mini.network.crs) is None


def test_a_scenario_names_its_roads(tmp_path):
    path = written(
        tmp_path,
        """
        zh = "修桥"
        [[roads.add]]
        name = "沿河桥"
        line = [[110.001, 26.9], [110.002, 26.9]]
        datum = "gcj02"
        bridge = true
        [[roads.close]]
        name = "老街"
        lon = 110.0
        lat = 27.0
        [walk]
        speed_m_min = 70
        """,
    )
    read = read_scenario(path)
    assert read.summary("zh") == (
        "情景“修桥”，不是现状：新建道路“沿河桥”、封闭道路“老街”；步行速度 70 米/分钟。"
    )
    assert read.summary("en") == (
        "Scenario “修桥”, not as it is: roads: built “沿河桥”, closed “老街”; "
        "walking speed 70 m/min."
    )
    added = read.record()["roads"]["add"]
    assert [(road["name"], road["datum"], road["bridge"]) for road in added] == [
        ("沿河桥", "gcj02", True)
    ]
    assert read.record()["roads"]["close"][0]["within_m"] == 15.0


def test_many_roads_are_counted():
    many = roads(add=[{**BRIDGE, "name": f"路{n}"} for n in range(7)])
    assert many.roads.summary("zh") == ["新建道路“路0”“路1”“路2”“路3”“路4”等 7 条"]
    assert many.roads.summary("en")[0].endswith("“路4” and 2 more")


def test_all_faults_of_roads_are_told_at_once(tmp_path):
    path = written(
        tmp_path,
        """
        zh = "修桥"
        [[roads.add]]
        name = "甲"
        line = [[26.9, 110.001], [26.9, 110.002]]
        [[roads.add]]
        name = "乙"
        line = [[110.001, 26.9]]
        highway = "motorway"
        [[roads.close]]
        name = "丙"
        lon = 110.0
        [[roads.close]]
        name = "丁"
        line = [[110.0, 27.0], [110.1, 27.0]]
        x = 5.0
        y = 5.0
        crs = "EPSG:4546"
        """,
    )
    with pytest.raises(ConfigError) as told:
        read_scenario(path)
    assert [fault.what for fault in told.value.faults] == [
        "roads.add[0]: give longitude, then latitude; or metres with crs",
        "roads.add[1].line: Tuple should have at least 2 items after validation, not 1",
        "roads.add[1].highway: people do not walk on 'motorway'",
        "roads.close[0]: give a line, or lon and lat, or x and y with crs, or none of them",
        "roads.close[1]: give a line, or lon and lat, or x and y with crs, or none of them",
    ]


def test_names_of_roads_are_unique_and_known():
    with pytest.raises(ValueError, match="roads have the same name: 沿河桥"):
        roads(add=[BRIDGE, BRIDGE])
    with pytest.raises(ValueError, match="no road that is built has this name: 新桥"):
        roads(add=[BRIDGE], close=[{"name": "新桥"}])


def walk_from(assessment, kind, place):
    """Seconds to a kind from the cell in which a crossing (i, j) lies."""
    lonlat = gpd.GeoSeries.from_xy([LON + place[0] * STEP], [LAT + place[1] * STEP], crs=4326)
    at = lonlat.to_crs(assessment.cells.crs).iloc[0]
    cell = assessment.cells.geometry.distance(at).idxmin()
    return assessment.access.loc[(cell, kind), "seconds"]


def test_a_bridge_brings_the_clinic_nearer_by_what_it_saves(config, mini):
    after = assess(config, scenario=roads(add=[BRIDGE]))
    post, clinic = (mini.inventory.geometry[key] for key in ("n900", "n902"))
    along = abs(post.x - clinic.x) + abs(post.y - clinic.y)
    saved = (along - post.distance(clinic)) / 75 * 60  # some 245 m of 840
    before, now = (walk_from(each, "clinic", (0, 0)) for each in (mini, after))
    assert 150 < saved < 250
    assert before - now == pytest.approx(saved, abs=90)  # from the cell to the road it differs
    assert after.run["counts"]["roads_built_m"] == pytest.approx(post.distance(clinic), abs=1)
    assert "新建道路“沿河桥”" in after.run["config"]["notice_zh"]


def test_a_closed_street_is_told_in_metres(config, mini):
    there = {"name": "路口", "lon": LON + 4 * STEP, "lat": LAT + 4 * STEP, "within_m": 30}
    after = assess(config, scenario=roads(close=[there]))
    assert after.run["counts"]["roads_closed_m"] == 60  # two streets meet in the corner
    assert after.network.segment_m.sum() == pytest.approx(mini.network.segment_m.sum() - 60)


def test_a_bridge_into_nowhere_is_told_with_its_file(config):
    nowhere = {**BRIDGE, "line": [(LON, LAT), (LON, LAT + 0.05)]}
    with pytest.raises(InputError) as told:
        assess(config, scenario=roads(add=[nowhere]))
    assert str(told.value.faults[0]).startswith("scenario.toml: roads.add[0]: the end of '沿河桥'")
