"""shared_members: an ensemble within a network, whose members share the trunk."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import log_loss

from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    check_gradient,
    config_context,
    empirical_risk,
)
from sklearn_bpnet.inspection import find_learning_rate
from sklearn_bpnet.net.losses import Quantile
from sklearn_bpnet.options import Dropout

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


def shared(estimator, hidden=(6,), k=3, **parameters):
    defaults = {"max_iter": 5, "random_state": 0, "dtype": "float64"}
    return estimator(hidden, shared_members=k, **(defaults | parameters))


def outputs(model, X):
    """Probabilities, or predictions."""
    return getattr(model, "predict_proba", model.predict)(X)


def members_of(model):
    """Every member as a network of its own."""
    estimator = type(model)
    statistics = {
        name: getattr(model, f"{name}_")
        for name in ("input_mean", "input_scale", "target_mean", "target_scale")
        if hasattr(model, f"{name}_")
    }
    if estimator is BPNetClassifier:
        statistics["classes"] = model.classes_
    for i, r in enumerate(model.member_scale_):
        W, b = (
            [*map(np.array, of[:-1]), of[-1][i].copy()]
            for of in (model.coefs_, model.intercepts_)
        )
        W[0] = W[0] * r[:, None]
        yield estimator.from_weights(W, b, **statistics)


@each_class
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=str)
def test_the_prediction_is_the_mean_of_the_members(estimator, hidden, iris):
    model = shared(estimator, hidden).fit(*iris)
    each = [outputs(member, iris[0]) for member in members_of(model)]
    assert np.ptp(each, axis=0).max() > 0.01
    assert_allclose(outputs(model, iris[0]), np.mean(each, axis=0), rtol=1e-9)
    importances = [member.feature_importances_ for member in members_of(model)]
    assert_allclose(model.feature_importances_, np.mean(importances, axis=0))


@pytest.mark.parametrize("loss", ["hinge", "perceptron", "squared_error"])
def test_losses_without_probabilities_average_scores(loss, iris):
    X, y = iris
    encoding = "ordinal" if loss == "squared_error" else "one-hot"
    clf = shared(
        BPNetClassifier, loss=loss, target_encoding=encoding, early_stopping=True,
        max_iter=60, learning_rate_init=0.05,
    ).fit(X, y)  # fmt: skip
    assert np.isfinite(clf.decision_function(X)).all()
    assert np.isfinite(clf.validation_loss_curve_).all()
    assert clf.score(X, y) > 0.6


@each_class
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"dropout": Dropout(0.2, input_noise=0.1), "dtype": "float32"},
        {"numeric_embedding": "pbld", "early_stopping": True},
        {"initializer": "unit_variance", "solver": "lbfgs"},
    ],
    ids=str,
)
def test_one_member_is_the_plain_network_bit_for_bit(
    estimator, parameters, compiled, k, iris
):
    if compiled:
        pytest.importorskip("numba")
    factors = {"W": 1.0} if parameters.get("solver") != "lbfgs" else None
    model = estimator((6,), max_iter=5, random_state=0, learning_rate_factors=factors)
    model.set_params(**parameters)
    one = clone(model).set_params(shared_members=k)
    if factors:
        one.set_params(learning_rate_factors={"member_scale": 0})
    with config_context(compiled=compiled):
        model.fit(*iris)
        one.fit(*iris)
    same = np.array_equal(outputs(model, iris[0]), outputs(one, iris[0]))
    if not factors:  # the scale is learned
        assert one.member_scale_.shape[0] == k
        return
    assert same == (k == 1)
    if k == 1:
        assert_array_equal(one.member_scale_, 1)
        assert one.loss_ == model.loss_
        for W, V in zip(one.coefs_, model.coefs_, strict=True):
            assert_array_equal(W.reshape(V.shape), V)


FRAME = pd.DataFrame(
    {
        "size": [0.1, 1.3, np.nan, 2.0, 0.7, 1.1, 0.4, 1.9] * 4,
        "kind": pd.Categorical(list("abcaabca") * 4),
        "many": pd.Categorical([f"v{i % 12}" for i in range(32)]),
    }
)
TARGET = np.arange(32) % 3


@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"hidden": (), "alpha": 0.1},
        {"activation": "prelu", "learned_input_scale": True},
        {"numeric_embedding": "pbld", "categorical_embedding": 3},
        {"numeric_embedding": "pwl"},
    ],
    ids=str,
)
def test_the_gradient_is_that_of_central_differences(estimator, parameters):
    model = shared(estimator, **parameters)
    check_gradient(model, FRAME, TARGET, np.linspace(0.5, 1.5, 32))
    check_gradient(model.fit(FRAME, TARGET), FRAME, TARGET)
    J = empirical_risk(model, FRAME, TARGET)
    W, b = J.coefs_and_intercepts(J.theta)
    assert_array_equal(W[-1], model.coefs_[-1])
    assert b[-1].shape == model.intercepts_[-1].shape


def test_the_inputs_that_a_column_becomes_start_with_one_factor():
    reg = shared(BPNetRegressor, k=20, learning_rate_factors={"member_scale": 0})
    reg.set_params(categorical_embedding=None).fit(FRAME, TARGET)
    names = reg.get_network_input_names()
    r = reg.member_scale_
    assert r.shape == (20, len(names))
    assert set(np.unique(r)) == {-1, 1}
    columns = [name.removeprefix("missingindicator_").split("_")[0] for name in names]
    first = [columns.index(column) for column in columns]
    assert_array_equal(r, r[:, first])
    assert len(np.unique(r, axis=1).T) == 3 == len(set(columns))
    reg.set_params(numeric_embedding="pbld").fit(FRAME, TARGET)
    r = reg.member_scale_
    assert len(np.unique(r)) == 3 * 20
    embedded = [n.startswith("size") for n in reg.get_network_input_names()]
    assert sum(embedded) == 4
    assert_array_equal(np.ptp(r[:, embedded], axis=1), 0)


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "gd", "sgd", "adam", "rprop"])
def test_every_solver_trains_it(estimator, solver, iris):
    model = shared(estimator, solver=solver, max_iter=30).fit(*iris)
    assert model.loss_ < shared(estimator, solver=solver, max_iter=1).fit(*iris).loss_
    assert (np.abs(np.abs(model.member_scale_) - 1) > 1e-4).any()


@each_class
@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("compiled", [False, "auto"])
def test_sparse_samples_train_as_dense_ones(estimator, scaling, compiled, iris):
    X, y = iris
    X = np.where(X < 2, 0.0, X)
    model = shared(estimator, input_scaling=scaling, early_stopping=True)
    with config_context(compiled=compiled):
        dense, csr = (clone(model).fit(A, y) for A in (X, sparse.csr_array(X)))
    assert_allclose(csr.member_scale_, dense.member_scale_, rtol=1e-9)
    assert_allclose(csr.predict(sparse.csr_matrix(X)), dense.predict(X), rtol=1e-9)
    check_gradient(csr, sparse.csr_array(X), y)


def test_sparse_samples_initialise_it_too(iris):
    X, y = iris
    clf = shared(BPNetClassifier, initializer="unit_variance", input_scaling=None)
    csr = clone(clf).fit(sparse.csr_array(X), y)
    assert_allclose(csr.predict_proba(X), clf.fit(X, y).predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss"])
def test_the_average_is_validated(scoring, iris):
    X, y = iris
    clf = shared(
        BPNetClassifier, early_stopping=True, scoring=scoring, max_iter=8,
        learning_rate_init=0.01,
    ).fit(X, y, X_val=X[::3], y_val=y[::3])  # fmt: skip
    loss = log_loss(y[::3], clf.predict_proba(X[::3]))
    best = clf.best_epoch_ - 1
    assert clf.validation_loss_curve_[best] == pytest.approx(loss, rel=1e-9)
    if scoring is None:
        assert clf.best_validation_score_ == clf.score(X[::3], y[::3])
    elif scoring == "neg_log_loss":
        assert clf.best_validation_score_ == pytest.approx(-loss)


def test_the_average_of_a_regressor_is_validated(iris):
    X, y = iris
    reg = shared(BPNetRegressor, early_stopping=True, max_iter=8)
    reg.fit(X, y, X_val=X[::3], y_val=y[::3])
    assert reg.best_validation_score_ == pytest.approx(reg.score(X[::3], y[::3]))
    error = (reg.predict(X[::3]) - y[::3]) / reg.target_scale_
    loss = reg.validation_loss_curve_[reg.best_epoch_ - 1]
    assert loss == pytest.approx(np.mean(error**2) / 2)


def test_the_average_is_calibrated(iris):
    X, y = iris
    clf = shared(BPNetClassifier, (20,), max_iter=60, learning_rate_init=0.05)
    clf.fit(X, y, X_val=X[::3], y_val=y[::3])
    calibrated = clone(clf).set_params(calibration="temperature")
    calibrated.fit(X, y, X_val=X[::3], y_val=y[::3])
    assert calibrated.temperature_ != 1
    L = clf.predict_log_proba(X) / calibrated.temperature_
    P = np.exp(L) / np.exp(L).sum(axis=1, keepdims=True)
    assert_allclose(calibrated.predict_proba(X), P, rtol=1e-8, atol=1e-12)


@each_class
def test_ensembles_of_networks_with_shared_members(estimator, iris):
    X, y = iris
    model = shared(estimator, n_members=2).fit(X, y)
    each = [outputs(member, X) for member in model.estimators_]
    assert [m.shared_members for m in model.estimators_] == [3, 3]
    assert_allclose(outputs(model, X), np.mean(each, axis=0), rtol=1e-9)
    if estimator is BPNetRegressor:  # the deviation is that of the networks
        _, std = model.predict(X, return_std=True)
        assert_allclose(std, np.std(each, axis=0), rtol=1e-9)
        with pytest.raises(ValueError, match="Fit with n_members > 1"):
            model.estimators_[0].predict(X, return_std=True)


def test_label_indicators_several_columns_and_quantiles(iris):
    X, y = iris
    labels = np.column_stack([y == 0, y > 0, y == 2]).astype(int)
    clf = shared(BPNetClassifier, early_stopping=True).fit(X, labels)
    assert clf.predict(X).shape == labels.shape
    columns = np.column_stack([y, y > 0, 1 + (y == 2)])
    clf = shared(BPNetClassifier, early_stopping=True).fit(X, columns)
    assert [P.shape[1] for P in clf.predict_proba(X)] == [3, 2, 2]
    assert clf.coefs_[-1].shape == (3, 6, 5)
    reg = shared(BPNetRegressor, early_stopping=True).fit(X, labels * 1.0)
    assert reg.predict(X).shape == labels.shape
    reg = shared(BPNetRegressor, loss=Quantile((0.1, 0.5, 0.9))).fit(X, y)
    assert (np.diff(reg.predict(X), axis=1) > 0).all()


def test_a_single_class_and_clipped_predictions(iris):
    X, y = iris
    clf = shared(BPNetClassifier).fit(X, np.full(len(X), "only"))
    assert_array_equal(clf.predict_proba(X), 1)
    reg = shared(BPNetRegressor, clip_predictions=True, solver="lbfgs").fit(X, y)
    assert reg.predict(100 * X).min() >= 0


@each_class
def test_training_continues(estimator, iris):
    X, y = iris
    classes = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    whole = shared(estimator, max_iter=6, learning_rate="constant", warm_start=True)
    half = clone(whole).set_params(max_iter=3).fit(X, y)
    half.fit(X, y)
    assert_array_equal(half.member_scale_, whole.fit(X, y).member_scale_)
    with pytest.raises(ValueError, match="shared_members=2, unlike before"):
        half.set_params(shared_members=2).fit(X, y)
    with pytest.raises(ValueError, match="shared_members=None, unlike before"):
        half.set_params(shared_members=None).fit(X, y)
    batches = shared(estimator)
    for _ in range(2):
        batches.partial_fit(X, y, **classes)
    with pytest.raises(ValueError, match="shared_members=4, unlike before"):
        batches.set_params(shared_members=4).partial_fit(X, y)


@each_class
def test_initial_weights_have_the_shapes_of_the_fitted_ones(estimator, iris):
    X, y = iris
    model = shared(estimator).fit(X, y)
    again = clone(model).set_params(max_iter=1, learning_rate_init=1e-12, alpha=0.0)
    again.fit(X, y, coefs_init=model.coefs_, intercepts_init=model.intercepts_)
    assert_allclose(again.coefs_[-1], model.coefs_[-1], atol=1e-9)
    plain = [W if W.ndim == 2 else W[0] for W in model.coefs_]
    n = model.n_outputs_
    message = rf"coefs_init\[1\] must have the shape \(3, 6, {n}\); got \(6, {n}\)"
    with pytest.raises(ValueError, match=message):
        again.fit(X, y, coefs_init=plain)


@each_class
def test_given_weights_are_those_of_a_plain_network(estimator):
    W, b = [np.ones((2, 1))], [np.zeros(1)]
    with pytest.raises(ValueError, match="shared_members=2 has a scale"):
        estimator.from_weights(W, b, shared_members=2)


@each_class
def test_a_group_penalty_beside_it_is_refused(estimator, iris):
    message = "shared_members=3 multiplies them by factors that are not penalised"
    with pytest.raises(ValueError, match=message):
        shared(estimator, group_alpha=0.1).fit(*iris)


@each_class
@pytest.mark.parametrize("k", [0, -1, 1.5, True, "two"])
def test_the_number_is_at_least_one(estimator, k, iris):
    with pytest.raises(ValueError, match=r"'shared_members' parameter of .* must be"):
        shared(estimator, k=k).fit(*iris)


@each_class
def test_huge_features_are_named(estimator, iris):
    X, y = iris
    model = shared(estimator, dtype="float32", input_scaling=None).fit(X, y)
    X = X.copy()
    X[3, 2] = 3e38
    model.coefs_[0][:], model.member_scale_[:2] = 100, 1
    with pytest.raises(ValueError, match=r"sample 3 of X exceeds .* X\[3, 2\]"):
        outputs(model, X)


@each_class
def test_a_learning_rate_is_found_and_quantities_are_recorded(estimator, iris):
    assert find_learning_rate(shared(estimator), *iris, n_steps=20).suggestion > 0
    record = ("gradient_norm", "saturation")
    model = shared(estimator, record=record, activation="tanh").fit(*iris)
    assert np.isfinite(model.history_["gradient_norm_2"]).all()
    assert np.isfinite(model.history_["saturation_1"]).all()


@each_class
def test_changed_weights_take_effect(estimator, iris):
    X, y = iris
    model = shared(estimator, (4,), k=2).fit(X, y)
    model.member_scale_[:] = model.member_scale_[0]
    model.coefs_[-1][1] = model.coefs_[-1][0]
    model.intercepts_[-1][1] = model.intercepts_[-1][0]
    first, second = members_of(model)
    assert_array_equal(outputs(first, X), outputs(second, X))
    assert_allclose(outputs(model, X), outputs(first, X), rtol=1e-12)


def test_it_is_better_than_a_single_network():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 6))
    y = np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] + 0.5 * rng.normal(size=600)
    single = BPNetRegressor((64,), alpha=0.01, max_iter=60, random_state=0).fit(
        X[:300], y[:300]
    )
    model = clone(single).set_params(shared_members=8).fit(X[:300], y[:300])
    errors = [1 - m.score(X[300:], y[300:]) for m in (model, single)]
    assert errors[0] < 0.95 * errors[1]
