"""The plan's scorecard: each row against a hand computation, then the laws it must keep.

The county below is synthetic: five invented communities in a row, a kilometre square each.
"""

import itertools
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecircle.errors import ConfigError
from lifecircle.plan import (
    card_records,
    counts_from_records,
    priorities,
    roll_up,
    scorecard,
    scorecard_table,
    with_priorities,
)
from lifecircle.plan.verdict import STATUS, SUMS
from lifecircle.standards import StandardChanges, read_standard
from lifecircle.standards.targets import Target, read_targets

CRS = 4546
PLAN = "shaoyang-2025"
NAN = float("nan")
UNKNOWN, MET, NOT_MET = "unknown", "met", "not met"
IDS = list("ABCDE")


def circle(zh, en, where, flag):
    return {"zh": zh, "en": en, "settings": where, "flag": flag, "source": "test"}


def group(name, kinds, minutes, flag):
    return {"circle": name, "kinds": kinds, "minutes": minutes, "flag": flag, "source": "test"}


STANDARD = read_standard(
    StandardChanges(
        replace=True,
        circles={
            "urban_life_15": circle("城市15分钟", "Urban 15", ["urban"], "confirmed"),
            "township_convenience": circle("乡镇", "Town", ["township", "rural"], "unverified"),
            "fitness_15": circle("健身15", "Fitness 15", ["urban"], "confirmed"),
            "fitness_30": circle("健身30", "Fitness 30", ["township", "rural"], "confirmed"),
        },
        requirements=[
            group("urban_life_15", ["community_centre", "elder_day_care", "shelter"], 15, "ours"),
            group("township_convenience", ["community_centre", "clinic"], 30, "unverified"),
            group("fitness_15", ["sport"], 15, "confirmed"),
            group("fitness_30", ["sport"], 30, "confirmed"),
        ],
        gap_kinds=["clinic"],
    )
)
TARGETS = read_targets(PLAN)


def synthetic_units():
    columns = {
        "name": ["甲社区", "乙社区", "丙镇", "丁村", "戊村"],
        "setting": ["urban", "urban", "township", "rural", "rural"],
        "residents": [4000, 2000, 3000, 1000, NAN],
        "priority": [1.0, 1.0, 1.0, 1.0, 2.0],
        "households": [1000, 500, 1000, 250, NAN],
        "street": ["东街道", "西街道", "桥头镇", None, None],
        "community_workers": [8, 4, 6, NAN, NAN],
        "centre_m2": [NAN, 240, 400, NAN, 0],
        "activity_m2": [NAN, NAN, 240, NAN, NAN],
        "new_floor_m2": [NAN, NAN, 10_000, NAN, NAN],
        "new_commercial_m2": [NAN, NAN, 1_200, NAN, NAN],
        "new_housing": [NAN, 1, NAN, 0, NAN],
        "elder_land_m2": [NAN, 150, NAN, 0, 50],
        "volunteer_station": [1, 1, 1, 0, NAN],
        "self_service": [1, NAN, 1, NAN, NAN],
        "social_work_rooms": [NAN, 2, 0, NAN, NAN],
        "hardship_elderly": [10, 10, 0, NAN, 5],
        "hardship_visited": [10, 8, 0, NAN, 5],
        "has_5g": [1, 1, 1, 1, NAN],
        "has_broadband": [NAN, NAN, 1, 1, 1],
        "rehab_lending": [1, 0, 1, 0, 0],
        "education_trial": [1, 1, 1, 0, 0],
        "senior_universities": [2, 3, NAN, 0, 0],
        "disaster_officers": [1, 1, 2, 1, 1],
        "legal_service": [1, NAN, 1, 1, 1],
        "mediation": [1, 1, 1, NAN, 1],
        "resettlement": [1, 0, NAN, NAN, 1],
        "old_quarter": [1, 1, 0, NAN, NAN],
    }
    index = pd.Index(IDS, name="unit_id")
    squares = [shapely.box(1000 * n, 0, 1000 * n + 1000, 1000) for n in range(5)]
    return gpd.GeoDataFrame(columns, index=index, geometry=squares, crs=CRS)


def synthetic_facilities():
    nothing = {"floor_m2": NAN, "activity_m2": NAN, "hours_per_day": NAN, "land_m2": NAN}
    rows = [
        ("f1", "community_centre", 500, 500, {"floor_m2": 500, "activity_m2": 350, "hours": 8}),
        ("f2", "community_centre", 1500, 750, {"floor_m2": 200, "activity_m2": 100, "hours": 7}),
        ("f3", "community_centre", 2500, 900, {"floor_m2": 900, "status": "idle"}),
        ("f4", "service_station", 3500, 800, {"floor_m2": 100}),
        ("f5", "elder_day_care", 100, 100, {"hours": 9, "land_m2": 200}),
        ("f6", "health_station", 160, 100, {}),
        ("f7", "street_elder_institution", 100, 800, {"land_m2": 300}),
        ("f8", "village_clinic", 3500, 500, {}),
        ("f9", "police_room", 300, 300, {"address": "东街12号"}),
        ("f10", "committee", 700, 300, {"address": "东街 １２ 号"}),
        ("f11", "police_room", 3100, 100, {"address": "丁村"}),
        ("f12", "committee", 3300, 100, {"address": "丁村"}),
        ("f13", "nursery", 1500, 500, {}),
        ("f14", "nursery", 3500, 510, {"status": "planned"}),
        ("f15", "sport", 2500, 500, {}),
        ("f16", "shelter", 600, 600, {}),
        ("f17", "shelter", 4100, 600, {"unit_id": "D"}),  # stands in E, filed under D
        ("f18", "legal_aid", 1200, 200, {"hours": 8}),
        ("f19", "social_work", 900, 900, {}),
    ]
    table = pd.DataFrame(
        [
            {
                "facility_id": name,
                "kind": kind,
                "name": None,
                "source": "台账" if kind != "sport" else "OSM",
                "status": None,
                "address": None,
                "unit_id": None,
                **nothing,
                **{key: value for key, value in more.items() if key != "hours"},
                "hours_per_day": more.get("hours", NAN),
                "geometry": shapely.Point(x, y),
            }
            for name, kind, x, y, more in rows
        ]
    )
    return gpd.GeoDataFrame(table.set_index("facility_id"), geometry="geometry", crs=CRS)


PERSONS = dict(zip(IDS, (4000.0, 2000.0, 3000.0, 1000.0, 500.0), strict=True))
COVERED = {
    ("urban_life_15", "community_centre"): {"A": 4000, "B": 1600},
    ("urban_life_15", "elder_day_care"): {"A": 3600, "B": 1000},
    ("urban_life_15", "shelter"): {"A": 4000, "B": 1500},
    ("township_convenience", "community_centre"): {"C": 2400, "D": 1000, "E": 500},
    ("township_convenience", "clinic"): {"C": 2900, "D": 1000, "E": 400},
    ("fitness_15", "sport"): {"A": 4000, "B": 0},
    ("fitness_30", "sport"): {"C": 3000, "D": 500, "E": 0},
}
COMPLETE = {
    "urban_life_15": {"A": 0.85, "B": 0.4},
    "township_convenience": {"C": 0.9, "D": 1.0, "E": 0.8},
    "fitness_15": {"A": 1.0, "B": 0.0},
    "fitness_30": {"C": 1.0, "D": 0.5, "E": 0.0},
}


def synthetic_coverage():
    rows = [
        (unit, name, kind, "population", covered, PERSONS[unit], covered / PERSONS[unit])
        for (name, kind), by_unit in COVERED.items()
        for unit, covered in by_unit.items()
    ]
    index = ["scope", "circle", "kind", "denominator"]
    return pd.DataFrame(rows, columns=[*index, "covered", "total", "share"]).set_index(index)


def synthetic_unit_scores():
    rows = [
        (unit, name, PERSONS[unit], share, 1.0 if name == "township_convenience" else 0.0)
        for name, by_unit in COMPLETE.items()
        for unit, share in by_unit.items()
    ]
    columns = ["scope", "circle", "persons", "complete_share", "unverified_share"]
    return pd.DataFrame(rows, columns=columns).set_index(["scope", "circle"])


def synthetic_cells():
    index = pd.Index(range(6), name="cell_id")
    persons = [4000.0, 2000.0, 3000.0, 1000.0, 300.0, 200.0]
    return pd.DataFrame({"unit_id": [*IDS, "E"], "persons": persons}, index=index)


def card(targets=TARGETS, **changed):
    tables = {
        "units": synthetic_units(),
        "facilities": synthetic_facilities(),
        "coverage": synthetic_coverage(),
        "unit_scores": synthetic_unit_scores(),
        "cells": synthetic_cells(),
        "standard": STANDARD,
    }
    return scorecard(targets, **{**tables, **changed})


# target: value, numerator, denominator, known, total, overall, status, unverified; by hand.
EXPECTED = {
    # B has 1600 of 2000 residents, exactly the 0.8 that make a community covered.
    "centre_urban": (1.0, 2, 2, 2, 2, 5600 / 6000, MET, False),
    "centre_rural": (1.0, 3, 3, 3, 3, 3900 / 4500, MET, True),
    # C 0.12; B is new housing and did not report its floor area.
    "new_commercial_share": (1.0, 1, 1, 1, 2, 0.12, UNKNOWN, False),
    # A 500 / 10, B 240 / 5, C 400 / 10, D 100 / 2.5; E unknown; best case 3 of 5.
    "centre_area": (0.5, 2, 4, 4, 5, 124_000 / 2750, NOT_MET, False),
    # A 350 / 500, B 100 / 240, C 240 / 400; D's station gives none; E has no centre.
    "activity_share": (2 / 3, 2, 3, 3, 4, 690 / 1140, NOT_MET, False),
    "self_service": (1.0, 1, 1, 1, 2, 1.0, UNKNOWN, False),
    "community_workers": (20.0, 18, 9000, 3, 3, NAN, MET, False),
    "volunteer_stations": (0.75, 3, 4, 4, 4, 0.9, NOT_MET, False),
    # A 200 + 300 of its facilities, B 150, D 0, E 50; C unknown: at least 700 of 10 500 residents.
    "elder_land": (700 / 7500, 700, 7500, 4, 5, NAN, UNKNOWN, False),
    "street_elder_care": (0.5, 1, 2, 2, 2, NAN, NOT_MET, False),
    "day_care_urban": (0.5, 1, 2, 2, 2, 4600 / 6000, NOT_MET, False),
    # C has nobody to visit, D did not report; B visited 8 of 10.
    "hardship_visits": (2 / 3, 2, 3, 3, 4, 23 / 25, NOT_MET, False),
    # A's facility, B's 2, C's 0.
    "social_work_rooms": (3.0, 3, NAN, 3, 5, NAN, "judged at city level", False),
    # Two of three are sure: 0.67 in the worst case, 1 in the best.
    "villages_5g": (1.0, 2, 2, 2, 3, 1.0, UNKNOWN, False),
    "villages_broadband": (1.0, 3, 3, 3, 3, 1.0, MET, False),
    "rehab_lending": (2.0, 2, NAN, 5, 5, NAN, "judged at city level", False),
    "education_trials": (3.0, 3, NAN, 5, 5, NAN, "judged at city level", False),
    "senior_universities": (5.0, 5, NAN, 4, 5, NAN, "judged at city level", False),
    "disaster_officers": (1.0, 5, 5, 5, 5, 1.0, MET, False),
    # Hours of f1 8, f2 7, f5 9, f18 8; f4, f13 and f19 give none; f3 is idle, f14 planned.
    "service_hours": (0.75, 3, 4, 4, 7, NAN, NOT_MET, False),
    "legal_services": (1.0, 5, 5, 5, 5, 1.0, MET, False),  # B by its facility
    "mediation": (1.0, 4, 4, 4, 5, 1.0, UNKNOWN, False),
    "satisfaction_survey": (NAN, NAN, 0, 0, 5, NAN, UNKNOWN, False),
    "life_circle_15": (0.5, 1, 2, 2, 2, 4200 / 6000, NOT_MET, False),
    "township_circle": (1.0, 3, 3, 3, 3, 4100 / 4500, MET, True),
    "fitness_15": (0.5, 1, 2, 2, 2, 4000 / 6000, NOT_MET, False),
    "fitness_30": (1 / 3, 1, 3, 3, 3, 3500 / 4500, NOT_MET, False),
    # f5 is 60 m from f6; f7 is 700 m away.
    "elder_care_by_clinic": (0.5, 1, 2, 2, 2, NAN, NOT_MET, False),
    # f9 has f10's address though 400 m away; f11 is 200 m off, and a village's name is no address.
    "police_at_committee": (0.5, 1, 2, 2, 2, NAN, NOT_MET, False),
    "nursery_linked": (1.0, 1, 1, 1, 1, NAN, MET, False),  # f13 is 250 m from f2
    # In town by walking time; no time is set for villages: D has one itself, C and E have none.
    "shelter_coverage": (0.4, 2, 5, 5, 5, 6500 / 10_500, NOT_MET, False),
}
COLUMNS = ["value", "numerator", "denominator", "known", "total", "overall"]


@pytest.mark.parametrize("key", EXPECTED)
def test_county_rows_are_what_a_hand_computation_gives(key):
    row = card().loc[("county", key)]
    *numbers, status, unverified = EXPECTED[key]
    assert row[COLUMNS].astype(float).tolist() == pytest.approx(numbers, nan_ok=True)
    assert row["status"] == status
    assert row["unverified"] == unverified
    assert (row["met"] is pd.NA) == (status not in {MET, NOT_MET})
    if status in {MET, NOT_MET}:
        assert bool(row["met"]) == (status == MET)


def test_every_target_of_the_plan_has_a_hand_computation():
    assert set(EXPECTED) == {target.key for target in TARGETS}
    assert list(card().loc["county"].index) == [target.key for target in TARGETS]


@pytest.mark.parametrize(
    ("unit", "key", "value", "goal", "met", "gap"),
    [
        ("A", "centre_area", 50.0, 43.0, True, 7.0),
        ("C", "centre_area", 40.0, 43.0, False, -3.0),
        ("E", "centre_area", NAN, 43.0, None, NAN),
        ("B", "centre_urban", 0.8, 0.8, True, 0.0),
        ("B", "day_care_urban", 0.5, 0.8, False, -0.3),
        ("B", "activity_share", 100 / 240, 0.6, False, 100 / 240 - 0.6),
        ("D", "activity_share", NAN, 0.6, None, NAN),
        ("A", "life_circle_15", 0.85, 0.8, True, 0.05),
        ("B", "street_elder_care", 0.0, 1.0, False, -1.0),
        ("D", "police_at_committee", 0.0, 1.0, False, -1.0),
        ("A", "service_hours", 1.0, 1.0, None, 0.0),  # f1 and f5 do, f19 gives no hours
        ("B", "service_hours", 0.5, 1.0, False, -0.5),
        ("C", "disaster_officers", 2.0, 1.0, True, 1.0),
        ("C", "community_workers", 20.0, 18.0, None, 2.0),
        ("B", "social_work_rooms", 2.0, 150.0, None, -148.0),
        ("D", "mediation", NAN, 1.0, None, NAN),
        ("C", "shelter_coverage", 0.0, 0.8, False, -0.8),
    ],
)
def test_unit_rows_are_what_a_hand_computation_gives(unit, key, value, goal, met, gap):
    row = card().loc[(unit, key)]
    assert row[["value", "goal", "gap"]].astype(float).tolist() == pytest.approx(
        [value, goal, gap], nan_ok=True
    )
    assert (None if row["met"] is pd.NA else bool(row["met"])) == met


def test_units_have_rows_only_for_what_is_meant_for_them():
    rows = card()
    assert ("D", "centre_urban") not in rows.index
    assert ("E", "activity_share") not in rows.index  # it has no centre
    assert ("C", "service_hours") not in rows.index  # its only centre is idle
    assert rows.loc[("C", "community_workers"), "status"] == "judged at county level"
    assert rows.loc[("C", "rehab_lending"), "status"] == "judged at city level"


def test_rows_say_in_words_how_complete_they_are_and_what_they_count():
    rows = card().loc["county"]
    assert rows.loc["villages_5g", "completeness_zh"] == "3 个村中 2 个已填报"
    assert rows.loc["villages_5g", "completeness_en"] == "2 of 3 villages reported"
    assert rows.loc["centre_urban", "completeness_zh"] == "2 个社区中 2 个已测算"
    assert rows.loc["service_hours", "completeness_en"] == "4 of 7 facilities reported"
    assert rows.loc["mediation", "completeness_zh"] == "5 个村（社区）中 4 个已填报"
    assert rows.loc["community_workers", "denominator_zh"] == "城市社区和乡镇驻地的居民"
    assert rows.loc["centre_area", "overall_zh"] == "平方米/百户"
    assert rows.loc["centre_area", "unit_zh"] == "达标占比（>= 43 平方米/百户）"
    assert rows.loc["service_hours", "unit_en"] == "share with >= 8 hours a day"
    assert rows.loc["centre_area", "data"] == "ledger"
    assert rows.loc["nursery_linked", "data"] == "measured"
    assert rows.loc["fitness_30", "datasets"] == "OSM"
    assert rows.loc["centre_area", "datasets"] == "units; 台账"


def test_a_city_sum_is_judged_at_city_level_only():
    city = roll_up({"某县": card()}, TARGETS).loc["city"]
    assert city.loc["education_trials", "status"] == MET
    assert city.loc["senior_universities", "status"] == MET  # C's would only add to it
    assert city.loc["rehab_lending", "status"] == NOT_MET
    assert city.loc["social_work_rooms", "status"] == UNKNOWN
    assert city.loc["rehab_lending", "gap"] == -48.0


def test_a_city_is_summed_from_counts_and_names_who_is_incomplete():
    whole = card()
    units = synthetic_units().assign(has_5g=1.0, mediation=1.0)
    city = roll_up({"甲县": whole, "乙县": card(units=units)}, TARGETS).loc["city"]
    row = city.loc["villages_5g"]
    assert (row["numerator"], row["denominator"], row["total"]) == (5, 5, 6)
    assert row["status"] == MET  # 5 of 6 in the worst case
    assert row["incomplete"] == "甲县"
    assert city.loc["mediation", "status"] == UNKNOWN
    assert city.loc["community_workers", "value"] == pytest.approx(20.0)


def test_a_county_that_lacks_a_target_leaves_the_city_open():
    full = [target for target in TARGETS if target.key == "villages_broadband"]
    cards = {"甲县": card(full), "乙县": card(())}
    row = roll_up(cards, full).loc[("city", "villages_broadband")]
    assert (row["status"], row["incomplete"]) == (UNKNOWN, "乙县")
    assert roll_up({}, full).loc[("city", "villages_broadband"), "status"] == UNKNOWN


def test_one_certain_miss_settles_a_city_where_all_have_to_meet_it():
    chosen = [t for t in TARGETS if t.key in {"villages_broadband", "villages_5g"}]
    units = synthetic_units().assign(has_broadband=[1, 1, 1, 0, 1], has_5g=[1, 1, 1, 0, 1])
    city = roll_up({"甲县": card(chosen, units=units), "乙县": card(())}, chosen).loc["city"]
    assert city.loc["villages_broadband", "status"] == NOT_MET
    assert city.loc["villages_broadband", "incomplete"] == "乙县"
    assert city.loc["villages_5g", "status"] == UNKNOWN  # 80 %: many that do could outweigh it


def test_a_police_station_need_not_stand_at_a_committee():
    facilities = synthetic_facilities()
    station = facilities.loc[["f9"]].rename(index={"f9": "f20"}).assign(kind="police", address=None)
    more = gpd.GeoDataFrame(pd.concat([facilities, station]), crs=CRS)
    row = card(facilities=more).loc[("county", "police_at_committee")]
    assert (row["numerator"], row["denominator"]) == (1, 2)


def test_a_county_may_ask_for_a_centre_in_every_village():
    own = {"centre_rural": {"measure": {"type": "present", "kinds": ["community_centre"]}}}
    row = card(read_targets(PLAN, own)).loc[("county", "centre_rural")]
    # C's centre is idle, D has a service station, E has none.
    assert (row["numerator"], row["denominator"], row["status"]) == (1, 3, NOT_MET)
    assert (row["flag"], row["unverified"]) == ("ours", False)


def test_an_excluded_target_is_listed_with_its_reason():
    targets = read_targets(PLAN, {"fitness_30": {"exclude": "无台账"}})
    rows = card(targets)
    row = rows.loc[("county", "fitness_30")]
    assert (row["status"], row["note_zh"]) == ("excluded", "无台账")
    assert row["met"] is pd.NA
    assert ("D", "fitness_30") not in rows.index
    city = roll_up({"甲县": rows}, TARGETS).loc[("city", "fitness_30")]
    assert (city["status"], city["incomplete"]) == (UNKNOWN, "甲县")


# ---- what is unknown


def test_a_kind_of_which_nothing_is_known_is_unknown_not_absent():
    facilities = synthetic_facilities()
    kinds = ["elder_day_care", "street_elder_institution", "committee", "shelter", "nursery"]
    kinds += ["community_centre", "service_station"]
    rows = card(facilities=facilities[~facilities["kind"].isin(kinds)]).loc["county"]
    for key in ("day_care_urban", "street_elder_care", "police_at_committee", "shelter_coverage"):
        assert rows.loc[key, "status"] == UNKNOWN, key
        assert rows.loc[key, "known"] == 0
        assert np.isnan(rows.loc[key, "value"])
    assert rows.loc["nursery_linked", "status"] == UNKNOWN
    planned = facilities[facilities["kind"] != "nursery"]
    planned = pd.concat([planned, facilities.loc[["f14"]]])  # the only one, and it does not serve
    row = card(facilities=planned).loc[("county", "nursery_linked")]
    assert row["status"] == "not applicable"


def test_a_county_that_lists_no_facility_of_a_kind_leaves_its_city_open():
    facilities = synthetic_facilities()
    none = card(facilities=facilities[facilities["kind"] != "nursery"])
    row = roll_up({"甲县": card(), "乙县": none}, TARGETS).loc[("city", "nursery_linked")]
    assert (row["status"], row["incomplete"]) == (UNKNOWN, "乙县")
    missed = roll_up({"甲县": none, "乙县": card()}, TARGETS).loc[("city", "police_at_committee")]
    assert missed["status"] == NOT_MET


def test_what_stands_beyond_the_border_says_nothing_of_what_the_county_has():
    beyond = synthetic_facilities()
    kinds = ["elder_day_care", "street_elder_institution", "shelter", "nursery"]
    beyond = beyond.assign(
        geometry=beyond.geometry.mask(beyond["kind"].isin(kinds), shapely.Point(-5000, -5000)),
        unit_id=beyond["unit_id"].mask(beyond["kind"].isin(kinds)),
    )
    rows = card(facilities=beyond)
    for key in ("day_care_urban", "street_elder_care", "shelter_coverage", "nursery_linked"):
        assert rows.loc[("county", key), "status"] == UNKNOWN, key
    # Who reaches a neighbour's is served: 4000 of A's residents, as many as there are.
    row = rows.loc[("A", "shelter_coverage")]
    assert (row["least"], row["most"], row["status"]) == (4000, 4000, MET)
    assert rows.loc[("B", "shelter_coverage"), ["least", "most"]].tolist() == [1500, 2000]
    city = roll_up({"甲县": card(), "乙县": rows}, TARGETS).loc[("city", "nursery_linked")]
    assert (city["status"], city["incomplete"]) == (UNKNOWN, "乙县")


def test_a_facility_belongs_to_the_unit_that_it_is_filed_under():
    targets = [target for target in TARGETS if target.key == "shelter_coverage"]
    places = synthetic_facilities()
    for filed, unit in (("D", "D"), ("丁村", "D"), (None, "E"), ("no such unit", "E")):
        places.loc["f17", "unit_id"] = filed
        rows = card(targets, facilities=places)
        has = {name for name in "CDE" if rows.loc[(name, "shelter_coverage"), "value"] == 1.0}
        assert has == {unit}


def test_facilities_that_are_idle_are_known_and_do_not_serve():
    facilities = synthetic_facilities()
    idle = facilities.assign(
        status=facilities["status"].mask(facilities["kind"] == "street_elder_institution", "idle")
    )
    row = card(facilities=idle).loc[("county", "street_elder_care")]
    assert (row["status"], row["value"]) == (NOT_MET, 0.0)


def test_a_circle_with_an_unknown_kind_is_judged_by_the_others():
    facilities = synthetic_facilities()
    rows = card(facilities=facilities[facilities["kind"] != "shelter"])
    # B reaches day care for half of its residents at most: shelters cannot help it.
    assert rows.loc[("B", "life_circle_15"), "status"] == NOT_MET
    assert rows.loc[("A", "life_circle_15"), "status"] == MET
    share = synthetic_unit_scores()
    share.loc[("A", "urban_life_15"), "complete_share"] = 0.0
    rows = card(facilities=facilities[facilities["kind"] != "shelter"], unit_scores=share)
    assert rows.loc[("A", "life_circle_15"), "status"] == UNKNOWN
    assert np.isnan(rows.loc[("A", "life_circle_15"), "value"])


def test_a_circle_that_the_standard_does_not_have_is_unknown():
    target = Target(
        key="x", zh="甲", en="A", scope="communities", measure={"type": "circle", "circle": "none"}
    )
    row = card([target]).loc[("county", "x")]
    assert (row["status"], row["known"], row["total"]) == (UNKNOWN, 0, 5)


def test_communities_that_name_no_street_keep_the_verdict_open():
    units = synthetic_units().assign(street=["东街道", None, None, None, None])
    row = card(units=units).loc[("county", "street_elder_care")]
    assert (row["status"], row["known"], row["total"]) == (UNKNOWN, 1, 2)
    assert row["value"] == 1.0
    units = synthetic_units().assign(street=[None, "西街道", None, None, None])
    row = card(units=units).loc[("county", "street_elder_care")]
    assert (row["status"], row["known"]) == (UNKNOWN, 0)  # A's institution may stand on it


def test_a_county_without_streets_has_nothing_to_judge():
    units = synthetic_units().assign(street=["城关镇", "城关镇", None, None, None])
    assert card(units=units).loc[("county", "street_elder_care"), "status"] == "not applicable"
    assert roll_up({"甲县": card(units=units)}, TARGETS).loc[
        ("city", "street_elder_care"), "status"
    ] == ("not applicable")


def test_new_communities_that_nobody_reports_are_unknown_and_none_is_not_applicable():
    silent = synthetic_units().drop(columns=["new_floor_m2", "new_housing"])
    assert card(units=silent).loc[("county", "new_commercial_share"), "status"] == UNKNOWN
    # One county whose communities all keep silent leaves the city open, however the other does.
    assert card().loc[("county", "new_commercial_share"), "status"] == UNKNOWN
    met = card(units=synthetic_units().assign(new_housing=[NAN, NAN, NAN, 0, NAN]))
    assert met.loc[("county", "new_commercial_share"), "status"] == MET
    words = met.loc[("county", "new_commercial_share"), "completeness_zh"]
    assert words == "1 个村（社区）中 1 个已填报，另有 3 个未填报"
    city = roll_up({"甲县": met, "乙县": card(units=silent)}, TARGETS)
    row = city.loc[("city", "new_commercial_share")]
    assert (row["status"], row["incomplete"]) == (UNKNOWN, "乙县")
    none = synthetic_units().assign(new_floor_m2=0.0, new_housing=0.0)
    assert card(units=none).loc[("county", "new_commercial_share"), "status"] == "not applicable"


def test_an_unverified_target_is_marked_wherever_it_decides():
    targets = [t.model_copy(update={"flag": "unverified"}) for t in TARGETS if t.key == "mediation"]
    rows = card(targets)
    assert rows.loc[("A", "mediation"), "unverified"]
    assert not rows.loc[("D", "mediation"), "unverified"]  # nothing is decided there


@pytest.mark.parametrize(
    ("op", "value", "status"), [("<=", 2.0, MET), ("<=", 1.0, NOT_MET), ("==", 1.0, NOT_MET)]
)
def test_other_relations(op, value, status):
    target = Target(
        key="x",
        zh="甲",
        en="A",
        scope="communities",
        measure={"type": "count", "column": "disaster_officers"},
        op=op,
        value=value,
    )
    rows = card([target])
    assert rows.loc[("county", "x"), "status"] == status
    assert rows.loc[("C", "x"), "gap"] == {"<=": value - 2.0, "==": -1.0}[op]


def test_all_unknown_columns_and_kinds_are_named_at_once():
    changes = {
        "own": {
            "zh": "甲",
            "en": "A",
            "scope": "communities",
            "measure": {"type": "yes", "column": "fountain", "kinds": ["dragon"]},
        },
        "service_hours": {"measure": {"column": "hours_per_week"}},
    }
    with pytest.raises(ConfigError) as caught:
        card(read_targets(PLAN, changes))
    assert len(caught.value.faults) == 3
    for word in ("fountain", "dragon", "hours_per_week"):
        assert word in str(caught.value)


# ---- laws

REPORTS = st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=5, max_size=5)


def yes_target(share=1.0, scope="communities", value=None):
    return Target(
        key="x",
        zh="甲",
        en="A",
        scope=scope,
        measure={"type": "yes", "column": "survey"},
        required_share=share,
        value=value,
    )


def completions(reports):
    options = [[0.0, 1.0] if np.isnan(report) else [report] for report in reports]
    return [np.array(full) for full in itertools.product(*options)]


def agreed(verdicts):
    return {(True,): MET, (False,): NOT_MET}.get(tuple(set(verdicts)), UNKNOWN)


@settings(deadline=None, max_examples=50)
@given(REPORTS, st.sampled_from([0.2, 0.4, 0.5, 0.6, 0.8, 1.0]))
def test_shares_are_judged_as_over_every_completion_of_the_reports(reports, share):
    rows = card([yes_target(share)], units=synthetic_units().assign(survey=reports))
    brute = agreed([full.mean() >= share - 1e-12 for full in completions(reports)])
    assert rows.loc[("county", "x"), "status"] == brute
    for unit, report in zip(IDS, reports, strict=True):
        expected = UNKNOWN if np.isnan(report) else (MET if report else NOT_MET)
        assert rows.loc[(unit, "x"), "status"] == expected


@settings(deadline=None, max_examples=50)
@given(REPORTS, st.sampled_from([1.0, 2.0, 3.0, 5.0]))
def test_city_sums_are_judged_as_over_every_completion(reports, value):
    target = yes_target(scope="city", value=value)
    rows = card([target], units=synthetic_units().assign(survey=reports))
    brute = agreed([full.sum() >= value for full in completions(reports)])
    assert roll_up({"甲县": rows}, [target]).loc[("city", "x"), "status"] == brute


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from([0.0, 10.0, 40.0, NAN]), min_size=5, max_size=5),
    st.sampled_from([0.001, 0.004, 0.008]),
)
def test_ratios_of_sums_are_judged_by_their_best_and_worst_case(workers, value):
    target = Target(
        key="x",
        zh="甲",
        en="A",
        scope="county",
        measure={
            "type": "ratio",
            "numerator": {"column": "community_workers"},
            "denominator": {"column": "residents"},
        },
        value=value,
    )
    rows = card([target], units=synthetic_units().assign(community_workers=workers))
    ends = [np.nan_to_num(workers, nan=end).sum() / 10_500 for end in (0.0, 1e12)]
    assert rows.loc[("county", "x"), "status"] == agreed([end >= value for end in ends])


PURE = (
    "community_workers",
    "villages_5g",
    "villages_broadband",
    "disaster_officers",
    "mediation",
    "self_service",
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.data())
def test_a_missing_report_never_turns_a_verdict_round_nor_makes_one(data):
    targets = [target for target in TARGETS if target.key in PURE]
    units = synthetic_units()
    before = card(targets, units=units)["met"]
    for column in ("community_workers", "has_5g", "has_broadband", "disaster_officers"):
        gone = data.draw(st.lists(st.booleans(), min_size=5, max_size=5))
        units[column] = units[column].mask(np.array(gone)).astype(float)
    after = card(targets, units=units)["met"]
    same = after.eq(before).fillna(value=False)
    assert (after.isna() | same).all()


def approximately(left, right):
    assert list(left.index) == list(right.index)
    for column in (*SUMS, "value", "gap", "overall", "goal"):
        np.testing.assert_allclose(
            left[column].to_numpy(float), right[column].to_numpy(float), err_msg=column
        )
    for column in (
        "met",
        "unverified",
        "completeness_zh",
        "flag",
        "op",
        "unit_zh",
        "denominator_zh",
    ):
        assert left[column].astype("str").tolist() == right[column].astype("str").tolist(), column


def test_a_city_of_one_county_has_its_rows():
    county = card().loc["county"]
    city = roll_up({"某县": card()}, TARGETS).loc["city"]
    judged = [target.key for target in TARGETS if target.scope != "city"]
    approximately(county.loc[judged], city.loc[judged])
    assert county.loc[judged, "status"].tolist() == city.loc[judged, "status"].tolist()
    summed = ["value", *SUMS]
    pd.testing.assert_frame_equal(county[summed].astype(float), city[summed].astype(float))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.lists(st.booleans(), min_size=5, max_size=5))
def test_a_county_in_two_parts_adds_up_to_the_whole(first):
    units = synthetic_units()
    parts = {"甲": units[np.array(first)], "乙": units[~np.array(first)]}
    parts = {name: part for name, part in parts.items() if len(part)}
    places = synthetic_facilities()
    filed = places["unit_id"]  # each part's ledger files its own facilities only
    cards = {
        name: card(units=part, facilities=places[filed.isna() | filed.isin(part.index)])
        for name, part in parts.items()
    }
    whole = roll_up({"全": card()}, TARGETS).loc["city"]
    summed = roll_up(cards, TARGETS).loc["city"]
    # A part that lists no facility of a kind may have some: the sum leaves open what the whole,
    # which lists some, knows; never the other way round, and never another verdict.
    alike = [t.key for t in TARGETS if all(lists(t, part, places) for part in parts.values())]
    approximately(whole.loc[alike], summed.loc[alike])
    assert whole.loc[alike, "status"].tolist() == summed.loc[alike, "status"].tolist()
    for low, high in (("least", "most"), ("base_least", "base_most")):
        assert (summed[low].fillna(0) <= whole[low].fillna(0) + 1e-9).all()
        assert (summed[high].fillna(0) >= whole[high].fillna(0) - 1e-9).all()
    same = summed["met"].eq(whole["met"]).fillna(value=False)
    assert (summed["met"].isna() | same).all()


def lists(target, units, places):
    """Whether the part says whom a target means, and has a facility of each kind that it needs."""
    said = units[list(target.only)]
    if said.isna().all(axis=1).any() and target.only and not (said > 0).to_numpy().any():
        return False
    by_place = {"coverage", "circle", "present", "near", "facility"}
    if target.measure.type not in by_place:
        return True
    where = places.geometry.x.floordiv(1000).astype(int).map(dict(enumerate(IDS)))
    own = set(places["kind"][places["unit_id"].isin(IDS) & places["unit_id"].isin(units.index)])
    own |= set(places["kind"][places["unit_id"].isna() & where.isin(units.index)])
    own |= {wider for kind in own for wider in STANDARD.wider(kind)}
    if target.measure.type == "circle":
        return {r.kind for r in STANDARD.for_circle(target.measure.circle)} <= own
    asked = [set(getattr(target.measure, name, ())) for name in ("kinds", "to")]
    asked.append({target.measure.kind} if target.measure.type == "coverage" else set())
    return all(kinds & own for kinds in asked if kinds)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20)
@given(st.permutations(range(5)), st.permutations(range(19)))
def test_the_order_of_units_and_facilities_is_irrelevant(units, facilities):
    shuffled = card(
        units=synthetic_units().iloc[units], facilities=synthetic_facilities().iloc[facilities]
    )
    whole = card()
    approximately(whole.loc["county"], shuffled.loc["county"])
    approximately(whole.sort_index(), shuffled.sort_index())


def test_unknown_is_never_met_and_never_nought():
    rows = card()
    unknown = rows[rows["status"] == UNKNOWN]
    assert unknown["met"].isna().all()
    silent = rows[rows["known"] == 0]
    assert len(silent)
    undecided = silent[silent["met"].isna()]
    assert undecided["value"].isna().all()
    assert undecided["numerator"].isna().all()


def test_inputs_stay_as_they_are():
    units, facilities = synthetic_units(), synthetic_facilities()
    card(units=units, facilities=facilities)
    pd.testing.assert_frame_equal(units, synthetic_units())
    pd.testing.assert_frame_equal(facilities, synthetic_facilities())


# ---- tables, records, priorities


def test_the_table_for_readers_is_in_chinese():
    names = synthetic_units()["name"].to_dict()
    table = scorecard_table(card(), names)
    assert set(table["评价"].str.replace("（(未报齐|无填报)）$", "", regex=True)) <= set(
        STATUS.values()
    )
    assert table["名称"].iloc[0] == "全县（市、区）"
    county = table[table["范围"] == "county"].set_index("指标编号")
    assert county.loc["villages_5g", "评价"] == "数据不足（未报齐）"
    assert county.loc["satisfaction_survey", "评价"] == "数据不足（无填报）"
    row = table[(table["范围"] == "A") & (table["指标编号"] == "centre_area")].iloc[0]
    assert (row["名称"], row["目标"], row["评价"]) == ("甲社区", "≥ 43", "达标")
    assert table.loc[table["指标编号"] == "centre_rural", "阈值核实"].eq("未核实").all()
    assert (row["数值"], row["单位"], row["口径"]) == (50.0, "平方米/百户", "")
    assert len(scorecard_table(card(()))) == 0


def test_the_table_for_readers_gives_shares_in_percent():
    table = scorecard_table(card())
    county = table[table["范围"] == "county"].set_index("指标编号")
    shown = ["数值", "目标", "单位", "口径", "差距"]
    row = county.loc["centre_area", shown].tolist()
    assert row == [50.0, "≥ 100", "%", "达标占比（>= 43 平方米/百户）", -50.0]
    assert county.loc["volunteer_stations", shown].tolist() == [75.0, "≥ 80", "%", "达标占比", -5.0]
    assert county.loc["activity_share", "总体值"] == pytest.approx(60.5263)
    assert county.loc["activity_share", "总体值单位"] == "%（占设施面积比例）"
    assert county.loc["community_workers", shown[:3]].tolist() == [20.0, "≥ 18", "人/万人"]
    unit = table[table["范围"] == "B"].set_index("指标编号")
    assert unit.loc["day_care_urban", shown].tolist() == [50.0, "≥ 80", "%", "居民占比", -30.0]
    assert unit.loc["disaster_officers", shown[:3]].tolist() == [1.0, "≥ 1", "人"]


def test_the_table_says_when_no_facility_is_known():
    facilities = synthetic_facilities()
    rows = card(facilities=facilities[facilities["kind"] != "elder_day_care"])
    table = scorecard_table(rows).set_index(["范围", "指标编号"])
    assert table.loc[("county", "day_care_urban"), "评价"] == "数据不足（无设施资料）"


def test_records_survive_json():
    rows = card()
    records = json.loads(json.dumps(card_records(rows), allow_nan=False))
    again = counts_from_records(records)
    assert list(again.targets) == list(rows.loc["county"].index)
    np.testing.assert_allclose(again.numbers, rows.loc["county"][[*SUMS]].to_numpy(float))
    whole = roll_up({"县": rows}, TARGETS)
    pd.testing.assert_frame_equal(whole, roll_up({"县": again}, TARGETS))


def test_the_largest_weight_of_a_unit_counts_and_all_its_reasons_are_told():
    weight, reasons = priorities(synthetic_units(), read_standard())
    # A is resettlement and old quarter, B new housing and old, E resettlement of own weight 2.
    assert weight.tolist() == [2.0, 1.5, 1.0, 1.0, 4.0]
    assert reasons["A"] == "易地搬迁集中安置社区（×2）、城镇老旧小区（×1.5）"
    assert reasons["B"] == "新建居住区（×1.5）、城镇老旧小区（×1.5）"
    assert reasons[["C", "D"]].isna().all()
    units = synthetic_units().assign(priority_reasons=[None, "县定", None, "县定", None])
    given_too = with_priorities(units, read_standard())
    assert given_too["priority_reasons"].tolist()[1] == (
        "县定、新建居住区（×1.5）、城镇老旧小区（×1.5）"
    )
    assert given_too["priority_reasons"].tolist()[3] == "县定"
    assert pd.isna(given_too["priority_reasons"].tolist()[2])
