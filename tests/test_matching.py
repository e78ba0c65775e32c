"""A ledger merged with OSM: names taken apart, pairs, assignment, laws, and real places moved."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.errors import CRSError, InputError, TableError
from lifecircle.matching import (
    MatchRules,
    duplicates,
    merge_facilities,
    no_merges,
)
from lifecircle.names import name_similarity
from lifecircle.sources.osm import read_osm
from lifecircle.standards import shared_kinds
from lifecircle.tables import FACILITIES, check

FAMILY = {"village_clinic": ("clinic",), "health_centre": ("clinic",)}


def table(*rows, crs=4546, **columns):
    """Rows of (id, kind, name, x) or (id, kind, name, x, y), all on one line unless y is given."""
    full = [(*row, 0.0) if len(row) == 4 else row for row in rows]
    ids, kinds, names, x, y = zip(*full, strict=True) if full else ((),) * 5
    return gpd.GeoDataFrame(
        {
            "kind": pd.Series(kinds, dtype="str"),
            "name": pd.Series(names, dtype="str"),
            "source": pd.Series(["hand"] * len(ids), dtype="str"),
            **columns,
        },
        geometry=gpd.points_from_xy(x, y),
        crs=crs,
    ).set_index(pd.Index(ids, dtype="str", name="facility_id"))


def merged(ledger, other, **options):
    """Give the merges as {ledger id: other id}."""
    _, merges = merge_facilities(ledger, other, **options)
    return dict(zip(merges.index, merges["other_id"], strict=True))


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("长铺镇卫生院", "绥宁县长铺镇中心卫生院"),
        ("长铺子乡卫生院", "长铺子苗族侗族乡卫生院"),
        ("绥宁县第一中学", "绥宁一中"),
        ("绥宁县长铺镇第一小学", "长铺镇第１小学"),
        ("十二中", "第12中学"),
        ("中国邮政集团有限公司湖南省绥宁县长铺支局", "长铺邮政支局"),
        ("邵阳市绥宁县惠民超市有限责任公司", "惠民超市"),
        ("绥宁县人民医院", "人民医院"),
        ("武阳镇大溪村卫生室", "大溪卫生室"),
        ("养天和大药房（长铺店）", "养天和大药房 长铺店"),
        ("湘商社区党群服务中心", "湘商社区综合服务中心"),
        ("三和村卫生室", "三和卫生室"),
        ("ＡＢＣ超市", "abc 超市"),
        ("Post Vaduz", "Postfiliale Vaduz"),
        ("Café Gassner", "CAFE GASSNER"),
        ("McDonald's", "McDonald’s"),
        ("Spielplatz", "spielplatz"),
    ],
)
def test_the_same_name(one, two):
    assert name_similarity([one, two], [two, one]) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("第一小学", "第二小学"),
        ("Mühleholz I", "Mühleholz II"),
        ("Training1", "Training2"),
        ("中国邮政储蓄银行", "中国农业银行"),
        ("中国银行", "中国农业银行"),
        ("中国邮政储蓄银行长铺支行", "中国邮政长铺支局"),
        ("长铺小学", "长铺中学"),
        ("绥宁县人民医院", "绥宁县中医院"),
        ("人民公园", "人民广场"),
        ("城南小学", "城北小学"),
        ("Rebera-Süd", "Rebera Nord"),
    ],
)
def test_names_that_contradict(one, two):
    assert name_similarity([one, two], [two, one]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("one", "two", "similarity"),
    [
        ("惠民超市", "惠农超市", 1 / 2),  # 惠 of 惠民, 惠农: 2 * 1 / (2 + 2)
        ("长铺镇卫生院", "长铺子乡卫生院", 4 / 5),  # 长铺 of 长铺, 长铺子
        ("Coop", "Coop Vaduz", 8 / 13),
        ("Primarschule Triesen", "Primarschule Triesenberg", 14 / 18),
        ("卫生室", "大溪村卫生室", 1 / 2),  # by definition
        ("卫生室", "惠民超市", 0.0),
        ("大溪村卫生室", None, np.nan),
        ("学校", "大溪村卫生室", np.nan),
    ],
)
def test_similarity_by_hand(one, two, similarity):
    assert name_similarity([one], [two]) == pytest.approx([similarity], nan_ok=True)
    assert name_similarity([two], [one]) == pytest.approx([similarity], nan_ok=True)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=6))
def test_similarity_is_symmetric_and_one_for_the_same(pairs):
    one, two = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = name_similarity(one, two), name_similarity(two, one)
    np.testing.assert_array_equal(there, back)
    assert (np.isnan(there) | ((there >= 0) & (there <= 1))).all()
    same = name_similarity(one, one)
    assert (np.isnan(same) | (same == 1.0)).all()


# -- pairs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "metres", "reason"),
    [
        ("长铺镇卫生院", "绥宁县长铺镇中心卫生院", 300, "name"),
        ("长铺镇卫生院", "绥宁县长铺镇中心卫生院", 301, None),
        ("中国邮政储蓄银行", "中国农业银行", 30, None),
        ("长铺镇第一小学", "长铺镇第二小学", 10, None),
        ("长铺镇第一小学", "第一小学", 30, "part"),
        ("长铺镇卫生院", "长铺子乡卫生院", 30, None),
        ("卫生室", "大溪村卫生室", 50, "part"),
        ("卫生室", "大溪村卫生室", 51, None),
        ("卫生室", "卫生室", 50, "similar"),
        ("卫生室", "卫生室", 200, None),  # every village has one
        ("第一小学", "第一小学东校区", 20, None),
        ("城南第一小学", "第一小学", 200, None),
        ("Coop", "Coop Vaduz", 40, "part"),
        ("Coop", "Coop Vaduz", 100, None),
        ("Coop", "Migros", 5, None),
        ("Biedermannhaus", "Biedermanhaus", 250, "name"),
        (None, "Coop", 50, "near"),
        ("Coop", None, 51, None),
        (None, None, 20, "near"),
    ],
)
def test_one_pair(one, two, metres, reason):
    ledger, other = table(("a", "clinic", one, 0)), table(("n1", "clinic", two, metres))
    facilities, merges = merge_facilities(ledger, other)
    assert merges["reason"].tolist() == [reason] * (reason is not None)
    assert facilities.index.to_list() == (["a", "n1"] if reason is None else ["a"])
    assert merges["distance_m"].tolist() == [metres] * (reason is not None)


def test_kinds_match_within_a_family_only():
    ledger = table(("a", "village_clinic", "大溪村卫生室", 0))
    for kind, found in [("clinic", 1), ("village_clinic", 1), ("health_centre", 0), ("shop", 0)]:
        other = table(("n1", kind, "大溪村卫生室", 10))
        assert len(merged(ledger, other, family=FAMILY)) == found
        assert len(merged(other, ledger, family=FAMILY)) == found
    assert not merged(ledger, table(("n1", "clinic", "大溪村卫生室", 10)))
    # Without a name only an equal kind is enough.
    assert not merged(ledger, table(("n1", "clinic", None, 10)), family=FAMILY)


def test_the_ledger_wins_and_is_filled():
    ledger = table(
        ("a", "post", "长铺邮政所", 0), ("b", "post", None, 500), capacity=[np.nan, 3.0], row=[2, 3]
    )
    other = table(
        ("n1", "post", "长铺邮政支局", 20),
        ("n2", "post", "武阳邮政所", 510),
        ("n3", "post", "关峡邮政所", 900),
        capacity=[5.0, 9.0, np.nan],
        hours=["Mo-Fr 09:00-17:00", None, "24/7"],
    ).assign(source="osm")
    before = ledger.copy(), other.copy()
    facilities, merges = merge_facilities(ledger, other.rename_geometry("shape"))
    check(facilities, FACILITIES, crs=4546)
    assert facilities["name"].to_list() == ["长铺邮政所", "武阳邮政所", "关峡邮政所"]
    assert facilities["capacity"].fillna(-1).to_list() == [5.0, 3.0, -1.0]
    assert facilities["hours"].fillna("").to_list() == ["Mo-Fr 09:00-17:00", "", "24/7"]
    assert facilities["source"].to_list() == ["hand", "hand", "osm"]
    assert facilities.geometry.x.to_list() == [0.0, 500.0, 900.0]
    assert merges.reset_index().to_dict("records")[0] == {
        "facility_id": "a",
        "other_id": "n1",
        "kind": "post",
        "other_kind": "post",
        "name": "长铺邮政所",
        "other_name": "长铺邮政支局",
        "distance_m": 20.0,
        "similarity": 1.0,
        "reason": "name",
    }
    assert list(merges.columns) == list(no_merges().columns)
    for frame, copy in zip((ledger, other), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def test_distance_to_a_place_of_several_points_is_that_of_the_nearest():
    ledger = table(("a", "school", "红星小学", 0))
    other = table(("w1", "school", None, 0))
    other.geometry = [shapely.MultiPoint([(400.0, 0.0), (30.0, 0.0)])]
    _, merges = merge_facilities(ledger, other)
    assert merges["distance_m"].tolist() == [30.0]


# -- assignment ----------------------------------------------------------------------------------


def test_branches_of_a_chain_pair_right():
    ledger = table(("a", "shop", "Coop", 0), ("b", "shop", "Coop", 300), ("c", "shop", "Coop", 600))
    # All branches are shifted by 160 m: each is nearer to the next one than to its own.
    other = table(*((f"n{n}", "shop", "Coop", 300 * n + 160) for n in range(3)))
    assert merged(ledger, other) == {"a": "n0", "b": "n1", "c": "n2"}
    # One is not in the ledger, one not in OSM: the near pair is not given up for two far ones.
    two = table(("a", "shop", "Coop", 0), ("b", "shop", "Coop", 250))
    assert merged(two, table(("n1", "shop", "Coop", 260), ("n2", "shop", "Coop", 520))) == {
        "b": "n1"
    }


def test_two_entries_do_not_swallow_one_object():
    ledger = table(("a", "clinic", "大溪卫生室", 0), ("b", "clinic", "大溪村卫生室", 30))
    facilities, merges = merge_facilities(ledger, table(("n1", "clinic", "大溪卫生室", 20)))
    assert merges.index.to_list() == ["b"]
    assert facilities.index.to_list() == ["a", "b"]


def test_rows_of_one_object_under_other_kinds_stay():
    ledger = table(("a", "community_centre", "长铺社区文化活动室", 0))
    other = table(
        ("w123", "community_centre", "长铺社区文化活动室", 10),
        ("w123#culture", "culture", "长铺社区文化活动室", 10),
    )
    facilities, merges = merge_facilities(ledger, other)
    assert facilities.index.to_list() == ["a", "w123#culture"]
    assert merges["other_id"].to_list() == ["w123"]
    both = pd.concat([ledger, table(("b", "culture", "长铺社区文化活动室", 5))])
    assert merged(both, other) == {"a": "w123", "b": "w123#culture"}


def test_rows_of_one_object_that_the_ledger_counts_as_too_are_merged():
    ledger = table(("a", "village_clinic", "大溪村卫生室", 0), ("b", "clinic", "平溪诊所", 30))
    other = table(
        ("w1", "clinic", "大溪村卫生室", 10), ("w1#village_clinic", "village_clinic", None, 10)
    )
    other["name"] = "大溪村卫生室"
    facilities, merges = merge_facilities(ledger, other, family=FAMILY)
    assert facilities.index.to_list() == ["a", "b"]
    assert merges["other_id"].to_list() == ["w1#village_clinic", "w1"]
    assert merges["reason"].to_list() == ["name", "object"]
    # A wider ledger row says nothing of the narrower kind: that row stays.
    wide = table(("a", "clinic", "大溪村卫生室", 0))
    facilities, merges = merge_facilities(wide, other, family=FAMILY)
    assert merges["other_id"].to_list() == ["w1"]
    assert facilities.index.to_list() == ["a", "w1#village_clinic"]


def test_rows_of_equal_ids_are_one_whatever_they_say():
    ledger = table(("n1", "pharmacy", "红星药店", 0), ("b", "clinic", "平溪诊所", 500))
    other = table(("n1", "clinic", "平溪诊所", 500), ("n2", "clinic", None, 900), beds=[5.0, 6.0])
    facilities, merges = merge_facilities(ledger, other)
    # n1 is corrected to a pharmacy 500 m off, so b is not that object, though all would fit.
    assert facilities.index.to_list() == ["n1", "b", "n2"]
    assert facilities["kind"].to_list() == ["pharmacy", "clinic", "clinic"]
    assert facilities["beds"].to_list()[0::2] == [5.0, 6.0]
    assert merges[["other_id", "reason", "distance_m"]].to_numpy().tolist() == [
        ["n1", "object", 500.0]
    ]
    # Without rules nothing else is merged.
    again = table(("n1", "pharmacy", "x", 0), ("b", "clinic", "平溪诊所", 900))
    assert merged(again, other, rules=None) == {"n1": "n1"}


def test_rows_of_one_object_handed_back_are_each_their_own():
    rows = (
        ("w1", "clinic", "大溪村卫生室", 10),
        ("w1#culture", "culture", "大溪村卫生室", 10),
        ("w1#village_clinic", "village_clinic", "大溪村卫生室", 10),
    )
    back, other = table(*rows[::2]), table(*rows)
    facilities, merges = merge_facilities(back, other, family=FAMILY)
    assert facilities.index.to_list() == ["w1", "w1#village_clinic", "w1#culture"]
    assert merges["other_id"].to_list() == ["w1", "w1#village_clinic"]
    # Only the narrower row is handed back: what it counts as too goes with it.
    facilities, merges = merge_facilities(back.iloc[1:], other, family=FAMILY)
    assert facilities.index.to_list() == ["w1#village_clinic", "w1#culture"]
    assert merges["other_id"].to_list() == ["w1#village_clinic", "w1"]


# -- duplicates ----------------------------------------------------------------------------------


def test_duplicates_are_listed_once():
    ledger = table(
        ("a", "village_clinic", "大溪村卫生室", 0),
        ("b", "clinic", "武阳镇大溪卫生室", 20),
        ("c", "clinic", "平溪村卫生室", 25),
        ("d", "clinic", "大溪村卫生室", 80),
        ("w1", "clinic", "红星诊所", 500),
        ("w1#village_clinic", "village_clinic", "红星诊所", 500),
        ("e", "shop", "红星诊所", 500),
    )
    found = duplicates(ledger, family=FAMILY)
    assert found[["facility_id", "other_id", "distance_m"]].to_numpy().tolist() == [
        ["a", "b", 20.0]
    ]
    assert duplicates(ledger).empty
    wide = duplicates(ledger, family=FAMILY, rules=MatchRules(near_m=60))
    assert list(zip(wide["facility_id"], wide["other_id"], strict=True)) == [("a", "b"), ("b", "d")]


# -- faults --------------------------------------------------------------------------------------


def test_faults():
    ledger, other = table(("a", "post", "x", 0)), table(("a", "post", "y", 900))
    with pytest.raises(CRSError, match="other facilities: is in"):
        merge_facilities(ledger, other.set_crs(32649, allow_override=True))
    with pytest.raises(CRSError, match="metric"):
        duplicates(ledger.set_crs(4326, allow_override=True))
    with pytest.raises(CRSError, match="metric"):
        duplicates(ledger.set_crs(None, allow_override=True))
    with pytest.raises(TableError, match="column 'kind' is missing"):
        merge_facilities(ledger, other.drop(columns="kind"))
    with pytest.raises(InputError) as caught:
        MatchRules(near_m=-1.0, similar=0.95)
    assert len(caught.value.faults) == 2


# -- laws ----------------------------------------------------------------------------------------

NAMES = [None, "大溪村卫生室", "平溪卫生室", "卫生室", "长铺镇卫生院", "大溪一组卫生室", "Coop"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["clinic", "village_clinic", "health_centre", "shop"]),
        st.sampled_from(NAMES),
        st.integers(0, 40).map(lambda n: n * 10.0),
    ),
    max_size=12,
)


def drawn(rows, mark):
    return table(*((f"{mark}{n}", *row) for n, row in enumerate(rows)))


@settings(max_examples=40)
@given(ROWS, ROWS)
def test_every_row_is_kept_or_merged_once(ours, theirs):
    ledger, other = drawn(ours, "a"), drawn(theirs, "n")
    facilities, merges = merge_facilities(ledger, other, family=FAMILY)
    check(facilities, FACILITIES, crs=4546)
    assert facilities.index[: len(ledger)].equals(ledger.index)
    kept = facilities.index[len(ledger) :].to_list()
    assert sorted(kept + merges["other_id"].to_list()) == sorted(other.index)
    assert kept == [i for i in other.index if i in kept]
    assert merges.index.is_unique
    own = ["kind", "source", "geometry"]
    pd.testing.assert_frame_equal(facilities.loc[ledger.index, own], ledger[own])
    rules = MatchRules()
    assert (merges["distance_m"] <= rules.far_m).all()
    assert (merges.loc[merges["reason"] != "name", "distance_m"] <= rules.near_m).all()


@settings(max_examples=40)
@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_others_does_not_matter(ours, theirs, random):
    ledger, other = drawn(ours, "a"), drawn(theirs, "n")
    order = list(range(len(other)))
    random.shuffle(order)
    one = merge_facilities(ledger, other, family=FAMILY)
    two = merge_facilities(ledger, other.iloc[order], family=FAMILY)
    pd.testing.assert_frame_equal(one[1], two[1])
    pd.testing.assert_frame_equal(one[0], two[0].loc[one[0].index])


@settings(max_examples=40)
@given(ROWS)
def test_nothing_else_and_the_same_again(ours):
    ledger = drawn(ours, "a")
    facilities, merges = merge_facilities(ledger, drawn([], "n"))
    pd.testing.assert_frame_equal(facilities, ledger)
    assert merges.empty
    assert list(merges.columns) == list(no_merges().columns)
    again, merges = merge_facilities(ledger, ledger, family=FAMILY)
    pd.testing.assert_frame_equal(again, ledger)
    assert sorted(merges["other_id"]) == sorted(ledger.index)
    assert merges.index.equals(ledger.index)
    only, merges = merge_facilities(drawn([], "n"), ledger)
    pd.testing.assert_frame_equal(only, ledger)


# -- real places ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places():
    path = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    return read_osm(path, kinds=shared_kinds(), roads=False).facilities.to_crs(32632)


def moved(places, radius_m, seed):
    """Give places under other ids, each moved by up to some metres."""
    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, len(places))
    metres = radius_m * np.sqrt(random.random(len(places)))
    spots = places.geometry.centroid
    x, y = spots.x + metres * np.cos(angle), spots.y + metres * np.sin(angle)
    ledger = places.set_geometry(gpd.points_from_xy(x, y, crs=places.crs)).assign(source="ledger")
    return ledger.set_index(pd.Index("ledger-" + places.index, name="facility_id"))


@pytest.mark.parametrize("seed", range(3))
def test_liechtenstein_moved_by_30_m_finds_itself(places, seed):
    ledger = moved(places, 30.0, seed)
    _, merges = merge_facilities(ledger, places)
    right = "ledger-" + merges["other_id"] == merges.index
    named = merges["name"].notna()
    assert len(merges.index[right & named]) / ledger["name"].notna().sum() >= 0.99
    assert right[named].mean() >= 0.99
    # Half of all are car parks and pitches without a name, side by side.
    assert right.sum() / len(ledger) >= 0.95
    assert right.mean() >= 0.95


# What OSM held twice in 2013, as a point and an outline, or under one name: these do look alike.
TWINS = [
    {"Gasometer Kulturzentrum Triesen", "Kulturzentrum Gasometer"},
    {"Skaterpark", "Skaterpark Vaduz"},
    {"Tiefgarage SAL / Lindaplatz", "Lindaplatz"},
    {"Marktplatz"},
]


@pytest.mark.parametrize("seed", range(3))
def test_liechtenstein_parted_in_two_merges_only_twins(places, seed):
    mine = np.random.default_rng(seed).random(len(places)) < 0.5
    _, merges = merge_facilities(moved(places[mine], 30.0, seed), places[~mine])
    both = merges[merges["name"].notna() & merges["other_name"].notna()]
    for names in zip(both["name"], both["other_name"], strict=True):
        assert set(names) in TWINS
