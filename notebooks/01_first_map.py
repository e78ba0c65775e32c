# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # 十行代码画出第一张生活圈地图
#
# 读入一个县的配置文件，计算步行时间、覆盖率、生活圈得分和服务缺口，并在笔记本里直接查看离线地图。
# 示例数据为列支敦士登（2013年路网与设施、2012年人口），不代表现状。
#
# *The first map in ten lines: read a county file, measure, judge, and look at the offline map.*

# %%
from lifecircle import assess, coverage_map, read_config

county = read_config("../data/liechtenstein/county.toml")
result = assess(county)

# %% [markdown]
# 全县各类设施的覆盖率（分母为人口）。
#
# *Coverage of each kind for the whole county, by residents.*

# %%
by_residents = result.coverage.xs("population", level="denominator").loc["county"]
by_residents[["limit", "limit_unit", "covered", "total", "share"]].round(3)

# %% [markdown]
# 居民最多的服务缺口，以及到最近设施的平均步行分钟数。
#
# *The gaps with most residents, and the mean walk to the nearest facility.*

# %%
columns = ["kind", "unit_id", "persons", "nearest_minutes", "rank"]
result.gaps.sort_values("persons", ascending=False)[columns].head(10).round(1)

# %% [markdown]
# 离线地图：不需要网络，可直接发给没有外网的同事（`lifecircle assess` 会把同样的地图写成 `map.html`）。
#
# *The map needs no network; `lifecircle assess` writes the same as `map.html`.*

# %%
coverage_map(result)
