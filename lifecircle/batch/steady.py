"""What every worker process of a local batch is told once, when it starts."""

from __future__ import annotations

import signal
import threading

from distributed import WorkerPlugin


class Steady(WorkerPlugin):  # type: ignore[misc]  # Dask has no types
    """Ctrl-C on a terminal reaches the workers too; they leave it to the batch."""

    name = "lifecircle-steady"

    def setup(self, worker: object) -> None:  # noqa: ARG002 - Dask's interface
        """Ignore SIGINT in this process."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
