"""Run notebooks/county_template.py for one county: its notebook with outputs, and a web page.

The page loads nothing: it is read where there is no network. ``lifecircle assess CONFIG`` gives the
same figures without a notebook.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError

from lifecircle import read_config
from lifecircle.errors import LifecircleError

TEMPLATE = Path(__file__).parents[1] / "notebooks" / "county_template.py"
# What a page would load from elsewhere; the maps keep theirs, each in a frame of its own.
_SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)


def run(config: Path, out: Path, parameters: dict[str, Any]) -> list[Path]:
    """Run the template for one county.

    Parameters
    ----------
    config
        The county's file.
    out
        Folder; it is made where it is missing.
    parameters
        Further parameters of the template: ``standard``, ``profile``, ``scenario``, ``out``.

    Returns
    -------
    list of Path
        ``NAME.ipynb`` and ``NAME.html``, called as the county is.
    """
    name = read_config(config).name  # a file that is wrong says so before any kernel starts
    out.mkdir(parents=True, exist_ok=True)
    notebook, page = out / f"{name}.ipynb", out / f"{name}.html"
    bare = out / f".{name}.bare.ipynb"
    jupytext.write(jupytext.read(TEMPLATE), bare)
    try:
        papermill.execute_notebook(
            str(bare),
            str(notebook),
            parameters={"config": str(config.resolve()), **parameters},
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
        )
    finally:
        bare.unlink()
    body, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    page.write_text(_SCRIPTS.sub("", body), encoding="utf-8")
    return [notebook, page]


def main() -> int:
    """Run it as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, help="the county's TOML file")
    parser.add_argument("--out", type=Path, default=Path("out/notebooks"))
    parser.add_argument("--standard", default="", help="standard to judge by, if another")
    parser.add_argument("--profile", default="", help="how people move, if otherwise")
    parser.add_argument("--scenario", default="", help="TOML file of what is to be otherwise")
    parser.add_argument("--results", default="", help="folder for map, workbook, report, layers")
    given = parser.parse_args()
    paths = {"scenario": given.scenario, "out": given.results}
    parameters = {
        "standard": given.standard,
        "profile": given.profile,
        **{name: str(Path(path).resolve()) if path else "" for name, path in paths.items()},
    }
    try:
        written = run(given.config, given.out, parameters)
    except (LifecircleError, PapermillExecutionError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
