"""Fits on a cluster without a cluster: the bodies of tasks run in this process."""

from contextlib import nullcontext

from sklearn_bpnet.dask import _shares
from sklearn_bpnet.dask._rounds import Rounds


class InThisProcess(Rounds):
    """Runs the bodies of tasks at once; a future is its result."""

    def __init__(self, *_):
        self.names, self.client, self.token = [], self, 0
        self.scheduler, self.address = self, None

    def compute(self, parts, **_):
        import dask

        return list(dask.compute(*parts, scheduler="synchronous"))

    def each(self, what, function, *columns):
        self.names.append(what)
        n = next(len(column) for column in columns if isinstance(column, list))
        rows = [c if isinstance(c, list) else [c] * n for c in columns]
        return [function(*row) for row in zip(*rows, strict=True)]

    def named(self):
        return nullcontext()

    def nthreads(self):
        return {}

    def kept(self, futures):
        return list(futures)

    def release(self):
        pass

    def results(self, futures):
        return list(futures)

    def total(self, what, function, futures, sent, *arguments):
        return _shares.added(*(function(f, sent, *arguments) for f in futures))

    def value(self, futures, theta):
        return sum(_shares.value(share, theta) for share in futures)
