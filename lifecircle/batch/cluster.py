"""The workers of a batch: processes on this machine, or those of a running Dask cluster."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psutil

from lifecircle import __version__
from lifecircle.batch.work import warm_up
from lifecircle.errors import Fault, InputError, OfflineError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

_ROOM: Final = 2 * 2**30  # bytes that a county of 500,000 cells takes at most; performance goal
_LEAST: Final = 500 * 10**6  # bytes; the software alone takes 400 MB
_MEND_SECONDS: Final = 10.0
_NOBODY_SECONDS: Final = 600.0
_AGAIN: Final = "start it again and give the same command: what is done is kept"
_WAIT_SECONDS: Final = 30
_LOOPBACK: Final = "127.0.0.1"

# One thread each, a county holds its worker for minutes, and nothing is passed between counties:
# no spilling, no pausing (memory that a past county left would stop a worker for good), no
# profiler, no web server. A worker that dies is told to the batch at once, which decides what to
# do: here every worker has one county at most, so that no other county is blamed for it.
_LOCAL: Final = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-ttl": "30 minutes",
    "distributed.scheduler.work-stealing": False,
    "distributed.deploy.lost-worker-timeout": "60 seconds",  # a busy machine takes its time
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": ["lifecircle.batch.steady"],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.admin.system-monitor.gil.enabled": False,
}


@dataclass(frozen=True)
class Crew:
    """Who does the work.

    Parameters
    ----------
    workers
        Processes on this machine; None: one per core, as far as 2 GiB of memory each allow.
    memory
        Limit of each, as ``"4GB"``; a worker above it is killed. None: an equal share of the
        machine's memory.
    scheduler
        Address of a running cluster (``tcp://...``), which then does the work instead.
    """

    workers: int | None = None
    memory: str | None = None
    scheduler: str | None = None


def count_workers(crew: Crew, counties: int) -> int:
    """Give how many processes to start on this machine: never more than there are counties."""
    if crew.workers is not None:
        wanted = crew.workers
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        wanted = min(cores or 1, psutil.virtual_memory().total // _ROOM)
    return max(1, min(wanted, counties))


def check_crew(crew: Crew) -> None:
    """Refuse a memory limit or an address that means nothing, before any work begins.

    Raises
    ------
    InputError
        With what is wrong.
    """
    from dask.utils import parse_bytes

    faults = []
    if crew.memory is not None:
        try:
            if parse_bytes(crew.memory) < _LEAST:
                what = f"{crew.memory} is less than the smallest county takes"
                faults.append(Fault("--memory", what, "give 2GB or more, and fewer --workers"))
        except ValueError:
            faults.append(Fault("--memory", f"{crew.memory!r} is no size", "write it as 4GB"))
    if crew.scheduler is not None and "://" not in crew.scheduler:
        remedy = "write it as tcp://host:8786"
        faults.append(Fault("--scheduler", f"{crew.scheduler!r} is no address", remedy))
    if faults:
        raise InputError(faults)


@contextmanager
def connected(crew: Crew, counties: int) -> Iterator[Client]:
    """Start the workers, or connect to those that run; they have loaded lifecircle already.

    Parameters
    ----------
    crew
        Who does the work.
    counties
        How many counties there are to do.

    Raises
    ------
    OfflineError
        Nobody answers at the scheduler's address, or it has no worker.
    InputError
        A worker there has no or another lifecircle, or several threads.
    """
    import dask
    from distributed import Client

    # Dask tells each death of a worker on the screen; the batch tells what it means.
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        if crew.scheduler is None:
            with (
                dask.config.set(_LOCAL),
                _cluster(crew, counties) as cluster,
                Client(cluster, set_as_default=False) as client,
            ):
                try:
                    _warm(client)
                    yield client
                finally:
                    _let_go(cluster)
        else:
            with _reached(crew.scheduler) as client:
                _warm(client)
                yield client
    finally:
        logger.setLevel(before)


@dataclass
class Hands:
    """Counts the workers that are there, and sees to it that lost ones come back.

    Parameters
    ----------
    client
        Connected to them.
    """

    client: Client
    _full: float = field(default_factory=time.monotonic)
    _some: float = field(default_factory=time.monotonic)
    _mended: float = 0.0

    def count(self) -> int:
        """Give how many workers are there now.

        Raises
        ------
        OfflineError
            The scheduler is gone, or there was no worker for ten minutes.
        """
        if self.client.status != "running":
            raise OfflineError(f"the cluster's scheduler is gone -> {_AGAIN}")
        now, here = time.monotonic(), len(self.client.nthreads())
        if here:
            self._some = now
        elif now - self._some > _NOBODY_SECONDS:
            raise OfflineError(f"no worker is left -> {_AGAIN}")
        cluster = self.client.cluster
        if cluster is None or here >= len(cluster.worker_spec):
            self._full = now
        elif now - max(self._full, self._mended) > _MEND_SECONDS:
            # One that dies while it starts is given up by Dask; asking for all starts it anew.
            self._mended = now
            cluster.scale(len(cluster.worker_spec))
        return here


def _cluster(crew: Crew, counties: int) -> LocalCluster:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=count_workers(crew, counties),
        threads_per_worker=1,
        processes=True,
        memory_limit=crew.memory or "auto",
        host=_LOOPBACK,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": f"{_LOOPBACK}:0", "dashboard": False},
        silence_logs=logging.CRITICAL,
        env={"NUMBA_NUM_THREADS": "1"},
    )


@contextmanager
def _reached(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=_WAIT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise OfflineError(
            f"{address}: no scheduler answers ({error}) -> start `dask scheduler` and `dask worker`"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT_SECONDS)
        except TimeoutError as error:
            raise OfflineError(
                f"{address}: has no worker -> start `dask worker {address} --nthreads 1`"
            ) from error
        several = [where for where, threads in client.nthreads().items() if threads != 1]
        if several:
            raise InputError(
                Fault(
                    ", ".join(several),
                    "has several threads; a county needs a process of its own",
                    "start it with --nthreads 1, and --nworkers as many as there are cores",
                )
            )
        yield client


def _warm(client: Client) -> None:
    """Load lifecircle everywhere, and compile what is not compiled yet in one place only."""
    versions: dict[str, Any] = client.run(warm_up, compiled=False, on_error="return")
    other = {where: told for where, told in versions.items() if told != __version__}
    lost = {where: told for where, told in other.items() if isinstance(told, OSError)}
    wrong = {where: told for where, told in other.items() if where not in lost}
    if wrong:
        raise InputError(
            [
                Fault(where, f"has not lifecircle {__version__}: {told}", "install the same there")
                for where, told in wrong.items()
            ]
        )
    client.submit(warm_up, compiled=True, pure=False).exception()  # a dead worker is no matter yet


def _let_go(cluster: LocalCluster) -> None:
    """End the workers at once; closing would wait for what they are at, which was given up."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(nanny.pid).kill()
