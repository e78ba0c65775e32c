"""The papers and the packaging say the same as the code."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import AliasChoices, BaseModel

import lifecircle
from lifecircle.cli import app
from lifecircle.config import CountyConfig, Ledger, read_config
from lifecircle.render.writing import OUTPUTS
from lifecircle.scenario import read_scenario, with_scenario
from lifecircle.sources.osm import read_osm
from lifecircle.standards import RequirementGroup, Size, read_standard, standard_names

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
PAPERS = (*READMES, "CONTRIBUTING.md")
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
    assert "`standards.csv`" in text(name)


def test_both_readmes_explain_the_same_outputs_and_columns():
    english, chinese = (re.findall(r"^\| (`.+?`) \|", text(name), re.MULTILINE) for name in READMES)
    assert [row.replace("`、`", "`, `") for row in chinese] == english
    assert len(english) > len(OUTPUTS)


@pytest.mark.parametrize("name", READMES)
def test_the_county_file_of_the_readme_is_valid(name):
    block, _ = blocks(name, "toml")
    county = CountyConfig.model_validate(tomllib.loads(block))
    standard = read_standard(county.standard)
    assert "market" in standard.kinds
    assert "retail" in standard.wider("market")
    assert [r.limit for r in standard.for_circle("daily_10")] == [10.0]
    assert "telecom" in standard.excluded
    assert set(county.standard.targets) <= {target.key for target in standard.targets}
    assert set(county.standard.priorities) <= set(standard.priorities)
    assert set(county.facilities.words.values()) <= {*standard.known, ""}


def parts(annotation):
    """The models that an annotation names, however deep: in tuples, mappings, unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for inner in get_args(annotation) for model in parts(inner)}


def models(model):
    """A part of the county file, and every part inside it."""
    found, new = set(), {model}
    while new:
        found |= new
        fields = [field for part in new for field in part.model_fields.values()]
        new = {inner for field in fields for inner in parts(field.annotation)} - found
    return found


def keys(model):
    """Every key that a part of the county file knows, other names of it, and those inside it."""
    found = set()
    for part in models(model):
        for name, field in part.model_fields.items():
            other = field.validation_alias
            found |= {name, *(other.choices if isinstance(other, AliasChoices) else ())}
    return found


@pytest.mark.parametrize("name", READMES)
def test_the_county_file_of_the_readme_shows_every_key(name):
    block, _ = blocks(name, "toml")
    assert {Ledger, RequirementGroup, Size} <= models(CountyConfig)
    known = keys(CountyConfig)
    assert {"adcode", "overlaps", "islet_detour_m", "community_share", "layer", "sheet"} <= known
    assert {"datum", "columns", "header", "words", "ledgers", "floor_m2", "land_m2"} <= known
    missing = [key for key in sorted(known) if not re.search(rf"\b{key}\b", block)]
    assert missing == []  # the other end of minimum


def test_both_readmes_show_the_same_county_and_the_same_scenario():
    english, chinese = (list(map(tomllib.loads, blocks(name, "toml"))) for name in READMES)
    assert english == chinese


def test_the_scenario_of_the_readme_changes_the_demo(tmp_path):
    file = tmp_path / "scenario.toml"
    file.write_text(blocks("README.md", "toml")[1], encoding="utf-8")
    scenario = read_scenario(file)
    demo = read_config(ROOT / "data/liechtenstein/county.toml")
    assert with_scenario(demo, scenario).walk.metres_per_minute == 60.0
    extract = read_osm(demo.roads.osm.path, kinds=read_standard().kinds)
    assert scenario.facilities.close[0].id in extract.facilities.index


def commands(name):
    """The commands of lifecircle in a paper's shell blocks, without remarks."""
    lines = "".join(blocks(name, "sh")).splitlines()
    return [line.partition(" #")[0].rstrip() for line in lines if line.startswith("lifecircle ")]


def test_both_readmes_show_the_same_commands():
    english, chinese = (commands(name) for name in READMES)
    assert english == chinese


def test_the_commands_of_the_readmes_are_those_of_the_command_line():
    shown = {command.split()[1] for command in commands("README.md")}
    assert shown == set(typer.main.get_command(app).commands)
    standards = {key for line in commands("README.md") for key in standard_names() if key in line}
    assert len(standards) > 1


@pytest.mark.parametrize("name", READMES)
def test_every_option_of_assess_and_check_is_explained(name):
    group = typer.main.get_command(app)
    for command in ("assess", "check", "scorecard"):
        options = [word for param in group.commands[command].params for word in param.opts]
        long = {word for word in options if word.startswith("--")}
        long -= {"--help", "--verbose", "--quiet"}  # shown by their letters
        assert [word for word in sorted(long) if word not in text(name)] == []


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


@pytest.mark.parametrize("name", [*PAPERS, "data/README.md"])
def test_links_lead_somewhere(name):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text(name))
    missing = [link for link in links if not ((ROOT / name).parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", PAPERS)
def test_files_of_the_repository_that_are_named_are_there(name):
    named = re.findall(r"\b((?:data|lifecircle|tests)/[\w/-]+\.(?:toml|py))\b", text(name))
    assert named
    assert name not in READMES or "data/shaoyang/suining.toml" in named
    folders = re.findall(r"`((?:data|lifecircle|tests)/[\w/-]+/)`", text(name))
    assert [path for path in sorted(set(named)) if not (ROOT / path).is_file()] == []
    assert [path for path in sorted(set(folders)) if not (ROOT / path).is_dir()] == []


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
    assert any(name.startswith("lifecircle/render/web/assets/") for name in names)
    assert any(name.startswith("lifecircle/render/web/templates/") for name in names)
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
