"""Time floating catchments on a synthetic county: every facility with every cell within 15 minutes.

    python benchmarks/supply.py [--facilities N] [--cells N] [--nodes N] [--minutes M]

Prints the seconds of each method and the highest memory of the process during it. Streets, cells
and facilities are invented and seeded (`synthetic`).
"""

from __future__ import annotations

import argparse

import numpy as np
import psutil
import synthetic
from measuring import Stages, table

from lifecircle import supply
from lifecircle.catchment import METHODS


def main() -> None:
    """Run it and print a table."""
    words = argparse.ArgumentParser(description=__doc__)
    for name, number in (("facilities", 5_000), ("cells", 500_000), ("nodes", 500_000)):
        words.add_argument(f"--{name}", type=int, default=number)
    words.add_argument("--minutes", type=float, default=15.0)
    asked = words.parse_args()
    random = np.random.default_rng(7)
    network = synthetic.network(asked.nodes)
    cells = synthetic.cells(network, asked.cells, random)
    facilities = synthetic.facilities(network, [asked.facilities], random)
    few = facilities.iloc[:2]  # compiles
    supply(network, few, cells.iloc[:1000], kind=synthetic.KINDS[0], minutes=60.0)
    before = round(psutil.Process().memory_info().rss / 2**20)
    stages, rows = Stages(), []
    for method in METHODS:
        with stages.stage(method):
            found = supply(
                network,
                facilities,
                cells,
                kind=synthetic.KINDS[0],
                minutes=asked.minutes,
                method=method,
            )
        given_out = float((found.cells["demand"] * found.cells["supply"]).sum()) / 1000.0
        reaching = int((found.facilities["catchment"] > 0).sum())
        rows.append(
            (
                method,
                f"{int(found.cells['facilities'].sum()):,}",
                f"{stages.seconds[method]:.1f}",
                f"{stages.peak_mb[method]:,}",
                f"{given_out / reaching - 1.0:.1e}",
            )
        )
    print(
        f"{asked.facilities:,} facilities, {asked.cells:,} cells, {len(network.node_x):,} nodes, "
        f"{asked.minutes:g} min; {before:,} MB before\n"
    )
    print(table(("Method", "Pairs", "Seconds", "Peak MB", "Given out / there is - 1"), rows))


if __name__ == "__main__":
    main()
