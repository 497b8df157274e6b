"""Small numeric tables, many of them hostile: X, y, and sample weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

seeds = st.integers(0, 2**16)
row_counts = st.integers(2, 12) | st.integers(13, 40)


@dataclass
class Table:
    """X, y and sample weights of a fit."""

    X: Any
    y: Any
    sample_weight: Any = None


def _usual(rng, n):
    return rng.normal(size=n)


# a column of n numbers each; the first is the one that a failing case shrinks to
COLUMNS = {
    "normal": _usual,
    "binary": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "zero": lambda rng, n: np.zeros(n),
    "constant": lambda rng, n: np.full(n, 3.7),
    "huge constant": lambda rng, n: np.full(n, 1e30),
    "one differs": lambda rng, n: np.eye(n)[0],
    "heavy tail": lambda rng, n: rng.standard_cauchy(n) ** 3,
    "huge": lambda rng, n: 1e30 * rng.normal(size=n),
    "tiny": lambda rng, n: 1e-30 * rng.normal(size=n),
    "far from zero": lambda rng, n: 1e6 + rng.normal(size=n),
    "integers": lambda rng, n: rng.integers(-5, 6, n).astype(float),
    "sparse": lambda rng, n: rng.normal(size=n) * (rng.random(n) < 0.2),
    "negative zero": lambda rng, n: np.where(rng.random(n) < 0.5, -0.0, 1.0),
}

REGRESSION_TARGETS = {
    "normal": _usual,
    "positive": lambda rng, n: np.exp(rng.normal(size=n)),
    "counts": lambda rng, n: rng.poisson(2.0, n).astype(float),
    "unit interval": lambda rng, n: rng.uniform(0, 1, n),
    "constant": lambda rng, n: np.full(n, 2.5),
    "zero": lambda rng, n: np.zeros(n),
    "huge": lambda rng, n: 1e20 * rng.normal(size=n),
    "tiny": lambda rng, n: 1e-20 * rng.normal(size=n),
    "integers": lambda rng, n: rng.integers(-3, 4, n),
    "one differs": lambda rng, n: np.eye(n)[0],
}

LABELS = {
    "binary": lambda rng, n: rng.integers(0, 2, n),
    "three classes": lambda rng, n: rng.integers(0, 3, n),
    "one class": lambda rng, n: np.full(n, 7),
    "strings": lambda rng, n: np.array(["a", "bb", "c"])[rng.integers(0, 3, n)],
    "negative": lambda rng, n: rng.choice([-1, 1], n),
    "floats": lambda rng, n: rng.choice([0.0, 2.0, 5.0], n),
    "booleans": lambda rng, n: rng.integers(0, 2, n).astype(bool),
    "a class once": lambda rng, n: np.arange(n) // (n - 1) if n > 1 else np.zeros(n),
    "all different": lambda rng, n: np.arange(n),
}

WEIGHTS = {
    "none": lambda rng, n: None,
    "ones": lambda rng, n: np.ones(n),
    "random": lambda rng, n: rng.exponential(size=n),
    "with zeros": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "all but one zero": lambda rng, n: np.eye(n)[0],
    "counts": lambda rng, n: rng.integers(1, 4, n),
    "large": lambda rng, n: 1e9 * rng.uniform(0.5, 1, n),
    "small": lambda rng, n: 1e-9 * rng.uniform(0.5, 1, n),
    "unequal": lambda rng, n: 10.0 ** rng.integers(-9, 9, n),
}


@st.composite
def inputs(draw, n, n_features=None):
    """X of n samples, dense or sparse, float64 or float32."""
    kinds = st.sampled_from(list(COLUMNS))
    least, most = (1, 5) if n_features is None else (n_features, n_features)
    columns = draw(st.lists(kinds, min_size=least, max_size=most))
    rng = np.random.default_rng(draw(seeds))
    X = np.column_stack([COLUMNS[kind](rng, n) for kind in columns])
    if draw(st.booleans()) and draw(st.booleans()):
        X[:] = X[rng.integers(0, max(n // 3, 1), n)]  # duplicates
    if draw(st.integers(0, 5)) == 5:
        X = X.astype(np.float32)
    if draw(st.integers(0, 4)) == 4:
        X = sparse.csr_array(X)
    return X


@st.composite
def regression_targets(draw, n, shape=None):
    """One target, a column of it, or several; ``shape`` is that without samples."""
    if shape is None:
        shape = draw(st.sampled_from([(), (), (), (1,), (2,), (3,)]))
    kinds = st.sampled_from(list(REGRESSION_TARGETS))
    k = max(1, *shape) if shape else 1
    columns = draw(st.lists(kinds, min_size=k, max_size=k))
    rng = np.random.default_rng(draw(seeds))
    Y = np.column_stack([REGRESSION_TARGETS[kind](rng, n) for kind in columns])
    return Y if shape else Y[:, 0]


@st.composite
def class_targets(draw, n):
    """Class labels, columns of them, or label indicators, dense or sparse."""
    rng = np.random.default_rng(draw(seeds))
    if draw(st.integers(0, 3)) < 3:
        return LABELS[draw(st.sampled_from(list(LABELS)))](rng, n)
    if draw(st.booleans()):
        kinds = st.lists(st.sampled_from(list(LABELS)), min_size=2, max_size=3)
        columns = [LABELS[kind](rng, n) for kind in draw(kinds)]
        dtype = draw(st.sampled_from([str, object]))
        return np.column_stack([column.astype(dtype) for column in columns])
    Y = rng.integers(0, 2, (n, draw(st.integers(2, 4))))
    kind = draw(st.sampled_from(["usual", "a label never", "a label always"]))
    if kind != "usual":
        Y[:, 0] = kind == "a label always"
    return sparse.csr_array(Y) if draw(st.integers(0, 3)) == 3 else Y


@st.composite
def weights(draw, n):
    """Sample weights, often none."""
    kind = draw(st.just("none") | st.sampled_from(list(WEIGHTS)))
    return WEIGHTS[kind](np.random.default_rng(draw(seeds)), n)


@st.composite
def tables(draw, task):
    """X, y and weights of a few samples."""
    n = draw(row_counts)
    targets = class_targets if task == "classification" else regression_targets
    return Table(draw(inputs(n)), draw(targets(n)), draw(weights(n)))


def part(table, indices):
    """The table of some of the samples."""
    weights = table.sample_weight
    weights = None if weights is None else weights[indices]
    return Table(table.X[indices], table.y[indices], weights)
