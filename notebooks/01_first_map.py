# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version,-jupytext.text_representation.format_version
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 十行代码画出第一张生活圈地图
#
# 读入一个县的配置文件，计算步行时间、覆盖率、生活圈得分和服务缺口，直接查看离线地图。
# 示例数据为列支敦士登（2013年路网与设施、2012年人口），不代表现状。
#
# *The first map in ten lines: read a county file, measure, judge, look at the offline map. The demo is Liechtenstein,
# with roads and facilities of 2013 and residents of 2012.*

# %%
from lifecircle import assess, coverage_map, read_config, readable_table, show_progress

county = read_config("../data/liechtenstein/county.toml")
with show_progress() as progress:
    result = assess(county, progress=progress)
result

# %% [markdown]
# 上面就是摘要：各生活圈得分、最要紧的几条结论；点开三角可看逐项覆盖率、主要缺口和数据提示。
# 阈值标“未核实”的，引用前请核对原文。
#
# *That was the headline. Unfold coverage, gaps and notes. Check thresholds marked 未核实 (unverified) before quoting them.*

# %% [markdown]
# 地图：点任意一格可看走到各类设施要几分钟；左右面板可切换设施、单元和缺口。地图不联网，
# `coverage_map(result).save("map.html")` 可存成一个文件发给同事。
#
# *The map needs no network. Click anywhere for walking minutes; `save` makes one file to pass on.*

# %%
coverage_map(result)

# %% [markdown]
# 表格：`readable_table` 给出带中文表头的表（数字已按“从严”取整），可以筛选、排序、另存。
#
# *Tables with readable headings, rounded so that nothing looks better than it is; filter, sort, save.*

# %%
gaps = readable_table(result, "gaps").sort_values("阈值外居民（人）", ascending=False)
some = gaps.head(8)[
    ["缺少的设施", "单元", "阈值外居民（人）", "阈值", "阈值核实情况", "平均步行（分钟）"]
]
some.style.format({"阈值外居民（人）": "{:,.0f}", "平均步行（分钟）": "{:.1f}"}).hide()

# %% [markdown]
# 完整成果（地图、工作簿、报告、GIS 图层）一条命令写出：`lifecircle assess data/liechtenstein/county.toml`。
# 下一本：换成你自己的县。
#
# *One command writes map, workbook, report and GIS layers. Next: your own county.*
