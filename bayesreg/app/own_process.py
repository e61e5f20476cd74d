"""What holds for a process that does nothing but one command: it ends soon, and no other code runs in it."""

import atexit
import gc
import sys

_BETWEEN_SEARCHES = (
    700_000  # objects made and not freed, some 100 MB; a fit makes 500,000; Python searches after 2000
)
_SEARCHES_OF_YOUNG = 5  # until older objects are searched too
_NEVER_USED = "dask"  # xarray loads it wherever it is installed, for arrays that no command has


def own_process() -> None:
    """Search seldom for objects that only refer to each other, and not at all as the process ends; load no dask.

    Nearly all that is imported stays, so to search it again and again takes a tenth of a command's time, and a last
    search as long again. Memory goes back to the system all the same when the process ends.
    """
    gc.set_threshold(_BETWEEN_SEARCHES, _SEARCHES_OF_YOUNG)
    atexit.register(gc.freeze)
    sys.modules.setdefault(_NEVER_USED, None)  # type: ignore[arg-type]  # so it counts as not installed
