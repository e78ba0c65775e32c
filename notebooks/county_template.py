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
# # 一个县的生活圈评估
#
# 这一本带参数，可以一次为许多县各跑一本：
# `python scripts/run_county_notebook.py 县文件 --out 文件夹`，得到笔记本和网页各一份。
# 要地图、工作簿、报告和 GIS 图层，用 `lifecircle assess 县文件`，数字相同。
#
# *One county, with parameters: `python scripts/run_county_notebook.py CONFIG --out DIR` runs it for any county and leaves the notebook and
# a web page. `lifecircle assess CONFIG` writes map, workbook, report and layers with the same figures.*

# %% tags=["parameters"]
config = "../data/liechtenstein/county.toml"  # 县文件 the county's file
standard = ""  # 标准；空：县文件里的 empty: the county's own
profile = ""  # 出行方式；空：县文件里的 empty: the county's own
scenario = ""  # 情景文件；空：现状 empty: as it is
out = ""  # 同时写出全部成果的文件夹；空：不写 folder for all results; empty: none

# %%
from lifecircle import (
    assess_profiles,
    coverage_map,
    read_config,
    read_scenario,
    readable_table,
    show_progress,
    write_outputs,
)

county = read_config(config)
if profile:
    county = county.model_copy(update={"walk": county.walk.with_profiles([profile])})
with show_progress(county.map.lang) as progress:
    result, *_ = assess_profiles(
        county,
        [standard] if standard else [],
        scenario=read_scenario(scenario) if scenario else None,
        progress=progress,
    )
result

# %% [markdown]
# ## 地图
#
# *Map.*

# %%
coverage_map(result, lang=county.map.lang)

# %% [markdown]
# ## 主要缺口
#
# *The gaps, kind by kind, in the order of their ranks.*

# %%
readable_table(result, "gaps", lang=county.map.lang).iloc[:20, 1:11]

# %% [markdown]
# ## 规划指标
# “数据不足”不是“未达标”：补报以后再评。
#
# *The plan's targets. Unknown is not unmet: report the data first.*

# %%
card = readable_table(result, "scorecard", lang=county.map.lang)
card[card.iloc[:, 0] == card.iloc[0, 0]].iloc[:, 1:7] if len(card) else card

# %% [markdown]
# ## 数据来源
#
# *Sources.*

# %%
readable_table(result, "sources", lang=county.map.lang)

# %%
[
    path.name for path in write_outputs(result, out, lang=county.map.lang)
] if out else "未写出成果 nothing written"
