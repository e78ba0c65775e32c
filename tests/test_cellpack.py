"""How numbers and cells go into the page: there and back, and what a person can check by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unpacking import raw_bytes, stream, unpack

from lifecircle.render.packing import DIGITS, north_of, pack_array, to_text
from lifecircle.render.page import json_text

INTEGERS = ("u1", "u2", "u4", "i2", "i4")


def planes(pack: dict) -> list[int]:
    return list(stream(pack))


# --- numbers: by hand ------------------------------------------------------------------------


def test_bytes_are_spread_lowest_first():
    assert planes(pack_array([1, 0x0203], "u2")) == [1, 3, 0, 2]


def test_high_bytes_that_are_all_0_are_left_out():
    assert pack_array([7, 8], "u4")["planes"] == 1


def test_steps_of_both_signs_are_small_numbers():
    assert planes(pack_array([-1, 1], "i2")) == [1, 2]
    # Half a byte each: 15 (a longer one, 200), 2, 3, 0.
    pack = pack_array([100, 101, 99, 99], "u2", "delta")
    assert pack["halves"] == 1
    assert planes(pack) == [0x2F, 0x03, 200]


def test_a_slope_is_foreseen():
    # Two rows, 20 18 16 14 and 25 23 21 19: north-west lies between west and north.
    row, column = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    pack = pack_array(20 - 2 * column + 5 * row, "u1", "plane", north=north_of(row, column))
    assert planes(pack) == [0x3F, 0x33, 0x0F, 0x00, 40, 22]  # 40 3 3 3, 22 0 0 0


def test_an_edge_is_kept():
    # 9 9 1 above 9 9 1: what stood above the edge stands below it.
    row, column = np.repeat([0, 1], 3), np.tile(np.arange(3), 2)
    pack = pack_array([9, 9, 1] * 2, "u1", "plane", north=north_of(row, column))
    # The very first place is never taken for a northern neighbour: 16.
    assert planes(pack) == [18, 0, 15, 16, 0, 0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit u1"):
        pack_array([256], "u1")
    with pytest.raises(ValueError, match="do not fit u2"):
        pack_array([-1], "u2")
    with pytest.raises(ValueError, match="not predicted"):
        pack_array([0.5], "f4", "delta")
    with pytest.raises(ValueError, match="northern neighbour"):
        pack_array([1, 2], "u1", "plane")


def test_nothing_is_packed_as_nothing():
    for dtype in INTEGERS:
        assert unpack(pack_array([], dtype, "delta")).tolist() == []


def test_the_digits_need_no_escape():
    assert len(set(DIGITS)) == 85
    assert json_text(DIGITS) == f'"{DIGITS}"'


# --- numbers: laws ---------------------------------------------------------------------------


@st.composite
def on_a_grid(draw):
    """Draw places of a grid with holes, perhaps some twice, and numbers of a type for them."""
    dtype = draw(st.sampled_from(INTEGERS))
    places = sorted(draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=40)))
    limits = np.iinfo(np.dtype(dtype))
    any_number = st.integers(int(limits.min), int(limits.max))
    number = st.one_of(any_number, st.integers(0, 9), st.just(int(limits.max)))
    values = draw(st.lists(number, min_size=len(places), max_size=len(places)))
    row, column = np.array(places, dtype=np.int64).reshape(-1, 2).T
    return dtype, np.array(values, dtype=dtype), north_of(row, column)


@given(on_a_grid(), st.sampled_from(["none", "delta", "plane"]))
def test_integers_come_back_as_they_were(case, predictor):
    dtype, values, north = case
    back = unpack(pack_array(values, dtype, predictor, north=north), north)
    assert back.dtype == values.dtype
    assert back.tolist() == values.tolist()


@given(st.binary(max_size=50))
def test_bytes_come_back_from_text(raw):
    text = to_text(raw)
    assert len(text) == 5 * -(-len(raw) // 4)
    assert raw_bytes(text)[: len(raw)] == raw


@given(st.lists(st.floats(width=32)))
def test_floats_come_back_bit_by_bit(values):
    given_ = np.array(values, dtype="<f4")
    assert unpack(pack_array(given_, "f4")).tobytes() == given_.tobytes()


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1))
def test_the_northern_neighbour_is_the_one_above(places):
    order = sorted(places)
    row, column = np.array(order, dtype=np.int64).T
    north = north_of(row, column)
    for i, (r, c) in enumerate(order):
        assert (order[north[i]] if north[i] >= 0 else None) == (
            (r - 1, c) if (r - 1, c) in places else None
        )
