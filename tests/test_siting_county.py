"""Siting in the demo county: candidates, thresholds, files, and the command."""

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from lifecircle import gaps, measure, read_config
from lifecircle.cli import app
from lifecircle.errors import InputError
from lifecircle.siting.proposing import node_candidates, propose_sites
from lifecircle.siting.writing import OUTPUTS, write_proposal

CONFIG = "data/liechtenstein/county.toml"
pytestmark = pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")


@pytest.fixture(scope="module")
def measured():
    import warnings

    with warnings.catch_warnings(action="ignore"):
        return measure(read_config(CONFIG))


@pytest.fixture(scope="module")
def proposal(measured):
    return propose_sites(measured, "clinic", count=3)


def test_the_demo_gains_residents_and_it_is_proven(measured, proposal):
    told, answer = proposal.record["siting"], proposal.answer
    assert answer.gap == 0.0
    assert told["persons_served_after"] == pytest.approx(
        told["persons_served_before"] + answer.found
    )
    assert proposal.cells["persons"].sum() == pytest.approx(answer.found)
    # who lacks a clinic is who is in its gap areas
    lacking = gaps(
        measured.cells, measured.access, measured.units, measured.standards[0], kinds=["clinic"]
    )
    assert told["persons_judged"] - told["persons_served_before"] == pytest.approx(
        lacking["persons"].sum()
    )
    assert set(proposal.sites["unit_id"]) <= set(measured.units.index)
    assert (np.diff(proposal.sites["persons"]) <= 0).all()  # greatest gain first


def test_nodes_are_thinned_and_stand_in_a_unit(measured):
    cells = measured.cells.iloc[:200]
    groups = [(measured.network, np.arange(200))]
    nodes = node_candidates(groups, cells, np.full(200, 900.0), measured.units)
    squares = pd.DataFrame(np.floor(nodes.geometry.get_coordinates() / 100.0))
    assert not squares.duplicated().any()
    assert nodes.within(measured.units.union_all()).all()
    assert nodes.index.is_unique


def test_a_facility_that_is_there_gains_nothing_from_a_file(measured, tmp_path):
    clinics = measured.facilities[measured.facilities["kind"] == "clinic"]
    at = clinics.geometry.centroid.to_crs(4326)
    table = pd.DataFrame({"名称": "现有诊所", "经度": at.x.round(6), "纬度": at.y.round(6)})
    table.to_csv(tmp_path / "候选.csv", index=False, encoding="gb18030")
    same = propose_sites(measured, "clinic", count=2, candidates=tmp_path / "候选.csv")
    # A coordinate to the sixth digit is 0.1 m off: a cell on the very edge may change sides.
    assert same.answer.found < 0.001 * same.record["siting"]["persons_judged"]


def test_idle_facilities_are_candidates_of_any_kind(measured):
    with pytest.raises(InputError, match="no facility is known to be idle"):
        propose_sites(measured, "clinic", candidates="idle")
    others = measured.inventory["kind"] != "clinic"
    status = np.where(others, "idle", "in_use")
    idle = replace(measured, inventory=measured.inventory.assign(status=status))
    found = propose_sites(idle, "clinic", count=2, candidates="idle")
    assert set(found.sites["candidate_id"]) <= set(measured.inventory.index[others])
    assert found.answer.found > 0


def test_pmedian_saves_walking_and_lscp_reaches_its_share(measured):
    least = propose_sites(measured, "clinic", objective="pmedian", count=2, time_limit=20)
    assert (least.sites["person_minutes"] > 0).all()
    assert least.answer.bound <= least.answer.found
    few = propose_sites(measured, "clinic", objective="lscp", share=0.5, time_limit=20)
    assert few.sites["covered_share"].iloc[-1] >= 0.5 * (1 - 1e-6)
    assert few.answer.bound <= few.answer.found == len(few.sites)


def test_thresholds_in_metres_are_held_against_the_shortest_walk():
    county = measure(read_config(CONFIG), ["gb50180-2018"])
    kind = next(r.kind for r in county.standards[0].requirements if r.unit == "metres")
    found = propose_sites(county, kind, count=1)
    lacking = gaps(county.cells, county.access, county.units, county.standards[0], kinds=[kind])
    told = found.record["siting"]
    assert told["persons_judged"] - told["persons_served_before"] == pytest.approx(
        lacking["persons"].sum()
    )


def test_a_kind_that_is_not_required_is_refused(measured):
    with pytest.raises(InputError, match="does not require 'zoo'"):
        propose_sites(measured, "zoo")


def test_files(proposal, tmp_path):
    files = write_proposal(proposal, tmp_path / "out")
    assert [file.name for file in files] == list(OUTPUTS)
    sites = pd.read_csv(files[0], encoding="utf-8-sig")
    assert sites.columns[0] == "名次 rank"
    assert sites["新增覆盖居民（人） persons"].sum() == pytest.approx(
        proposal.answer.found, abs=1e-4
    )
    curve = pd.read_csv(files[1], encoding="utf-8-sig")
    assert curve["累计收益 gained"].is_monotonic_increasing
    assert {name for name, _ in pyogrio.list_layers(files[2])} == {"建议选址", "新增覆盖居民"}
    layer = gpd.read_file(files[2], layer="建议选址")
    assert layer.crs == proposal.sites.crs
    assert layer["candidate_id"].tolist() == proposal.sites["candidate_id"].tolist()
    record = json.loads(files[3].read_text(encoding="utf-8"))
    assert record["siting"]["gap"] == 0.0
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []


def test_the_command(tmp_path):
    words = ["site", CONFIG, "--kind", "clinic", "--count", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert [tmp_path / name for name in OUTPUTS] == [*map(type(tmp_path), done.stdout.split())]
    wrong = CliRunner().invoke(app, ["site", CONFIG, "--kind", "zoo", "--out", str(tmp_path)])
    assert wrong.exit_code == 1
    assert "does not require 'zoo'" in wrong.output


def test_sites_of_limited_capacity_say_whom_they_serve(measured, proposal, tmp_path):
    small = propose_sites(measured, "clinic", count=3, capacity=300)
    told, answer = small.record["siting"], small.answer
    assert told["capacity_per_site"] == 300
    assert answer.found == pytest.approx(900.0)  # far more live near each of the three
    assert answer.found <= proposal.answer.found
    assert answer.gap == 0.0
    assert small.sites["served"].tolist() == pytest.approx([300.0] * 3)
    assert small.cells["persons"].sum() == pytest.approx(900.0)
    assert told["persons_served_after"] - told["persons_served_before"] == pytest.approx(900.0)
    write_proposal(small, tmp_path)
    table = pd.read_csv(tmp_path / "sites.csv")
    assert table["服务居民（人） served"].tolist() == pytest.approx([300.0] * 3)
    assert table["容量（人） capacity"].tolist() == [300.0] * 3
    huge = propose_sites(measured, "clinic", count=3, capacity=1e6)
    assert huge.answer.found == pytest.approx(proposal.answer.found)


def test_the_command_takes_a_capacity(tmp_path):
    given = ["--kind", "clinic", "--count", "2", "--capacity", "300", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["site", CONFIG, *given, "-q"])
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "site.json").read_text("utf-8"))["siting"]
    assert (record["capacity_per_site"], record["found"]) == (300.0, pytest.approx(600.0))
    wrong = CliRunner().invoke(
        app, ["site", CONFIG, "--kind", "clinic", "--capacity", "0", "--out", str(tmp_path), "-q"]
    )
    assert wrong.exit_code == 1
    assert "容量是 0" in wrong.output
