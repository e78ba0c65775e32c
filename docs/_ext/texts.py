"""Reference pages written from the code: each function gives one page's Markdown or reST."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from numpydoc.docscrape import NumpyDocString
from pydantic import AliasChoices, BaseModel
from pydantic_core import PydanticUndefined

import lifecircle
from lifecircle import tables
from lifecircle.cli import app as typer_app
from lifecircle.config import CountyConfig, profiles
from lifecircle.scenario import Scenario
from lifecircle.standards import Requirement, Size, Standard, clause, read_standard, standard_names

FLAG_WORDS = {
    "confirmed": "已核实 confirmed",
    "secondary": "二手来源 secondary",
    "ours": "本项目设定 ours",
    "unverified": "**未核实 unverified**",
}
SCOPE_WORDS = {
    "communities": "社区（村）",
    "streets": "街道",
    "facilities": "设施",
    "county": "县",
    "city": "市",
}
SETTING_WORDS = {"urban": "城市", "township": "乡镇", "rural": "农村"}

# The stage that begins with a name of the public interface, in its order.
STAGES = {
    "read_config": "整个流程 · The pipeline",
    "read_scenario": "情景、起步与核对 · Scenarios, starting, checking",
    "read_standard": "读取 · Reading",
    "WalkProfile": "步行网络 · The walk network",
    "cells_from_raster": "人口落格 · Placing residents",
    "nearest_times": "步行时间与等时圈 · Times and isochrones",
    "coverage": "评判 · Judging",
    "supply": "供给与公平 · Supply and fairness",
    "propose_sites": "选址 · Siting",
    "coverage_map": "成果 · Output",
    "read_run": "对比 · Comparing",
}


def _cell(text: object) -> str:
    """Give a text as one cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|") or " "


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# --- the public interface -----------------------------------------------------------------------


def api_text() -> str:
    """Give reST that documents every name of ``lifecircle.__all__``, in its order."""
    parts = []
    for name in lifecircle.__all__:
        if name in STAGES:
            heading = STAGES[name]
            parts.append(f"{heading}\n{'-' * 2 * len(heading)}\n")
        public = getattr(lifecircle, name)
        if not isinstance(public, type):
            parts.append(f".. autofunction:: lifecircle.{name}\n")
        else:
            parts.append(f".. autoclass:: lifecircle.{name}\n{_members(public)}")
    return "\n".join(parts)


def _members(public: type) -> str:
    """Name the methods and properties of a class's own that have something to say."""
    names = [
        name
        for base in reversed(public.__mro__)
        if base.__module__.startswith("lifecircle.")
        for name, member in vars(base).items()
        if not name.startswith("_")
        and (callable(member) or isinstance(member, property | classmethod))
        and getattr(member, "__doc__", None)
    ]
    return f"   :members: {', '.join(dict.fromkeys(names))}\n   :member-order: bysource\n"


# --- the command line ---------------------------------------------------------------------------


def cli_text() -> str:
    """Give Markdown of every command: usage, arguments, options and defaults."""
    group = typer.main.get_command(typer_app)
    return "\n".join(_command("lifecircle", command) for command in _commands(group))


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        yield path, command
        if hasattr(command, "commands"):
            yield from _commands(command, path)


def _command(program: str, named: tuple[str, Any]) -> str:
    path, command = named
    shown = " ".join(filter(None, (_metavar(p) for p in command.params if _is_argument(p))))
    usage = f"{program} {path} {shown}".strip()
    options = any(not _is_argument(param) for param in command.params)
    rows = ((_names(p), _cell(getattr(p, "help", None) or ""), _default(p)) for p in command.params)
    text = [f"## {program} {path}\n", textwrap.dedent(command.help or "").strip() + "\n"]
    text.append(f"```text\n{usage}{' [OPTIONS]' if options else ''}\n```\n")
    if command.params:
        text.append(_table(("参数 argument, option", "含义 meaning", "默认 default"), rows))
    return "\n".join(text)


def _is_argument(param: Any) -> bool:
    return param.param_type_name == "argument"


def _metavar(param: Any) -> str:
    name = (param.metavar or param.name.upper()).strip("[]{}")
    name = f"{name}..." if param.nargs == -1 and not name.endswith("...") else name
    return name if param.required else f"[{name}]"


def _names(param: Any) -> str:
    if _is_argument(param):
        return f"`{_metavar(param)}`"
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    held = _held(param)
    if isinstance(held, type) and issubclass(held, Enum):
        return f"{names} " + " ".join(f"`{each.value}`" for each in held)
    return names if param.is_flag else f"{names} {getattr(held, '__name__', 'text').upper()}"


def _held(param: Any) -> Any:
    """Give the type of a value of an option, of one where it may stand several times."""
    described = getattr(param, "type_descriptor", None)
    annotation = getattr(described, "annotation", str)
    inner = [each for each in get_args(annotation) if each is not type(None)]
    return inner[0] if inner else annotation


def _default(param: Any) -> str:
    if param.required:
        return "必填 required"
    default = param.default
    if default is None or default is False or callable(default) or _is_argument(param):
        return ""
    return f"`{getattr(default, 'value', default)}`" if str(default) not in {"", "()", "[]"} else ""


# --- files in TOML ------------------------------------------------------------------------------


def county_text() -> str:
    """Give Markdown of every table and key of a county's file."""
    return _model_text(CountyConfig, "county.toml")


def commented_text() -> str:
    """Give the Chinese README's county file, in which every key stands with its meaning."""
    readme = Path(__file__).parents[2] / "README.zh-CN.md"
    block = re.search(r"(?ms)^```toml\n.*?^```$", readme.read_text(encoding="utf-8"))
    return "" if block is None else block.group()


def scenario_text() -> str:
    """Give Markdown of every table and key of a scenario's file."""
    return _model_text(Scenario, "scenario.toml")


def _model_text(model: type[BaseModel], top: str) -> str:
    parts = []
    for place, part in _parts(model, ""):
        text = NumpyDocString(textwrap.dedent(part.__doc__ or ""))
        summary = " ".join([*text["Summary"], *text["Extended Summary"]])
        parts.append(f"## {place or top}\n\n{_markdown(summary)}\n")
        rows = [_key(name, field, _meanings(part)) for name, field in part.model_fields.items()]
        kept = (row for row in rows if row[0] != "`path`" or place)
        parts.append(_table(("键 key", "类型 type", "默认 default", "含义 meaning"), kept))
    return "\n".join(parts)


def _parts(model: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Walk a model and the tables inside it, each once, in the order of the file."""
    seen: set[type[BaseModel]] = set()

    def walk(part: type[BaseModel], where: str) -> Iterator[tuple[str, type[BaseModel]]]:
        yield where, part
        for name, field in part.model_fields.items():
            for inner, form in _inner(field.annotation):
                if inner not in seen:
                    seen.add(inner)
                    path = f"{where.strip('[]')}.{name}".strip(".")
                    yield from walk(inner, form.format(path))

    yield from walk(model, place)


def _inner(annotation: Any, form: str = "[{}]") -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, form
        return
    origin = getattr(annotation, "__origin__", None)
    if origin is tuple:
        form = "[[{}]]"
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        form = "[{}.NAME]"
    for each in get_args(annotation):
        yield from _inner(each, form)


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Give the meaning of each key, from the docstrings of a model and those it derives from."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.startswith("lifecircle") and base.__doc__:
            for entry in NumpyDocString(textwrap.dedent(base.__doc__))["Parameters"]:
                for name in entry.name.split(", "):
                    found[name] = " ".join(entry.desc)
    return found


def _key(name: str, field: Any, meanings: dict[str, str]) -> tuple[str, str, str, str]:
    alias = field.validation_alias
    others = alias.choices if isinstance(alias, AliasChoices) else ()
    names = " ".join(f"`{each}`" for each in dict.fromkeys((name, *map(str, others))))
    meaning = _markdown(meanings.get(name) or field.description or "")
    return names, _type(field.annotation), _given(field), meaning


def _given(field: Any) -> str:
    if field.is_required():
        return "必填 required"
    default = field.default
    if default is PydanticUndefined or isinstance(default, BaseModel):
        return ""
    told = default.as_posix() if isinstance(default, Path) else default
    if told in (None, "", ()) or (isinstance(told, Mapping) and not told):
        return ""
    return f"`{json.dumps(told, ensure_ascii=False)}`"  # as TOML writes it


_PLAIN = {str: "text", Path: "path", bool: "true, false", int: "integer", float: "number"}


def _type(annotation: Any) -> str:
    """Name a type as TOML's readers do."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"array of {_type(inner[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"table of {_type(inner[1])}"
    if inner:  # one with bounds, or a choice of several
        of = inner[:1] if origin is Annotated else inner
        return " or ".join(_type(each) for each in of if each is not type(None))
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return "table" if is_table else _PLAIN.get(annotation, "any")


def _markdown(text: str) -> str:
    """Give a docstring's text as Markdown: double backticks and `names` are code."""
    return re.sub(r"``(.+?)``", r"`\1`", text)


# --- tables -------------------------------------------------------------------------------------


def tables_text() -> str:
    """Give Markdown of every table's index, columns, values and geometry."""
    schemas = [
        value for name in tables.__all__ if isinstance(value := getattr(tables, name), tables.Table)
    ]
    parts = []
    for table in schemas:
        index = ", ".join(f"`{name}`" for name in table.index)
        shape = f"；几何 geometry: {', '.join(table.geometry)}" if table.geometry else ""
        parts.append(f"## {table.name}\n\n索引 index: {index}{shape}\n")
        rows = ((f"`{n}`", c.dtype, _values(c), c.meaning) for n, c in table.columns.items())
        parts.append(_table(("列 column", "类型 dtype", "取值 values", "含义 meaning"), rows))
    return "\n".join(parts)


def _values(column: tables.Column) -> str:
    told = []
    if column.allowed is not None:
        told.append(" ".join(f"`{word}`" for word in column.allowed))
    if column.minimum is not None:
        told.append(f">= {column.minimum:g}")
    if column.maximum is not None:
        told.append(f"<= {column.maximum:g}")
    told += ["可缺值 may be missing"] * column.missing
    told += ["可无此列 optional"] * (not column.required)
    return "; ".join(told)


# --- standards and profiles ---------------------------------------------------------------------


def standards_text() -> str:
    """Give Markdown of every shipped standard: thresholds, targets, sources and flags."""
    return "\n".join(_standard(read_standard(name)) for name in standard_names())


def _standard(standard: Standard) -> str:
    flags = [r.flag for r in standard.requirements]
    counts = "、".join(
        f"{FLAG_WORDS[flag].replace('*', '')} {flags.count(flag)}"
        for flag in FLAG_WORDS
        if flag in flags
    )
    parts = [f"## {standard.zh} (`{standard.key}`)\n", f"{standard.en}. {standard.source}\n"]
    parts.append(f"阈值共 {len(flags)} 项 thresholds：{counts}。\n")
    parts += [f"- {note.zh}\n  {note.en}" for note in standard.notes]
    rule = standard.community
    parts.append(
        f"\n一个社区（村）算已覆盖，须有 {rule.share:.0%} 的居民在阈值之内："
        f"{FLAG_WORDS[rule.flag]}，{clause(rule.source)}。\n"
    )
    for key, circle in standard.circles.items():
        where = "、".join(SETTING_WORDS[setting] for setting in circle.settings)
        parts.append(f"### {circle.zh} · {circle.en} (`{standard.key}` / `{key}`)\n")
        parts.append(f"适用 {where}；{FLAG_WORDS[circle.flag]}；{clause(circle.source)}\n")
        head = ("设施 kind", "阈值 threshold", "规模 size", "核实 flag", "依据 source")
        parts.append(_table(head, (_required(r, standard) for r in standard.for_circle(key))))
    return "\n".join([*parts, *_priorities(standard), *_targets(standard)])


def _required(r: Requirement, standard: Standard) -> tuple[str, str, str, str, str]:
    kind = standard.kinds[r.kind]
    limit = f"{r.limit:g} 分钟 min" if r.unit == "minutes" else f"{r.limit:g} 米 m"
    named = (("建筑 floor", r.floor_m2), ("用地 land", r.land_m2))
    sizes = "；".join(_size(word, size) for word, size in named if size is not None)
    return f"{kind.zh} `{r.kind}`", limit, sizes, FLAG_WORDS[r.flag], clause(r.source)


def _size(word: str, size: Size) -> str:
    return f"{word} {size.text()} ({FLAG_WORDS[size.flag]})"


def _priorities(standard: Standard) -> Iterator[str]:
    if standard.priorities:
        yield f"### 缺口优先 · Gaps that come first (`{standard.key}`)\n"
        head = ("社区类别 class", "权重 weight", "核实 flag", "依据 source")
        found = standard.priorities.items()
        rows = (
            (f"{p.zh} `{key}`", f"{p.weight:g}", FLAG_WORDS[p.flag], clause(p.source))
            for key, p in found
        )
        yield _table(head, rows)


def _targets(standard: Standard) -> Iterator[str]:
    if standard.targets:
        yield f"### 计分卡 · The scorecard's targets (`{standard.key}`)\n"
        head = ("指标 target", "对象 scope", "目标 value", "核实 flag", "依据 source")
        yield _table(head, (_target(target) for target in standard.targets))


def _target(target: Any) -> tuple[str, str, str, str, str]:
    unit = f" {target.unit_zh}" if getattr(target, "unit_zh", "") else ""
    value = "" if target.value is None else f"{target.op} {target.value:g}{unit}"
    share = target.required_share
    share_text = "" if share is None else f"达标比例 {share:.0%}"
    told = "；".join(filter(None, (value, share_text)))
    name, scope = f"{target.zh} `{target.key}`", SCOPE_WORDS[target.scope]
    return name, scope, told, FLAG_WORDS[target.flag], clause(target.source)


def notebooks_text() -> str:
    """Give Markdown of the notebooks: file and title of each."""
    lines = []
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("*.py")):
        title = re.search(r"(?m)^# # (.+)$", path.read_text(encoding="utf-8"))
        lines.append(f"- `notebooks/{path.name}`：{path.stem if title is None else title[1]}")
    return "\n".join(lines)


def profiles_text() -> str:
    """Give Markdown of the shipped profiles of movement, and how surely each is known."""
    head = ("方式 profile", "平路 level", "台阶 steps", "未铺装 unpaved", "坡度 slope", "核实情况")
    rows = (
        (
            f"{value['zh']} `{key}`",
            f"{value['speed_kph']:g} km/h",
            "不可通行" if value.get("no_steps") else f"×{value['steps_factor']:g}",
            f"×{value['unpaved_factor']:g}",
            "计" if value["slope"] else "不计",
            value["note_zh"],
        )
        for key, value in profiles().items()
    )
    return _table(head, rows)
