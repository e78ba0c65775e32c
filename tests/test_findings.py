"""Sentences carry the figures of the tables, and the rule that picks the first ones is kept."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_assessment import synthetic_assessment

from lifecircle.plan import empty_scorecard
from lifecircle.render.report.asked import judged_part
from lifecircle.render.report.findings import LEADING, findings
from lifecircle.render.report.text import count, percent, percent_beyond, points
from lifecircle.render.tables.readers import overview_table
from lifecircle.render.tables.readers_shared import excluded_kinds, unknown_kinds
from lifecircle.render.tables.words import heading

A, B = "430527101", "430527104"  # urban; B gets twice the priority
LANGS = pytest.mark.parametrize("lang", ["zh", "en"])


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


def coverage_of(rows, flags):
    """Coverage from {(circle, kind): {unit: (covered, total)}}, the county being the sum."""
    entries = []
    for (circle, kind), units in rows.items():
        sums = [sum(pair[n] for pair in units.values()) for n in (0, 1)]
        for scope, (covered, total) in {"county": sums, **units}.items():
            entries += [
                (scope, circle, kind, denominator, float(covered), float(total))
                for denominator in ("population", "residential_land", "communities")
            ]
    index = ["scope", "circle", "kind", "denominator"]
    table = pd.DataFrame(entries, columns=[*index, "covered", "total"]).set_index(index)
    limits = [15.0 if circle == "urban_life_15" else 30.0 for _, circle, *_ in table.index]
    return table.assign(
        limit=limits,
        limit_unit="minutes",
        share=table["covered"] / table["total"].where(table["total"] > 0),
        flag=[flags[circle, kind] for _, circle, kind, _ in table.index],
    )


def scores_of(rows):
    """Scores from {(scope, circle): (persons, complete share, worst kind, unverified share)}."""
    columns = ["persons", "complete_share", "worst_kind", "unverified_share"]
    index = pd.MultiIndex.from_tuples(list(rows), names=["scope", "circle"])
    table = pd.DataFrame(list(rows.values()), columns=columns, index=index)
    return table.assign(score=table["complete_share"] * 100.0, minutes_to_complete=20.0)


@pytest.fixture(scope="module")
def small(invented):
    """Two urban units of 600 and 400 residents, beyond: post 100, clinic 300, retail 200."""
    units = invented.units.assign(priority=[1.0, 1.0, 1.0, 1.0, 2.0, 1.0])
    urban = "urban_life_15"
    beyond = {
        "post": (100, 0),
        "clinic": (300, 0),
        "retail": (0, 200),
        "school": (600, 300),
        "park": (0, 0),
        "sport": (10, 0),
    }
    rows = {(urban, k): {A: (600 - a, 600), B: (400 - b, 400)} for k, (a, b) in beyond.items()}
    rows |= {("township_convenience", "post"): {"430527100": (0, 5000)}}
    flags = {(r.circle, r.kind): r.flag for r in invented.standard.requirements}
    scores = scores_of(
        {
            ("county", urban): (1000.0, 0.0625, "school", 0.0),
            (A, urban): (600.0, 0.0, "school", 0.0),
            (B, urban): (400.0, 0.15625, "school", 0.0),
        }
    )
    gaps = invented.gaps[invented.gaps["unit_id"].isin([A, B])]
    return replace(
        invented, units=units, coverage=coverage_of(rows, flags), unit_scores=scores, gaps=gaps
    )


def test_the_leading_findings_follow_the_rule(small):
    leading = [finding for finding in findings(small, "en") if finding.leads]
    assert [finding.topic for finding in leading] == ["circle", "service", "service"]
    # Retail: 200 residents of a unit with priority 2 weigh 400, before the clinics' 300; school
    # has 900 beyond, and is no kind whose gaps the standard wants mapped.
    assert [finding.text.partition(" (")[0] for finding in leading[1:]] == ["Retail", "Clinic"]
    assert [finding.weight for finding in leading] == [600.0 + 337.5 * 2, 400.0, 300.0]
    assert [finding.rank for finding in leading] == [1, 2, 3]


def test_sentences_say_the_figures(small):
    first, retail, *_ = findings(small, "zh")
    assert first.text.startswith(
        "城市社区15分钟生活圈：评价的 1,000 名居民中，圈内设施齐全的占 6.2%，"
    )
    assert "938 人至少有一类设施在阈值之外；最缺的是学校。" in first.text
    assert retail.text.startswith("零售（城市社区15分钟生活圈，步行 15 分钟以内）：200 名居民")
    assert "占评价居民的 20.0%" in retail.text


def test_unverified_thresholds_are_told_and_do_not_lead(small):
    told = findings(small, "zh")
    unsure = [finding for finding in told if "阈值未核实" in finding.text]
    assert [finding.figures["beyond"] for finding in unsure] == [5000.0]
    assert not any(finding.leads for finding in unsure)


def test_with_nothing_verified_nothing_leads(invented):
    requirements = tuple(
        r.model_copy(update={"flag": "unverified"}) for r in invented.standard.requirements
    )
    standard = invented.standard.model_copy(update={"requirements": requirements})
    scores = invented.unit_scores.assign(unverified_share=1.0)
    told = findings(replace(invented, standard=standard, unit_scores=scores), "en")
    assert told
    assert not any(finding.leads for finding in told)


def test_a_kind_of_which_nothing_is_known_does_not_lead(invented):
    places = invented.facilities[invented.facilities["kind"] != "clinic"]
    without = replace(invented, facilities=places)
    assert unknown_kinds(without) == ["clinic"]
    told = findings(without, "en")
    assert not any("Clinic (" in finding.text for finding in told)
    assert not any(f.leads for f in told if f.topic == "circle")  # its verdict rests on that kind
    assert "whether there is none or only no record cannot be told" in next(
        f.text for f in told if f.topic == "unknown"
    )


def test_without_figures_there_are_no_sentences(invented):
    empty = replace(
        invented,
        coverage=invented.coverage.iloc[:0],
        unit_scores=invented.unit_scores.iloc[:0],
        gaps=invented.gaps.iloc[:0],
    )
    assert [finding.topic for finding in findings(empty)] == ["excluded"]


def test_all_is_well_is_said_and_leads_nothing(invented):
    scores = invented.unit_scores.assign(complete_share=1.0, worst_kind=None, unverified_share=0.0)
    covered = invented.coverage.assign(covered=invented.coverage["total"], share=1.0)
    fine = replace(invented, unit_scores=scores, coverage=covered, gaps=invented.gaps.iloc[:0])
    told = findings(fine, "en")
    assert {finding.topic for finding in told} == {"circle", "excluded"}
    assert not any(finding.leads for finding in told)
    assert all("100.0% of the" in f.text for f in told if f.topic == "circle")


@LANGS
def test_sentences_agree_with_the_tables(invented, lang):
    table = overview_table(invented, lang).set_index(heading("circle", lang))
    standard = invented.standard
    people = invented.coverage.xs(("county", "population"), level=("scope", "denominator")).rename(
        index={
            key: entry.label(lang)
            for key, entry in [*standard.circles.items(), *standard.kinds.items()]
        }
    )
    for finding in findings(invented, lang):
        if finding.topic == "circle":
            name = re.split("[:：]", finding.text)[0]
            row = table.loc[name]
            assert count(row[heading("judged", lang)], lang) in finding.text
            assert percent(row[heading("complete_share", lang)]) in finding.text
        if finding.topic == "service":
            kind, circle = re.split("[（(]", finding.text)[:2]
            circle = re.split("[，,]", circle)[0]
            row = people.loc[circle, kind.strip()]
            assert count(row["total"] - row["covered"], lang) in finding.text
            assert percent_beyond(row["share"]) in finding.text


@LANGS
def test_every_figure_is_finite_and_no_sentence_says_nan(invented, lang):
    unknown = invented.gaps.assign(nearest_minutes=np.nan)
    for finding in findings(replace(invented, gaps=unknown), lang):
        assert not re.search(r"\b(nan|None|inf|NaT)\b|<NA>|\{|\}", finding.text)
        assert finding.figures
        assert all(math.isfinite(value) for value in finding.figures.values())


def test_the_same_tables_give_the_same_findings(invented):
    assert findings(invented) == findings(invented)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shares=st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=33, max_size=33))
def test_whatever_is_covered_the_list_is_ranked_and_finite(invented, shares):
    county = invented.coverage.loc[["county"]]
    some = np.resize(np.array(shares), len(county))
    changed = county.assign(share=some, covered=np.nan_to_num(some) * county["total"])
    told = findings(replace(invented, coverage=changed), "en")
    assert [finding.rank for finding in told] == list(range(1, len(told) + 1))
    assert sum(finding.leads for finding in told) <= LEADING
    assert [f.leads for f in told] == sorted((f.leads for f in told), reverse=True)
    assert not any("nan" in finding.text for finding in told)


def test_figures_are_rounded_by_one_rule():
    assert [percent(v) for v in (0.58, 0.0, 1.0, 0.888888, 0.29)] == [
        *("58.0%", "0.0%", "100.0%", "88.8%", "29.0%")
    ]
    assert [points(v) for v in (42.75, 58.0)] == ["42.7", "58.0"]
    # 9,725 of 11,162 residents are 87.126 %: rounded down, as the share within is (12.873 %).
    assert (percent(1437 / 11162), percent_beyond(1437 / 11162)) == ("12.8%", "87.1%")
    assert percent_beyond(1.0 + 1e-12) == "0.0%"
    assert [count(v, "zh") for v in (0.0, 0.1, 0.99, 1.0, 1.5)] == ["0", "不足1", "不足1", "1", "2"]


def test_who_is_judged_is_told_apart_from_whom_no_circle_judges(invented):
    assert judged_part(invented)[0] == len(invented.units)
    urban = tuple(r for r in invented.standard.requirements if r.circle == "urban_life_15")
    some = replace(invented, standard=invented.standard.model_copy(update={"requirements": urban}))
    units, persons, others, left, settings_left = judged_part(some)
    inside = invented.cells["setting"] == "urban"
    assert (units, others) == (
        (invented.units["setting"] == "urban").sum(),
        (invented.units["setting"] != "urban").sum(),
    )
    assert persons == pytest.approx(invented.cells["persons"][inside].sum())
    assert left == pytest.approx(invented.cells["persons"][~inside].sum())
    assert set(settings_left) <= {"township", "rural"}


def test_every_sentence_says_how_much_is_unverified(small, invented):
    scores = invented.unit_scores.assign(unverified_share=0.0)  # none decides, yet they are there
    told = findings(replace(invented, unit_scores=scores), "zh")
    (town,) = [f.text for f in told if f.text.startswith("乡镇便民生活圈：")]
    assert "本圈 5 项阈值中 4 项未核实" in town
    (city,) = [f.text for f in findings(small, "zh") if f.text.startswith("城市社区")]
    assert "未核实" not in city


def test_what_is_lacking_most_is_no_kind_without_records(small):
    places = small.facilities[small.facilities["kind"] != "school"]
    told = findings(replace(small, facilities=places), "zh")
    (city,) = [f.text for f in told if f.topic == "circle"]
    assert "最缺" not in city
    assert "其中 1 类服务无设施数据，按未到达计" in city


@LANGS
def test_targets_of_the_city_and_those_left_out_are_told_apart(invented, lang):
    status = ["met", "judged at city level", "judged at city level", "excluded"]
    card = empty_scorecard().reindex(
        pd.MultiIndex.from_tuples(
            [("county", f"t{n}") for n in range(4)], names=empty_scorecard().index.names
        )
    )
    told = findings(replace_card(invented, card.assign(status=status)), lang)
    (text,) = [f.text for f in told if f.topic == "scorecard"]
    expected = {
        "zh": "另有 2 项由全市合计评价、1 项由本县列为不评价",
        "en": "2 are judged at city level, 1 are left out by the county",
    }
    assert expected[lang] in text


def replace_card(assessment, card):
    """Give an assessment with a scorecard, which the synthetic one lacks."""
    from types import SimpleNamespace

    return SimpleNamespace(**vars(assessment), scorecard=card)


def test_only_kinds_that_the_standard_asks_for_are_told_as_left_out(invented):
    standard = invented.standard.model_copy(
        update={"key": "gb50180-2018", "excluded": {"elder_day_care": "x", "gas": "y"}}
    )
    assert excluded_kinds(replace(invented, standard=standard)) == ["elder_day_care"]
