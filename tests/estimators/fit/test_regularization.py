"""Dropout, input noise, the group penalty, alpha by layer, at the estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, empirical_risk
from sklearn_bpnet.options import Dropout

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
NOISE = {
    "dropout": {"dropout": 0.4},
    "dropout by layer": {"dropout": [0.0, 0.5]},
    "dropout of inputs": {"dropout": Dropout(input_rate=0.4)},
    "noise of inputs": {"dropout": Dropout(input_noise=0.4)},
}
each_noise = pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)


# Noise


# until the average of the weights stands still
TO_THE_END = {
    "alpha": 0.0,
    "target_scaling": None,
    "batch_size": "full",
    "max_iter": 12_000,
    "learning_rate_init": 0.005,
    "ema_decay": 0.9998,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def ridge_by_noise(X, y, **noise):
    """A linear model trained with noise."""
    return BPNetRegressor((), **noise, **TO_THE_END).fit(X, y)


@quietly
@pytest.mark.parametrize(
    ("noise", "alpha"),
    [
        # Bishop 1995: noise of variance v on the inputs of a squared error is ridge
        ({"dropout": Dropout(0, input_noise=0.6)}, 0.6**2),
        # Wager, Wang and Liang 2013, section 2: so is dropout, of p / (1 - p) times
        # the mean square of a feature, which is 1 here
        ({"dropout": Dropout(0, 0.3)}, 0.3 / 0.7),
        ({"dropout": Dropout(0, 0.3, input_noise=0.6)}, 0.3 / 0.7 + 0.6**2 / 0.7),
    ],
    ids=["noise", "dropout", "both"],
)
def test_noise_on_the_inputs_of_a_linear_model_is_ridge(regression, noise, alpha):
    X, y = regression
    ours = ridge_by_noise(X, y, **noise)
    Xs = StandardScaler().fit_transform(X)
    theirs = Ridge(alpha=alpha * len(y)).fit(Xs, y)
    assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, atol=0.02)
    without = Ridge(alpha=1e-9).fit(Xs, y)
    assert np.abs(without.coef_ - theirs.coef_).max() > 0.2


@quietly
def test_dropout_of_a_hidden_layer_acts_on_what_the_layer_hands_on(regression):
    # the first layer hands on the features as they are, and stays so
    X, y = regression
    start = [np.eye(4), np.zeros((4, 1))]
    ours = BPNetRegressor(
        (4,),
        activation="identity",
        dropout=[0.3],
        learning_rate_factors=[0, 1],
        **TO_THE_END,
    ).fit(X, y, coefs_init=start)
    theirs = Ridge(alpha=0.3 / 0.7 * len(y)).fit(StandardScaler().fit_transform(X), y)
    assert_array_equal(ours.coefs_[0], np.eye(4))
    assert_allclose(ours.coefs_[1][:, 0], theirs.coef_, atol=0.02)


@quietly
@each_class
@each_noise
def test_noise_is_drawn_in_training_and_never_in_prediction(estimator, noise, iris):
    X, y = iris
    model = estimator((6, 5), random_state=0, max_iter=5)
    plain, noisy = clone(model).fit(X, y), clone(model).set_params(**noise).fit(X, y)
    again = clone(noisy).fit(X, y)
    assert (plain.coefs_[0] != noisy.coefs_[0]).any()
    assert_array_equal(noisy.coefs_[0], again.coefs_[0])
    assert_array_equal(noisy.predict(X), noisy.predict(X))
    by_hand = estimator.from_weights(
        noisy.coefs_, noisy.intercepts_, input_mean=noisy.input_mean_,
        input_scale=noisy.input_scale_,
        **({"classes": [0, 1, 2]} if estimator is BPNetClassifier else {
            "target_mean": noisy.target_mean_, "target_scale": noisy.target_scale_
        }),
    )  # fmt: skip
    assert_array_equal(noisy.predict(X), by_hand.predict(X))


@quietly
@each_class
def test_rates_of_zero_are_no_noise_bit_for_bit(estimator, iris):
    model = estimator((6, 5), random_state=0, max_iter=3)
    plain = clone(model).fit(*iris)
    for zero in (0.0, [0.0, 0], np.zeros(2), Dropout(0, input_noise=0)):
        same = clone(model).set_params(dropout=zero).fit(*iris)
        assert_array_equal(same.coefs_[1], plain.coefs_[1])


@each_class
@pytest.mark.parametrize(
    "dropout",
    [[0.1], [0.1] * 3, Dropout([0.1]), Dropout([0.1] * 3)],
    ids=str,
)
def test_rates_that_fit_no_layer_are_refused(estimator, dropout, iris):
    with pytest.raises(ValueError, match=r"dropout must .* each of the 2 hidden"):
        estimator((4, 3), dropout=dropout).fit(*iris)


@each_class
@pytest.mark.parametrize(
    "dropout", [[0.1, 1.0], [-0.1, 0.2], [[0.1, 0.2]], [np.nan, 0], ["a", 0]], ids=str
)
def test_rates_that_are_none_are_refused(estimator, dropout, iris):
    match = r"dropout=.*rate must be a number in \[0, 1\), or a sequence"
    with pytest.raises(ValueError, match=match):
        estimator((4, 3), dropout=dropout).fit(*iris)


@each_class
@pytest.mark.parametrize(
    "name", ["dropout", "dropout__input_rate", "dropout__input_noise"]
)
@pytest.mark.parametrize("value", [-0.1, "much", np.nan])
def test_a_rate_out_of_range_is_refused(estimator, name, value, iris):
    with pytest.raises(ValueError, match=name.removeprefix("dropout__")):
        estimator((4,)).set_params(**{name: value}).fit(*iris)


@each_class
@pytest.mark.parametrize("name", ["dropout__input_rate", "dropout__input_noise"])
def test_sparse_inputs_take_no_input_noise(estimator, name, iris):
    X, y = iris
    with pytest.raises(ValueError, match=r"need dense X.*X\.toarray\(\)"):
        estimator((4,)).set_params(**{name: 0.1}).fit(sparse.csr_array(X), y)


@quietly
@each_class
def test_sparse_inputs_take_dropout_in_hidden_layers(estimator, iris):
    X, y = iris
    model = estimator((4,), dropout=0.3, max_iter=3, random_state=0, dtype="float64")
    dense, thin = clone(model).fit(X, y), clone(model).fit(sparse.csr_array(X), y)
    assert_allclose(dense.coefs_[0], thin.coefs_[0], rtol=1e-9)


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
@pytest.mark.parametrize(
    "name", ["dropout", "dropout__input_rate", "dropout__input_noise"]
)
def test_noise_without_effect_warns(estimator, solver, name, iris):
    model = estimator((4,), solver=solver, max_iter=500, tol=0.1)
    model.set_params(**{name: 0.2})
    with pytest.warns(UserWarning, match=f"{name}=0.2 has no effect with solver"):
        noisy = model.set_params(random_state=0).fit(*iris)
    plain = clone(model).set_params(**{name: 0.0}).fit(*iris)
    assert_array_equal(noisy.coefs_[0], plain.coefs_[0])


@each_class
def test_dropout_without_hidden_layers_warns(estimator, iris):
    model = estimator((), dropout=0.2, tol=0.1)
    with pytest.warns(UserWarning, match=r"dropout=0.2 .*hidden_layer_sizes=\(\)"):
        model.fit(*iris)


@quietly
@each_class
def test_validation_and_early_stopping_see_no_noise(estimator, iris):
    X, y = iris
    model = estimator(
        (6,), dropout=0.5, early_stopping=True, max_iter=5, random_state=0
    )
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert_allclose(
        model.score(X[100:], y[100:]), model.best_validation_score_, rtol=1e-5
    )


# Alpha by layer


@quietly
@each_class
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_alpha_by_layer_is_that_layers(estimator, l1_ratio, iris):
    X, y = iris
    model = estimator((3,), activation="tanh", l1_ratio=l1_ratio, random_state=0)
    J = {
        alpha: empirical_risk(clone(model).set_params(alpha=alpha), X, y)
        for alpha in (0.0, (0.7, 0.0), (0.0, 0.2), (0.7, 0.2))
    }
    theta = J[0.0].theta
    (W1, W2), _ = J[0.0].coefs_and_intercepts(theta)

    def omega(W):
        return l1_ratio * np.abs(W).sum() + (1 - l1_ratio) / 2 * (W**2).sum()

    plain = J[0.0].value(theta)
    for alpha in ((0.7, 0.0), (0.0, 0.2), (0.7, 0.2)):
        expected = plain + alpha[0] * omega(W1) + alpha[1] * omega(W2)
        assert J[alpha].value(theta) == pytest.approx(expected, rel=1e-12)


@quietly
@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_a_strong_alpha_empties_its_layer_alone(solver, regression):
    reg = BPNetRegressor(
        (5, 5), activation="tanh", alpha=[0.0, 10.0, 0.0], l1_ratio=1.0, solver=solver,
        max_iter=200, random_state=0,
    ).fit(*regression)  # fmt: skip
    assert [bool(W.any()) for W in reg.coefs_] == [True, False, True]


@quietly
@each_class
def test_equal_alphas_are_one_alpha(estimator, iris):
    model = estimator((4,), max_iter=3, random_state=0)
    one = clone(model).set_params(alpha=0.1).fit(*iris)
    for alpha in ([0.1, 0.1], (0.1, 0.1), np.array([0.1, 0.1])):
        same = clone(model).set_params(alpha=alpha).fit(*iris)
        assert_array_equal(one.coefs_[0], same.coefs_[0])


@each_class
@pytest.mark.parametrize(
    "alpha", [[0.1], [0.1] * 3, [0.1, -1], [0.1, np.inf], ["a", 0]], ids=str
)
def test_alphas_that_fit_no_layer_are_refused(estimator, alpha, iris):
    with pytest.raises(ValueError, match=r"alpha must .* each of the 2 layers"):
        estimator((4,), alpha=alpha).fit(*iris)


# The group penalty


def relevance_table(seed, n=1000):
    """20 features of which the first 4 count."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 20))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * (1 + 0.5 * X[:, 2]) + X[:, 2]
    y += 1.5 * np.maximum(X[:, 3], 0) + 0.1 * rng.normal(size=n)
    return X, y


def selecting(seed):
    """A regressor whose group penalty is not made up for by the layer above."""
    return BPNetRegressor(
        (30,), activation="silu", group_alpha=0.05, alpha=[0, 0.03], solver="sgd",
        learning_rate="cosine", learning_rate_init=0.02, max_iter=150, batch_size=100,
        n_iter_no_change=np.inf, random_state=seed,
    )  # fmt: skip


def group_lasso_of_outputs(X, Y, alpha):
    """Multi-task group lasso, J + alpha sum_j ||W_j||, by a smooth programme."""
    n, k = X.shape[1], Y.shape[1]
    Y = Y - Y.mean(axis=0)

    def J(w):
        W = w.reshape(n, k)
        norms = np.sqrt((W**2).sum(axis=1) + 1e-16)
        E = X @ W - Y
        gradient = X.T @ E / len(X) + alpha * W / norms[:, None]
        return (E**2).sum() / (2 * len(X)) + alpha * norms.sum(), gradient.ravel()

    start = np.linalg.lstsq(X, Y, rcond=None)[0]
    options = {"maxiter": 100_000, "maxfun": 100_000, "ftol": 1e-16, "gtol": 1e-9}
    found = minimize(J, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(n, k)


@quietly
@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
def test_without_hidden_layer_it_is_the_group_lasso_of_the_outputs(solver, rng):
    X = StandardScaler().fit_transform(rng.normal(size=(100, 6)))
    W = np.zeros((6, 3))
    W[:2] = rng.normal(size=(2, 3))
    Y = X @ W + 0.1 * rng.normal(size=(100, 3))
    reg = BPNetRegressor(
        (), solver=solver, alpha=0.0, group_alpha=0.2, target_scaling=None,
        batch_size="auto" if solver == "gd" else "full", tol=0.0,
        learning_rate_init=0.3 if solver == "gd" else 0.02, max_iter=2000,
        n_iter_no_change=np.inf, random_state=0,
    ).fit(X, Y)  # fmt: skip
    expected = group_lasso_of_outputs(X, Y, 0.2)
    assert_allclose(reg.coefs_[0], expected, atol=1e-4)
    is_off = ~reg.coefs_[0].any(axis=1)
    assert_array_equal(is_off, [False] * 2 + [True] * 4)


@quietly
def test_it_adds_to_an_l1_penalty(rng):
    X, y = relevance_table(0)
    reg = BPNetRegressor(
        (10,), alpha=0.005, l1_ratio=1.0, group_alpha=0.01, learning_rate_init=0.01,
        max_iter=150, random_state=0,
    ).fit(X, y)  # fmt: skip
    W = reg.coefs_[0]
    on = W.any(axis=1)
    assert (~on).any()
    assert (W[on] == 0).any()  # within a feature that is on, by L1


@quietly
@pytest.mark.parametrize("seed", range(3))
def test_the_same_features_are_on_whatever_the_seed(seed):
    reg = selecting(seed).fit(*relevance_table(seed))
    assert_array_equal(np.flatnonzero(reg.coefs_[0].any(axis=1)), [0, 1, 2, 3])
    norms = np.sqrt((reg.coefs_[0] ** 2).sum(axis=1))
    assert_allclose(reg.feature_importances_, norms, rtol=1e-6)


@quietly
def test_select_from_model_takes_the_features_that_are_on():
    selector = SelectFromModel(selecting(0), threshold=1e-10)
    second = BPNetRegressor((5,), max_iter=3, random_state=0)
    chain = make_pipeline(selector, second).fit(*relevance_table(0))
    assert_array_equal(np.flatnonzero(chain[0].get_support()), [0, 1, 2, 3])
    assert chain[1].n_features_in_ == 4


@each_class
def test_importances_need_a_fit(estimator):
    assert not hasattr(estimator(), "feature_importances_")


@each_class
@pytest.mark.parametrize("solver", ["lbfgs", "cg", "lion", "rprop"])
def test_a_solver_without_proximal_steps_refuses_it(estimator, solver, iris):
    message = f"group_alpha=0.1 needs .*solver='{solver}' has none. Use 'adam'"
    with pytest.raises(ValueError, match=message):
        estimator((4,), solver=solver, group_alpha=0.1).fit(*iris)


@quietly
@each_class
def test_a_layer_that_shall_not_learn_keeps_its_weights(estimator, iris):
    model = estimator((4,), group_alpha=0.1, learning_rate_factors=[0, 1], max_iter=3)
    model.set_params(random_state=0, solver="adam").fit(*iris)
    start = clone(model).set_params(group_alpha=0.0, max_iter=1).fit(*iris)
    assert_array_equal(model.coefs_[0], start.coefs_[0])
