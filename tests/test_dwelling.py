"""Evidence of where people live: which is chosen, and its weights, on hand-made streets."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lifecircle import tables
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import CRSError, TableError


def unit_table(*boxes, residents):
    return gpd.GeoDataFrame(
        {"name": None, "setting": None, "residents": residents, "priority": 1.0},
        geometry=[shapely.box(*box) for box in boxes],
        index=pd.Index([f"u{i}" for i in range(len(boxes))], name="unit_id"),
        crs=32632,
    )


def layer(*geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=32632)


def line(*points):
    return shapely.LineString(points)


ONE = unit_table((0, 0, 1000, 1000), residents=[40.0])
LANE = line((0, 500), (200, 500))


def houses(count, side=10.0, north=510.0):
    """Houses at 0, 20, 40 ... m along the lane, each side x side m."""
    return [shapely.box(x, north, x + side, north + side) for x in np.arange(count) * 20.0]


def test_a_street_has_a_point_every_twenty_metres():
    evidence = dwelling_evidence(ONE, streets=layer(LANE, highway=["residential"]))
    assert evidence["x"].tolist() == pytest.approx([10, 30, 50, 70, 90, 110, 130, 150, 170, 190])
    assert evidence["weight"].tolist() == pytest.approx([20.0] * 10)
    tables.check(evidence, tables.EVIDENCE)


def test_a_short_street_has_one_point_of_its_length():
    evidence = dwelling_evidence(
        ONE, streets=layer(line((0, 500), (7, 500)), highway=["residential"])
    )
    assert evidence[["x", "weight"]].to_numpy().tolist() == [[3.5, 7.0]]


@pytest.mark.parametrize(
    ("highway", "weight"),
    [("living_street", 200.0), ("unclassified", 200.0), ("tertiary", 100.0), ("service", 60.0)],
)
def test_streets_weigh_by_their_class(highway, weight):
    evidence = dwelling_evidence(ONE, streets=layer(LANE, highway=[highway]))
    assert evidence["weight"].sum() == pytest.approx(weight)


def test_streets_count_double_in_residential_land():
    evidence = dwelling_evidence(
        ONE,
        streets=layer(LANE, highway=["residential"]),
        residential=layer(shapely.box(0, 0, 100, 1000), shapely.box(0, 0, 50, 1000)),
    )
    # 100 m within (however often mapped) and 100 m without.
    assert evidence["weight"].sum() == pytest.approx(2 * 100 + 100)


def test_paths_stand_in_only_where_there_is_no_street():
    units = unit_table((0, 0, 1000, 1000), (1000, 0, 2000, 1000), residents=[40.0, 40.0])
    streets = layer(
        line((0, 500), (100, 500)),
        line((100, 500), (900, 500)),
        line((1100, 500), (1200, 500)),
        line((1200, 500), (1900, 500)),
        highway=["residential", "track", "path", "motorway"],
    )
    evidence = dwelling_evidence(units, streets=streets)
    found = evidence.groupby(["unit_id", "placed_by"])["weight"].sum()
    assert found.to_dict() == {("u0", "streets"): 100.0, ("u1", "paths"): 100.0}


def test_a_street_across_a_border_is_shared_by_length():
    units = unit_table((0, 0, 1000, 1000), (1000, 0, 2000, 1000), residents=[40.0, 40.0])
    evidence = dwelling_evidence(
        units, streets=layer(line((900, 500), (1060, 500)), highway=["residential"])
    )
    found = evidence.groupby("unit_id")["weight"].sum()
    assert found.to_dict() == {"u0": 100.0, "u1": 60.0}


def test_well_mapped_buildings_are_the_evidence():
    # 10 houses of 100 m2 for 40 residents: 25 m2 each, and all of the lane is lined.
    evidence = dwelling_evidence(
        ONE,
        streets=layer(LANE, highway=["residential"]),
        buildings=layer(*houses(10), dwelling=[True] * 10),
    )
    assert evidence["placed_by"].unique().tolist() == ["buildings"]
    assert evidence["weight"].tolist() == pytest.approx([100.0] * 10)
    assert evidence["x"].tolist() == pytest.approx([5.0 + 20 * i for i in range(10)])


def test_too_little_footprint_leaves_the_streets():
    # 5 houses of 100 m2 for 40 residents: 12.5 m2 each.
    evidence = dwelling_evidence(
        ONE,
        streets=layer(LANE, highway=["residential"]),
        buildings=layer(*houses(5), dwelling=[True] * 5),
    )
    assert evidence["placed_by"].unique().tolist() == ["streets"]


def test_one_large_hall_is_no_well_mapped_village():
    # 10,000 m2 for 40 residents, but only the points at 10, 30 and 50 m of 200 m lie near it.
    hall = shapely.box(0, 500, 1, 600) | shapely.box(0, 600, 100, 700)
    evidence = dwelling_evidence(
        ONE,
        streets=layer(LANE, highway=["residential"]),
        buildings=layer(hall, dwelling=[True]),
    )
    assert evidence["placed_by"].unique().tolist() == ["streets"]


def test_buildings_are_judged_by_footprint_where_no_residential_street_is():
    evidence = dwelling_evidence(
        ONE,
        streets=layer(line((0, 100), (900, 100)), highway=["unclassified"]),
        buildings=layer(*houses(10), dwelling=[True] * 10),
    )
    assert evidence["placed_by"].unique().tolist() == ["buildings"]


@pytest.mark.parametrize("dwelling", [[False] * 10, []])
def test_buildings_that_are_no_dwelling_do_not_count(dwelling):
    evidence = dwelling_evidence(
        ONE,
        streets=layer(LANE, highway=["residential"]),
        buildings=layer(*houses(len(dwelling)), dwelling=np.array(dwelling, dtype=bool)),
    )
    assert evidence["placed_by"].unique().tolist() == ["streets"]


def test_without_any_layer_there_is_an_empty_table():
    evidence = dwelling_evidence(ONE)
    assert evidence.empty
    tables.check(evidence, tables.EVIDENCE)
    no_street = dwelling_evidence(ONE, streets=layer(LANE, highway=["motorway"]))
    assert no_street.empty
    tables.check(no_street, tables.EVIDENCE)


def test_inputs_are_not_changed():
    streets = layer(LANE, highway=["residential"])
    before = streets.copy()
    dwelling_evidence(ONE, streets=streets)
    pd.testing.assert_frame_equal(streets, before)


@given(st.lists(st.tuples(st.floats(1, 999), st.floats(1, 999)), min_size=2, max_size=8))
def test_a_street_weighs_its_length(points):
    way = line(*points)
    evidence = dwelling_evidence(ONE, streets=layer(way, highway=["residential"]))
    assert evidence["weight"].sum() == pytest.approx(way.length, abs=1e-6)


def test_all_faults_of_the_layers_are_listed():
    with pytest.raises(TableError) as caught:
        dwelling_evidence(
            ONE,
            streets=layer(LANE, name=["x"]),
            buildings=layer(shapely.Point(1, 1), None, dwelling=[True, None]),
            residential=layer(shapely.Point(1, 1)),
        )
    text = str(caught.value)
    assert "streets: column 'highway' is missing" in text
    assert "buildings: column 'dwelling' has no value at 1" in text
    assert "buildings: geometry is Point at 0" in text
    assert "residential: geometry is Point at 0" in text


def test_layers_must_be_in_the_units_crs():
    streets = layer(LANE, highway=["residential"]).set_crs(32633, allow_override=True)
    with pytest.raises(CRSError, match="streets: is in WGS 84 / UTM zone 33N"):
        dwelling_evidence(ONE, streets=streets)
    with pytest.raises(CRSError, match="not in metres"):
        dwelling_evidence(ONE.to_crs(4326))
