"""Which facilities serve under which kinds: worked out by hand."""

import geopandas as gpd
import pandas as pd
import pytest
from handmade import CRS

from lifecircle.service import in_use, serving
from lifecircle.standards import StandardChanges, read_standard
from lifecircle.tables import FACILITIES, check


def inventory(rows):
    """Facilities (id, kind, status) in a row."""
    ids, kinds, statuses = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"kind": list(kinds), "name": None, "source": "hand", "status": list(statuses)},
        index=pd.Index(list(ids), name="facility_id", dtype="str"),
        geometry=gpd.points_from_xy(range(len(ids)), range(len(ids))),
        crs=CRS,
    )


def requiring(*kinds, part_of=None):
    """A standard that requires these kinds; `part_of`: narrower kind -> wider kinds."""
    return read_standard(
        StandardChanges.model_validate(
            {
                "replace": True,
                "kinds": {kind: {"part_of": list(w)} for kind, w in (part_of or {}).items()},
                "circles": {
                    "town": {
                        "zh": "城",
                        "en": "Town",
                        "settings": ["urban"],
                        "flag": "ours",
                        "source": "test",
                    }
                },
                "requirements": [{"circle": "town", "kinds": list(kinds), "minutes": 15}],
                "gap_kinds": [],
            }
        )
    )


def rows(table):
    return list(zip(table.index, table["kind"], strict=True))


def test_a_narrower_kind_counts_for_the_wider_one():
    table = serving(inventory([("a", "village_clinic", None)]), [requiring("clinic", "post")])
    assert rows(table) == [("a", "clinic")]
    assert table["category"].tolist() == ["village_clinic"]
    check(table, FACILITIES, crs=CRS)


def test_both_kinds_required_give_two_rows():
    table = serving(
        inventory([("a", "village_clinic", None)]), [requiring("village_clinic", "clinic")]
    )
    assert rows(table) == [("a", "village_clinic"), ("a#clinic", "clinic")]


def test_the_wider_kind_does_not_count_for_the_narrower_one():
    assert serving(inventory([("a", "clinic", None)]), [requiring("village_clinic")]).empty


def test_a_hospital_is_a_clinic_where_the_county_says_so():
    known = inventory([("a", "hospital", None)])
    assert serving(known, [requiring("clinic")]).empty
    said = requiring("clinic", part_of={"hospital": ["clinic"]})
    assert rows(serving(known, [said])) == [("a", "clinic")]


def test_rows_of_one_osm_object_do_not_count_twice():
    # OSM already says that w1 is a shop of both kinds; the supermarket adds no second retail row.
    known = inventory([("w1", "retail", None), ("w1#supermarket", "supermarket", None)])
    assert rows(serving(known, [requiring("retail")])) == [("w1", "retail")]
    # Nor where the narrower kind comes first.
    known = inventory([("w1", "supermarket", None), ("w1#retail", "retail", None)])
    assert rows(serving(known, [requiring("retail")])) == [("w1#retail", "retail")]


@pytest.mark.parametrize("status", ["idle", "planned", "closed"])
def test_what_is_not_in_use_serves_nobody(status):
    known = inventory([("a", "post", status), ("b", "post", "in_use"), ("c", "post", None)])
    assert list(in_use(known).index) == ["b", "c"]
    assert list(serving(known, [requiring("post")]).index) == ["b", "c"]


def test_several_standards_share_one_table():
    known = inventory([("a", "village_clinic", None), ("b", "post", None)])
    both = serving(known, [requiring("clinic"), requiring("village_clinic", "post")])
    own = ("a#village_clinic", "village_clinic")
    assert set(rows(both)) == {("a", "clinic"), own, ("b", "post")}


def test_nothing_that_is_required():
    table = serving(inventory([("a", "parking", None)]), [requiring("post")])
    assert table.empty
    check(table, FACILITIES, crs=CRS)


def test_ids_that_end_like_a_kind_stay_apart():
    known = inventory([("x#post", "post", None), ("x", "post", None)])
    assert len(serving(known, [requiring("post")])) == 1  # one OSM object under one kind
    known = inventory([("x#1", "post", None), ("x#2", "post", None)])
    assert len(serving(known, [requiring("post")])) == 2


def test_what_is_left_of_a_merged_object_keeps_its_ids_apart():
    # the ledger took n7 as retail; OSM has it as community shop and convenience store, too
    inventory = gpd.GeoDataFrame(
        {
            "kind": ["community_shop", "convenience_store"],
            "name": "便民店",
            "source": "OpenStreetMap",
        },
        index=pd.Index(["n7#community_shop", "n7#convenience_store"], name="facility_id"),
        geometry=gpd.points_from_xy([0, 0], [0, 0]),
        crs="EPSG:4546",
    )
    found = serving(inventory, [read_standard("shaoyang-2025"), read_standard("gb50180-2018")])
    assert found.index.is_unique
    assert found["kind"].to_dict() == {"n7#retail": "retail", "n7#community_shop": "community_shop"}
