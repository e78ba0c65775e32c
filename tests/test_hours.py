"""What is open at a moment: weeks told by hand, then the laws of spans, nights and breaks."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.sources.clock import TIME, UnclearError, plain_times, time_of
from lifecircle.sources.hours import hours_per_day, open_at, open_when
from lifecircle.sources.hourtext import read_days, read_text

DAY = 24 * 60
NAMES = "一二三四五六日"


def week(text, clock):
    """Monday to Sunday at one time: o open, . closed, ? not known."""
    hour, minute = map(int, clock.split(":"))
    asked = [(day, 60 * hour + minute) for day in range(7)]
    row = open_when(pd.Series([text]), asked).iloc[0]
    return "".join("?" if pd.isna(known) else "o" if known else "." for known in row)


@pytest.mark.parametrize(
    ("text", "clock", "days"),
    [
        # Without days it is every day; days that are not named are closed.
        ("8:00-17:00", "16:59", "ooooooo"),
        ("周一至周五8:30-17:30", "8:30", "ooooo.."),
        ("8:00-17:00（周一至周五）", "9:00", "ooooo.."),
        ("周一、周三、周日 8:00-17:00", "9:00", "o.o...o"),
        ("周一至周五8:00-17:00，周六9:00-12:00", "9:00", "oooooo."),
        ("周一至周五8:00-17:00，周六9:00-12:00", "12:00", "ooooo.."),
        ("Mo-Fr 08:00-20:00; Sa 09:00-14:00; Su,PH off", "13:59", "oooooo."),
        ("Mo-Su 08:00-22:00; Su off", "18:30", "oooooo."),
        ("weekday 8:00-17:00", "9:00", "ooooo.."),
        ("工作日8:00-17:00，周末9:00-12:00，周日休息", "9:00", "oooooo."),
        # A span holds its first minute and not its last.
        ("8:00-18:30", "8:00", "ooooooo"),
        ("8:00-18:30", "7:59", "......."),
        ("8:00-18:30", "18:29", "ooooooo"),
        ("8:00-18:30", "18:30", "......."),
        # Breaks are closed; one whose time is not told leaves the hours open to doubt.
        ("周一至周五8:00-17:00（12:00-14:00午休）", "13:00", "......."),
        ("周一至周五8:00-17:00（12:00-14:00午休）", "14:00", "ooooo.."),
        ("8:00-12:00，14:00-17:00", "13:00", "......."),
        ("8:00-12:00 午休 14:00-17:00", "13:00", "......."),
        ("Mo-Fr 08:00-17:00, closed 12:00-13:00", "12:30", "......."),
        ("8:00-18:00（午休2小时）", "13:00", "???????"),
        ("8:00-18:00（午休2小时）", "18:30", "......."),
        ("周一至周五中午不休息，8:00-17:00", "12:30", "ooooo.."),
        # Nights belong to the day on which they begin, and end on the next.
        ("18:00-次日2:00", "1:00", "ooooooo"),
        ("周五18:00-次日2:00", "18:30", "....o.."),
        ("周五18:00-次日2:00", "1:59", ".....o."),
        ("周五18:00-次日2:00", "2:00", "......."),
        ("周日22:00-次日6:00", "1:00", "o......"),
        ("周六18:00-次日2:00，周日休息", "1:00", "......o"),
        ("Fr-Mo 18:00-02:00", "1:00", "oo...oo"),
        ("8:00-次日8:00", "3:00", "ooooooo"),
        ("周三8:00-次日8:00", "3:00", "...o..."),
        # Always open.
        ("全天", "3:00", "ooooooo"),
        ("24/7", "3:00", "ooooooo"),
        ("每天24小时", "3:00", "ooooooo"),
        ("周六24小时", "3:00", ".....o."),
        # Days off.
        ("周一休息，9:00-19:00", "9:00", ".oooooo"),
        ("9:00-17:00，闭馆日：周一", "9:00", ".oooooo"),
        ("除周一外每天9:00-17:00", "9:00", ".oooooo"),
        ("9:00-17:00（周一全天闭馆）", "9:00", ".oooooo"),
        ("全年无休 8:00-18:00", "9:00", "ooooooo"),
        ("周末不休息，8:00-17:00", "9:00", "ooooooo"),
        ("周一至周五8:00-17:00，周末不休息", "9:00", "ooooo??"),
        ("周六周日不休息，8:00-17:00", "9:00", "?????oo"),
        # Hours without their time; days without their names.
        ("每天8小时", "9:00", "???????"),
        ("工作日8小时", "9:00", "?????.."),
        ("每周五天，8:00-17:00", "9:00", "???????"),
        ("每周五天（周一至周五）8:00-17:00", "9:00", "ooooo.."),
        # Seasons: what is the same in all of them is known.
        ("夏季8:00-19:00，冬季8:00-18:00", "17:00", "ooooooo"),
        ("夏季8:00-19:00，冬季8:00-18:00", "18:30", "???????"),
        ("夏季8:00-19:00，冬季8:00-18:00", "19:30", "......."),
        ("4月-10月8:00-19:00；11月-3月8:00-17:00", "16:00", "ooooooo"),
        ("5月-9月8:00-19:00；11月-3月8:00-17:00", "16:00", "???????"),
        ("夏季8:00-19:00", "9:00", "???????"),
        ("8:00-19:00（夏季）", "9:00", "???????"),
        ("冬季闭园，夏季8:00-18:00", "9:00", "???????"),
        ("冬季闭园，夏季8:00-18:00", "19:00", "......."),
        ("8:00-19:00，冬季周一闭馆", "9:00", "?oooooo"),
        ("旺季：周一至周五8:00-18:00；淡季：周一至周五9:00-18:00", "8:30", "?????.."),
        # Holidays are of no ordinary week; 节假日 may be weekends.
        ("周一至周五8:00-17:00，法定节假日9:00-12:00", "9:00", "ooooo.."),
        ("8:00-19:00 法定节假日休息", "9:00", "ooooooo"),
        ("8:00-19:00 节假日休息", "9:00", "ooooo??"),
        ("8:00-19:00 节假日休息", "20:00", "......."),
        ("每天8:00-17:00，节假日休息", "9:00", "ooooooo"),
        ("工作日8:00-17:00，节假日9:00-12:00", "9:00", "ooooo??"),
        ("工作日8:30-12:00，14:30-17:30 节假日休息", "9:00", "ooooo.."),
        # What is not read is not known.
        ("8:00-5:30", "9:00", "???????"),
        ("不定", "9:00", "???????"),
        ("18:00-23:00+", "19:00", "???????"),
        ("Jul-Aug Mo-Fr 08:00-14:00", "9:00", "???????"),
        ('Mo-Fr 08:00-14:00 || "by appointment"', "9:00", "???????"),
        (None, "9:00", "???????"),
    ],
)
def test_weeks_by_hand(text, clock, days):
    assert week(text, clock) == days


def test_the_answer_is_a_nullable_boolean_on_the_index_that_was_asked():
    hours = pd.Series(
        ["8:00-17:00", None, "随缘"], index=["a", "b", "c"], name="hours", dtype="str"
    )
    found = open_at(hours, 2, 9 * 60)
    assert found.index.tolist() == ["a", "b", "c"]
    assert (found.name, found.dtype) == ("hours", "boolean")
    assert found.tolist() == [True, pd.NA, pd.NA]
    assert hours.tolist()[0] == "8:00-17:00"
    assert open_at(pd.Series([], dtype="str"), 0, 0).empty


@pytest.mark.parametrize(("day", "minute"), [(7, 0), (-1, 0), (0, DAY), (0, -1)])
def test_there_is_no_such_moment(day, minute):
    with pytest.raises(ValueError, match="invalid entry"):
        open_at(pd.Series(["24/7"]), day, minute)


SPAN = st.tuples(st.integers(0, DAY - 2), st.integers(1, DAY - 1)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], DAY))
)
DAYS = st.sets(st.integers(0, 6), min_size=1)


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def listed(days):
    return "、".join(f"周{NAMES[day]}" for day in sorted(days))


def around(*edges, days=range(7)):
    """Moments of all days at the edges, beside them, at midnight and at noon."""
    minutes = {0, DAY // 2, DAY - 1, *(edge + step for edge in edges for step in (-1, 0, 1))}
    return [(day, m) for day in days for m in sorted(minutes) if 0 <= m < DAY]


@given(DAYS, SPAN)
def test_a_span_of_some_days_is_open_on_these_minutes_and_on_no_other(days, span):
    text = f"{listed(days)} {clock(span[0])}-{clock(span[1])}"
    asked = around(*span)
    found = open_when(pd.Series([text]), asked).iloc[0]
    assert found.tolist() == [day in days and span[0] <= m < span[1] for day, m in asked]


@given(DAYS, st.integers(0, DAY - 1), st.integers(0, DAY - 1))
def test_a_night_goes_on_on_the_next_day_until_it_ends(days, begin, end):
    begin, end = max(begin, end), min(begin, end)
    text = f"{listed(days)} {clock(begin)}-次日{clock(end)}"
    asked = around(begin, end)
    found = open_when(pd.Series([text]), asked).iloc[0]
    evening = [day in days and m >= begin for day, m in asked]
    night = [(day - 1) % 7 in days and m < end for day, m in asked]
    assert found.tolist() == np.logical_or(evening, night).tolist()


@given(st.lists(st.integers(0, DAY), min_size=4, max_size=4, unique=True).map(sorted))
def test_a_break_is_closed(minutes):
    begin, rest, back, end = minutes
    text = f"{clock(begin)}-{clock(end)}（{clock(rest)}-{clock(back)}午休）"
    asked = around(*minutes, days=[3])
    found = open_when(pd.Series([text]), asked).iloc[0]
    assert found.tolist() == [begin <= m < rest or back <= m < end for _, m in asked]


@given(SPAN, SPAN)
def test_seasons_that_differ_are_not_known_where_they_differ(summer, winter):
    one, other = (f"{clock(a)}-{clock(b)}" for a, b in (summer, winter))
    texts = pd.Series([one, other, f"夏季{one}，冬季{other}"])
    found = open_when(texts, around(*summer, *winter, days=[0]))
    same = found.iloc[0] == found.iloc[1]
    assert (found.iloc[2].notna() == same).all()
    assert (found.iloc[2][same] == found.iloc[0][same]).all()


@given(SPAN, st.integers(1, 6))
def test_the_open_minutes_of_the_week_make_the_hours_a_day(span, days):
    text = pd.Series([f"周一至周{NAMES[days]} {clock(span[0])}-{clock(span[1])}"])
    asked = [(day, minute) for day in range(7) for minute in range(0, DAY, 60)]
    sampled = open_when(text, asked).iloc[0].sum() / (days + 1)
    assert abs(sampled - hours_per_day(text)[0]) < 1.0


@given(
    st.text(max_size=40) | st.text("周一至五日0123456789:-，、 全天小时上下午休次节假", max_size=30)
)
def test_what_has_no_hours_has_no_moment(text):
    values = pd.Series([text], dtype="str")
    (found,) = open_when(values, [(2, 600)]).to_numpy()
    unread = np.isnan(hours_per_day(values)[0])
    assert not unread or pd.isna(found[0])


# --- days and times by themselves -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("周末", {5, 6}),
        ("工作日", {0, 1, 2, 3, 4}),
        ("weekend", {5, 6}),
        ("Mo-We", {0, 1, 2}),
        ("Sa,Su", {5, 6}),
        ("周六、日", {5, 6}),
        ("星期五至星期一", {4, 5, 6, 0}),
        ("每天", set(range(7))),
    ],
)
def test_days(text, days):
    assert read_days(text) == days


@pytest.mark.parametrize("text", ["", "节假日", "周一休息", "周八", "8:00-17:00", "周一 x", "夏季"])
def test_what_is_no_day(text):
    with pytest.raises(UnclearError):
        read_days(text)


@pytest.mark.parametrize(
    ("text", "minute"),
    [("0:00", 0), ("18:30", 1110), ("晚上7点半", 1170), ("下午3时", 900), ("9点30分", 570)],
)
def test_times(text, minute):
    assert time_of(re.fullmatch(TIME, plain_times(text))) == minute


def test_the_text_is_read_into_groups():
    told = read_text("周一至周五8:00-17:00，周六9:00-12:00，法定节假日休息")
    assert [sorted(group.days) for group in told.groups] == [[0, 1, 2, 3, 4], [5], [7]]
    assert [group.shut for group in told.groups] == [False, False, True]
    assert not told.vague
    with pytest.raises(UnclearError):
        read_text("每周40小时")
