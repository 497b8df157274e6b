"""What the estimators do to features before the network sees them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.preprocessing import RobustScaler

from sklearn_bpnet import BPNetClassifier, _scaling
from sklearn_bpnet._scaling import squashing, standardization


def heavy_tails(n_rows=401):
    """Rows so many that every quartile is a row."""
    rng = np.random.default_rng(0)
    return rng.standard_t(1, size=(n_rows, 3)) * [1, 100, 1e-3] + [0, 50, 1]


def test_squashing_is_the_robust_scaler_with_a_smooth_clip():
    X = heavy_tails()
    statistics = squashing(X)
    Z = RobustScaler().fit_transform(X)
    seen = (X - statistics.mean) / statistics.scale
    assert_allclose(seen, Z, rtol=1e-10)
    statistics.bend(seen)
    assert_allclose(seen, Z / np.sqrt(1 + (Z / 3) ** 2), rtol=1e-10)
    assert np.abs(seen).max() < 3 < np.abs(Z).max()


def test_where_the_quartiles_are_equal_half_of_the_range_takes_their_place():
    X = np.zeros((10, 3))
    X[0, 0], X[:2, 1] = 1.0, (-4.0, 4.0)
    assert_allclose(squashing(X).scale, [0.5, 4, 1])
    assert_allclose(squashing(X).mean, 0)


def test_a_row_of_weight_two_counts_as_two_rows():
    X, weights = heavy_tails(60), np.arange(60) % 3
    weighted, repeated = squashing(X, weights), squashing(np.repeat(X, weights, axis=0))
    assert_array_equal(weighted.mean, repeated.mean)
    assert_array_equal(weighted.scale, repeated.scale)


def test_only_the_given_rows_count():
    X, rows = heavy_tails(60), np.arange(5, 50)
    some, alone = squashing(X, rows=rows), squashing(X[rows])
    assert_array_equal(some.mean, alone.mean)
    assert_array_equal(some.scale, alone.scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("batch_size", [32, "full"])
def test_training_on_squashed_features_equals_squashing_by_hand(dtype, batch_size):
    X = np.round(heavy_tails() * 10).clip(-3e4, 3e4).astype(dtype)
    y = (X[:, 0] > 0).astype(int)
    settings = {"max_iter": 5, "batch_size": batch_size, "random_state": 0}
    inside = BPNetClassifier((8,), input_scaling="squash", **settings)
    statistics = squashing(X)
    Z = (X - statistics.mean) / statistics.scale
    statistics.bend(Z)
    with pytest.warns(match="Maximum iterations"):
        inside.fit(X, y)
    with pytest.warns(match="Maximum iterations"):
        by_hand = BPNetClassifier((8,), input_scaling=None, **settings).fit(Z, y)
    assert_allclose(inside.predict_proba(X), by_hand.predict_proba(Z), rtol=1e-4)
    assert inside.input_clip_ == 3.0


def test_an_outlier_does_not_spoil_the_others():
    X = heavy_tails()
    y = (X[:, 0] > 0).astype(int)
    X[7, 0] = 1e12
    clf = BPNetClassifier((), input_scaling="squash", solver="lbfgs").fit(X, y)
    assert clf.score(X, y) > 0.95


def test_given_weights_act_on_squashed_features():
    X = heavy_tails()
    y = (X[:, 0] > 0).astype(int)
    clf = BPNetClassifier((), input_scaling="squash", solver="lbfgs").fit(X, y)
    again = BPNetClassifier.from_weights(
        clf.coefs_,
        clf.intercepts_,
        input_mean=clf.input_mean_,
        input_scale=clf.input_scale_,
        input_scaling="squash",
    )
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_sparse_rows_cannot_be_squashed():
    X = sparse.random(50, 4, density=0.2, format="csr", random_state=0)
    with pytest.raises(ValueError, match="input_scaling='squash' needs dense X"):
        BPNetClassifier(input_scaling="squash").fit(X, np.arange(50) % 2)


# Mean and deviation

DTYPES = [np.bool_, np.uint8, np.int64, np.float16, np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights"])
@pytest.mark.parametrize("some", [False, True], ids=["all", "rows"])
@pytest.mark.parametrize("block", [7, 10**6])
def test_mean_and_deviation_are_those_of_the_definition(
    monkeypatch, dtype, weighted, some, block
):
    monkeypatch.setattr(_scaling, "_BLOCK_NUMBERS", block)
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(90, 3)) * [1, 30, 1] + [0, 100, 1]).clip(0).astype(dtype)
    weights = rng.integers(0, 3, 90) * 0.7 if weighted else None
    rows = rng.permutation(90)[:60] if some else None
    chosen = slice(None) if rows is None else rows
    values = X[chosen].astype(np.float64)
    w = None if weights is None else weights[chosen]
    mean = np.average(values, axis=0, weights=w)
    deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=w))
    ours = standardization(X, weights, rows)
    assert_allclose(ours.mean, mean, rtol=1e-13, atol=1e-14)
    expected = np.where(deviation > 1e-12, deviation, 1)
    assert_allclose(ours.scale, expected, rtol=1e-12)


def test_a_mean_far_from_zero_costs_no_digits():
    steps = np.arange(-500.0, 501.0)  # n of them have the variance (n^2 - 1) / 12
    X = np.column_stack([steps, 1e12 + steps, 1e15 + steps])
    ours = standardization(X)
    assert_allclose(ours.mean, [0, 1e12, 1e15], rtol=1e-15)
    assert_allclose(ours.scale, np.sqrt((1001**2 - 1) / 12), rtol=1e-12)


@pytest.mark.parametrize("value", [0.1, -1e15, 1e-300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [1, 7, 1001])
def test_a_constant_column_gets_the_scale_one(value, dtype, n_rows):
    X = np.full((n_rows, 1), value, dtype)
    for weights in (None, np.full(n_rows, 0.3)):
        ours = standardization(X, weights)
        assert_array_equal(ours.mean, X[0])
        assert_array_equal(ours.scale, 1)


def test_rows_without_weight_do_not_count_however_large():
    X = np.full((1000, 2), 1e12)
    X[::250] = [[5.0, 1.0], [5.0, 2.0], [5.0, 3.0], [5.0, 4.0]]
    weights = np.zeros(1000)
    weights[::250] = 1
    ours = standardization(X, weights)
    assert_allclose(ours.mean, [5, 2.5], rtol=1e-12)
    assert_allclose(ours.scale, [1, np.sqrt(1.25)], rtol=1e-12)
