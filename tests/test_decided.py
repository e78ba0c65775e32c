"""What helps to decide, on paper: tables, workbook and report say the same figures."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from synthetic_assessment import synthetic_assessment
from synthetic_decisions import all_decisions, moments, sited, supplied, with_decisions

from lifecircle.errors import DataWarning
from lifecircle.render.tables.decided import (
    FILES,
    curve_table,
    decided_names,
    decided_tables,
    kinds_of,
    site_table,
)
from lifecircle.render.tables.decided_words import csv_heads, decided_head, shown_table
from lifecircle.render.tables.readers import gaps_readers
from lifecircle.render.tables.sheets import gap_table
from lifecircle.render.tables.words import decided_file, decided_heads, figures, heads
from lifecircle.render.writing import ASKED, OUTPUTS, outputs_of, write_outputs

QUICK = ("map", "report", "workbook", "layers")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment(across=30)


@pytest.fixture(scope="module")
def decided(invented):
    return with_decisions(replace(invented), **all_decisions(invented))


@pytest.fixture(scope="module")
def out(decided, tmp_path_factory):
    folder = tmp_path_factory.mktemp("decided")
    write_outputs(decided, folder, without=QUICK)
    return folder


def read(folder, name):
    """Read one of the tables by the keys of its columns."""
    table = pd.read_csv(folder / FILES[name], encoding="utf-8-sig")
    return table.rename(columns=lambda head: head.split()[-1])


# --- files ------------------------------------------------------------------------------------


def test_nothing_more_is_written_where_nothing_was_asked_for(invented):
    assert outputs_of(invented) == list(OUTPUTS)
    assert decided_tables(invented) == {}
    assert decided_tables(with_decisions(replace(invented))) == {}


def test_what_was_asked_for_is_written_beside_the_other_tables(decided, out):
    asked = [name for name in ASKED if name != "completeness.csv"]  # not in the invented ones
    names = {path.name for path in out.iterdir()}
    assert names == set(outputs_of(decided, QUICK)) == {*asked, *outputs_of_bare(decided)}


def outputs_of_bare(decided):
    return outputs_of(with_decisions(replace(decided)), QUICK)


def test_the_tables_are_those_that_their_names_promise(decided):
    assert list(decided_tables(decided)) == decided_names(decided)


@pytest.mark.parametrize("part", ["moments", "supplied", "sited", "confidence", "reconciled"])
def test_each_part_alone_gives_its_tables_alone(invented, part):
    parts = all_decisions(invented)
    only = with_decisions(replace(invented), **{part: parts[part]})
    expected = {
        "moments": {"moments", "openings", "eight_hours"},
        "supplied": {"supply", "supply_facilities"},
        "sited": {"sites", "sites_curve"},
        "confidence": {
            "confidence",
            "confidence_coverage",
            "confidence_in_gaps",
            "confidence_settings",
            "edge",
        },
        "reconciled": {"reconcile"},
    }
    assert set(decided_tables(only)) == expected[part]


def test_tables_of_an_earlier_run_are_named_and_stay(invented, tmp_path):
    asked = with_decisions(replace(invented), supplied=(supplied(invented),))
    write_outputs(asked, tmp_path, without=QUICK)
    before = (tmp_path / "supply.csv").read_bytes()
    told = r"of an earlier run, not of this one: supply\.csv, supply_facilities\.csv"
    with pytest.warns(DataWarning, match=told):
        write_outputs(invented, tmp_path, without=QUICK)
    assert (tmp_path / "supply.csv").read_bytes() == before


# --- figures ----------------------------------------------------------------------------------


def test_moments_by_hand(out):
    county = read(out, "moments").iloc[0]
    assert county[["share_any", "share_low", "share_high"]].tolist() == [0.75, 0.3, 0.45]
    assert county[["moment_zh", "kind_zh", "unit_name"]].tolist() == [
        "工作日 18:30",
        "医疗卫生",
        "虚构县<i>",
    ]
    assert read(out, "openings").iloc[0][["open", "closed", "unknown"]].tolist() == [2, 3, 1]
    assert read(out, "eight_hours").iloc[0][["eight", "known"]].tolist() == [4, 5]


def test_supply_is_that_of_the_units(decided, out):
    units = decided.decisions.supplied[0].units
    table = read(out, "supply").set_index("scope")
    assert table.index[0] == "county"
    assert table["supply_per_1000"].tolist() == pytest.approx(units["supply"].tolist(), abs=5e-7)
    assert table["gini"].iloc[0] == pytest.approx(units["gini"].iloc[0], abs=5e-7)
    # Who has 2 per 1,000 and who has none share out the mean.
    assert 2.0 * (1.0 - table["unreached_share"].iloc[0]) == pytest.approx(
        table["supply_per_1000"].iloc[0], abs=1e-5
    )
    sites = read(out, "supply_facilities")
    assert sites["facility_id"].tolist() == decided.decisions.supplied[0].facilities.index.tolist()
    assert sites["lon"].between(105, 115).all()


def test_sites_of_two_askings_stand_in_one_table(decided, out):
    table = read(out, "sites")
    assert table["persons"].tolist() == [300, 100, 300, 100]
    assert table["objective"].tolist() == ["mclp", "mclp", "pmedian", "pmedian"]
    # How far all walk is told only where walks beyond the limit were looked at.
    assert table["person_minutes"].isna().tolist() == [True, True, False, False]
    assert table["name"].tolist()[1] == "'=闲置校舍"
    curve = read(out, "sites_curve")
    assert curve["gained"].tolist() == [300, 400, 6000, 7500]
    assert curve["gain_in_zh"].tolist() == ["人", "人", "人·分钟", "人·分钟"]


def test_gaps_carry_how_sure_they_are(decided, invented, out):
    table = read(out, "confidence")
    assert table["verdict"].tolist()[:2] == ["robust", "robust"]
    robust = table[table["verdict"] == "robust"]
    assert robust["persons"].is_monotonic_decreasing
    first = table[table["gap_id"] == "g0"].iloc[0]
    assert (first["verdict_zh"], first["unmapped_share"]) == ("数据缺口（未标注道路）", 0.9)
    assert first["persons"] == pytest.approx(invented.gaps.loc["g0", "persons"])
    gaps = pd.read_csv(out / "gaps.csv").set_index("gap_id")
    assert gaps.loc["g1", ["verdict", "verdict_zh", "verdict_en"]].tolist() == [
        "sensitive",
        "敏感",
        "sensitive",
    ]
    assert "verdict" not in gap_table(invented)
    shown = gaps_readers(decided).set_index("缺口编号")
    assert shown.loc["g0", "可信度"] == "数据缺口（未标注道路）"
    assert "可信度" not in gaps_readers(invented)


def test_reconciled_in_words(out):
    table = read(out, "reconcile")
    assert table["verdict_zh"].tolist() == ["相符", "偏低", "无已知数"]
    assert table.loc[1, ["subject_zh", "key_zh", "known_from_zh"]].tolist() == [
        "设施数",
        "医疗卫生",
        "官方数",
    ]


# --- one definition ---------------------------------------------------------------------------


def test_the_commands_write_the_same_tables(invented, out):
    kinds = kinds_of(invented)
    for name, make in (("sites", site_table), ("sites_curve", curve_table)):
        alone = csv_heads(name, make(sited(), kinds))
        both = pd.read_csv(out / FILES[name]).columns.tolist()
        assert [head for head in both if head in {*alone.columns}] == alone.columns.tolist()


def test_every_column_is_described_in_both_languages(decided):
    for name, table in decided_tables(decided).items():
        for key in table.columns:
            base = str(key).removesuffix("_zh").removesuffix("_en")
            head = decided_head(name, base)
            assert head.zh != base, (name, key)
            assert head.en
        for lang in ("zh", "en"):
            shown = shown_table(name, table, lang, "县")
            assert shown.columns.is_unique
            assert len(shown) == len(table)


def test_no_heading_of_a_file_stands_twice(decided):
    for name, table in decided_tables(decided).items():
        assert csv_heads(name, table).columns.is_unique


def test_one_heading_means_one_way_of_writing_here_too():
    for lang in ("zh", "en"):
        for head in [*heads().values(), *decided_heads()]:
            assert figures(lang)[head.label(lang)] == head.figure


def test_every_table_has_columns_and_is_shown():
    assert set(decided_file()["tables"]) == set(FILES)
    for entry in decided_file()["tables"].values():
        assert {*entry["shown"]} <= {key.removesuffix("_zh") for key in entry["columns"]}


def test_a_moment_nobody_asked_for_is_no_table(invented):
    found = moments()
    bare = replace(found, coverage=found.coverage.iloc[:0], openings=found.openings.iloc[:0])
    asked = with_decisions(replace(invented), moments=bare)
    assert decided_names(asked) == ["eight_hours"]
