"""Seconds per epoch, side by side: ``python -m benchmarks.speed``.

Every package trains the same network (ReLU, Adam, log loss) on the same samples in the
same process, alternating, several times; the table shows the medians of the seconds per
epoch and the ratios of these medians. PyTorch and JAX are included if installed, and
this project with and without Numba. "The products alone" are the matrix multiplications
of the same epoch and nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from dataclasses import dataclass
from itertools import pairwise
from statistics import geometric_mean, median

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks import results
from sklearn_bpnet import BPNetClassifier, config_context


@dataclass(frozen=True)
class Shape:
    """Data and a network: samples x features, hidden units, batch size, classes."""

    n_rows: int
    n_features: int
    hidden: tuple[int, ...]
    batch_size: int
    n_classes: int = 2

    def __str__(self):
        hidden = "-".join(map(str, self.hidden))
        return f"{self.n_rows} x {self.n_features}, {hidden}, {self.batch_size}"

    def data(self):
        """Return random samples whose class a network can learn, float32."""
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
    """Return an estimator that trains exactly ``n_epochs`` epochs."""
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


def in_numpy_alone(shape, X, y):
    """The same, in NumPy."""
    train = bpnet(shape, X, y)

    def train_in_numpy(n_epochs):
        with config_context(compiled=False):
            train(n_epochs)

    return train_in_numpy


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


def jax_epoch(shape, X, y):
    """JAX, a whole epoch compiled: a practical limit."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    sizes = [shape.n_features, *shape.hidden, shape.n_classes]
    theta = [
        (rng.normal(0, np.sqrt(2 / i), (i, o)).astype(np.float32), np.zeros(o, "f4"))
        for i, o in pairwise(sizes)
    ]
    zeros = jax.tree.map(jnp.zeros_like, theta)
    n_batches = shape.n_rows // shape.batch_size  # JAX needs batches of one size

    def risk(theta, X, y):
        A = X
        for W, b in theta[:-1]:
            A = jax.nn.relu(A @ W + b)
        W, b = theta[-1]
        log_a = jax.nn.log_softmax(A @ W + b)
        return -jnp.take_along_axis(log_a, y[:, None], axis=1).mean()

    def epoch(state, key, X, y):
        def step(state, rows):
            theta, m, v, t = state
            g = jax.grad(risk)(theta, X[rows], y[rows])
            t = t + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            theta = jax.tree.map(
                lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), theta, m, v
            )
            return (theta, m, v, t), None

        rows = jax.random.permutation(key, len(X))[: n_batches * shape.batch_size]
        rows = rows.reshape(n_batches, shape.batch_size)
        return jax.lax.scan(step, state, rows)[0]

    epoch = jax.jit(epoch, donate_argnums=0)
    inputs, targets = jnp.asarray(X), jnp.asarray(y)
    held = [(jax.tree.map(jnp.asarray, theta), zeros, zeros, jnp.zeros(()))]
    held[0] = jax.tree.map(jnp.copy, held[0])

    def train(n_epochs):
        for i in range(n_epochs):
            held[0] = epoch(held[0], jax.random.key(i), inputs, targets)
        jax.block_until_ready(held[0])

    return train


def products_alone(shape, X, y):
    """The matrix multiplications of an epoch, from a cache."""
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
    "NumPy alone": (in_numpy_alone, np.float32),
    "NumPy alone, float64 X": (in_numpy_alone, np.float64),
    "scikit-learn": (scikit_learn, np.float32),
    "scikit-learn, float64 X": (scikit_learn, np.float64),
    "PyTorch": (pytorch, np.float32),
    "JAX": (jax_epoch, np.float32),
    "products alone": (products_alone, np.float32),
}
RATIOS = [
    (ours + form, theirs + form)
    for ours in ("bpnet", "NumPy alone")
    for theirs, form in [
        ("scikit-learn", ""),
        ("scikit-learn", ", float64 X"),
        ("PyTorch", ""),
        ("JAX", ""),
        ("products alone", ""),
    ]
]


def seconds_an_epoch(train, least):
    """Return the time of an epoch, as the difference of a long and a short training.

    Constant overhead (validation, allocation) cancels. The long training takes at least
    ``least`` seconds, and at least two more epochs. If it takes no longer than the
    short one, the measurement was disturbed, and both are repeated.
    """
    more = 0.0
    while more <= 0:
        start = time.perf_counter()
        train(1)
        first = time.perf_counter() - start
        n = max(2, int(np.ceil(least / max(first, 1e-4))))
        start = time.perf_counter()
        train(1 + n)
        more = time.perf_counter() - start - first
    return more / n


def measure(shape, names, repeats, least):
    """Return medians over ``repeats`` interleaved rounds, a dictionary by package."""
    X, y = shape.data()
    trains = {}
    for name in names:
        make, dtype = CONTENDERS[name]
        trains[name] = make(shape, X.astype(dtype), y)
        trains[name](1)  # loads, compiles
    times = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            times[name].append(seconds_an_epoch(trains[name], least))
    return {name: median(values) for name, values in times.items()}


def main():
    """Print a table of seconds, then one of ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--least", type=float, default=0.3, help="seconds per training")
    parser.add_argument("--shapes", type=int, nargs="*", default=range(len(SHAPES)))
    parser.add_argument("--without-numba", action="store_true", help="NumPy alone")
    parser.add_argument("--save", action="store_true", help="save the results")
    arguments = parser.parse_args()
    if arguments.without_numba:
        sys.modules["numba"] = None  # importing it fails
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = list(CONTENDERS)
    modules = {"PyTorch": "torch", "JAX": "jax", "NumPy alone": "numba"}
    for name, module in modules.items():
        is_there = module not in sys.modules or sys.modules[module] is not None
        if not is_there or importlib.util.find_spec(module) is None:
            names = [n for n in names if not n.startswith(name)]
    print(f"bpnet {'with' if 'NumPy alone' in names else 'without'} Numba")
    ratios = [pair for pair in RATIOS if set(pair) <= set(names)]
    table = {}
    print(f"{'seconds per epoch':28s} " + " ".join(f"{n:>24s}" for n in names))
    for i in arguments.shapes:
        shape = SHAPES[i]
        table[shape] = measure(shape, names, arguments.repeats, arguments.least)
        row = " ".join(f"{table[shape][name]:24.5f}" for name in names)
        print(f"{shape!s:28s} {row}", flush=True)
    print("\nratios of the medians, and their geometric mean")
    found = {}
    for over, under in ratios:
        values = [seconds[over] / seconds[under] for seconds in table.values()]
        shown = " ".join(f"{value:6.2f}" for value in values)
        mean = geometric_mean(values)
        found[f"{over} / {under}"] = {"ratios": values, "mean": mean}
        print(f"{over + ' / ' + under:46s} {shown}   mean {mean:.2f}")
    if arguments.save:
        seconds = {str(shape): row for shape, row in table.items()}
        results.save("speed", {"seconds": seconds, "ratios": found})


if __name__ == "__main__":
    main()
