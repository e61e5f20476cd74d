"""Batches of many places, reduced on all cores and added up in their order, a few at a time in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from ...base.threads import n_cores, single_threaded_blas
from ..pairwise import PairwiseSum
from ..statistics import Statistics
from .batch import Place, statistics_of
from .columns import length_of
from .spec import BatchSpec

_AHEAD = 1  # jobs for each core that wait


class Job(NamedTuple):
    """Batches that one thread reads and reduces."""

    place: Place
    batches: Callable[[], Iterator[Any]]


def reduced[Kind: Statistics](
    kind: type[Kind], jobs: Iterable[Job], spec: BatchSpec, done: Callable[[int], Any]
) -> Kind | None:
    """Reduce jobs and add them up.

    Parameters
    ----------
    kind : type
        Of the statistics.
    jobs : iterable of Job
    spec : BatchSpec
    done : callable
        Called with the number of rows of each batch that is reduced, by any thread.

    Returns
    -------
    Statistics or None
        The same whatever the number of threads. None if there is no batch.
    """

    def of(batch: Any, place: Place) -> Kind:
        return statistics_of(kind, batch, spec, place)

    return added_up(of, jobs, done)


def added_up[Part](
    of: Callable[[Any, Place], Part], jobs: Iterable[Job], done: Callable[[int], Any]
) -> Part | None:
    """Add up what a function makes of each batch, in the order of the batches, with ``+``.

    Parameters
    ----------
    of : callable (batch, place) -> Part
        Called by any thread.
    jobs : iterable of Job
    done : callable
        Called with the number of rows of each batch that is done, by any thread.

    Returns
    -------
    Part or None
        The same whatever the number of threads. None if there is no batch.
    """

    def of_job(job: Job) -> Part | None:
        sums, row = PairwiseSum[Part](), job.place.first_row
        for batch in job.batches():
            sums.add(of(batch, Place(job.place.name, row)))
            n_rows = length_of(batch)
            row += n_rows
            done(n_rows)
        return sums.total

    whole, n_threads = PairwiseSum[Part](), n_cores()
    waiting: deque[Future[Part | None]] = deque()

    def collect() -> None:
        one = waiting.popleft().result()
        if one is not None:
            whole.add(one)

    with single_threaded_blas(), ThreadPoolExecutor(n_threads) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(of_job, job))
                if len(waiting) > n_threads + _AHEAD:
                    collect()
            while waiting:
                collect()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return whole.total
