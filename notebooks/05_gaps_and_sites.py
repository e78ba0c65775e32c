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
# # 05 邮政、零售、医疗的缺口，下一处建在哪里
#
# 先看缺口有多少居民，再问：新建几处、建在哪里，能让最多的居民进入阈值之内？
#
# *Gaps in post, retail and clinics: how many residents lack them, and which sites would bring most residents within reach?*

# %%
import tempfile
from pathlib import Path

import pandas as pd

from lifecircle import (
    assess,
    coverage_map,
    judge,
    measure,
    propose_sites,
    read_config,
    read_scenario,
    readable_table,
    show_progress,
)

county = read_config("../data/liechtenstein/county.toml")
with show_progress() as progress:
    measured = measure(county, progress=progress)
result = judge(measured, measured.standards[0])

# %% [markdown]
# ## 缺口
# 每类设施的缺口数和阈值外居民。2013 年的数据里只有一处医院充当诊所，**缺口可能只是数据缺口**：先核对，再下结论。
#
# *Gaps by kind. In 2013 one hospital stands for all clinics: a gap may be one of the data alone. Check before you conclude.*

# %%
gaps = readable_table(result, "gaps")
three = gaps[gaps["缺少的设施"].isin(["邮政", "零售", "医疗卫生"])]
found = three.groupby("缺少的设施")["阈值外居民（人）"]
found.agg(缺口数="count", 居民="sum", 最大一处="max").round().astype(int)

# %% [markdown]
# ## 选址：医疗
# 候选点是缺口附近的路口（每百米取一个）；现有设施保留。结果附带与最优解的最大差距。
# 用地能否取得，程序不知道。
#
# *Sites for clinics. Candidates are junctions near gaps; what exists stays. The answer says how far from the best it can be.
# Whether the land can be had is not known.*

# %%
clinics = propose_sites(measured, "clinic", count=5, time_limit=20)
clinics

# %% [markdown]
# ## 建到第几处为止：边际收益
# 每多建一处，新增覆盖多少居民（上表把居民归给最近的一处，所以单处数字略有出入）。
#
# *The marginal curve: what each further site adds; the table above gives each resident to the nearest site, so single figures
# differ a little.*

# %%
curve = clinics.answer.curve[["gained", "marginal"]].rename_axis("处数")
curve = curve.rename(columns={"gained": "累计新增居民", "marginal": "本处新增居民"})
curve.style.format("{:,.0f}").bar(color="#9ec6e6", vmin=0)

# %% [markdown]
# ## 邮政和零售
#
# *Post and retail.*

# %%
propose_sites(measured, "post", count=3, time_limit=20)

# %%
propose_sites(measured, "retail", count=3, time_limit=20)

# %% [markdown]
# ## 建前建后
# 把前两处写成情景（一个小文件），原来的数据一个字也不改；再算一次，对比。
#
# *Before and after: the first two sites as a scenario, a small file; the county's own files stay as they are.*

# %%
lines = ['zh = "增设两处卫生站"']
for rank, site in clinics.sites.head(2).iterrows():
    name = f"{site['unit_name']}（建议选址{rank}）"
    lines += ["[[facilities.add]]", 'kind = "clinic"', f'name = "{name}"']
    lines += [f"lon = {site['lon']:.6f}", f"lat = {site['lat']:.6f}"]
file = Path(tempfile.mkdtemp()) / "scenario.toml"
file.write_text("\n".join(lines), encoding="utf-8")
with show_progress() as progress:
    after = assess(county, scenario=read_scenario(file), progress=progress)
both = {"现状": result, "增设两处": after}
pd.DataFrame(
    {
        name: readable_table(r, "coverage")
        .query("单元 == @county.zh and 设施类别 == '医疗卫生'")
        .set_index("生活圈")["覆盖居民（人）"]
        for name, r in both.items()
    }
)

# %% [markdown]
# 地图：滑条左边是现状，右边是增设以后；在面板里选“医疗卫生”。
#
# *Map: as it is to the left of the slider, with the new sites to its right; choose 医疗卫生 in the panel.*

# %%
coverage_map(after, before=result)

# %% [markdown]
# 命令行：`lifecircle site 县文件 --kind clinic --count 5`；写进县文件的 `[[siting]]`，选址就会出现在地图、工作簿和报告里。
#
# *On the command line: `lifecircle site`; under `[[siting]]` in the county file, sites stand on the map, in workbook and report.*
