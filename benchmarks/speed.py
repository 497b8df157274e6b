"""Seconds an epoch, side by side: ``python -m benchmarks.speed``.

Every contender trains the same network (ReLU, Adam, log loss) on the same rows in
the same process, in turn, several times; the table shows the medians of the seconds
an epoch and the ratios of these medians. PyTorch takes part where it is installed.
"The products alone" are the matrix products of the same epoch and nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from dataclasses import dataclass
from itertools import pairwise
from statistics import geometric_mean, median

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sklearn_bpnet import BPNetClassifier


@dataclass(frozen=True)
class Shape:
    """A table and a network: rows x features, hidden units, rows a batch, classes."""

    n_rows: int
    n_features: int
    hidden: tuple[int, ...]
    batch_size: int
    n_classes: int = 2

    def __str__(self):
        hidden = "-".join(map(str, self.hidden))
        return f"{self.n_rows} x {self.n_features}, {hidden}, {self.batch_size}"

    def data(self):
        """Random rows whose class a network can learn, float32."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(self.n_rows, self.n_features)).astype(np.float32)
        scores = X @ rng.normal(size=(self.n_features, self.n_classes))
        return X, scores.argmax(axis=1)


SHAPES = [
    Shape(4_000, 10, (32,), 32),
    Shape(20_000, 10, (64, 64), 32),
    Shape(60_000, 10, (100,), 200),
    Shape(40_000, 30, (256, 256, 256), 256),
    Shape(60_000, 784, (100,), 200, 10),
    Shape(60_000, 784, (256, 256), 128, 10),
    Shape(60_000, 784, (800,), 128, 10),
    Shape(40_000, 200, (512, 512), 1_024),
]


def _estimator(cls, shape, n_epochs, **parameters):
    """An estimator that trains exactly ``n_epochs`` epochs."""
    return cls(
        hidden_layer_sizes=shape.hidden,
        batch_size=shape.batch_size,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs + 1,
        random_state=0,
        **parameters,
    )


def bpnet(shape, X, y):
    """Our classifier, float32 weights."""
    return lambda n: _estimator(BPNetClassifier, shape, n, dtype="float32").fit(X, y)


def scikit_learn(shape, X, y):
    """scikit-learn's MLP, which computes in the dtype of X."""
    return lambda n: _estimator(MLPClassifier, shape, n).fit(X, y)


def pytorch(shape, X, y):
    """PyTorch, eager, Adam with ``fused=True``."""
    import torch

    sizes = [shape.n_features, *shape.hidden, shape.n_classes]
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    loss = torch.nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)

    def train(n_epochs):
        for _ in range(n_epochs):
            for rows in torch.randperm(len(inputs)).split(shape.batch_size):
                optimizer.zero_grad()
                loss(network(inputs[rows]), targets[rows]).backward()
                optimizer.step()

    return train


def products_alone(shape, X, y):
    """The matrix products of the forward and the backward pass, out of a cache."""
    n_outputs = 1 if shape.n_classes == 2 else shape.n_classes
    sizes = [shape.n_features, *shape.hidden, n_outputs]
    n = shape.batch_size
    A = [np.ones((n, k), np.float32) for k in sizes]
    D = [np.ones((n, k), np.float32) for k in sizes]
    W = [np.ones(pair, np.float32) for pair in pairwise(sizes)]
    dW = [np.empty_like(w) for w in W]

    def train(n_epochs):
        for _ in range(n_epochs * -(-shape.n_rows // n)):
            for i, w in enumerate(W):
                np.matmul(A[i], w, out=D[i + 1])
            for i in range(len(W) - 1, -1, -1):
                np.matmul(A[i].T, D[i + 1], out=dW[i])
                if i:
                    np.matmul(D[i + 1], W[i].T, out=D[i])

    return train


CONTENDERS = {
    "bpnet": (bpnet, np.float32),
    "bpnet, float64 X": (bpnet, np.float64),
    "scikit-learn": (scikit_learn, np.float32),
    "scikit-learn, float64 X": (scikit_learn, np.float64),
    "PyTorch": (pytorch, np.float32),
    "products alone": (products_alone, np.float32),
}
RATIOS = [
    ("bpnet", "scikit-learn"),
    ("bpnet, float64 X", "scikit-learn, float64 X"),
    ("bpnet", "PyTorch"),
    ("bpnet", "products alone"),
]


def seconds_an_epoch(train, least):
    """The time of an epoch, from the difference of a long and a short training.

    What is done once (validation, compilation, allocation) cancels. The long training
    takes at least ``least`` seconds.
    """
    train(1)
    start = time.perf_counter()
    train(1)
    first = time.perf_counter() - start
    n = max(5, int(np.ceil(least / max(first, 1e-4))))
    start = time.perf_counter()
    train(1 + n)
    return max(time.perf_counter() - start - first, 1e-9) / n


def measure(shape, names, repeats, least):
    """Medians over ``repeats`` interleaved rounds, a dictionary by contender."""
    X, y = shape.data()
    trains = {}
    for name in names:
        make, dtype = CONTENDERS[name]
        trains[name] = make(shape, X.astype(dtype), y)
    times = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            times[name].append(seconds_an_epoch(trains[name], least))
    return {name: median(values) for name, values in times.items()}


def main():
    """Print a table of seconds, then one of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--least", type=float, default=0.3, help="seconds a training")
    parser.add_argument("--shapes", type=int, nargs="*", default=range(len(SHAPES)))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = list(CONTENDERS)
    if importlib.util.find_spec("torch") is None:
        names.remove("PyTorch")
    ratios = [pair for pair in RATIOS if set(pair) <= set(names)]
    table = {}
    print(f"{'seconds an epoch':28s} " + " ".join(f"{n:>24s}" for n in names))
    for i in arguments.shapes:
        shape = SHAPES[i]
        table[shape] = measure(shape, names, arguments.repeats, arguments.least)
        row = " ".join(f"{table[shape][name]:24.5f}" for name in names)
        print(f"{shape!s:28s} {row}", flush=True)
    print("\nratios of the medians, and their geometric mean")
    for over, under in ratios:
        values = [seconds[over] / seconds[under] for seconds in table.values()]
        shown = " ".join(f"{value:6.2f}" for value in values)
        mean = geometric_mean(values)
        print(f"{over + ' / ' + under:46s} {shown}   mean {mean:.2f}")


if __name__ == "__main__":
    main()
