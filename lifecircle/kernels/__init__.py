"""The compiled inner loops (numba): graph contraction, searches, snapping, gathering.

Plain arrays in, plain arrays out; the maths stands in words above each kernel. They are compiled
at their first use on a machine and cached on disk after that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


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
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Function", compiled)
