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
# # 09 一个市，一次算完
#
# 批量评估：每县一个配置文件，多个进程同时算，中断后接着算，算过且没变的跳过，失败的点名、不拖累别的县；
# 最后汇总成表和对比地图。命令行是 `lifecircle batch 配置文件…` 或 `lifecircle batch --city 4305`。
#
# *A prefecture in one go: a file per county, several processes, resumed where it stopped, failures named; sums and a map that sets the
# counties side by side. On the command line: `lifecircle batch`.*

# %%
import tempfile
from html import escape
from pathlib import Path

import geopandas as gpd
import pandas as pd
from IPython.display import HTML

from lifecircle import comparison_map
from lifecircle.batch import Crew, Options, batch_state, run_batch, show_batch

work = Path(tempfile.mkdtemp())

# %% [markdown]
# ## 三个“县”
# 附带的数据只有一个县。列支敦士登历来分为上、下两个选区，这里把上选区再按首府拆开，当作三个县，各写一个文件夹。
#
# *The shipped data hold one county. Liechtenstein is divided into Oberland and Unterland; with the capital set apart, three
# "counties" stand in for a prefecture.*

# %%
demo = Path("../data/liechtenstein").resolve()
units = gpd.read_file(demo / "units.geojson")
parts = {
    "vaduz": ("瓦杜兹和沙恩", ["Vaduz", "Schaan"]),
    "oberland": ("上区其余", ["Triesen", "Balzers", "Triesenberg", "Planken"]),
    "unterland": ("下区", ["Eschen", "Mauren", "Gamprin", "Ruggell", "Schellenberg"]),
}
text = (demo / "county.toml").read_text(encoding="utf-8")
text = text.replace('"liechtenstein-2013', f'"{demo.as_posix()}/liechtenstein-2013')
configs = []
for name, (zh, members) in parts.items():
    folder = work / name
    folder.mkdir()
    units[units["name"].isin(members)].to_file(folder / "units.geojson")
    own = text.replace('name = "liechtenstein"', f'name = "{name}"').replace("列支敦士登", zh)
    (folder / "county.toml").write_text(own, encoding="utf-8")
    configs.append(folder / "county.toml")

# %% [markdown]
# ## 开跑
# 在笔记本里直接调用即可；写成 .py 脚本时，要放进 `if __name__ == "__main__":`（多进程的规矩）。
# `without` 里列出不要的成果，可以快一些。
#
# *Called as it is in a notebook; in a script it must stand under `if __name__ == "__main__":`. `without` leaves parts out.*

# %%
report = run_batch(
    configs,
    work / "out",
    options=Options(without=("map", "workbook", "report")),
    crew=Crew(workers=2),
    watcher=show_batch(),
)

# %%
pd.DataFrame(
    [(e.zh, e.status, e.seconds, e.peak_mb) for e in batch_state(work / "out")],
    columns=["县", "状态", "用时（秒）", "内存峰值（MB）"],
).replace({"done": "完成", "failed": "失败", "killed": "进程被终止"})

# %% [markdown]
# 再跑一次：没有变化的全部跳过。改了哪个县的文件，就只重算哪个县。
#
# *Run again: what has not changed is skipped.*

# %%
again = run_batch(
    configs,
    work / "out",
    options=Options(without=("map", "workbook", "report")),
    crew=Crew(workers=2),
    watcher=show_batch(),
)
again.skipped

# %% [markdown]
# ## 汇总
# 全市数字由各县的人数相加得出，不是平均数的平均；阈值不同的县会点名，不混在一起。
#
# *Sums are added from counts, not averaged from averages; counties judged by other thresholds are named.*

# %%
coverage = pd.read_csv(work / "out" / "summary" / "coverage.csv")
people = coverage.query("denominator == 'population' and level == 'county'")
table = people.pivot_table(index=["circle_zh", "kind_zh"], columns="zh", values="share", sort=False)
table.rename_axis(index=["生活圈", "设施类别"], columns=None).style.format("{:.1%}", na_rep="–")

# %%
card = pd.read_csv(work / "out" / "summary" / "all.csv")
judged = card[~card["评价"].str.contains("数据不足|不评价")]
judged[["指标", "数值", "目标", "单位", "评价", "数据完整度"]].head(10)

# %% [markdown]
# ## 对比地图
#
# *The counties side by side.*

# %%
page = comparison_map([work / "out" / name for name in parts], work / "comparison.html")
text = escape(page.read_text(encoding="utf-8"))
HTML(f'<div><iframe srcdoc="{text}" width="100%" height="720" style="border:0"></iframe></div>')
