"""How sure gaps are: by hand on one street, and the laws of the sweep."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from handmade import CRS, cells_at, facilities_at, lattice_tables, units_of
from hypothesis import given, settings
from hypothesis import strategies as st
from minicounty import write_county

from lifecircle import gap_confidence, gaps, read_config, read_standard
from lifecircle.confidence.drawing import Ranges, draw_settings
from lifecircle.confidence.joining import Streets, join
from lifecircle.config import ConfidenceConfig, WalkConfig, WalkProfile
from lifecircle.errors import InputError
from lifecircle.matching import no_merges
from lifecircle.measuring import STAGES, Reading, walk
from lifecircle.network import WalkNetwork
from lifecircle.runlog import RunLog

STANDARD = """
[standard]
replace = true
gap_kinds = ["post"]

[standard.circles.near]
zh = "近便圈"
en = "Near circle"
settings = ["urban", "township", "rural"]
flag = "ours"
source = "test"

[[standard.requirements]]
circle = "near"
kinds = ["post"]
minutes = 15
"""
# West of the post office at 0 m nobody lives; another lies beyond the county's border at 2,500 m.
HOMES = [(600, 0), (1150, 0), (1700, 0), (1850, 320), (2400, 0)]
PEOPLE = [100.0, 40.0, 30.0, 20.0, 10.0]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = write_county(tmp_path_factory.mktemp("street"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[standard]")] + STANDARD, encoding="utf-8")
    return read_config(path)


def street_county(config, *, homes=HOMES, persons=PEOPLE, posts=((0, 0), (2900, 0)), **asked):
    """One street of 3 km from west to east; walked at 75 m/min."""
    x = np.arange(0.0, 3001.0, 100.0)
    nodes = pd.DataFrame({"x": x, "y": 0.0})
    edges = pd.DataFrame({"u": np.arange(len(x) - 1), "v": np.arange(1, len(x))})
    profile = WalkConfig()
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=profile)
    facilities = facilities_at(posts)
    county = gpd.GeoSeries([shapely.box(-1500, -4000, 2500, 4000)], crs=CRS)
    units = units_of("a").set_geometry(county.to_numpy(), crs=CRS)
    confidence = ConfidenceConfig(**{"settings": 1, "snap_limit_m": (1000, 1000), **asked})
    config = config.model_copy(update={"walk": profile, "confidence": confidence})
    reading = Reading(
        config=config,
        standards=(read_standard(config.standard),),
        boundary=county.to_crs(4326).iloc[0],
        extract=None,
        network=network,
        inventory=facilities,
        merges=no_merges(),
        facilities=facilities,
        units=units,
        cells=cells_at(homes, np.asarray(persons)).assign(placed_by="raster"),
        people={},
        log=RunLog(STAGES),
    )
    return walk(reading, drawn=False)


def swept(measured, **how):
    standard = measured.standards[0]
    lacking = gaps(measured.cells, measured.access, measured.units, standard)
    return gap_confidence(measured, standard, lacking, **how), lacking


def by_place(found, lacking, x):
    """Give the row of the gap around a place on the street."""
    (gap_id,) = lacking.index[(lacking["x"] - x).abs() < 1.0]
    return found.gaps.loc[gap_id]


def test_a_gap_at_75_that_vanishes_at_80_metres_per_minute(config):
    # 1,150 m take 15.3 min at 75 m/min and 14.4 at 80; 1,700 m take 21.3 at 80, and 1,200 m to the
    # east take 15.0: just within.
    measured = street_county(config, speed_m_min=(80, 80))
    found, lacking = swept(measured)
    assert lacking["persons"].tolist() == [40.0, 30.0, 20.0]
    assert found.settings["speed_m_min"].tolist() == [75.0, 80.0]
    one, two = by_place(found, lacking, 1150), by_place(found, lacking, 1700)
    assert (one["share"], one["verdict"]) == (0.5, "sensitive")
    assert (two["share"], two["verdict"]) == (0.5, "sensitive")
    assert found.coverage.loc[("near", "post")].tolist() == pytest.approx(
        [110 / 200, 110 / 200, 145 / 200, 180 / 200]
    )
    assert found.by_setting["share"].tolist() == pytest.approx([110 / 200, 180 / 200])
    assert found.in_gaps.loc["post"].tolist() == [90.0, 20.0, 55.0, 90.0]


def test_a_gap_that_never_vanishes(config):
    measured = street_county(config, settings=20, speed_m_min=(60, 78))
    found, lacking = swept(measured)
    row = by_place(found, lacking, 1700)  # 15.4 min at 78 m/min
    assert (row["share"], row["verdict"], row["facilities"]) == (1.0, "robust", 2)
    # 1,150 m take 15 min at 76.7 m/min: only faster settings close that gap.
    row = by_place(found, lacking, 1150)
    assert row["share"] == (found.settings["speed_m_min"] < 1150 / 15).mean()
    assert row["verdict"] == ("robust" if row["share"] >= 0.9 else "sensitive")


def test_a_gap_where_no_road_is_mapped(config):
    found, lacking = swept(street_county(config))
    row = by_place(found, lacking, 1850)  # 320 m beside the street
    assert (row["verdict"], row["unmapped_share"]) == ("no_road", 1.0)
    assert by_place(found, lacking, 1700)["unmapped_share"] == 0.0


def test_most_residents_decide_whether_a_gap_persists(config):
    # Cells side by side: at 80 m/min 1,200 m are within, 1,300 m are not.
    homes = [(1200, 0), (1300, 0)]
    for west, persists in ((51.0, 0.5), (50.0, 1.0)):
        persons = [west, 100.0 - west]
        measured = street_county(
            config, homes=homes, persons=persons, posts=[(0, 0)], speed_m_min=(80, 80)
        )
        found, lacking = swept(measured)
        assert lacking["persons"].tolist() == [100.0]
        assert found.gaps["share"].tolist() == [persists]


def test_a_smaller_snap_limit_leaves_places_off_the_network(config):
    # The one at 320 m and the post office at 250 m from the street are lost to a limit of 200 m.
    measured = street_county(config, posts=[(0, 0), (2300, 250)], snap_limit_m=(200, 200),
                             speed_m_min=(75, 75))  # fmt: skip
    found, lacking = swept(measured)
    assert lacking["persons"].tolist() == [40.0]  # 1,150 m to the west, 1,400 to the east
    assert found.in_gaps.loc["post", ["persons", "high"]].tolist() == [40.0, 100.0]
    assert found.gaps["share"].tolist() == [1.0]


def test_the_edge_of_the_county(config):
    row = swept(street_county(config))[0].edge.loc[("near", "post")]
    assert (row["persons"], row["outside_facilities"], row["outside_known"]) == (200.0, 1, True)
    # To 2,900 m it is nearer from 1,700 m on; 2,400 m are covered by it alone.
    assert row["nearest_outside"] == 30.0 + 20.0 + 10.0
    assert (row["share"], row["cut_share"]) == (110 / 200, 100 / 200)
    assert row["rim_decided"] == 10.0
    # 1,125 m to the border at 2,500 m: from 1,375 m on.
    assert (row["rim_persons"], row["rim_lacking"]) == (60.0, 50.0)
    row = swept(street_county(config, posts=[(0, 0)]))[0].edge.loc[("near", "post")]
    assert not row["outside_known"]
    assert (row["nearest_outside"], row["share"] - row["cut_share"]) == (0.0, 0.0)


def test_osm_that_was_read_beyond_the_border_knows_that_there_is_none(config):
    measured = street_county(config, posts=[(0, 0), (2900, 0)])
    mapped = measured.facilities.assign(source="OpenStreetMap", kind=["post", "bank"])
    reading = replace(measured.reading, facilities=mapped)
    row = swept(walk(reading, drawn=False))[0].edge.loc[("near", "post")]
    assert (row["outside_facilities"], row["outside_known"]) == (0, True)


def test_completeness_of_a_unit(config):
    measured = street_county(config, posts=[(0, 0), (500, 150), (2900, 0)])
    row = swept(measured)[0].completeness.loc["a"]
    assert (row["residents"], row["area_km2"]) == (200.0, 32.0)
    # cut at the border to a millimetre
    told = row[["road_km", "way_km_per_1000", "way_km_per_km2"]].tolist()
    assert told == pytest.approx([2.5, 12.5, 2.5 / 32.0], abs=1e-5)
    assert (row["ledger_facilities"], row["far_from_road"]) == (2.0, 1.0)
    assert np.isnan(row["in_osm"])  # nothing is known from OSM
    assert not row["thin"]


def test_roads_are_thin_where_both_densities_are_far_below_the_countys(config):
    measured = street_county(config)
    west, east = shapely.box(-1500, -4000, -100, 4000), shapely.box(-100, -4000, 2500, 4000)
    units = units_of("ab").set_geometry([west, east], crs=CRS)
    cells = measured.cells.assign(unit_id=["a", "b", "b", "b", "b"])
    reading = replace(measured.reading, units=units, cells=cells)
    found, _ = swept(walk(reading, drawn=False))
    assert found.completeness["road_km"].tolist() == pytest.approx([0.0, 2.5], abs=1e-5)
    assert found.completeness["thin"].tolist() == [True, False]


def test_faster_walks_than_the_area_allows_are_refused(config):
    measured = street_county(config, settings=0)
    with pytest.raises(InputError, match="beyond the area that was read"):
        # Isochrones of 10 min and circles of 15 at 75 m/min: no further was read.
        swept(measured, asked=ConfidenceConfig(settings=3, speed_m_min=(60, 80)))


def test_a_county_without_gaps(config):
    measured = street_county(config, homes=[(100, 0)], persons=[5.0])
    found, _ = swept(measured)
    assert found.gaps.empty
    assert found.coverage["low"].tolist() == [1.0]
    assert found.in_gaps.loc["post"].tolist() == [0.0] * 4


def test_the_same_seed_gives_the_same_to_the_last_bit(config):
    many = {"settings": 12, "snap_limit_m": (100, 400), "speed_m_min": (60, 80)}
    one, two = (swept(street_county(config, seed=5, **many))[0] for _ in range(2))
    other = swept(street_county(config, seed=6, **many))[0]
    more = swept(street_county(config, seed=5, **{**many, "settings": 24}))[0]
    for name in ("settings", "gaps", "coverage", "by_setting", "in_gaps", "edge", "completeness"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert not one.settings.equals(other.settings)
    pd.testing.assert_frame_equal(more.settings.iloc[:13], one.settings, check_exact=True)
    pd.testing.assert_frame_equal(more.by_setting.loc[:12], one.by_setting, check_exact=True)


@pytest.fixture(scope="module")
def street(config):
    """The street's county, its gaps, and an area read for 80 m/min."""
    measured = street_county(config, speed_m_min=(60, 80))
    return measured, swept(measured)[1]


@settings(max_examples=25, deadline=None)
@given(
    low=st.floats(45, 80), high=st.floats(60, 80), lower=st.floats(0, 20), seed=st.integers(0, 99)
)
def test_law_slower_walkers_never_close_a_gap(street, low, high, lower, seed):
    """Widening the range downward lowers every speed: no gap persists less, no robust one falls."""
    low = min(low, high)
    measured, lacking = street
    asked = [
        ConfidenceConfig(settings=9, seed=seed, speed_m_min=(start, high))
        for start in (low, low - lower)
    ]
    one, two = (gap_confidence(measured, measured.standards[0], lacking, asked=a) for a in asked)
    assert (two.settings["speed_m_min"] <= one.settings["speed_m_min"]).all()
    assert (two.gaps["share"] >= one.gaps["share"]).all()
    assert (two.gaps["verdict"][one.gaps["verdict"] == "robust"] == "robust").all()
    assert (two.coverage["low"] <= one.coverage["low"]).all()
    # in each sweep alone: of two settings the faster one covers no fewer residents
    order = two.settings["speed_m_min"].argsort(kind="stable")
    assert two.by_setting["share"].iloc[order].is_monotonic_increasing


@given(
    count=st.integers(0, 60),
    more=st.integers(0, 60),
    seed=st.integers(0, 1000),
    speed=st.tuples(st.floats(40, 59), st.floats(60, 90)),
)
def test_law_any_number_of_settings_fills_every_range(count, more, seed, speed):
    ranges = Ranges(75.0, 1000.0, speed, (200.0, 1000.0), ["own", "other"], ["all", "ledger"])
    few, many = draw_settings(count, seed, ranges), draw_settings(count + more, seed, ranges)
    pd.testing.assert_frame_equal(few, many.iloc[: count + 1], check_exact=True)
    assert few.iloc[0].tolist() == [75.0, 1000.0, "own", "all"]
    drawn = few.iloc[1:]
    assert drawn["speed_m_min"].between(*speed).all()
    assert drawn["snap_limit_m"].between(200.0, 1000.0).all()
    # the first 2^k speeds lie one in each of 2^k equal parts, the first 3^k limits in 3^k
    for name, (low, high), base in (("speed_m_min", speed, 2), ("snap_limit_m", (200, 1000), 3)):
        parts = base ** int(np.log(max(count, 1)) / np.log(base) + 1e-9)
        place = (drawn[name].to_numpy()[:parts] - low) / (high - low) * parts
        if count:
            assert sorted(np.floor(place + 1e-6).astype(int) % parts) == [*range(parts)]
    assert abs((drawn["population"] == "own").sum() - count / 2) <= 4


@settings(max_examples=60, deadline=None)
@given(
    spots=st.lists(st.tuples(st.floats(-300, 900), st.floats(-300, 700)), min_size=1, max_size=12),
    limit=st.floats(1, 400),
    across=st.sampled_from([0.0, 250.0]),
)
def test_law_joining_under_any_limit_is_snapping_with_it(spots, limit, across):
    """Beside the lattice lies an islet: a street of 50 m that places leave for a connected one."""
    nodes, edges = lattice_tables()
    nodes.loc[901] = [500.0, 100.0]
    nodes.loc[902] = [500.0, 150.0]
    edges.loc[len(edges)] = [901, 902]
    profile = WalkProfile(islet_m=100.0, islet_detour_m=120.0, snap_limit_m=limit,
                          offroad_limit_m=across)  # fmt: skip
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=profile)
    table = pd.DataFrame(spots, columns=["x", "y"])
    streets = Streets(network)
    joined, _ = join(streets, table, 500.0)
    joining, places = joined.at(limit), network.snap(table)
    assert ((joining.row < 0) == places.off_network).all()
    on = joining.row >= 0
    row = joining.row[on]
    assert (joined.places.segment[row] == places.segment[on]).all()
    assert (joined.places.fraction[row] == places.fraction[on]).all()
    assert (joining.metres == places.access_m).all()
    expected = network.locate(places)
    assert (streets.way(joining, "minutes") == expected.access).all()
    assert (joined.located("minutes").ahead[row] == expected.ahead[on]).all()
