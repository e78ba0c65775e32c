"""Shared fixtures: a street lattice that a person can check by hand, and paths of real data."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import chromium
from handmade import CRS, lattice_tables
from hypothesis import settings

from lifecircle.config import WalkProfile
from lifecircle.network import WalkNetwork

# Laws hold however busy the machine is: no example has a time limit.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="the shared data sets are not here"))


@pytest.fixture(autouse=True)
def _at_the_repository(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


@pytest.fixture(scope="session")
def shared():
    return SHARED


@pytest.fixture(scope="session")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def lattice():
    """Streets 100 m apart, 5 by 5 crossings; 60 m/min, so that metres are seconds."""
    nodes, edges = lattice_tables()
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=WalkProfile(speed_kph=3.6))
