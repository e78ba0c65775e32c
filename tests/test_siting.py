"""Siting: hand-checkable hamlets, brute force, and laws."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.errors import InputError
from lifecircle.siting import SitingProblem, solve_siting
from lifecircle.siting.problem import undominated
from lifecircle.siting.search import ceilings, greedy

INF = np.inf


def problem_of(walks, persons, limit=10.0, present=None, cutoff=30.0, penalty=0.0):
    """A problem from a table of walks, candidates x cells; inf is no pair."""
    walks = np.asarray(walks, dtype=float).reshape(-1, len(persons))
    near = walks <= cutoff
    row, cell = np.nonzero(near)
    return SitingProblem(
        persons=np.asarray(persons, dtype=float),
        limit=np.full(len(persons), limit),
        present=np.full(len(persons), INF) if present is None else np.asarray(present, float),
        rows=np.searchsorted(row, np.arange(len(walks) + 1)).astype(np.int64),
        cell=cell.astype(np.int32),
        seconds=walks[near],
        cutoff=cutoff,
        penalty=penalty,
    )


# Greedy takes candidate 0 (6 residents), and then gets 3 or 3 more; 1 and 2 together serve all 12.
TRAP = problem_of(
    [
        [INF, 5, 5, 5, 5, INF],
        [5, 5, 5, INF, INF, INF],
        [INF, INF, INF, 5, 5, 5],
    ],
    [3, 1, 2, 2, 1, 3],
)


def test_the_integer_programme_betters_greedy():
    gains = TRAP.covering(TRAP.limit)
    assert greedy(gains, 2).tolist() == [0, 1]  # candidates 0, 1 and 2 all gain 6
    assert gains.value(greedy(gains, 2)) == 9
    answer = solve_siting(TRAP, count=2)
    assert sorted(answer.chosen) == [1, 2]
    assert (answer.found, answer.bound, answer.gap) == (12, 12, 0)
    assert answer.sites["persons"].tolist() == [6, 6]
    assert answer.sites["persons_total"].tolist() == [6, 12]
    assert answer.sites["covered_share"].tolist() == [0.5, 1.0]
    assert answer.curve["gained"].tolist() == [6, 12]
    assert answer.site_of.tolist() == [1, 1, 1, 2, 2, 2]


def test_lscp_says_how_few_and_what_is_out_of_reach():
    answer = solve_siting(TRAP, "lscp", share=1.0)
    assert (sorted(answer.chosen), answer.found, answer.bound) == ([1, 2], 2, 2)
    assert solve_siting(TRAP, "lscp", share=0.5).found == 1
    lone = replace(TRAP, persons=np.array([3.0, 1, 2, 2, 1, 3]), limit=np.full(6, 4.0))
    with pytest.raises(InputError, match=r"cover 0 % of the residents, less than 50 %"):
        solve_siting(lone, "lscp", share=0.5)


def test_facilities_there_are_count_once():
    there = replace(TRAP, present=np.array([5.0, 5, 5, INF, INF, INF]))
    assert there.served == 6
    answer = solve_siting(there, count=2)
    assert answer.chosen.tolist() == [2]  # another site would gain nothing
    assert answer.sites["covered_share"].tolist() == [1.0]
    assert solve_siting(there, "lscp", share=0.5).chosen.tolist() == []


def test_pmedian_counts_the_unreached_with_cutoff_and_penalty():
    # one site: A gives 2 x 0 + 1 x (30 + 6); B gives 2 x 20 + 1 x 0
    problem = problem_of([[0, INF], [20, 0]], [2, 1], penalty=6.0)
    answer = solve_siting(problem, "pmedian", count=1)
    assert (answer.chosen.tolist(), answer.found, answer.bound) == ([0], 36, 36)
    assert answer.sites["unreached"].tolist() == [1]
    farther = replace(problem, penalty=26.0)
    assert solve_siting(farther, "pmedian", count=1).chosen.tolist() == [1]


def test_pcenter_minimises_the_worst_walk():
    # a line of hamlets at 0, 10, 20, 30: one site best stands at 10 or 20, two sites leave 10
    at = np.array([0.0, 10, 20, 30])
    problem = problem_of(np.abs(at[:, None] - at), [1, 1, 1, 9])
    one = solve_siting(problem, "pcenter", count=1)
    assert (one.found, one.bound) == (20, 20)
    assert solve_siting(problem, "pcenter", count=2).found == 10
    assert solve_siting(problem, "pcenter", count=1, share=0.75).found == 0  # nine of twelve
    short = problem_of(np.abs(at[:, None] - at), [1, 1, 1, 9], cutoff=15)
    with pytest.raises(InputError, match=r"1 sites do not bring 100 % .* ask for 2 sites"):
        solve_siting(short, "pcenter", count=1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"count": 0}, "count is 0"),
        ({"objective": "lscp"}, "share is missing"),
        ({"objective": "pcenter", "count": 1, "share": 1.5}, r"share is 1\.5"),
        ({"objective": "best", "count": 1}, "unknown objective"),
    ],
)
def test_what_cannot_be_asked(asked, told):
    with pytest.raises(InputError, match=told):
        solve_siting(TRAP, **asked)


def test_no_candidate_and_nobody():
    none = problem_of(np.zeros((0, 2)), [1, 1])
    answer = solve_siting(none, count=3)
    assert (len(answer.chosen), answer.found, answer.gap) == (0, 0, 0)
    assert answer.curve["gained"].tolist() == [0, 0, 0]


# -- brute force and laws ----------------------------------------------------------------------

WALK = st.one_of(st.integers(0, 30).map(float), st.just(INF))


@st.composite
def problems(draw):
    cells, candidates = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    walks = draw(st.lists(WALK, min_size=cells * candidates, max_size=cells * candidates))
    persons = draw(st.lists(st.integers(0, 9), min_size=cells, max_size=cells))
    present = draw(st.lists(st.one_of(WALK, st.just(INF)), min_size=cells, max_size=cells))
    return problem_of(walks, persons, present=present, penalty=5.0)


def choices(problem, count):
    return [
        np.array(some, int)
        for n in range(min(count, problem.candidates) + 1)
        for some in combinations(range(problem.candidates), n)
    ]


def total_walk(problem, chosen):
    walk = problem.walks(chosen)
    return (
        problem.persons * np.where(np.isinf(walk), problem.cutoff + problem.penalty, walk)
    ).sum()


def worst_walk(problem, chosen, share):
    walk, need = problem.walks(chosen), share * problem.total
    enough = [w for w in np.unique(walk) if problem.persons[walk <= w].sum() >= need - 1e-9]
    return enough[0]


@settings(deadline=None, max_examples=60)
@given(problem=problems(), count=st.integers(1, 4), share=st.sampled_from([0.5, 0.8, 1.0]))
def test_it_equals_brute_force(problem, count, share):
    tries = choices(problem, count)
    covered = [problem.gained(problem.walks(some)) for some in tries]
    answer = solve_siting(problem, count=count)
    assert answer.found == pytest.approx(max(covered))
    assert problem.gained(problem.walks(answer.chosen)) == pytest.approx(answer.found)
    median = solve_siting(problem, "pmedian", count=count)
    assert median.found == pytest.approx(min(total_walk(problem, some) for some in tries))
    assert total_walk(problem, median.chosen) == pytest.approx(median.found)
    if problem.total == 0:
        return
    worst = min(worst_walk(problem, some, share) for some in tries)
    if worst > problem.cutoff:
        with pytest.raises(InputError):
            solve_siting(problem, "pcenter", count=count, share=share)
    else:
        center = solve_siting(problem, "pcenter", count=count, share=share)
        assert center.found == center.bound == worst
        assert worst_walk(problem, center.chosen, share) == worst
    enough = [
        len(some)
        for some in choices(problem, problem.candidates)
        if problem.served + problem.gained(problem.walks(some)) >= share * problem.total - 1e-9
    ]
    if enough:
        few = solve_siting(problem, "lscp", share=share)
        assert few.found == few.bound == min(enough)
    else:
        with pytest.raises(InputError):
            solve_siting(problem, "lscp", share=share)
    assert {answer.gap, median.gap} == {0.0}


@settings(deadline=None, max_examples=40)
@given(problem=problems(), objective=st.sampled_from(["mclp", "pmedian"]))
def test_more_sites_and_more_candidates_never_worsen(problem, objective):
    sign = 1 if objective == "mclp" else -1
    answers = [solve_siting(problem, objective, count=n) for n in (1, 2, 3)]
    found = [sign * answer.found for answer in answers]
    assert found == sorted(found)
    assert (np.diff(answers[-1].curve["gained"]) >= -1e-9).all()
    assert (answers[-1].curve["bound"] >= answers[-1].curve["gained"]).all()
    fewer = replace(
        problem,
        rows=problem.rows[:-1],
        cell=problem.cell[: problem.rows[-2]],
        seconds=problem.seconds[: problem.rows[-2]],
    )
    without = solve_siting(fewer, objective, count=2)
    assert sign * without.found <= found[1] + 1e-9


@settings(deadline=None)
@given(problem=problems(), site=st.integers(0, 5))
def test_the_site_of_a_facility_gains_nothing(problem, site):
    site %= problem.candidates
    taken = problem.walks(np.array([site]))
    there = replace(problem, present=taken)
    assert there.gained(there.walks(np.array([site]))) == 0
    assert site not in solve_siting(there, count=problem.candidates).chosen


@settings(deadline=None)
@given(problem=problems())
def test_merging_and_dropping_lose_nothing(problem):
    gains = problem.covering(problem.limit)
    kept = undominated(gains)
    for n in (1, 2, 3):
        every = max(gains.value(some) for some in choices(problem, n))
        of_kept = [
            gains.value(kept[list(s)])
            for m in range(n + 1)
            for s in combinations(range(len(kept)), m)
        ]
        assert max(of_kept) == pytest.approx(every)
        assert ceilings(gains, greedy(gains, n), n)[-1] >= every - 1e-9
