"""Calls of the workers that hold the shares, for steps of mini-batches.

A task takes messages between the scheduler and the workers for every partition, and the
scheduler may move what it reads. A call is one message to every worker and one back:
each computes for the shares in its memory, where they stay.

Calls have no side effects. If one fails, as a worker is lost, tasks compute the same:
Dask then makes the lost shares anew elsewhere, and later calls find them there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._shares import added

_ATTEMPTS = 3  # calls, between which the shares are located again, before tasks
_LOST = (OSError, CancelledError)  # what a client raises without its scheduler
_Place = tuple[int, int]  # in a binary tree: the level, and the number from the left


class Calls:
    """Sums over the shares of a fit, by calls of the workers.

    Parameters
    ----------
    rounds : Rounds
        Computes the same by tasks.
    shares : list of Future
        Of every partition.
    """

    def __init__(self, rounds: Rounds, shares: list[Any]) -> None:
        self.rounds, self.shares = rounds, shares
        self._held: dict[str, dict[int, Any]] = {}  # address -> number -> key
        self._is_small = False  # whether a call to all workers would reach many others

    def total(
        self, what: str, function: Callable[..., Any], sent: Any, *arguments: Any
    ) -> Any:
        """The sum of what a function returns for the shares, as `Rounds.total`.

        Its terms are added in the same order, wherever the shares are.
        """
        for _ in range(_ATTEMPTS):
            if not self._held and not self._locate():
                break
            found = self._called(function, sent, arguments)
            if found:
                return added(*found)
            self._held = {}
        return self.rounds.total(what, function, self.shares, sent, *arguments)

    def _locate(self) -> bool:
        """Find a worker for every share; return whether all are in memory."""
        client = self.rounds.client
        held: dict[str, dict[int, Any]] = {}
        try:
            workers, all_workers = client.who_has(self.shares), client.nthreads()
        except _LOST:
            return False
        for i, share in enumerate(self.shares):
            if not workers.get(share.key):
                return False
            held.setdefault(next(iter(workers[share.key])), {})[i] = share.key
        self._held, self._is_small = held, 2 * len(held) < len(all_workers)
        return True

    def _addresses(self) -> list[str] | None:
        """The workers to call; None for all that the scheduler knows.

        It would try for half a minute to reach one that it does not know any more.
        """
        if not self._is_small:
            return None
        alive = self.rounds.client.nthreads()
        if not self._held.keys() <= alive.keys():
            raise OSError
        return list(self._held)

    def _called(
        self, function: Callable[..., Any], sent: Any, arguments: Any
    ) -> list[Any]:
        """What the function returns for every share; empty if that is not known."""
        n = len(self.shares)
        try:
            answers = self.rounds.client.run(
                _on_worker, function, self._held, n, sent, arguments,
                workers=self._addresses(), on_error="return",
            )  # fmt: skip
        except _LOST:
            return []
        known: dict[_Place, Any] = {}
        for address in self._held:
            answer = answers.get(address)
            if not isinstance(answer, dict):  # an exception, or the shares are gone
                return []
            known |= answer
        merge(known, n)
        [total] = known.values()
        return [total]


async def _on_worker(
    function: Callable[..., Any],
    held: dict[str, dict[int, Any]],
    n: int,
    sent: Any,
    arguments: Any,
    *,
    dask_worker: Any,
) -> dict[_Place, Any] | None:
    """The sums that a worker can make of what the function returns for its shares.

    None if it has not got them all.
    """
    _do_not_log()
    mine = held.get(dask_worker.address, {})
    try:
        shares = [dask_worker.data[key] for key in mine.values()]
    except KeyError:
        return None
    loop, threads = asyncio.get_running_loop(), dask_worker.executors["default"]
    found = await asyncio.gather(
        *(
            loop.run_in_executor(threads, function, share, sent, *arguments)
            for share in shares
        )
    )
    known = {(0, i): value for i, value in zip(mine, found, strict=True)}
    merge(known, n)
    return known


class _OtherCalls(logging.Filter):
    """Of what a worker logs: all but a line for every call of `_on_worker`."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.args != (_on_worker.__name__,)


def _do_not_log() -> None:
    """Spare the worker's log a line per step."""
    logger = logging.getLogger("distributed.worker")
    if not any(isinstance(one, _OtherCalls) for one in logger.filters):
        logger.addFilter(_OtherCalls())


def merge(known: dict[_Place, Any], n: int) -> None:
    """Replace pairs of neighbours in a binary tree of ``n`` leaves by their sums."""
    level = 0
    while n > 1:
        for i in range(0, n, 2):
            pair = [(level, j) for j in range(i, min(i + 2, n))]
            if all(place in known for place in pair):
                known[level + 1, i // 2] = added(*map(known.pop, pair))
        level, n = level + 1, -(-n // 2)


__all__ = ["Calls", "merge"]
