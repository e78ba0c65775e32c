"""Time the sweep that tells how sure gaps are, against plainly measuring and judging the county.

With an OSM file, a synthetic county on its streets: invented residents, units and facilities of 25
kinds, all of them with gaps. Without one, the demo. Compilation is done before.

    python benchmarks/confidence.py [FILE.osm.pbf] [--cells 100000] [--settings 40]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import synthetic

from lifecircle import WalkNetwork, gap_confidence, judge, measure, read_config
from lifecircle.config import ConfidenceConfig, CountyConfig

DEMO = Path(__file__).parents[1] / "data/liechtenstein/county.toml"


def timed(county: CountyConfig, settings: int) -> str:
    """Measure, judge and sweep a county, and tell the seconds."""
    asked = ConfidenceConfig(settings=settings)
    begin = time.perf_counter()
    measured = measure(county.model_copy(update={"confidence": asked}))
    judged = judge(measured, measured.standards[0])
    plain = time.perf_counter() - begin
    begin = time.perf_counter()
    found = gap_confidence(measured, judged.standard, judged.gaps)
    took = time.perf_counter() - begin
    verdicts = found.gaps["verdict"].value_counts().to_dict()
    return (
        f"{len(measured.cells):,} cells, {len(judged.gaps):,} gaps: plain {plain:.2f} s, "
        f"{settings} settings {took:.2f} s = {took / plain:.2f} x plain; {verdicts}"
    )


def main() -> None:
    """Time a county."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("osm", type=Path, nargs="?")
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--settings", type=int, default=40)
    asked = parser.parse_args()
    with warnings.catch_warnings(action="ignore"), tempfile.TemporaryDirectory() as folder:
        timed(read_config(DEMO), 1)
        file = DEMO
        if asked.osm is not None:
            streets = WalkNetwork.from_osm(asked.osm)
            file = synthetic.write_county(Path(folder), asked.osm, streets, asked.cells)
        print(timed(read_config(file), asked.settings))


if __name__ == "__main__":
    main()
