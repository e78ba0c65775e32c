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
# # 07 年份与情景对比：谁受益，谁受损
#
# 情景是一个小文件：增设、关闭、迁移设施，新修或封闭道路，改步行速度。原数据一个字也不改。
# 下面的情景是**假设**，只为演示写法。
#
# *Comparing years and scenarios: who gains, who loses. A scenario is a small file of changes; the county's own files stay as they
# are. The one below is made up to show how.*

# %%
import tempfile
from pathlib import Path

from lifecircle import (
    assess,
    compare_runs,
    difference_map,
    read_config,
    read_run,
    read_scenario,
    run_of,
    show_progress,
    write_outputs,
)

work = Path(tempfile.mkdtemp())
county = read_config("../data/liechtenstein/county.toml")

# %% [markdown]
# ## 写一个情景
# 设施编号可在地图上点开设施，或在工作簿“设施”页查到；坐标可用 `datum = "gcj02"` 声明是高德拾取的。
#
# *Write a scenario. Ids of facilities are on the map and in the workbook; `datum` says what picked coordinates are in.*

# %%
text = """
zh = "演示情景：增设卫生站、撤并邮局、新修步道"
en = "Made-up scenario: a clinic, a post office closed, a footpath"

[[facilities.add]]
kind = "clinic"
name = "毛伦卫生站（假设）"
lon = 9.541407
lat = 47.208305

[[facilities.close]]
id = "n10132"

[[roads.add]]
name = "沙恩步道（假设）"
line = [[9.519353, 47.161531], [9.515064, 47.161601]]
highway = "footway"
"""
file = work / "scenario.toml"
_ = file.write_text(text, encoding="utf-8")
scenario = read_scenario(file)
scenario.summary("zh")

# %% [markdown]
# ## 对比
# 新增与不再覆盖的居民分开列：净增为正，也可能有人受损。
#
# *Compare. Residents newly and no longer within reach are told apart: a net gain may hide a loss.*

# %%
with show_progress() as progress:
    before = assess(county, progress=progress)
    after = assess(county, scenario=scenario, progress=progress)
difference = compare_runs(run_of(before, "现状"), run_of(after, "情景"))
difference

# %% [markdown]
# ## 在哪里
# 面板里选服务；有居民新增覆盖或不再覆盖的格子着色。
#
# *Where: choose a service in the panel; cells whose residents gained or lost are coloured.*

# %%
difference_map(difference)

# %% [markdown]
# ## 分单元
#
# *By unit.*

# %%
cells = difference.cells
cells.pivot_table(
    index=["kind_zh", "unit_name"], columns="change_zh", values="persons", aggfunc="sum"
).rename_axis(index=["设施类别", "单元"], columns=None).round().fillna(0).astype(int)

# %% [markdown]
# ## 两个年份
# 每年评估一次，成果文件夹留着；几年后直接比两个文件夹，命令行是 `lifecircle compare 文件夹A 文件夹B`。
# 附带的数据只有一个年份，这里用上面两次结果代替。范围不同的拒绝比较并说明原因；阈值不同的标“口径不同”，不相减。
#
# *Two years: keep each year's folder and compare them later. The shipped data know one year only, so the two results above stand in.
# Other areas are refused; other thresholds are named, never subtracted.*

# %%
for name, result in {"2025": before, "2026": after}.items():
    write_outputs(result, work / name, without=["map", "workbook", "report", "layers"])
years = compare_runs(read_run(work / "2025"), read_run(work / "2026"))
years
