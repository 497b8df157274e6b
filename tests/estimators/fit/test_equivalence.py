"""Two ways to one training: weights and copies, sparse and dense, raw and scaled."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet as ElasticNetPenalty
from sklearn_bpnet.net.risk import EmpiricalRisk

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
TO_THE_END = {"solver": "lbfgs", "tol": 1e-10, "max_iter": 10_000, "random_state": 0}
weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights"])


def draw_weights(n, weighted):
    """Weights of mean 1, some of them zero; or None."""
    if not weighted:
        return None
    weights = np.random.default_rng(5).integers(0, 4, size=n).astype(float)
    return weights / weights.mean()


@quietly
@weighted
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize("estimator", BOTH)
def test_loss_is_the_empirical_risk_of_the_fitted_weights(
    iris, estimator, l1_ratio, weighted
):
    X, y = iris
    weights = draw_weights(len(y), weighted)
    model = estimator(
        (5,),
        activation="tanh",
        solver="lbfgs",
        alpha=0.01,
        l1_ratio=l1_ratio,
        input_scaling=None,
        max_iter=20,
        random_state=0,
    )
    if estimator is BPNetRegressor:
        model.set_params(target_scaling=None)
        Y = y[:, None].astype(float)
    else:
        Y = np.eye(3)[y]
    model.fit(X, y, weights)
    network = Network.dense(
        (4, 5, Y.shape[1]),
        (ACTIVATIONS["tanh"], ACTIVATIONS[model.out_activation_]),
    )
    risk = EmpiricalRisk(
        network, LOSSES[model.loss], model.alpha, ElasticNetPenalty(l1_ratio)
    )
    arrays = zip(model.coefs_, model.intercepts_, strict=True)
    theta = np.concatenate([array.ravel() for block in arrays for array in block])
    rows = slice(None) if weights is None else weights > 0
    n_rows = len(y[rows])  # rows of weight zero count as absent
    value = risk.value(
        theta, X[rows], Y[rows], None if weights is None else weights[rows]
    )
    assert n_rows < len(y) or not weighted
    assert_allclose(model.loss_, value, rtol=1e-12)
    assert model.loss_ == model.loss_curve_[-1]


def test_loss_is_the_empirical_risk_where_training_starts_at_the_minimum():
    X, y = np.array([[-1.0], [1.0]] * 10), np.repeat([0, 1], 10)
    clf = BPNetClassifier((), solver="lbfgs", initializer="zeros").fit(X, y)
    assert clf.n_iter_ == 0
    assert clf.loss_ == pytest.approx(np.log(2))  # what two equal probabilities cost


@quietly
@pytest.mark.parametrize("estimator", BOTH)
def test_an_integer_weight_is_that_many_equal_samples(iris, estimator, rng):
    X, y = iris
    weights = rng.integers(0, 4, size=len(y))
    model = estimator((3,), alpha=0.01, activation="tanh", **TO_THE_END)
    model.set_params(max_iter=30)
    by_weight = clone(model).fit(X, y, weights)
    repeated = clone(model).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_allclose(by_weight.loss_curve_[:10], repeated.loss_curve_[:10], rtol=1e-9)
    assert_allclose(by_weight.input_mean_, repeated.input_mean_)
    assert_allclose(by_weight.input_scale_, repeated.input_scale_)


def task_of(name):
    """An estimator and targets for a loss."""
    classifies = "classification" in LOSSES[name].tasks
    return BPNetClassifier if classifies else BPNetRegressor


def by_steps(loss, **kwargs):
    """Twenty steps over all rows: the same for the same gradients, kinks or not."""
    return task_of(loss)(
        (4,), activation="tanh", loss=loss, alpha=0.01, l1_ratio=0.3, solver="adam",
        batch_size="full", learning_rate_init=0.01, max_iter=20, random_state=0,
        **kwargs,
    )  # fmt: skip


each_loss = pytest.mark.parametrize("loss", sorted(LOSSES))


@quietly
@each_loss
def test_weights_are_samples_for_every_loss(iris, loss, rng):
    X, y = iris[0], iris[1] + (task_of(loss) is BPNetRegressor)  # positive
    weights = rng.integers(0, 4, size=len(y))
    by_weight = by_steps(loss).fit(X, y, weights)
    repeated = by_steps(loss).fit(X.repeat(weights, axis=0), y.repeat(weights))
    scaled = by_steps(loss).fit(X, y, 100.0 * weights)
    absent = by_steps(loss).fit(X[weights > 0], y[weights > 0], weights[weights > 0])
    for other in (repeated, scaled, absent):
        assert_allclose(by_weight.loss_curve_, other.loss_curve_, rtol=1e-9)
        for ours, expected in zip(by_weight.coefs_, other.coefs_, strict=True):
            assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)
    assert by_weight.loss_ != pytest.approx(by_steps(loss).fit(X, y).loss_, rel=1e-3)


@quietly
@pytest.mark.parametrize(
    "loss", [name for name in sorted(LOSSES) if "classification" in LOSSES[name].tasks]
)
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 4, 2: 0.5}], ids=str)
def test_class_weights_are_sample_weights_for_every_loss(iris, loss, class_weight):
    X, y = iris[0][:100], iris[1][:100]
    by_class = by_steps(loss, class_weight=class_weight).fit(X, y)
    by_row = by_steps(loss).fit(X, y, compute_sample_weight(class_weight, y))
    assert_allclose(by_class.loss_curve_, by_row.loss_curve_, rtol=1e-9)
    for ours, expected in zip(by_class.coefs_, by_row.coefs_, strict=True):
        assert_allclose(ours, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("estimator", BOTH)
def test_at_the_minimum_an_integer_weight_is_that_many_equal_samples(
    iris, estimator, rng
):
    X, y = iris
    weights = rng.integers(0, 4, size=len(y))
    model = estimator((), alpha=0.01, **TO_THE_END)
    by_weight = clone(model).fit(X, y, weights)
    repeated = clone(model).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_allclose(by_weight.predict(X), repeated.predict(X), rtol=1e-6)
    assert_allclose(by_weight.coefs_[0], repeated.coefs_[0], rtol=1e-4, atol=1e-6)


@quietly
@weighted
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 4, 2: 0.5}])
def test_class_weight_multiplies_sample_weight(iris, solver, class_weight, weighted):
    X, y = iris[0][:100], iris[1][:100]
    weights = draw_weights(len(y), weighted)
    model = BPNetClassifier((3,), solver=solver, max_iter=5, random_state=0)
    by_class = clone(model).set_params(class_weight=class_weight).fit(X, y, weights)
    if class_weight == "balanced" and weighted:
        totals = np.bincount(y, weights)  # "balanced" counts the sample weights
        class_weight = dict(enumerate(totals.sum() / (3 * totals)))
    by_row = compute_sample_weight(class_weight, y)
    by_row = clone(model).fit(X, y, by_row if weights is None else by_row * weights)
    assert_allclose(by_class.coefs_[0], by_row.coefs_[0], rtol=1e-5)
    assert (by_class.coefs_[0] != clone(model).fit(X, y, weights).coefs_[0]).any()


@quietly
@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_scaling_all_weights_by_100_changes_nothing(binary, estimator, solver, rng):
    X, y = binary
    weights = rng.uniform(0.1, 1, size=len(y))
    model = estimator(
        (3,), solver=solver, alpha=0.1, dtype="float64", max_iter=5, random_state=0
    )
    one, hundred = (clone(model).fit(X, y, factor * weights) for factor in (1, 100))
    assert_allclose(one.predict(X), hundred.predict(X), rtol=1e-9)
    assert_allclose(one.coefs_[0], hundred.coefs_[0], rtol=1e-9)


# every way to read csr rows, then the other formats, which become csr
SPARSE = [
    *product(BOTH, ["standard", None], ["lbfgs", "sgd", "adam"], ["csr_array"]),
    *product(
        [BPNetClassifier],
        ["standard"],
        ["adam"],
        ["csr_matrix", "csc_matrix", "coo_matrix", "csc_array"],
    ),
]


@quietly
@weighted
@pytest.mark.parametrize(("estimator", "input_scaling", "solver", "form"), SPARSE)
def test_sparse_and_dense_inputs_give_the_same_fit(
    estimator, input_scaling, solver, form, weighted, rng
):
    # columns from nearly empty to full, then one that is nearly always five
    filled = rng.random((100, 8)) < [0.02, 0.05, 0.15, 0.3, 0.5, 0.9, 0.97, 1]
    X = rng.normal(3, 1, size=(100, 8)) * filled
    X = np.c_[X, np.where(rng.random(100) < 0.05, 7.0, 5.0)]
    y = (X.sum(axis=1) > np.median(X.sum(axis=1))).astype(int)
    weights = draw_weights(len(y), weighted)
    model = estimator(
        (4,),
        solver=solver,
        input_scaling=input_scaling,
        dtype="float64",
        max_iter=5,
        random_state=0,
    )
    dense = clone(model).fit(X, y, weights)
    S = getattr(sparse, form)(X)
    thin = clone(model).fit(S, y, weights)
    assert sparse.issparse(S)
    assert_array_equal(S.toarray(), X)
    for name in ("coefs_", "intercepts_"):
        pairs = zip(getattr(thin, name), getattr(dense, name), strict=True)
        for ours, expected in pairs:
            assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)
    method = "predict_proba" if estimator is BPNetClassifier else "predict"
    expected = getattr(dense, method)(X)
    assert_allclose(getattr(dense, method)(S), expected, rtol=1e-9)
    assert_allclose(getattr(thin, method)(S), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("exponent", [-8, -3, 3, 8])
def test_features_of_any_scale_train_as_well(smooth, exponent):
    X, y = smooth
    scales = np.array([10.0**exponent, 1.0])
    reg = BPNetRegressor(learning_rate_init=0.01, random_state=0)
    plain, scaled = clone(reg).fit(X, y), clone(reg).fit(X * scales, y)
    assert plain.score(X, y) > 0.95
    assert scaled.score(X * scales, y) > 0.95
    # the same training but for rounding, which float32 lets grow
    first = clone(reg).set_params(tol=10, n_iter_no_change=1)
    one, other = clone(first).fit(X, y), clone(first).fit(X * scales, y)
    assert_allclose(other.predict(X * scales), one.predict(X), rtol=1e-3, atol=1e-4)


@quietly
def test_the_defaults_train_on_a_large_shifted_target(smooth):
    X, y = smooth
    shifted = BPNetRegressor(random_state=0).fit(X, y * 1e5 + 1e5)
    assert shifted.score(X, y * 1e5 + 1e5) > 0.95


@quietly
def test_raw_and_standardised_data_give_the_same_predictions(smooth):
    X, y = smooth
    X, y = X * [1e6, 1e-3] + [1e7, 1.0], y * 1e5 + 1e5
    reg = BPNetRegressor((20,), solver="lbfgs", max_iter=30, random_state=0)
    raw = clone(reg).fit(X, y).predict(X)
    Xs = StandardScaler().fit_transform(X)
    by_hand = clone(reg).set_params(input_scaling=None, target_scaling=None)
    by_hand = by_hand.fit(Xs, (y - y.mean()) / y.std()).predict(Xs)
    assert_allclose(raw, by_hand * y.std() + y.mean(), rtol=1e-6)


@quietly
def test_classes_are_the_same_for_raw_and_standardised_data(iris):
    X, y = iris
    clf = BPNetClassifier((10,), solver="lbfgs", max_iter=30, random_state=0)
    raw = clone(clf).fit(X * [1e6, 1, 1e-3, 1], y)
    by_hand = clone(clf).set_params(input_scaling=None)
    Xs = StandardScaler().fit_transform(X)
    by_hand.fit(Xs, y)
    assert_allclose(
        raw.predict_proba(X * [1e6, 1, 1e-3, 1]), by_hand.predict_proba(Xs), atol=1e-6
    )
