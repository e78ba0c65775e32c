"""What is told of faults: every sentence of the code in Chinese, the workbook, and the lines."""

import ast
import re
from itertools import product
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from minicounty import write_county
from test_cli import BAD
from test_ledger_faults import CSV, read

from lifecircle.checking import check_county
from lifecircle.datum import WGS84, doubts, parse_datum
from lifecircle.datum.question import DatumQuestion, Doubt
from lifecircle.errors import Fault, OutputError
from lifecircle.render.faults import (
    COLUMNS,
    fault_lines,
    fault_table,
    ledger_lines,
    write_faults,
)
from lifecircle.render.faultwords import _PLACE, catalogue, chinese, in_chinese

PACKAGE = Path(__file__).parents[1] / "lifecircle"
HOLE, PASSED = "\0", "\1"
MOST = 400  # templates that one expression may give
DEEP = 25

# --- the sentences of the code, by its syntax -------------------------------------------------


class Module:
    """A module's syntax, and what its names stand for as far as that is simple."""

    def __init__(self, name, path, modules):
        self.name, self.modules = name, modules
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(self.tree))
        self.functions = {n.name: n for n in nodes if isinstance(n, ast.FunctionDef)}
        self.imports = {
            alias.asname or alias.name: node.module
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        self.owner = {}
        self._own(self.tree, None)

    def _own(self, node, owner):
        self.owner[node] = owner
        for child in ast.iter_child_nodes(node):
            self._own(child, node if isinstance(node, ast.FunctionDef) else owner)

    def bound(self, name, owner):
        """Give what a name is bound to: expression, and path of indices into it (None: any)."""
        found = []
        for node in ast.walk(owner or self.tree):
            if owner is None and self.owner[node] is not None:
                continue
            pairs = []
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value, ()) for target in node.targets]
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                pairs = [(node.target, node.value, ())]
            elif isinstance(node, ast.For | ast.comprehension):
                pairs = [(node.target, node.iter, (None,))]
            for target, value, path in pairs:
                found += [(value, path + inner) for inner in binds(target, name)]
        return found

    def texts(self, node, seen=()):
        """Give the texts that an expression may give, with holes for what is not known."""
        if node in seen or len(seen) > DEEP:
            return [HOLE]
        seen = (*seen, node)
        found = [HOLE]
        match node:
            case ast.Constant(value=str() | int()) if not isinstance(node.value, bool):
                found = [str(node.value)]
            case ast.JoinedStr():
                found = joined([self.texts(part, seen) for part in node.values])
            case ast.FormattedValue(format_spec=None):
                found = self.texts(node.value, seen)
                if node.conversion == ord("r"):
                    found = [HOLE if HOLE in text else repr(text) for text in found]
            case ast.BinOp(op=ast.Add(), right=right) if not isinstance(right, ast.Constant):
                found = joined([self.texts(node.left, seen), self.texts(right, seen)])
            case ast.IfExp():
                found = [*self.texts(node.body, seen), *self.texts(node.orelse, seen)]
            case ast.BoolOp(op=ast.Or()):
                found = [text for value in node.values for text in self.texts(value, seen)]
            case ast.Name() | ast.Subscript() | ast.Call():
                found = self.at(node, (), seen)
        return list(dict.fromkeys(found)) or [HOLE]

    def at(self, node, path, seen=()):  # noqa: C901, PLR0911 (one case per kind of node)
        """Give the texts of what stands at a path within an expression."""
        if len(seen) > DEEP or (node, path) in seen:
            return [HOLE]
        here = (*seen, (node, path))
        match node:
            case ast.Name():
                return self._named(node, path, here)
            case ast.IfExp() if path:
                return [*self.at(node.body, path, here), *self.at(node.orelse, path, here)]
            case ast.Call(func=ast.Name(id=name)) if name != "first":
                return self._returned(name, path, here)
            case ast.Call(func=ast.Attribute(attr="items")) if path[1:2] == (1,):
                return self.at(node.func.value, (None, *path[2:]), here)
            case ast.Subscript(slice=index):
                key = index.value if isinstance(index, ast.Constant) else None
                return self.at(node.value, (key, *path), here)
            case ast.Call():
                return [HOLE]
            case _ if not path:
                return self.texts(node, seen)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                key, rest = path[0], path[1:]
                chosen = parts[key : key + 1] if isinstance(key, int) else parts
                return [text for part in chosen for text in self.at(part, rest, here)]
            case ast.Dict():
                return [text for part in node.values for text in self.at(part, path[1:], here)]
        return [HOLE]

    def _named(self, node, path, seen):
        owner = self.owner.get(node)
        bound = self.bound(node.id, owner) if owner else []
        if owner and not bound:
            arguments = [*owner.args.args, *owner.args.kwonlyargs]
            if node.id in {argument.arg for argument in arguments}:
                return [PASSED if node.id in {"what", "remedy"} else HOLE]
        module = self
        bound = bound or self.bound(node.id, None)
        if not bound and self.imports.get(node.id) in self.modules:
            module = self.modules[self.imports[node.id]]
            bound = module.bound(node.id, None)
        return [text for value, more in bound for text in module.at(value, more + path, seen)]

    def _returned(self, name, path, seen):
        module = self if name in self.functions else self.modules.get(self.imports.get(name))
        function = None if module is None else module.functions.get(name)
        if function is None:
            return [HOLE]
        given = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value and module.owner[node] is function
        ]
        texts = [text for value in given for text in module.at(value, path, seen)]
        return [text.replace(PASSED, HOLE) for text in texts]


def binds(target, name):
    if isinstance(target, ast.Name):
        return [()] if target.id == name else []
    parts = target.elts if isinstance(target, ast.Tuple) else []
    return [(i, *path) for i, part in enumerate(parts) for path in binds(part, name)]


def joined(options):
    texts = [""]
    for more in options:
        few = more if len(texts) * len(more) <= MOST else [HOLE]
        texts = [left + right for left, right in product(texts, few)]
    return texts


def wrappers(modules):
    """Give the functions that pass ``what`` and ``remedy`` on: module, positions, function."""
    found = {"Fault": [(None, 1, 2, None)]}
    for module in modules.values():
        for name, function in module.functions.items():
            names = [a.arg for a in function.args.args if a.arg != "self"]
            if {"what", "remedy"} <= set(names):
                place = (module, names.index("what"), names.index("remedy"), function)
                found.setdefault(name, []).append(place)
    return found


def sentences(modules):
    """Give every sentence of a fault or a warning, and where it stands."""
    known = wrappers(modules)
    for module in modules.values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            where = f"{module.name}:{node.lineno}"
            if name == "ValueError" and node.args:
                yield from ((text, where) for text in module.texts(node.args[0]))
            elif name == "warn" and isinstance(node.args[0], ast.JoinedStr):
                for text in module.texts(node.args[0]):
                    yield from ((part, where) for part in text.split("; ", 1))
            elif name in known:
                yield from ((text, where) for text in of_call(module, node, known[name]))


def of_call(module, node, options):
    receiver = getattr(getattr(node.func, "value", None), "id", "")
    if len(options) > 1:  # `Ledgered.fault` and `Grid.fault`
        options = [o for o in options if o[0].name.endswith("sheet") == (receiver == "grid")]
    owner, *places, function = options[0]
    wraps = [PASSED]
    if function is not None:
        calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
        wraps = [
            text
            for call in calls
            if getattr(call.func, "id", "") == "Fault"
            for text in owner.texts(call.args[1])
        ] or wraps
    flat = []
    for arg in node.args:
        starred = isinstance(arg, ast.Starred)
        flat += [(arg.value, (i,)) for i in range(2)] if starred else [(arg, None)]
    for place, around in zip(places, (wraps, [PASSED]), strict=True):
        if place < len(flat):
            value, path = flat[place]
            for text in module.texts(value) if path is None else module.at(value, path):
                yield from (wrap.replace(PASSED, text) for wrap in around)


def scanned():
    folders = ("sources", "datum", "standards", "config", "tables", "network", "siting", "scenario")
    paths = [path for name in folders for path in sorted((PACKAGE / name).glob("*.py"))]
    names = ("reading", "checking", "crs", "roadworks")
    modules = {}
    for path in [*paths, *(PACKAGE / f"{name}.py" for name in names)]:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        modules[name] = Module(name, path, modules)
    found = {}
    for text, where in sentences(modules):
        if PASSED not in text:
            found.setdefault(text, where)
    return found


SCANNED = scanned()
# Texts that come whole from elsewhere; the tests below hold what they can be.
OPAQUE = {
    HOLE,  # str(error) of a file, the question of a datum, what a warning says
    f"{HOLE}: {HOLE}",  # a key of the county file and what pydantic says
    f"target: {HOLE}",
    f"{HOLE} {HOLE}",
}
# What the scan cannot see through, and what these are in fact.
IN_FACT = {
    f"{HOLE} kind = {HOLE} is no kind": ["kind = 'x' is no kind"],
    f"has categories of no kind, which are left out: {HOLE}": [
        "类别 has categories of no kind, which are left out: 澡堂 (2)"
    ],
    f"no {HOLE}": ["no code", "no name", "no code and no name"],
    f"mixes {HOLE} and {HOLE}": ["mixes UTF-8 (lines 1, 2) and GBK (lines 3)"],
    # The scan also finds it in full.
    f"ask the natural resources bureau to convert it to CGCS2000, then {HOLE}": [],
    f"requirement names unknown circles {HOLE} differ only in case": [],
    f"requirement names unknown {HOLE}": [
        "requirement names unknown circle 'x'",
        "requirement names unknown kind 'x'",
    ],
}
# Programmers' faults, of calls rather than of a county's inputs.
NEVER_TOLD = {"a pass has no requirement that is not met", "no requirement decides this verdict"}
NEVER_TOLD |= {
    f"persons of cell {HOLE} are {HOLE}",
    f"a walk of {HOLE} s is beyond the cutoff",
    "leave out pairs beyond the cutoff",
    f"unknown objective {HOLE}",
}
# Why a file cannot be read in parts: it is then read whole, and nobody is told.
NEVER_TOLD |= {
    "no head of a blob",
    "no blob of OSM data",
    "cut short",
    "not sorted by type",
    "packed in another way",
    "of several types",
    "no field that PBF knows",
}
SAMPLE = "某某"


def sample(template):
    return template.replace(HOLE, SAMPLE)


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,;]+[A-Za-z]{2,}){2,}")
QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|（[^）]*）|pip install \S+|rio edit-info|\[[^\]]*\]")


def english_in(text):
    return ENGLISH.search(QUOTED.sub("", text))


def test_the_scan_sees_the_code():
    assert len(SCANNED) > 380
    for known in (
        "holds no row",
        f"{HOLE} is not a number",
        "degrees, not metres as declared",
        f"has no layer {HOLE}",
        'declare datum = "{key}" for this file',
        "units overlap",
        "give either file or adcode",
    ):
        assert known in SCANNED, known


def test_every_sentence_of_the_code_is_catalogued():
    missing = {
        text.replace(HOLE, "{}"): where
        for template, where in SCANNED.items()
        if template not in OPAQUE | NEVER_TOLD
        for text in IN_FACT.get(template, [sample(template)])
        if catalogue().find(text) is None
    }
    assert not missing


def test_no_english_is_left_in_the_catalogue():
    known = catalogue()
    told = [s.zh for s in (*known.sentences, *(f for fs in known.values.values() for f in fs))]
    told += [*known.remedies.values(), *known.words.values(), *known.places.values()]
    assert not [text for text in told if english_in(text)]
    assert all(s.en.isascii() or re.search(r"[°�一-鿿]", s.en) for s in known.sentences)


def test_places_of_both_languages_agree():
    known = catalogue()
    for entry in (*known.sentences, *(f for fs in known.values.values() for f in fs)):
        places = [name for name, _ in _PLACE.findall(entry.en)]
        assert len(set(places)) == len(places), entry
        assert {name for name, _ in _PLACE.findall(entry.zh)} <= set(places), entry
    assert set(known.values) - {"pairs"} <= {entry.en for entry in known.sentences}
    assert set(known.remedies) <= {entry.en for entry in known.sentences}


def test_no_two_patterns_match_the_same_literal_template():
    """Of two that match a sentence one is more literal, and does not match what the other says."""
    entries = catalogue().sentences
    skeletons = [_PLACE.sub(HOLE, entry.en) for entry in entries]
    assert len(set(skeletons)) == len(skeletons)
    for entry, skeleton in zip(entries, skeletons, strict=True):
        text = sample(skeleton)
        also = [other for other in entries if other.pattern.fullmatch(text)]
        literal = [len(_PLACE.sub("", other.en)) for other in also]
        assert also[0] is entry, (entry.en, also[0].en)
        assert literal.count(literal[0]) == 1, [other.en for other in also]


# --- sentences by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("床位数 is not a number", "“床位数”不是数字"),
        ("facility_id repeats", "“设施编号”重复"),
        ("has no sheet '甲'; its sheets: 乙, 丙", "没有工作表“甲”；现有工作表：乙、丙"),
        ("has no sheet '甲'; its sheets: none", "没有工作表“甲”；现有工作表：无"),
        ("two columns for name: 名称, 机构名称", "有不止一列可作“名称”：名称、机构名称"),
        ("no u in row 2 (e1), row 5 and 3 more", "缺少 u：第2行（e1）、第5行等，另有3处"),
        (
            "人口 is not a number: row 3 'a, b', row 4 'x'",
            "“人口”不是数字：第3行“a, b”、第4行“x”",
        ),
        ("use one of ['post', 'school']", "请从以下各项中选用：“post”、“school”"),
        (
            "write it as the units' file does; perhaps 枫木团村 for 枫木困村",
            "请与单元文件写法一致；可能是：“枫木困村”应为“枫木团村”",
        ),
        ("lacks a.shx and a.dbf", "缺少文件 a.shx 和 a.dbf"),
        ("lacks a.shx", "缺少文件 a.shx"),
        ("Point instead of a polygon", "图形是点，应为面"),
        ("columns that are not read: area, hours", "以下各列未读取：area、hours"),
        ("a.tif: has 3 bands", "a.tif：有 3 个波段"),
        ("units.file.path: is missing", "units.file.path：缺少该项"),
        ("walk.speed_kph: Input should be greater than 0", "walk.speed_kph：应大于 0"),
        ("mode: Input should be 'a', 'b' or 'c'", "mode：应为“a”或“b”或“c”"),
        (
            "roads: give a raster, or totals = true",
            "roads：请写明人口栅格（raster），或写 totals = true",
        ),
        ("x: Value error, minimum is above maximum", "x：最小值大于最大值"),
        ("x: no sentence of ours", "x: no sentence of ours"),
        ("'utf-8' codec can't decode byte 0xff in position 0: bad", "不是 UTF-8 编码的文本"),
    ],
)
def test_sentences(en, zh):
    assert chinese(en) == zh


def test_values_in_the_codes_own_words():
    told = in_chinese(
        Fault("a", "units overlap", "mend the polygons", rows=(1,), values=(
            "甲 and 乙 share 1.1e+03 km2 (10% of the smaller)",))
    )  # fmt: skip
    assert told.values == ("甲与乙重叠 1.1e+03 平方公里（占较小者的 10%）",)
    kept = in_chinese(Fault("a", "unknown name", "x", rows=(1,), values=("甲 for 乙",)))
    assert kept.values == ("甲 for 乙",)


def test_questions_about_a_datum_say_what_their_own_chinese_says():
    gcj = parse_datum("gcj02")
    asked = DatumQuestion(WGS84, gcj, 412.4, 8.2, 50, 49)
    assert chinese(asked.en) == asked.zh
    rows = pd.RangeIndex(3).to_numpy()
    zone = parse_datum("cgcs2000-gk-111")
    made = [
        Doubt(reason, rows) for reason in ("swapped", "packed", "six", "zero", "outside", "metres")
    ]
    made += [Doubt("metres", rows, zone), Doubt("degrees", rows, zone), Doubt("zero", rows[:1])]
    made += doubts([26.6], [110.1], None, (109.8, 26.2, 110.6, 27.1))[1]
    for doubt in made:
        assert chinese(doubt.en) == doubt.zh


# --- no English comes out of real faults ------------------------------------------------------


def leftovers(faults):
    told = [in_chinese(fault) for fault in faults]
    return [text for t in told for text in (t.what, t.remedy) if english_in(text)]


@pytest.mark.parametrize("case", CSV, ids=[case[0] for case in CSV])
def test_malformed_ledgers_are_told_in_chinese(tmp_path, case):
    path = tmp_path / "台账.csv"
    path.write_bytes(case[1])
    _, faults = read(path, **case[2])
    assert not leftovers(faults)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning:pyogrio")
@pytest.mark.parametrize("case", BAD)
def test_bad_counties_are_told_in_chinese(tmp_path, case):
    write_county(tmp_path)
    BAD[case][0](tmp_path)
    found = check_county(tmp_path / "county.toml")
    assert not leftovers(found.faults), found.faults


# --- the table and the lines ------------------------------------------------------------------

LEDGER = "[facilities] files 邮政台账.xlsx"
FAULTS = (
    Fault("county.toml: [boundary]", "no area", "give polygons with an area", "warning"),
    Fault(
        LEDGER,
        "经度 is no coordinate",
        "give decimal degrees, such as 110.156",
        sheet="台账",
        column="经度",
        rows=(9, 4),
        values=("=1+1", "十里"),
    ),
    Fault("邮政台账.xlsx", "no coordinates", "give lon and lat", rows=(12,)),
    Fault("[standard.kinds.x]", "a word of nobody", "none", "warning"),
)


def test_table_of_faults_by_hand():
    table = fault_table(FAULTS)
    assert tuple(table.columns) == COLUMNS
    assert table["severity"].tolist() == ["error"] * 3 + ["warning"] * 2
    assert table["file"].tolist()[:4] == ["邮政台账.xlsx"] * 3 + ["county.toml"]
    assert table["place"].tolist() == ["[facilities] files"] * 2 + ["", "[boundary]", ""]
    assert table["file"].iloc[4] == "[standard.kinds.x]"
    assert table["row"].tolist() == [4, 9, 12, pd.NA, pd.NA]
    assert table["value"].tolist() == ["十里", "=1+1", "", "", ""]
    assert table["what"].iloc[0] == "“经度”不是坐标"
    assert fault_table([]).empty


@pytest.mark.parametrize(
    ("where", "file", "place"),
    [
        ("[units] file 社区 2024.gpkg", "社区 2024.gpkg", "[units] file"),
        ("[facilities] files 长铺镇/设施.csv", "长铺镇/设施.csv", "[facilities] files"),
        ("[facilities] files /data/设施.csv", "设施.csv", "[facilities] files"),
        ("/data/绥宁/county.toml", "county.toml", ""),
        ("C:\\台账\\a.xlsx", "a.xlsx", ""),
        ("/data/county.toml: [standard]", "county.toml", "[standard]"),
        ("[boundary] adcode 430527", "[boundary] adcode 430527", ""),
        ("area", "本县范围", ""),
        ("[facilities] files", "设施台账", ""),
    ],
)
def test_a_file_goes_by_its_own_name(where, file, place):
    table = fault_table([Fault(where, "no area", "x")])
    assert (table["file"].iloc[0], table["place"].iloc[0]) == (file, place)


def test_lines_in_both_languages():
    rows = tuple(range(2, 9))
    fault = Fault("a.csv", "类别 is empty", "say what the facility is", column="类别", rows=rows)
    doubt = Fault(
        "a.csv", "no coordinates", "give lon and lat", "warning", rows=(3,), values=("x",)
    )
    assert fault_lines([doubt, fault]) == [
        "错误：a.csv，类别：“类别”为空：第2行，第3行，第4行，第5行，第6行等，另有2行。请填写设施类别",
        "提醒：a.csv：没有坐标：第3行“x”。请填写经度和纬度",
        "共 1 个错误，1 个提醒",
    ]
    assert fault_lines([doubt, fault], lang="en", warnings=False) == [
        (
            "error: a.csv, 类别: 类别 is empty: row 2, row 3, row 4, row 5, row 6 and 2 more "
            "-> say what the facility is"
        ),
        "1 error, 1 warning",
    ]
    assert fault_lines([], lang="en") == ["0 errors, 0 warnings"]


def test_lines_of_ledgers():
    ledgers = pd.DataFrame(
        {
            "file": ["a.csv", "b.xlsx"],
            "of": ["facilities", "units"],
            "rows": [3, 5],
            "columns": ["name = 全称, beds = 床位", "unit_id = 编码"],
        }
    )
    unmapped = pd.DataFrame({"file": ["a.csv"], "word": ["奶茶"], "count": [2]})
    assert ledger_lines(ledgers, unmapped) == [
        "a.csv：采用 3 条设施；各列读作：名称←全称，床位数←床位",
        "b.xlsx：社区（村）台账，共 5 行；各列读作：编码←编码",
        "a.csv：类别“奶茶”（2 条）不在类别表中，未采用",
    ]
    assert ledger_lines(ledgers, unmapped, lang="en")[0].endswith("name = 全称, beds = 床位")


# --- the workbook -----------------------------------------------------------------------------


def cells(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_workbook_by_hand(tmp_path):
    path = write_faults(FAULTS, tmp_path / "新" / "faults.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["汇总", "问题清单"]
    summary = cells(book["汇总"])
    assert summary[0][0] == "数据检查结果"
    assert summary[2] == ["文件", "错误", "提醒"]
    assert summary[3] == ["邮政台账.xlsx", 3, 0]
    assert summary[6] == ["合计", 3, 2]
    sheet = book["问题清单"]
    head, *rows = cells(sheet)
    assert head[:5] == ["级别", "文件", "工作表", "行号", "列名"]
    assert head[5:] == ["填写内容", "问题", "修改办法", "配置文件中的位置"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:I{len(rows) + 1}"
    assert [row[0] for row in rows] == ["错误"] * 3 + ["提醒"] * 2
    assert [row[3] for row in rows] == [4, 9, 12, None, None]
    assert rows[1][5] == "=1+1"
    assert sheet["F3"].data_type == "s"
    assert rows[0][6:8] == ["“经度”不是坐标", "请填十进制度，如 110.156"]


def test_the_workbook_is_made_to_be_read_and_printed(tmp_path):
    book = openpyxl.load_workbook(write_faults(FAULTS, tmp_path / "faults.xlsx"))
    sheet = book["问题清单"]
    assert all(sheet.cell(2, column).alignment.wrap_text for column in range(1, 10))
    assert sheet["A1"].fill.fgColor.rgb == "FF1F4E79"
    assert sheet["A2"].fill.fgColor.rgb != sheet["A5"].fill.fgColor.rgb
    assert sheet["A2"].font.name == "微软雅黑"
    for column in "GH":
        assert sheet.column_dimensions[column].width >= 40
    for page in book:
        assert page.page_setup.orientation == "landscape"
        assert page.page_setup.fitToHeight == 0
        assert page.print_title_rows


def test_words_of_a_ledger_never_set_the_look(tmp_path):
    fault = Fault("a.csv", "x", "y", rows=(2, 3), values=("错误", "head"))
    sheet = openpyxl.load_workbook(write_faults([fault], tmp_path / "a.xlsx"))["问题清单"]
    assert {sheet["F2"].fill.fill_type, sheet["F3"].fill.fill_type} == {None}


def test_a_value_that_looks_like_markup_leaves_the_workbook_whole(tmp_path):
    fault = Fault(
        "a.csv", "is no number", "give a number", column="面积", rows=(2,), values=("<r><b></r>",)
    )
    sheet = openpyxl.load_workbook(write_faults([fault], tmp_path / "a.xlsx"))["问题清单"]
    assert "<r><b></r>" in [str(cell.value).strip() for cell in sheet[2]]


def test_nothing_found_and_very_much_found(tmp_path):
    book = openpyxl.load_workbook(write_faults([], tmp_path / "none.xlsx"))
    assert "没有发现问题。" in [row[0] for row in cells(book["汇总"])]
    rows = tuple(range(2, 100_002))
    long = Fault(LEDGER, "no coordinates", "give lon and lat", rows=rows, values=("长" * 40_000,) + ("",) * 99_999)  # fmt: skip  # noqa: E501
    book = openpyxl.load_workbook(write_faults([long], tmp_path / "many.xlsx"), read_only=True)
    told = list(book["问题清单"].iter_rows(values_only=True))
    assert len(told) == 100_001
    assert told[-1][3] == 100_001
    assert len(told[1][5]) == 32_767


def test_a_wrong_ending_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"name it \.xlsx\n.*请将文件名的后缀改为 \.xlsx"):
        write_faults(FAULTS, tmp_path / "faults.csv")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot be written[^\n]*\n.*无法写入，请关闭"):
        write_faults(FAULTS, tmp_path / "file" / "faults.xlsx")


def test_a_file_held_open_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "faults.xlsx"
    path.write_bytes(b"before")

    def held(*_):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(OutputError, match="close it in other programs"):
        write_faults(FAULTS, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
