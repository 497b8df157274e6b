"""What the estimators do to features before the network sees them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.preprocessing import RobustScaler

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet._data.quantiles import squashing


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


def test_a_sample_of_weight_two_counts_as_two_samples():
    X, weights = heavy_tails(60), np.arange(60) % 3
    weighted, repeated = squashing(X, weights), squashing(np.repeat(X, weights, axis=0))
    assert_array_equal(weighted.mean, repeated.mean)
    assert_array_equal(weighted.scale, repeated.scale)


def test_only_the_given_samples_count():
    X, rows = heavy_tails(60), np.arange(5, 50)
    some, alone = squashing(X, indices=rows), squashing(X[rows])
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
    inside.fit(X, y)
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


def test_the_median_of_an_even_number_is_the_lower_one():
    # as of samples: no weight lies between two of them
    X = np.array([[4.0], [1.0], [3.0], [2.0]])
    assert_allclose(squashing(X).mean, 2)
    assert_allclose(squashing(X).scale, 3 - 1)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_rare_exceptions_of_a_feature_are_kept_in_bounds(form, share):
    # the deviation is what it would be if a fifth of the samples were exceptions
    n = 400
    X = np.zeros((n, 2))
    X[: int(share * n), 0] = 1
    X[:, 1] = np.arange(n)
    clf = BPNetClassifier((), max_iter=1).fit(form(X), np.arange(n) % 2)
    raised = np.sqrt(0.2 / share) if share < 0.2 else 1
    expected = X.std(axis=0) * [raised, 1]
    assert_allclose(clf.input_scale_, expected, rtol=1e-12)
