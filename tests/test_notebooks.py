"""Notebooks: Chinese first, no functions, public names only, short; one runs for any county."""

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import typer
from minicounty import write_county

import lifecircle
from lifecircle import assess, read_config
from lifecircle.cli import app
from lifecircle.render.tables.sheets import coverage_table

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
LESSONS = [path for path in NOTEBOOKS if path.stem[0].isdigit()]
SCRIPT = ROOT / "scripts" / "run_county_notebook.py"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def cells(path):
    """Kind and source of each cell, as jupytext reads the percent format."""
    text = path.read_text(encoding="utf-8")
    _, *parts = re.split(r"^# %%(.*)$", text, flags=re.MULTILINE)
    for mark, source in zip(parts[::2], parts[1::2], strict=True):
        if mark.strip() == "[markdown]":
            lines = [
                line.removeprefix("#").removeprefix(" ") for line in source.strip().split("\n")
            ]
            yield "markdown", "\n".join(lines)
        else:
            yield "code", source.strip()


def code(path):
    return "\n".join(source for kind, source in cells(path) if kind == "code")


def test_nine_lessons_and_one_with_parameters():
    assert [path.stem[:2] for path in LESSONS] == [f"{n:02d}" for n in range(1, 10)]
    assert [path.name for path in NOTEBOOKS if path not in LESSONS] == ["county_template.py"]
    for path in LESSONS:
        _, first = next(cells(path))
        assert first.startswith(f"# {path.stem[:2]} ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_opening_one_in_jupyter_makes_the_pair_and_no_output_is_kept(path):
    assert "#     formats: py:percent,ipynb\n" in path.read_text(encoding="utf-8")
    assert "notebooks/*.ipynb" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_saving_one_in_jupyter_changes_nothing_but_what_was_edited(path):
    jupytext = pytest.importorskip("jupytext")
    text = path.read_text(encoding="utf-8")
    assert jupytext.writes(jupytext.read(path), fmt="py:percent") == text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_function_is_defined_inside(path):
    banned = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [
        node.lineno for node in ast.walk(ast.parse(code(path))) if isinstance(node, banned)
    ] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_chinese_comes_first_and_short_english_beneath(path):
    texts = [source for kind, source in cells(path) if kind == "markdown"]
    assert texts
    for text in texts:
        paragraphs = re.split(r"\n\s*\n", text)
        chinese, english = "\n".join(paragraphs[:-1]), paragraphs[-1]
        assert CHINESE.search(chinese), text
        assert english.startswith("*"), text
        assert english.endswith("*"), text
        assert not english.startswith("**"), text
        assert len(CHINESE.findall(english)) < 8, text
        assert len(english.split()) < 60, text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_public_names_are_used(path):
    used = 0
    for node in ast.walk(ast.parse(code(path))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lifecircle"):
            public = importlib.import_module(node.module).__all__
            assert {alias.name for alias in node.names} <= set(public)
            used += len(node.names)
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("lifecircle") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), node.attr
    assert used


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_is_read_in_five_minutes(path):
    # 300 characters of Chinese a minute, and 2 seconds for a line of code.
    text = sum(len(CHINESE.findall(source)) for kind, source in cells(path) if kind == "markdown")
    lines = len([line for line in code(path).splitlines() if line.strip()])
    assert text / 300 + lines * 2 / 60 < 5


def test_commands_that_they_name_are_there():
    known = typer.main.get_command(app).commands
    named = [
        (path.name, name)
        for path in NOTEBOOKS
        for kind, source in cells(path)
        if kind == "markdown"
        for name in re.findall(r"`lifecircle ([a-z]+)", source)
    ]
    assert {name for _, name in named} >= {"assess", "check", "batch", "compare", "site", "supply"}
    assert [each for each in named if each[1] not in known] == []


def test_what_they_read_is_shipped():
    for path in NOTEBOOKS:
        for name in re.findall(r'"(\.\./[^"]+)"', code(path)):
            assert (FOLDER / name).exists(), (path.name, name)


def test_the_extra_installs_what_they_import():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = " ".join(project["optional-dependencies"]["notebooks"])
    known = " ".join([extra, *project["dependencies"]])
    shipped = {"lifecircle", "IPython", *sys.stdlib_module_names}
    for path in [*NOTEBOOKS, SCRIPT, SCRIPT.with_name("run_notebooks.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            roots = {name.split(".")[0] for name in names} - shipped
            assert [name for name in roots if name not in known and name != "nbformat"] == []


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    for name in ("papermill", "jupytext", "nbconvert", "ipykernel"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("mini")
    config = write_county(folder)
    out, results = folder / "notebooks", folder / "results"
    words = [config, "--out", out, "--results", results]
    process = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == [str(out / "mini.ipynb"), str(out / "mini.html")]
    assert sorted(path.name for path in out.iterdir()) == ["mini.html", "mini.ipynb"]
    return config, out, results


def test_the_parameters_are_those_that_were_given(ran):
    config, out, results = ran
    notebook = json.loads((out / "mini.ipynb").read_text(encoding="utf-8"))
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"]]
    at = tags.index(["injected-parameters"])
    assert tags[at - 1] == ["parameters"]
    told = "".join(notebook["cells"][at]["source"])
    given = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(told).body}
    assert given["config"] == str(config.resolve())
    assert given["out"] == str(results.resolve())
    kinds = {out["output_type"] for cell in notebook["cells"] for out in cell.get("outputs", [])}
    assert "error" not in kinds
    assert "stream" not in kinds  # no warning of Python, no line of a progress bar


def test_its_figures_are_those_of_the_command(ran):
    config, _, results = ran
    again = coverage_table(assess(read_config(config)))
    written = pd.read_csv(results / "coverage.csv", encoding="utf-8-sig")
    assert written["kind"].tolist() == again["kind"].tolist()
    assert again["share"].notna().any()
    for column in ("covered", "share"):
        assert written[column].tolist() == pytest.approx(
            again[column].tolist(), abs=1e-6, nan_ok=True
        )


def test_the_page_loads_nothing(ran):
    _, out, _ = ran
    page = (out / "mini.html").read_text(encoding="utf-8")
    assert "<script" not in page  # the map's own are text of its frame
    assert not re.search(r"<link[^>]+href=|<img[^>]+src=\"http", page)
    assert "合成县" in page
    assert "srcdoc=" in page


def test_a_county_that_is_wrong_is_told_before_any_kernel_starts(tmp_path):
    pytest.importorskip("papermill")
    pytest.importorskip("jupytext")
    config = write_county(tmp_path)
    config.write_text("name = 3", encoding="utf-8")
    process = subprocess.run(
        [sys.executable, SCRIPT, str(config), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert "county.toml" in process.stderr
    assert not (tmp_path / "out").exists()


def test_what_notebooks_need_is_public():
    assert {"show_progress", "readable_table", "difference_map"} <= set(lifecircle.__all__)
