from math import pi

import numpy as np
import pytest

from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, PBLD, Embedding
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.initializers import GLOROT, Initialization
from sklearn_bpnet.net.theta import Theta

SCHEME = Initialization(GLOROT)  # an embedding has its own
N_SAMPLES, N_IN, FEATURES = 6, 4, (0, 2, 3)
SETTINGS = [PBLD(), PBLD(5, 3, 0.7), PBLD(1, 2, 2.0)]
each_setting = pytest.mark.parametrize("settings", SETTINGS, ids=str)


def drawn(settings, dtype=np.float64, seed=1, features=FEATURES):
    block = Embedding(N_IN, features, settings)
    theta = Theta.zeros([block.shapes], dtype)
    block.start(theta.arrays[0], SCHEME, np.random.default_rng(seed))
    return block, theta


def forward(block, arrays, X):
    return block.forward(arrays, X, block.workspace(len(X), X.dtype))


@pytest.fixture
def X(rng):
    return rng.normal(size=(N_SAMPLES, N_IN))


@each_setting
def test_every_feature_has_the_embedding_of_the_formula(settings, X):
    # Holzmueller et al. 2024: e = W2^T cos(2 pi w x + b) + b2, and x itself
    block, theta = drawn(settings)
    w, c, V, d = theta.arrays[0]
    A = forward(block, (w, c, V, d), X)
    n_new = settings.embedding_size - 1
    assert A.shape == (N_SAMPLES, block.n_out) == (N_SAMPLES, N_IN + 3 * n_new)
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
    settings = NUMERIC_EMBEDDINGS["pbld"]
    assert settings == PBLD(16, 4, 0.1)
    block = Embedding(900, tuple(range(900)), settings)
    theta = Theta.zeros([block.shapes])
    block.start(theta.arrays[0], SCHEME, np.random.default_rng(0))
    w, c, V, d = theta.arrays[0]
    assert w.shape == c.shape == (900, 16)
    assert V.shape == (900, 16, 3)
    assert d.shape == (900, 3)
    assert w.std() == pytest.approx(0.1, rel=0.03)
    assert abs(w.mean()) < 0.005
    for array, bound in ((c, pi), (V, 0.25), (d, 0.25)):
        assert 0.99 * bound < np.abs(array).max() <= bound
        assert array.std() == pytest.approx(bound / 3**0.5, rel=0.05)


@each_setting
def test_backward_is_the_gradient_of_forward(settings, X, rng):
    block, theta = drawn(settings)
    ws = block.workspace(N_SAMPLES, np.float64)
    block.forward(theta.arrays[0], X, ws)
    ws.G[:] = R = rng.normal(size=ws.A.shape)
    gradient = Theta.zeros([block.shapes])
    gradient.flat[:] = np.nan
    G_below = np.full_like(X, np.nan)
    block.backward(theta.arrays[0], X, ws, gradient.arrays[0], G_below)

    def of_theta(flat):
        arrays = Theta([block.shapes], flat).arrays[0]
        return float((forward(block, arrays, X) * R).sum())

    def of_X(x):
        return float((forward(block, theta.arrays[0], x.reshape(X.shape)) * R).sum())

    numeric = numerical_gradient(of_theta, theta.flat)
    np.testing.assert_allclose(gradient.flat, numeric, rtol=1e-6, atol=1e-8)
    numeric = numerical_gradient(of_X, X.ravel())
    np.testing.assert_allclose(G_below.ravel(), numeric, rtol=1e-6, atol=1e-8)


@each_setting
def test_the_gradient_over_parts_of_the_samples_adds_up(settings, X, rng):
    block, theta = drawn(settings)
    whole = block.workspace(N_SAMPLES, np.float64)
    R = rng.normal(size=whole.A.shape)
    gradients = []
    for part in (slice(None), slice(2), slice(2, None)):
        ws = whole.part(part)
        A = block.forward(theta.arrays[0], X[part], ws)
        assert np.shares_memory(A, whole.A)
        ws.G[:] = R[part]
        gradient = Theta.zeros([block.shapes])
        block.backward(theta.arrays[0], X[part], ws, gradient.arrays[0], None)
        gradients.append(gradient.flat)
    np.testing.assert_allclose(gradients[0], gradients[1] + gradients[2], atol=1e-12)


def test_single_precision_stays_so(X):
    block, theta = drawn(PBLD(), np.float32)
    wide = [array.astype(np.float64) for array in theta.arrays[0]]
    A = forward(block, theta.arrays[0], X.astype(np.float32))
    assert A.dtype == np.float32
    ws = block.workspace(N_SAMPLES, np.float32)
    assert {a.dtype for a in vars(ws).values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(A, forward(block, wide, X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: PBLD(n_frequencies=0), "n_frequencies must .* at least 1; got 0"),
        (lambda: PBLD(n_frequencies=1.5), r"whole number .* got 1\.5"),
        (lambda: PBLD(embedding_size=1), "embedding_size must .* at least 2; got 1"),
        (lambda: PBLD(deviation=0.0), r"deviation must be positive; got 0\.0"),
    ],
)
def test_hyper_theta_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        settings()
