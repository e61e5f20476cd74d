"""What holds for a process that does nothing but one command: it ends soon, so memory need not be searched often."""

import atexit
import gc

_BETWEEN_SEARCHES = 100_000  # objects made and not freed, some 20 MB; Python searches after 2000
_SEARCHES_OF_YOUNG = 20  # until older objects are searched too


def own_process() -> None:
    """Search seldom for objects that only refer to each other, and not at all as the process ends.

    Nearly all that is imported stays, so to search it again and again takes a tenth of a command's time, and a last
    search as long again. Memory goes back to the system all the same when the process ends.
    """
    gc.set_threshold(_BETWEEN_SEARCHES, _SEARCHES_OF_YOUNG)
    atexit.register(gc.freeze)
