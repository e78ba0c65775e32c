"""Coverage at a moment: by hand on a lattice of streets, then its laws, then the demo."""

import warnings

import numpy as np
import pandas as pd
import pytest
from handmade import CRS, cells_at, facilities_at, lattice_tables, units_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_judgement import KINDS, METRE_A_SECOND, standard

from lifecircle import coverage, measure, nearest_times, read_config, read_standard
from lifecircle.errors import InputError, TableError
from lifecircle.moment import Moment, coverage_at, eight_hours, openings, parse_moment
from lifecircle.network import WalkNetwork
from lifecircle.render.faultwords import in_chinese
from lifecircle.standards import StandardChanges
from lifecircle.tables import MOMENTS, OPENINGS, check

# --- moments ----------------------------------------------------------------------------------

WEEKDAYS = (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("text", "key", "zh", "en", "days", "minute"),
    [
        ("18:30", "weekday 18:30", "工作日 18:30", "weekdays 18:30", WEEKDAYS, 1110),
        ("weekday 18:30", "weekday 18:30", "工作日 18:30", "weekdays 18:30", WEEKDAYS, 1110),
        ("工作日18:30", "weekday 18:30", "工作日 18:30", "weekdays 18:30", WEEKDAYS, 1110),
        ("周一至周五 18：30", "weekday 18:30", "工作日 18:30", "weekdays 18:30", WEEKDAYS, 1110),
        ("weekend 10:00", "weekend 10:00", "周末 10:00", "weekends 10:00", (5, 6), 600),
        ("周末10:00", "weekend 10:00", "周末 10:00", "weekends 10:00", (5, 6), 600),
        ("Sa 09:00", "Sa 09:00", "周六 09:00", "Saturdays 09:00", (5,), 540),
        ("周六9点30分", "Sa 09:30", "周六 09:30", "Saturdays 09:30", (5,), 570),
        ("周日晚上7点半", "Su 19:30", "周日 19:30", "Sundays 19:30", (6,), 1170),
        ("每天 0:00", "daily 00:00", "每天 00:00", "every day 00:00", tuple(range(7)), 0),
        (
            "周六、周一 8:00",
            "Mo,Sa 08:00",
            "周一、周六 08:00",
            "Mondays, Saturdays 08:00",
            (0, 5),
            480,
        ),
    ],
)
def test_moments(text, key, zh, en, days, minute):
    assert parse_moment(text) == Moment(key, zh, en, days, minute)


@pytest.mark.parametrize(
    "text", ["", "18", "25:00", "24:00", "18:75", "节假日 10:00", "周八 9:00", "8:00-17:00", "soon"]
)
def test_what_is_no_moment_is_told_what_is(text):
    with pytest.raises(
        InputError, match=r"is no moment of the week.*write 18:30, weekday"
    ) as error:
        parse_moment(text)
    told = in_chinese(error.value.faults[0])
    assert told.what == f"“{text}”不是一周中的时刻"
    assert "周末10:00" in told.remedy


@given(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 1439))
def test_every_key_is_read_back(days, minute):
    names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    listed = ",".join(names[day] for day in days)
    moment = parse_moment(f"{listed} {minute // 60}:{minute % 60:02}")
    assert (moment.days, moment.minute) == (tuple(sorted(days)), minute)
    assert parse_moment(moment.key) == parse_moment(moment.zh) == moment


# --- by hand ----------------------------------------------------------------------------------

MOMENTS_ASKED = [parse_moment(text) for text in ("17:00", "18:30", "周末10:00", "21:00")]


def lattice_network():
    nodes, edges = lattice_tables()
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)


class Walks:
    """Walking times on the lattice, and of how many facilities of which kinds they were asked."""

    def __init__(self, cells):
        self.network, self.cells, self.calls = lattice_network(), cells, []

    def __call__(self, facilities):
        self.calls.append(facilities.groupby("kind").groups)
        return nearest_times(self.network, facilities, self.cells)


class TestByHand:
    """Three posts in the corners, 5 min of 60 m; residents in the same corners.

    10 live by f0 (weekdays until 18:00), 30 by f1 (no hours given), 60 by f2 (daily until 20:00).
    """

    CORNERS = ((0, 0), (400, 0), (400, 400))

    @pytest.fixture
    def cells(self):
        cells = cells_at(self.CORNERS, persons=[10.0, 30.0, 60.0])
        return cells.assign(unit_id=["a", "a", "b"])

    @pytest.fixture
    def posts(self):
        return facilities_at(self.CORNERS).assign(
            hours=["周一至周五8:00-18:00", None, "8:00-20:00"]
        )

    def at(self, cells, facilities, walks=None, **more):
        walks = Walks(cells) if walks is None else walks
        return coverage_at(
            MOMENTS_ASKED, facilities, cells, walks, units_of("ab"), standard(), **more
        )

    def test_low_and_high(self, cells, posts):
        table = self.at(cells, posts)
        check(table, MOMENTS)
        rows = table.xs(("town", "post"), level=("circle", "kind"))
        found = rows[["persons", "covered_any", "covered_low", "covered_high"]]
        assert found.xs("county", level="scope").T.to_dict("list") == {
            "weekday 17:00": [100.0, 100.0, 70.0, 100.0],
            "weekday 18:30": [100.0, 100.0, 60.0, 90.0],
            "weekend 10:00": [100.0, 100.0, 60.0, 90.0],
            "weekday 21:00": [100.0, 100.0, 0.0, 30.0],
        }
        assert found.xs("weekday 18:30").T.to_dict("list") == {
            "county": [100.0, 100.0, 60.0, 90.0],
            "a": [40.0, 40.0, 0.0, 30.0],
            "b": [60.0, 60.0, 60.0, 60.0],
        }
        row = table.loc[("weekday 18:30", "county", "town", "post")]
        assert row[["limit", "limit_unit", "flag"]].tolist() == [5.0, "minutes", "ours"]

    def test_openings(self, posts):
        table = openings(MOMENTS_ASKED, posts)
        check(table, OPENINGS)
        assert table.xs("post", level="kind").T.to_dict("list") == {
            "weekday 17:00": [2, 0, 1],
            "weekday 18:30": [1, 1, 1],
            "weekend 10:00": [1, 1, 1],
            "weekday 21:00": [0, 2, 1],
        }

    def test_open_on_some_days_of_a_moment_is_closed(self, posts):
        weekend = posts.assign(hours=["周六9:00-12:00", "周六9:00-12:00，节假日休息", "周末9-12点"])
        table = openings([parse_moment("周末10:00"), parse_moment("周六10:00")], weekend)
        assert table.to_numpy().tolist() == [[1, 2, 0], [3, 0, 0]]

    def test_nothing_is_measured_that_is_known(self, cells, posts):
        walks = Walks(cells)
        shops = facilities_at([(0, 0), (0, 400)], "retail").rename(index={"f0": "r0", "f1": "r1"})
        both = pd.concat([posts, shops.assign(hours=["24小时", "每天0:00-24:00"])])
        access = walks(both)
        walks.calls.clear()
        table = self.at(cells, both, walks, access=access)
        chosen = sorted(sorted(ids) for call in walks.calls for ids in call.values())
        assert {kind for call in walks.calls for kind in call} == {"post"}
        assert chosen == [["f0", "f2"], ["f1"], ["f1", "f2"], ["f2"]]
        retail = table.xs("retail", level="kind")
        assert (retail["covered_low"] == retail["covered_any"]).all()
        assert retail["covered_any"].max() == 10.0
        # No clinic at all: nobody is covered, and nothing is asked for.
        assert (table.xs("clinic", level="kind")["covered_any"] == 0.0).all()

    def test_choices_of_several_kinds_are_measured_in_one_call(self, cells, posts):
        walks = Walks(cells)
        shops = posts.assign(kind="retail").rename(index=lambda name: f"{name}#retail")
        self.at(cells, pd.concat([posts, shops]), walks)
        assert len(walks.calls) == 5  # all of them, and each of four choices
        assert all(set(call) == {"post", "retail"} for call in walks.calls)

    def test_without_hours_nothing_is_known(self, cells, posts):
        table = self.at(cells, posts.drop(columns="hours")).xs("post", level="kind")
        assert (table["covered_low"] == 0.0).all()
        assert (table["covered_high"] == table["covered_any"]).all()

    def test_no_facility_and_no_moment(self, cells, posts):
        walks = Walks(cells)
        none = self.at(cells, posts.iloc[:0], walks)
        assert not walks.calls
        assert (none[["covered_any", "covered_high"]] == 0.0).all(axis=None)
        assert (none["persons"] > 0.0).all()
        nothing = coverage_at([], posts, cells, walks, units_of("ab"), standard())
        check(nothing, MOMENTS)
        assert nothing.empty
        assert openings([], posts).empty

    def test_circles_judge_their_own_settings(self, cells, posts):
        mixed = cells.assign(setting=["urban", "rural", "urban"])
        table = coverage_at(
            MOMENTS_ASKED[1:2],
            posts,
            mixed,
            Walks(mixed),
            units_of("ab"),
            standard(rural_minutes=10.0),
        )
        town, country = (
            table.loc[("weekday 18:30", "county", c, "post")] for c in ("town", "country")
        )
        # 600 m reach from f2's corner to f1's, 400 m away.
        columns = ["persons", "covered_any", "covered_low", "covered_high"]
        assert town[columns].tolist() == [70.0, 70.0, 60.0, 60.0]
        assert country[columns].tolist() == [30.0, 30.0, 30.0, 30.0]
        assert ("weekday 18:30", "b", "country", "post") not in table.index

    def test_inputs_stay_as_they_are(self, cells, posts):
        before = posts.copy(), cells.copy()
        self.at(cells, posts)
        pd.testing.assert_frame_equal(posts, before[0])
        pd.testing.assert_frame_equal(cells, before[1])

    def test_a_bad_table_is_refused(self, cells, posts):
        with pytest.raises(TableError, match="persons"):
            self.at(cells.drop(columns="persons"), posts)
        with pytest.raises(TableError, match="kind"):
            self.at(cells, posts.drop(columns="kind"))


# --- laws -------------------------------------------------------------------------------------

TEXTS = [
    None,
    "24小时",
    "8:00-20:00",
    "周一至周五8:00-17:00",
    "周末9:00-12:00",
    "每天8小时",
    "18:00-次日2:00",
    "8:00-18:00（午休2小时）",
    "节假日休息，8:00-19:00",
    "随缘",
]
PLACES = st.tuples(st.integers(0, 4), st.integers(0, 4))
SHOPS = st.lists(
    st.tuples(PLACES, st.sampled_from(KINDS), st.sampled_from(TEXTS)), min_size=1, max_size=8
)
HOMES = st.lists(
    st.tuples(
        PLACES, st.floats(0, 1000), st.sampled_from("ab"), st.sampled_from(["urban", "rural"])
    ),
    min_size=1,
    max_size=5,
)
NETWORK = lattice_network()
STANDARD = standard(minutes=2.0, rural_minutes=4.0)
UNITS = units_of("ab")


def shops_of(drawn):
    places = [(100 * x, 100 * y) for (x, y), _, _ in drawn]
    hours = pd.array([text for _, _, text in drawn], dtype="str")
    return facilities_at(places, [kind for _, kind, _ in drawn]).assign(hours=hours)


def homes_of(drawn):
    cells = cells_at(
        [(100 * x, 100 * y) for (x, y), *_ in drawn], persons=[persons for _, persons, *_ in drawn]
    )
    return cells.assign(unit_id=[home[2] for home in drawn], setting=[home[3] for home in drawn])


def measured(cells, facilities):
    def access_of(some):
        return nearest_times(NETWORK, some, cells)

    return coverage_at(MOMENTS_ASKED, facilities, cells, access_of, UNITS, STANDARD)


@settings(deadline=None)
@given(SHOPS, HOMES)
def test_low_is_at_most_high_and_high_at_most_any(shops, homes):
    cells, facilities = homes_of(homes), shops_of(shops)
    table = measured(cells, facilities)
    check(table, MOMENTS)
    assert (table["covered_low"] <= table["covered_high"]).all()
    assert (table["covered_high"] <= table["covered_any"]).all()
    access = nearest_times(NETWORK, facilities, cells, kinds=KINDS)
    whole = coverage(cells, access, UNITS, STANDARD).xs("population", level="denominator")
    for moment in MOMENTS_ASKED:
        rows = table.loc[moment.key]
        assert rows.index.equals(whole.index)
        assert (rows["covered_any"] == whole["covered"]).all()
        assert (rows["persons"] == whole["total"]).all()
        shared = ["limit", "limit_unit", "flag"]
        pd.testing.assert_frame_equal(rows[shared], whole[shared])


@settings(deadline=None)
@given(SHOPS, HOMES)
def test_where_all_is_open_hours_change_nothing(shops, homes):
    table = measured(homes_of(homes), shops_of(shops).assign(hours="24/7"))
    assert (table["covered_low"] == table["covered_any"]).all()


@settings(deadline=None)
@given(SHOPS, HOMES, st.data())
def test_to_know_more_or_to_open_longer_never_widens_the_range(shops, homes, data):
    cells, facilities = homes_of(homes), shops_of(shops)
    at = data.draw(st.integers(0, len(facilities) - 1))
    before = measured(cells, facilities)
    text = data.draw(st.sampled_from(TEXTS))
    hours = [text if n == at else old for n, old in enumerate(facilities["hours"])]
    after = measured(cells, facilities.assign(hours=pd.array(hours, dtype="str")))
    longer = [*facilities["hours"][:at], "24/7", *facilities["hours"][at + 1 :]]
    longest = measured(cells, facilities.assign(hours=pd.array(longer, dtype="str")))
    assert (longest["covered_low"] >= after["covered_low"]).all()
    assert (longest["covered_low"] <= longest["covered_any"]).all()
    if pd.isna(facilities["hours"].iloc[at]):
        assert (after["covered_low"] >= before["covered_low"]).all()
        assert (after["covered_high"] <= before["covered_high"]).all()


@given(SHOPS)
def test_every_facility_is_open_closed_or_unknown(shops):
    facilities = shops_of(shops)
    table = openings(MOMENTS_ASKED, facilities)
    counts = facilities["kind"].value_counts()
    for moment in MOMENTS_ASKED:
        sums = table.loc[moment.key].sum(axis=1)
        assert sums.to_dict() == counts.to_dict()


# --- hours a day ------------------------------------------------------------------------------


def test_eight_hours_by_hand():
    places = {
        "kind": ["community_centre"] * 4 + ["library", "post", "well"],
        "hours": ["8:00-16:00", "8:00-15:59", None, "随缘", "14:00-17:00", None, "24小时"],
        "hours_per_day": [np.nan, np.nan, np.nan, 9.0, 10.0, np.nan, np.nan],
    }
    table = eight_hours(pd.DataFrame(places))
    columns = ["facilities", "known", "unknown", "eight", "judged"]
    assert table[columns].T.to_dict("list") == {
        "community_centre": [4, 3, 1, 2, True],
        "library": [1, 1, 0, 1, True],  # a library is a place of culture
        "post": [1, 0, 1, 0, False],
        "well": [1, 1, 0, 1, False],  # a kind of the county's own
    }
    assert table["share_of_known"].tolist()[:2] == [pytest.approx(2 / 3), 1.0]
    assert np.isnan(table.loc["post", "share_of_known"])


def test_the_threshold_is_that_of_the_plans_target():
    places = pd.DataFrame({"kind": "post", "hours": ["8:00-16:00", "8:00-17:30"]})
    nine = {"service_hours": {"value": 9.0, "measure": {"kinds": ["post"]}}}
    own = read_standard(StandardChanges.model_validate({"targets": nine}))
    assert eight_hours(places, own).loc["post", ["eight", "judged"]].tolist() == [1, True]
    without = read_standard("mofcom-15min")
    assert not without.targets
    assert eight_hours(places, without).loc["post", ["eight", "judged"]].tolist() == [2, False]


def test_eight_hours_of_nothing():
    bare = pd.DataFrame({"kind": ["post", "post"]})
    assert eight_hours(bare).loc["post", ["facilities", "known", "unknown"]].tolist() == [2, 0, 2]
    assert eight_hours(bare.iloc[:0]).empty


# --- the demo ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    with warnings.catch_warnings(action="ignore"):
        return measure(read_config("data/liechtenstein/county.toml"))


def test_the_demo_says_how_little_is_known(demo):
    """Of 215 facilities 7 have hours in OSM, and 4 of these are read."""
    asked = [parse_moment("18:30"), parse_moment("周末10:00")]
    counts = openings(asked, demo.facilities)
    check(counts, OPENINGS)
    assert counts.groupby("moment").sum().T.to_dict("list") == {
        "weekday 18:30": [1, 3, 211],
        "weekend 10:00": [1, 3, 211],
    }
    assert demo.facilities["hours"].notna().sum() == 7
    walks = []

    def access_of(some):
        walks.append(set(some["kind"]))
        return nearest_times(demo.network, some, demo.cells)

    standards = demo.standards[0]
    table = coverage_at(
        asked, demo.facilities, demo.cells, access_of, demo.units, standards, access=demo.access
    )
    check(table, MOMENTS)
    # Kinds of which nothing is known have but two choices, all and none: they are not walked again.
    assert set().union(*walks) == {"catering", "culture", "repair", "retail"}
    whole = coverage(demo.cells, demo.access, demo.units, standards)
    shops = table.loc[("weekend 10:00", "county", "urban_life_15", "retail")]
    assert (
        shops["covered_any"]
        == whole.loc[("county", "urban_life_15", "retail", "population"), "covered"]
    )
    assert 0.0 < shops["covered_low"] < shops["covered_high"] == shops["covered_any"]
    assert (table["covered_high"] <= table["covered_any"]).all()
    assert (table["covered_low"] <= table["covered_high"]).all()


@pytest.mark.shared
def test_las_palmas_on_an_evening_and_at_the_weekend():
    """Of 269 food shops 41 have hours in OSM, all of which are read: fewer are open on Sundays."""
    with warnings.catch_warnings(action="ignore"):
        city = measure(read_config("tests/data/las_palmas.toml"))
    asked = [parse_moment("18:30"), parse_moment("周末10:00")]
    shops = openings(asked, city.facilities).xs("fresh_food", level="kind")
    assert shops.T.to_dict("list") == {
        "weekday 18:30": [36, 5, 228],
        "weekend 10:00": [19, 22, 228],
    }

    def access_of(some):
        shortest = nearest_times(city.network.by_length(), some, city.cells)
        return nearest_times(city.network, some, city.cells).assign(metres=shortest["seconds"])

    table = coverage_at(
        asked,
        city.facilities,
        city.cells,
        access_of,
        city.units,
        city.standards[0],
        access=city.access,
    )
    food = table.xs(("county", "walkable_500", "fresh_food"), level=("scope", "circle", "kind"))
    assert 0.0 < food["covered_low"].iloc[1] < food["covered_low"].iloc[0]
    assert food["covered_high"].iloc[1] < food["covered_high"].iloc[0]
    assert (food["covered_high"] < food["covered_any"]).all()
