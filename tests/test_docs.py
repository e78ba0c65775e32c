"""What the documentation and the READMEs show runs, parses and exists; their pages load nothing."""

import doctest
import importlib.util
import re
import shlex
import sys
import tomllib
import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest
import typer
from markdown_it import MarkdownIt

import lifecircle
from lifecircle import tables
from lifecircle.checking import check_county
from lifecircle.cli import app
from lifecircle.config import CountyConfig, profiles, read_config
from lifecircle.measuring import read_county
from lifecircle.scenario import Scenario
from lifecircle.standards import read_standard, standard_names
from lifecircle.starting import start_county
from lifecircle.wanted import check_wanted

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    "README.md",
    "README.zh-CN.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in DOCS.rglob("*.md")),
]
SHELL = {"sh", "bat"}
NOT_OURS = {"text", "toml", "python", ""}


@cache
def blocks(page):
    """The fenced blocks of a page: language, content, line."""
    tokens = MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8"))
    fences = [token for token in tokens if token.type == "fence"]
    return [
        SimpleNamespace(language=t.info.strip(), text=t.content, line=t.map[0] + 1) for t in fences
    ]


def of(language):
    return [
        pytest.param(block.text, id=f"{page}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if block.language == language
    ]


def extension(name):
    """A module of docs/_ext, which is no package."""
    path = DOCS / "_ext" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"docs_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- what is shown ------------------------------------------------------------------------------


def test_only_known_languages_stand_in_blocks():
    known = {*SHELL, *NOT_OURS}
    odd = {b.language for page in PAGES for b in blocks(page) if not b.language.startswith("{")}
    assert odd - known == set()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.language == "python" for block in blocks(page))]
)
def test_python_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for block in blocks(page):
        if block.language == "python":
            with warnings.catch_warnings(action="ignore", category=UserWarning):
                exec(compile(block.text, f"{page}:{block.line}", "exec"), names)  # noqa: S102


WHOLE = {
    "name": "page",
    "zh": "某县",
    "en": "A county",
    "roads": {"osm": {"path": "roads.osm.pbf"}},
    "units": {"file": {"path": "units.gpkg"}},
    "population": {"totals": True},
}


@pytest.mark.parametrize("text", of("toml"))
def test_toml_is_a_scenario_or_a_part_of_a_county_file(text):
    given = tomllib.loads(text)
    if "zh" in given and "name" not in given:
        assert Scenario.model_validate(given).summary("zh")
        return
    county = CountyConfig.model_validate(given if "name" in given else WHOLE | given)
    check_wanted(county, read_standard(county.standard))


SCENARIOS = [
    shown
    for shown in of("toml")
    if "name" not in (told := tomllib.loads(shown.values[0])) and "zh" in told
]


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario_that_is_shown_can_be_applied_to_the_demo(text):
    demo = read_config(ROOT / "data/liechtenstein/county.toml")
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        reading = read_county(demo, scenario=Scenario.model_validate(tomllib.loads(text)))
    assert len(reading.network.segment_m) > 0


def command_lines():
    for page in PAGES:
        for block in blocks(page):
            if block.language in SHELL:
                for line in block.text.splitlines():
                    for part in re.split(r"&&", line.partition(" #")[0]):
                        if part.strip():
                            yield pytest.param(
                                part.strip(), id=f"{page}:{block.line}:{part.strip()}"
                            )


def parsed(line):
    """Parse a command of lifecircle as its command line does, without running it."""
    words = [word.strip("'") for word in shlex.split(line, posix=False)]
    group, (name, *rest) = typer.main.get_command(app), words[1:]
    if name.startswith("-"):
        return group.make_context("lifecircle", [name], resilient_parsing=True)
    command = group.commands[name]
    if rest and rest[0] in getattr(command, "commands", ()):
        command, rest = command.commands[rest[0]], rest[1:]
    return command.make_context(name, [word.strip('"') for word in rest])


@pytest.mark.parametrize("line", list(command_lines()))
def test_a_command_is_known_with_its_options_and_files(line):
    words = shlex.split(line, posix=False)
    program = re.split(r"[/\\]", words[0])[-1]
    for word in words[1:]:
        path = word.replace("\\", "/")
        if path.startswith(("data/", "benchmarks/", "tests/")):
            assert (ROOT / path).exists()
    if program == "lifecircle":
        assert parsed(line) is not None
    elif program == "python" and words[1].startswith("benchmarks/"):
        source = (ROOT / words[1]).read_text(encoding="utf-8")
        assert [w for w in words[2:] if w.startswith("--") and f'"{w}"' not in source] == []
    else:
        assert program in {"python", "python3", "py", "pip"}


@pytest.mark.parametrize(
    ("line", "told"),
    [("lifecircle assess x.toml --speed 3", "--speed"), ("lifecircle asses x.toml", "asses")],
)
def test_a_wrong_command_is_found(line, told):
    with pytest.raises(Exception, match=told):
        parsed(line)


# --- the tutorial -------------------------------------------------------------------------------


@pytest.fixture
def practice(tmp_path):
    """The practice county of the tutorial, its ten rows typed into the ledger of `init`."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    folder = tmp_path / "mycounty"
    start_county(str(tmp_path / "data/liechtenstein/units.geojson"), folder)
    ledger = folder / "设施台账.xlsx"
    book = openpyxl.load_workbook(ledger)
    sheet = book["填写"]
    heads = [cell.value for cell in sheet[1]]
    rows = pd.read_csv(DOCS / "tutorial/ledger.csv", dtype=str)
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        for head, value in zip(rows.columns, row, strict=True):
            sheet.cell(number, heads.index(head) + 1, value)
    book.save(ledger)
    text = (DOCS / "tutorial/county.toml").read_text(encoding="utf-8")
    (folder / "county.toml").write_text(text, encoding="utf-8")
    return folder / "county.toml"


def test_the_tutorial_finds_the_wrong_word_and_mends_it(practice):
    found = check_county(practice)
    assert not found.errors
    (odd,) = (fault for fault in found.faults if "幼稚园" in fault.what or "幼稚园" in fault.remedy)
    assert odd.rows == (11,)
    page = (DOCS / "tutorial/first-hour.md").read_text(encoding="utf-8")
    (words,) = (b.text for b in blocks("docs/tutorial/first-hour.md") if b.language == "toml")
    assert "第11行“幼稚园”" in page
    practice.write_text(f"{practice.read_text(encoding='utf-8')}\n{words}", encoding="utf-8")
    mended = check_county(practice)
    assert not any("幼稚园" in f"{fault.what} {fault.remedy}" for fault in mended.faults)


def test_the_ten_rows_of_the_tutorial_stand_in_osm_too(practice):
    text = (
        practice.read_text(encoding="utf-8") + '\n[facilities.words]\n"幼稚园" = "kindergarten"\n'
    )
    practice.write_text(text, encoding="utf-8")
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        county = lifecircle.measure(read_config(practice), drawn=False)
    assert len(county.merges) == 10  # as the tutorial says: counted once, as the ledger has them


# --- what is written from the code --------------------------------------------------------------


@pytest.fixture(scope="module")
def texts():
    return extension("texts")


def test_reference_holds_every_public_name_in_order(texts):
    text = texts.api_text()
    named = re.findall(r"^\.\. auto(?:function|class):: lifecircle\.(\w+)$", text, re.MULTILINE)
    assert named == list(lifecircle.__all__)
    assert set(texts.STAGES) <= set(lifecircle.__all__)


def test_reference_holds_every_command_and_option(texts):
    text = texts.cli_text()
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        part = text.partition(f"## lifecircle {name}\n")[2].partition("\n## ")[0]
        options = [word for param in command.params for word in param.opts if word.startswith("-")]
        assert part
        assert [word for word in options if f"`{word}`" not in part] == []
    assert "## lifecircle standards show\n" in text
    assert "`shaoyang-2025`" in text.partition("## lifecircle init\n")[2].partition("\n## ")[0]


def test_reference_holds_every_key_with_its_default(texts):
    text = texts.county_text()
    for place in ("[walk]", "[[siting]]", "[confidence]", "[reconcile.tolerance]", "[standard]"):
        assert f"\n## {place}\n" in text
    assert re.search(r"^\| `layer` `sheet` \| text ", text, re.MULTILINE)
    assert re.search(r"^\| `cell_m` \| number \| `100.0` \| Cell size", text, re.MULTILINE)
    assert "| `cache` | true, false | `true` |" in text
    assert "| `minutes` | array of number | `[5.0, 10.0, 15.0, 30.0]` |" in text
    assert " any |" not in text.replace("table of any |", "")
    assert "```toml\nname = " in texts.commented_text()
    for key in ("add", "close", "move", "line", "join_m", "speed_m_min"):
        assert f"| `{key}` |" in texts.scenario_text()


def test_every_key_of_a_file_has_a_meaning(texts):
    for text in (texts.county_text(), texts.scenario_text()):
        rows = re.findall(r"^\| (`.+?`) \| .+? \| .*? \| (.*) \|$", text, re.MULTILINE)
        assert len(rows) > 20
        assert [key for key, meaning in rows if not meaning.strip()] == []


def test_reference_holds_every_table(texts):
    text = texts.tables_text()
    schemas = [t for t in vars(tables).values() if isinstance(t, tables.Table)]
    assert len(schemas) > 10
    for schema in schemas:
        part = text.partition(f"## {schema.name}\n")[2].partition("\n## ")[0]
        assert [name for name in schema.columns if f"| `{name}` |" not in part] == []


def test_standards_page_shows_every_threshold_with_its_flag(texts):
    text = texts.standards_text()
    for name in standard_names():
        standard = read_standard(name)
        part = text.partition(f"(`{name}`)\n")[2].partition("\n## ")[0]
        for flag, words in texts.FLAG_WORDS.items():
            flagged = [r for r in standard.requirements if r.flag == flag]
            rows = re.findall(
                rf"^\| [^|]+ `\w+` \| [\d.]+ [^|]+ \| [^|]* \| {re.escape(words)} \|",
                part,
                re.MULTILINE,
            )
            assert len(rows) == len(flagged), (name, flag)
    assert [key for key in profiles() if f"`{key}`" not in texts.profiles_text()] == []


def test_every_notebook_is_listed_with_its_title(texts):
    listed = re.findall(
        r"^- `(notebooks/.+?)`：.*[\u4e00-\u9fff]", texts.notebooks_text(), re.MULTILINE
    )
    files = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/*.py"))
    assert listed == files != []


# --- how it is built ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chinese", "offline"])
def test_examples_of_the_extensions_run(name):
    found = doctest.testmod(extension(name))
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".html", '<link rel="stylesheet" href="https://fonts.example/css">'),
        (".html", '<script src="//cdn.example/x.js"></script>'),
        (".html", '<p style="background: url(http://a.example/b.png)">'),
        (".html", "<style>@import 'https://a.example/b.css';</style>"),
        (".css", "@import url(https://a.example/b.css);"),
        (".js", 'fetch("https://a.example/count")'),
    ],
)
def test_what_would_load_from_the_net_is_found(suffix, text, tmp_path):
    offline = extension("offline")
    assert offline.loads_from_net(text, suffix)
    (tmp_path / f"page{suffix}").write_text(text, encoding="utf-8")
    (found,) = offline.site_loads(tmp_path)
    assert found.startswith(f"page{suffix}: ")


def test_a_link_to_read_is_not_a_load():
    offline = extension("offline")
    told = '<a href="https://a.example">x</a><link rel="canonical" href="https://a.example/">'
    code = "<pre>@import url(https://a.example/b.css)</pre>"  # shown, not loaded
    assert offline.loads_from_net(f"{told}{code}<img src='_static/a.png'>", ".html") == []


def test_the_citation_names_the_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {lifecircle.__version__}\n" in text
    assert "\nlicense: MIT\n" in text


def test_links_between_pages_lead_somewhere():
    lost = [
        (page, link)
        for page in PAGES
        for link in re.findall(
            r"\]\((?!https?:)([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8")
        )
        if not ((ROOT / page).parent / link).exists()
    ]
    assert lost == []


def test_every_page_has_english_beside_chinese():
    for page in PAGES:
        if page.startswith(("docs/howto/", "docs/explanation/")) and not page.endswith("index.md"):
            assert "\n## In English\n" in (ROOT / page).read_text(encoding="utf-8"), page


@pytest.mark.browser
def test_a_query_is_cut_as_the_pages_are(browser):
    cut = extension("chinese").Bigrams({}).split
    page = browser.new_page()
    page.add_script_tag(content=(DOCS / "_static/bigrams.js").read_text(encoding="utf-8"))
    for query in ("生活圈", "15分钟 map_html 步行", "圈", "GCJ-02 坐标系"):
        assert page.evaluate("query => splitQuery(query)", query) == cut(query)
    page.close()
