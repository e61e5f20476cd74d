"""Processes for many models of many shapes. Each program is compiled once."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import bayesreg as br
from bayesreg.base import compilation_cache as compilation

PROGRAMS = Path(__file__).resolve().parents[1] / "build" / "programs"
_HELD = 300  # programs in the memory of a process, about 3 to 20 MB each


def processes(n: int | None) -> ProcessPoolExecutor:
    """Return n processes, by default one for each core. They share compiled programs, also with later runs."""
    return ProcessPoolExecutor(n, mp_context=get_context("spawn"), initializer=_keep_programs)


def _keep_programs() -> None:
    br.use_compilation_cache(PROGRAMS)
    compilation.MOST_PROGRAMS = _HELD
