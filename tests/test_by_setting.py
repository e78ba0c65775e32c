"""Residents of one setting who move by another profile: a declared choice, the same everywhere."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from handmade import CRS, cells_at, facilities_at

from lifecircle.bysetting import pairs_by_setting, setting_groups
from lifecircle.catchment import supply
from lifecircle.config import WalkConfig, WalkProfile, read_config
from lifecircle.county import judge
from lifecircle.errors import DataWarning
from lifecircle.measuring import measure, read_county, walk
from lifecircle.network import WalkNetwork
from lifecircle.siting.proposing import propose_sites

DEMO = "data/liechtenstein/county.toml"


def road(profile):
    nodes = pd.DataFrame({"x": [0.0, 3000.0], "y": 0.0}, index=[1, 2])
    edges = pd.DataFrame({"u": [1], "v": [2], "highway": ["tertiary"]})
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=profile)


def test_pairs_by_hand():
    foot = road(WalkProfile(speed_kph=3.6))
    networks = {"rural": foot.with_profile(WalkProfile(profile="e-bike", speed_kph=18.0))}
    cells = cells_at([(1000, 0), (1000, 0), (2000, 0)])
    cells["setting"] = ["urban", "rural", "rural"]
    groups = setting_groups(foot, networks, cells)
    rows, cell, seconds, joined = pairs_by_setting(
        groups, facilities_at([(0, 0), (3000, 0)]), cells, 1000.0
    )
    assert joined.all()
    found = {
        (row, int(cell[at])): seconds[at]
        for row in (0, 1)
        for at in range(rows[row], rows[row + 1])
    }
    # On foot 1,000 m are 1,000 s; an e-bike rides 5 m/s.
    assert found == pytest.approx(
        {(0, 0): 1000.0, (0, 1): 200.0, (0, 2): 400.0, (1, 1): 400.0, (1, 2): 200.0}
    )
    within = supply(
        foot, facilities_at([(0, 0)]), cells, kind="post", minutes=10, networks=networks
    )
    assert within.cells["facilities"].tolist() == [0, 1, 1]


@pytest.fixture(scope="module")
def reading():
    with warnings.catch_warnings(action="ignore"):
        return read_county(read_config(DEMO))


@pytest.fixture(scope="module")
def ridden(reading):
    """The demo with township residents on e-bikes; everybody else on foot."""
    asked = WalkConfig(settings={"township": "e-bike"})
    county = reading.config.model_copy(update={"walk": asked})
    with warnings.catch_warnings(action="ignore"):
        return measure(county, drawn=False)


def test_each_setting_has_the_times_of_its_profile(reading, ridden):
    with warnings.catch_warnings(action="ignore"):
        foot = walk(reading, drawn=False).access["seconds"]
        bike = walk(reading, WalkProfile(profile="e-bike"), drawn=False).access["seconds"]
    cells = ridden.cells["setting"].reindex(ridden.access.index.get_level_values("cell_id"))
    township = (cells == "township").to_numpy()
    assert township.any()
    assert not township.all()
    wanted = np.where(township, bike, foot)
    assert ridden.access["seconds"].to_numpy() == pytest.approx(wanted, nan_ok=True)
    covered = judge(ridden, ridden.standards[0]).coverage
    assert len(covered)


def test_sites_serve_those_who_ride_to_them(ridden):
    proposal = propose_sites(ridden, "clinic", count=2)
    gained = proposal.sites["persons"].sum()
    assert gained == pytest.approx(proposal.cells["persons"].sum())
    on_foot = propose_sites(measure(read_config(DEMO), drawn=False), "clinic", count=2)
    assert gained != pytest.approx(on_foot.sites["persons"].sum())


def test_every_setting_with_a_profile_of_its_own(reading):
    # The county's own profile then moves nobody; nothing is located on its network.
    everyone = dict.fromkeys(("urban", "township", "rural"), "adult")
    county = reading.config.model_copy(
        update={"walk": WalkConfig(profile="car", settings=everyone)}
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        measured = measure(county, drawn=False)
        foot = walk(reading, drawn=False)
    assert not [one for one in told if "off network" in str(one.message)]
    seconds = measured.access["seconds"].to_numpy()
    assert seconds == pytest.approx(foot.access["seconds"].to_numpy(), nan_ok=True)


def test_who_goes_across_country_is_told_by_the_limits_of_their_own_profile(reading):
    far = {"profile": "adult", "snap_limit_m": 20, "offroad_limit_m": 1500}
    county = reading.config.model_copy(update={"walk": WalkConfig(settings={"rural": far})})
    with pytest.warns(DataWarning, match="across country: .* more than 20 m from any road"):
        measure(county, drawn=False)
