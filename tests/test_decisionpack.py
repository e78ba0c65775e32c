"""What helps to decide as the map's page gets it: packed, read back, and absent where not asked."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_assessment import synthetic_assessment
from synthetic_decisions import all_decisions, supplied, with_decisions
from unpacking import unpack

from lifecircle.render.decided_says import edge_says, reconciled_says
from lifecircle.render.web.contents import page_data
from lifecircle.render.web.decisionpack import STEPS, supply_codes, supply_edges
from lifecircle.render.web.packing import MISSING_16
from lifecircle.tables.decisions import NOTHING


@pytest.fixture(scope="module")
def plain():
    return synthetic_assessment(across=30)


@pytest.fixture(scope="module")
def decided():
    invented = synthetic_assessment(across=30)
    return with_decisions(invented, **all_decisions(invented))


@pytest.fixture(scope="module")
def page(decided):
    return page_data(decided)


def read_codes(codes, edges):
    """Supply of codes, as the page reads them."""
    out = np.full(len(codes), np.nan)
    out[codes == 0] = 0.0
    some = (codes > 0) & (codes < MISSING_16)
    group = (codes[some] - 1) // STEPS
    low = np.array(edges)[group]
    high = np.array(edges)[np.minimum(group + 1, len(edges) - 1)]
    out[some] = low * (high / low) ** ((codes[some] - group * STEPS) / STEPS)
    return out


def test_nothing_asked_for_gives_the_same_page(plain):
    with_nothing = with_decisions(synthetic_assessment(across=30))
    assert with_nothing.decisions == NOTHING or not with_nothing.decisions
    assert json.dumps(page_data(with_nothing)) == json.dumps(page_data(plain))
    assert "decisions" not in page_data(plain)
    assert "verdict" not in page_data(plain)["gaps"]["table"]


def test_what_was_asked_for_is_there_and_no_more(decided):
    asked = {"supplied", "sited", "moments", "confidence", "reconciled"}
    assert set(page_data(decided)["decisions"]) == asked
    invented = synthetic_assessment(across=30)
    one = with_decisions(invented, supplied=(supplied(invented),))
    assert set(page_data(one)["decisions"]) == {"supplied"}


def test_half_of_the_cells_have_two_per_thousand(page, decided):
    one = page["decisions"]["supplied"][0]
    assert one["edges"] == [2.0, 2.0]
    supply = read_codes(unpack(one["cells"]).astype(int), one["edges"])
    assert sorted(set(supply.tolist())) == [0.0, 2.0]
    assert (supply == 2.0).sum() == (decided.decisions.supplied[0].cells["supply"] == 2.0).sum()
    county = one["units"][0]
    assert county["supply"] == pytest.approx(1.0, abs=0.02)
    assert len(one["units"]) == 1 + len(decided.units)
    clinics = np.flatnonzero(decided.facilities["kind"] == "clinic").tolist()
    assert one["facilities"]["at"] == clinics
    assert one["least"] is None


def test_cells_go_in_the_order_of_the_page(decided, page):
    numbers = unpack(page["cells"]["id"]["number"]).astype(int)
    assert numbers.tolist() != sorted(numbers.tolist())
    supply = read_codes(unpack(page["decisions"]["supplied"][0]["cells"]).astype(int), [2.0, 2.0])
    wanted = decided.decisions.supplied[0].cells["supply"]
    assert np.array_equal(supply, wanted.loc[numbers].to_numpy())


def test_who_may_have_more_is_marked_and_unknown_is_not_nothing(decided):
    one = decided.decisions.supplied[0]
    cells = one.cells.copy()
    cells["unknown_facilities"] = [1, 1, *[0] * (len(cells) - 2)]
    cells.loc[cells.index[0], "supply"] = np.nan
    changed = with_decisions(synthetic_assessment(across=30), supplied=(replace(one, cells=cells),))
    packed = page_data(changed)["decisions"]["supplied"][0]
    codes = unpack(packed["cells"]).astype(int)
    assert (codes == MISSING_16).sum() == 1
    assert unpack(packed["least"]).astype(int).sum() == 1  # known, but at least so much


def test_sites_are_ranked_with_whom_they_cover(page, decided):
    first, second = page["decisions"]["sited"]
    assert first["rank"] == [1, 2]
    assert first["persons"] == [300.0, 100.0]
    assert first["total"] == [300.0, 400.0]
    assert first["share"] == [0.8, 0.9]
    assert first["before"] == 0.5
    assert first["unit"] == [1, 2]
    assert first["gap"] == 0.091  # at most so much: rounded up
    assert second["objective"] == "pmedian"
    assert unpack(first["by"]).tolist() == [1]
    assert unpack(first["cells"]).size == 1
    assert decided.standard.kinds["clinic"].zh == first["label"]["zh"]


def test_gaps_of_the_page_say_how_sure_they_are(page, decided):
    table = page["gaps"]["table"]
    sweep = decided.decisions.confidence.gaps
    assert dict(zip(table["id"], table["verdict"], strict=True)) == {
        str(key): verdict for key, verdict in sweep["verdict"].items()
    }
    assert max(table["unmapped"]) == 0.9


def test_a_moment_is_a_share_between_two(page):
    moments = page["decisions"]["moments"]
    (row,) = moments["rows"]
    assert row[2:] == [0.75, 0.3, 0.45]  # 150, 60 and 90 of 200
    assert moments["openings"][0][2:] == [2, 3, 1]
    assert moments["eight"][0][1:] == [6, 4, 1]


def test_the_edge_and_known_figures_are_told_as_in_the_report(page, decided):
    found = page["decisions"]
    for lang in ("zh", "en"):
        edge = edge_says(decided, decided.decisions.confidence, lang)
        assert found["confidence"]["edge"][lang] == edge
        said, differs = reconciled_says(decided, lang)
        assert found["reconciled"][lang] == {"said": said, "differs": differs}
        assert said


def test_the_hours_of_a_day_alone_give_no_tab(decided):
    none = decided.decisions.moments
    unasked = replace(none, labels={}, coverage=none.coverage.iloc[:0], openings=none.openings[:0])
    only = with_decisions(synthetic_assessment(across=30), moments=unasked)
    assert "decisions" not in page_data(only)


amounts = st.one_of(st.just(0.0), st.just(np.nan), st.floats(1e-6, 1e6))


@given(st.lists(st.tuples(amounts, st.floats(0.0, 100.0)), min_size=1, max_size=40))
def test_no_class_is_ever_mistaken(pairs):
    supply, demand = np.array(pairs).T
    edges = supply_edges(supply, demand)
    codes = supply_codes(supply, edges)
    assert ((codes == 0) == (supply == 0)).all()
    assert ((codes == MISSING_16) == np.isnan(supply)).all()
    some = supply > 0
    if not some.any():
        assert edges == []
        return
    assert edges == sorted(edges)
    assert edges[0] == supply[some].min()
    assert edges[-1] == supply[some].max()
    inner = edges[1:-1]
    told = read_codes(codes, edges)[some]
    # Above a border or not above it, the page's figure is where the true one is.
    for border in inner:
        assert ((told > border * (1 + 1e-12)) == (supply[some] > border)).all()
    apart = max((b / a for a, b in pairwise(edges)), default=1.0)
    assert (np.abs(np.log(told / supply[some])) <= np.log(max(apart, 1.0)) / STEPS + 1e-9).all()
