"""Coverage, scores and gaps: figures worked out by hand, then the laws that they must keep."""

import numpy as np
import pandas as pd
import pytest
import shapely
from handmade import CRS, cells_at, facilities_at, lattice_tables, units_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from lifecircle.config import WalkProfile
from lifecircle.errors import TableError
from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.network import WalkNetwork
from lifecircle.reach import nearest_times
from lifecircle.score import scores, unit_scores
from lifecircle.standards import SURENESS, StandardChanges, read_standard, verdict_flag
from lifecircle.tables import COVERAGE, GAPS, SCORES, UNIT_SCORES, check

METRE_A_SECOND = WalkProfile(speed_kph=3.6)
KINDS = ("post", "retail", "clinic")


def standard(
    *,
    minutes=5.0,
    rural_minutes=10.0,
    metres=None,
    weights=(1.0, 1.0, 1.0),
    flags=("ours", "ours", "ours"),
):
    """Three services within 5 minutes in town and 10 minutes in the country."""
    near = {"metres": metres} if metres else {"minutes": minutes}
    return read_standard(
        StandardChanges.model_validate(
            {
                "replace": True,
                "community_share": 0.8,
                "circles": {
                    name: {
                        "zh": name,
                        "en": name,
                        "settings": [setting],
                        "flag": "ours",
                        "source": "test",
                    }
                    for name, setting in (("town", "urban"), ("country", "rural"))
                },
                "requirements": [
                    {"circle": circle, "kinds": [kind], "weight": weight, "flag": flag, **limit}
                    for circle, limit in (("town", near), ("country", {"minutes": rural_minutes}))
                    for kind, weight, flag in zip(KINDS, weights, flags, strict=True)
                ],
            }
        )
    )


@pytest.fixture
def street():
    """A straight road of 3 km; people every kilometre; one metre a second."""
    nodes = pd.DataFrame({"x": [0.0, 3000.0], "y": [0.0, 0.0]})
    edges = pd.DataFrame({"u": [0], "v": [1]})
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)


def measured(street, cells, posts, shops, clinics):
    places = [*posts, *shops, *clinics]
    kinds = ["post"] * len(posts) + ["retail"] * len(shops) + ["clinic"] * len(clinics)
    facilities = facilities_at([(x, 0) for x in places], kinds)
    access = nearest_times(street, facilities, cells, kinds=KINDS)
    shortest = nearest_times(street.by_length(), facilities, cells, kinds=KINDS)
    return access.assign(metres=shortest["seconds"])


class TestByHand:
    """Cells at 0 (10 persons, unit a), 400 (30, a) and 2000 m (60, b); post at 300 m."""

    @pytest.fixture
    def cells(self):
        cells = cells_at([(0, 0), (400, 0), (2000, 0)], persons=[10.0, 30.0, 60.0])
        return cells.assign(unit_id=["a", "a", "b"], residential_m2=[1000.0, np.nan, 3000.0])

    @pytest.fixture
    def access(self, street, cells):
        return measured(street, cells, posts=[300], shops=[400], clinics=[])

    def test_coverage_with_three_denominators(self, cells, access):
        table = coverage(cells, access, units_of("ab"), standard())
        check(table, COVERAGE)
        row = table.loc[("county", "town", "post")]
        assert row.loc["population", ["covered", "total", "share"]].tolist() == [40.0, 100.0, 0.4]
        assert row.loc["residential_land", ["covered", "total", "share"]].tolist() == [
            1000.0,
            4000.0,
            0.25,
        ]
        assert row.loc["communities", ["covered", "total", "share"]].tolist() == [1.0, 2.0, 0.5]
        assert table.loc[("a", "town", "post", "population"), "share"] == 1.0
        assert table.loc[("b", "town", "post", "population"), "share"] == 0.0

    def test_a_community_is_covered_at_the_standards_share(self, cells, access):
        # Retail at 400 m: of unit a, the 30 persons at 400 m but not the 10 at 0 m: 75 % < 80 %.
        table = coverage(cells, access, units_of("ab"), standard())
        assert table.loc[("a", "town", "retail", "population"), "share"] == 0.75
        assert table.loc[("a", "town", "retail", "communities"), "covered"] == 0.0

    def test_the_threshold_itself_is_within(self, street):
        cells = cells_at([(0, 0), (1, 0)])
        access = measured(street, cells, posts=[301], shops=[0], clinics=[0])
        table = coverage(cells, access, units_of("a"), standard())
        assert table.loc[("county", "town", "post", "population"), "covered"] == 1.0

    def test_metres(self, cells, access):
        table = coverage(cells, access, units_of("ab"), standard(metres=100.0))
        row = table.loc[("county", "town", "post", "population")]
        assert (row["limit_unit"], row["limit"], row["covered"]) == ("metres", 100.0, 30.0)

    def test_unknown_land_gives_no_share(self, cells, access):
        table = coverage(cells.assign(residential_m2=np.nan), access, units_of("ab"), standard())
        assert np.isnan(table.loc[("county", "town", "post", "residential_land"), "share"])

    def test_each_setting_is_held_against_its_own_circle(self, cells, access):
        mixed = cells.assign(setting=["urban", "urban", "rural"])
        table = coverage(mixed, access, units_of("ab"), standard(rural_minutes=30.0))
        assert table.loc[("county", "town", "post", "population"), "total"] == 40.0
        assert table.loc[("county", "country", "post", "population"), "share"] == 1.0
        assert ("b", "town", "post", "population") not in table.index

    def test_scores_name_the_worst_and_what_it_would_take(self, cells, access):
        table = scores(cells, access, standard())
        check(table, SCORES)
        first = table.loc[(0, "town")]
        # Post 300 s of 300, retail 400 s, no clinic at all.
        assert first["score"] == pytest.approx(100 / 3)
        assert not first["complete"]
        assert first["worst_kind"] == "clinic"
        assert np.isnan(first["minutes_to_complete"])

    def test_a_complete_circle(self, street, cells):
        access = measured(street, cells, posts=[300], shops=[400], clinics=[250])
        table = scores(cells, access, standard())
        second = table.loc[(1, "town")]
        assert second["score"] == 100.0
        assert second["complete"]
        assert pd.isna(second["worst_kind"])
        assert second["minutes_to_complete"] == 150.0 / 60.0
        assert table.loc[(0, "town"), "minutes_to_complete"] == 400.0 / 60.0

    def test_weights(self, cells, access):
        table = scores(cells, access, standard(weights=(3.0, 1.0, 1.0)))
        assert table.loc[(0, "town"), "score"] == 60.0

    def test_units_and_the_county(self, street, cells):
        access = measured(street, cells, posts=[300], shops=[400], clinics=[250])
        table = unit_scores(scores(cells, access, standard()), cells, units_of("ab"))
        check(table, UNIT_SCORES)
        # Unit a: 10 persons at 2/3 (retail 400 s away), 30 persons complete; unit b: nothing.
        assert table.loc[("a", "town"), "score"] == pytest.approx((10 * 200 / 3 + 3000) / 40)
        assert table.loc[("a", "town"), "complete_share"] == 0.75
        assert table.loc[("b", "town"), "score"] == 0.0
        assert table.loc[("county", "town"), "complete_share"] == 0.3
        assert table.loc[("county", "town"), "persons"] == 100.0
        assert table.index[0] == ("county", "town")
        # Half of the residents walk at most 1750 s (unit b to the clinic at 250 m).
        assert table.loc[("county", "town"), "minutes_to_complete"] == 1750.0 / 60.0

    def test_a_unit_without_people_has_no_score(self, street, cells):
        access = measured(street, cells, posts=[300], shops=[400], clinics=[250])
        empty = cells.assign(persons=[10.0, 30.0, 0.0])
        row = unit_scores(scores(empty, access, standard()), empty, units_of("ab")).loc["b"]
        assert np.isnan(row["score"].item())

    def test_gaps_gather_rank_and_name_the_nearest(self, cells, access):
        table = gaps(cells, access, units_of("ab"), standard())
        check(table, GAPS, crs=CRS)
        assert table["kind"].tolist() == ["post", *["retail"] * 2, *["clinic"] * 3]
        post = table.loc["post-1"]
        assert (post["limit"], post["limit_unit"], post["setting"]) == (5.0, "minutes", "urban")
        assert post["area_m2"] == 10_000.0
        assert (post["unit_id"], post["persons"], post["nearest_facility_id"]) == ("b", 60.0, "f0")
        assert post["nearest_minutes"] == 1700.0 / 60.0
        assert post["geometry"].area == 10_000.0
        home = cells[cells["persons"] == 60.0].iloc[0]
        assert (post["x"], post["y"]) == (home["x"], home["y"])
        clinic = table.loc["clinic-1"]
        assert clinic["persons_unreached"] == 60.0
        assert clinic["nearest_facility_id"] is None or pd.isna(clinic["nearest_facility_id"])

    def test_priority_goes_before_persons(self, cells, access):
        units = units_of("ab").assign(priority=[3.0, 1.0])
        table = gaps(cells, access, units, standard(), kinds=["clinic"])
        # The cells of unit a lie 300 m apart: two areas. 30 x 3 before 60 x 1 before 10 x 3.
        assert table["persons"].tolist() == [30.0, 60.0, 10.0]
        assert table["rank"].tolist() == [1, 2, 3]

    def test_neighbouring_cells_form_one_area_and_distant_ones_do_not(self, street):
        cells = cells_at([(0, 0), (100, 0), (1500, 0)])
        access = measured(street, cells, posts=[3000], shops=[3000], clinics=[3000])
        table = gaps(cells, access, units_of("a"), standard(), kinds=["post"])
        assert table["persons"].tolist() == [2.0, 1.0]
        assert table.geometry.area.tolist() == [20_000.0, 10_000.0]

    @given(
        places=st.lists(
            st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from("ab")),
            min_size=1, max_size=60, unique_by=lambda p: p[:2],
        ),
        side=st.sampled_from([10.0, 40.0, 150.0, 400.0]),
        join_m=st.sampled_from([0.0, 35.0, 150.0, 320.0]),
    )  # fmt: skip
    @settings(max_examples=60, deadline=None)
    def test_areas_are_the_cells_that_are_near_one_after_another(self, places, side, join_m):
        cells = cells_at([(x * side, y * side) for x, y, _ in places], side=side)
        cells["unit_id"] = [unit for *_, unit in places]
        index = pd.MultiIndex.from_product([cells.index, ["post"]], names=["cell_id", "kind"])
        access = pd.DataFrame({"seconds": np.nan, "facility_id": pd.Categorical([None])}, index)
        table = gaps(cells, access, units_of("ab"), standard(), kinds=["post"], join_m=join_m)
        # By the definition: every pair of cells of a unit, edge to edge.
        apart = shapely.distance(*np.meshgrid(cells.geometry, cells.geometry))
        unit = cells["unit_id"].to_numpy(dtype=object)
        together = (apart <= join_m) & (unit[:, None] == unit)
        number, part = connected_components(csr_array(together))
        assert len(table) == number
        areas = np.bincount(part, cells.area)
        assert sorted(table["area_m2"]) == pytest.approx(sorted(areas))
        assert sorted(table["persons"]) == sorted(np.bincount(part))

    def test_a_gap_is_marked_where_its_residents_live_most_densely(self, street):
        # 3 + 4 of the square from 1,000 to 1,500 m outweigh the 6 at 0 m: the cell with the 4.
        cells = cells_at(
            [(0, 0), (100, 0), (1000, 0), (1100, 0), *[(x, 0) for x in range(200, 1000, 100)]],
            persons=[6.0, 0.1, 3.0, 4.0, *[0.01] * 8],
        )
        access = measured(street, cells, posts=[4000], shops=[4000], clinics=[4000])
        (row,) = gaps(cells, access, units_of("a"), standard(), kinds=["post"]).itertuples()
        best = cells[cells["persons"] == 4.0].iloc[0]
        assert (row.x, row.y) == (best["x"], best["y"])

    def test_no_gap_at_all(self, street):
        cells = cells_at([(0, 0)])
        access = measured(street, cells, posts=[0], shops=[0], clinics=[0])
        table = gaps(cells, access, units_of("a"), standard())
        assert len(table) == 0
        assert table.index.name == "gap_id"
        check(table, GAPS)

    def test_a_kind_that_was_not_measured(self, cells, access):
        without = access[access.index.get_level_values("kind") != "clinic"]
        without.index = without.index.remove_unused_levels()
        for measure in (
            lambda: coverage(cells, without, units_of("ab"), standard()),
            lambda: scores(cells, without, standard()),
            lambda: gaps(cells, without, units_of("ab"), standard()),
        ):
            with pytest.raises(TableError, match="'clinic' was not measured"):
                measure()


spots = st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400)), min_size=1, max_size=6)


class TestLaws:
    @settings(max_examples=25, deadline=None)
    @given(spots, spots, st.tuples(st.floats(0, 400), st.floats(0, 400)), st.sampled_from(KINDS))
    def test_another_facility_never_lowers_a_score_or_a_coverage(self, homes, at, extra, kind):
        network = WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=METRE_A_SECOND)
        cells = cells_at(homes, persons=np.arange(1.0, len(homes) + 1))
        units, rule = units_of("a"), standard(minutes=3.0)
        kinds = [KINDS[n % 3] for n in range(len(at))]
        before, after = (
            nearest_times(network, facilities_at(where, of), cells, kinds=KINDS)
            for where, of in ((at, kinds), ([*at, extra], [*kinds, kind]))
        )
        old, new = (scores(cells, access, rule) for access in (before, after))
        assert (new["score"] >= old["score"]).all()
        assert (new["complete"] >= old["complete"]).all()
        old, new = (coverage(cells, access, units, rule) for access in (before, after))
        assert (new["share"] >= old["share"]).all()
        assert new["share"].between(0.0, 1.0).all()
        lacking = [
            gaps(cells, access, units, rule).groupby("kind")["persons"].sum().sum()
            for access in (before, after)
        ]
        assert lacking[1] <= lacking[0]

    @settings(max_examples=20, deadline=None)
    @given(spots, spots)
    def test_covered_and_gap_make_up_everybody(self, homes, at):
        network = WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=METRE_A_SECOND)
        cells = cells_at(homes, persons=np.arange(1.0, len(homes) + 1))
        access = nearest_times(network, facilities_at(at), cells, kinds=KINDS)
        rule = standard(minutes=3.0)
        table = coverage(cells, access, units_of("a"), rule)
        lacking = gaps(cells, access, units_of("a"), rule).groupby("kind")["persons"].sum()
        for kind in KINDS:
            covered = table.loc[("county", "town", kind, "population"), "covered"]
            assert covered + lacking.get(kind, 0.0) == pytest.approx(cells["persons"].sum())

    @settings(max_examples=20, deadline=None)
    @given(spots, spots, st.tuples(*[st.sampled_from(SURENESS)] * 3))
    def test_a_verdict_is_as_sure_as_the_thresholds_that_decide_it(self, homes, at, flags):
        network = WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=METRE_A_SECOND)
        cells = cells_at(homes)
        places = facilities_at(at, [KINDS[n % 3] for n in range(len(at))])
        access = nearest_times(network, places, cells, kinds=KINDS)
        table = scores(cells, access, standard(minutes=3.0, flags=flags))
        for (cell, _), row in table.iterrows():
            near = [access.loc[(cell, kind), "seconds"] <= 180.0 for kind in KINDS]
            met = [flag for flag, good in zip(flags, near, strict=True) if good]
            failed = [flag for flag, good in zip(flags, near, strict=True) if not good]
            assert row["complete"] == (not failed)
            assert row["flag"] == verdict_flag(bool(row["complete"]), met, failed)
