"""Rounds of tasks on a cluster: one for every partition, and sums of what they return.

Tasks have no side effects, and the client keeps the keys of what training needs. What a
lost worker held is therefore computed again, from the partitions on, by Dask's
scheduler, and with the same result.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any
from uuid import uuid4
from weakref import WeakSet

from sklearn_bpnet.dask import _shares as shares
from sklearn_bpnet.dask._clients import libraries
from sklearn_bpnet.dask._shares import Partial, Piece
from sklearn_bpnet.net._typing import Array

_FAN_IN = 4  # terms that are added by a task; a power of 2, see `shares.added`


class Rounds:
    """The tasks of one fit.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    name : str
        What the fit is called in Dask's dashboard.
    """

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        dask, distributed = libraries()
        with distributed.span(name):
            self._span = dask.get_annotations()
        self._sent: WeakSet[Any] = WeakSet()  # all futures that are alive
        self.token = uuid4().hex  # in the keys of all tasks
        self._n = 0
        self._last: list[Any] = []

    def each(self, what: str, function: Callable[..., Any], *columns: Any) -> list[Any]:
        """The futures of a function of every partition.

        Parameters
        ----------
        what : str
            What the tasks are called in Dask's dashboard.
        function : callable
            Their body.
        *columns : list or object
            The arguments: lists have one for every partition.
        """
        n = next(len(column) for column in columns if isinstance(column, list))
        rows = [c if isinstance(c, list) else [c] * n for c in columns]
        self._n += 1
        return self.kept(
            self._submit(function, *arguments, key=self._key(what, i))
            for i, arguments in enumerate(zip(*rows, strict=True))
        )

    def _key(self, what: str, i: int) -> tuple[str, int, int]:
        """The key of a task; all of a kind are one bar in Dask's dashboard."""
        return f"bpnet-{what}-{self.token}", self._n, i

    def named(self) -> Any:
        """A block in which tasks are submitted that belong to this fit."""
        return libraries()[0].annotate(**self._span)

    def kept(self, futures: Iterable[Any]) -> list[Any]:
        """These futures, which `release` knows."""
        listed = list(futures)
        self._sent.update(listed)
        return listed

    def release(self) -> None:
        """Release all futures, so that the scheduler forgets their tasks.

        An error keeps those alive that its traceback refers to.
        """
        for future in list(self._sent):
            future.release()

    def results(self, futures: Sequence[Any]) -> list[Any]:
        """What the tasks return."""
        with connected():
            found: list[Any] = self.client.gather(list(futures))
        return found

    def summaries(
        self, what: str, function: Callable[..., Any], *columns: Any
    ) -> list[Any]:
        """What a function returns for the partitions that have samples, in order."""
        found = self.results(self.each(what, function, *columns))
        return [one for one in found if one is not None]

    def total(
        self,
        what: str,
        function: Callable[..., Any],
        futures: list[Any],
        sent: Any,
        *arguments: Any,
    ) -> Any:
        """One round: something out, what a function makes of it added in a tree.

        Parameters
        ----------
        what : str
            What the tasks are called in Dask's dashboard.
        function : callable
            Their body: of a share, what was sent, and the arguments.
        futures : list of Future
            The shares.
        sent : object
            What is sent once, and passed on by the workers: theta, for example.
        *arguments : object
            What every task gets.
        """
        graph, key = self._with_sent(sent)
        names = self._graph_of(
            graph, what, [(function, f, key, *arguments) for f in futures]
        )
        while len(names) > 1:
            groups = [names[i : i + _FAN_IN] for i in range(0, len(names), _FAN_IN)]
            names = self._graph_of(
                graph, "add", [(shares.added, *group) for group in groups]
            )
        [found] = self._computed(graph, names)
        return found

    def gradient(
        self, futures: list[Any], theta: Array, piece: Piece | None, n: int
    ) -> Partial:
        """One round: theta out, partial risks and gradients back as a sum."""
        sent = theta.copy()
        found: Partial = self.total(
            "gradient", shares.gradient, futures, sent, piece, n
        )
        return found

    def value(self, futures: list[Any], theta: Array) -> float:
        """The sum of the losses of all samples, without noise."""
        graph, sent = self._with_sent(theta.copy())
        tasks = [(shares.value, future, sent) for future in futures]
        return float(sum(self._computed(graph, self._graph_of(graph, "risk", tasks))))

    def _with_sent(self, sent: Any) -> tuple[dict[Any, Any], Any]:
        """A graph that sends something once, from where the workers pass it on."""
        graph: dict[Any, Any] = {}
        return graph, self._graph_of(graph, "theta", [(_same, sent)])[0]

    def _graph_of(
        self, graph: dict[Any, Any], what: str, tasks: Sequence[tuple[Any, ...]]
    ) -> list[Any]:
        """Add tasks to a graph; return their keys."""
        self._n += 1
        keys = [self._key(what, i) for i in range(len(tasks))]
        graph.update(zip(keys, tasks, strict=True))
        return keys

    def _computed(self, graph: dict[Any, Any], keys: list[Any]) -> list[Any]:
        """What some tasks of a graph return: one message there, one back."""
        with self._submitting():
            futures = self.kept(self.client.get(graph, keys, sync=False))
        found = self.results(futures)
        # while one round is known, the next one belongs to the same bar
        self._last = futures
        return found

    def _submit(self, function: Callable[..., Any], *arguments: Any, key: Any) -> Any:
        with self._submitting():
            return self.client.submit(function, *arguments, key=key, pure=False)

    @contextmanager
    def _submitting(self) -> Iterator[None]:
        """A block in which tasks of this fit are submitted to the scheduler."""
        with self.named(), connected(), warnings.catch_warnings():
            # weights are large, and sent once
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            yield


@contextmanager
def connected() -> Iterator[None]:
    """A block that needs the scheduler.

    Raises
    ------
    RuntimeError
        If the scheduler is gone, or what only a lost worker had.
    """
    _, distributed = libraries()
    try:
        yield
    except (CancelledError, distributed.comm.CommClosedError) as error:
        raise RuntimeError(
            "Dask has cancelled tasks of the fit: the connection to its scheduler is "
            "lost, or samples were on a lost worker only. Start a cluster, or load the "
            "samples again, and fit again. If the callback Checkpoint was set, fit of "
            "what load_checkpoint(path, client=...) returns completes this one."
        ) from error


def _same(sent: Any) -> Any:
    """What is sent, from where the workers pass it on."""
    return sent
