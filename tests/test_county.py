"""The whole pipeline: a county checked by hand, the embedded demo, and a real city."""

import json
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from minicounty import LON, STEP, units, with_raster, write_county

import lifecircle
from lifecircle import assess, read_config, read_osm, write_outputs
from lifecircle.errors import DataWarning
from lifecircle.measuring import STAGES
from lifecircle.reading import with_osm_date
from lifecircle.setting import derive_settings
from lifecircle.tables import (
    ACCESS,
    CELLS,
    COVERAGE,
    FACILITIES,
    GAPS,
    ISOCHRONES,
    SCORES,
    UNIT_SCORES,
    UNITS,
    by_kind,
    check,
)


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    return assess(read_config(write_county(tmp_path_factory.mktemp("mini"))))


@pytest.fixture(scope="module")
def demo():
    return assess(read_config("data/liechtenstein/county.toml"))


class TestMini:
    def test_all_residents_are_placed(self, mini):
        assert mini.cells["persons"].sum() == pytest.approx(150.0)
        by_unit = mini.cells.groupby("unit_id")["persons"].sum()
        assert by_unit.to_dict() == pytest.approx({"w": 100.0, "e": 50.0})
        assert mini.run["population"] == {"in": 150.0, "assessed": 150.0, "off_network": 0.0}

    def test_what_was_counted(self, mini):
        counts = mini.run["counts"]
        assert counts["facilities"] == {"post": 1, "retail": 1, "clinic": 1}
        assert counts["nodes"] == 25
        assert counts["units"] == 2
        assert mini.run["warnings"] == []

    def test_everybody_reaches_the_shop_in_the_middle(self, mini):
        # The shop is at most 2 streets of 99 m and 2 of 111 m away, and a cell's own leg: 7 min.
        row = mini.coverage.loc[("county", "near", "retail", "population")]
        seconds = by_kind(mini.access, "seconds", mini.cells.index)["retail"]
        within = mini.cells["persons"][seconds <= 300.0].sum()
        assert row["covered"] == pytest.approx(within)
        assert row["total"] == pytest.approx(150.0)
        assert np.nanmax(seconds) < 7 * 60 + 60

    def test_the_gap_of_the_post_lies_opposite_to_it(self, mini):
        post = mini.gaps[mini.gaps["kind"] == "post"]
        clinic = mini.gaps[mini.gaps["kind"] == "clinic"]
        assert post.geometry.union_all().centroid.x > clinic.geometry.union_all().centroid.x

    def test_the_stages_are_told_in_order(self, tmp_path):
        told = []
        assess(read_config(write_county(tmp_path)), progress=lambda *stage: told.append(stage))
        assert told == [(name, n, len(STAGES)) for n, name in enumerate(STAGES)]

    def test_a_raster_instead_of_totals(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        done = assess(read_config(path))
        # 36 pixels of 2 persons; the units hold all but nothing of them.
        assert done.run["population"]["in"] == pytest.approx(72.0, rel=1e-5)
        assert done.cells["persons"].sum() == pytest.approx(72.0, rel=1e-5)
        assert done.run["population"]["in_no_unit"] == pytest.approx(0.0, abs=1e-3)

    def test_a_raster_fitted_to_totals(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        text = path.read_text(encoding="utf-8").replace(
            "[isochrones]", "totals = true\n[isochrones]"
        )
        path.write_text(text, encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            done = assess(read_config(path))
        by_unit = done.cells.groupby("unit_id")["persons"].sum()
        assert by_unit.to_dict() == pytest.approx({"w": 100.0, "e": 50.0})

    def test_a_boundary_alone_is_one_unit(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        text = path.read_text(encoding="utf-8").replace("[units.file]", "[boundary.file]")
        path.write_text(text, encoding="utf-8")
        done = assess(read_config(path))
        assert done.units.index.tolist() == ["mini"]
        assert done.units["setting"].tolist() == ["rural"]  # 72 persons are no town

    def test_facilities_off_the_network_are_named(self, tmp_path):
        path = write_county(tmp_path)
        (tmp_path / "ledger.csv").write_text(
            "kind,name,lon,lat\n邮政,远山邮局,110.002,27.0185\n", encoding="utf-8"
        )
        text = path.read_text(encoding="utf-8")
        text = text.replace(
            "[isochrones]", '[[facilities.files]]\npath = "ledger.csv"\n[isochrones]'
        )
        path.write_text(text, encoding="utf-8")
        with pytest.warns(DataWarning, match="远山邮局"):
            done = assess(read_config(path))
        assert any("off network" in warning for warning in done.run["warnings"])
        assert done.run["counts"]["facilities"]["post"] == 2

    def test_moving_a_facility_off_the_network_is_reported_and_never_zero(self, tmp_path):
        path = write_county(tmp_path)
        roads = tmp_path / "roads.osm"
        text = roads.read_text(encoding="utf-8")
        clinic = 'id="902" version="1" lon="110.004000" lat="27.004000"'
        assert clinic in text
        moved = clinic.replace("27.004000", "27.017000")
        roads.write_text(text.replace(clinic, moved), encoding="utf-8")
        with pytest.warns(DataWarning, match=r"off network: 1 facilities.*设施2 \(clinic\)"):
            done = assess(read_config(path))
        seconds = by_kind(done.access, "seconds", done.cells.index)["clinic"]
        assert np.isnan(seconds).all()
        assert done.coverage.loc[("county", "near", "clinic", "population"), "share"] == 0.0

    def test_places_far_from_any_road_are_listed_with_their_people(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n[walk]\nsnap_limit_m = 60\n", encoding="utf-8")
        with pytest.warns(DataWarning, match=r"off network: .* residents in .*西社区"):
            done = assess(read_config(path))
        off = done.run["population"]["off_network"]
        assert 0 < off < 72
        assert done.cells.loc[done.cells["access_m"].isna(), "persons"].sum() == pytest.approx(
            off, abs=1e-3
        )

    def test_ledgers_with_the_same_ids_and_kinds_that_are_not_judged(self, tmp_path):
        path = write_county(tmp_path)
        for name in ("a", "b"):
            rows = "facility_id,kind,name,lon,lat\n1,邮政,邮局,110.002,27.001\n"
            rows += "2,药店,药店,110.001,27.001\n"
            (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
        with path.open("a", encoding="utf-8") as file:
            for name in ("a", "b"):
                file.write(f'\n[[facilities.files]]\npath = "{name}.csv"\n')
        done = assess(read_config(path))
        assert {"1:1", "2:1"} <= set(done.facilities.index)
        # A kind that the standard does not require stays in the inventory and is judged nowhere.
        assert done.inventory["kind"].value_counts()["pharmacy"] == 2
        assert "pharmacy" not in set(done.facilities["kind"])

    def test_the_date_inside_the_osm_file_is_stated(self, tmp_path):
        path = write_county(tmp_path)
        source = Path("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf")
        config = read_config("data/liechtenstein/county.toml")
        extract = read_osm(source, dwellings=False)
        undated = config.roads.osm.model_copy(update={"date": ""})
        bare = config.model_copy(update={"roads": config.roads.model_copy(update={"osm": undated})})
        assert with_osm_date(bare, extract).roads.osm.date == "2013-08-03"
        assert with_osm_date(read_config(path), extract).roads.osm.date == "2026-01-01"

    def test_a_sliver_of_overlap_counts_nobody_twice(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        both = units()
        wider = both.geometry.iloc[0].union(
            shapely.box(both.total_bounds[0], 26.999, LON + 2.52 * STEP, 27.005)
        )
        both = both.set_geometry([wider, both.geometry.iloc[1]])
        both.to_file(tmp_path / "units.geojson", driver="GeoJSON")
        done = assess(read_config(path))
        assert done.cells["persons"].sum() == pytest.approx(72.0, rel=1e-5)

    def test_units_beyond_the_boundary_are_told_and_not_lost(self, tmp_path):
        path = write_county(tmp_path)
        with_raster(path)
        west = gpd.GeoDataFrame(geometry=[shapely.box(LON - STEP, 26.999, LON, 27.005)], crs=4326)
        west.to_file(tmp_path / "boundary.geojson", driver="GeoJSON")
        with path.open("a", encoding="utf-8") as file:
            file.write('\n[boundary.file]\npath = "boundary.geojson"\n')
        with pytest.warns(DataWarning, match="units reach beyond the boundary, with 60 residents"):
            done = assess(read_config(path))
        assert done.run["population"]["in"] == pytest.approx(12.0, rel=1e-4)
        assert done.run["population"]["assessed"] == pytest.approx(72.0, rel=1e-4)

    def test_a_setting_without_a_circle_is_told(self, tmp_path):
        path = write_county(tmp_path)
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace('["urban", "township", "rural"]', '["urban"]'), encoding="utf-8"
        )
        done = assess(read_config(path))
        (finding,) = done.run["warnings"]
        assert "1 units with 50 residents" in finding
        assert "东村" in finding

    def test_a_kind_without_facility_is_told(self, tmp_path):
        path = write_county(tmp_path)
        text = path.read_text(encoding="utf-8").replace('"clinic"]\nminutes', '"bank_x"]\nminutes')
        text += '\n[standard.kinds.bank_x]\nzh = "银行"\nen = "Bank"\n'
        path.write_text(text.replace('["post", "clinic"]', '["post"]'), encoding="utf-8")
        with pytest.warns(DataWarning, match="no facility is known of: bank_x"):
            done = assess(read_config(path))
        assert done.coverage.loc[("county", "near", "bank_x", "population"), "share"] == 0.0


class TestDemo:
    def test_every_table_keeps_its_schema(self, demo):
        crs = demo.network.crs
        for table, schema in (
            (demo.facilities, FACILITIES),
            (demo.units, UNITS),
            (demo.cells, CELLS),
            (demo.isochrones, ISOCHRONES),
            (demo.gaps, GAPS),
        ):
            check(table, schema, crs=crs)
        for table, schema in (
            (demo.access, ACCESS),
            (demo.coverage, COVERAGE),
            (demo.scores, SCORES),
            (demo.unit_scores, UNIT_SCORES),
        ):
            check(table, schema)

    def test_the_residents_are_those_of_the_statistical_office(self, demo):
        assert demo.cells["persons"].sum() == pytest.approx(36_838.0, abs=1e-6)
        by_unit = demo.cells.groupby("unit_id")["persons"].sum()
        assert by_unit["7001"] == pytest.approx(5_229.0, abs=1e-6)
        assert by_unit["7006"] == pytest.approx(430.0, abs=1e-6)

    def test_unevenly_mapped_land_is_told(self, demo):
        # Vaduz has 17 m2 of mapped residential land per resident, the country 230.
        (finding,) = demo.run["warnings"]
        assert "Vaduz 17" in finding
        assert "county 230" in finding

    def test_how_residents_were_placed_is_told(self, demo):
        placed = demo.run["population_placed_by"]
        assert set(placed) == set(demo.units.index)
        assert set(placed.values()) == {"buildings", "streets"}

    def test_every_circle_occurs(self, demo):
        assert set(demo.scores.index.unique("circle")) == {
            "urban_life_15",
            "township_convenience",
            "fitness_15",
            "fitness_30",
        }
        assert set(demo.units["setting"]) == {"urban", "township", "rural"}

    def test_the_degree_of_urbanisation_runs_too_and_finds_no_city(self, demo):
        derived = derive_settings(demo.cells, demo.units)
        assert len(derived) == 11
        assert "urban" not in set(derived)
        assert {"township", "rural"} == set(derived)

    def test_shares_and_scores_stay_in_their_ranges(self, demo):
        assert demo.coverage["share"].dropna().between(0, 1).all()
        assert demo.scores["score"].between(0, 100).all()
        complete = demo.scores["complete"]
        assert (demo.scores.loc[complete, "score"] == 100).all()

    def test_the_nearest_post_of_vaduz_is_near(self, demo):
        row = demo.coverage.loc[("7001", "urban_life_15", "post", "population")]
        assert 0.1 < row["share"] < 0.9

    def test_it_is_the_same_to_the_last_bit(self, demo):
        again = assess(read_config("data/liechtenstein/county.toml"))
        for name in ("cells", "access", "coverage", "scores", "unit_scores"):
            pd.testing.assert_frame_equal(
                pd.DataFrame(getattr(demo, name)),
                pd.DataFrame(getattr(again, name)),
                check_exact=True,
            )
        assert demo.gaps.geometry.equals(again.gaps.geometry)
        assert demo.isochrones.geometry.equals(again.isochrones.geometry)

    def test_what_is_written_can_be_read_again(self, demo, tmp_path):
        files = {path.name: path for path in write_outputs(demo, tmp_path / "out", lang="en")}
        assert set(files) == {
            "map.html",
            "workbook.xlsx",
            "report.docx",
            "report.html",
            "maps",
            "coverage.csv",
            "scores.csv",
            "gaps.csv",
            "scorecard.csv",
            "merges.csv",
            "layers.gpkg",
            "cells.parquet",
            "run.json",
        }
        cells = gpd.read_parquet(files["cells.parquet"])
        assert cells["persons"].sum() == pytest.approx(36_838.0)
        assert cells.crs == demo.network.crs
        layers = set(gpd.list_layers(files["layers.gpkg"])["name"])
        assert layers >= {"facilities", "isochrones", "units", "cells", "gaps"}
        gaps = pd.read_csv(files["gaps.csv"], encoding="utf-8-sig")
        assert len(gaps) == len(demo.gaps)
        run = json.loads(files["run.json"].read_text(encoding="utf-8"))
        assert set(run["stages"]) == set(STAGES)
        assert run["population"]["assessed"] == 36_838.0
        assert run["inputs"]["roads.osm"]["date"] == "2013-08-03"
        assert len(run["inputs"]["roads.osm"]["sha256"]) == 64
        assert run["software"]["lifecircle"] == lifecircle.__version__
        assert not [path for path in (tmp_path / "out").iterdir() if path.name not in files]


@pytest.mark.shared
def test_las_palmas_runs_whole_from_its_own_config():
    with pytest.warns(DataWarning):
        done = assess(read_config("tests/data/las_palmas.toml"))
    people = done.run["population"]
    assert len(done.units) == 29
    assert people["assessed"] == pytest.approx(
        people["in"] - people["in_no_unit"] + people["beyond_boundary"], rel=1e-6
    )
    assert people["off_network"] < 0.01 * people["assessed"]
    table = done.coverage.xs("population", level="denominator").loc["county"]
    assert (table["limit_unit"] == "metres").all()
    share = table["share"]
    # Orders that hold in any dense city; the figures themselves are not tuned to anything.
    assert share["walkable_500", "transit"] > share["walkable_500", "fresh_food"]
    assert share["walkable_1250", "fresh_food"] > share["walkable_500", "fresh_food"]
    assert share["walkable_1250", "health"] > 0.7
    assert (done.units["setting"] != "rural").sum() > 20


def test_public_names_in_pipeline_order():
    assert lifecircle.__all__ == [
        "read_config",
        "assess",
        "Assessment",
        "measure",
        "read_county",
        "walk",
        "judge",
        "decide",
        "assess_profiles",
        "show_progress",
        "read_scenario",
        "start_county",
        "check_county",
        "read_standard",
        "read_osm",
        "merge_facilities",
        "serving",
        "WalkProfile",
        "WalkNetwork",
        "cells_from_raster",
        "cells_from_totals",
        "dwelling_evidence",
        "reconcile",
        "nearest_times",
        "travel_times",
        "pair_times",
        "isochrones",
        "coverage",
        "scores",
        "unit_scores",
        "gaps",
        "scorecard",
        "roll_up",
        "supply",
        "supply_by_unit",
        "gini",
        "lorenz",
        "propose_sites",
        "parse_moment",
        "coverage_at",
        "openings",
        "eight_hours",
        "moments_of",
        "reconcile_known",
        "gap_confidence",
        "readable_table",
        "coverage_map",
        "comparison_map",
        "write_outputs",
        "read_run",
        "run_of",
        "compare_runs",
        "difference_map",
        "write_difference",
    ]
    for name in lifecircle.__all__:
        assert callable(getattr(lifecircle, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lifecircle.nothing  # noqa: B018
