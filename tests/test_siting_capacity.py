"""Sites of limited capacity: hand-checkable hamlets, brute force, and laws."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import maximum_flow
from test_siting import TRAP, problem_of

from lifecircle.errors import InputError
from lifecircle.siting import solve_siting
from lifecircle.siting.capacity import flow, greedy_flow

INF = np.inf

# Three hamlets in a row, 50, 30 and 40 residents; a site between each two, and one in the last.
ROW = problem_of([[5, 5, INF], [INF, 5, 5], [INF, INF, 5]], [50, 30, 40])


def served(problem, chosen, capacity):
    """Residents that sites serve, by a maximum flow over whole persons, written anew."""
    persons = problem.persons.astype(np.int32)
    cells, sites = len(persons), len(chosen)
    edges = [(0, 1 + cell, persons[cell]) for cell in range(cells)]
    for number, site in enumerate(chosen):
        pairs = slice(problem.rows[site], problem.rows[site + 1])
        cell = problem.cell[pairs]
        near = cell[problem.seconds[pairs] <= problem.limit[cell]]
        edges += [(1 + at, 1 + cells + number, persons.sum()) for at in near]
        edges.append((1 + cells + number, 1 + cells + sites, int(capacity[site])))
    row, column, most = zip(*edges, strict=True)
    size = 2 + cells + sites
    graph = scipy.sparse.csr_array((np.array(most, np.int32), (row, column)), shape=(size, size))
    return maximum_flow(graph, 0, size - 1).flow_value


def test_whom_two_sites_serve_is_shared_out():
    gains = ROW.covering(ROW.limit)
    # The first site takes the 50 and 10 of the 30, the second the other 20 and all 40.
    both = flow(gains, np.array([0, 1]), np.full(3, 60.0))
    assert both.value == pytest.approx(120.0)
    assert both.by_site.tolist() == pytest.approx([60.0, 60.0])
    assert flow(gains, np.array([2]), np.full(3, 60.0)).value == pytest.approx(40.0)
    assert flow(gains, np.array([0, 2]), np.full(3, 45.0)).value == pytest.approx(85.0)


def test_mclp_with_capacity_says_whom_each_site_serves():
    answer = solve_siting(ROW, count=2, capacity=60)
    assert sorted(answer.chosen) == [0, 1]
    assert (answer.found, answer.bound, answer.gap) == (pytest.approx(120), pytest.approx(120), 0)
    assert answer.sites["served"].tolist() == pytest.approx([60.0, 60.0])
    assert answer.sites["capacity"].tolist() == [60.0, 60.0]
    assert answer.sites["persons_total"].tolist() == pytest.approx([60.0, 120.0])
    assert answer.sites["covered_share"].tolist() == pytest.approx([0.5, 1.0])
    assert answer.newly == pytest.approx([50.0, 30.0, 40.0])
    assert answer.curve["gained"].tolist() == pytest.approx([60.0, 120.0])


def test_some_of_a_hamlet_may_be_turned_away():
    answer = solve_siting(ROW, count=1, capacity=20)
    assert answer.found == pytest.approx(20.0)
    assert answer.newly.sum() == pytest.approx(20.0)
    assert answer.sites["persons"].tolist() == pytest.approx([20.0])
    assert set(answer.site_of[answer.newly > 0]) == {1}


def test_capacities_may_differ_by_candidate():
    answer = solve_siting(ROW, count=1, capacity=np.array([10.0, 10.0, 35.0]))
    assert (answer.chosen.tolist(), answer.found) == ([2], pytest.approx(35.0))


def test_lscp_needs_more_sites_where_they_are_small():
    assert solve_siting(ROW, "lscp", share=1.0).found == 2
    assert solve_siting(ROW, "lscp", share=1.0, capacity=60).found == 2
    small = solve_siting(ROW, "lscp", share=0.9, capacity=45)
    assert (small.found, small.bound) == (3, 3)
    # Nobody else reaches the first hamlet: 5 of its 50 residents are turned away.
    assert small.sites["covered_share"].iloc[-1] == pytest.approx(115 / 120)
    with pytest.raises(InputError, match=r"together cover 75 % of the residents, less than 100 %"):
        solve_siting(ROW, "lscp", share=1.0, capacity=30)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"objective": "pmedian", "count": 1, "capacity": 5}, "pmedian knows no capacity"),
        ({"count": 1, "capacity": 0}, "capacity is 0"),
        ({"count": 1, "capacity": np.ones(2)}, "2 capacities are given for 3 candidates"),
    ],
)
def test_what_makes_no_sense_is_told(asked, what):
    with pytest.raises(InputError, match=what):
        solve_siting(ROW, **asked)


persons = st.lists(st.integers(0, 40), min_size=1, max_size=5)


@st.composite
def small(draw):
    people = draw(persons)
    sites = draw(st.integers(1, 5))
    walk = st.sampled_from([5.0, 12.0, INF])
    walks = [[draw(walk) for _ in people] for _ in range(sites)]
    return problem_of(walks, people)


@settings(max_examples=60, deadline=None)
@given(small(), st.integers(1, 3), st.integers(1, 60))
def test_no_choice_serves_more(problem, count, capacity):
    limits = np.full(problem.candidates, capacity)
    best = max(
        served(problem, list(sites), limits)
        for n in range(count + 1)
        for sites in combinations(range(problem.candidates), n)
    )
    answer = solve_siting(problem, count=count, capacity=capacity)
    assert answer.found == pytest.approx(best, abs=1e-4)
    assert answer.bound == pytest.approx(best, abs=1e-4)
    assert answer.found == pytest.approx(served(problem, list(answer.chosen), limits), abs=1e-4)
    assert (answer.sites["served"] <= capacity + 1e-6).all()
    assert answer.sites["served"].sum() == pytest.approx(answer.found, abs=1e-4)
    assert answer.newly.sum() == pytest.approx(answer.found, abs=1e-4)
    assert (answer.newly <= problem.persons + 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(small(), st.integers(1, 60), st.sampled_from([0.3, 0.6, 1.0]))
def test_no_fewer_sites_serve_enough(problem, capacity, share):
    limits = np.full(problem.candidates, capacity)
    every = range(problem.candidates)
    need = share * problem.total
    enough = [
        n
        for n in range(problem.candidates + 1)
        if any(served(problem, list(s), limits) >= need - 1e-6 for s in combinations(every, n))
    ]
    if not problem.total:
        return
    if not enough:
        with pytest.raises(InputError, match="together cover"):
            solve_siting(problem, "lscp", share=share, capacity=capacity)
        return
    answer = solve_siting(problem, "lscp", share=share, capacity=capacity)
    assert (answer.found, answer.bound) == (enough[0], enough[0])


@settings(max_examples=40, deadline=None)
@given(small(), st.integers(1, 3), st.integers(1, 60))
def test_capacity_never_helps_and_a_huge_one_never_hurts(problem, count, capacity):
    free = solve_siting(problem, count=count)
    assert solve_siting(problem, count=count, capacity=capacity).found <= free.found + 1e-4
    huge = solve_siting(problem, count=count, capacity=1e9)
    assert huge.found == pytest.approx(free.found)
    assert huge.chosen.tolist() == free.chosen.tolist()


def test_the_programme_betters_greedy():
    gains = TRAP.covering(TRAP.limit)
    capacity = np.full(3, 5.0)  # greedy takes the first one, beside which only 4 more are served
    assert flow(gains, greedy_flow(gains, capacity, 2), capacity).value == pytest.approx(9.0)
    answer = solve_siting(TRAP, count=2, capacity=5)
    assert (answer.found, answer.gap) == (pytest.approx(10.0), 0.0)
