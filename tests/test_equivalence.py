"""The solution is that of scikit-learn's linear models, and of equal formulations.

Without hidden layer, L-BFGS minimises a convex risk whose solution is known; its
tolerances are set so low here that it runs to convergence.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
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
LINEAR = {"hidden_layer_sizes": (), "input_scaling": None, **TO_THE_END}
weighted = pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights"])


def draw_weights(n, weighted):
    """Weights of mean 1, some of them zero; or None."""
    if not weighted:
        return None
    weights = np.random.default_rng(5).integers(0, 4, size=n).astype(float)
    return weights / weights.mean()


def assert_same_linear_model(ours, coef, intercept):
    assert_allclose(ours.coefs_[0].T.squeeze(), np.squeeze(coef), rtol=1e-4, atol=1e-7)
    assert_allclose(ours.intercepts_[0], np.ravel(intercept), rtol=1e-4)


@weighted
def test_binary_classifier_is_logistic_regression(binary, weighted):
    X, y = binary
    weights, C = draw_weights(len(y), weighted), 2.0
    ours = BPNetClassifier(alpha=1 / (C * len(y)), **LINEAR).fit(X, y, weights)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4)


@weighted
def test_multiclass_classifier_is_multinomial_logistic_regression(iris, weighted):
    X, y = iris
    weights, C = draw_weights(len(y), weighted), 0.5
    ours = BPNetClassifier(alpha=1 / (C * len(y)), **LINEAR).fit(X, y, weights)
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y, weights)
    # intercepts are free up to a constant, as they are not penalised
    ours.intercepts_[0] -= ours.intercepts_[0].mean()
    intercept = theirs.intercept_ - theirs.intercept_.mean()
    assert_same_linear_model(ours, theirs.coef_, intercept)


@weighted
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_regressor_is_ridge(regression, rng, weighted, n_outputs):
    X, y = regression
    weights, alpha = draw_weights(len(y), weighted), 0.05
    Y = y if n_outputs == 1 else np.c_[y, y**2, rng.normal(size=len(y))]
    ours = BPNetRegressor(alpha=alpha, target_scaling=None, **LINEAR)
    ours.fit(X, Y, weights)
    theirs = Ridge(alpha=alpha * len(y)).fit(X, Y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)


@weighted
def test_regressor_is_poisson_regression(regression, rng, weighted):
    X, y = regression
    y = rng.poisson(np.exp(0.3 * y)).astype(float)
    weights = draw_weights(len(y), weighted)
    ours = BPNetRegressor(loss="poisson", alpha=0.1, **LINEAR).fit(X, y, weights)
    theirs = PoissonRegressor(alpha=0.1, tol=1e-10, max_iter=10_000)
    theirs.fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)


@weighted
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_regressor_is_elastic_net_with_the_same_zeros(rng, weighted, l1_ratio):
    X = rng.normal(size=(100, 10))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 3 + 0.5 * rng.normal(size=100)
    weights = draw_weights(len(y), weighted)
    ours = BPNetRegressor(alpha=0.2, l1_ratio=l1_ratio, target_scaling=None, **LINEAR)
    ours.fit(X, y, weights)
    theirs = ElasticNet(alpha=0.2, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
    theirs.fit(X, y, weights)
    assert_same_linear_model(ours, theirs.coef_, theirs.intercept_)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, theirs.coef_ == 0)
    assert 0 < (theirs.coef_ == 0).sum() < 10
    if l1_ratio == 1:
        lasso = Lasso(alpha=0.2, tol=1e-12).fit(X, y, weights)
        assert_same_linear_model(ours, lasso.coef_, lasso.intercept_)


def lasso_problem(rng):
    X = rng.normal(size=(200, 10))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + 3 + 0.5 * rng.normal(size=200)
    return X, y, Lasso(alpha=0.2, tol=1e-12).fit(X, y)


def lasso_by_steps(solver, **kwargs):
    return BPNetRegressor(
        (),
        solver=solver,
        alpha=0.2,
        l1_ratio=1.0,
        input_scaling=None,
        target_scaling=None,
        dtype="float64",
        learning_rate_init=0.01,
        n_iter_no_change=np.inf,
        random_state=0,
        **kwargs,
    )


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_proximal_steps_end_at_the_lasso_with_the_same_zeros(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size="full", max_iter=2000).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, rtol=1e-4)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, lasso.coef_ == 0)


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_mini_batches_find_the_zeros_of_the_lasso(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size=50, max_iter=500).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, atol=0.05)
    assert_array_equal(ours.coefs_[0][:, 0] == 0, lasso.coef_ == 0)


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_smaller_learning_rate_does_not_leave_the_lasso(rng, solver):
    X, y, lasso = lasso_problem(rng)
    ours = lasso_by_steps(solver, batch_size="full", max_iter=2000, warm_start=True)
    ours.fit(X, y)
    ours.set_params(learning_rate_init=0.001, max_iter=50).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], lasso.coef_, atol=1e-3)


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
def test_an_integer_weight_is_that_many_equal_rows(iris, estimator, rng):
    X, y = iris
    weights = rng.integers(0, 4, size=len(y))
    model = estimator((3,), alpha=0.01, activation="tanh", **TO_THE_END)
    model.set_params(max_iter=30)
    by_weight = clone(model).fit(X, y, weights)
    repeated = clone(model).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_allclose(by_weight.loss_curve_[:10], repeated.loss_curve_[:10], rtol=1e-9)
    assert_allclose(by_weight.input_mean_, repeated.input_mean_)
    assert_allclose(by_weight.input_scale_, repeated.input_scale_)


@pytest.mark.parametrize("estimator", BOTH)
def test_at_the_minimum_an_integer_weight_is_that_many_equal_rows(iris, estimator, rng):
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


SPARSE = [
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
    sparse.csr_array,
    sparse.csc_array,
]


@quietly
@weighted
@pytest.mark.parametrize("to_sparse", SPARSE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("input_scaling", ["standard", None])
@pytest.mark.parametrize("estimator", BOTH)
def test_sparse_and_dense_inputs_give_the_same_fit(
    estimator, input_scaling, solver, to_sparse, weighted, rng
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
    S = to_sparse(X)
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
