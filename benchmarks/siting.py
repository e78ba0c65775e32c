"""Time siting at 5,000 candidates x 50,000 cells: `python benchmarks/siting.py [--objective ...]`.

The county is invented and seeded: residents around town and village centres, candidates where
residents are, walks 1.3 times the straight line at 75 m/min. ``--side-km`` sets how dense it is:
15 km is a city without a break (some 60 candidates within each resident's 15 minutes), 50 km a
county.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.spatial import cKDTree

from lifecircle.siting import OBJECTIVES, SitingProblem, solve_siting

_DETOUR, _SPEED = 1.3, 1.25  # m/s
_LIMIT = 900.0


def invented(
    candidates: int, cells: int, side_km: float, cutoff: float, seed: int = 7
) -> SitingProblem:
    """Invent a county.

    Parameters
    ----------
    candidates, cells
        How many.
    side_km
        Side of its square.
    cutoff
        Longest walk, s.
    seed
        Of the random numbers.
    """
    random = np.random.default_rng(seed)
    side = side_km * 1000.0
    centres = random.uniform(0, side, (400, 2))
    spread = random.lognormal(6.2, 0.6, 400)
    of = random.choice(400, cells, p=spread / spread.sum())
    at = centres[of] + random.normal(0, 1, (cells, 2)) * spread[of, None]
    sites = at[random.choice(cells, candidates, replace=False)] + random.normal(
        0, 50, (candidates, 2)
    )
    there = at[random.choice(cells, 40, replace=False)]
    persons = np.round(random.lognormal(2.0, 1.0, cells), 2)
    present = cKDTree(there).query(at)[0] * _DETOUR / _SPEED
    near = cKDTree(sites).sparse_distance_matrix(
        cKDTree(at), cutoff * _SPEED / _DETOUR, output_type="coo_matrix"
    )
    order = np.lexsort((near.col, near.row))
    return SitingProblem(
        persons=persons,
        limit=np.full(cells, _LIMIT),
        present=np.where(present <= cutoff, present, np.inf),
        rows=np.searchsorted(near.row[order], np.arange(candidates + 1)).astype(np.int64),
        cell=near.col[order].astype(np.int32),
        seconds=np.minimum(near.data[order] * _DETOUR / _SPEED, cutoff),
        cutoff=cutoff,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objective", choices=OBJECTIVES, action="append")
    parser.add_argument("--side-km", type=float, default=15.0)
    parser.add_argument("--candidates", type=int, default=5000)
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--share", type=float, default=0.9)
    parser.add_argument("--cutoff", type=float, default=_LIMIT)
    parser.add_argument("--time-limit", type=float, default=60.0)
    asked = parser.parse_args()
    problem = invented(asked.candidates, asked.cells, asked.side_km, asked.cutoff)
    print(f"pairs {len(problem.cell):,}; served {problem.served / problem.total:.1%}")
    for objective in asked.objective or ["mclp", "lscp", "pmedian"]:
        began = time.perf_counter()
        answer = solve_siting(
            problem,
            objective,
            count=asked.count,
            share=asked.share,
            time_limit=asked.time_limit,
        )
        print(
            f"{objective:8} {time.perf_counter() - began:7.1f} s  found {answer.found:,.1f}  "
            f"bound {answer.bound:,.1f}  gap {answer.gap:.3%}"
        )


if __name__ == "__main__":
    main()
