"""What the thread pool of compiled epochs is worth: ``python -m benchmarks.pool``.

The training times of ``benchmarks.speed`` and ``benchmarks.busy`` without the pool over
those with it, once with the threads of BLAS in its place and once with a single thread;
then the geometric means over the shapes, over the busy cases, and over both together.
"""

from __future__ import annotations

import argparse
import time
import warnings
from contextlib import contextmanager
from statistics import geometric_mean, median

from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning

from benchmarks import busy
from benchmarks.speed import SHAPES, bpnet
from sklearn_bpnet._fit import network_fit
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.stochastic.thread_pool import SharedBatches, ThreadPool


class BlasThreads(SharedBatches):
    """No pool: the threads of BLAS, for large products."""

    def __init__(self, network, n_samples, can_share):
        super().__init__(network, n_samples, can_share=False)


class OneThread(SharedBatches):
    """No pool: one thread."""

    def __init__(self, network, n_samples, can_share):
        super().__init__(network, n_samples, can_share=False)
        self.limit = OneBlasThread()
        self.pool = ThreadPool()


WAYS = {"pool": SharedBatches, "BLAS": BlasThreads, "one thread": OneThread}


@contextmanager
def threads_by(way):
    """Train with the pool, or without it."""
    network_fit.SharedBatches = WAYS[way]
    try:
        yield
    finally:
        network_fit.SharedBatches = SharedBatches


def seconds(train, n_epochs):
    """The time of a training."""
    start = time.perf_counter()
    train(n_epochs)
    return time.perf_counter() - start


def of_shapes(repeats):
    """Medians of seconds per epoch by shape and way."""
    for shape in SHAPES:
        train = bpnet(shape, *shape.data())
        train(1)  # loads, compiles
        n_epochs = max(1, int(0.4 / seconds(train, 1)))
        times = {way: [] for way in WAYS}
        for _ in range(repeats):
            for way, found in times.items():
                with threads_by(way):
                    found.append(seconds(train, n_epochs) / n_epochs)
        yield str(shape), {way: median(found) for way, found in times.items()}


def of_busy_cases(repeats):
    """Medians of the seconds of a fit, by case of ``benchmarks.busy`` and way."""
    for case in busy.SHAPES:
        together = Parallel(n_jobs=2, backend="threading")
        ways = {
            "alone": lambda case=case: busy.fit("bpnet", case),
            "two threads": lambda case=case, together=together: max(
                together(delayed(busy.fit)("bpnet", case) for _ in range(2))
            ),
        }
        times = {(name, way): [] for name in (*ways, "busy machine") for way in WAYS}
        for _ in range(repeats):
            for way in WAYS:
                with threads_by(way):
                    for name, fit in ways.items():
                        times[name, way].append(fit())
                    with busy.busy_processors():
                        found = busy.fit("bpnet", case)
                        times["busy machine", way].append(found)
        for name in (*ways, "busy machine"):
            yield f"{case}, {name}", {way: median(times[name, way]) for way in WAYS}


def main():
    """Print seconds, ratios and geometric means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    others = [way for way in WAYS if way != "pool"]
    ratios = {way: [] for way in others}
    for part in (of_shapes, of_busy_cases):
        found = {way: [] for way in others}
        for name, times in part(arguments.repeats):
            for way in others:
                found[way].append(times[way] / times["pool"])
            shown = "   ".join(f"{way} {t:.3f} s" for way, t in times.items())
            print(f"{name:36s} {shown}", flush=True)
        for way in others:
            ratios[way] += found[way]
            print(f"{way} / pool: geometric mean {geometric_mean(found[way]):.2f}")
    for way in others:
        print(f"{way} / pool, all together: {geometric_mean(ratios[way]):.2f}")


if __name__ == "__main__":
    main()
