"""How sure gaps are, in whole counties: every setting measured anew says the same."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from minicounty import LAT, LON, STEP, write_county, write_raster
from typer.testing import CliRunner

from lifecircle import coverage, decide, gap_confidence, gaps, judge, measure, read_config
from lifecircle.cli import app
from lifecircle.confidence.varied import facility_sources, populations
from lifecircle.config import ConfidenceConfig, WalkConfig
from lifecircle.errors import ConfigError
from lifecircle.gap import beyond
from lifecircle.measuring import read_county, walk

DEMO = "data/liechtenstein/county.toml"
pytestmark = pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")

LEDGER = f"""名称,类别,经度,纬度
设施0,邮政所,{LON},{LAT}
东村邮政所,邮政所,{LON + 4 * STEP},{LAT}
田间邮政所,邮政所,{LON + 4.5 * STEP},{LAT + 4.7 * STEP}
"""


@pytest.fixture(scope="module")
def demo():
    config = read_config(DEMO)
    asked = ConfidenceConfig(settings=3, snap_limit_m=(10, 60), speed_m_min=(40, 80))
    with warnings.catch_warnings(action="ignore"):
        return read_county(config.model_copy(update={"confidence": asked}))


@pytest.fixture
def mini(tmp_path):
    """Synthetic: post offices in a ledger and in OSM, residents by a raster and by totals."""
    path = write_county(tmp_path)
    (tmp_path / "邮政.csv").write_text(LEDGER, encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace(
        "totals = true", 'totals = true\nraster = { path = "people.tif" }'
    )
    text += '\n[[facilities.files]]\npath = "邮政.csv"\ndatum = "wgs84"\n'
    text += "\n[confidence]\nsettings = 8\n[[confidence.population]]\ntotals = true\n"
    path.write_text(text, encoding="utf-8")
    return path


def swept(measured):
    standard = measured.standards[0]
    lacking = gaps(measured.cells, measured.access, measured.units, standard)
    return gap_confidence(measured, standard, lacking)


def as_in(setting, own):
    """Give the county's profile as a setting has it: all speeds on foot rise or fall alike."""
    ratio = setting["speed_m_min"] / own.metres_per_minute

    def moved(profile):
        told = profile.model_dump(exclude={"also", "settings"})
        told["snap_limit_m"] = setting["snap_limit_m"]
        if not profile.vehicle:
            told["speed_kph"] *= ratio
            told["offroad_kph"] *= ratio
        return told

    own_settings = {name: moved(profile) for name, profile in own.settings.items()}
    return WalkConfig.model_validate({**moved(own), "settings": own_settings})


def agree(measured):
    """Hold every setting against a measurement of its own."""
    found, reading = swept(measured), measured.reading
    homes, sources = populations(measured), facility_sources(measured)
    standard = measured.standards[0]
    for number, setting in found.settings.iterrows():
        config = reading.config
        if number:
            config = config.model_copy(update={"walk": as_in(setting, config.walk)})
        anew = walk(
            replace(
                reading,
                config=config,
                cells=homes[setting["population"]],
                facilities=measured.facilities[sources[setting["facilities"]]],
            ),
            drawn=False,
        )
        covered = coverage(anew.cells, anew.access, anew.units, standard)
        share = covered.xs(("county", "population"), level=("scope", "denominator"))["share"]
        told = found.by_setting.loc[number, "share"]
        pd.testing.assert_series_equal(told.sort_index(), share.sort_index(), rtol=1e-12)
        persons = anew.cells["persons"].to_numpy()
        for kind in found.in_gaps.index:
            lacking = persons[beyond(anew.cells, anew.access, standard, kind)].sum()
            row = found.in_gaps.loc[kind]
            assert row["low"] - 1e-6 <= lacking <= row["high"] + 1e-6
            if number == 0:
                assert row["persons"] == pytest.approx(lacking)
    return found


@pytest.mark.parametrize(
    "profile",
    [
        # places are joined across country; many streets are islets
        {"snap_limit_m": 40, "offroad_limit_m": 70, "islet_m": 20_000, "islet_detour_m": 500},
        {"profile": "elderly", "settings": {"rural": "e-bike", "township": "car"}},
        {"profile": "wheelchair"},
    ],
    ids=["islets", "vehicles", "barred"],
)
def test_every_setting_is_as_if_measured_anew(demo, profile):
    config = demo.config.model_copy(update={"walk": WalkConfig.model_validate(profile)})
    found = agree(walk(replace(demo, config=config), drawn=False))
    assert (found.coverage["low"] < found.coverage["high"]).any()
    assert (found.coverage["low"] <= found.coverage["share"]).all()
    assert (found.coverage["share"] <= found.coverage["high"]).all()
    assert (found.gaps["share"] >= 1 / 4).all()  # each is one in the county's own setting


def test_sources_of_residents_and_of_facilities(mini):
    measured = measure(read_config(mini), drawn=False)
    found = agree(measured)
    assert list(found.asked["populations"]) == ["own", "raster people.tif", "totals 100 m"]
    assert set(found.settings["population"]) == set(found.asked["populations"])
    assert set(found.settings["facilities"]) == {"all", "ledger", "osm"}
    # Post offices alone stand in both; OSM knows the one at the crossing (0, 0).
    assert found.asked["facilities_varied"] == ["post"]
    sources = facility_sources(measured)
    post = (measured.facilities["kind"] == "post").to_numpy()
    assert [int((counted & post).sum()) for counted in sources.values()] == [3, 3, 1]
    assert all(counted[~post].all() for counted in sources.values())
    row = found.completeness.loc["w"]
    assert (row["ledger_facilities"], row["in_osm"], row["in_osm_share"]) == (1.0, 1.0, 1.0)
    row = found.completeness.loc["e"]
    assert (row["ledger_facilities"], row["in_osm"], row["far_from_road"]) == (2.0, 0.0, 0.0)


def test_kinds_that_one_source_knows_alone_are_not_varied(mini):
    text = mini.read_text(encoding="utf-8")
    alone = text.replace(
        "[[facilities.files]]", "[facilities]\nmatch = false\n[[facilities.files]]"
    )
    mini.write_text(alone, encoding="utf-8")
    (mini.parent / "邮政.csv").write_text(LEDGER.replace("邮政所", "公厕"), encoding="utf-8")
    found = swept(measure(read_config(mini), drawn=False))
    assert set(found.settings["facilities"]) == {"all"}
    assert found.completeness["in_osm"].isna().all()


def test_a_gap_where_another_source_knows_nobody_does_not_persist(tmp_path):
    path = write_county(tmp_path)
    counts = np.full((6, 6), 2.0)
    counts[:, 3:] = 0.0  # nobody lives in the east
    write_raster(tmp_path / "people.tif", counts)
    text = path.read_text(encoding="utf-8")
    text += "\n[confidence]\nsettings = 8\nspeed_m_min = [75, 75]\nsnap_limit_m = [1000, 1000]\n"
    text += '[[confidence.population]]\nraster = { path = "people.tif" }\n'
    path.write_text(text, encoding="utf-8")
    measured = measure(read_config(path), drawn=False)
    found = swept(measured)
    lacking = gaps(measured.cells, measured.access, measured.units, measured.standards[0])
    own = (found.settings["population"] == "own").mean()
    assert 0 < own < 1
    assert set(found.gaps["share"][lacking["unit_id"] == "e"]) == {own}
    assert set(found.gaps["share"][lacking["unit_id"] == "w"]) == {1.0}


def test_an_assessment_holds_what_its_file_asks_for(mini):
    measured = measure(read_config(mini), drawn=False)
    judged = judge(measured, measured.standards[0])
    sure = decide(measured, judged).decisions.confidence
    assert len(sure.settings) == 9
    assert sure.gaps.index.equals(judged.gaps.index)
    assert set(sure.gaps["verdict"]) <= {"robust", "sensitive", "no_road"}
    silent = measured.config.model_copy(update={"confidence": ConfidenceConfig()})
    assert decide(replace(measured, config=silent), judged).decisions.confidence is None


def test_the_demo(demo):
    found = swept(walk(demo, drawn=False))
    assert not found.edge["outside_known"].any()  # the file ends at the border
    assert not found.completeness["thin"].any()
    assert found.completeness["residents"].sum() == pytest.approx(36_838)
    assert found.gaps["unmapped_share"].max() == 0.0  # residents are placed along streets
    assert np.isnan(found.completeness["in_osm"]).all()  # there is no ledger


def test_the_command(tmp_path):
    words = ["confidence", DEMO, "--settings", "4", "--seed", "3", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    files = [type(tmp_path)(line) for line in done.stdout.split()]
    assert {file.name for file in files} >= {
        "confidence.csv",
        "confidence_settings.csv",
        "confidence_coverage.csv",
        "edge.csv",
        "completeness.csv",
    }
    tried = pd.read_csv(tmp_path / "confidence_settings.csv", encoding="utf-8-sig")
    assert len(tried) == 5
    listed = pd.read_csv(tmp_path / "confidence.csv", encoding="utf-8-sig")
    share = listed[next(name for name in listed.columns if name.endswith(" share"))]
    assert share.between(0.2, 1.0).all()
    assert "稳健" in done.stderr
    again = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "again"), "-q"])
    assert again.exit_code == 0
    for file in files:
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("speed_m_min = [80, 60]", "give two numbers above 0, the lower first"),
        ("speed_m_min = [60, 900]", "less than or equal to 250"),
        ("snap_limit_m = [200, inf]", "finite"),
        ("settings = -1", "greater than or equal to 0"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(tmp_path, line, told):
    path = write_county(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + f"\n[confidence]\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match=told):
        read_config(path)
