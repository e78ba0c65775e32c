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
# # 02 你自己的县：从行政区划代码到台账，再到地图
#
# 四步：建文件夹 → 备数据 → 填台账并核对 → 评估。本页所有文件都写在临时文件夹里，不会动到你的数据。
#
# *Your own county in four steps: start a folder, get the data, fill a ledger and check it, assess. Everything is written to
# a temporary folder.*

# %%
import tempfile
from pathlib import Path

import openpyxl

from lifecircle import (
    assess,
    check_county,
    coverage_map,
    read_config,
    read_osm,
    read_standard,
    show_progress,
    start_county,
)

work = Path(tempfile.mkdtemp())

# %% [markdown]
# ## 一、建文件夹
# 只要六位行政区划代码（这里是绥宁县 430527），就得到带说明的配置文件、下载清单和两本空台账。
# 按代码取边界要多装一个扩展：`pip install 'lifecircle[china]'`；没有的话，把代码换成边界文件即可。
#
# *An adcode is enough: a commented county file, a list of downloads, two empty ledgers. It needs the extra `china`; a file
# of the boundary does as well.*

# %%
[file.name for file in start_county("430527", work / "suining")]

# %% [markdown]
# 马上核对一次，它会一次列出还缺什么、去哪里取。绥宁的路网、单元和人口要自行下载或向部门索取：
# **随软件附带的数据到此为止。**
#
# *Check at once: it lists all that is missing and where to get it. Roads, units and residents of a Chinese county are yours to
# bring: here the shipped data end.*

# %%
check_county(work / "suining" / "county.toml")

# %% [markdown]
# ## 二、数据齐了以后
# 下面用附带的列支敦士登数据接着走，步骤与你的县完全相同。配置文件里只改三处：路网文件在哪里；没有人口栅格，
# 就删去那一节（人口按单元总数摊到街巷和房屋）；启用设施台账。平时用记事本改即可，这里用替换代劳。
#
# *From here on with the shipped demo; the steps are the same. Three edits of the county file, usually made in an editor:
# where the roads are, no raster of residents, and the ledger.*

# %%
data = Path("../data/liechtenstein").resolve()
units, roads = data / "units.geojson", data / "liechtenstein-2013-08-03.osm.pbf"
start_county(units, work / "demo", units=units, zh="列支敦士登", en="Liechtenstein")
config, ledger = work / "demo" / "county.toml", work / "demo" / "设施台账.xlsx"

text = config.read_text(encoding="utf-8")
text = text.replace('"downloads/roads.osm.pbf"', f'"{roads.as_posix()}"')
raster, walk = text.index("\n[population.raster]"), text.index("# ── 六、步行")
text = text[:raster] + "\n\n" + text[walk:]
own = '[[facilities.files]]\npath = "设施台账.xlsx"\nsheet = "填写"\ndatum = "wgs84"\nsource = "演示台账"\n\n'
_ = config.write_text(
    text.replace("# 各部门自己的表", f"{own}# 各部门自己的表", 1), encoding="utf-8"
)

# %% [markdown]
# ## 三、填台账并核对
# 一处设施一行，通常在 Excel 里填，也可以用代码填。这里抄录 OSM 上真实存在的四家药店，
# 并**故意**把最后一家的经度、纬度填反，看核对怎么说。
#
# *One row per facility. Here: four pharmacies that exist in OSM, the last with longitude and latitude swapped on purpose.*

# %%
extract = read_osm(roads, kinds=read_standard().kinds, roads=False, dwellings=False)
pharmacies = extract.facilities.query("kind == 'pharmacy'")
book = openpyxl.load_workbook(ledger)
sheet = book["填写"]
column = {cell.value: cell.column for cell in sheet[1]}
for row, (name, place) in enumerate(
    zip(pharmacies["name"], pharmacies.representative_point(), strict=True), start=2
):
    for field, value in [("类别", "药店"), ("名称", name), ("经度", place.x), ("纬度", place.y)]:
        sheet.cell(row, column[field], value)
sheet.cell(5, column["经度"], place.y)
sheet.cell(5, column["纬度"], place.x)
book.save(ledger)
check_county(config)

# %% [markdown]
# 错误指明了文件、行号、列名和改法；`lifecircle check 配置文件 --out 问题.xlsx` 能写成表，发回乡镇修改。
# 提醒不拦路：没有资料的设施类别会按“数据不足”计，补进台账即可。改正第 5 行，再核对：
#
# *The error names file, row, column and remedy; `lifecircle check CONFIG --out faults.xlsx` makes a workbook to hand back.
# Warnings do not stop you. Correct row 5 and check again:*

# %%
sheet.cell(5, column["经度"], place.x)
sheet.cell(5, column["纬度"], place.y)
book.save(ledger)
check_county(config)

# %% [markdown]
# ## 四、评估、看图
# 台账里的药店与 OSM 中的同一家只计一次，以台账为准；合并了哪些，逐条列出。
#
# *Assess and look. A facility in both the ledger and OSM counts once, as the ledger has it; every merge is listed.*

# %%
with show_progress() as progress:
    result = assess(read_config(config), progress=progress)
result.merges.rename(
    columns={
        "other_id": "OSM编号",
        "name": "台账名称",
        "other_name": "OSM名称",
        "distance_m": "相距（米）",
    }
)[["台账名称", "OSM名称", "OSM编号", "相距（米）"]]

# %%
coverage_map(result)
