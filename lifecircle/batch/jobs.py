"""Which counties a batch holds, what each is called, and what its results depend on."""

from __future__ import annotations

import hashlib
import json
import re
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lifecircle import __version__
from lifecircle.config import CountyConfig, Dataset, datasets, load_config
from lifecircle.errors import Fault, InputError, MissingExtraError, MissingFileError, warn
from lifecircle.reading import with_boundary_file
from lifecircle.standards import Lang

RESERVED: Final = ("logs", "summary")
"""Folders beside those of the counties."""

_ADCODE: Final = re.compile(r"(?<!\d)([1-8]\d{5})(?!\d)")
_SETTLED_NS: Final = 2_000_000_000  # a file younger than this may still change unseen by its time

Stamp = tuple[int, int]
"""Bytes and time of change (ns) of a file; of a folder, of all its files together."""

Remember = Callable[[Dataset], str]
"""Gives a dataset's SHA-256, computed or remembered."""


@dataclass(frozen=True)
class Options:
    """What holds for every county of a batch; the options of ``lifecircle assess``.

    Parameters
    ----------
    standards
        Names of standards; none: each county's own.
    lang
        Language of the results; None: as each county's file says.
    without
        Parts that are left out.
    """

    standards: tuple[str, ...] = ()
    lang: Lang | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One county of a batch.

    Parameters
    ----------
    name
        Name of its folder; of a file that cannot be read, the file's path.
    config
        Its TOML file, absolute.
    zh, en
        Its names.
    adcode
        Six digits, or empty where none is known.
    fingerprint
        Hash of all that its results depend on; see `fingerprint`.
    bytes
        Size of its inputs; the largest are begun first.
    fault
        Why it cannot be assessed at all; empty if nothing is known against it.
    """

    name: str
    config: Path
    zh: str = ""
    en: str = ""
    adcode: str = ""
    fingerprint: str = ""
    bytes: int = 0
    fault: str = ""


def find_configs(folder: Path, prefix: str) -> list[Path]:
    """Find the county files below a folder whose adcode begins with some digits.

    Parameters
    ----------
    folder
        Searched with all folders in it for ``*.toml``.
    prefix
        ``"43"`` for a province, ``"4305"`` for a prefecture.

    Returns
    -------
    list of Path
        By adcode, then by path.

    Raises
    ------
    MissingFileError
        There is no such folder, or it holds no such county.

    Notes
    -----
    The adcode is that of ``[boundary]``; without one, six digits that stand alone in the file's
    name, or else in its folder's: ``430527.toml``, ``430527/county.toml``.

    Examples
    --------
    >>> [path.stem for path in find_configs(Path("data"), "43050")]
    ['shuangqing', 'daxiang']
    """
    if not folder.is_dir():
        fault = Fault(str(folder), "there is no such folder", "give --configs the county files'")
        raise MissingFileError(fault)
    found: list[tuple[str, Path]] = []
    for path in sorted(folder.rglob("*.toml")):
        try:
            boundary = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("boundary", {})
        except (OSError, ValueError) as error:
            boundary = {}
            if not _adcode_in_name(path):
                warn(f"{path}: cannot be read ({error}), so it is not known where it lies")
        given = boundary.get("adcode") if isinstance(boundary, dict) else None
        adcode = str(given or _adcode_in_name(path))
        if adcode.startswith(prefix):
            found.append((adcode, path))
    if not found:
        fault = Fault(
            str(folder),
            f"no county file has an adcode that begins with {prefix}",
            "give its adcode in [boundary] or in the file's name, or name the files themselves",
        )
        raise MissingFileError(fault)
    return [path for _, path in sorted(found)]


def read_jobs(configs: Sequence[Path], options: Options, remember: Remember) -> list[Job]:
    """Read the county files of a batch and hash what they name.

    Parameters
    ----------
    configs
        TOML files.
    options
        What holds for all.
    remember
        Gives the hash of a dataset.

    Returns
    -------
    list of Job
        In the given order. A file that cannot be read is a job with a fault: it costs no other.

    Raises
    ------
    MissingFileError
        A file that was named is not there.
    InputError
        Two counties have the same name, or one a name that is reserved. All faults are listed.
    """
    missing = [
        Fault(str(path), "there is no such file", "check the path of the county file")
        for path in configs
        if not path.is_file()
    ]
    if missing:
        raise MissingFileError(missing)
    paths = list(dict.fromkeys(path.resolve() for path in configs))
    parsed = [_parse(path) for path in paths]
    _check_names([job for job, _ in parsed])
    return [
        job if config is None else _hashed(job, config, options, remember) for job, config in parsed
    ]


def fingerprint(config: CountyConfig, options: Options, remember: Remember) -> tuple[str, int]:
    """Hash all that a county's results depend on.

    Parameters
    ----------
    config
        The county.
    options
        Options of the batch.
    remember
        Gives the hash of a dataset.

    Returns
    -------
    fingerprint, bytes
        SHA-256 over the county file, every dataset that it names, the options, and lifecircle's
        version; and how large the datasets are. What is downloaded (``overpass``) is not in it.
    """
    told: dict[str, object] = {"version": __version__, "options": repr(options)}
    told["config"] = hashlib.sha256(config.path.read_bytes()).hexdigest()
    try:
        config = with_boundary_file(config)
    except MissingExtraError:
        told["boundary"] = "missing"
    size = 0
    for key, data in datasets(config).items():
        if not data.path.exists():
            told[key] = "missing"
            continue
        told[key] = remember(data)
        size += stamp(data.path)[0]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(), size


def stamp(path: Path) -> Stamp:
    """Tell a file's size and time of change; of a folder, the sum and the latest of its files."""
    files = [part for part in path.rglob("*") if part.is_file()] if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    size, latest = sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)
    return size, latest + len(stats) - 1


def settled(changed_ns: int) -> bool:
    """Tell whether a file is old enough that a later change must show in its time."""
    return time.time_ns() - changed_ns > _SETTLED_NS


def _parse(path: Path) -> tuple[Job, CountyConfig | None]:
    try:
        config, missing = load_config(path)
    except (InputError, OSError) as error:
        told = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        adcode = _adcode_in_name(path)
        return Job(str(path), path, path.stem, path.stem, adcode, told, fault=str(error)), None
    boundary = config.boundary
    adcode = (boundary.adcode if boundary else None) or _adcode_in_name(path)
    fault = "\n".join(str(fault) for fault in missing)
    return Job(config.name, path, config.zh, config.en, adcode, fault=fault), config


def _hashed(job: Job, config: CountyConfig, options: Options, remember: Remember) -> Job:
    try:
        told, size = fingerprint(config, options, remember)
    except OSError as error:
        fault = Fault(str(job.config), f"an input cannot be read: {error}", "check its access")
        return replace(job, fault=f"{job.fault}\n{fault}".strip())
    return replace(job, fingerprint=told, bytes=size)


def _check_names(jobs: Iterable[Job]) -> None:
    by_name: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:  # Windows and macOS know no difference between Mini and mini
        by_name[job.name.casefold()].append(job)
    faults = [
        Fault(
            ", ".join(str(job.config) for job in same),
            f"{len(same)} counties have the name {same[0].name!r}",
            "give each its own name; it is the folder of its results",
        )
        for same in by_name.values()
        if len(same) > 1
    ]
    faults += [
        Fault(str(job.config), f"the name {job.name!r} is kept for the batch", "choose another")
        for name in RESERVED
        for job in by_name.get(name, [])
    ]
    if faults:
        raise InputError(faults)


def _adcode_in_name(path: Path) -> str:
    found = _ADCODE.search(path.stem) or _ADCODE.search(path.parent.name)
    return found[1] if found else ""
