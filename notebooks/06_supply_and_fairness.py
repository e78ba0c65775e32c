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
# # 06 供给与公平：够不够用，分得匀不匀
#
# “走得到”不等于“用得上”：一所学校旁边住三百人和住三千人，差别很大。两步移动搜索法（2SFCA）先算每处设施分给多少人，
# 再算每个居民身边一共有多少。
#
# *Within reach is not enough where many share. 2SFCA divides each facility's capacity among those who can walk to it, and sums up
# what each resident has.*

# %%
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import font_manager

from lifecircle import gini, lorenz, measure, read_config, show_progress, supply, supply_by_unit

county = read_config("../data/liechtenstein/county.toml")
with show_progress() as progress:
    measured = measure(county, progress=progress)

# %% [markdown]
# ## 学校：步行 15 分钟内，每千人几所
# OSM 里没有学位数，这里每所学校计 1；台账填了“服务能力”就写 `capacity="capacity"`。没有填报的**不当作 0**，会逐个点名。
#
# *Schools within 15 minutes, per 1,000 residents. OSM knows no places, so each school counts 1; with a ledger take
# `capacity="capacity"`. What was not reported is never taken for 0.*

# %%
schools = supply(
    measured.network, measured.facilities, measured.cells, kind="school", minutes=15, method="2sfca"
)
by_unit = supply_by_unit(schools.cells, measured.units)
by_unit["unit_name"] = by_unit["unit_name"].fillna("全县")
chinese = {
    "unit_name": "单元",
    "demand": "居民",
    "supply": "每千人供给",
    "unreached": "范围内没有（人）",
    "unreached_share": "范围内没有（占比）",
    "gini": "单元内基尼系数",
}
table = by_unit[list(chinese)].rename(columns=chinese).set_index("单元")
table.style.format(precision=2, na_rep="–").format("{:.1%}", subset="范围内没有（占比）").format(
    "{:,.0f}", subset=["居民", "范围内没有（人）"]
)

# %% [markdown]
# 范围内一所也没有的居民，供给记 0，并且留在表里：他们最该被看见。
#
# *Residents with none in reach keep 0, and stay in the table.*

# %% [markdown]
# ## 哪几所最挤
#
# *Which schools are shared by most.*

# %%
crowded = schools.facilities.sort_values("within", ascending=False).head(6)
crowded[["name", "within", "ratio"]].rename(
    columns={"name": "名称", "within": "15分钟内居民", "ratio": "每千人所数"}
).style.format(precision=2, na_rep="（无名）").format("{:,.0f}", subset="15分钟内居民").hide()

# %% [markdown]
# ## 公平：洛伦兹曲线和基尼系数
# 曲线越贴近对角线越均匀；基尼系数 0 为人人相同，越接近 1 越集中。对比学校、药店和零售。
#
# *Fairness: the closer the Lorenz curve to the diagonal, the more equal. Gini 0: all alike; towards 1: a few have all.*

# %%
fonts = {f.name for f in font_manager.fontManager.ttflist}
known = ["Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "SimHei", "PingFang SC"]
plt.rcParams["font.sans-serif"] = [*(name for name in known if name in fonts), "DejaVu Sans"]

figure, axes = plt.subplots(figsize=(5, 5))
for kind, zh in {"school": "学校", "pharmacy": "药店", "retail": "零售"}.items():
    found = supply(
        measured.network, measured.facilities, measured.cells, kind=kind, minutes=15
    ).cells
    curve = lorenz(found["supply"], found["demand"])
    index = gini(found["supply"], found["demand"])
    axes.plot(curve["people"], curve["supply"], label=f"{zh}  基尼 {index:.2f}")
axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=0.8)
axes.set(xlabel="居民累计占比（从供给最少的起）", ylabel="供给累计占比")
_ = axes.legend()

# %% [markdown]
# ## 方法会改变多少
# E2SFCA 让近处的居民多占一些；3SFCA 还考虑有几处可选。报告里写明用了哪一种。
#
# *How much the method matters: E2SFCA weighs near ones more, 3SFCA also the choice among several. Say which one you used.*

# %%
methods = {
    method: supply_by_unit(
        supply(
            measured.network,
            measured.facilities,
            measured.cells,
            kind="school",
            minutes=15,
            method=method,
        ).cells,
        measured.units,
    )["supply"]
    for method in ("2sfca", "e2sfca", "3sfca")
}
pd.DataFrame(methods).set_axis(table.index).round(3)

# %% [markdown]
# 命令行：`lifecircle supply 县文件 --kind school --out 文件夹`；写进县文件的 `[[supply]]`，结果就会出现在地图、工作簿和报告里。
#
# *On the command line: `lifecircle supply`; under `[[supply]]` in the county file it stands on the map, in workbook and report.*
