"""The commented county file, and the list of what to download and to collect, as text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from string import Template
from typing import Final

from lifecircle.standards import Kind, shared_kinds
from lifecircle.starting.ledgers import file_name
from lifecircle.starting.places import Place, Province

DOWNLOADS: Final = "下载清单.md"

_GEOFABRIK: Final = "download.geofabrik.de"
_WORLDPOP: Final = "www.worldpop.org"
# Provinces that data sets of the whole of China leave out: Taiwan, Hong Kong, Macau.
_APART: Final = ("71", "81", "82")
_CHINA_RASTER: Final = "downloads/chn_ppp_2020.tif"
_OWN_LAYER: Final = "本县自有图层"


def county_text(
    place: Place,
    standard: str,
    *,
    folder: str = "",
    boundary: str = "",
    units: str = "",
    totals: bool = True,
) -> str:
    """Write the county file, commented in Chinese.

    Parameters
    ----------
    place
        The county.
    standard
        Name of the shipped standard to judge by.
    folder
        Where the county's own files are kept, as seen from the file: ``"suining/"``, or empty.
    boundary
        The boundary file as seen from the file, where there is no adcode.
    units
        The file of the units as seen from the file, where it is at hand already.
    totals
        Whether the units are expected to have residents.

    Returns
    -------
    str
        TOML. Lines that begin with ``# `` explain; those that begin with ``#`` and no blank are
        settings to switch on.
    """
    roads_path, roads_source, roads_note = _roads(place)
    raster_path, raster_source = _raster(place)
    datum, datum_note = _plane_datum(place)
    quoted = _own_sources(place.zh, folder) | {
        "name_toml": place.name,
        "zh_toml": place.zh,
        "en_toml": place.en,
        "roads_path": roads_path,
        "roads_source": roads_source,
        "units_path": units or f"{folder}units.gpkg",
        "raster_path": raster_path,
        "raster_source": raster_source,
        "standard_toml": standard,
    }
    plain = {
        "title": _title(place),
        "first_step": _first_step(place, folder),
        "name": place.name,
        "name_note": "" if place.known else "；可改成拼音",
        "en_note": "" if place.known else " # 请改成规范的英文名",
        "zone_zh": _zone(place),
        "epsg": str(place.epsg),
        "boundary": _boundary(place, boundary),
        "roads_note": roads_note,
        "gk_zh": datum_note,
        "gk_datum": datum,
        "totals": "true" if totals else "false",
        "standard": standard,
        "zh_plain": place.zh,
    }
    return _fill("county.toml.txt", plain | {key: quote(text) for key, text in quoted.items()})


def download_text(place: Place, *, folder: str = "", units: str = "") -> str:
    """Write the list of what to download from where and what to ask whom for, in Chinese.

    Parameters
    ----------
    place, folder, units
        As for `county_text`.

    Returns
    -------
    str
        Markdown.
    """
    near = "、".join(province.zh for province in place.neighbours)
    border = f"注意：本县紧邻{near}，省文件基本到省界为止，道路请改用全国文件或合并两省文件。\n\n"
    page = f"{place.province.extract}.html" if place.province else ""
    raster_path, _ = _raster(place)
    nation = "中国（CHN）" if raster_path == _CHINA_RASTER else "本国（地区）"
    words = {
        "title": _cell(_title(place)),
        "roads_where": f"Geofabrik <https://{_GEOFABRIK}/{page}>",
        "roads_path": _roads(place)[0],
        "raster_where": f"WorldPop <https://{_WORLDPOP}>，{nation}人口计数（population counts）",
        "raster_path": raster_path,
        "border_note": border if near else "",
        "zone_note": f"（本县三度带中央经线 {place.meridian}°E）" if place.meridian else "",
        "units_path": _cell(units or f"{folder}units.gpkg"),
        "totals_path": f"{folder}ledgers/七普分村人口.csv",
        "unit_ledger": folder + file_name("units"),
        "facility_ledger": folder + file_name("facilities"),
        "bureaus": "\n".join(_bureau_rows()),
    }
    return _fill("downloads.md", words | _boundary_row(place))


def quote(text: str) -> str:
    r"""Write a text as a basic string of TOML.

    Examples
    --------
    >>> print(quote('the "old" quarter \\ 老区'))
    "the \"old\" quarter \\ 老区"
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@cache
def bureau_kinds() -> Mapping[str, tuple[str, ...]]:
    """Give the kinds of facility that each bureau keeps a list of; each kind once.

    Returns
    -------
    Mapping
        Bureau -> keys of the shared vocabulary. What no bureau names itself stands with a wider
        kind that it counts for, else under 其他.

    Examples
    --------
    >>> bureau_kinds()["邮政管理部门、邮政公司"][0]
    'post'
    """
    kinds = shared_kinds()
    text = (resources.files(__package__) / "bureaus.toml").read_text(encoding="utf-8")
    named: dict[str, list[str]] = {name: [*keys] for name, keys in tomllib.loads(text).items()}
    owner = {key: name for name, keys in named.items() for key in keys}
    for key in kinds:
        if key not in owner:
            named.setdefault(_heir(key, kinds, owner), []).append(key)
    return {name: tuple(keys) for name, keys in named.items() if keys}


def _heir(key: str, kinds: Mapping[str, Kind], owner: Mapping[str, str]) -> str:
    """Name the bureau of the nearest wider kind."""
    wider = list(kinds[key].part_of)
    for kind in wider:  # grows while it is walked: nearer kinds come first
        if kind in owner:
            return owner[kind]
        wider += [other for other in kinds[kind].part_of if other not in wider]
    return "其他（由县里确定）"


def _own_sources(zh: str, folder: str) -> dict[str, str]:
    """Name the county's own files, and who keeps them."""
    return {
        "facility_ledger": folder + file_name("facilities"),
        "unit_ledger": folder + file_name("units"),
        "bureaus": f"{zh}各主管部门设施台账",
        "example_civil": f"{folder}ledgers/养老机构.xlsx",
        "source_civil": f"{zh}民政局",
        "example_health": f"{folder}ledgers/医疗卫生机构.csv",
        "source_health": f"{zh}卫生健康局",
        "units_source": f"{zh}自然资源局",
        "totals_path": f"{folder}ledgers/七普分村人口.csv",
        "totals_source": f"{zh}统计局，第七次全国人口普查",
        "townships": f"{zh}各乡镇、街道填报",
    }


def _first_step(place: Place, folder: str) -> str:
    if not folder:
        return f"按“{DOWNLOADS}”"
    made = f"lifecircle init {place.adcode} --out {folder.rstrip('/')}"
    return f"在本文件夹运行  {made}  ，生成台账模板和“{DOWNLOADS}”；\n#      按清单"


def _boundary_row(place: Place) -> dict[str, str]:
    if place.adcode is None:
        return {
            "boundary_need": "已有",
            "boundary_where": _OWN_LAYER,
            "boundary_licence": "以数据提供方为准",
            "boundary_put": "见 `county.toml` 的 `[boundary]`",
        }
    return {
        "boundary_need": "必需",
        "boundary_where": "不用找文件：安装 `pip install 'lifecircle[china]'` 后按区划代码读取",
        "boundary_licence": "天地图，CGCS2000；图的权利归其制作单位，公开须审图",
        "boundary_put": "无需放置",
    }


def _bureau_rows() -> Iterable[str]:
    kinds = shared_kinds()
    for bureau, keys in bureau_kinds().items():
        names = "、".join(kinds[key].zh for key in keys)
        yield f"| {bureau} | {_cell(names)} | | | | □ |"


def _roads(place: Place) -> tuple[str, str, str]:
    """Give path, source and comment of the roads."""
    if place.province is None:
        note = (
            f"# OpenStreetMap 提取：https://{_GEOFABRIK}/ 中本地区的 .osm.pbf；\n"
            "# 范围大一些无妨，程序只读取本县及其外围步行可达的部分。"
        )
        return "downloads/roads.osm.pbf", f"OpenStreetMap; {_GEOFABRIK}", note
    extract, zh = place.province.extract, place.province.zh
    file = f"{extract.rpartition('/')[2]}-latest.osm.pbf"
    note = (
        f"# OpenStreetMap {zh}提取：https://{_GEOFABRIK}/{extract}-latest.osm.pbf\n"
        "# 全省（或全国）文件即可，程序只读取本县及其外围步行可达的部分。"
    )
    if place.neighbours:
        note += _border_note(place.neighbours)
    source = f"OpenStreetMap; {_GEOFABRIK}/{extract}-latest.osm.pbf"
    return f"downloads/{file}", source, note


def _border_note(neighbours: tuple[Province, ...]) -> str:
    names = "、".join(province.zh for province in neighbours)
    files = "、".join(f"{province.extract}-latest.osm.pbf" for province in neighbours)
    return (
        f"\n# 注意：本县紧邻{names}。省文件基本到省界为止，边界居民会少算邻省的道路和设施。"
        "\n# 请改用全国文件 asia/china-latest.osm.pbf，"
        f"或把 {files} 与本省文件合并（osmium merge）。"
    )


def _raster(place: Place) -> tuple[str, str]:
    """Give path and source of the population raster."""
    apart = place.adcode is not None and place.adcode.startswith(_APART)
    if place.meridian is None or apart:
        return "downloads/population.tif", f"WorldPop 2020, 100 m; {_WORLDPOP}"
    return _CHINA_RASTER, f"WorldPop 2020, 100 m (chn_ppp_2020); {_WORLDPOP}"


def _boundary(place: Place, boundary: str) -> str:
    if place.adcode is None:
        return (
            f"file = {{ path = {quote(boundary)}, source = {quote(_OWN_LAYER)},"
            ' date = "", licence = "" }'
        )
    own = quote(f"{place.zh}自然资源局")
    return (
        "# 按区划代码读取天地图的边界（CGCS2000），需要  pip install 'lifecircle[china]'。\n"
        f"adcode = {quote(place.adcode)}\n"
        "# 改用自有边界：在上面一行的行首加“#”，启用下面一行。\n"
        f'#file = {{ path = "boundary.geojson", source = {own}, date = "" }}'
    )


def _plane_datum(place: Place) -> tuple[str, str]:
    """Give the datum of plane coordinates in the county, and how a comment tells it."""
    if place.meridian is None:
        return "wgs84", "平面坐标请先换算成经纬度"
    key = f"cgcs2000-gk-{place.meridian}"
    zone = place.meridian // 3
    return key, (
        f'"{key}" 高斯—克吕格平面坐标（米），三度带，中央经线 {place.meridian}°E；'
        f'横坐标带带号 {zone} 的写 "cgcs2000-gk"'
    )


def _zone(place: Place) -> str:
    if place.meridian is None:
        return f"UTM（EPSG:{place.epsg}）"
    zone, meridian = place.meridian // 3, place.meridian
    return f"CGCS2000 三度带第 {zone} 带，中央经线 {meridian}°E（EPSG:{place.epsg}）"


def _title(place: Place) -> str:
    return f"{place.zh}（{place.adcode}）" if place.adcode else place.zh


def _cell(text: str) -> str:
    """Keep a text from breaking a Markdown table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _fill(name: str, words: Mapping[str, str]) -> str:
    text = (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(words)
