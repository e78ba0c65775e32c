"""Reading the county's TOML file: all its faults at once, and which files it names are missing."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, Final, cast, get_args

from pydantic import BaseModel, ValidationError

from lifecircle.config.models import CountyConfig
from lifecircle.config.sources import Dataset
from lifecircle.errors import ConfigError, Fault, MissingFileError

_WORDS: Final = {
    "Extra inputs are not permitted": "is no key of the county file",
    "Field required": "is missing",
}


def read_config(path: str | Path) -> CountyConfig:
    """Read and check a county's TOML file.

    Parameters
    ----------
    path
        The file. Relative paths inside it are taken from its own folder.

    Returns
    -------
    CountyConfig
        Frozen; every dataset's path is absolute.

    Raises
    ------
    MissingFileError
        The file, or one that it names, does not exist. All missing files are listed.
    ConfigError
        The file is not TOML, or holds unknown keys or wrong values. All faults are listed.

    Examples
    --------
    >>> read_config("data/liechtenstein/county.toml").en
    'Liechtenstein'
    """
    config, missing = load_config(path)
    if missing:
        raise MissingFileError(missing)
    return config


def load_config(path: str | Path) -> tuple[CountyConfig, list[Fault]]:
    """Read a county's TOML file as `read_config`, but hand back which files are missing.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    config, missing
        A fault for each dataset that is not there.

    Raises
    ------
    MissingFileError, ConfigError
        As `read_config`, of the county file itself.
    """
    path = Path(path)
    raw = _load(path)
    try:
        config = CountyConfig.model_validate({**raw, "path": path.resolve()})
    except ValidationError as error:
        raise ConfigError(
            [Fault(str(path), _where(e["loc"], e["msg"]), _remedy(e)) for e in error.errors()]
        ) from error
    config = _with_store(cast("CountyConfig", _resolve(config, path.resolve().parent)))
    missing = [
        Fault(str(path), f"{key} names {data.path}, which is not there", _get_it(data))
        for key, data in datasets(config).items()
        if not (data.path.is_file() or _is_geodatabase(data.path))
    ]
    return config, missing


def datasets(config: CountyConfig) -> dict[str, Dataset]:
    """Give every dataset that a county names, by its place in the file.

    Parameters
    ----------
    config
        The county.

    Returns
    -------
    dict
        ``{"roads.osm": Dataset(...), ...}`` in the order of the file.
    """
    found: dict[str, Dataset] = {}

    def visit(value: object, key: str) -> None:
        if isinstance(value, Dataset):
            found[key] = value
        elif isinstance(value, BaseModel):
            for name in type(value).model_fields:
                visit(getattr(value, name), f"{key}.{name}" if key else name)
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                visit(item, f"{key}[{number}]")

    visit(config, "")
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError(
            Fault(str(path), "there is no such file", "check the path of the county file")
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Fault(str(path), str(error), "give a UTF-8 text file")) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Fault(str(path), f"not TOML: {error}", "mend that line")) from error


def _resolve(value: Any, folder: Path) -> Any:
    if isinstance(value, Dataset):
        return value.model_copy(update={"path": (folder / value.path).resolve()})
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        changed = {
            name: _resolve(getattr(value, name), folder)
            for name in fields
            if isinstance(getattr(value, name), BaseModel | tuple)
        }
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        return tuple(_resolve(item, folder) for item in value)
    return value


def _with_store(config: CountyConfig) -> CountyConfig:
    """Name the county's own store where the roads are a folder of stores."""
    roads = config.roads
    if roads.osm is None or not roads.osm.path.is_dir():
        return config
    adcode = None if config.boundary is None else config.boundary.adcode
    files = [roads.osm.path / f"{name}.lcx" for name in (adcode, config.name) if name]
    file = next((file for file in files if file.is_file()), files[0])
    store = roads.osm.model_copy(update={"path": file})
    return config.model_copy(update={"roads": roads.model_copy(update={"osm": store})})


def _where(loc: tuple[int | str, ...], message: str) -> str:
    place = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in loc))
    words = _WORDS.get(message, message.removeprefix("Value error, "))
    return f"{place}: {words}" if place else words


def _remedy(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        keys = _keys_at(error["loc"][:-1])
        near = difflib.get_close_matches(str(error["loc"][-1]), keys, n=1)
        if near:
            return f"did you mean {near[0]!r}?"
        return f"remove it, or use one of {', '.join(keys)}" if keys else "remove it"
    if error["type"] == "missing":
        return "add this key"
    if error["type"] == "model_type":
        keys = _keys_at(error["loc"])
        return f'write {{ {keys[0]} = "..." }}' if keys else "write a table"
    return "correct this value"


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    """Give the keys that a table of the county file may hold, by its place."""
    model: Any = CountyConfig
    for part in loc:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        field = model.model_fields.get(part)
        options = [] if field is None else [field.annotation, *get_args(field.annotation)]
        tables = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        model = tables[0] if tables else None
    return [name for name in getattr(model, "model_fields", {}) if name != "path" or loc]


def _is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _get_it(data: Dataset) -> str:
    return f"get it from {data.source}" if data.source else "correct the path or add it"
