"""learned_input_scale: a learned number for every scaled feature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet.net.activations import PReLU, Tanh
from sklearn_bpnet.net.gradcheck import GradientMismatchError
from sklearn_bpnet.options import EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


def scaled(estimator, hidden=(6,), **parameters):
    defaults = {"activation": "tanh", "max_iter": 20, "random_state": 0}
    return estimator(hidden, learned_input_scale=True, **(defaults | parameters))


@each_class
def test_it_is_learned_and_shown(estimator, iris):
    model = scaled(estimator, learning_rate_init=0.01).fit(*iris)
    s = model.learned_input_scale_
    assert s.shape == (4,)
    assert s.dtype == model.coefs_[0].dtype
    assert (np.abs(s - 1) > 1e-3).all()
    off = model.set_params(learned_input_scale=False).fit(*iris)
    assert not hasattr(off, "learned_input_scale_")


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "gd", "sgd", "adam", "rprop"])
def test_the_network_is_that_of_scaled_weights(estimator, solver, iris):
    X, y = iris
    model = scaled(estimator, solver=solver, batch_size="full", learning_rate_init=0.01)
    if solver in ("lbfgs", "cg"):
        model.set_params(learning_rate_init="auto", batch_size="auto")
    elif solver in ("gd", "rprop"):
        model.set_params(batch_size="auto")
    model.fit(X, y)
    s, W = model.learned_input_scale_, [W.copy() for W in model.coefs_]
    assert (s != 1).all()
    W[0] *= s[:, None]
    statistics = {
        name: getattr(model, f"{name}_")
        for name in ("input_mean", "input_scale", "target_mean", "target_scale")
        if hasattr(model, f"{name}_")
    }
    twin = estimator.from_weights(W, model.intercepts_, activation="tanh", **statistics)
    ours, theirs = (
        m.decision_function(X) if estimator is BPNetClassifier else m.predict(X)
        for m in (model, twin)
    )
    assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    assert_allclose(model.feature_importances_, twin.feature_importances_, rtol=1e-9)


@each_class
def test_its_gradient_is_checked(estimator, iris):
    report = check_gradient(scaled(estimator), *iris)
    n_outputs = 3 if estimator is BPNetClassifier else 1
    assert report.n_checked == 4 + 5 * 6 + 7 * n_outputs
    fitted = scaled(estimator, activation=PReLU(), early_stopping=True).fit(*iris)
    check_gradient(fitted, *iris)


def test_a_mistake_in_it_is_found_where_it_is(iris):
    model = scaled(BPNetClassifier)
    from sklearn_bpnet import empirical_risk

    J = empirical_risk(model, *iris)
    gradient = J.value_and_gradient(J.theta)[1]
    gradient[2] *= 1.01
    message = (
        r"layer 0, input_scale\[2\] \(learned_input_scale_\): backpropagation.*"
        "No layer is off"
    )
    with pytest.raises(GradientMismatchError, match=message) as caught:
        check_gradient(model, *iris, gradient=gradient)
    (wrong,) = caught.value.report.mismatches
    assert (wrong.layer, wrong.parameter, wrong.index) == (0, "input_scale", (2,))


@each_class
@pytest.mark.parametrize("scaling", ["standard", None])
def test_sparse_samples_train_as_dense_ones(estimator, scaling, iris):
    X, y = iris
    X = np.where(X < 2, 0.0, X)
    model = scaled(estimator, input_scaling=scaling, dtype="float64", alpha=0.01)
    dense, csr = (clone(model).fit(A, y) for A in (X, sparse.csr_array(X)))
    assert_allclose(
        csr.learned_input_scale_, dense.learned_input_scale_, rtol=1e-9, atol=1e-12
    )
    assert_allclose(csr.predict(sparse.csr_matrix(X)), dense.predict(X), rtol=1e-9)


@each_class
def test_a_factor_makes_it_learn_faster_or_not_at_all(estimator, iris):
    def spread(factor):
        model = scaled(estimator, learning_rate_factors={"input_scale": factor})
        model.set_params(learning_rate="constant", learning_rate_init=0.001)
        return np.abs(model.fit(*iris).learned_input_scale_ - 1).mean()

    assert spread(0) == 0
    assert 4 * spread(1) < spread(6) < 8 * spread(1)


@each_class
def test_only_the_penalty_of_the_weights_counts(estimator, iris):
    # so strong that all weights vanish, and nothing moves the scale any more
    model = scaled(estimator, solver="lbfgs", alpha=1e3, max_iter=500).fit(*iris)
    assert_allclose(model.coefs_[0], 0, atol=1e-3)
    assert_allclose(model.learned_input_scale_, 1, atol=1e-2)


@each_class
def test_early_stopping_keeps_the_scale_of_the_best_epoch(estimator, iris):
    X, y = iris
    scoring = "accuracy" if estimator is BPNetClassifier else "r2"
    model = scaled(
        estimator, early_stopping=EarlyStopping(ties="first"), scoring=scoring,
        learning_rate_init=0.05, max_iter=40, batch_size=32,
    )  # fmt: skip
    model.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert model.best_epoch_ < model.n_iter_
    assert model.score(X[:50], y[:50]) == pytest.approx(model.best_validation_score_)


@each_class
def test_given_weights_act_on_features_times_one(estimator):
    W, b = [np.ones((2, 1))], [np.zeros(1)]
    model = estimator.from_weights(W, b, learned_input_scale=True)
    assert_array_equal(model.learned_input_scale_, [1, 1])
    before = model.learned_input_scale_.copy()
    model.learned_input_scale_[:] = [2, -1]  # editing takes effect
    X = np.array([[1.0, 3.0], [0.5, 0.5]])
    outputs = getattr(model, "decision_function", model.predict)(X)
    assert_allclose(outputs, [-1, 0.5])
    assert_array_equal(before, [1, 1])


@each_class
@pytest.mark.parametrize("before", [True, False])
def test_a_warm_start_neither_adds_nor_drops_it(estimator, before, iris):
    model = scaled(estimator, warm_start=True).set_params(learned_input_scale=before)
    model.fit(*iris).set_params(learned_input_scale=not before)
    message = f"learned_input_scale={not before}, unlike before. Use warm_start=False"
    with pytest.raises(ValueError, match=message):
        model.fit(*iris)


@each_class
def test_a_group_penalty_beside_it_is_refused(estimator, iris):
    message = "learned_input_scale=True multiplies them by a factor that is not"
    with pytest.raises(ValueError, match=message):
        scaled(estimator, group_alpha=0.1).fit(*iris)


def test_it_finds_the_features_that_matter(rng):
    X = rng.normal(size=(400, 8))
    y = np.sin(2 * X[:, 0]) + X[:, 1]
    reg = scaled(
        BPNetRegressor, (32,), activation=Tanh(), max_iter=60, learning_rate_init=0.01,
        learning_rate_factors={"input_scale": 6},
    ).fit(X, y)  # fmt: skip
    s = np.abs(reg.learned_input_scale_)
    assert s[:2].min() > s[2:].max()


@each_class
def test_a_negative_scale_is_as_important_as_a_positive_one(estimator, iris):
    model = estimator((5,), learned_input_scale=True, max_iter=2, random_state=0)
    before = model.fit(*iris).feature_importances_
    model.learned_input_scale_ = -model.learned_input_scale_
    assert_array_equal(model.feature_importances_, before)
    assert (before > 0).all()
