"""Time the conversion of random points over China between datums, and their reading as text.

python benchmarks/datum.py [--points 1000000] [--cells 100000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyproj

from lifecircle.datum import DATUMS, from_lonlat, parse_degrees, split_pair, to_lonlat

GEOD = pyproj.Geod(ellps="GRS80")


def seconds(job: Callable[[], Any]) -> tuple[float, Any]:
    """Give the least time of three runs, and the result."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        result = job()
        times.append(time.perf_counter() - begin)
    return min(times), result


def main() -> None:
    """Print seconds per direction and the largest round-trip error; then seconds per column."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--cells", type=int, default=100_000)
    asked = parser.parse_args()
    rng = np.random.default_rng(7)
    print(f"{asked.points} points{'from lon/lat':>24}{'to lon/lat':>14}{'round trip':>14}")
    for key in ("gcj02", "bd09", "cgcs2000-gk", "cgcs2000-gk-111"):
        datum = DATUMS[key]
        west, east = (109.5, 112.5) if datum.epsg else (73.5, 135.0)
        lon, lat = rng.uniform(west, east, asked.points), rng.uniform(18.0, 53.5, asked.points)
        there, (x, y) = seconds(lambda d=datum, a=lon, b=lat: from_lonlat(a, b, d))
        back, (lon2, lat2) = seconds(lambda d=datum, a=x, b=y: to_lonlat(a, b, d))
        _, _, off_m = GEOD.inv(lon, lat, lon2, lat2)
        print(f"{key:20}{there:12.2f} s{back:12.2f} s{np.max(off_m) * 1e9:11.2f} nm")
    degrees, minutes = rng.integers(73, 135, asked.cells), rng.integers(0, 60, asked.cells)
    columns = {
        "110.5": [f"{d}.{m:02d}" for d, m in zip(degrees, minutes, strict=True)],
        "110°30′15.5″": [f"{d}°{m}′15.5″" for d, m in zip(degrees, minutes, strict=True)],
        "110.5,26.3": [f"{d}.{m:02d},26.{m}" for d, m in zip(degrees, minutes, strict=True)],
        "110°30′, 26°10′": [f"{d}°{m}′, 26°{m}′" for d, m in zip(degrees, minutes, strict=True)],
    }
    for text, cells in columns.items():
        read = split_pair if "," in text else parse_degrees
        took, _ = seconds(lambda read=read, cells=cells: read(pd.Series(cells)))
        print(f"{asked.cells} cells such as {text:24}{took:8.2f} s")


if __name__ == "__main__":
    main()
