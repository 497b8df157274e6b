"""Nielsen's networks on MNIST: ``python -m benchmarks.nielsen [MNIST.npz]``.

Michael Nielsen, "Neural Networks and Deep Learning" (2015), chapters 1 to 3, from which
the lecture takes its figure of a network for MNIST. The published accuracy and the one
of this package, with the settings of the book: the first 50,000 training images, pixels
in [0, 1], ten sigmoids, batches of 10, plain SGD, biases from N(0, 1). Weights are from
N(0, 1 / n_in), as in chapter 3; with ``--large`` from N(0, 1), as in chapter 1, where a
digit or two may never be learned because of saturated outputs.

The quadratic cost of the book is 1/2 ||a - y||^2, averaged over the batch, as here. Its
penalty is lambda / 2n times the sum of squares, n = 50,000, so alpha = lambda / n.
Chapter 1 gives the best epoch on the 10,000 test images; chapter 3 the last epoch on
the 10,000 validation images (the rest of the training images). The file is that of
``benchmarks.mnist``.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.mnist import DEFAULT_FILE
from sklearn_bpnet import BPNetClassifier

N_TRAINING = 50_000


class Experiment(NamedTuple):
    """A network of the book, and its published accuracy, in percent."""

    hidden: int
    loss: str
    epochs: int
    rate: float
    regularisation: float
    published: float
    of: str


EXPERIMENTS = (
    Experiment(30, "squared_error", 30, 3.0, 0.0, 95.42, "best, test"),
    Experiment(100, "squared_error", 30, 3.0, 0.0, 96.59, "best, test"),
    Experiment(100, "log_loss", 30, 0.5, 5.0, 97.92, "last, validation"),
    Experiment(100, "log_loss", 60, 0.1, 5.0, 98.04, "last, validation"),
)


def start(experiment, seed, large):
    """Return the untrained network."""
    rng = np.random.default_rng(seed)
    sizes = (784, experiment.hidden, 10)
    pairs = list(pairwise(sizes))
    deviations = [1.0 if large else n_in**-0.5 for n_in, _ in pairs]
    coefs = [rng.normal(0, d, p) for d, p in zip(deviations, pairs, strict=True)]
    return BPNetClassifier.from_weights(
        coefs,
        [rng.normal(size=n_out) for _, n_out in pairs],
        dtype="float32",
        activation="sigmoid",
        output_activation="sigmoid",
        loss=experiment.loss,
        solver="sgd",
        momentum=0.0,
        batch_size=10,
        learning_rate_init=experiment.rate,
        alpha=experiment.regularisation / N_TRAINING,
        random_state=seed,
    )


def run(clf, n_epochs, training, validation, test):
    """Return the accuracy in percent, validation and test, after every epoch."""
    scores = []
    for _ in range(n_epochs):
        clf.partial_fit(*training)
        scores.append((clf.score(*validation), clf.score(*test)))
    return 100 * np.array(scores)


def main():
    """Print a line per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=DEFAULT_FILE, type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--large", action="store_true", help="weights from N(0, 1)")
    arguments = parser.parse_args()
    with np.load(arguments.file) as data:
        X, y = data["X_train"] / np.float32(255), data["y_train"]
        test = data["X_test"] / np.float32(255), data["y_test"]
    training = X[:N_TRAINING], y[:N_TRAINING]
    validation = X[N_TRAINING:], y[N_TRAINING:]
    print(
        f"{'network':14s} {'loss':13s} {'epochs':>6s} {'rate':>4s} {'lambda':>6s}  "
        f"{'published':>9s} {'reached':>7s} {'difference':>10s} {'of epochs':16s} "
        f"{'last, test':>10s} {'seconds':>7s}"
    )
    for e in EXPERIMENTS:
        begin = time.perf_counter()
        clf = start(e, arguments.seed, arguments.large)
        scores = run(clf, e.epochs, training, validation, test)
        seconds = time.perf_counter() - begin
        reached = scores[:, 1].max() if e.of == "best, test" else scores[-1, 0]
        print(
            f"{f'[784, {e.hidden}, 10]':14s} {e.loss:13s} {e.epochs:6d} {e.rate:4.1f} "
            f"{e.regularisation:6.1f}  {e.published:9.2f} {reached:7.2f} "
            f"{reached - e.published:+10.2f} {e.of:16s} {scores[-1, 1]:10.2f} "
            f"{seconds:7.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
