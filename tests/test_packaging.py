"""The papers and the packaging say the same as the code."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from pydantic import BaseModel

import lifecircle
from lifecircle import config as county_file
from lifecircle.config import CountyConfig, Dataset
from lifecircle.render.writing import OUTPUTS
from lifecircle.standards import RequirementGroup, StandardChanges, read_standard

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
COMMANDS = (
    (
        "python3 -m venv .venv && .venv/bin/pip install . && "
        ".venv/bin/lifecircle assess data/liechtenstein/county.toml"
    ),
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest",
)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project():
    return tomllib.loads(text("pyproject.toml"))


def conda_names():
    """Split environment.yml into its conda and its pip requirements, without a YAML library."""
    body = text("environment.yml").partition("\ndependencies:\n")[2]
    entries = re.findall(r"^( +)- (\S+)$", body, re.MULTILINE)
    outer = min(len(indent) for indent, _ in entries)
    conda = [entry for indent, entry in entries if len(indent) == outer and entry != "pip:"]
    return conda, [entry for indent, entry in entries if len(indent) > outer]


def test_conda_environment_is_that_of_pyproject(project):
    conda, pip = conda_names()
    python = f"python{project['project']['requires-python']}"
    assert set(conda) >= {python, "pip"}
    assert sorted({*conda, *pip} - {python, "pip"}) == sorted(project["project"]["dependencies"])
    assert len({*conda, *pip}) == len(conda) + len(pip)


@pytest.mark.parametrize("name", READMES)
def test_both_commands_stand_in_both_readmes_to_the_letter(name):
    lines = text(name).splitlines()
    assert all(command in lines for command in COMMANDS)
    assert any(line.startswith(r".venv\Scripts\lifecircle assess data\l") for line in lines)


@pytest.mark.parametrize("name", READMES)
def test_every_output_is_explained(name):
    for output in OUTPUTS:
        assert f"| `{output}` |" in text(name)


@pytest.mark.parametrize("name", READMES)
def test_the_county_file_of_the_readme_is_valid(name):
    (block,) = blocks(name, "toml")
    county = CountyConfig.model_validate(tomllib.loads(block))
    standard = read_standard(county.standard)
    assert "market" in standard.kinds
    assert [r.limit for r in standard.for_circle("daily_10")] == [10.0]
    assert "telecom" in standard.excluded


def keys(model):
    """Every key that a part of the county file knows, and of the parts inside it."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        for name in re.findall(r"\w+", str(field.annotation)):
            part = getattr(county_file, name, None)
            if isinstance(part, type) and issubclass(part, BaseModel) and part is not model:
                found |= keys(part)
    return found


@pytest.mark.parametrize("name", READMES)
def test_the_county_file_of_the_readme_shows_every_key(name):
    (block,) = blocks(name, "toml")
    known = keys(CountyConfig) | set(StandardChanges.model_fields)
    known |= set(RequirementGroup.model_fields) | set(Dataset.model_fields)
    assert {"adcode", "overlaps", "islet_detour_m", "community_share", "layer"} <= known
    assert [key for key in sorted(known) if not re.search(rf"\b{key}\b", block)] == []


def test_both_readmes_show_the_same_county():
    english, chinese = (tomllib.loads(blocks(name, "toml")[0]) for name in READMES)
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_code_in_the_readmes_uses_public_names(name):
    pipeline = ("read_config", "assess", "WalkNetwork", "nearest_times", "travel_times")
    pipeline += ("isochrones", "coverage", "scores", "gaps", "coverage_map")
    places = (
        [text(name).index(word) for word in (f"`{w}`" for w in pipeline)] if "zh" in name else []
    )
    assert places == sorted(places)
    (block,) = blocks(name, "python")
    imported = [
        alias.name
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module == "lifecircle"
        for alias in node.names
    ]
    assert imported
    assert set(imported) <= set(lifecircle.__all__)
    if name == "README.md":
        assert imported == list(pipeline)


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "data/README.md"])
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name))
    missing = [link for link in links if not ((ROOT / name).parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", READMES)
def test_files_of_the_repository_that_are_named_are_there(name):
    named = re.findall(r"\b((?:data|lifecircle)/[\w/-]+\.(?:toml|py))\b", text(name))
    assert "data/shaoyang/suining.toml" in named
    assert [path for path in sorted(set(named)) if not (ROOT / path).is_file()] == []


def test_one_version_everywhere(project):
    version = project["project"]["version"]
    assert lifecircle.__version__ == version
    assert re.search(rf"^## \[{re.escape(version)}\]", text("CHANGELOG.md"), re.MULTILINE)


def test_the_licence_is_mit_and_keeps_the_data_apart(project):
    assert project["project"]["license"] == "MIT"
    assert project["project"]["license-files"] == ["LICENSE"]
    licence = text("LICENSE")
    assert licence.startswith("MIT License")
    assert "data/README.md" in licence


@pytest.mark.parametrize("name", [*READMES, "data/README.md"])
def test_openstreetmap_is_credited(name):
    assert "© OpenStreetMap contributors" in text(name)
    assert "ODbL 1.0" in text(name)


def test_the_demo_is_described():
    words = text("data/README.md")
    folder = ROOT / "data" / "liechtenstein"
    assert all(f"`{file.name}`" in words for file in folder.iterdir() if file.is_file())
    assert "3 August 2013" in words
    residents = [
        int(line.split(",")[-1])
        for line in text("data/liechtenstein/residents-2012.csv").split()[1:]
    ]
    assert f"{sum(residents):,}" in words


def test_the_wheel_carries_what_the_code_reads(project):
    # hatchling packs every file of the package that version control does not ignore.
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["lifecircle"]
    ignored = [line.rstrip("/") for line in text(".gitignore").split() if not line.startswith("#")]
    package = ROOT / "lifecircle"
    data = [
        path.relative_to(ROOT)
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}
    ]
    names = {path.as_posix() for path in data}
    assert {"lifecircle/py.typed", "lifecircle/standards/kinds.toml"} <= names
    assert any(name.startswith("lifecircle/render/assets/") for name in names)
    assert any(name.startswith("lifecircle/render/templates/") for name in names)
    lost = [p for p in data if any(fnmatch(part, rule) for part in p.parts for rule in ignored)]
    assert lost == []


def test_the_picture_of_the_house_is_the_contract(project):
    (contract,) = project["tool"]["importlinter"]["contracts"]
    floors = [[module.strip() for module in layer.split("|")] for layer in contract["layers"]]
    box = text("CONTRIBUTING.md").partition("┌")[2].partition("└")[0]
    drawn = [
        [word.strip().split("  ")[0] for word in line.strip(" │").split("│")]
        for line in box.splitlines()
        if line.startswith(" │")
    ]
    assert drawn == floors
