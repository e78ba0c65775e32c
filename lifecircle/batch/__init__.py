"""Many counties at once: each by itself in a worker of Dask, every change in a journal.

`lifecircle batch` and `lifecircle status` on the command line. Workers are processes of this
machine, or of any running Dask cluster with the same software and the same paths.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Imported at first use: a worker process that starts needs none of it yet.
_HOMES = {
    "Crew": "cluster",
    "Entry": "journal",
    "Options": "jobs",
    "Report": "running",
    "batch_state": "journal",
    "find_configs": "jobs",
    "roll_up_batch": "summary",
    "run_batch": "running",
    "show_batch": "watching",
}

__all__ = [
    "Crew",
    "Entry",
    "Options",
    "Report",
    "batch_state",
    "find_configs",
    "roll_up_batch",
    "run_batch",
    "show_batch",
]

if TYPE_CHECKING:
    from lifecircle.batch.cluster import Crew
    from lifecircle.batch.jobs import Options, find_configs
    from lifecircle.batch.journal import Entry, batch_state
    from lifecircle.batch.running import Report, run_batch
    from lifecircle.batch.summary import roll_up_batch
    from lifecircle.batch.watching import show_batch


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
