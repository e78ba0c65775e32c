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
# # 03 标准：什么会改变结论
#
# 步行时间只算一次，用几套标准各评一次：结论变了多少，是县变了，还是尺子变了？
#
# *Standards: walking times are measured once and held against several standards. How much of a verdict is the county, how much
# the yardstick?*

# %%
import pandas as pd

from lifecircle import assess_profiles, read_config, readable_table, show_progress

county = read_config("../data/liechtenstein/county.toml")
standards = ["shaoyang-2025", "gb50180-2018", "tdt1063-2021", "mofcom-15min"]
with show_progress() as progress:
    judged = assess_profiles(county, standards, progress=progress)

# %% [markdown]
# ## 各标准的生活圈
# 每套标准有自己的圈、适用范围和设施清单，不能只比一个总分。
#
# *Each standard has circles, settings and services of its own: one total score does not compare.*

# %%
pd.concat({result.standard.zh: readable_table(result, "overview") for result in judged}).droplevel(
    1
)

# %% [markdown]
# ## 阈值有多可靠
# 每个阈值都带来源和核实情况：**已核实**可引用；**二手来源**、**未核实**的，请先核对原文；**本项目设定**是我们的选择，
# 可以在县文件里改。
#
# *Every threshold says how surely it is known. Quote the confirmed ones; check secondary and unverified ones first; those set by
# this project may be changed in the county's file.*

# %%
thresholds = {result.standard.zh: readable_table(result, "thresholds") for result in judged}
flags = {name: table["阈值核实情况"].value_counts() for name, table in thresholds.items()}
pd.DataFrame(flags).fillna(0).astype(int)

# %% [markdown]
# ## 同一类设施，不同的尺子
# 以零售、医疗卫生、幼儿园为例。“30 分钟”与“15 分钟”之差，就是覆盖率之差的来处。
#
# *The same kind by different yardsticks: where the threshold differs, so does the share.*

# %%
covered = pd.concat({r.standard.zh: readable_table(r, "coverage") for r in judged}, names=["标准"])
covered = covered[covered["单元"] == county.zh].reset_index("标准")
some = covered[covered["设施类别"].isin(["零售", "医疗卫生", "幼儿园", "学校"])]
some.sort_values("设施类别")[
    ["设施类别", "标准", "生活圈", "阈值", "阈值核实情况", "评价居民（人）", "居民覆盖率"]
]

# %% [markdown]
# ## 三种分母
# 同一阈值，按居民、按居住用地、按社区算，覆盖率并不相同；社区要有八成居民在阈值内才算达标（本项目设定，可改）。
#
# *Three denominators: residents, residential land, communities. A community counts if 80 % of its residents are within reach
# (ours, and yours to change).*

# %%
first = readable_table(judged[0], "coverage")
first = first[first["单元"] == county.zh].set_index(["生活圈", "设施类别"])
first[["居民覆盖率", "居住用地覆盖率", "社区覆盖率"]].astype(float).style.format("{:.1%}")

# %% [markdown]
# 本县的改动怎么写：在县文件的 `[standard]` 里加类别、改阈值、写明理由；改了什么会印在地图和报告上。
#
# *Changes of your own go into `[standard]` of the county's file; map and report print what differs.*

# %%
pd.DataFrame({"本县改动": [change.label("zh") for change in judged[0].standard.changes]})

# %% [markdown]
# 命令行：`lifecircle assess 县文件 --standard gb50180-2018 --standard mofcom-15min`，各标准并排写入 `standards.csv`。
# `lifecircle standards` 列出内置标准。
#
# *On the command line: `--standard`, several times; `standards.csv` sets them side by side. `lifecircle standards` lists them.*
