"""Run every notebook from its first cell to its last, two at a time; any error fails.

``python scripts/run_notebooks.py [--html DIR] [NOTEBOOK...]``
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parents[1] / "notebooks"
SECONDS = 300  # for a cell; a notebook that takes that long is read by nobody
AT_ONCE = 2


def run(path: Path, html: Path | None) -> tuple[str, bool]:
    """Run one notebook; give what came of it, and whether it is well."""
    begin = time.perf_counter()
    notebook = jupytext.read(path)
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": FOLDER}})
    try:
        client.execute()
    except CellExecutionError as error:
        return f"{path.name}: {error}", False
    finally:
        if html is not None:
            from nbconvert import HTMLExporter

            body, _ = HTMLExporter().from_notebook_node(notebook)
            (html / f"{path.stem}.html").write_text(body, encoding="utf-8")
    seconds = time.perf_counter() - begin
    return f"{path.name}: {len(notebook.cells)} cells ran in {seconds:.1f} s", True


def main() -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--html", type=Path)
    given = parser.parse_args()
    if given.html is not None:
        given.html.mkdir(parents=True, exist_ok=True)
    paths = given.notebooks or sorted(FOLDER.glob("*.py"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(lambda path: run(path, given.html), paths))
    for told, well in done:
        (sys.stdout if well else sys.stderr).write(f"{told}\n")
    return 0 if all(well for _, well in done) else 1


if __name__ == "__main__":
    sys.exit(main())
