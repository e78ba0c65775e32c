"""The plan's targets as data: every row is there, and a county's changes are checked at once."""

import pytest

from lifecircle.errors import ConfigError
from lifecircle.standards import read_standard
from lifecircle.standards.targets import Near, Ratio, Target, read_targets
from lifecircle.tables import FACILITIES, UNITS

PLAN = "shaoyang-2025"

# The table "Figures to be reached" row by row, with the figure the plan gives.
FIGURES = {
    "centre_urban": ("communities", None, 1.0),
    "centre_rural": ("communities", None, 1.0),
    "new_commercial_share": ("communities", 0.1, 1.0),
    "centre_area": ("communities", 43.0, 1.0),
    "activity_share": ("communities", 0.6, 1.0),
    "self_service": ("communities", None, 1.0),
    "community_workers": ("county", 18.0, 1.0),
    "volunteer_stations": ("communities", None, 0.8),
    "elder_land": ("county", 0.1, 1.0),
    "street_elder_care": ("streets", None, 1.0),
    "day_care_urban": ("communities", None, 1.0),
    "hardship_visits": ("communities", 1.0, 1.0),
    "social_work_rooms": ("city", 150.0, 1.0),
    "villages_5g": ("communities", None, 0.8),
    "villages_broadband": ("communities", None, 1.0),
    "rehab_lending": ("city", 50.0, 1.0),
    "education_trials": ("city", 3.0, 1.0),
    "senior_universities": ("city", 5.0, 1.0),
    "disaster_officers": ("communities", 1.0, 1.0),
    "service_hours": ("facilities", 8.0, 1.0),
    "legal_services": ("communities", None, 1.0),
    "mediation": ("communities", None, 1.0),
    "satisfaction_survey": ("communities", None, 1.0),
}
CIRCLES = {"life_circle_15", "township_circle", "fitness_15", "fitness_30"}
PLACES = {"elder_care_by_clinic", "police_at_committee", "nursery_linked", "shelter_coverage"}


def by_key(changes=None, name=PLAN):
    return {target.key: target for target in read_targets(name, changes)}


def test_every_figure_of_the_plan_is_a_target():
    targets = by_key()
    assert set(targets) == set(FIGURES) | CIRCLES | PLACES
    for key, (scope, value, share) in FIGURES.items():
        target = targets[key]
        assert (target.scope, target.value, target.required_share) == (scope, value, share), key
        assert target.op == ">="
        assert target.flag == "confirmed", key
        assert target.source.startswith("plan"), key


def test_what_the_plan_does_not_say_is_flagged_as_ours():
    targets = by_key()
    assert {targets[key].flag for key in CIRCLES | PLACES} == {"ours"}
    assert all("ours" in targets[key].source for key in CIRCLES | PLACES)


def test_kinds_columns_and_circles_exist():
    standard = read_standard(PLAN)
    for target in by_key().values():
        assert set(target.kinds()) <= set(standard.known), target.key
        assert set(target.columns()) <= set(UNITS.columns), target.key
        assert set(target.facility_columns()) <= set(FACILITIES.columns), target.key
        circles = getattr(target.measure, "circles", None) or [
            getattr(target.measure, "circle", "urban_life_15")
        ]
        assert set(circles) <= set(standard.circles), target.key


def test_targets_name_units_in_both_languages():
    for target in by_key().values():
        assert bool(target.unit_zh) == bool(target.unit_en) == (target.value is not None)
        assert bool(target.of_zh) == bool(target.of_en)


def test_a_standard_without_targets_has_none():
    assert read_targets("gb50180-2018") == ()


def test_a_county_changes_one_field_of_a_measure():
    targets = by_key({"elder_care_by_clinic": {"measure": {"metres": 250}}})
    assert targets["elder_care_by_clinic"].measure == Near(
        kinds=("elder_care",), to=("clinic",), metres=250
    )
    assert targets["police_at_committee"] == by_key()["police_at_committee"]


def test_a_figure_that_a_county_changes_is_its_own():
    target = by_key({"centre_area": {"value": 50}})["centre_area"]
    assert (target.value, target.flag) == (50.0, "ours")
    assert target.source == "the county's own file; plan goals"
    kept = by_key({"centre_area": {"value": 50, "flag": "secondary", "source": "its own plan"}})
    assert kept["centre_area"].flag == "secondary"
    assert kept["centre_area"].source == "its own plan"
    assert by_key({"centre_area": {"note_zh": "见附件"}})["centre_area"].flag == "confirmed"


def test_a_measure_of_another_type_replaces_the_whole():
    change = {"measure": {"type": "yes", "column": "self_service"}}
    assert by_key({"day_care_urban": change})["day_care_urban"].measure.column == "self_service"


def test_a_county_adds_a_target_and_excludes_another_with_its_reason():
    new = {
        "zh": "每千人卫生室面积",
        "en": "Clinic area per 1000 residents",
        "scope": "county",
        "measure": {
            "type": "ratio",
            "numerator": {"column": "centre_m2"},
            "denominator": {"column": "residents"},
            "per": 1000,
        },
        "value": 60,
    }
    targets = by_key({"own": new, "fitness_30": {"exclude": "本县无运动场地台账"}})
    assert list(targets)[-1] == "own"
    assert isinstance(targets["own"].measure, Ratio)
    assert targets["own"].flag == "ours"
    assert targets["fitness_30"].exclude == "本县无运动场地台账"


def test_all_faults_of_all_changes_are_listed_at_once():
    changes = {
        "centre_area": {"value": "many", "colour": "red"},
        "elder_care_by_clinic": {"measure": {"metres": -5}},
        "mediation": {"value": 3},
        "unheard_of": {"zh": "某某"},
        "social_work_rooms": {"scope": "facilities"},
    }
    with pytest.raises(ConfigError) as caught:
        read_targets(PLAN, changes)
    where = [fault.where for fault in caught.value.faults]
    assert set(where) == {f"[standard.targets.{key}]" for key in changes}
    assert where.count("[standard.targets.centre_area]") == 2
    text = str(caught.value)
    assert "known targets: centre_urban" in text
    assert "leave out value" in text
    assert "judges communities or city" in text


@pytest.mark.parametrize(
    ("measure", "scope"),
    [
        ({"type": "near", "kinds": ["post"], "to": ["clinic"], "metres": 10}, "communities"),
        ({"type": "ratio", "numerator": {"column": "a"}, "denominator": {"column": "b"}}, "city"),
        ({"type": "guess"}, "city"),
        ({"type": "yes", "column": "survey", "kinds": "legal_aid"}, "communities"),
        ({"type": "ratio", "numerator": {"column": "a", "kinds": ["post"]}}, "county"),
    ],
)
def test_measures_that_cannot_be_judged_are_refused(measure, scope):
    with pytest.raises(ValueError, match="validation error"):
        Target(key="x", zh="甲", en="A", scope=scope, measure=measure)
