"""What every worker process of a local batch does once, when Dask starts it."""

from __future__ import annotations

import signal
import threading


def dask_setup(worker: object) -> None:  # noqa: ARG001 - Dask's interface
    """Ignore SIGINT: Ctrl-C on a terminal reaches the workers too, and the batch deals with it.

    Parameters
    ----------
    worker
        The worker that starts.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
