"""What columns and cells of ledgers mean: names, units, hours, years, states, categories."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.sources.attributes import (
    Ledgered,
    read_capacity,
    read_hours,
    read_numbers,
    read_status,
    read_years,
)
from lifecircle.sources.categories import read_kinds
from lifecircle.sources.fields import (
    field_table,
    fields_of,
    known_names,
    normal_name,
    not_read,
    recognise,
    scale_of,
    unit_of,
)
from lifecircle.sources.hours import hours_per_day
from lifecircle.standards import shared_kinds
from lifecircle.tables import FACILITIES, FACILITY_STATUS, UNIT_ATTRIBUTES, UNITS


def ledger(**columns):
    """Make a ledger whose columns are named after their fields."""
    table = pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in columns.items()})
    table.index = pd.RangeIndex(2, len(table) + 2, name="row")
    return Ledgered(table, {name: name for name in columns}, "a.csv")


def test_every_column_of_the_tables_has_its_field():
    declared = {"source"}  # it comes from the county file
    assert set(FACILITIES.columns) - declared <= set(fields_of("facilities"))
    assert {"unit_id", "name", "setting", "residents", *UNIT_ATTRIBUTES} <= set(fields_of("units"))
    assert set(fields_of("units")) - {"unit_id"} <= set(UNITS.columns)


@pytest.mark.parametrize("table", ["facilities", "units"])
def test_no_name_means_two_fields(table):
    names = [name for field in fields_of(table).values() for name in field.names]
    assert len(names) == len(set(names))
    assert all(name == normal_name(name) for name in names)


@pytest.mark.parametrize("table", ["facilities", "units"])
def test_a_template_is_read_back(table):
    listed = field_table(table)
    assert listed.columns.tolist() == ["field", "zh", "help_zh", "example", "required"]
    assert listed["help_zh"].str.len().min() > 0
    fields, faults = recognise(listed["zh"], table, {}, "a.xlsx")
    assert not faults
    assert list(fields) == listed["field"].tolist()
    assert recognise(listed["field"], table, {}, "a.xlsx") == (
        dict(zip(listed["field"], listed["field"], strict=True)),
        [],
    )


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("名称", "name"),
        ("机构名称", "name"),
        (" 名 称 ", "name"),
        ("*类别（必填）", "kind"),
        ("设施类型", "kind"),
        ("category", "kind"),
        ("经度", "lon"),
        ("经度(WGS84)", "lon"),
        ("LNG", "lon"),
        ("ｌｏｎ", "lon"),
        ("东经", "lon"),
        ("纬度°", None),
        ("纬度（度）", "lat"),
        ("经纬度", "lonlat"),
        ("坐标（经度,纬度）", "lonlat"),
        ("X坐标", "x"),
        ("横坐标", "east"),
        ("建筑面积（㎡）", "floor_m2"),
        ("面积平方米", "floor_m2"),
        ("建筑\n面积", "floor_m2"),
        ("Land Area (ha)", "land_m2"),
        ("床位数（张）", "beds"),
        ("托位数", "places"),
        ("开放时间", "hours"),
        ("建成年份", "year_built"),
        ("使用情况", "status"),
        ("产权单位", "owner"),
        ("详细地址", "address"),
        ("所属社区", "unit_id"),
        ("乡镇（街道）", "unit_id"),
        ("序号", None),
        ("备注", None),
        ("联系电话", None),
    ],
)
def test_names_of_columns(column, field):
    found, faults = recognise([column], "facilities", {}, "a.csv")
    assert found == ({} if field is None else {field: column})
    assert not faults


def test_a_weak_name_gives_way():
    assert recognise(["category", "kind"], "facilities", {}, "a")[0] == {
        "kind": "kind",
        "category": "category",
    }
    found, faults = recognise(["社区", "乡镇", "主管部门", "产权单位"], "facilities", {}, "a")
    assert found == {"unit_id": "社区", "owner": "产权单位"}
    assert not faults


def test_two_columns_for_one_field_are_asked_about_unless_one_is_declared():
    columns = ["建筑面积", "用房面积"]
    _, (fault,) = recognise(columns, "facilities", {}, "a.csv", "台账")
    assert str(fault) == (
        "a.csv [台账]: two columns for floor_m2: 建筑面积, 用房面积 -> "
        'say which: columns = { floor_m2 = "建筑面积" }'
    )
    mapping = {"floor_m2": "用房面积"}
    assert recognise(columns, "facilities", mapping, "a.csv") == (mapping, [])


def test_a_weak_name_that_gives_way_is_told():
    """Of two columns of beds, or of areas, one is read; what the other holds is not lost unseen."""
    columns = ["名称", "核定床位", "实有床位", "建筑面积", "使用面积（㎡）", "备注"]
    found, faults = recognise(columns, "facilities", {}, "a.csv")
    assert (found["beds"], found["floor_m2"], faults) == ("核定床位", "建筑面积", [])
    (fault,) = not_read(columns, found.values(), "a.csv", "", "floor_m2")
    assert fault.severity == "warning"
    assert fault.what == "columns that are not read: 实有床位, 使用面积（㎡）"


def test_a_wider_place_beside_the_nearest_is_no_loss():
    columns = ["社区", "乡镇", "地址", "位置", "名称", "简称"]
    found, _ = recognise(columns, "facilities", {}, "a.csv")
    assert found == {"name": "名称", "unit_id": "社区", "address": "地址"}
    assert not_read(columns, found.values(), "a.csv", "", "floor_m2") == []


def test_a_field_may_be_declared_not_to_be_read():
    assert recognise(["name", "owner"], "facilities", {"owner": ""}, "a")[0] == {"name": "name"}


def test_units_in_brackets_count():
    assert scale_of("占地（亩）", "facilities", "land_m2") == pytest.approx(666.667, abs=1e-3)
    assert scale_of("面积（万㎡）", "facilities", "floor_m2") == 10_000.0
    assert scale_of("人口（单位：万人）", "units", "residents") == 10_000.0
    assert scale_of("面积", "facilities", "floor_m2") == 1.0
    assert unit_of("服务能力（张）") == "张"
    assert unit_of("服务能力（必填）") is None


def test_a_unit_of_another_sort_is_refused_and_an_unknown_one_told():
    _, (wrong,) = recognise(["面积（人）"], "facilities", {}, "a")
    assert (wrong.severity, wrong.column) == ("error", "面积（人）")
    _, (odd,) = recognise(["面积（坪）"], "facilities", {}, "a")
    assert odd.severity == "warning"
    assert recognise(["面积（必填）", "床位（如 50）"], "facilities", {}, "a")[1] == []


@given(st.sampled_from(sorted(known_names())), st.sampled_from(["", " ", "*", "（必填）", "\n"]))
def test_trimmings_do_not_hide_a_name(name, trimming):
    assert normal_name(name + trimming) == name


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("50", 50.0),
        ("50张", 50.0),
        ("５０ 张", 50.0),
        ("1,200", 1200.0),
        ("12,345.5", 12345.5),
        ("约300", 300.0),
        ("300左右", 300.0),
        ("+7", 7.0),
        ("1.5万人", 15000.0),
        ("1e3", 1000.0),
        ("0", 0.0),
        *[(word, None) for word in ("不详", "-", "—", "/", "无", "N/A", " ")],
    ],
)
def test_numbers_with_what_stands_around_them(cell, number):
    numbers, _, faults = read_numbers(ledger(beds=[cell]), "beds")
    assert not faults
    assert numbers.iloc[0] == number or (number is None and np.isnan(numbers.iloc[0]))


@pytest.mark.parametrize(
    "cell",
    [
        "5O",
        "1,20",
        "1.2.3",
        "20-30",
        "50多",
        "inf",
        "1e309",
        "三十",
        "2019-05-01",
        "50㎡",
        "½",
        "12 个月",
    ],
)
def test_what_is_no_number_for_certain(cell):
    numbers, _, (fault,) = read_numbers(ledger(beds=["1", cell]), "beds")
    assert numbers.isna().tolist() == [False, True]
    assert (fault.what, fault.rows, fault.values) == ("beds is not a number", (3,), (cell,))


@pytest.mark.parametrize(
    ("column", "field", "unit"),
    [
        ("占地面积（亩）", "land_m2", " in 亩"),
        ("占地面积（公顷）", "land_m2", " in 公顷"),
        ("占地面积（㎡）", "land_m2", " in m2"),
        ("占地面积", "land_m2", " in 平方米"),
        ("容纳人数（万人）", "persons", " in 万人"),
        ("容纳人数", "persons", ""),
    ],
)
def test_a_number_is_asked_for_in_the_unit_of_its_column(column, field, unit):
    table = pd.DataFrame({column: ["1/2"]}, index=[2])
    _, _, (fault,) = read_numbers(Ledgered(table, {field: column}, "a.csv"), field)
    assert fault.remedy == f"give one plain number{unit}, or leave it empty"


@given(st.lists(st.floats(0, 1e12, allow_subnormal=False), min_size=1))
def test_numbers_come_back_as_they_were_written(values):
    numbers, _, faults = read_numbers(ledger(floor_m2=[repr(v) for v in values]), "floor_m2")
    assert not faults
    assert numbers.tolist() == values


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("08:00-17:30", 9.5),
        ("8:00—12:00，14:00—18:00", 8.0),
        ("8：00～20：00", 12.0),
        ("8时30分至17时30分", 9.0),
        ("8.30-17.30", 9.0),
        ("上午8:00-12:00 下午2:30-5:30", 7.0),
        ("上午8点半到12点", 3.5),
        ("早8晚5", 9.0),
        ("全天", 24.0),
        ("24小时", 24.0),
        ("24/7", 24.0),
        ("7*24小时", 24.0),
        ("0:00-24:00", 24.0),
        ("18:00-02:00", 8.0),
        ("每天8小时", 8.0),
        ("周一至周五8:30-17:00", 8.5),
        ("星期一至星期五：08:30-11:30；13:00-17:00", 7.0),
        ("周一、周三、周五 8:00-17:00", 9.0),
        ("周二至周日9:00-17:00（周一闭馆）", 8.0),
        ("工作日 8:30-12:00，14:30-17:30 节假日休息", 6.5),
        ("周一至周五 8:00-18:00；周末 9:00-12:00", (5 * 10 + 2 * 3) / 7),
        ("4月-10月 8:00-18:00；11月-3月 8:30-17:00", 9.25),
        ("Mo-Fr 08:00-18:00", 10.0),
        ("Mo-Fr 08:00-18:00; Sa 09:00-12:00; PH off", (5 * 10 + 3) / 6),
        ("Mon-Fri 8am-5pm", 9.0),
        *[
            (text, None)
            for text in (
                "8:00-5:30",
                "8:00-25:00",
                "9-17",
                "8",
                "每周40小时",
                "不定",
                "看情况",
                "8:00",
            )
        ],
    ],
)
def test_hours_a_day(text, hours):
    assert_hours(text, hours)


def assert_hours(text, hours):
    (read,) = hours_per_day(pd.Series([text]))
    assert read == pytest.approx(hours) if hours is not None else np.isnan(read)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        # Days that touch the times or a colon: five days of 9 h, and what Saturday adds.
        ("周一至周五8:00-17:00，周六9:00-12:00", (5 * 9 + 3) / 6),
        ("周一至周五 8:00-17:00，周六 9:00-12:00", (5 * 9 + 3) / 6),
        ("周一至周五：8:00-17:00；周六：9:00-12:00", (5 * 9 + 3) / 6),
        ("周1-5：8:00-17:00；周6：9:00-12:00", (5 * 9 + 3) / 6),
        ("周1至周5 8:00-17:00，周6、7 9:00-12:00", (5 * 9 + 2 * 3) / 7),
        ("周一-周五8:00-17:00，周六日9:00-12:00", (5 * 9 + 2 * 3) / 7),
        ("周一至周五8:00-17:00 周六、周日9:00-12:00", (5 * 9 + 2 * 3) / 7),
        ("周一至五8:00-17:00，周六天9:00-12:00", None),
        ("周一至周三、五8:00-17:00，周六9:00-12:00", (4 * 9 + 3) / 5),
        ("周二四六8:00-12:00，周日8:00-10:00", (3 * 4 + 2) / 4),
        ("星期五至星期一8:00-12:00，星期二8:00-10:00", (4 * 4 + 2) / 5),
        ("每周五天，8:00-17:00", 9.0),
        ("每周五天8:00-17:00，周六9:00-12:00", None),
        ("一至五8:00-17:00，六9:00-18:00", None),
        ("周1-58:00-17:00", None),
        # The same days in two pieces, days that are told twice, days behind their hours.
        ("周一至周五上午8:00-12:00，周一至周五下午2:00-5:00", 7.0),
        ("周一至周日8:00-18:00；周六9:00-12:00", None),
        ("每天8:00-18:00，周六9:00-12:00", None),
        ("周一至周五8:00-12:00；14:00-17:00（周六）", None),
        ("8:00-17:00（周一至周五）", 9.0),
        ("8:00-17:00（周一至周五），9:00-12:00（周六）", None),
        # Days off.
        ("工作日8:00-17:00，周末9:00-12:00，周日休息", (5 * 9 + 3) / 6),
        ("周一休息，9:00-17:00", 8.0),
        ("9:00-17:00，闭馆日：周一", 8.0),
        ("9:00-17:00（周一全天闭馆）", 8.0),
        ("除周一外每天9:00-17:00", 8.0),
        ("周一至周五8:30-17:30（法定节假日除外）", 9.0),
        ("周一至周五8:30-17:30（除法定节假日外）", 9.0),
        ("9:00-17:00，周一上午闭馆", None),
        ("8:00-17:00，暂停开放", None),
        ("全年无休 8:00-18:00", 10.0),
        # Seasons weigh the same.
        ("夏季：周一至周五8:00-18:00，周六9:00-12:00；冬季：周一至周五8:00-17:00，周六9:00-12:00",
         ((5 * 10 + 3) / 6 + (5 * 9 + 3) / 6) / 2),
        ("冬季闭园，夏季8:00-18:00", 10.0),
        ("8:00-18:00，冬季8:00-17:00", None),
        ("周一至周五：夏季8:00-18:00，冬季8:00-17:00；周六9:00-12:00", None),
    ],
)  # fmt: skip
def test_hours_of_days(text, hours):
    assert_hours(text, hours)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        # A break comes off; one whose length is not told is not guessed.
        ("8:00-17:00（12:00-14:00午休）", 7.0),
        ("8:00-17:00（午休12:00-14:00）", 7.0),
        ("8:00-17:00（午休2小时）", 7.0),
        ("8:00-17:00 午休 12:00-14:00", 7.0),
        ("星期一至星期五 8:00-17:00，午休12:00-14:00", 7.0),
        ("8:00-17:00，中午12点至下午2点休息", 7.0),
        ("12:00-14:00休息，8:00-17:00", 7.0),
        ("Mo-Fr 08:00-17:00, closed 12:00-13:00", 8.0),
        ("8:00-18:00，中午休息2小时", 8.0),
        ("8:00-18:00，午休一个半小时", 8.5),
        ("8:00-18:00（午休90分钟）", 8.5),
        ("8:00-12:00，14:00-17:00（12:00-14:00午休）", 7.0),
        ("8:00-12:00 午休 14:00-17:00", 7.0),
        ("8:00-18:00（12:00-13:00午休，15:00-15:30休息）", 8.5),
        ("8:00-17:00，中午不休息", 9.0),
        ("周一至周五8:00-17:00（12:00-14:00午休），周六9:00-12:00", (5 * 7 + 3) / 6),
        ("周一至周五8:00-18:00，周六9:00-16:00，中午休息2小时", None),
        ("8:00-17:00，中午休息", None),
        ("8:00-17:00，午休11:00-18:00", None),
        ("8:00-17:00，16:00-18:00休息", None),
        ("8:00-12:00休息，14:00-17:00", None),
        ("8:00-17:00（中午不办公）", None),
        ("7小时（不含午休2小时）", None),
        # Spans that share time are not added up.
        ("8:00-12:00，10:00-14:00", 6.0),
        ("9:00-11:00，8:00-17:00", 9.0),
        ("13:00-15:00，12:00-17:00", 5.0),
        ("8:00-17:00（12:00-14:00）", None),
        ("8:00-17:00，每天9小时", 9.0),
        ("8:00-17:00，每天8小时", None),
        ("门诊8:00-17:00，急诊24小时", None),
        # Over midnight: as told, or where the afternoon cannot be meant.
        ("8:30-12:00，14:00-5:30", None),
        ("18:00-次日2:00", 8.0),
        ("8:00至次日2:00", 18.0),
        ("8:00—第二天凌晨2:00", 18.0),
        ("20:00-8:30（次日）", 12.5),
        ("8:00-次日8:00", 24.0),
        ("8:00-次日10:00", None),
        ("20:00-8:30", None),
        ("晚上7:00-2:00", 7.0),
        ("晚8点至早8点", 12.0),
        ("8:00-晚上12点", 16.0),
        ("8:00-晚上1点", None),
        ("14:00-0:00", 10.0),
        # All day.
        ("全天24小时", 24.0),
        ("24小时全天", 24.0),
        ("全天候24小时", 24.0),
        ("周一至周日全天24小时开放", 24.0),
        ("0:00-24:00（全天）", 24.0),
        ("全日制", None),
        ("12小时制", None),
        ("停车场24小时", 24.0),
        # Clocks.
        ("上午：8:00-12:00；下午：2:00-5:00", 7.0),
        ("八点半至十二点，下午两点至五点半", 7.0),
        ("八点三十至十七点三十", 9.0),
        ("周二十点至二十二点", None),
        ("8.5-17.5", None),
        ("12:00-14:00半小时", None),
        ("8:00-12:00或14:00-17:00", None),
        ("8:00-12:00，1:00-8:30", None),
        ("8:00-12:00，6:00-9:00", None),
    ],
)
def test_hours_of_spans(text, hours):
    assert_hours(text, hours)


@given(st.text(max_size=40) | st.text("周一至五日0123456789:-，、 全天小时上下午休次", max_size=30))
def test_hours_are_none_or_within_a_day(text):
    (read,) = hours_per_day(pd.Series([text], dtype="str"))
    assert np.isnan(read) or 0 < read <= 24


MINUTES = st.integers(0, 24 * 60)
SPANS = st.lists(
    st.tuples(MINUTES, MINUTES).map(sorted).filter(lambda span: span[0] < span[1]),
    min_size=1,
    max_size=5,
)


def written(spans, mark="-", apart="，"):
    times = [[f"{m // 60:02}:{m % 60:02}" for m in span] for span in spans]
    return apart.join(mark.join(span) for span in times)


def union_hours(spans):
    """Count the minutes that any span holds."""
    return len({minute for span in spans for minute in range(*span)}) / 60


@given(SPANS, st.sampled_from("-—至~"), st.sampled_from(["，", "、", "；", " "]))
def test_hours_are_the_union_of_the_spans(spans, mark, apart):
    (read,) = hours_per_day(pd.Series([written(spans, mark, apart)]))
    assert np.isnan(read) or read == pytest.approx(union_hours(spans))
    # Only what lies within another span, as breaks do, or goes back in time is left open.
    ahead = all(a[0] <= b[0] for a, b in pairwise(spans))
    inside = any(a[0] < b[0] and b[1] < a[1] for a, b in combinations(spans, 2))
    assert not (np.isnan(read) and ahead and not inside)


@given(SPANS, SPANS, st.integers(1, 6), st.sampled_from(["", " ", "：", ":"]))
def test_days_weigh_their_hours(first, second, days, touch):
    """Days 1 to n have the first spans, the others the second."""
    names = "一二三四五六日"
    early = f"周一至周{names[days - 1]}" if days > 1 else "周一"
    late = f"周{names[days]}至周日" if days < 6 else "周日"
    text = f"{early}{touch}{written(first)}；{late}{touch}{written(second)}"
    (read,) = hours_per_day(pd.Series([text]))
    mean = (days * union_hours(first) + (7 - days) * union_hours(second)) / 7
    assert np.isnan(read) or read == pytest.approx(mean)
    assert not (np.isnan(read) and len(first) == len(second) == 1)


@given(st.lists(st.integers(0, 24 * 60), min_size=4, max_size=4, unique=True).map(sorted))
def test_a_break_comes_off(minutes):
    begin, rest, back, end = minutes
    day, pause = written([(begin, end)]), written([(rest, back)])
    texts = [f"{day}（{pause}午休）", f"{day}，午休{pause}", f"{day}，{pause}休息"]
    read = hours_per_day(pd.Series(texts))
    assert read.tolist() == pytest.approx([(rest - begin + end - back) / 60] * 3)


def test_hours_as_given_and_a_day():
    columns, (fault,) = read_hours(ledger(hours=["全天", "随缘", "-"], hours_per_day=["", "", "8"]))
    assert columns["hours"].tolist()[:2] == ["全天", "随缘"]
    assert columns["hours_per_day"].tolist()[::2] == [24.0, 8.0]
    assert (fault.severity, fault.rows, fault.values) == ("warning", (3,), ("随缘",))


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        *[
            (cell, 1990)
            for cell in ("1990", "1990.0", "1990年", "1990-05-01", "1990/5", "1990年5月")
        ],
        *[
            (cell, 1990)
            for cell in ("199005", "19900501", "1990-05-01 00:00:00", "１９９０", "1990年建成")
        ],
        *[
            (cell, 1990)
            for cell in (
                *("1990/5/1 0:00", "1990/5/1 0:00:00", "1990-5-1 8:05", "1990年5月1日 0:00"),
                *("1990-05-01T00:00:00", "1990-05-01 00:00:00.000", "1990/5/1 12:00:00 AM"),
            )
        ],
        *[(cell, None) for cell in ("90年", "1990年代", "19900", "1990-1992", "去年")],
    ],
)
def test_years(cell, year):
    given = ledger(year_built=[cell])
    years, faults = read_years(given, pd.Series(data=False, index=given.table.index))
    if year is None:
        assert [fault.what for fault in faults] == ["year_built is no year"]
    else:
        assert (years.tolist(), faults) == ([float(year)], [])


@pytest.mark.parametrize(
    ("word", "state"),
    [
        *[
            (word, "in_use")
            for word in ("在用", "使用中", "正常", "正常运营", "是", "TRUE", "in_use")
        ],
        *[
            (word, "idle")
            for word in ("闲置", "空置", "未使用", "建成未用", "未运营", "否", "idle")
        ],
        *[(word, "planned") for word in ("在建", "规划", "筹建中", "拟建", "尚未施工", "planned")],
        *[
            (word, "closed")
            for word in ("停用", "已关闭", "注销", "停止使用", "暂停营业", "closed")
        ],
        *[(word, "in_use") for word in ("√在用", "在用，无异常")],
        *[(word, "idle") for word in ("闲置/未使用", "闲置（未启用）")],
        *[(word, "closed") for word in ("停用，闲置", "拆除、注销", "不再使用")],
        *[(word, None) for word in ("尚可", "不正常", "非在用")],
        *[
            (word, None)
            for word in ("非闲置", "不闲置", "没有闲置", "未停用", "尚未拆除", "非在建", "not idle")
        ],
        *[(word, None) for word in ("在用/闲置", "在用、闲置、停用", "□在用 □闲置", "在用闲置")],
        *[(word, None) for word in ("在用（部分闲置）", "使用中，拟拆除", "2019年停用，后启用")],
    ],
)
def test_states(word, state):
    status, faults = read_status(ledger(status=[word]))
    assert status.iloc[0] == state or (state is None and status.isna().all())
    assert [fault.severity for fault in faults] == ([] if state else ["warning"])
    assert state is None or state in FACILITY_STATUS


def test_capacity_is_counted_in_what_its_column_or_cell_says():
    given = ledger(capacity=["50张", "120人", "30", "8"], capacity_unit=["", "", "托位", ""])
    columns, faults = read_capacity(given)
    assert not faults
    assert columns["capacity"].tolist() == [50.0, 120.0, 30.0, 8.0]
    assert columns["capacity_unit"].tolist()[:3] == ["beds", "persons", "places"]
    assert columns["capacity_unit"].isna().tolist() == [False] * 3 + [True]


def test_the_first_of_two_capacities_counts_and_is_told():
    columns, (fault,) = read_capacity(ledger(beds=["50", ""], doctors=["2", "3"]))
    assert columns["capacity"].tolist() == [50.0, 3.0]
    assert columns["capacity_unit"].tolist() == ["beds", "doctors"]
    assert (fault.severity, fault.rows) == ("warning", (2,))


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        *[
            (cell, "post")
            for cell in ("邮政", "post", "POST", " 邮 政 ", "邮政（乡镇）", "邮政类", "邮政设施")
        ],
        ("邮政、Post", "post"),
        ("邮政、养老", "several"),
        ("邮政、棋牌", "several"),
        ("绥宁县长铺镇邮政所旁棋牌室", None),
    ],
)
def test_categories(cell, kind):
    found = read_kinds(ledger(kind=[cell]), None, {}, shared_kinds())
    if kind == "several":
        assert [fault.what for fault in found.faults] == ["kind names several kinds"]
    elif kind is None:
        assert found.unmapped.to_dict() == {cell: 1}
        assert found.left_out.tolist() == [True]
    else:
        assert (found.keys.tolist(), found.faults) == ([kind], [])
