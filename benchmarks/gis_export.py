"""Time and size of every GIS export, of a finished run or of an invented one.

The invented county is that of the tests (`tests/synthetic_assessment.py`): six kinds, as many cells
as asked for.

    python benchmarks/gis_export.py [RUN] [--cells 200000] [--crs cgcs2000]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
import warnings
from pathlib import Path

from lifecircle.errors import DataWarning
from lifecircle.render.gis.export import FORMATS, export_layers
from lifecircle.render.gis.layers import cell_layer, write_layers


def invented(folder: Path, cells: int) -> Path:
    """Write an invented run of about so many cells, and print what its layers cost."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from synthetic_assessment import synthetic_assessment

    assessment = synthetic_assessment(across=math.ceil(math.sqrt(cells / 0.675)))
    folder.mkdir()
    begun = time.perf_counter()
    write_layers(folder / "layers.gpkg", assessment)
    print(f"{len(assessment.cells):,} cells")
    report("layers.gpkg", time.perf_counter() - begun, folder / "layers.gpkg")
    cell_layer(assessment, minutes=False).to_parquet(folder / "cells.parquet", compression="zstd")
    record = {"config": {"name": "invented", "zh": "虚构县", "en": "Invented county"}}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def report(name: str, seconds: float, path: Path) -> None:
    """Print one line."""
    files = path.rglob("*") if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{name:<12}{seconds:7.2f} s {size:8.2f} MB")


def main() -> None:
    """Export one run in every format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--crs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        run = asked.run or invented(Path(place) / "run", asked.cells)
        for form in FORMATS:
            out = Path(place) / (f"x.{form}" if form in ("gdb", "gpkg") else form)
            begun = time.perf_counter()
            export_layers(run, out, format=form, crs=asked.crs)
            report(form, time.perf_counter() - begun, out)


if __name__ == "__main__":
    main()
