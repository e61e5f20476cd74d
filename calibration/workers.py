"""Processes that measure: many models of many shapes, each compiled once."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import bayesreg as br
from bayesreg.base import compilation_cache as compilation

PROGRAMS = Path(__file__).resolve().parents[1] / "build" / "programs"
_HELD = 300  # programs of a process, some 3 to 20 MB each


def processes(n: int | None) -> ProcessPoolExecutor:
    """Return so many processes, one a core by default, that keep compiled programs for each other and later runs."""
    return ProcessPoolExecutor(n, mp_context=get_context("spawn"), initializer=_keep_programs)


def _keep_programs() -> None:
    br.use_compilation_cache(PROGRAMS)
    compilation.MOST_PROGRAMS = _HELD
