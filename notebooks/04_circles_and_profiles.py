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
# # 04 城市15分钟与农村30分钟：生活圈、健身圈，谁在走
#
# 同样的路，成人、老人和轮椅走出来的圈不一样；农村 30 分钟圈按步行还是按骑行算，方案没有规定，要自己写明。
#
# *Urban 15 and rural 30: an adult, an elderly person and a wheelchair draw different circles on the same roads. Whether the rural
# 30 minutes are walked or ridden is for you to declare.*

# %%
import pandas as pd

from lifecircle import (
    assess,
    assess_profiles,
    coverage_map,
    read_config,
    readable_table,
    show_progress,
)
from lifecircle.config import WalkConfig

county = read_config("../data/liechtenstein/county.toml")

# %% [markdown]
# ## 三种人，一次算完
# 成人 75 米/分钟；老年人 60 米/分钟，台阶更慢；轮椅 50 米/分钟，台阶和标注不可通行的路不走。
# 这里没有高程数据，坡度未计：给出 `[elevation]`，上坡就会变慢，过陡的路轮椅不能走。
#
# *Three profiles in one run. No elevation is given here, so slope is not counted; with `[elevation]` it is.*

# %%
walk = county.walk.with_profiles(["adult", "elderly", "wheelchair"])
with show_progress() as progress:
    adult, elderly, wheelchair = assess_profiles(
        county.model_copy(update={"walk": walk}), progress=progress
    )
by_profile = {r.config.walk.zh: readable_table(r, "overview") for r in (adult, elderly, wheelchair)}
pd.concat(by_profile, names=["出行方式", ""]).droplevel(1)[
    ["生活圈", "适用范围", "评价居民（人）", "得分（0–100）", "设施齐全居民占比"]
]

# %% [markdown]
# ## 健身圈：哪些单元掉队
# 城市社区 15 分钟、农村社区 30 分钟走到健身设施的居民占比。
#
# *Fitness circles: the share of each unit's residents who walk to a sport ground in 15 or 30 minutes.*

# %%
shares = {
    r.config.walk.zh: readable_table(r, "units")
    .query("生活圈.str.contains('健身')")
    .set_index(["单元", "类型"])["设施齐全居民占比"]
    for r in (adult, elderly, wheelchair)
}
pd.DataFrame(shares).sort_values("老年人步行").style.format("{:.1%}").background_gradient(
    "RdYlGn", vmin=0, vmax=1
)

# %% [markdown]
# ## 地图：左边成人，右边老年人
# 拖动中间的滑条对比。
#
# *Map: the adult to the left of the slider, the elderly to its right.*

# %%
coverage_map(elderly, before=adult)

# %% [markdown]
# ## 农村按电动自行车算
# 在县文件里写 `[walk] settings = { rural = "e-bike" }` 也是一样。这是**口径选择**，会印在每份成果上；
# 骑行速度为本项目设定。
#
# *Rural residents by e-bike: a declared choice, printed on every output; the speed is ours.*

# %%
ride = WalkConfig(settings={"rural": "e-bike"})
with show_progress() as progress:
    riding = assess(county.model_copy(update={"walk": ride}), progress=progress)
by_setting = {
    way: readable_table(r, "units")
    .query("类型 == '农村'")
    .set_index(["生活圈", "单元"])["得分（0–100）"]
    for way, r in {"农村步行": adult, "农村骑电动自行车": riding}.items()
}
pd.DataFrame(by_setting)

# %% [markdown]
# 命令行：`lifecircle assess 县文件 --profile adult --profile elderly --profile wheelchair`；县文件里写 `[walk] also = ["elderly"]`。
# `lifecircle profiles` 列出各出行方式，以及每个数值有多可靠。
#
# *On the command line: `--profile`, several times; in the file: `[walk] also`. `lifecircle profiles` lists them and how surely their
# values are known.*
