"""Piecewise-linear encoding and embeddings, against the formulas of their reference."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_bpnet.net.activations import Identity, Tanh
from sklearn_bpnet.net.blocks import (
    NUMERIC_EMBEDDINGS,
    PLE,
    PWL,
    Dense,
    EmbeddedFeatures,
    InputScale,
    LearnedTable,
    Lookup,
)
from sklearn_bpnet.net.blocks.embeddings import (
    Bins,
    PiecewiseEncoding,
    PiecewiseLinear,
)
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta

SCHEME = Initialization(GLOROT)  # an embedding has its own
N_SAMPLES, N_IN, FEATURES = 40, 5, (0, 2, 3)
EDGES = [[0.0, 1.0, 3.0, 3.5], [-1.0, 2.0], [-2.0, 0.0, 0.25]]
# What rtdl_num_embeddings 0.0.12 makes of these samples with these edges: its
# PiecewiseLinearEncoding, and PiecewiseLinearEmbeddings of version "B"
SAMPLES = [[-2, -4, -3], [0.5, 0, -0.5], [1, 2, 0], [3.25, 5, 0.125], [9, -1, 1]]
ENCODED = [
    [-2, 0, 0, -1, -0.5, 0],
    [0.5, 0, 0, 1 / 3, 0.75, 0],
    [1, 0, 0, 1, 1, 0],
    [1, 1, 0.5, 2, 1, 0.5],
    [1, 1, 12, 0, 1, 4],
]
W = [[0, 0.25], [0.5, 0.75], [1, 1.25]]
A = [[-0.5, -0.25], [0, 0.25], [0.5, 0.75]]
V = np.arange(12.0).reshape(6, 2) / 8 - 0.5
EMBEDDED = [
    [0.5, 0, -2.25, -3.125, -2.75, -3.3125],
    [-0.75, -0.3125, 1 / 12, 0.375, 0.375, 0.59375],
    [-1, -0.375, 1.25, 2.125, 1, 1.375],
    [-1.25, 0.125, 3, 4.75, 1.5, 1.96875],
    [-1.25, 3, -0.5, -0.5, 5, 6.125],
]


def features(edges=EDGES, of=FEATURES):
    return EmbeddedFeatures(np.array(of), [np.array(e) for e in edges])


def block_of(form, edges=EDGES, of=FEATURES):
    return form.block(N_IN, features(edges, of))


def drawn(form, rng, edges=EDGES, dtype=np.float64, of=FEATURES):
    """A block, and arrays that training may have made."""
    block = block_of(form, edges, of)
    theta = Theta.zeros([block.shapes], dtype)
    block.start(theta.arrays[0], SCHEME, rng)
    theta.flat[:] += rng.normal(size=theta.flat.size) / 2
    return block, theta


def forward(block, arrays, X):
    return block.forward(arrays, X, block.workspace(len(X), X.dtype))


def encoding(x, edges):
    """Equation 1 of the paper, as its text defines it, value by value."""
    T, e = len(edges) - 1, []
    for t in range(1, T + 1):
        part = (x - edges[t - 1]) / (edges[t] - edges[t - 1])
        if x < edges[t - 1] and t > 1:
            part = 0
        elif x >= edges[t] and t < T:
            part = 1
        e.append(part)
    return e


def of_formula(form, arrays, X, edges=EDGES, of=FEATURES):
    """What the formulas make of samples."""
    rows = []
    for x in X:
        made = [x[j] for j in range(N_IN) if j not in of]
        start = 0
        for f, (j, between) in enumerate(zip(of, edges, strict=True)):
            e = np.array(encoding(x[j], between))
            if isinstance(form, PLE):
                made += list(e)
                continue
            w, a, V = (array.astype(np.float64) for array in arrays)
            made += list(w[f] * x[j] + a[f] + V[start : start + len(e)].T @ e)
            start += len(e)
        rows.append(made)
    return np.array(rows)


MIXED = [np.linspace(-2, 2, 49), [-0.5, 0.5], np.array([-2, -1.9, 0, 1e-3, 3])]
FORMS = [PLE(), PWL(), PWL(8, 3), PWL(8, 1)]
each_form = pytest.mark.parametrize("form", FORMS, ids=str)
each_bins = pytest.mark.parametrize("edges", [EDGES, MIXED, [[0, 1]] * 3])


@pytest.fixture
def X(rng):
    """Samples inside the bins, beyond them, and on their edges."""
    X = rng.normal(size=(N_SAMPLES, N_IN)) * 3
    for j, edges in zip(FEATURES, EDGES, strict=True):
        X[: len(edges), j] = edges
    return X


# What they compute


def test_they_are_those_of_the_reference_implementation():
    block, X = block_of(PLE()), np.array(SAMPLES, dtype=float)
    theirs = PiecewiseEncoding(3, (0, 1, 2), block.bins)
    assert_allclose(forward(theirs, (), X), ENCODED, rtol=1e-15, atol=1e-15)
    embedding = PiecewiseLinear(3, (0, 1, 2), block.bins, 2)
    arrays = np.array(W), np.array(A), V
    assert_allclose(forward(embedding, arrays, X), EMBEDDED, rtol=1e-15, atol=1e-15)


@each_form
@each_bins
def test_every_feature_becomes_what_the_formula_says(form, edges, X, rng):
    block, theta = drawn(form, rng, edges)
    made = forward(block, theta.arrays[0], X)
    assert made.shape == (N_SAMPLES, block.n_out)
    expected = of_formula(form, theta.arrays[0], X, edges)
    assert_allclose(made, expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(made[:, :2], X[:, [1, 4]])
    sizes = [
        len(e) - 1 if isinstance(form, PLE) else form.embedding_size for e in edges
    ]
    of = [1, 4, *np.repeat(FEATURES, sizes)]
    assert_array_equal(block.feature_of_output, of)


@each_form
@pytest.mark.parametrize("of", [(), (1,), (4,), tuple(range(N_IN))])
def test_any_features_can_be_embedded(form, of, X, rng):
    edges = [[-1.0, 0.0, 1.0 + j] for j in of]
    block, theta = drawn(form, rng, edges, of=of)
    made = forward(block, theta.arrays[0], X)
    expected = of_formula(form, theta.arrays[0], X, edges, of)
    assert_allclose(made, expected, rtol=1e-12, atol=1e-12)


def test_the_names_of_outputs_tell_what_they_are():
    names = ["a", "b", "c", "d", "e"]
    encoded = ["b", "e", "a_bin0", "a_bin1", "a_bin2", "c_bin0", "d_bin0", "d_bin1"]
    assert block_of(PLE()).output_names(names) == encoded
    embedded = ["b", "e", "a_embedding0", "c_embedding0", "d_embedding0"]
    assert block_of(PWL(embedding_size=1)).output_names(names) == embedded


def test_the_start_is_a_line():
    many = EmbeddedFeatures(np.arange(900), [np.array([0.0, 1, 2])] * 900)
    block = PWL(48, 16).block(900, many)
    theta = Theta.zeros([block.shapes])
    block.start(theta.arrays[0], SCHEME, np.random.default_rng(0))
    w, a, V = theta.arrays[0]
    assert w.shape == a.shape == (900, 16)
    assert V.shape == (1800, 16)
    assert not V.any()
    for array in (w, a):  # U(-1/4, 1/4)
        assert 0.249 < np.abs(array).max() <= 0.25
        assert array.std() == pytest.approx(0.25 / 3**0.5, rel=0.02)


def test_the_defaults_are_those_of_the_papers():
    assert NUMERIC_EMBEDDINGS["ple"] == PLE(48, target_aware=False)
    assert NUMERIC_EMBEDDINGS["pwl"] == PWL(48, 8, target_aware=False)


# Derivatives


@each_form
@each_bins
def test_backward_is_the_gradient_of_forward(form, edges, rng):
    X = rng.normal(size=(N_SAMPLES, N_IN)) * 2  # not on an edge
    block, theta = drawn(form, rng, edges)
    ws = block.workspace(N_SAMPLES, np.float64)
    block.forward(theta.arrays[0], X, ws)
    ws.G[:] = R = rng.normal(size=ws.A.shape)
    gradient, G_below = Theta.zeros([block.shapes]), np.full_like(X, np.nan)
    gradient.flat[:] = np.nan
    block.backward(theta.arrays[0], X, ws, gradient.arrays[0], G_below)

    def of_theta(flat):
        arrays = Theta([block.shapes], flat).arrays[0]
        return float((forward(block, arrays, X) * R).sum())

    def of_X(x):
        return float((forward(block, theta.arrays[0], x.reshape(X.shape)) * R).sum())

    numeric = numerical_gradient(of_theta, theta.flat)
    assert_allclose(gradient.flat, numeric, rtol=1e-6, atol=1e-7)
    numeric = numerical_gradient(of_X, X.ravel())
    assert_allclose(G_below.ravel(), numeric, rtol=1e-5, atol=1e-6)


@each_form
def test_the_gradient_over_parts_of_the_samples_adds_up(form, X, rng):
    block, theta = drawn(form, rng)
    whole = block.workspace(N_SAMPLES, np.float64)
    R, gradients = rng.normal(size=whole.A.shape), []
    for part in (slice(None), slice(0), slice(7), slice(7, None)):
        ws = whole.part(part)
        made = block.forward(theta.arrays[0], X[part], ws)
        assert made.size == 0 or np.shares_memory(made, whole.A)
        ws.G[:] = R[part]
        gradient = Theta.zeros([block.shapes])
        block.backward(theta.arrays[0], X[part], ws, gradient.arrays[0], None)
        gradients.append(gradient.flat)
    assert_array_equal(gradients[1], 0)
    assert_allclose(gradients[0], gradients[2] + gradients[3], atol=1e-12)


@each_form
def test_the_gradient_of_a_network_is_that_of_differences(form, rng):
    """With something that learns below and above."""
    table = LearnedTable(3, 2)
    block = form.block(N_IN + 1, features())
    below, above = Lookup(N_IN, (table,)), InputScale(block.n_out)
    functions = Tanh(), Identity()
    network = Network.dense((N_IN, 4, 2), functions, inputs=[below, block, above])
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha=0.1)
    X, Y = rng.normal(size=(N_SAMPLES, N_IN)), rng.normal(size=(N_SAMPLES, 2))
    X[:, -1] = rng.integers(0, 3, N_SAMPLES)
    theta = network.initial_theta(SCHEME, rng, np.float64).flat
    theta += rng.normal(size=theta.size) / 10
    ours = risk.value_and_gradient(theta, X, Y)[1]
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    assert_allclose(ours, numeric, rtol=1e-5, atol=1e-6)


@each_form
def test_single_precision_stays_so(form, X, rng):
    block, theta = drawn(form, rng, dtype=np.float32)
    made = forward(block, theta.arrays[0], X.astype(np.float32))
    assert made.dtype == np.float32
    expected = of_formula(form, theta.arrays[0], X)
    assert_allclose(made, expected, rtol=1e-5, atol=1e-5)


@each_form
def test_importances_are_norms_over_what_is_made_of_a_feature(form, rng):
    block, theta = drawn(form, rng)
    layer = Dense(block.n_out, 2, Identity())
    W = rng.normal(size=(block.n_out, 2))
    above = layer.importances((W,), None)
    found = block.importances(theta.arrays[0], above)
    expected = [np.linalg.norm(W[block.feature_of_output == j]) for j in range(N_IN)]
    assert_allclose(found, expected)


@each_form
def test_a_copy_holds_no_more_than_the_edges(form, X, rng):
    block, theta = drawn(form, rng)
    before = len(pickle.dumps(block_of(form)))
    made = forward(block, theta.arrays[0], X)
    copy = pickle.loads(pickle.dumps(block))
    assert len(pickle.dumps(block.bins)) < before
    assert_array_equal(forward(copy, theta.arrays[0], X), made)


# What is refused


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (lambda: PLE(0), "n_bins must be a whole number of at least 1; got 0"),
        (lambda: PLE(2.5), r"n_bins must .* got 2\.5"),
        (lambda: PWL(n_bins=-1), "n_bins must .* got -1"),
        (lambda: PWL(embedding_size=0), "embedding_size must .* at least 1; got 0"),
        (lambda: PLE(target_aware=1), "target_aware must be True or False; got 1"),
        (lambda: PLE("8"), "n_bins must be a number; got '8'"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(form, message):
    with pytest.raises(ValueError, match=message):
        form()


@pytest.mark.parametrize(
    ("of", "edges", "message"),
    [
        ([0, 0, 1], EDGES, "embedded features"),
        ([-1, 0, 1], EDGES, "embedded features"),
        ([0, 1, 5], EDGES, "embedded features"),
        ([0, 1], EDGES, "not every embedded feature"),
        ([0], [[1.0]], "too few or not finite"),
        ([0], [[1.0, np.inf]], "too few or not finite"),
        ([0], [[1.0, 1.0]], "not ascending"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(of, edges, message):
    with pytest.raises(ValueError, match=message):
        features(edges, of).check(N_IN)
    features().check(N_IN)


def test_the_bins_of_no_feature_are_none():
    bins = Bins.of([])
    assert bins.n == 0
    assert bins.left.size == bins.width.size == bins.feature_of.size == 0
