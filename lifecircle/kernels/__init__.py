"""The compiled inner loops (numba): graph contraction, searches, snapping, gathering.

Plain arrays in, plain arrays out; the maths stands in words above each kernel. They are compiled
at their first use on a machine and cached on disk after that.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# One of each module that every assessment runs; numba keeps or drops its cache by source file.
_TELLING: Final = (
    ("graph", "contract"),
    ("places", "gather"),
    ("raster", "outline"),
    ("search", "nearest"),
)


def kernel(function: Function) -> Function:
    """Compile a function with numba: cached on disk, without the interpreter lock.

    Parameters
    ----------
    function
        A function over arrays and numbers.

    Returns
    -------
    Function
        The same, compiled at its first call.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # there is no folder to write a cache to: compiled in every process
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    return cast("Function", compiled)


def cold() -> bool:
    """Tell whether the kernels are still to be compiled, which takes ten seconds or so, once.

    Returns
    -------
    bool
        True on a first run on a machine, after an update, or where no cache can be kept.

    Examples
    --------
    >>> cold() in (True, False)
    True
    """
    return not all(_cached(module, name) for module, name in _TELLING)


def _cached(module: str, name: str) -> bool:
    dispatcher: Any = getattr(import_module(f"{__name__}.{module}"), name)
    if dispatcher.signatures:  # compiled or loaded in this process
        return True
    folder = dispatcher.stats.cache_path
    code = dispatcher.py_func.__code__
    if folder is None:
        return False
    written = Path(code.co_filename).stat().st_mtime
    indexes = Path(folder).glob(f"{module}.{name}-{code.co_firstlineno}.*.nbi")
    return any(index.stat().st_mtime >= written for index in indexes)
