"""What was read against what is known: by hand on small counties, then laws, then the demo."""

import warnings
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from handmade import CRS, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st
from minicounty import LAT, LON, STEP, with_raster, write_county
from typer.testing import CliRunner

from lifecircle import assess, read_config
from lifecircle.cli import app
from lifecircle.config import CountyConfig, ReconcileConfig, WalkProfile
from lifecircle.errors import ConfigError, DataWarning
from lifecircle.measuring import read_county
from lifecircle.network import WalkNetwork
from lifecircle.reconciling import reconcile_known
from lifecircle.roadlength import PATHS, area_of, lengths_within
from lifecircle.scenario import Scenario
from lifecircle.tables import RECONCILED, SCOPE_COUNTY, check

DEMO = "data/liechtenstein/county.toml"
COUNTS = ["ledger_rows", "far", "outside", "not_in_use", "elsewhere", "merged"]


def quietly(read, *args, **changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read(*args, **changes)


@pytest.fixture(scope="module")
def demo():
    return quietly(read_county, read_config(DEMO))


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    return read_county(read_config(write_county(tmp_path_factory.mktemp("mini"))))


def told(reading, **known):
    """The table, with other known figures."""
    config = reading.config.model_copy(update={"reconcile": ReconcileConfig(**known)})
    return reconcile_known(replace(reading, config=config))


# --- residents ----------------------------------------------------------------------------------


def test_residents_by_hand(mini):
    table = told(mini, residents=153)
    rows = table.loc["residents"].droplevel("key")
    assert rows["measured"].to_dict() == pytest.approx({"county": 150.0, "w": 100.0, "e": 50.0})
    assert rows["known"].to_dict() == {"county": 153.0, "w": 100.0, "e": 50.0}
    assert rows["verdict"].to_dict() == {"county": "agrees", "w": "agrees", "e": "agrees"}
    assert rows["known_from"].to_dict() == {"county": "official", "w": "units", "e": "units"}
    assert rows.loc["county", "ratio"] == pytest.approx(150 / 153)


@pytest.mark.parametrize(
    ("known", "tolerance", "verdict"),
    [
        (153.0, 0.02, "agrees"),  # 150 is 1.96 % below
        (154.0, 0.02, "low"),  # and 2.6 % below
        (147.0, 0.02, "high"),  # 2.04 % above
        (150.0, 0.0, "agrees"),
        (150.1, 0.0, "low"),
        (300.0, 0.5, "agrees"),  # half is just within
    ],
)
def test_a_figure_agrees_within_its_tolerance(mini, known, tolerance, verdict):
    table = told(mini, residents=known, tolerance={"residents": tolerance})
    row = table.loc[("residents", "county", "")]
    assert (row["verdict"], row["tolerance"]) == (verdict, tolerance)


def test_without_an_official_figure_the_county_is_its_units(mini):
    row = told(mini).loc[("residents", "county", "")]
    assert (row["known"], row["known_from"], row["verdict"]) == (150.0, "units", "agrees")
    units = mini.units.assign(residents=[100.0, np.nan])
    table = told(replace(mini, units=units))
    assert table.loc[("residents", "county", ""), "verdict"] == "unknown"
    assert table.loc[("residents", "e", ""), "verdict"] == "unknown"
    assert table.loc[("residents", "w", ""), "verdict"] == "agrees"
    assert pd.isna(table.loc[("residents", "e", ""), "known_from"])


def test_a_raster_alone_is_held_against_the_units(tmp_path):
    path = write_county(tmp_path)
    with_raster(path)
    rows = told(read_county(read_config(path))).loc["residents"]
    # 6 by 6 pixels of 2 persons: 3.5 columns of them are in the west.
    assert rows["measured"].droplevel("key").to_dict() == pytest.approx(
        {"county": 72.0, "w": 42.0, "e": 30.0}, rel=1e-5
    )
    assert set(rows["verdict"]) == {"low"}
    assert rows.index.get_level_values("key").unique().tolist() == [""]


def test_a_raster_that_was_fitted_is_told_as_it_was(tmp_path):
    path = write_county(tmp_path)
    with_raster(path)
    text = path.read_text(encoding="utf-8").replace("[isochrones]", "totals = true\n[isochrones]")
    path.write_text(text, encoding="utf-8")
    reading = quietly(read_county, read_config(path))
    table = told(reading)
    fitted = table.xs("", level="key").loc["residents"]
    assert fitted["measured"].to_dict() == pytest.approx({"county": 150.0, "w": 100.0, "e": 50.0})
    assert set(fitted["verdict"]) == {"agrees"}
    raster = table.xs("raster", level="key").loc["residents"]
    assert raster["measured"].to_dict() == pytest.approx(
        {"county": 72.0, "w": 42.0, "e": 30.0}, rel=1e-5
    )
    assert set(raster["verdict"]) == {"low"}
    assert raster.loc["w", "ratio"] == pytest.approx(0.42, rel=1e-5)
    assert "raster_by_unit" not in reading.people


# --- facilities ---------------------------------------------------------------------------------

# Two in use (one of them OSM's clinic, in the east, yet filed under the west), one idle, one beyond
# the border, one a degree away.
LEDGER = f"""\
facility_id,类别,名称,状态,所属社区,lon,lat
a,卫生室,甲卫生室,在用,w,{LON},{LAT + STEP}
b,卫生室,乙卫生室,闲置,w,{LON + STEP},{LAT}
c,卫生室,丙卫生室,在用,,{LON + 6 * STEP},{LAT}
d,卫生室,丁卫生室,在用,,{LON + 1},{LAT}
e,卫生室,设施2,在用,西社区,{LON + 4 * STEP},{LAT + 4 * STEP}
"""


def with_ledger(path, text=LEDGER, name="ledger.csv"):
    (path.parent / name).write_text(text, encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[[facilities.files]]\npath = "{name}"\ndatum = "wgs84"\n')
    return path


@pytest.fixture(scope="module")
def ledgered(tmp_path_factory):
    path = with_ledger(write_county(tmp_path_factory.mktemp("ledgered")))
    return quietly(read_county, read_config(path))


def test_the_count_of_a_ledger_can_be_followed_by_hand(ledgered):
    row = told(ledgered).loc[("facilities", "county", "clinic")]
    assert row[COUNTS].to_dict() == {
        "ledger_rows": 5,
        "far": 1,
        "outside": 1,
        "not_in_use": 1,
        "elsewhere": 0,
        "merged": 1,
    }
    assert (row["measured"], row["known"], row["known_from"]) == (2.0, 5.0, "ledger")
    assert (row["verdict"], row["ratio"]) == ("low", 0.4)


def test_the_narrower_kind_counts_for_the_wider_one(ledgered):
    table = told(ledgered).loc["facilities"].loc["county"]
    assert "village_clinic" in table.index  # 卫生室 is one
    assert table.loc["village_clinic", "ledger_rows"] == 5
    assert table.loc["clinic", "measured"] == table.loc["village_clinic", "measured"] == 2


def test_official_numbers_come_first_and_are_exact(ledgered):
    table = told(ledgered, facilities={"clinic": 2, "post": 2, "toilets": 0})
    rows = table.loc["facilities"].loc["county"]
    found = rows.loc[["clinic", "post", "toilets"], ["known", "known_from", "verdict"]]
    assert found.to_numpy().tolist() == [
        [2.0, "official", "agrees"],
        [2.0, "official", "low"],
        [0.0, "official", "agrees"],
    ]
    assert rows.loc["post", "elsewhere"] == 1  # OSM's alone


def test_units_under_which_a_ledger_files(ledgered):
    table = told(ledgered).loc["facilities"].xs("clinic", level="key")
    # a stands where it is filed; e does not; b is idle.
    west, east = (table.loc[unit, ["measured", "known", *COUNTS]].to_list() for unit in "we")
    assert west == [1, 3, 3, 0, 1, 1, 0, 0]
    assert east == [1, 0, 0, 0, 0, 0, 1, 0]
    assert table.loc[["w", "e"], "known_from"].tolist() == ["filed", "filed"]
    assert table.loc[["w", "e"], "verdict"].tolist() == ["low", "high"]
    assert "post" not in set(told(ledgered).loc["facilities"].loc["w"].index)


def sums(table):
    """What is in use, worked out from the ledgers' rows."""
    left_out = table["far"] + table["outside"] + table["not_in_use"]
    return table["ledger_rows"] - left_out + table["elsewhere"]


def test_every_count_adds_up(ledgered, demo):
    for reading in (ledgered, demo):
        table = told(reading).loc["facilities"]
        assert sums(table).tolist() == table["measured"].tolist()
    units = told(ledgered).loc["facilities"].xs("clinic", level="key")
    assert units.drop(SCOPE_COUNTY)["measured"].sum() == units.loc[SCOPE_COUNTY, "measured"]


def test_two_ledgers_with_the_same_ids(tmp_path):
    path = with_ledger(write_county(tmp_path))
    other = LEDGER.replace("卫生室", "药店").replace("设施2", "药店2")
    with_ledger(path, other, "other.csv")
    rows = told(quietly(read_county, read_config(path))).loc["facilities"].loc["county"]
    for kind in ("clinic", "pharmacy"):
        assert rows.loc[kind, COUNTS[:4]].tolist() == [5, 1, 1, 1]


@pytest.mark.parametrize(("status", "used"), [("in_use", 1), ("idle", 1), ("closed", 1)])
def test_an_object_of_two_kinds_is_one_of_their_wider_kind(mini, status, used):
    """What is in use of it counts, whichever row says so."""
    here = mini.inventory.geometry.iloc[0]
    inventory = gpd.GeoDataFrame(
        {
            "kind": ["supermarket", "convenience_store"],
            "name": "店",
            "source": "osm",
            "status": [status, "in_use"],
        },
        index=pd.Index(["w1", "w1#convenience_store"], name="facility_id"),
        geometry=[here, here],
        crs=mini.inventory.crs,
    )
    rows = told(replace(mini, inventory=inventory)).loc["facilities"].loc["county"]
    assert rows.loc["retail", "measured"] == used
    assert rows.loc["supermarket", "measured"] == (status == "in_use")
    assert rows.loc["convenience_store", "measured"] == 1


def test_what_a_scenario_closes_is_not_in_use(tmp_path):
    config = read_config(with_ledger(write_county(tmp_path)))
    changes = {
        "close": [{"id": "a"}],
        "add": [{"kind": "clinic", "name": "新站", "lon": LON, "lat": LAT}],
    }
    scenario = Scenario.model_validate({"zh": "试", "facilities": changes})
    reading = quietly(read_county, config, scenario=scenario)
    row = told(reading).loc[("facilities", "county", "clinic")]
    assert row[["measured", *COUNTS]].to_list() == [2, 5, 1, 1, 2, 1, 1]


def test_what_communities_report(demo):
    counts = pd.Series(np.nan, demo.units.index)
    counts.iloc[:2] = [0.0, 2.0]
    units = demo.units.assign(social_work_rooms=counts)
    table = told(replace(demo, units=units)).loc["facilities"].xs("social_work", level="key")
    first, second = counts.index[:2]
    assert first not in table.index  # none reported, none there
    row = table.loc[second]
    assert (row["measured"], row["known"], row["known_from"]) == (0.0, 2.0, "reported")
    assert row["verdict"] == "low"


def test_a_facility_beyond_the_boundary_is_not_the_countys(tmp_path):
    path = write_county(tmp_path)
    west = gpd.GeoDataFrame(
        geometry=[shapely.box(LON - STEP, LAT - STEP, LON + 2.5 * STEP, LAT + 5 * STEP)], crs=4326
    )
    west.to_file(tmp_path / "boundary.geojson", driver="GeoJSON")
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[boundary.file]\npath = "boundary.geojson"\n')
    reading = quietly(read_county, read_config(path))
    table = told(reading)
    rows = table.loc["facilities"].loc["county", "measured"]
    assert rows[["post", "clinic"]].tolist() == [1, 0]  # the clinic stands in the east
    roads = table.loc["roads"].droplevel("key")["measured"]
    assert roads["county"] == pytest.approx(roads["w"], rel=1e-4)
    assert roads["e"] > 0


def test_an_unknown_kind_is_refused(mini):
    with pytest.raises(ConfigError, match=r"reconcile.facilities: 'clinics' is no kind"):
        told(mini, facilities={"clinics": 3})


# --- roads --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def streets():
    nodes, edges = lattice_tables()
    return WalkNetwork.from_tables(nodes, edges, crs=CRS)


def halves(x):
    return np.array([shapely.box(-50, -50, x, 450), shapely.box(x, -50, 450, 450)])


@pytest.mark.parametrize(
    ("x", "west"),
    [
        (150.0, 5 * 150 + 2 * 400),  # five streets across, two of five upward
        (110.0, 5 * 110 + 2 * 400),
        (200.0, 5 * 200 + 3 * 400),  # the street along the border is the first one's
        (-50.0, 0.0),
        (450.0, 4000.0),
    ],
)
def test_the_lattice_cut_in_two(streets, x, west):
    roads, others = lengths_within(streets, halves(x))
    assert roads.tolist() == pytest.approx([west, 4000.0 - west], abs=0.02)
    assert others.tolist() == [0.0, 0.0]


def test_long_streets_are_cut_where_they_leave():
    nodes = pd.DataFrame({"x": [0.0, 1000.0], "y": [0.0, 0.0]}, index=[1, 2])
    network = WalkNetwork.from_tables(nodes, pd.DataFrame({"u": [1], "v": [2]}), crs=CRS)
    strips = np.array([shapely.box(a, -10, a + 150, 10) for a in (100, 250, 610)])
    roads, _ = lengths_within(network, strips)
    assert roads.tolist() == pytest.approx([150.0, 150.0, 150.0], abs=0.02)


def test_paths_are_told_apart():
    nodes, edges = lattice_tables()
    across = np.arange(len(edges)) < len(edges) // 2
    classes = np.where(across, "residential", "footway")
    network = WalkNetwork.from_tables(nodes, edges.assign(highway=classes), crs=CRS)
    roads, others = lengths_within(network, halves(150.0))
    assert roads.tolist() == pytest.approx([750.0, 1250.0], abs=0.02)
    assert others.tolist() == pytest.approx([800.0, 1200.0], abs=0.02)
    assert "residential" not in PATHS


def test_a_given_length_is_shared_out():
    nodes = pd.DataFrame({"x": [0.0, 100.0], "y": [0.0, 0.0]}, index=[1, 2])
    edges = pd.DataFrame({"u": [1], "v": [2], "length_m": [140.0]})
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
    roads, _ = lengths_within(network, halves(25.0))
    assert roads.tolist() == pytest.approx([35.0, 105.0], abs=0.02)


def test_a_hole_is_no_part_and_empty_areas_hold_nothing(streets):
    ring = shapely.box(-50, -50, 450, 450) - shapely.box(110, 110, 190, 190)
    areas = np.array([ring, shapely.Polygon(), shapely.box(9000, 0, 9100, 50)])
    assert lengths_within(streets, areas)[0].tolist() == pytest.approx([4000.0, 0.0, 0.0])
    assert lengths_within(streets, areas[1:2])[0].tolist() == [0.0]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, np.pi), st.floats(20.0, 380.0), st.floats(20.0, 380.0))
def test_a_slanted_border_cuts_as_exactly_as_geometry_does(angle, x, y):
    nodes, edges = lattice_tables()
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
    along = np.array([np.cos(angle), np.sin(angle)]) * 1000.0
    one, two = np.array([x, y]) - along, np.array([x, y]) + along
    side = shapely.Polygon([one, two, two + along[::-1] * [-1, 1], one + along[::-1] * [-1, 1]])
    square = shapely.box(-50, -50, 450, 450)
    areas = np.array([square & side, square - side])
    roads, _ = lengths_within(network, areas)
    lines = network.streets().geometry.union_all()
    exact = [shapely.length(lines & area) for area in areas]
    assert roads.sum() == pytest.approx(4000.0)
    if sum(exact) == pytest.approx(4000.0):  # else a street runs along the border
        assert roads.tolist() == pytest.approx(exact, abs=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_points_in_areas_as_geometry_has_it(seed, count):
    random = np.random.default_rng(seed)
    sites = shapely.MultiPoint(random.uniform(0, 3000, (count, 2)))
    square = shapely.box(0, 0, 3000, 3000)
    parts = shapely.voronoi_polygons(sites, extend_to=square)
    areas = np.array([part & square for part in shapely.get_parts(parts)] or [square])
    x, y = random.uniform(-300, 3300, (2, 400))
    points = shapely.points(x, y)
    exact = np.array([shapely.covers(area, points) for area in areas])
    expected = np.where(exact.any(axis=0), exact.argmax(axis=0), -1)
    assert area_of(areas, x, y).tolist() == expected.tolist()


@pytest.mark.parametrize("rise", [0.01, 0.13, 0.9, 1.0, 7.0])
def test_points_beside_a_border_are_on_their_side_of_it(rise):
    x = np.linspace(0.0, 3000.0, 4001)
    y = rise * x
    top = 3000.0 * rise + 9.0
    below = shapely.Polygon([(0, 0), (3000, 3000 * rise), (3000, -9), (0, -9)])
    above = shapely.Polygon([(0, 0), (3000, 3000 * rise), (3000, top), (0, top)])
    areas = np.array([below, above])
    assert (area_of(areas, x[1:-1], y[1:-1] - 0.5) == 0).all()
    assert (area_of(areas, x[1:-1], y[1:-1] + 0.5) == 1).all()


def test_a_vehicles_network_is_measured_whole(demo):
    by_car = demo.network.with_profile(WalkProfile(profile="car"))
    assert len(by_car.segment_m) < len(demo.network.segment_m)
    roads = reconcile_known(demo).loc["roads"]
    pd.testing.assert_frame_equal(
        reconcile_known(replace(demo, network=by_car)).loc["roads"], roads
    )


def test_roads_against_official_lengths(mini):
    km = told(mini).loc["roads"].droplevel("key")["measured"]
    # Across, 2.5 of 4 steps lie in the west; upward, 3 of 5 streets.
    metres = mini.network.segment_m
    whole = metres.sum() / 1000.0
    assert km["county"] == pytest.approx(whole, rel=1e-6)
    across = 5 * 4 * metres[metres < 105.0].mean() / 1000.0
    assert km["w"] == pytest.approx(0.625 * across + 0.6 * (whole - across), rel=1e-3)
    units = mini.units.assign(road_km=[km["w"] / 0.91, km["e"] * 2.0])
    rows = told(replace(mini, units=units)).loc["roads"].droplevel("key")
    assert rows["verdict"].to_dict() == {"county": "low", "w": "agrees", "e": "low"}
    assert rows.loc["county", "known"] == pytest.approx(km["w"] / 0.91 + km["e"] * 2.0)
    official = told(mini, road_km=whole / 1.2).loc["roads"].droplevel("key")
    assert official["verdict"].to_dict() == {"county": "high", "w": "unknown", "e": "unknown"}
    assert official.loc["county", "known_from"] == "official"


# --- the demo, the config, the command ----------------------------------------------------------


def test_the_demos_residents_agree_exactly(demo):
    table = reconcile_known(demo)
    check(table, RECONCILED)
    rows = table.loc["residents"].droplevel("key")
    assert rows.loc["county", "measured"] == 36_838.0
    assert rows["measured"].tolist() == rows["known"].tolist()
    assert set(rows["verdict"]) == {"agrees"}
    assert len(rows) == 12


def test_the_sums_of_units_are_the_county(demo):
    table = reconcile_known(demo)
    for subject, columns in (("residents", ["measured"]), ("roads", ["measured", "other_km"])):
        rows = table.loc[subject].droplevel("key")[columns]
        county = rows.loc[SCOPE_COUNTY].tolist()
        assert rows.drop(SCOPE_COUNTY).sum().tolist() == pytest.approx(county)


def test_the_demos_roads_as_geometry_has_them(demo):
    lines = demo.network.streets()
    paths = lines["highway"].isin(PATHS)
    parts = gpd.overlay(lines[~paths], demo.units.reset_index()[["unit_id", "geometry"]])
    exact = parts.length.groupby(parts["unit_id"]).sum() / 1000.0
    km = reconcile_known(demo).loc["roads"].droplevel("key")["measured"].drop(SCOPE_COUNTY)
    assert km.tolist() == pytest.approx(exact.reindex(km.index).tolist(), rel=2e-3)
    assert km.sum() == pytest.approx(exact.sum(), rel=1e-4)


def test_nothing_of_the_reading_is_changed(demo):
    before = {name: getattr(demo, name).copy() for name in ("units", "cells", "inventory")}
    first, second = reconcile_known(demo), reconcile_known(demo)
    pd.testing.assert_frame_equal(first, second)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(demo, name), table)


def test_an_assessment_holds_it(tmp_path):
    done = assess(read_config(write_county(tmp_path)))
    check(done.decisions.reconciled, RECONCILED)
    assert done.decisions.reconciled.loc[("residents", "county", ""), "measured"] == 150.0


def test_what_the_county_file_says():
    base = {"name": "x", "zh": "x", "en": "x", "roads": {"overpass": True}}
    base |= {"boundary": {"adcode": "430527"}, "population": {"raster": {"path": "r.tif"}}}
    told = {"residents": 9, "tolerance": {"roads": 0.2}, "source": "年鉴"}
    given = CountyConfig.model_validate({**base, "reconcile": told}).reconcile
    assert given.tolerance.model_dump() == {"residents": 0.02, "facilities": 0.0, "roads": 0.2}
    for wrong in ({"facilities": {"post": -1}}, {"tolerance": {"roads": 2}}, {"road_km": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            CountyConfig.model_validate({**base, "reconcile": wrong})


def test_the_command(tmp_path):
    path = with_ledger(write_county(tmp_path))
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[reconcile]\nresidents = 200\nsource = "虚构年鉴"\n')
        file.write("[reconcile.facilities]\npost = 1\n")
    out = tmp_path / "known.csv"
    done = CliRunner().invoke(app, ["reconcile", str(path), "--out", str(out), "--quiet"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "[偏低] 人口 · 合成县：本次采用 150，已知 200" in lines[0]
    assert lines[0].endswith("-25.0%")
    clinic = next(line for line in lines if "合成县 · 医疗卫生" in line)
    told = "2 = 台账 5 − 步行范围外 1 − 本范围外 1 − 未在用 1 + 台账未列 0"
    assert clinic.endswith(told)
    assert "官方数来源：虚构年鉴" in lines
    assert lines[-1] == str(out)
    table = pd.read_csv(out, encoding="utf-8-sig")
    assert len(table) == len(reconcile_known(quietly(read_county, read_config(path))))
    assert not table.columns.str.fullmatch(r"\w+").any()  # each says in Chinese what it is


def test_the_command_in_english(tmp_path):
    path = write_county(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write('\n[reconcile]\nroad_km = 1\n[map]\nlang = "en"\n')
    done = CliRunner().invoke(app, ["reconcile", str(path), "--quiet"])
    assert done.exit_code == 0
    assert done.stdout.startswith("[high] roads (km) · ")
    assert "read, 1 known (official figures) +" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[1].startswith("1 differ, 3 agree, ")


def test_the_command_tells_of_a_county_where_everything_agrees():
    done = CliRunner().invoke(app, ["reconcile", "data/liechtenstein/county.toml", "-q"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("不符 0 项，相符 12 项")
