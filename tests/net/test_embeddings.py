from math import pi

import numpy as np
import pytest

from sklearn_bpnet.net.embeddings import NUMERIC_EMBEDDINGS, PBLD, Embedding
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.parameters import Parameters

N_ROWS, N_IN, FEATURES = 6, 4, (0, 2, 3)
LAWS = [PBLD(), PBLD(5, 3, 0.7), PBLD(1, 2, 2.0)]
each_law = pytest.mark.parametrize("law", LAWS, ids=str)


def drawn(law, dtype=np.float64, seed=1, features=FEATURES):
    block = Embedding(N_IN, features, law)
    parameters = Parameters.zeros([block.shapes], dtype)
    block.draw(parameters.blocks[0], np.random.default_rng(seed))
    return block, parameters


def forward(block, arrays, X):
    return block.forward(arrays, X, block.workspace(len(X), X.dtype))


@pytest.fixture
def X(rng):
    return rng.normal(size=(N_ROWS, N_IN))


@each_law
def test_every_feature_has_the_embedding_of_the_formula(law, X):
    # Holzmueller et al. 2024: e = W2^T cos(2 pi w x + b) + b2, and x itself
    block, parameters = drawn(law)
    w, c, V, d = parameters.blocks[0]
    A = forward(block, (w, c, V, d), X)
    n_new = law.embedding_size - 1
    assert A.shape == (N_ROWS, block.n_out) == (N_ROWS, N_IN + 3 * n_new)
    np.testing.assert_array_equal(A[:, :N_IN], X)
    for i, x in enumerate(X):
        at = N_IN
        for f, j in enumerate(FEATURES):
            h = [np.cos(2 * pi * w[f, k] * x[j] + c[f, k]) for k in range(len(w[f]))]
            for m in range(n_new):
                e = sum(V[f, k, m] * h[k] for k in range(len(h))) + d[f, m]
                assert A[i, at] == pytest.approx(e, rel=1e-12, abs=1e-12)
                assert block.feature_of_output[at] == j
                at += 1
    np.testing.assert_array_equal(block.feature_of_output[:N_IN], range(N_IN))


def test_the_default_is_that_of_the_paper():
    # 16 waves to 4 numbers a feature; V and d from U(-1/4, 1/4)
    law = NUMERIC_EMBEDDINGS["pbld"]
    assert law == PBLD(16, 4, 0.1)
    block = Embedding(900, tuple(range(900)), law)
    parameters = Parameters.zeros([block.shapes])
    block.draw(parameters.blocks[0], np.random.default_rng(0))
    w, c, V, d = parameters.blocks[0]
    assert w.shape == c.shape == (900, 16)
    assert V.shape == (900, 16, 3)
    assert d.shape == (900, 3)
    assert w.std() == pytest.approx(0.1, rel=0.03)
    assert abs(w.mean()) < 0.005
    for array, bound in ((c, pi), (V, 0.25), (d, 0.25)):
        assert 0.99 * bound < np.abs(array).max() <= bound
        assert array.std() == pytest.approx(bound / 3**0.5, rel=0.05)


@each_law
def test_backward_is_the_gradient_of_forward(law, X, rng):
    block, parameters = drawn(law)
    ws = block.workspace(N_ROWS, np.float64)
    block.forward(parameters.blocks[0], X, ws)
    ws.G[:] = R = rng.normal(size=ws.A.shape)
    gradient = Parameters.zeros([block.shapes])
    gradient.theta[:] = np.nan
    G_below = np.full_like(X, np.nan)
    block.backward(parameters.blocks[0], X, ws, gradient.blocks[0], G_below)

    def of_theta(theta):
        arrays = Parameters([block.shapes], theta).blocks[0]
        return float((forward(block, arrays, X) * R).sum())

    def of_X(x):
        return float(
            (forward(block, parameters.blocks[0], x.reshape(X.shape)) * R).sum()
        )

    numeric = numerical_gradient(of_theta, parameters.theta)
    np.testing.assert_allclose(gradient.theta, numeric, rtol=1e-6, atol=1e-8)
    numeric = numerical_gradient(of_X, X.ravel())
    np.testing.assert_allclose(G_below.ravel(), numeric, rtol=1e-6, atol=1e-8)


@each_law
def test_the_gradient_over_parts_of_the_rows_adds_up(law, X, rng):
    block, parameters = drawn(law)
    whole = block.workspace(N_ROWS, np.float64)
    R = rng.normal(size=whole.A.shape)
    gradients = []
    for rows in (slice(None), slice(2), slice(2, None)):
        ws = whole.rows(rows)
        A = block.forward(parameters.blocks[0], X[rows], ws)
        assert np.shares_memory(A, whole.A)
        ws.G[:] = R[rows]
        gradient = Parameters.zeros([block.shapes])
        block.backward(parameters.blocks[0], X[rows], ws, gradient.blocks[0], None)
        gradients.append(gradient.theta)
    np.testing.assert_allclose(gradients[0], gradients[1] + gradients[2], atol=1e-12)


def test_single_precision_stays_so(X):
    block, parameters = drawn(PBLD(), np.float32)
    wide = [array.astype(np.float64) for array in parameters.blocks[0]]
    A = forward(block, parameters.blocks[0], X.astype(np.float32))
    assert A.dtype == np.float32
    ws = block.workspace(N_ROWS, np.float32)
    assert {a.dtype for a in vars(ws).values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(A, forward(block, wide, X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (lambda: PBLD(n_frequencies=0), "n_frequencies must .* at least 1; got 0"),
        (lambda: PBLD(n_frequencies=1.5), r"whole number .* got 1\.5"),
        (lambda: PBLD(embedding_size=1), "embedding_size must .* at least 2; got 1"),
        (lambda: PBLD(deviation=0.0), r"deviation must be positive; got 0\.0"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(law, message):
    with pytest.raises(ValueError, match=message):
        law()
