"""The walking model: slope, steps, what is barred, vehicles, and the way across country."""

from __future__ import annotations

import json
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from handmade import CRS, cells_at, facilities_at, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st
from minicounty import write_county
from rasterio.transform import from_origin
from typer.testing import CliRunner

from lifecircle.checking import check_county
from lifecircle.cli import app
from lifecircle.config import (
    Dataset,
    WalkConfig,
    WalkProfile,
    datasets,
    profiles,
    read_config,
)
from lifecircle.county import assess, judge
from lifecircle.errors import ConfigError, DataWarning, InputError
from lifecircle.isochrone import isochrones
from lifecircle.measuring import measure
from lifecircle.network import WalkNetwork
from lifecircle.network.slope import slope_of, tobler
from lifecircle.reach import nearest_times, pair_times, travel_times
from lifecircle.render.tables.readers import sources_table
from lifecircle.render.walking_words import walking_words
from lifecircle.streets import trait
from lifecircle.tables import FLAGS

METRES = 3.6  # km/h at which metres are seconds


def street(*, profile=None, length=300.0, **columns):
    """Three nodes on a line, `length` metres apart."""
    nodes = pd.DataFrame({"x": [0.0, length, 2 * length], "y": 0.0}, index=[1, 2, 3])
    edges = pd.DataFrame({"u": [1, 2], "v": [2, 3], **columns})
    chosen = profile or WalkProfile(speed_kph=METRES)
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=chosen)


def walk(network, start, end):
    """Seconds from one (x, y) to another."""
    ends = pd.DataFrame([start], columns=["x", "y"]), pd.DataFrame([end], columns=["x", "y"])
    return pair_times(network, *ends).item()


class TestSlope:
    def test_a_slope_of_one_in_ten_by_hand(self):
        # Up: exp(3.5 x 0.10); down: |-0.10 + 0.05| - 0.05 = 0, so as on the level.
        network = street().with_elevation(lambda x, _: x / 10.0)
        assert walk(network, (0, 0), (600, 0)) == pytest.approx(600 * np.exp(0.35))
        assert walk(network, (600, 0), (0, 0)) == pytest.approx(600.0)
        # From the middle of a segment, up and down.
        assert walk(network, (150, 0), (250, 0)) == pytest.approx(100 * np.exp(0.35))
        assert walk(network, (250, 0), (150, 0)) == pytest.approx(100.0)

    def test_the_access_leg_is_level(self):
        network = street().with_elevation(lambda x, _: x / 10.0)
        assert walk(network, (0, 40), (600, 0)) == pytest.approx(40 + 600 * np.exp(0.35))

    def test_a_hill_inside_a_long_segment_is_seen(self):
        # Up 30 m over 150 m and down again, between two nodes at the same height.
        network = street().with_elevation(lambda x, _: 30.0 - np.abs(x % 300.0 - 150.0) / 5.0)
        up, down = np.exp(3.5 * 0.2), np.exp(3.5 * 0.1)
        assert network.segment_seconds == pytest.approx([150 * up + 150 * down] * 2)
        assert network.slope.steepest == pytest.approx([0.2, 0.2])

    def test_a_bridge_runs_straight_over_the_valley(self):
        def valley(x, _):
            return np.where((x > 1) & (x < 599), -100.0, 0.0)

        assert street(bridge=[True, True]).with_elevation(valley).slope.steepest.max() == 0.0
        assert (
            street().with_elevation(valley).slope.steepest.max() == 1.0
        )  # as steep as is believed

    def test_a_bridge_that_rises_keeps_its_grade(self):
        network = street(bridge=True).with_elevation(lambda x, _: np.where(x > 599, 30.0, 0.0))
        assert network.slope.steepest == pytest.approx([0.05, 0.05])

    def test_stairs_up_to_a_bridge_do_not_pull_it_down(self):
        nodes = pd.DataFrame({"x": [0.0, 100, 200, 100], "y": [0.0, 0, 0, -50]}, index=[1, 2, 3, 4])
        edges = pd.DataFrame(
            {
                "u": [1, 2, 2],
                "v": [2, 3, 4],
                "bridge": [True, True, False],
                "steps": [False, False, True],
            }
        )
        chair = WalkProfile(profile="wheelchair", speed_kph=METRES)
        level = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=chair)
        valley = level.with_elevation(lambda x, _: np.where((x > 1) & (x < 199), 0.0, 20.0))
        assert walk(valley, (0, 0), (200, 0)) == pytest.approx(200.0)

    def test_a_ring_of_bridges_keeps_the_height_of_the_ground(self):
        nodes = pd.DataFrame({"x": [0.0, 50, 25], "y": [0.0, 0, 40]}, index=[1, 2, 3])
        edges = pd.DataFrame({"u": [1, 2, 3], "v": [2, 3, 1], "bridge": True})
        ring = WalkNetwork.from_tables(nodes, edges, crs=CRS).with_elevation(lambda x, _: x / 10)
        assert ring.slope.steepest.max() == pytest.approx(0.1)

    def test_whoever_rides_keeps_the_slope_where_a_street_is_barred(self):
        rider = WalkProfile(profile="bicycle", slope=True, speed_kph=METRES, access_kph=METRES)
        network = street(profile=rider, steps=[False, True]).with_elevation(lambda x, _: x / 10)
        assert network.slope is not None
        assert walk(network, (0, 0), (300, 0)) == pytest.approx(300 * np.exp(0.35))
        assert walk(network, (300, 0), (0, 0)) == pytest.approx(300.0)

    def test_a_rider_may_bar_what_is_too_steep_without_counting_slope(self):
        rider = WalkProfile(profile="bicycle", steepest=0.08)
        level = street(profile=rider)
        gentle = level.with_elevation(lambda x, _: np.maximum(x - 300, 0) / 3)
        assert np.isfinite(walk(gentle, (0, 0), (300, 0)))
        assert gentle.counts["segments"] == 1
        with pytest.raises(InputError, match="no road is open"):
            level.with_elevation(lambda x, _: x / 3)

    def test_steps_have_their_own_factor_whatever_the_slope(self):
        network = street(steps=[True, False]).with_elevation(lambda x, _: x / 2.0)
        assert network.segment_seconds[0] == 600.0

    def test_unknown_elevation_counts_as_level_and_is_told(self):
        network = street().with_elevation(lambda x, _: np.where(x < 250, x / 10.0, np.nan))
        slope = network.slope
        assert slope.known == pytest.approx(200 / 600)  # pieces of 50 m up to 200
        assert network.segment_seconds[1] == 300.0

    def test_profiles_that_do_not_count_slope(self):
        network = street().with_elevation(lambda x, _: x / 10.0)
        wheels = network.with_profile(WalkProfile(profile="e-bike", speed_kph=METRES))
        assert walk(wheels, (0, 0), (600, 0)) == 600.0

    @given(st.floats(0.001, 1.0))
    def test_uphill_is_slower_than_downhill(self, grade):
        assert tobler(np.array(grade)) > tobler(np.array(-grade))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(0, 60), min_size=25, max_size=25), st.data())
    def test_times_equal_those_of_another_library(self, heights, data):
        nodes, edges = lattice_tables()
        at = dict(zip(zip(nodes.x, nodes.y, strict=True), heights, strict=True))
        z = np.vectorize(lambda x, y: at.get((x, y), np.nan))
        level = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=WalkProfile(speed_kph=3.6))
        network = level.with_elevation(z)
        graph = nx.DiGraph()
        ids = network.node_ids
        for u, v, ahead, back in zip(
            network.segment_u,
            network.segment_v,
            network.segment_seconds,
            network.segment_seconds_back,
            strict=True,
        ):
            graph.add_edge(ids[u], ids[v], weight=ahead)
            graph.add_edge(ids[v], ids[u], weight=back)
        end = data.draw(st.sampled_from(list(nodes.index)))
        wanted = nx.single_source_dijkstra_path_length(graph.reverse(), end)
        place = tuple(nodes.loc[end])
        cells = cells_at([tuple(row) for row in nodes.to_numpy()])
        found = nearest_times(network, facilities_at([place]), cells)["seconds"]
        assert found.to_numpy() == pytest.approx([wanted[node] for node in nodes.index])
        pairs = travel_times(network, facilities_at([place]), cells, cutoff_seconds=1e5)["seconds"]
        assert np.sort(pairs.to_numpy()) == pytest.approx(np.sort(found.to_numpy()))


class TestBarred:
    def test_steps_stop_a_wheelchair(self):
        network = street(steps=[False, True], profile=WalkProfile(profile="wheelchair"))
        assert walk(network, (0, 0), (300, 0)) == pytest.approx(300 / (3.0 / 3.6))
        assert np.isnan(walk(network, (0, 0), (600, 0)))
        assert np.isnan(walk(network, (0, 0), (450, 0)))  # nobody starts or ends on the steps
        pairs = travel_times(
            network, facilities_at([(0, 0)]), cells_at([(300, 0), (600, 0)]), cutoff_seconds=1e7
        )
        assert pairs.index.get_level_values("cell_id").tolist() == [0]

    @pytest.mark.parametrize("column", ["steps", "wheelchair_no"])
    def test_a_way_round_is_taken(self, column):
        # A square: the short side is barred, the three others are 300 m.
        nodes = pd.DataFrame({"x": [0.0, 100, 100, 0], "y": [0.0, 0, 100, 100]}, index=[1, 2, 3, 4])
        edges = pd.DataFrame({"u": [1, 2, 3, 4], "v": [2, 3, 4, 1], column: [True] + [False] * 3})
        chair = WalkProfile(profile="wheelchair", speed_kph=METRES)
        network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=chair)
        assert walk(network, (0, 0), (100, 0)) == 300.0
        assert walk(network.by_length(), (0, 0), (100, 0)) == 300.0

    def test_steeper_than_one_in_twelve_stops_a_wheelchair(self):
        chair = WalkProfile(profile="wheelchair")
        assert np.isfinite(
            walk(street(profile=chair).with_elevation(lambda x, _: x / 13), (0, 0), (600, 0))
        )
        assert np.isnan(
            walk(street(profile=chair).with_elevation(lambda x, _: x / 11), (0, 0), (600, 0))
        )

    def test_a_facility_on_a_barred_street_serves_nobody(self):
        network = street(steps=[False, True], profile=WalkProfile(profile="wheelchair"))
        access = nearest_times(network, facilities_at([(450, 0), (0, 0)]), cells_at([(300, 0)]))
        assert access["facility_id"].tolist() == ["f1"]
        areas = isochrones(network, facilities_at([(450, 0)]), minutes=[5])
        assert not len(areas)

    def test_isochrones_stop_at_what_is_barred(self):
        network = street(steps=[False, True], profile=WalkProfile(profile="wheelchair"))
        area = isochrones(network, facilities_at([(0, 0)]), minutes=[30]).geometry.iloc[0]
        assert area.bounds[2] == pytest.approx(300, abs=15)

    def test_isochrones_are_those_who_walk_to_it(self):
        network = street().with_elevation(lambda x, _: x / 10.0)
        area = isochrones(network, facilities_at([(300, 0)]), minutes=[2]).geometry.iloc[0]
        west, _, east, _ = area.bounds
        assert 300 - west == pytest.approx(120 / np.exp(0.35), abs=12)  # they climb
        assert east - 300 == pytest.approx(120, abs=12)  # they come down

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["", "steps", "wheelchair_no", "unpaved"]), min_size=40, max_size=40
        ),
        st.lists(st.floats(0, 20), min_size=25, max_size=25),
        st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400)), min_size=1, max_size=6),
    )
    def test_who_a_wheelchair_reaches_an_adult_reaches_too_and_no_later(self, what, heights, at):
        nodes, edges = lattice_tables()
        for name in ("steps", "wheelchair_no", "unpaved"):
            edges[name] = [word == name for word in what]
        known = dict(zip(zip(nodes.x, nodes.y, strict=True), heights, strict=True))
        z = np.vectorize(lambda x, y: known.get((x, y), np.nan))
        network = WalkNetwork.from_tables(nodes, edges, crs=CRS).with_elevation(z)
        places, cells = facilities_at([(0, 0), (400, 400)]), cells_at(at)
        adult = nearest_times(network, places, cells)["seconds"].to_numpy()
        chair = network.with_profile(WalkProfile(profile="wheelchair"))
        seconds = nearest_times(chair, places, cells)["seconds"].to_numpy()
        reached = np.isfinite(seconds)
        assert np.isfinite(adult[reached]).all()
        assert (adult[reached] <= seconds[reached] + 1e-6).all()


class TestDoors:
    def test_a_graph_holds_both_ways_and_nothing_barred(self):
        chair = WalkProfile(profile="wheelchair", speed_kph=METRES)
        network = street(profile=chair, steps=[True, False]).with_elevation(lambda x, _: x / 20)
        ((u, v, data),) = network.to_networkx().edges(data=True)
        assert {u, v} == {2, 3}
        up, down = 300 * np.exp(3.5 * 0.05), 300 * np.exp(-3.5 * 0.05)
        assert sorted([data["seconds"], data["seconds_back"]]) == pytest.approx([down, up])

    def test_lengths_stay_lengths_when_elevations_are_given(self):
        network = street().by_length().with_elevation(lambda x, _: x / 10)
        assert walk(network, (0, 0), (600, 0)) == 600.0

    def test_a_facility_of_very_many_entrances_is_drawn(self):
        doors = shapely.MultiPoint([(600 - n / 5, 1.0) for n in range(3000)])
        park = facilities_at([(0, 0)], kind="park").set_geometry([doors], crs=CRS)
        area = isochrones(street(), park, minutes=[1], per_facility=True).geometry.iloc[0]
        assert area.bounds[2] == pytest.approx(659, abs=3)  # 600 m, and 59 m of the minute

    def test_isochrones_reach_no_further_from_a_street_than_homes_do(self):
        near = WalkProfile(speed_kph=METRES, snap_limit_m=50, offroad_limit_m=200)
        area = isochrones(street(profile=near), facilities_at([(300, 0)]), minutes=[10])
        _, south, _, north = area.geometry.iloc[0].bounds
        assert (north, -south) == pytest.approx((50, 50), abs=6)


class TestVehicles:
    def test_a_car_joins_the_nearest_road_that_it_may_use(self):
        # A footway passes the door; the road lies 80 m further south.
        nodes = pd.DataFrame(
            {"x": [0.0, 1000, 0, 1000], "y": [0.0, 0, -80, -80]}, index=[1, 2, 3, 4]
        )
        edges = pd.DataFrame(
            {"u": [1, 3, 1], "v": [2, 4, 3], "highway": ["footway", "primary", "footway"]}
        )
        network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=WalkProfile())
        car = network.with_profile(WalkProfile(profile="car"))
        # 80 m on foot at 4.5 km/h to the road, 1 km at 45 km/h.
        assert walk(car, (0, 0), (1000, -80)) == pytest.approx(80 / 1.25 + 1000 / 12.5)
        assert car.with_profile(WalkProfile()).counts["segments"] == network.counts["segments"]
        straight = WalkNetwork.from_tables(
            nodes, edges, crs=CRS, profile=WalkProfile(profile="car")
        )
        assert walk(straight, (0, 0), (1000, -80)) == pytest.approx(144.0)

    def test_no_road_for_it_is_one_clear_error(self):
        network = street(highway=["path", "path"])
        with pytest.raises(InputError, match="no road is open to the profile car"):
            network.with_profile(WalkProfile(profile="car"))


class TestAcrossCountry:
    def test_a_hamlet_without_a_road_is_joined_to_it_slowly(self):
        near = WalkProfile(speed_kph=METRES, snap_limit_m=200)
        far = near.model_copy(update={"offroad_limit_m": 800.0, "offroad_kph": 1.8})
        hamlet, end = (300, 500), (600, 0)
        assert np.isnan(walk(street(profile=near), hamlet, end))
        assert walk(street(profile=far), hamlet, end) == pytest.approx(500 / 0.5 + 300)
        assert walk(street(profile=far), (300, 150), end) == 450.0  # within the limit as ever
        assert np.isnan(walk(street(profile=far), (300, 900), end))
        assert walk(street(profile=far).by_length(), hamlet, end) == 800.0


class TestProfiles:
    def test_every_named_profile_stands_and_says_how_surely(self):
        for key, values in profiles().items():
            profile = WalkProfile(profile=key)
            assert profile.label("zh") == values["zh"] != profile.label("en") == values["en"]
            assert any(flag in values["note_en"] for flag in FLAGS)

    def test_given_values_go_before_the_named(self):
        own = WalkProfile(profile="elderly", speed_kph=3.0)
        assert (own.speed_kph, own.steps_factor) == (3.0, 3.0)

    def test_also_join_places_as_the_county_does(self):
        walk = WalkConfig(
            snap_limit_m=250, also=["elderly", {"profile": "car", "snap_limit_m": 90}]
        )
        assert [p.snap_limit_m for p in walk.judged()] == [250, 250, 90]
        assert walk.fastest_of_all_kph == 50.0

    def test_other_profiles_for_one_run(self):
        walk = WalkConfig(speed_kph=4.0, snap_limit_m=250).with_profiles(["elderly", "adult"])
        assert [(p.profile, p.speed_kph, p.snap_limit_m) for p in walk.judged()] == [
            ("elderly", 3.6, 250),
            ("adult", 4.0, 250),
        ]
        villages = WalkConfig(settings={"rural": "e-bike"})
        assert set(villages.with_profiles(["adult", "elderly"]).settings) == {"rural"}
        assert not villages.with_profiles(["elderly"]).settings
        with pytest.raises(ConfigError, match="profile 'horse' is not known; use one of adult"):
            walk.with_profiles(["horse"])

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"profile": "horse"}, "'horse' is not known"),
            ({"speed_kph": 16}, "nobody walks faster"),
            ({"settings": {"city": "car"}}, "'city' is none of urban, township, rural"),
            ({"also": ["adult"]}, "stands twice"),
        ],
    )
    def test_what_is_wrong_is_told(self, given, told):
        with pytest.raises(ValueError, match=told):
            WalkConfig(**given)


def test_the_slope_of_a_level_network_changes_nothing(lattice):
    flat = lattice.with_elevation(lambda x, _: np.zeros(len(x)))
    assert flat.segment_seconds == pytest.approx(lattice.segment_seconds)
    slope = slope_of(lattice, lambda x, _: np.zeros(len(x)))
    assert (slope.known, slope.steepest.max()) == (1.0, 0.0)
    area = [
        isochrones(on, facilities_at([(200, 200)]), minutes=[3]).geometry.iloc[0]
        for on in (flat, lattice)
    ]
    assert shapely.equals(*area)


# --- from the county's file to the words on the page --------------------------------------------


def write_synthetic_hill(path):
    """A synthetic elevation model of Liechtenstein: a plane that rises one in ten to the east."""
    west, south, east, north = 9.4, 47.0, 9.7, 47.3
    pixel = 0.0005
    count = round((east - west) / pixel), round((north - south) / pixel)
    metres = (np.arange(count[0]) + 0.5) * pixel * 111_320 * np.cos(np.radians(47.15))
    heights = np.broadcast_to(400.0 + metres / 10.0, (count[1], count[0])).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=count[0],
        height=count[1],
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=from_origin(west, north, pixel, pixel),
    ) as raster:
        raster.write(heights, 1)


@pytest.fixture(scope="module")
def demo():
    with warnings.catch_warnings(action="ignore"):
        return measure(read_config("data/liechtenstein/county.toml"), drawn=False)


@pytest.fixture(scope="module")
def hilly(demo, tmp_path_factory):
    path = tmp_path_factory.mktemp("hill") / "synthetic-hill.tif"
    write_synthetic_hill(path)
    county = demo.config.model_copy(update={"elevation": Dataset(path=path, source="synthetic")})
    with warnings.catch_warnings(action="ignore"):
        return measure(county, drawn=False)


def test_without_elevations_it_says_so(demo):
    done = judge(demo, demo.standards[0])
    assert done.run["elevation"] == {"given": False, "counted": False, "known_share": None}
    assert "未提供高程，未计坡度" in walking_words(done.config, done.run, "zh")
    assert "no elevation" in walking_words(done.config, done.run, "en")


def test_with_elevations_the_slope_counts(demo, hilly):
    done = judge(hilly, hilly.standards[0])
    assert done.run["elevation"] == {"given": True, "counted": True, "known_share": 1.0}
    assert done.run["inputs"]["elevation"]["source"] == "synthetic"
    assert "按高程计坡度" in walking_words(done.config, done.run, "zh")
    # Eastward is uphill and takes longer; westward, down one in ten, takes as long as on the level.
    network = hilly.network
    east = network.node_x[network.segment_v] - network.node_x[network.segment_u]
    ratio = network.segment_seconds / demo.network.segment_seconds
    level = (network.segment_traits & trait("steps")) > 0
    climbs = (east > 0.9 * network.segment_m) & ~level
    assert ratio[climbs] == pytest.approx(np.exp(0.35), rel=0.05)
    assert ratio[(east < -0.99 * network.segment_m) & ~level] == pytest.approx(1.0, abs=0.05)
    both = demo.access["seconds"].to_numpy(), hilly.access["seconds"].to_numpy()
    assert np.nanmean(both[1]) > np.nanmean(both[0])


def test_check_names_what_is_wrong_with_elevations_and_wishes(tmp_path):
    path = write_county(tmp_path)
    (tmp_path / "dem.tif").write_bytes(b"no raster")
    asked = (
        '[elevation]\npath = "dem.tif"\n[time]\nmoments = ["25:00"]\n'
        "[walk]\noffroad_limit_m = 800\n"
        '[[supply]]\nkind = "casino"\n[[siting]]\nkind = "park"\n'
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[isochrones]", asked + "[isochrones]"), encoding="utf-8")
    told = [str(fault) for fault in check_county(path).faults]
    for part in (
        "supply[0].kind: shaoyang-2025 does not require 'casino'",
        "siting[0].kind",
        "time.moments[0]",
        "walk.offroad_limit_m: is not above snap_limit_m",
        "dem.tif",
    ):
        assert any(part in line for line in told), (part, told)
    with pytest.raises(ConfigError, match="casino"):
        assess(read_config(path))


def test_the_command_lists_the_profiles():
    for lang, word in (("zh", "电动自行车"), ("en", "e-bike")):
        done = CliRunner().invoke(app, ["profiles", "--lang", lang])
        assert done.exit_code == 0
        assert word in done.output


def test_several_profiles_in_one_run(tmp_path):
    path = write_county(tmp_path)
    words = [word for name in ("adult", "wheelchair") for word in ("--profile", name)]
    quick = [word for part in ("map", "report", "workbook") for word in ("--without", part)]
    done = CliRunner().invoke(
        app, ["assess", str(path), "--out", str(tmp_path / "out"), "-q", *words, *quick]
    )
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out" / "profiles.csv")
    table.columns = [head.split()[-1] for head in table.columns]  # each bears its Chinese name
    assert set(table["profile"]) == {"adult", "wheelchair"}
    for name in ("adult", "wheelchair"):
        run = json.loads((tmp_path / "out" / name / "run.json").read_text(encoding="utf-8"))
        assert run["config"]["walk"]["profile"] == name
    wide = table[table["kind"].notna()].pivot_table(
        index=["circle", "kind"], columns="profile", values="share_of_population"
    )
    assert (wide["wheelchair"] <= wide["adult"]).all()


def test_elevations_may_be_given_to_the_command(tmp_path):
    write_synthetic_hill(tmp_path / "synthetic-hill.tif")
    words = ["--elevation", str(tmp_path / "synthetic-hill.tif"), "--out", str(tmp_path / "out")]
    quick = [word for part in ("map", "report", "workbook") for word in ("--without", part)]
    demo = "data/liechtenstein/county.toml"
    done = CliRunner().invoke(app, ["assess", demo, "-q", *words, *quick])
    assert done.exit_code == 0, done.output
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["elevation"] == {"given": True, "counted": True, "known_share": 1.0}
    assert run["inputs"]["elevation"]["source"] == "synthetic-hill.tif"


def test_a_wish_that_cannot_be_met_costs_nothing_else(tmp_path):
    path = write_county(tmp_path)
    (tmp_path / "sites.csv").write_text("名称,经度,纬度\n甲,110.001,27.001\n", encoding="utf-8")
    write_synthetic_hill(tmp_path / "dem.tif")
    asked = (
        '[[supply]]\nkind = "post"\n[[supply]]\nkind = "clinic"\ncapacity = "beds"\n'
        '[[siting]]\nkind = "post"\ncount = 1\nfile = { path = "sites.csv", datum = "wgs84" }\n'
        '[[siting]]\nkind = "clinic"\ncandidates = "idle"\n'
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[isochrones]", asked + "[isochrones]"), encoding="utf-8")
    with pytest.warns(DataWarning, match=r"supply\[1\] .*beds|siting\[1\] .*idle"):
        done = assess(read_config(path))
    assert [one.kind for one in done.decisions.supplied] == ["post"]
    assert [one.kind for one in done.decisions.sited] == ["post"]
    told = "\n".join(done.run["warnings"])
    assert "supply[1]" in told
    assert "siting[1]" in told
    # Every dataset that a county may name has a word for what it is used for.
    for lang in ("zh", "en"):
        sources = sources_table(done, lang)
        assert len(sources) == len(datasets(done.config))
