"""Fits side by side and on a busy machine: ``python -m benchmarks.busy``.

The time of a single fit, of two concurrent fits (in two threads, in two processes), and
of a fit with as many other busy processes as there are processors. With ideal time
sharing, a fit takes as much longer as its share of the processors is smaller: here
about twice as long.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
import warnings
from contextlib import contextmanager
from statistics import median

from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning

from benchmarks import results
from benchmarks.speed import Shape, bpnet, scikit_learn

SHAPES = {
    "small": (Shape(20_000, 10, (64, 64), 64), 10),  # epochs
    "wide": (Shape(20_000, 784, (256, 256), 128, 10), 3),
}
CONTENDERS = {"bpnet": bpnet, "scikit-learn": scikit_learn}


def fit(contender, case):
    """Train; return the seconds it took."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    shape, n_epochs = SHAPES[case]
    train = CONTENDERS[contender](shape, *shape.data())
    start = time.perf_counter()
    train(n_epochs)
    return time.perf_counter() - start


def _count_on():
    while True:
        sum(range(10_000))


@contextmanager
def busy_processors():
    """Run as many processes as there are processors."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_count_on) for _ in range(os.cpu_count())]
    for process in processes:
        process.start()
    time.sleep(3)  # until they have started
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def two(contender, case, backend):
    """Return the longer time of two concurrent fits."""
    parallel = Parallel(n_jobs=2, backend=backend)
    return max(parallel(delayed(fit)(contender, case) for _ in range(2)))


def main():
    """Print seconds, and how many times longer than alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    found = {}
    for case in SHAPES:
        for contender in CONTENDERS:
            ways = {
                "alone": lambda c=contender, s=case: fit(c, s),
                "two threads": lambda c=contender, s=case: two(c, s, "threading"),
                "two processes": lambda c=contender, s=case: two(c, s, "loky"),
            }
            for way in ways.values():
                way()  # loads, compiles, starts processes
            times = {name: [] for name in (*ways, "busy machine")}
            for _ in range(arguments.repeats):
                for name, way in ways.items():
                    times[name].append(way())
                with busy_processors():
                    times["busy machine"].append(fit(contender, case))
            seconds = {name: median(values) for name, values in times.items()}
            found[f"{case}, {contender}"] = seconds
            shown = "   ".join(
                f"{name} {t:.2f} s ({t / seconds['alone']:.1f} x)"
                for name, t in seconds.items()
            )
            print(f"{case + ', ' + contender:20s} {shown}", flush=True)
    if arguments.save:
        results.save("busy", {"seconds": found})


if __name__ == "__main__":
    main()
