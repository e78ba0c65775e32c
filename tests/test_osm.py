"""Reading OSM files: the walk rule, cuts, facilities, homes, and files that are not right."""

from __future__ import annotations

import bz2
import gzip
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.errors import DataWarning, GeometryError, InputError, MissingFileError
from lifecircle.sources.osm import read_admin_areas, read_osm
from lifecircle.sources.osmplaces import KindRules, access_points, is_dwelling
from lifecircle.sources.osmways import NOWHERE, RawWays, cut_segments
from lifecircle.sources.walkrule import (
    FOOT_CLOSED,
    FOOT_OPEN,
    TRAITS,
    UNPAVED,
    is_barred_to_wheelchairs,
    is_blocked,
    is_bridge,
    is_steps,
    is_unpaved,
    is_walkable,
    traits,
)
from lifecircle.standards import Kind, shared_kinds
from lifecircle.tables import FACILITIES, check

DATA = Path("tests/data")
QUARTER = DATA / "quarter.osm"
PLACES = DATA / "places.osm"
STREET = (
    '<node id="1" lon="110.000" lat="26"/><node id="2" lon="110.001" lat="26"/>'
    '<node id="3" lon="110.002" lat="26"/>'
    '<way id="5" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
)


@pytest.fixture(scope="module")
def quarter():
    with pytest.warns(DataWarning, match="1 ways lack 1 nodes"):
        return read_osm(Path(__file__).parent / "data" / "quarter.osm")


@pytest.fixture(scope="module")
def places():
    path = Path(__file__).parent / "data" / "places.osm"
    with pytest.warns(DataWarning) as caught:
        extract = read_osm(path, kinds=shared_kinds())
    assert [re.sub(r"\..*", "", str(w.message).partition(": ")[2]) for w in caught] == [
        "2 areas cannot be assembled (members missing or rings open) and are left out: r52, w45",
        "1 facilities have none of their nodes in the file and are left out",
    ]
    return extract


def read(path, **options):
    """Read without minding what the warnings say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read_osm(path, **options)


def osm_file(folder, body, name="hand.osm"):
    path = folder / name
    path.write_text(f'<osm version="0.6">{body}</osm>', encoding="utf-8")
    return path


def pairs(extract, way_id):
    """Give the segments of one way as (u, v)."""
    rows = extract.segments[extract.segments["way_id"] == way_id]
    return list(zip(rows["u"].tolist(), rows["v"].tolist(), strict=True))


# -- the walk rule -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "walked"),
    [
        ("highway=residential", True),
        ("highway=service access=private", True),
        ("highway=service service=driveway foot=private access=no", True),
        ("highway=living_street access=destination", True),
        ("highway=steps", True),
        ("highway=cycleway", True),
        ("highway=cycleway foot=no", False),
        ("highway=bridleway", True),
        ("highway=track", True),
        ("highway=corridor", True),
        ("highway=platform", True),
        ("highway=elevator", True),
        ("highway=residental", True),
        ("highway=trunk", True),
        ("highway=trunk_link", True),
        ("highway=trunk foot=no", False),
        ("highway=trunk motorroad=yes", False),
        ("highway=trunk motorroad=yes foot=designated", True),
        ("highway=primary motorroad=yes", False),
        ("highway=motorway", False),
        ("highway=motorway foot=yes", False),
        ("highway=motorway_link", False),
        ("highway=raceway", False),
        ("highway=busway", False),
        ("highway=busway foot=yes", True),
        ("highway=bus_guideway", False),
        ("highway=escape", False),
        ("highway=construction foot=yes", False),
        ("highway=proposed", False),
        ("highway=planned", False),
        ("highway=abandoned", False),
        ("highway=razed", False),
        ("highway=no", False),
        ("highway=services", False),
        ("highway=rest_area", False),
        ("highway=via_ferrata", False),
        ("highway=secondary foot=use_sidepath", False),
        ("highway=path access=no", False),
        ("highway=path access=no foot=permissive", True),
        ("highway=road access=military", False),
        ("highway=unclassified access=forestry", True),
        ("railway=rail", False),
        ("foot=yes", False),
    ],
)
def test_walk_rule(tags, walked):
    assert is_walkable(dict(tag.split("=") for tag in tags.split())) is walked


@pytest.mark.parametrize(
    ("tags", "blocks"),
    [
        ("barrier=gate", False),
        ("barrier=gate access=private", False),
        ("barrier=lift_gate access=private foot=private", False),
        ("barrier=gate access=no", True),
        ("barrier=gate access=no foot=yes", False),
        ("barrier=bollard foot=no", True),
        ("barrier=gate access=yes foot=no", True),
        ("barrier=gate access=military", True),
        ("access=no", False),
        ("highway=crossing foot=no", False),
    ],
)
def test_barrier_rule(tags, blocks):
    assert is_blocked(dict(tag.split("=") for tag in tags.split())) is blocks


def test_escalators_are_not_steps():
    assert is_steps({"highway": "steps", "conveying": "no"})
    assert not is_steps({"highway": "steps", "conveying": "forward"})
    assert not is_steps({"highway": "footway", "conveying": "yes"})


@pytest.mark.parametrize(
    ("tags", "unpaved"),
    [
        ("highway=path", False),
        ("highway=path surface=gravel", True),
        ("highway=path surface=fine_gravel;asphalt", True),
        ("highway=path surface=asphalt;gravel", False),
        ("highway=residential surface=unpaved", True),
        ("highway=residential surface=sett", False),
        ("highway=footway surface=paving_stones", False),
        ("highway=footway surface=no_such_word", False),
        ("highway=track", True),
        ("highway=track tracktype=grade1", False),
        ("highway=track tracktype=grade2", True),
        ("highway=track tracktype=grade5 surface=concrete", False),
        ("highway=track tracktype=grade1 surface=compacted", True),
        ("highway=path tracktype=grade4", False),
        ("surface=sand", True),
    ],
)
def test_surfaces(tags, unpaved):
    assert is_unpaved(dict(tag.split("=") for tag in tags.split())) is unpaved


@pytest.mark.parametrize(
    ("tags", "bridge"),
    [
        ("highway=footway", False),
        ("highway=footway bridge=yes", True),
        ("highway=footway bridge=viaduct layer=1", True),
        ("highway=footway bridge=no", False),
        ("highway=footway tunnel=yes", True),
        ("highway=footway tunnel=building_passage", True),
        ("highway=footway tunnel=no", False),
        ("highway=footway bridge=no tunnel=culvert", True),
        ("highway=footway covered=yes layer=1", False),
    ],
)
def test_bridges_and_tunnels(tags, bridge):
    assert is_bridge(dict(tag.split("=") for tag in tags.split())) is bridge


def test_wheelchairs_are_barred_only_by_word():
    assert is_barred_to_wheelchairs({"wheelchair": "no"})
    assert not is_barred_to_wheelchairs({"wheelchair": "limited"})
    assert not is_barred_to_wheelchairs({"highway": "steps"})


def test_traits_by_hand():
    assert traits({}) == 0
    assert traits({"highway": "steps"}) == 1
    assert traits({"highway": "track"}) == 2
    assert traits({"highway": "path", "tunnel": "yes"}) == 4
    assert traits({"highway": "path", "wheelchair": "no"}) == 8
    every = {"highway": "steps", "surface": "mud", "bridge": "yes", "wheelchair": "no"}
    assert traits(every) == 15


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"highway": st.sampled_from(["steps", "track", "path"])},
        optional={
            "surface": st.sampled_from(sorted(UNPAVED)) | st.sampled_from(["asphalt", "wood"]),
            "conveying": st.sampled_from(["no", "yes"]),
            "tracktype": st.sampled_from(["grade1", "grade3"]),
            "bridge": st.sampled_from(["no", "yes"]),
            "tunnel": st.sampled_from(["no", "yes"]),
            "wheelchair": st.sampled_from(["no", "yes", "limited"]),
        },
    )
)
def test_a_bit_is_its_rule(tags):
    rules = (is_steps, is_unpaved, is_bridge, is_barred_to_wheelchairs)
    assert len(rules) == len(TRAITS)
    assert [bool(traits(tags) & 1 << bit) for bit in range(4)] == [rule(tags) for rule in rules]


ROADS = ["residential", "trunk", "motorway", "busway", "construction", "steps"]
ACCESS = ["yes", "no", "private", "military", "designated", "use_sidepath", "permissive"]
WORDS = st.sampled_from([*ROADS, *ACCESS])
TAGS = st.dictionaries(st.sampled_from(["highway", "foot", "access", "motorroad"]), WORDS)
OTHERS = st.dictionaries(
    st.sampled_from(["name", "surface", "service", "bicycle", "oneway", "area", "lit"]), WORDS
)


@given(TAGS, OTHERS)
def test_other_tags_never_matter(tags, others):
    assert is_walkable({**tags, **others}) is is_walkable(tags)


@given(TAGS, st.sampled_from(sorted(FOOT_CLOSED)), st.sampled_from(sorted(FOOT_OPEN)))
def test_foot_only_closes_or_opens(tags, closed, opened):
    plain = {key: value for key, value in tags.items() if key != "foot"}
    assert not is_walkable({**plain, "foot": closed})
    assert is_walkable({**plain, "foot": opened}) >= is_walkable(plain)


# -- ways of the hand-drawn quarter --------------------------------------------------------------


def test_refused_ways_are_counted(quarter):
    assert pairs(quarter, 13) == []  # a motorway
    assert pairs(quarter, 14) == []  # foot=no
    assert quarter.counts["ways_read"] == 10
    assert quarter.counts["ways_refused"] == 2
    assert quarter.counts["ways_walkable"] == 8


def test_street_is_cut_at_every_node(quarter):
    assert pairs(quarter, 10) == [(1, 2), (2, 3), (3, 4), (4, 5)]
    assert quarter.nodes.loc[3].tolist() == [110.002, 26.0]
    assert quarter.nodes.index.name == "node_id"
    assert quarter.nodes.index.is_unique


def test_private_way_through_a_gate_is_kept_whole(quarter):
    assert pairs(quarter, 11) == [(3, 6), (6, 7)]


def test_barrier_parts_the_way(quarter):
    (u, stop), (start, v) = pairs(quarter, 12)
    assert (u, v) == (4, 9)
    assert stop < 0 > start
    assert stop != start
    assert 8 not in quarter.nodes.index
    assert quarter.nodes.loc[[stop, start]].to_numpy().tolist() == [[110.003, 26.001]] * 2
    assert quarter.counts["barriers_blocked"] == 1


def test_missing_node_is_never_bridged(quarter):
    assert pairs(quarter, 16) == [(20, 22)]  # 5, 90 and 20 stand in a row; 90 is missing
    assert quarter.counts["ways_clipped"] == 1
    assert quarter.counts["nodes_missing"] == 1


def test_nodes_at_one_place_become_one(quarter):
    assert pairs(quarter, 19) == [(22, 23)]  # 21 and 22 coincide: way 16 still meets way 19
    assert 21 not in quarter.nodes.index
    assert quarter.counts["segments_zero"] == 1


def test_street_beats_steps_over_the_same_nodes(quarter):
    assert pairs(quarter, 18) == []
    assert quarter.counts["segments_duplicate"] == 1


def test_steps_are_flagged(quarter):
    assert quarter.segments.loc[quarter.segments["steps"], "way_id"].tolist() == [15]
    assert str(quarter.segments["highway"].dtype) == "category"


def test_traits_are_columns_of_segments(tmp_path):
    tagged = {
        5: [("surface", "gravel")],
        6: [("bridge", "yes"), ("wheelchair", "no")],
        7: [("highway", "steps"), ("surface", "asphalt")],
        8: [("highway", "track"), ("tunnel", "yes")],
        9: [],
    }
    nodes = "".join(f'<node id="{n}" lon="{110 + n / 1000}" lat="26"/>' for n in range(1, 12))
    ways = "".join(
        f'<way id="{way}"><nd ref="{way}"/><nd ref="{way + 1}"/>'
        + "".join(
            f'<tag k="{key}" v="{text}"/>'
            for key, text in ({"highway": "path"} | dict(tags)).items()
        )
        + "</way>"
        for way, tags in tagged.items()
    )
    segments = read_osm(osm_file(tmp_path, nodes + ways)).segments.set_index("way_id")
    assert list(segments.columns) == ["u", "v", "highway", *TRAITS]
    assert set(map(str, segments[list(TRAITS)].dtypes)) == {"bool"}
    assert {name: segments.index[segments[name]].tolist() for name in TRAITS} == {
        "steps": [7],
        "unpaved": [5, 8],
        "bridge": [6, 8],
        "wheelchair_no": [6],
    }


def test_rings_of_a_relation_have_its_traits(tmp_path):
    text = QUARTER.read_text(encoding="utf-8")
    tagged = '<tag k="type" v="multipolygon"/><tag k="surface" v="grass"/>'
    path = tmp_path / "quarter.osm"
    path.write_text(text.replace('<tag k="type" v="multipolygon"/>', tagged), encoding="utf-8")
    segments = read(path).segments
    assert segments.loc[segments["unpaved"], "way_id"].tolist() == [-40] * 7
    assert not segments[["bridge", "wheelchair_no"]].any(axis=None)


def test_a_bridge_does_not_beat_steps_nor_steps_a_bridge(tmp_path):
    twice = STREET.replace("path", "steps") + (
        '<way id="6"><nd ref="2"/><nd ref="1"/><tag k="highway" v="track"/>'
        '<tag k="bridge" v="yes"/><tag k="wheelchair" v="no"/></way>'
    )
    (kept,) = read(osm_file(tmp_path, twice)).segments.to_dict("records")
    assert kept["way_id"] == 6  # the way without steps, whatever else it is
    assert [kept[name] for name in TRAITS] == [False, True, True, True]


def test_square_is_walked_along_its_outline(quarter):
    assert pairs(quarter, 17) == [(9, 30), (30, 31), (31, 9)]


def test_rings_of_a_square_relation_are_walked(quarter):
    ends = {frozenset(pair) for pair in pairs(quarter, -40)}
    outer = [{50, 51}, {51, 52}, {52, 53}, {53, 50}]
    inner = [{54, 55}, {55, 56}, {56, 54}]
    assert ends == {frozenset(pair) for pair in outer + inner}
    assert quarter.counts["areas_walked"] == 1


def test_only_nodes_of_segments_are_kept(quarter):
    used = set(quarter.segments["u"]) | set(quarter.segments["v"])
    assert set(quarter.nodes.index) == used


def test_date_of_an_xml_file(quarter, tmp_path):
    assert quarter.date == "2024-05-01"
    assert read_osm(osm_file(tmp_path, STREET)).date is None
    overpass = osm_file(tmp_path, '<meta osm_base="2025-02-03T04:05:06Z"/>' + STREET)
    assert read_osm(overpass).date == "2025-02-03"


def test_area_keeps_whole_ways_that_enter_it():
    area = shapely.box(109.9995, 25.9995, 110.0005, 26.0005)  # node 1 alone
    extract = read_osm(QUARTER, area=area)
    assert extract.segments["way_id"].unique().tolist() == [10]
    assert extract.counts["ways_outside"] == 7
    assert extract.counts["ways_clipped"] == 0  # the clipped way lies outside: no warning
    assert len(extract.segments) == 4


def test_homes_can_be_left_out(quarter):
    extract = read(PLACES, kinds=shared_kinds(), dwellings=False)
    assert extract.residential.empty
    assert extract.buildings.empty
    assert extract.buildings["dwelling"].dtype == bool
    assert len(extract.facilities) == 12
    assert quarter.facilities.empty
    check(quarter.facilities, FACILITIES, crs=4326)


# -- order and copies ----------------------------------------------------------------------------


def test_ways_before_their_nodes_are_read(tmp_path):
    nodes, start, way = STREET.partition("<way")
    extract = read_osm(osm_file(tmp_path, start + way + nodes))
    assert pairs(extract, 5) == [(1, 2)]
    assert extract.counts["nodes_missing"] == 0


def test_newest_copy_of_a_way_counts(tmp_path):
    newer = '<way id="5" version="2"><nd ref="2"/><nd ref="3"/><tag k="highway" v="path"/></way>'
    older = newer.replace('version="2"', 'version="0"').replace("path", "steps")
    for number, body in enumerate((STREET + newer, STREET + newer + STREET + older)):
        with pytest.warns(DataWarning, match=f"{(1, 3)[number]} further copies"):
            extract = read_osm(osm_file(tmp_path, body))
        assert pairs(extract, 5) == [(2, 3)]
        assert extract.counts["ways_duplicate"] == (1, 3)[number]
        assert not extract.segments["steps"].any()


def test_newer_copy_that_is_refused_counts(tmp_path):
    refused = '<way id="5" version="2"><nd ref="1"/><nd ref="2"/><tag k="highway" v="no"/></way>'
    other = '<way id="6"><nd ref="2"/><nd ref="3"/><tag k="highway" v="path"/></way>'
    extract = read(osm_file(tmp_path, STREET + refused + other))
    assert extract.segments["way_id"].tolist() == [6]


# -- facilities ----------------------------------------------------------------------------------


def test_facilities_follow_the_schema(places):
    check(places.facilities, FACILITIES, crs=4326)
    assert (places.facilities["source"] == "OpenStreetMap").all()


def test_name_hours_and_capacity_are_as_tagged(places):
    post = places.facilities.loc["n101"]
    assert post["kind"] == "post"
    assert post["name"] == "<script>alert(1)</script>"
    assert post["hours"] == "Mo-Fr 09:00-17:00"
    assert post["capacity"] == 12.0
    assert (post.geometry.x, post.geometry.y) == (0.001, 0.001)


def test_object_of_two_kinds_has_two_rows(places):
    shop = places.facilities.loc[["n102", "n102#hair"]]
    assert shop["kind"].tolist() == ["retail", "hair"]
    assert shop["name"].tolist() == ["小店", "小店"]
    assert shop["capacity"].isna().all()  # -3 is no capacity


def test_small_area_is_a_point_inside(places):
    school = places.facilities.geometry["w21"]
    assert school.geom_type == "Point"
    assert shapely.box(0.0040, 0.0, 0.0045, 0.0005).contains(school)
    assert places.facilities["name"].isna()["w21"]


def test_open_line_is_its_midpoint(places):
    assert places.facilities.geometry["w22"].equals_exact(shapely.Point(0.006, 0.0005), 1e-9)


def test_crossing_outline_still_gives_a_place(places):
    assert places.facilities.loc["w23", "kind"] == "kindergarten"
    assert shapely.box(0.0040, 0.0, 0.0045, 0.0005).covers(places.facilities.geometry["w23"])


def test_clipped_area_is_where_its_known_nodes_are(places):
    assert places.facilities.geometry["w24"].equals(shapely.Point(0.0045, 0.0005))
    assert "w25" not in places.facilities.index
    assert places.counts["facilities_unplaced"] == 1


def test_large_park_of_two_pieces_is_entered_along_both_outlines(places):
    park = places.facilities.geometry["r51"]
    assert park.geom_type == "MultiPoint"
    # Outlines of 667 m and 445 m: 7 and 5 entrances.
    left = shapely.box(0.0200, 0.0, 0.0220, 0.001)
    right = shapely.box(0.0240, 0.0, 0.0250, 0.001)
    for piece, count in ((left, 7), (right, 5)):
        near = [point for point in park.geoms if piece.exterior.distance(point) < 1e-9]
        assert len(near) == count
        along = sorted(piece.exterior.project(point) for point in near)
        gaps = np.diff([*along, along[0] + piece.exterior.length])
        assert gaps.max() * 111_195 <= 100.0
    assert len(park.geoms) == 12


def test_nodes_in_an_area_of_their_kind_are_merged(places):
    found = places.facilities.index[places.facilities["kind"] == "park"].tolist()
    assert found == ["n105", "n106", "r51"]  # 103 has no name, 104 the park's
    assert places.counts["facilities_merged"] == 2


def test_area_drops_facilities_outside(places):
    area = shapely.box(-0.001, -0.002, 0.0021, 0.002)
    extract = read(PLACES, area=area, kinds=shared_kinds())
    found = ["n101", "n102", "n102#hair", "n102#community_shop", "n102#convenience_store"]
    assert extract.facilities.index.tolist() == found
    # 103 to 106, the ways 21 to 24 and the park
    assert extract.counts["facilities_outside"] == 9
    assert extract.residential.empty
    assert extract.buildings.empty
    assert len(places.buildings) == 2


def test_large_place_is_kept_where_it_touches_the_area(places):
    area = shapely.unary_union([shapely.box(0, -1, 1, 0), shapely.box(0.0205, -1, 0.021, 0.0004)])
    extract = read(PLACES, area=area, kinds={"park": shared_kinds()["park"]})
    assert extract.facilities.index.tolist() == ["r51"]
    assert extract.facilities.geometry["r51"].equals(places.facilities.geometry["r51"])


def test_file_without_roads_can_give_facilities(tmp_path):
    body = '<node id="1" lon="110" lat="26"><tag k="amenity" v="post_office"/></node>'
    path = osm_file(tmp_path, body)
    extract = read_osm(path, kinds=shared_kinds(), roads=False)
    assert extract.facilities.index.tolist() == ["n1"]
    assert extract.segments.empty
    with pytest.raises(InputError, match="no walkable way in the file"):
        read_osm(path, kinds=shared_kinds())


def test_rules_with_conditions_and_wildcards():
    rules = KindRules(
        {
            "garden": Kind(zh="园", en="Garden", osm=("leisure=garden & access=yes|permissive",)),
            "shop": Kind(zh="店", en="Shop", osm=("shop=*",)),
            "named": Kind(zh="名", en="Named", osm=("name=* & shop=*",)),
        }
    )
    assert rules.kinds_of({"leisure": "garden"}) == ()
    assert rules.kinds_of({"leisure": "garden", "access": "permissive"}) == ("garden",)
    assert rules.kinds_of({"shop": "x", "name": "y"}) == ("shop", "named")
    assert rules.tags() == {"leisure": {"garden"}, "shop": {"*"}, "name": {"*"}}


@pytest.mark.parametrize(("side_m", "points"), [(99.0, 1), (101.0, 5), (990.0, 40)])
def test_entrances_begin_above_one_hectare(side_m, points):
    for latitude in (0.0, 60.0):
        high = side_m / 111_195.08
        wide = high / np.cos(np.radians(latitude + high / 2))
        square = shapely.box(110.0, latitude, 110.0 + wide, latitude + high)
        found = access_points(np.array([square]))[0]
        assert shapely.get_num_geometries(found) == points


# -- homes ---------------------------------------------------------------------------------------


def test_homes(places):
    assert places.buildings["dwelling"].to_dict() == {"w41": True, "w42": False}
    assert places.residential.index.tolist() == ["w44"]
    assert places.residential.crs.to_epsg() == places.buildings.crs.to_epsg() == 4326
    assert places.buildings.index.name == places.residential.index.name == "osm_id"
    # The house w45 and the park r52 lack members: counted and named, not lost in silence.
    assert places.counts["areas_broken"] == 2


@pytest.mark.parametrize(
    ("tags", "lived_in"),
    [
        ("building=yes", True),
        ("building=dormitory", True),
        ("building=yes amenity=restaurant", True),
        ("building=yes office=company", True),
        ("building=yes amenity=hospital", False),
        ("building=yes tourism=museum", False),
        ("building=industrial", False),
        ("building=roof", False),
        ("building=retail", False),
    ],
)
def test_dwellings(tags, lived_in):
    assert is_dwelling(dict(tag.split("=") for tag in tags.split())) is lived_in


# -- laws of the cut -----------------------------------------------------------------------------


def way_of(present, first_id):
    return [
        SimpleNamespace(
            ref=first_id + number,
            location=SimpleNamespace(x=(first_id + number) * 1000 if there else NOWHERE, y=0),
        )
        for number, there in enumerate(present)
    ]


@settings(deadline=None)
@given(st.lists(st.lists(st.booleans(), max_size=8), max_size=5))
def test_every_pair_of_known_neighbours_is_one_segment(ways):
    raw = RawWays()
    for number, present in enumerate(ways):
        raw.add(number + 1, "path", way_of(present, 100 * number + 1))
    nodes, segments, counts = cut_segments(raw, (), None)
    expected = [
        (100 * number + at + 1, 100 * number + at + 2)
        for number, present in enumerate(ways)
        for at in range(len(present) - 1)
        if present[at] and present[at + 1]
    ]
    assert list(zip(segments["u"], segments["v"], strict=True)) == expected
    assert counts["nodes_missing"] == sum(present.count(False) for present in ways)
    assert counts["ways_clipped"] == sum(False in present for present in ways)
    assert nodes.index.tolist() == sorted({end for pair in expected for end in pair})


@given(st.integers(2, 8), st.sets(st.integers(1, 10)))
def test_barriers_move_no_segment(size, blocked):
    raw = RawWays()
    raw.add(1, "path", way_of([True] * size, 1))
    nodes, segments, counts = cut_segments(raw, blocked, None)
    passed = [node for node in range(1, size + 1) if node in blocked]
    assert counts["barriers_blocked"] == len(passed)
    assert len(segments) == size - 1
    lon = nodes["lon"]
    lengths = lon[segments["v"]].to_numpy() - lon[segments["u"]].to_numpy()
    assert np.allclose(lengths, 1e-4, atol=1e-12)
    ends = np.concatenate([segments["u"], segments["v"]])
    assert not np.isin(ends, passed).any()
    # Each segment end at a barrier has a node of its own.
    inner = sum(node not in {1, size} for node in passed)
    assert (ends < 0).sum() == len(passed) + inner == len(set(ends[ends < 0]))


def test_new_node_ids_stay_clear_of_negative_ones():
    raw = RawWays()
    raw.add(1, "path", way_of([True] * 3, -9))
    _, segments, _ = cut_segments(raw, {-8}, None)
    assert segments[["u", "v"]].to_numpy().tolist() == [[-9, -11], [-10, -7]]


# -- files that are not right --------------------------------------------------------------------


def test_missing_file_and_wrong_name(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_osm(tmp_path / "nothing.osm.pbf")
    with pytest.raises(MissingFileError, match="no such file"):
        read_admin_areas(tmp_path, 8)
    shapefile = tmp_path / "roads.shp"
    shapefile.write_bytes(b"x")
    with pytest.raises(InputError, match=r"not named like an OSM file -> give a \.osm\.pbf"):
        read_osm(shapefile)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.osm.pbf", b""),
        ("empty.osm", b""),
        ("page.osm.pbf", b"<html><body>404</body></html>" * 50),
        ("page.osm", b"<html><body>404</body></html>"),
        ("cut.osm", b'<osm version="0.6"><node id="1" lon="1" la'),
        ("plain.osm.bz2", b'<osm version="0.6"></osm>'),
        ("cut.osm.gz", gzip.compress(STREET.encode() * 100, mtime=0)[:60]),
        ("old.osm", b'<osm version="0.5"></osm>'),
        ("binary.osm", b"\x00\x01\x02"),
    ],
)
def test_unreadable_file_gives_one_clear_error(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    for reader in (read_osm, lambda at: read_admin_areas(at, 8)):
        with pytest.raises(InputError) as caught:
            reader(path)
        assert len(caught.value.faults) == 1
        assert caught.value.faults[0].where == str(path)
        assert "download it again" in caught.value.faults[0].remedy


def test_no_road_in_the_area_or_elsewhere():
    with pytest.raises(InputError, match="no walkable way in the area"):
        read_osm(QUARTER, area=shapely.box(110.0, 26.005, 110.001, 26.006))
    with pytest.raises(InputError) as caught:
        read_osm(QUARTER, area=shapely.box(9.0, 47.0, 10.0, 48.0))
    assert "lon 110.000 to 110.013, lat 26.000 to 26.013" in str(caught.value)
    assert "lon 9.000 to 10.000, lat 47.000 to 48.000" in str(caught.value)
    with pytest.raises(GeometryError, match="is empty"):
        read_osm(QUARTER, area=shapely.Polygon())


def test_compressed_files_and_chinese_paths(tmp_path, quarter):
    folder = tmp_path / "绥宁县"
    folder.mkdir()
    text = QUARTER.read_bytes()
    for name, content in {
        "路网.osm": text,
        "路网.osm.bz2": bz2.compress(text),
        "roads.OSM.GZ": gzip.compress(text),
    }.items():
        (folder / name).write_bytes(content)
        extract = read(folder / name)
        assert extract.segments.equals(quarter.segments)
        assert extract.counts == quarter.counts
        assert extract.date == quarter.date


def test_admin_areas_by_hand(tmp_path):
    ring = (
        '<node id="1" lon="0" lat="0"/><node id="2" lon="1" lat="0"/><node id="3" lon="1" lat="1"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/></way>'
    )
    town = (
        '<relation id="7"><member type="way" ref="1" role="outer"/><tag k="type" v="boundary"/>'
        '<tag k="boundary" v="administrative"/><tag k="admin_level" v="8"/>'
        '<tag k="name" v="长铺镇"/>{}</relation>'
    )
    people = '<tag k="population" v="{}"/>'
    areas = read_admin_areas(osm_file(tmp_path, ring + town.format(people.format(61000))), 8)
    assert areas.index.tolist() == ["r7"]
    assert areas.loc["r7", ["name", "population"]].tolist() == ["长铺镇", 61000.0]
    assert areas.geometry["r7"].area == pytest.approx(0.5)
    areas = read_admin_areas(osm_file(tmp_path, ring + town.format(people.format("many"))), 8)
    assert np.isnan(areas.loc["r7", "population"])
    with pytest.raises(InputError, match=r"admin_level 6 is complete -> .* holds: 8"):
        read_admin_areas(osm_file(tmp_path, ring + town.format("")), 6)


# -- real data -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def liechtenstein():
    path = Path(__file__).parents[1] / "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    return read_osm(path, kinds=shared_kinds())


def test_liechtenstein(liechtenstein):
    assert liechtenstein.date == "2013-08-03"
    assert liechtenstein.counts["ways_read"] == 2753
    # By hand: 3 ways under construction, and 3 bus lanes with access=no.
    assert liechtenstein.counts["ways_refused"] == 6
    assert liechtenstein.counts["ways_clipped"] == 0
    assert len(liechtenstein.residential) == 16
    assert len(liechtenstein.buildings) == 3723  # 3,747 objects, of which 24 are nodes
    kinds = liechtenstein.facilities["kind"].value_counts()
    assert kinds["post"] == 7
    check(liechtenstein.facilities, FACILITIES, crs=4326)


def test_admin_areas_of_liechtenstein():
    path = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    areas = read_admin_areas(path, 8)
    assert len(areas) == 11
    assert {"Vaduz", "Planken", "Ruggell"} <= set(areas["name"])
    assert areas.to_crs(32632).area.sum() / 1e6 == pytest.approx(160.5, abs=1.0)


def test_area_is_a_part_of_the_whole(liechtenstein):
    area = shapely.box(9.50, 47.12, 9.55, 47.16)
    path = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    part = read_osm(path, area=area, kinds=shared_kinds())
    assert set(part.segments["way_id"]) < set(liechtenstein.segments["way_id"])
    inside = shapely.contains_xy(area, liechtenstein.nodes["lon"], liechtenstein.nodes["lat"])
    ends = liechtenstein.segments
    touched = ends["u"].isin(liechtenstein.nodes.index[inside]) | ends["v"].isin(
        liechtenstein.nodes.index[inside]
    )
    assert set(ends.loc[touched, "way_id"]) == set(part.segments["way_id"])
    whole = liechtenstein.facilities
    points = whole[whole.geom_type == "Point"]
    here = points.index[points.within(area)]
    assert set(here) <= set(part.facilities.index) < set(whole.index)
    assert part.buildings.intersects(area).all()
    assert 0 < len(part.buildings) < len(liechtenstein.buildings)


@pytest.mark.shared
def test_monaco(shared):
    path = shared / "monaco" / "monaco.osm.pbf"
    with pytest.warns(DataWarning, match="3 areas cannot be assembled"):
        extract = read_osm(path, kinds=shared_kinds())
    assert extract.date == "2023-12-26"
    assert extract.counts["ways_read"] == 2852
    kinds = extract.facilities["kind"].value_counts()
    assert kinds["post"] == 6
    assert kinds["pharmacy"] == 11  # 12 objects, of which one node lies in a pharmacy's outline
    assert extract.segments["steps"].sum() > 300
    check(extract.facilities, FACILITIES, crs=4326)


@pytest.mark.shared
def test_truncated_pbf_gives_one_clear_error(shared, tmp_path):
    content = (shared / "monaco" / "monaco.osm.pbf").read_bytes()
    path = tmp_path / "monaco.osm.pbf"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="cut short") as caught:
        read_osm(path)
    assert len(caught.value.faults) == 1
    assert str(path) in str(caught.value)


@pytest.mark.shared
def test_las_palmas(shared):
    path = shared / "las_palmas" / "las_palmas_20230221.osm.pbf"
    with pytest.warns(DataWarning, match="187 ways lack 2543 nodes"):
        extract = read_osm(path, kinds={"pharmacy": shared_kinds()["pharmacy"]}, dwellings=False)
    assert extract.date == "2023-02-21"
    assert extract.counts["ways_read"] == 13_954
    assert len(extract.facilities) == 83  # 82 tagged amenity, one healthcare alone
    assert extract.counts["areas_walked"] == 72


@pytest.mark.shared
def test_porto(shared):
    extract = read_osm(shared / "porto" / "porto.osm.pbf", dwellings=False)
    assert extract.counts["ways_read"] == 51_349
    u, v = (extract.nodes.loc[extract.segments[end]] for end in ("u", "v"))
    geod_m = np.hypot(
        (u["lon"].to_numpy() - v["lon"].to_numpy()) * 111_320 * np.cos(np.radians(41.2)),
        (u["lat"].to_numpy() - v["lat"].to_numpy()) * 110_950,
    )
    assert geod_m.min() > 0
    # A router's count, without private ways, is 9,600 km.
    assert 9_600 < geod_m.sum() / 1000 < 10_600
