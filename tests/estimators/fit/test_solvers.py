"""Every solver from the estimators: what trains, what is obeyed, what is refused."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.full_batch import (
    FULL_BATCH_SOLVERS,
    LBFGS,
    ConjugateGradient,
)
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, AdamW, NAdam, Rprop

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
SOLVERS = [*FULL_BATCH_SOLVERS, *OPTIMIZERS]
PROXIMAL = [name for name, o in OPTIMIZERS.items() if o.has_proximal_step]
# good learning rates for standardised data
RATES = {
    "sgd": 0.03, "adagrad": 0.1, "rmsprop": 0.01, "adadelta": 3.0, "adam": 0.02,
    "amsgrad": 0.02, "adamw": 0.02, "nadam": 0.02, "radam": 0.02, "lion": 0.003,
    "schedule_free_adamw": 0.02, "rprop": 0.01, "gd": 0.3,
}  # fmt: skip


def schedule_of(solver):
    return "constant" if OPTIMIZERS[solver].constant_rate else "cosine"


def with_solver(estimator, solver, **parameters):
    rate = {"learning_rate_init": RATES[solver]} if solver in RATES else {}
    return estimator(
        solver=solver,
        random_state=0,
        **(rate | {"hidden_layer_sizes": 10} | parameters),
    )


@quietly
@each_class
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_trains(estimator, solver, iris):
    X, y = iris
    model = with_solver(estimator, solver).fit(X, y)
    assert model.score(X, y) > 0.9
    assert len(model.loss_curve_) == model.n_iter_
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


@quietly
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_stops_early_and_keeps_the_best(solver, iris):
    X, y = iris
    clf = with_solver(
        BPNetClassifier, solver, early_stopping=True, n_iter_no_change=5
    ).fit(X, y)
    assert len(clf.validation_scores_) == clf.n_iter_ == len(clf.loss_curve_)
    assert clf.best_validation_score_ == max(clf.validation_scores_)


@quietly
@pytest.mark.parametrize("solver", PROXIMAL)
def test_every_optimizer_with_proximal_steps_takes_an_l1_penalty(solver, regression):
    X, y = regression
    settings = {"alpha": 0.1, "l1_ratio": 1.0}
    batch_size = {} if OPTIMIZERS[solver].full_batch else {"batch_size": 32}
    reg = with_solver(
        BPNetRegressor, solver, hidden_layer_sizes=(), max_iter=300, tol=0,
        n_iter_no_change=np.inf, weight_decay=0.0, **settings, **batch_size,
    ).fit(X, y)  # fmt: skip
    exact = BPNetRegressor((), solver="lbfgs", tol=1e-10, **settings).fit(X, y)
    assert_allclose(reg.coefs_[0], exact.coefs_[0], atol=0.02)
    assert_array_equal(reg.coefs_[0] == 0, exact.coefs_[0] == 0)
    assert (exact.coefs_[0] == 0).any()


@quietly
@each_class
@pytest.mark.parametrize("solver", [s for s in OPTIMIZERS if s not in PROXIMAL])
def test_an_optimizer_without_proximal_steps_refuses_an_l1_penalty(
    estimator, solver, iris
):
    model = estimator((3,), solver=solver, l1_ratio=0.5, max_iter=1)
    message = rf"l1_ratio=0\.5 needs .*solver='{solver}' has none.*l1_ratio=0"
    with pytest.raises(ValueError, match=message):
        model.fit(*iris)
    model.set_params(alpha=0).fit(*iris)


def test_cg_refuses_an_l1_penalty_and_names_what_takes_it(iris):
    clf = BPNetClassifier((3,), solver="cg", l1_ratio=0.5)
    with pytest.raises(ValueError, match=r'solver="cg" needs a smooth.*"lbfgs"'):
        clf.fit(*iris)


@each_class
def test_cg_ends_where_lbfgs_does(estimator, iris):
    X, y = iris
    models = [
        estimator((), solver=solver, alpha=0.01, tol=1e-9, max_iter=5000).fit(X, y)
        for solver in ("cg", "lbfgs")
    ]
    assert_allclose(models[0].coefs_[0], models[1].coefs_[0], rtol=1e-3, atol=1e-5)
    assert models[0].loss_ == pytest.approx(models[1].loss_, rel=1e-9)


@quietly
@pytest.mark.parametrize("solver", ["gd", "rprop"])
def test_gd_and_rprop_take_all_samples_in_every_step(solver, iris):
    X, y = iris
    clf = with_solver(BPNetClassifier, solver, max_iter=3)
    assert clf.fit(X, y).coefs_[0].dtype == np.float64  # as full batches are
    reordered = clone(clf).fit(X[::-1], y[::-1])
    assert_allclose(clf.coefs_[0], reordered.coefs_[0], rtol=1e-9)


@quietly
def test_gd_is_sgd_of_full_batches_without_momentum(iris):
    gd = with_solver(BPNetClassifier, "gd", max_iter=20).fit(*iris)
    sgd = clone(gd).set_params(solver=SGD(momentum=0), batch_size="full").fit(*iris)
    assert_allclose(gd.coefs_[0], sgd.coefs_[0], rtol=1e-9)


@quietly
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_partial_fit_continues_where_fit_would(solver, iris):
    X, y = iris
    size = "auto" if OPTIMIZERS[solver].full_batch else "full"
    reg = with_solver(BPNetRegressor, solver, max_iter=4, batch_size=size)
    reg.set_params(learning_rate="constant", alpha=1e-4)
    whole, pieces = clone(reg).fit(X, y), clone(reg)
    for _ in range(4):
        pieces.partial_fit(X, y)
    assert_array_equal(whole.coefs_[0], pieces.coefs_[0])


# Convergence, with the learning rates of the guide's table

CONVEX = {
    "sgd": 0.3, "adagrad": 2.0, "rmsprop": 0.05, "adadelta": 30.0, "adam": 0.3,
    "amsgrad": 0.3, "adamw": 0.3, "nadam": 0.3, "radam": 1.0, "lion": 0.05,
    "schedule_free_adamw": 0.3, "rprop": 0.01, "gd": 3.0,
}  # fmt: skip
DIGITS = {
    "sgd": 0.03, "adagrad": 0.03, "rmsprop": 0.003, "adadelta": 3.0, "adam": 0.005,
    "amsgrad": 0.005, "adamw": 0.005, "nadam": 0.005, "radam": 0.005, "lion": 0.001,
    "schedule_free_adamw": 0.01, "rprop": 0.003, "gd": 0.5,
}  # fmt: skip


@quietly
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_reaches_the_minimum_of_a_convex_risk(solver, iris):
    X, y = iris
    clf = BPNetClassifier((), alpha=0.01, random_state=0)
    minimum = clone(clf).set_params(solver="lbfgs", tol=1e-12).fit(X, y).loss_
    clf.set_params(solver=solver, max_iter=500)
    if solver in OPTIMIZERS:
        clf.set_params(
            learning_rate=schedule_of(solver), learning_rate_init=CONVEX[solver], tol=0,
            n_iter_no_change=500, weight_decay=0.0,
            batch_size="auto" if OPTIMIZERS[solver].full_batch else "full",
        )  # fmt: skip
    assert clf.fit(X, y).loss_ == pytest.approx(minimum, rel=1e-4)


@quietly
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_trains_digits(solver):
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    clf = BPNetClassifier((100,), solver=solver, alpha=1e-3, random_state=0)
    if solver in FULL_BATCH_SOLVERS:
        clf.set_params(tol=1e-3)
    else:
        full_batch = OPTIMIZERS[solver].full_batch
        clf.set_params(
            learning_rate=schedule_of(solver), learning_rate_init=DIGITS[solver],
            batch_size="auto" if full_batch else 32, max_iter=200 if full_batch else 30,
        )  # fmt: skip
    assert clf.fit(X, y).score(X_test, y_test) > 0.97


# Decay, clipping, factors


@quietly
@each_class
def test_weight_decay_shrinks_the_weights(estimator, iris):
    norms = []
    for weight_decay in (None, 0.0, 1.0, 30.0):
        model = estimator((5,), weight_decay=weight_decay, max_iter=30, random_state=0)
        norms.append(np.linalg.norm(model.fit(*iris).coefs_[0]))
    assert norms[0] == norms[1] > norms[2] > norms[3]


@quietly
def test_adamw_by_name_decays_and_its_decay_may_be_set(iris):
    def fit(**parameters):
        clf = BPNetClassifier((5,), max_iter=20, random_state=0, **parameters)
        return clf.fit(*iris).coefs_[0]

    by_name = fit(solver="adamw")
    assert_array_equal(by_name, fit(solver=AdamW()))
    assert_array_equal(by_name, fit(solver="adam", weight_decay=0.01))
    assert_array_equal(
        fit(solver="adamw", weight_decay=0.3), fit(solver=AdamW(weight_decay=0.3))
    )
    assert (by_name != fit(solver="adam")).any()
    assert_array_equal(fit(solver="adamw", weight_decay=0), fit(solver="adam"))


@quietly
def test_a_clipped_gradient_makes_a_step_of_limited_length(iris):
    X, y = iris
    clf = BPNetClassifier(
        (5,), solver=SGD(momentum=0), learning_rate_init=0.5, batch_size="full",
        clip_norm=0.01, warm_start=True, max_iter=1, random_state=0,
    )  # fmt: skip
    before = clf.fit(X, y)
    arrays = [a.copy() for a in (*before.coefs_, *before.intercepts_)]
    after = clf.fit(X, y)
    moved = [
        a - b for a, b in zip((*after.coefs_, *after.intercepts_), arrays, strict=True)
    ]
    norm = np.sqrt(sum((m**2).sum() for m in moved))
    assert norm == pytest.approx(0.5 * 0.01, rel=1e-6)


FACTORS = [
    ([0, 1], [True, False], [True, False]),
    ((1.0, 0.0), [False, True], [False, True]),
    ({"b": 0}, [False, False], [True, True]),
    ({"W": [0, 1]}, [True, False], [False, False]),
    ({"W": 0, "b": np.array([1, 0])}, [True, True], [False, True]),
    (0, [True, True], [True, True]),
]


@quietly
@each_class
@pytest.mark.parametrize(("factors", "W_kept", "b_kept"), FACTORS, ids=str)
def test_a_factor_of_zero_keeps_parameters(estimator, factors, W_kept, b_kept, iris):
    if not isinstance(factors, dict):
        factors = np.broadcast_to(factors, 2)
    model = estimator((4,), max_iter=1, random_state=0, warm_start=True).fit(*iris)
    before = [[a.copy() for a in model.coefs_], [a.copy() for a in model.intercepts_]]
    model.set_params(learning_rate_factors=factors).fit(*iris)
    for old, new, kept in zip(
        before, (model.coefs_, model.intercepts_), (W_kept, b_kept), strict=True
    ):
        for a, b, is_kept in zip(old, new, kept, strict=True):
            assert np.array_equal(a, b) is is_kept


@quietly
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_one_factor_for_all_is_a_learning_rate(solver, iris):
    clf = BPNetClassifier(
        (4,), solver=solver, dtype="float64", max_iter=20, random_state=0
    )
    scaled = clone(clf).set_params(
        learning_rate_init=0.02, learning_rate_factors={"W": 0.1, "b": [0.1, 0.1]}
    )
    plain = clf.set_params(learning_rate_init=0.002)
    assert_allclose(scaled.fit(*iris).coefs_[0], plain.fit(*iris).coefs_[0], rtol=1e-9)


# What has no effect


@quietly
@each_class
@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "lbfgs", "clip_norm": 1.0},
        {"solver": "lbfgs", "weight_decay": 0.1},
        {"solver": "cg", "learning_rate_factors": [0.1, 1]},
        {"solver": "cg", "learning_rate_factors": np.array([0.1, 1])},
        {"solver": "cg", "max_fun": 3},
        {"solver": "gd", "batch_size": 10},
        {"solver": "rprop", "shuffle": False},
        {"solver": "lion", "beta_1": 0.5},
        {"solver": NAdam(), "beta_1": 0.5},
        {"solver": "gd", "momentum": 0.5},
        {"solver": LBFGS(), "max_fun": 3},
        {"solver": AdamW(), "weight_decay": 0.5},
        {"solver": Rprop(), "batch_size": 5},
        {"solver": ConjugateGradient(), "learning_rate": "adaptive"},
    ],
    ids=str,
)
def test_a_parameter_without_effect_warns(estimator, parameters, iris):
    *_, name = parameters
    model = estimator((3,), max_iter=2, **parameters)
    with pytest.warns(UserWarning, match=f"{name}=.* has no effect"):
        model.fit(*iris)


@each_class
@pytest.mark.parametrize("solver", ["adam", "amsgrad", "adamw", "nadam", "radam"])
def test_the_relatives_of_adam_take_its_parameters(estimator, solver, iris):
    losses = set()
    for parameters in ({}, {"beta_1": 0.5}, {"beta_2": 0.9}, {"epsilon": 0.1}):
        model = estimator((3,), solver=solver, max_iter=8, random_state=0, **parameters)
        losses.add(model.fit(*iris).loss_)
    assert len(losses) == 4


# L-BFGS with an L1 penalty, along a path


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("standardised", [True, False])
def test_lbfgs_follows_the_path_of_the_lasso(l1_ratio, standardised):
    X, y = load_diabetes(return_X_y=True)
    if standardised:
        X = StandardScaler().fit_transform(X)
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y) / l1_ratio
    n_zeros = set()
    for alpha in largest * np.geomspace(0.9, 1e-3, 10):
        theirs = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12, max_iter=10**6)
        theirs.fit(X, y)
        ours = BPNetRegressor(
            (), solver="lbfgs", alpha=alpha, l1_ratio=l1_ratio, input_scaling=None,
            target_scaling=None, tol=1e-10, max_iter=10_000, random_state=0,
        ).fit(X, y)  # fmt: skip
        # features of norm 1 leave J, about 2000, so flat that its last digit stands
        # for differences of this size; the largest coefficient is about 500
        rounding = 0 if standardised else 1e-4
        assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=1e-4, atol=rounding)
        assert_array_equal(ours.coefs_[0][:, 0] == 0, theirs.coef_ == 0)
        n_zeros.add((theirs.coef_ == 0).sum())
    assert len(n_zeros) > 4 * l1_ratio


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_lbfgs_is_penalised_logistic_regression(binary, l1_ratio):
    X, y = binary
    for C in (0.05, 0.2, 1.0, 10.0):
        theirs = LogisticRegression(
            C=C, l1_ratio=l1_ratio, penalty="elasticnet", solver="saga", tol=1e-12,
            max_iter=100_000, random_state=0,
        )  # fmt: skip
        with warnings.catch_warnings():  # `penalty` is on its way out
            warnings.simplefilter("ignore", FutureWarning)
            theirs.fit(X, y)
        ours = BPNetClassifier(
            (), solver="lbfgs", alpha=1 / (C * len(y)), l1_ratio=l1_ratio,
            input_scaling=None, tol=1e-10, max_iter=10_000, random_state=0,
        ).fit(X, y)  # fmt: skip
        assert_allclose(ours.coefs_[0].T, theirs.coef_, rtol=1e-4)
        assert_allclose(ours.intercepts_[0], theirs.intercept_, rtol=1e-4, atol=1e-6)
        assert_array_equal(ours.coefs_[0].T == 0, theirs.coef_ == 0)
