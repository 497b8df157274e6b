"""Seconds per epoch against samples and parameters: ``python -m benchmarks.scaling``.

In logarithms, the slope is 1 if the time is proportional. The smallest sizes, which are
dominated by overhead per epoch and per batch, are not included in the fit of the slope.
"""

from __future__ import annotations

import argparse
import warnings
from itertools import pairwise
from statistics import median

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks import results
from benchmarks.speed import Shape, bpnet, seconds_an_epoch

ROWS = [Shape(n, 50, (128, 128), 256) for n in (2_000, *(2**i for i in range(13, 19)))]
WIDTHS = [Shape(16_384, 64, (w, w), 256) for w in (32, 256, 362, 512, 724, 1024)]
N_SMALL = 1  # sizes that are not included in the fit


def n_parameters(shape):
    """Return the number of weights and biases of the network."""
    sizes = [shape.n_features, *shape.hidden, 1]
    return sum((a + 1) * b for a, b in pairwise(sizes))


def seconds(shapes, repeats):
    """Return medians over interleaved rounds."""
    trains = [bpnet(shape, *shape.data()) for shape in shapes]
    for train in trains:
        train(1)  # loads, compiles
    rounds = [[seconds_an_epoch(t, 0.2) for t in trains] for _ in range(repeats)]
    return [median(times) for times in zip(*rounds, strict=True)]


def main():
    """Print two tables and their slopes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    found = {}
    sizes = {
        "rows": (ROWS, [shape.n_rows for shape in ROWS]),
        "parameters": (WIDTHS, [n_parameters(shape) for shape in WIDTHS]),
    }
    for name, (shapes, x) in sizes.items():
        y = seconds(shapes, arguments.repeats)
        slope = np.polyfit(np.log(x[N_SMALL:]), np.log(y[N_SMALL:]), 1)[0]
        found[name] = {"sizes": x, "seconds": y, "slope": slope, "n_small": N_SMALL}
        print(f"{name:>12s} seconds per epoch")
        for size, t in zip(x, y, strict=True):
            print(f"{size:12,d} {t:.5f}", flush=True)
        print(f"slope from {x[N_SMALL]:,d} on: {slope:.2f}\n")
    if arguments.save:
        results.save("scaling", found)


if __name__ == "__main__":
    main()
