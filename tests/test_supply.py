"""Supply: hand numbers, brute force, pysal access, laws, and the demo through the command line."""

import warnings
from pathlib import Path

import access.fca
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from handmade import CRS, cells_at, facilities_at, lattice_tables, units_of
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lifecircle import WalkNetwork, gini, lorenz, supply, supply_by_unit, travel_times
from lifecircle.catchment import METHODS, gaussian, with_group
from lifecircle.cli import app
from lifecircle.config import WalkProfile
from lifecircle.errors import CRSError, DataWarning, TableError

DEMO = Path(__file__).parents[1] / "data" / "liechtenstein" / "county.toml"
LIMIT = 5.0  # minutes: 300 m at 1 m/s


@pytest.fixture(scope="module")
def lattice():
    """Streets of 400 m by 400 m; a metre takes a second."""
    return WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=WalkProfile(speed_kph=3.6))


def clinics(places, capacity=None):
    table = facilities_at(places, "clinic")
    return table if capacity is None else table.assign(capacity=np.asarray(capacity, float))


def measure(network, facilities, cells, **changes):
    asked = {"kind": "clinic", "minutes": LIMIT, "capacity": "capacity", **changes}
    return supply(network, facilities, cells, **asked)


def strewn(seed, sites=6, places=25):
    """Clinics and cells along the streets of the lattice, none out of everybody's reach."""
    random = np.random.default_rng(seed)

    def along(count):
        at, line = random.uniform(0, 400, count), 100.0 * random.integers(0, 5, count)
        return [(a, b) if way else (b, a) for a, b, way in zip(at, line, at > 200, strict=True)]

    cells = cells_at(along(places), persons=random.uniform(1, 50, places))
    return clinics(along(sites), random.uniform(1, 9, sites)), cells


class TestByHand:
    """On one street: cells at 0, 200 and 400 m of 100, 200, 100 persons; clinics at 0 and 300."""

    @pytest.fixture
    def town(self):
        cells = cells_at([(0, 0), (200, 0), (400, 0)], persons=[100.0, 200.0, 100.0])
        return clinics([(0, 0), (300, 0)], [6.0, 8.0]), cells

    def test_all_in_reach_alike(self, lattice, town):
        found = measure(lattice, *town)
        # 300 persons within 300 m of the first; everybody within 300 m of the second.
        assert found.facilities["within"].tolist() == [300.0, 400.0]
        assert found.facilities["ratio"].tolist() == [20.0, 20.0]
        assert found.cells["supply"].tolist() == [40.0, 40.0, 20.0]
        assert found.cells["facilities"].tolist() == [2, 2, 1]

    def test_near_ones_more(self, lattice, town):
        def half(share):
            return np.where(share <= 0.5, 1.0, 0.5)

        found = measure(lattice, *town, method="e2sfca", decay=half)
        # 100 and half of 200 go to the first; half of 100, 200 and 100 to the second.
        assert found.facilities["catchment"].tolist() == [200.0, 350.0]
        near, far = 30.0, 8000.0 / 350.0
        wanted = [near + far / 2, near / 2 + far, far]
        np.testing.assert_allclose(found.cells["supply"], wanted, rtol=1e-12)

    def test_chosen_among(self, lattice, town):
        def half(share):
            return np.where(share <= 0.5, 1.0, 0.5)

        found = measure(lattice, *town, method="3sfca", decay=half)
        # The first cell goes to the near clinic by 2/3, the second to its near one by 2/3.
        catchment = [100 * 2 / 3 + 200 / 3 / 2, 100 / 3 / 2 + 200 * 2 / 3 + 100]
        np.testing.assert_allclose(found.facilities["catchment"], catchment, rtol=1e-12)

    def test_gaussian_weights_end_at_the_limit(self, lattice, town):
        found = measure(lattice, *town, method="e2sfca")
        assert found.cells["facilities"].tolist() == [1, 2, 1]  # 300 m away: weight 0
        third = gaussian(np.array([1 / 3]))[0]
        assert third == pytest.approx((np.exp(-1 / 18) - np.exp(-0.5)) / (1 - np.exp(-0.5)))
        assert found.facilities["catchment"].iloc[1] == pytest.approx(300 * third)

    def test_without_capacity_each_counts_one(self, lattice, town):
        found = measure(lattice, *town, capacity=None)
        assert found.facilities["capacity"].tolist() == [1.0, 1.0]
        assert found.cells["supply"].iloc[2] == 1000 / 400

    def test_other_kinds_are_left_aside(self, lattice, town):
        both = pd.concat([town[0], facilities_at([(0, 0)], "post").set_index(pd.Index(["p"]))])
        both.index.name = "facility_id"
        pd.testing.assert_frame_equal(
            measure(lattice, both, town[1]).cells, measure(lattice, *town).cells
        )


class TestUnknownAndUnreached:
    def test_a_missing_capacity_is_named_and_never_0(self, lattice):
        cells = cells_at([(0, 0), (200, 0), (400, 0)], persons=100.0)
        with pytest.warns(DataWarning, match="1 of 2 .*'capacity'.*设施1"):
            found = measure(lattice, clinics([(0, 0), (400, 0)], [6.0, np.nan]), cells)
        assert found.cells["supply"].fillna(-1).tolist() == [30.0, 30.0, -1.0]
        assert found.cells["unknown_facilities"].tolist() == [0, 1, 1]
        assert np.isnan(found.facilities["ratio"].iloc[1])
        assert found.facilities["catchment"].tolist() == [200.0, 200.0]
        county = supply_by_unit(found.cells, units_of("a")).loc["county"]
        assert (county["unknown"], county["unreached"], county["supply"]) == (100.0, 0.0, 30.0)
        assert county["gini"] == 0.0

    def test_a_capacity_of_0_is_one(self, lattice):
        cells = cells_at([(0, 0)], persons=100.0)
        found = measure(lattice, clinics([(0, 0)], [0.0]), cells)
        assert found.cells["supply"].tolist() == [0.0]
        assert found.cells["facilities"].tolist() == [1]

    def test_the_unreached_keep_0_and_are_counted_by_unit(self, lattice):
        cells = cells_at([(0, 0), (400, 400), (9000, 0)], persons=[100.0, 30.0, 20.0])
        found = measure(lattice, clinics([(0, 0)], [1.0]), cells.assign(unit_id=["a", "b", "b"]))
        assert found.cells["supply"].tolist() == [10.0, 0.0, 0.0]
        table = supply_by_unit(found.cells, units_of("abc"))
        assert table.index.tolist() == ["county", "a", "b", "c"]
        assert table["unreached"].tolist() == [50.0, 0.0, 50.0, 0.0]
        assert table["unreached_share"].fillna(-1).tolist() == [1 / 3, 0.0, 1.0, -1.0]
        assert table.loc["county", "supply"] == pytest.approx(1000 / 150)
        assert table.loc["county", "gini"] == pytest.approx(1 / 3)  # two thirds have it all
        assert np.isnan(table.loc["c", "supply"])

    def test_a_facility_without_residents_is_named(self, lattice):
        cells = cells_at([(0, 0)], persons=100.0)
        with pytest.warns(DataWarning, match="nobody lives within 5 min of 2 of 3 .*设施1, 设施2"):
            found = measure(lattice, clinics([(0, 0), (400, 400), (9000, 0)], [1, 1, 1]), cells)
        assert found.facilities["ratio"].isna().tolist() == [False, True, True]

    def test_an_entrance_each_is_one_facility(self, lattice):
        park = clinics([(0, 0)], [4.0])
        doors = gpd.points_from_xy([0, 400], [0, 400])
        park = park.set_geometry([doors.union_all()], crs=CRS)
        found = measure(lattice, park, cells_at([(0, 0), (400, 400)], persons=100.0))
        assert found.facilities["within"].tolist() == [200.0]


class TestAgainstOthers:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_brute_force(self, lattice, method, seed):
        sites, cells = strewn(seed)
        found = measure(lattice, sites, cells, method=method)
        walk = travel_times(lattice, sites, cells, cutoff_seconds=1e6)["seconds"].to_dict()
        weight, people = {}, dict(cells["persons"])
        for pair, seconds in walk.items():
            share = seconds / (60 * LIMIT)
            bell = (np.exp(-(share**2) / 2) - np.exp(-0.5)) / (1 - np.exp(-0.5))
            weight[pair] = 0.0 if share > 1 else 1.0 if method == "2sfca" else bell
        if method == "3sfca":
            total = {c: sum(weight[f, c] for f in sites.index) for c in people}
            weight = {(f, c): w * w / total[c] if w else 0.0 for (f, c), w in weight.items()}
        ratio = {
            f: 1000 * s / sum(weight[f, c] * people[c] for c in people)
            for f, s in sites["capacity"].items()
        }
        wanted = [sum(ratio[f] * weight[f, c] for f in sites.index) for c in cells.index]
        np.testing.assert_allclose(found.cells["supply"], wanted, rtol=1e-9, atol=1e-9)
        assert (found.cells["supply"] > 0).any()

    @pytest.mark.filterwarnings("ignore:The inplace keyword")  # their use of pandas
    @pytest.mark.parametrize("method", METHODS)
    def test_pysal_access(self, lattice, method):
        sites, cells = strewn(4, sites=12, places=60)
        found = measure(lattice, sites, cells, method=method)
        walk = travel_times(lattice, sites, cells, cutoff_seconds=60 * LIMIT).reset_index()
        costs = walk.rename(columns={"cell_id": "origin", "facility_id": "dest", "seconds": "cost"})
        calls = {"2sfca": access.fca.two_stage_fca, "3sfca": access.fca.three_stage_fca}
        bell = None if method == "2sfca" else lambda s: gaussian(np.array([s / 300.0]))[0]
        theirs = calls.get(method, access.fca.two_stage_fca)(
            demand_df=pd.DataFrame({"demand": cells["persons"]}),
            supply_df=pd.DataFrame({"supply": sites["capacity"]}),
            cost_df=costs,
            max_cost=60 * LIMIT,
            demand_index=True,
            demand_name="demand",
            supply_name="supply",
            weight_fn=bell,
        )
        wanted = 1000 * theirs.reindex(cells.index).fillna(0.0)
        np.testing.assert_allclose(found.cells["supply"], wanted, rtol=1e-9, atol=1e-9)
        assert len(theirs) > 40


seeds = st.integers(0, 10_000)
methods = st.sampled_from(METHODS)
LAWS = settings(max_examples=25, deadline=None)


def quietly(*args, **changes):
    with warnings.catch_warnings(action="ignore"):  # a clinic may reach nobody
        return measure(*args, **changes)


class TestLaws:
    @LAWS
    @given(seeds, methods, st.floats(0.3, 12.0))
    def test_the_people_have_together_what_there_is(self, lattice, seed, method, minutes):
        found = quietly(lattice, *strewn(seed), method=method, minutes=minutes)
        given_out = (found.cells["demand"] * found.cells["supply"]).sum() / 1000
        reaching = found.facilities["catchment"] > 0
        assert given_out == pytest.approx(found.facilities["capacity"][reaching].sum(), rel=1e-9)

    @LAWS
    @given(seeds, methods, st.floats(0.01, 100.0))
    def test_twice_the_capacity_is_twice_the_supply(self, lattice, seed, method, factor):
        sites, cells = strewn(seed)
        one = quietly(lattice, sites, cells, method=method)
        more = sites.assign(capacity=factor * sites["capacity"])
        many = quietly(lattice, more, cells, method=method)
        np.testing.assert_allclose(many.cells["supply"], factor * one.cells["supply"], rtol=1e-9)
        ginis = [supply_by_unit(x.cells, units_of("a")).loc["county", "gini"] for x in (one, many)]
        assert ginis[0] == pytest.approx(ginis[1], nan_ok=True)

    @LAWS
    @given(seeds)
    def test_flat_weights_are_2sfca(self, lattice, seed):
        flat = quietly(lattice, *strewn(seed), method="e2sfca", decay=np.ones_like)
        plain = quietly(lattice, *strewn(seed))
        pd.testing.assert_frame_equal(flat.cells, plain.cells)
        pd.testing.assert_frame_equal(flat.facilities, plain.facilities)

    @LAWS
    @given(seeds, methods)
    def test_the_order_of_rows_does_not_matter(self, lattice, seed, method):
        sites, cells = strewn(seed)
        one = quietly(lattice, sites, cells, method=method)
        other = quietly(lattice, sites.sample(frac=1, random_state=1), cells[::-1], method=method)
        pd.testing.assert_frame_equal(other.cells.loc[cells.index], one.cells)
        pd.testing.assert_frame_equal(other.facilities.loc[sites.index], one.facilities)

    @LAWS
    @given(seeds)
    def test_who_has_no_choice_has_the_same_in_3sfca(self, lattice, seed):
        sites, cells = strewn(seed, sites=1)
        two = quietly(lattice, sites, cells, method="e2sfca")
        three = quietly(lattice, sites, cells, method="3sfca")
        np.testing.assert_allclose(three.cells["supply"], two.cells["supply"], rtol=1e-9)


amounts = st.lists(
    st.tuples(st.floats(0.0, 1e3), st.floats(0.1, 1e3)), min_size=1, max_size=30
).filter(lambda rows: sum(v for v, _ in rows) > 1e-3)


class TestInequality:
    def test_by_hand(self):
        assert gini([1.0, 1.0, 1.0], [5.0, 1.0, 2.0]) == pytest.approx(0.0)
        assert gini([0.0, 4.0], [3.0, 1.0]) == pytest.approx(0.75)  # a quarter has it all
        # Ten people with 1 and ten with 3 are as unequal as one with 1 and one with 3.
        assert gini([1.0, 3.0], [10.0, 10.0]) == gini([3.0, 1.0], [1.0, 1.0]) == 0.25

    def test_nobody_and_nothing(self):
        assert np.isnan(gini([0.0, 0.0], [1.0, 2.0]))
        assert np.isnan(gini([], []))
        assert lorenz([0.0], [2.0])["supply"].isna().tolist() == [False, True]

    def test_unknown_and_empty_places_are_left_out(self):
        assert gini([1.0, np.nan, 3.0, 9.0], [1.0, 8.0, 1.0, 0.0]) == 0.25

    @pytest.mark.parametrize(
        ("values", "weights"),
        [([1.0], [1.0, 2.0]), ([1.0], [-1.0]), ([1.0], [np.nan]), ([-1.0], [1.0]), ([np.inf], [1])],
    )
    def test_what_is_no_amount(self, values, weights):
        with pytest.raises(TableError, match="correct them"):
            gini(values, weights)

    @LAWS
    @given(amounts, st.floats(0.01, 100.0), st.floats(0.01, 100.0))
    def test_scale_does_not_matter(self, rows, times, people):
        values, weights = (np.array(part) for part in zip(*rows, strict=True))
        one = gini(values, weights)
        assert -1e-9 <= one < 1.0
        assert gini(times * values, people * weights) == pytest.approx(one, abs=1e-9)

    @LAWS
    @given(amounts)
    def test_it_is_half_the_mean_difference(self, rows):
        values, weights = (np.array(part) for part in zip(*rows, strict=True))
        share = weights / weights.sum()
        apart = share @ np.abs(values[:, None] - values[None, :]) @ share
        assert gini(values, weights) == pytest.approx(apart / (2 * share @ values), abs=1e-9)

    @LAWS
    @given(amounts)
    def test_the_curve_rises_ever_steeper_below_the_diagonal(self, rows):
        curve = lorenz(*zip(*rows, strict=True))
        assert (curve.iloc[0] == 0).all()
        assert (curve.iloc[-1] == 1).all()
        assert (curve["supply"] <= curve["people"] + 1e-9).all()
        assert (np.diff(curve["people"]) >= 0).all()
        assert (np.diff(curve["supply"]) >= -1e-12).all()


class TestGroups:
    def test_elderly_by_cell(self, lattice):
        cells = cells_at([(0, 0), (100, 0), (400, 400)], persons=[30.0, 10.0, 5.0])
        cells = cells.assign(unit_id=["a", "a", "b"])
        aged = with_group(cells, units_of("ab").assign(elderly=[8.0, 0.0]), "elderly")
        assert aged["elderly"].tolist() == [6.0, 2.0, 0.0]
        found = measure(lattice, clinics([(0, 0)], [4.0]), aged, demand="elderly")
        assert found.cells["supply"].tolist() == [500.0, 500.0, 0.0]

    def test_a_unit_that_does_not_report_is_named(self):
        cells = cells_at([(0, 0), (1, 0)]).assign(unit_id=["a", "b"])
        with pytest.raises(TableError, match="1 with residents do not report 'elderly': 单元b"):
            with_group(cells, units_of("ab").assign(elderly=[8.0, np.nan]), "elderly")
        with pytest.raises(TableError, match="no column 'children'"):
            with_group(cells, units_of("ab"), "children")
        with pytest.raises(TableError, match="units are not known: b"):
            with_group(cells, units_of("a").assign(elderly=1.0), "elderly")


class TestFaults:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"kind": "pharmacy"}, "no 'pharmacy' is known.*one of: clinic"),
            ({"minutes": 0.0}, "minutes above 0"),
            ({"method": "huff"}, "'huff' is unknown.*2sfca, e2sfca, 3sfca"),
            ({"capacity": "beds"}, "facilities: has no column 'beds'"),
            ({"capacity": "name"}, "'name' is not numeric"),
            ({"demand": "elderly"}, "cells: has no column 'elderly'"),
        ],
    )
    def test_what_was_asked_wrongly(self, lattice, changes, message):
        with pytest.raises(TableError, match=message):
            measure(lattice, *strewn(1), **changes)

    def test_amounts_that_are_none(self, lattice):
        sites, cells = strewn(1, sites=2)
        for column in ("beds", "capacity"):
            with pytest.raises(TableError, match="f1"):
                measure(lattice, sites.assign(**{column: [1.0, -1.0]}), cells, capacity=column)
        with pytest.raises(TableError, match="none reports 'capacity'"):
            measure(lattice, sites.assign(capacity=np.nan), cells)
        with pytest.raises(TableError, match=r"several units.*beds, doctors"):
            measure(lattice, sites.assign(capacity_unit=["beds", "doctors"]), cells)
        with pytest.raises(TableError, match="sums up to nobody"):
            measure(lattice, sites, cells.assign(persons=0.0))
        with pytest.raises(TableError, match="'aged' is no amount at 0"):
            measure(lattice, sites, cells.assign(aged=[np.nan] * 25), demand="aged")

    def test_another_crs(self, lattice):
        sites, cells = strewn(1)
        with pytest.raises(CRSError):
            measure(lattice, sites.to_crs(4326), cells)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("supply")
    words = ["supply", str(DEMO), "--kind", "pharmacy", "--method", "3sfca", "--out"]
    done = CliRunner().invoke(app, [*words, str(folder)])
    assert done.exit_code == 0, done.output
    assert all(str(file) in done.stdout for file in folder.iterdir())
    assert "（3SFCA, 15 min）：每千人 " in done.stderr
    return folder


class TestTheDemo:
    def test_what_is_given_out_is_what_there_is(self, out):
        units, sites = (
            pd.read_csv(out / f"{name}.csv") for name in ("supply", "supply_facilities")
        )
        assert units.columns[:3].tolist() == ["范围 scope", "单元 unit_name", "设施类别 kind"]
        units, sites = (t.rename(columns=lambda head: head.split()[-1]) for t in (units, sites))
        cells = gpd.read_parquet(out / "supply_cells.parquet")
        assert len(units) == 12
        assert units.loc[0, ["scope", "unit_name"]].tolist() == ["county", "列支敦士登"]
        assert units["kind_en"].unique().tolist() == ["Pharmacy"]
        assert units.loc[0, "demand"] == pytest.approx(36838.0)
        assert units["demand"][1:].sum() == pytest.approx(36838.0)
        assert units["unreached"][1:].sum() == pytest.approx(units.loc[0, "unreached"])
        given_out = (cells["demand"] * cells["supply_per_1000"]).sum() / 1000
        assert given_out == pytest.approx((sites["catchment"] > 0).sum())
        assert 1000 * given_out / 36838 == pytest.approx(units.loc[0, "supply_per_1000"], abs=1e-5)
        assert sites["lon"].between(9.4, 9.7).all()
        assert sites["catchment"].le(sites["within"]).all()

    def test_bad_input(self, tmp_path):
        words = ["supply", str(DEMO), "--out", str(tmp_path), "--kind", "spaceport"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 1
        assert "no 'spaceport' is known" in done.stderr
        assert "没有已知的“spaceport”设施" in done.stderr
        assert list(tmp_path.iterdir()) == []
