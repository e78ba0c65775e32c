"""What results show of themselves in a notebook, and how far a run is."""

import re
import sys
import types
import warnings
from dataclasses import replace
from types import SimpleNamespace

import pytest
from minicounty import write_county

from lifecircle import (
    assess,
    check_county,
    compare_runs,
    coverage_map,
    difference_map,
    judge,
    measure,
    propose_sites,
    read_config,
    readable_table,
    run_of,
    show_progress,
)
from lifecircle.batch import show_batch
from lifecircle.config import SupplyConfig
from lifecircle.errors import TableError, warn
from lifecircle.render.showing import assessment_html


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_county(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="module")
def mini(config):
    return assess(read_config(config))


@pytest.fixture(scope="module")
def measured(config):
    return measure(read_config(config), drawn=False)


class TestAssessment:
    def test_the_headline_is_that_of_the_tables(self, mini):
        shown = text_of(mini._repr_html_())
        assert "合成县 · 社区生活圈评估" in shown
        assert "居民 150 人，2 个单元" in shown
        assert "成人步行，75 米/分钟" in shown
        share = mini.unit_scores.loc[("county", "near"), "complete_share"]
        score = mini.unit_scores.loc[("county", "near"), "score"]
        row = re.search(r"近便圈 (.+?) (?:医疗卫生|邮政)", shown).group(1)
        assert row.split()[-3:] == ["150", f"{int(score * 10) / 10:.1f}", f"{share:.1%}"]

    def test_coverage_and_gaps_are_there_to_unfold(self, mini):
        html = mini._repr_html_()
        covered = mini.coverage.loc[("county", "near", "post", "population"), "covered"]
        assert html.count("<details") == 2  # nothing was found wrong with the data
        assert f"{covered:,.0f}" in text_of(html)
        assert f"（共 {len(mini.gaps)} 处）" in html

    def test_both_languages(self, mini):
        english = text_of(assessment_html(mini, "en"))
        assert "Synthetic county: Community life circles" in english
        assert "150 residents, 2 units" in english
        assert not re.search(
            r"[\u4e00-\u9fff]",
            english.replace("设施", "").replace("西社区", "").replace("东村", ""),
        )

    def test_it_loads_nothing_and_runs_nothing(self, mini):
        html = mini._repr_html_()
        assert not re.search(r"<script|<link|<img|\bon\w+=|https?:|url\(", html)

    def test_names_are_text_whatever_they_hold(self, mini):
        hostile = "<script>alert(1)</script>"
        units = mini.units.assign(name=[hostile, "&"])
        evil = replace(
            mini,
            units=units,
            config=mini.config.model_copy(update={"zh": hostile, "notice_zh": hostile}),
        )
        html = evil._repr_html_()
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 2

    def test_what_the_run_found_is_told_in_chinese(self, mini):
        told = "no facility is known of: post; circles and scores count it as not reached"
        run = {**mini.run, "warnings": [told, told]}
        html = replace(mini, run=run)._repr_html_()
        assert "数据提示（1 条）" in html
        assert html.count("<details") == 3

    def test_the_text_is_one_short_line(self, mini):
        assert repr(mini) == "<Assessment mini, shaoyang-2025: 150 residents>"


class TestReadableTable:
    def test_figures_are_rounded_and_headings_chinese(self, mini):
        table = readable_table(mini, "coverage")
        assert table.columns[:3].tolist() == ["单元", "生活圈", "设施类别"]
        assert set(table["设施类别"]) == {"邮政", "零售", "医疗卫生"}
        county = table[table["单元"] == "合成县"].set_index("设施类别")
        covered = mini.coverage.loc[("county", "near", "post", "population")]
        assert float(county.loc["邮政", "居民覆盖率"]) == int(covered["share"] * 1000) / 1000

    @pytest.mark.parametrize(
        "name",
        [
            *("overview", "coverage", "units", "gaps", "facilities", "scorecard"),
            *("thresholds", "sources", "problems"),
        ],
    )
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_every_table_in_both_languages(self, mini, name, lang):
        table = readable_table(mini, name, lang=lang)
        assert table.columns.is_unique
        chinese = [c for c in table.columns if re.search(r"[\u4e00-\u9fff]", c)]
        assert chinese == [] if lang == "en" else len(chinese) >= len(table.columns) - 1

    def test_whole_residents_are_whole_numbers(self, mini):
        assert str(readable_table(mini, "overview")["评价居民（人）"].dtype) == "Int64"

    def test_what_was_asked_for_beside_the_verdicts(self, config, mini):
        asked = {"supply": (SupplyConfig(kind="post"),)}
        supplied = assess(read_config(config).model_copy(update=asked))
        table = readable_table(supplied, "supply").set_index("单元")
        assert table.loc["合成县", "需求（人）"] == 150
        assert table.loc["西社区", "需求（人）"] == 100
        with pytest.raises(TableError, match="'supply' was not asked for"):
            readable_table(mini, "supply")

    def test_an_unknown_table_is_refused(self, mini):
        with pytest.raises(TableError, match="none called 'x' -> use one of overview, units"):
            readable_table(mini, "x")


class TestPlans:
    def test_proposed_sites(self, measured):
        proposal = propose_sites(measured, "post", count=1)
        shown = text_of(proposal._repr_html_())
        assert "邮政选址建议（新增覆盖居民最多）" in shown
        gained = float(proposal.sites["persons"].iloc[0])
        assert f" 1 {proposal.sites['unit_name'].iloc[0]} {gained:,.0f} " in shown
        assert "已证明为最优" in shown
        assert repr(proposal) == "<Proposal post, mclp: 1 sites>"

    def test_a_comparison_tells_who_lost(self, config, mini):
        county = read_config(config)
        slow = county.model_copy(update={"walk": county.walk.with_profiles(["elderly"])})
        difference = compare_runs(run_of(mini, "成人"), run_of(assess(slow), "老年人"))
        html = difference._repr_html_()
        assert "前后对比：成人 → 老年人" in html
        rows = difference.coverage.query("scope == 'county' and denominator == 'population'")
        assert len(rows) > 0
        for lost in rows["lost"]:
            assert f">{lost:,.0f}</td>" in html
        assert repr(difference).startswith("<Difference 成人 -> 老年人: ")
        assert difference_map(difference).get_name() == "map_lifecircle"

    def test_nothing_changed(self, mini):
        same = compare_runs(run_of(mini, "甲"), run_of(mini, "乙"))
        assert "没有变化。" in same._repr_html_()

    def test_a_check_names_file_row_and_remedy(self, tmp_path):
        path = write_county(tmp_path)
        (tmp_path / "clinics.csv").write_text(
            "名称,经度,纬度\n甲,27.001,110.001\n", encoding="utf-8"
        )
        ledger = '[[facilities.files]]\npath = "clinics.csv"\nkind = "clinic"\n\n[population]'
        text = path.read_text(encoding="utf-8").replace("[population]", ledger, 1)
        path.write_text(text, encoding="utf-8")
        shown = text_of(check_county(path)._repr_html_())
        assert "1 个错误" in shown
        assert re.search(r"错误 clinics\.csv 2 .*经度和纬度填反了 .*对调", shown)

    def test_a_check_without_faults(self, config):
        html = check_county(config)._repr_html_()
        assert "没有发现问题，可以评估。" in html


class TestProgress:
    def test_a_script_gets_a_line_for_each_stage(self, config, capsys):
        with show_progress() as progress:
            check_county(config, progress=progress)
        told = capsys.readouterr().err.splitlines()
        assert told[:2] == ["[1/5] 读取范围与单元", "[2/5] 核对设施台账"]
        assert re.fullmatch(r"完成，用时 \d+\.\d 秒", told[-1])

    def test_a_first_run_says_why_it_takes_longer(self, capsys, monkeypatch):
        monkeypatch.setattr("lifecircle.kernels.cold", lambda: True)
        with show_progress() as progress:
            progress("sources", 1, 10)
            progress("network", 2, 10)
        told = capsys.readouterr().err.splitlines()
        assert told[0] == "[2/10] 读取道路与设施"
        assert told[1].startswith("[3/10] 构建步行网络（首次运行")

    def test_findings_are_told_once_below_and_other_warnings_are_passed_on(self, capsys):
        with warnings.catch_warnings(record=True) as passed_on:
            warnings.simplefilter("always")
            with show_progress("en"):
                for _ in range(2):
                    warn("roads.osm: holds no date -> give it")
                warnings.warn("soon", FutureWarning, stacklevel=1)
        assert [str(warning.message) for warning in passed_on] == ["soon"]
        told = capsys.readouterr().err.splitlines()
        assert told[0].startswith("done in ")
        assert len(told) == 2
        assert told[1].startswith("! ")

    def test_what_fails_is_named_and_raised(self, capsys):
        with pytest.raises(TableError), show_progress() as progress:  # noqa: PT012
            progress("reach", 4, 10)
            readable_table(None, "nothing")
        assert capsys.readouterr().err.splitlines()[-1] == "未完成，停在：计算步行时间"

    def test_stages_of_what_is_judged_later_are_not_told(self, config, capsys):
        with show_progress() as progress:
            measured = measure(read_config(config), drawn=False, progress=progress)
        before = capsys.readouterr().err
        judge(measured, measured.standards[0])
        assert before
        assert capsys.readouterr().err == ""

    def test_a_notebook_gets_one_output_that_changes(self, config, monkeypatch):
        shown = []

        def display(line, *, display_id):
            assert display_id
            shown.append(line)
            return SimpleNamespace(update=shown.append)

        kernel = types.ModuleType("IPython")
        kernel.get_ipython = lambda: SimpleNamespace(kernel=object())
        kernel.display = SimpleNamespace(display=display)
        monkeypatch.setitem(sys.modules, "IPython", kernel)
        with show_progress() as progress:
            check_county(config, progress=progress)
            warn("<b> & more")
        assert (
            '<progress value="1" max="5"></progress> [2/5] 核对设施台账' in shown[2]._repr_html_()
        )
        assert "⚠ &lt;b&gt; &amp; more" in shown[-1]._repr_html_()
        assert repr(shown[-1]).endswith("! <b> & more")

    def test_a_batch_keeps_its_failures_below(self, capsys):
        watcher = show_batch("en")
        one, two = (
            SimpleNamespace(name=n, zh=n, en=n.upper(), error=e)
            for n, e in (("a", ""), ("b", "b: no roads -> give them\nmore"))
        )
        watcher.start([one, two], 2)
        watcher.stage("a", "reach")
        watcher.ended(one)
        watcher.ended(two)
        told = capsys.readouterr().err.splitlines()
        assert told[:3] == ["[0/2]", "[0/2] · A Measuring walking times", "[1/2]"]
        assert told[3:] == ["[2/2]", "! B: b: no roads -> give them (+1)"]


@pytest.mark.browser
def test_headline_and_map_in_a_page_without_network(mini, browser, tmp_path):
    page = tmp_path / "notebook.html"
    body = mini._repr_html_() + coverage_map(mini)._repr_html_()
    page.write_text(f'<meta charset="utf-8">{body}', encoding="utf-8")
    context = browser.new_context(offline=True)
    asked, complaints = [], []
    sheet = context.new_page()
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.on("pageerror", lambda error: complaints.append(str(error)))
    sheet.goto(page.as_uri())
    sheet.frame_locator("iframe").locator("[data-ready=true]").wait_for(timeout=60_000)
    sheet.locator("summary").first.click()
    assert sheet.get_by_text("覆盖居民（人）").first.is_visible()
    context.close()
    outside = ("file:", "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(outside)] == []
    assert complaints == []
    assert page.stat().st_size < 2_000_000
