"""Many counties at once: each by itself in a worker of Dask, every change in a journal.

`lifecircle batch` and `lifecircle status` on the command line. Workers are processes of this
machine, or of any running Dask cluster with the same software and the same paths.
"""

from __future__ import annotations

from lifecircle.batch.cluster import Crew
from lifecircle.batch.jobs import Options, find_configs
from lifecircle.batch.journal import Entry, batch_state
from lifecircle.batch.running import Report, run_batch
from lifecircle.batch.summary import roll_up_batch

__all__ = [
    "Crew",
    "Entry",
    "Options",
    "Report",
    "batch_state",
    "find_configs",
    "roll_up_batch",
    "run_batch",
]
