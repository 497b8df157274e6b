"""One regression test for each fault of scikit-learn's MLP that applies here.

B1 to B27 number the list of faults the project was started with; each was reproduced
on scikit-learn 1.9.1 or found in its issue tracker (# numbers).
"""

import pickle
import warnings
from copy import copy
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_backend
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_predict

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet.net.activations import Identity, Tanh
from sklearn_bpnet.net.gradcheck import numerical_gradient
from sklearn_bpnet.net.losses import SquaredError
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches

# few epochs are enough for most tests, so fits end at max_iter
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BOTH = [BPNetClassifier, BPNetRegressor]


@pytest.fixture
def batches(monkeypatch):
    """Copies of the batches that training reads, as they come."""
    seen = []
    runs = Batches.runs

    def spy(self, *args, **kwargs):
        for batch in runs(self, *args, **kwargs):
            seen.append(SimpleNamespace(Y=batch.Y.copy(), s=copy(batch.s)))
            yield batch

    monkeypatch.setattr(Batches, "runs", spy)
    return seen


@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_b01_squared_error_and_its_gradient_agree_for_several_outputs(n_outputs, rng):
    """B1: the loss averages over outputs, the gradient sums (#8349)."""
    risk = EmpiricalRisk(
        Network.dense((4, 3, n_outputs), (Tanh(), Identity())), SquaredError()
    )
    theta = rng.normal(size=risk.network.n_parameters)
    X, Y = rng.normal(size=(20, 4)), rng.normal(size=(20, n_outputs))
    _, analytic = risk.value_and_gradient(theta, X, Y)
    numeric = numerical_gradient(lambda t: risk.value(t, X, Y), theta)
    assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-8)


def test_b02_alpha_means_the_same_for_every_batch_size(iris):
    """B2: alpha is divided by the rows of a batch (#6780)."""
    X, y = iris
    norms = []
    for batch_size in (10, 50, 150):
        clf = BPNetClassifier(
            (),
            alpha=0.1,
            batch_size=batch_size,
            learning_rate="adaptive",
            learning_rate_init=0.02,
            tol=1e-6,
            max_iter=2000,
            random_state=0,
        ).fit(X, y)
        norms.append((clf.coefs_[0] ** 2).sum())
    assert_allclose(norms, norms[-1], rtol=0.01)


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_b03_only_the_ratios_of_sample_weights_matter(estimator, solver, binary, rng):
    """B3: multiplying all weights by 100 changes the model (#25646)."""
    X, y = binary
    model = estimator((5,), solver=solver, max_iter=5, alpha=1, random_state=0)
    plain = clone(model).fit(X, y)
    hundreds = clone(model).fit(X, y, np.full(len(y), 100.0))
    assert_allclose(hundreds.predict(X), plain.predict(X), rtol=1e-6)
    # a power of two scales without rounding
    weights = rng.uniform(0.5, 2, size=len(y))
    small, large = (clone(model).fit(X, y, weights * factor) for factor in (1, 128))
    assert_array_equal(small.coefs_[0], large.coefs_[0])
    assert np.abs(small.coefs_[0] - plain.coefs_[0]).max() > 0


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_b04_batches_of_zero_weight_are_as_absent_rows(solver, iris):
    """B4: a mini-batch whose weights sum to zero divides by zero."""
    X, y = iris
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    model = BPNetRegressor(
        (5,), solver=solver, batch_size=10, shuffle=False, max_iter=5, random_state=0
    )
    weighted = clone(model).fit(X, y, (y > 0).astype(float))
    without = clone(model).fit(X[y > 0], y[y > 0])
    assert_array_equal(weighted.predict(X), without.predict(X))


def test_b05_validation_split_is_stratified_for_three_classes(splits, rng):
    """B5: only two classes are stratified; a rare class is missing from the split."""
    y = np.repeat(["rare", "some", "many"], [4, 96, 300])
    X = rng.normal(size=(len(y), 2))
    for seed in range(10):
        BPNetClassifier((2,), early_stopping=True, max_iter=1, random_state=seed).fit(
            X, y
        )
    assert len(splits) == 10
    for training, validation in splits:
        assert not set(training) & set(validation)
        assert len(training) + len(validation) == len(y)
        assert set(y[training]) == set(y)
        _, counts = np.unique(y[validation], return_counts=True)
        assert len(counts) == 3
        assert_allclose(counts, [30, 1, 9], atol=1)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_b06_n_iter_counts_one_fit_when_warm_started(solver, iris):
    """B6: n_iter_ adds up over warm-started fits (#8713, #24764)."""
    model = BPNetClassifier(
        (5,), solver=solver, warm_start=True, max_iter=10, tol=0, random_state=0
    )
    assert [model.fit(*iris).n_iter_ for _ in range(3)] == [10, 10, 10]


def test_b07_patience_starts_afresh_when_warm_started(iris):
    """B7: the count of bad epochs survives, so the next fit stops after one."""
    model = BPNetClassifier((5,), warm_start=True, tol=10, random_state=0)
    # once the first loss is on record, no other is better by 10
    assert [model.fit(*iris).n_iter_ for _ in range(3)] == [11, 10, 10]


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_b08_warm_started_fits_of_one_epoch_are_one_long_fit(
    estimator, solver, learning_rate, binary
):
    """B8: a warm start throws the optimiser's state away (#13656)."""
    model = estimator(
        (5,), solver=solver, learning_rate=learning_rate, random_state=0, max_iter=6
    )
    long = clone(model).fit(*binary)
    steps = clone(model).set_params(warm_start=True, max_iter=1)
    for _ in range(6):
        steps.fit(*binary)
    for one, other in zip(long.coefs_, steps.coefs_, strict=True):
        assert_array_equal(one, other)
    assert long.loss_curve_ == steps.loss_curve_
    assert long.t_ == steps.t_


@pytest.mark.parametrize("patience", [1, 5])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_b09_patience_is_counted_exactly(patience, early_stopping, iris):
    """B9: training stops an epoch late, at patience + 2 (#9456)."""
    model = BPNetClassifier(
        (5,),
        learning_rate_init=1e-12,
        n_iter_no_change=patience,
        early_stopping=early_stopping,
        random_state=0,
    )
    assert model.fit(*iris).n_iter_ == 1 + patience


@pytest.mark.parametrize("estimator", BOTH)
def test_b10_too_few_samples_for_early_stopping_is_a_clear_error(estimator):
    """B10: AttributeError for _best_coefs where the score is NaN (#24713)."""
    X, y = np.array([[0.0], [1.0]]), np.array([0, 1])
    with pytest.raises(ValueError, match=r"validation set is too small.*n_samples=2"):
        estimator(early_stopping=True).fit(X, y)


@pytest.mark.parametrize("estimator", BOTH)
def test_b10_validation_set_has_at_least_two_rows(estimator, iris):
    """B10: R2 of one row is NaN."""
    model = estimator(
        (3,), early_stopping=True, validation_fraction=0.001, max_iter=3
    ).fit(*iris)
    assert np.isfinite(model.validation_scores_).all()


def test_b11_divergence_with_early_stopping_is_noticed(rng):
    """B11: "Input contains NaN" from the scorer, or a loss of infinity (#29504)."""
    X = rng.normal(size=(300, 3)) * 1000
    y = X[:, 0] * 1000
    diverging = BPNetRegressor(
        solver="sgd",
        learning_rate_init=1e-4,
        early_stopping=True,
        input_scaling=None,
        target_scaling=None,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning, match="diverged"):
        diverging.fit(X, y)
    assert all(np.isfinite(W).all() for W in diverging.coefs_ + diverging.intercepts_)
    assert np.isfinite(diverging.predict(X)).all()
    assert diverging.n_iter_ < diverging.plan_["max_iter"]


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_b12_early_stopping_takes_string_labels(solver, iris):
    """B12: np.isnan was called on string labels (#33760)."""
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = BPNetClassifier(
        (5,), solver=solver, early_stopping=True, max_iter=10, random_state=0
    )
    by_name, by_number = clone(model).fit(X, names), clone(model).fit(X, y)
    assert by_name.validation_scores_ == by_number.validation_scores_


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("estimator", BOTH)
def test_b13_early_stopping_says_nothing_about_feature_names(estimator, iris):
    """B13: the internal scoring warns of missing feature names (#24846)."""
    pd = pytest.importorskip("pandas")
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = estimator((3,), early_stopping=True, max_iter=3).fit(frame, y)
    assert list(model.feature_names_in_) == list("abcd")


@pytest.mark.parametrize("estimator", BOTH)
def test_b14_partial_fit_trains_on_all_samples_beside_early_stopping(estimator, iris):
    """B14: partial_fit refuses early_stopping=True, which ends pruning (#25693)."""
    X, y = iris
    kwargs = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
    model = estimator((5,), random_state=0)
    plain = clone(model).partial_fit(X, y, **kwargs)
    early = clone(model).set_params(early_stopping=True).partial_fit(X, y, **kwargs)
    assert_array_equal(plain.coefs_[0], early.coefs_[0])


def test_b15_partial_fit_takes_a_superset_of_the_classes(rng):
    """B15: classes that a later call brings (#6994, #12505)."""
    clf = BPNetClassifier((3,), random_state=0)
    clf.partial_fit(rng.normal(size=(3, 2)), ["a", "b", "c"], classes=list("abcd"))
    clf.partial_fit(rng.normal(size=(1, 2)), ["d"])
    assert clf.predict_proba(np.zeros((2, 2))).shape == (2, 4)
    assert list(clf.classes_) == list("abcd")


def test_b15_partial_fit_continues_with_label_indicators(multilabel):
    """B15: label indicators with ``classes`` (#12505)."""
    X, Y = multilabel
    clf = BPNetClassifier((3,), random_state=0)
    clf.partial_fit(X[:60], Y[:60], classes=[0, 1, 2]).partial_fit(X[60:], Y[60:])
    assert clf.predict(X).shape == Y.shape


def test_b16_every_call_of_partial_fit_shuffles_anew(batches, regression):
    """B16: an int random_state gives every call the same shuffle."""
    reg = BPNetRegressor((3,), random_state=0)
    reg.partial_fit(*regression)  # which also reads samples for the risk at the start
    orders = set()
    for _ in range(3):
        batches.clear()
        reg.partial_fit(*regression)
        orders.add(tuple(np.concatenate([batch.Y[:, 0] for batch in batches])))
    assert len(orders) == 3
    assert len({tuple(sorted(order)) for order in orders}) == 1


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_b17_float32_stays_float32_for_every_solver(estimator, solver, binary):
    """B17: L-BFGS turns float32 into float64 (#17700)."""
    X, y = binary
    model = estimator((3,), solver=solver, dtype="float32", max_iter=3)
    model.fit(X.astype(np.float32), y)
    parameters = model.coefs_ + model.intercepts_
    assert {array.dtype for array in parameters} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_b18_log_probabilities_of_a_saturated_network_are_finite(n_classes, iris):
    """B18: predict_log_proba is minus infinity (#16117)."""
    X, y = iris
    y = np.minimum(y, n_classes - 1)
    clf = BPNetClassifier((5,), max_iter=20, random_state=0).fit(X, y)
    clf.coefs_[-1] *= 1e5
    log_P = clf.predict_log_proba(X)
    assert log_P.min() < -500  # it is saturated
    assert np.isfinite(log_P).all()
    assert_array_equal(log_P, np.log(clf.predict_proba(X)))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_b19_samples_keep_their_order_without_shuffle(solver, regression):
    """B19: shuffle=False is ignored (#12582)."""
    model = BPNetRegressor(
        (), solver=solver, initializer="zeros", batch_size=7, max_iter=3, shuffle=False
    )

    def coefficients(**kwargs):
        return clone(model).set_params(**kwargs).fit(*regression).coefs_[0]

    ordered = coefficients(random_state=0)
    assert_array_equal(ordered, coefficients(random_state=1))
    assert (ordered != coefficients(random_state=0, shuffle=True)).any()


@pytest.mark.parametrize("estimator", BOTH)
def test_b20_only_sizes_and_activation_go_by_position(estimator):
    """B20: a parameter put first gave ``MLPRegressor((5,))`` another meaning."""
    assert estimator((5,)).hidden_layer_sizes == (5,)
    assert estimator((5,), "tanh").activation == "tanh"
    with pytest.raises(TypeError):
        estimator((5,), "relu", "squared_error")


@pytest.mark.parametrize(
    "unused",
    [
        {"solver": "lbfgs", "batch_size": 10},
        {"solver": "lbfgs", "learning_rate": "adaptive"},
        {"solver": "lbfgs", "learning_rate_init": 0.1},
        {"solver": "lbfgs", "shuffle": False},
        {"solver": "lbfgs", "n_iter_no_change": 5},
        {"solver": "lbfgs", "momentum": 0.5},
        {"solver": "lbfgs", "beta_1": 0.5},
        {"solver": "sgd", "beta_1": 0.5},
        {"solver": "sgd", "beta_2": 0.5},
        {"solver": "sgd", "epsilon": 1e-4},
        {"solver": "sgd", "max_fun": 10},
        {"solver": "sgd", "power_t": 0.1},
        {"solver": "adam", "momentum": 0.5},
        {"solver": "adam", "nesterovs_momentum": False},
        {"solver": "adam", "max_fun": 10},
        {"solver": "adam", "power_t": 0.1},
        {"solver": "adam", "validation_fraction": 0.2},
    ],
    ids=lambda setting: "-".join(str(part) for part in setting.values()),
)
@pytest.mark.parametrize("estimator", BOTH)
def test_b21_a_parameter_without_effect_is_named_in_a_warning(
    estimator, unused, binary
):
    """B21: parameters are ignored in silence."""
    name = list(unused)[-1]
    with pytest.warns(UserWarning, match=f"{name}=.* has no effect"):
        estimator((2,), max_iter=2, **unused).fit(*binary)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_b21_learning_rate_schedules_work_for_every_stochastic_solver(
    solver, learning_rate, binary
):
    """B21: ``learning_rate`` is ignored by Adam."""
    model = BPNetRegressor(
        (3,), solver=solver, tol=10, n_iter_no_change=2, max_iter=6, random_state=0
    )
    constant = clone(model).fit(*binary)
    scheduled = clone(model).set_params(learning_rate=learning_rate).fit(*binary)
    assert constant.n_iter_ == 3
    if learning_rate == "invscaling":
        assert (scheduled.coefs_[0] != constant.coefs_[0]).any()
    else:  # continues with a smaller rate
        assert scheduled.n_iter_ == 6


def test_b21_early_stopping_works_with_lbfgs(rng):
    """B21: ``early_stopping`` is ignored by L-BFGS."""
    X, y = rng.normal(size=(60, 10)), rng.normal(size=60)  # nothing but noise
    model = BPNetRegressor((20,), solver="lbfgs", random_state=0)
    plain = clone(model).fit(X, y)
    early = clone(model).set_params(early_stopping=True).fit(X, y)
    assert early.n_iter_ < plain.n_iter_
    assert len(early.validation_scores_) == early.n_iter_
    assert early.best_validation_score_ == max(early.validation_scores_)


@pytest.mark.parametrize("estimator", BOTH)
def test_b22_lbfgs_leaves_the_same_attributes_as_adam(estimator, iris):
    """B22: L-BFGS leaves loss_curve_, best_loss_, validation_scores_ undefined."""

    def attributes(**kwargs):
        model = estimator((3,), max_iter=5, **kwargs).fit(*iris)
        return {name for name in vars(model) if name.endswith("_")}

    lbfgs = attributes(solver="lbfgs")
    assert lbfgs == attributes(solver="adam")
    assert lbfgs >= {"loss_curve_", "best_loss_", "t_"}


def test_b23_invscaling_counts_epochs(regression):
    """B23: the rate is divided by a power of the number of rows seen."""
    model = BPNetRegressor(
        (3,),
        solver="sgd",
        momentum=0,
        learning_rate_init=0.5,
        warm_start=True,
        max_iter=1,
        random_state=0,
    )
    scaled = clone(model).set_params(
        learning_rate="invscaling", power_t=1.0, max_iter=2
    )
    scaled.fit(*regression)
    by_hand = clone(model).fit(*regression)
    by_hand.set_params(learning_rate_init=0.25).fit(*regression)
    assert_array_equal(scaled.coefs_[0], by_hand.coefs_[0])


def test_b24_the_default_regressor_learns_an_unscaled_target(rng):
    """B24: R2 = -10357 with the defaults."""
    X = rng.normal(size=(300, 2))
    reg = BPNetRegressor(random_state=0).fit(X, 1e4 + 100 * X[:, 0])
    assert reg.score(X, 1e4 + 100 * X[:, 0]) > 0.99


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_b25_parallel_fits_agree_with_one_by_one(backend, iris):
    """B25: hanging, or threads multiplied, with n_jobs (#7667)."""
    X, y = iris
    clf = BPNetClassifier((10,), max_iter=10, random_state=0)
    alone = cross_val_predict(clf, X, y, method="predict_proba", n_jobs=1)
    with parallel_backend(backend):
        parallel = cross_val_predict(clf, X, y, method="predict_proba", n_jobs=2)
    assert_allclose(parallel, alone, rtol=1e-5)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_b26_a_finished_model_is_little_larger_than_its_weights(solver, binary):
    """B26: the pickle holds best weights and moments too, five times the weights."""
    clf = BPNetClassifier((200, 200), solver=solver, max_iter=2, early_stopping=True)
    clf.fit(*binary)
    n_bytes = sum(array.nbytes for array in clf.coefs_ + clf.intercepts_)
    assert len(pickle.dumps(clf)) < 1.3 * n_bytes


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_b27_weights_stay_with_their_samples_in_the_validation_split(
    solver, batches, monkeypatch, rng
):
    """B27: sample weights were not split together with the rows."""
    scored = []
    score = Regression.score

    def spy(self, Z, A, Y, weights):
        scored.append((Y[:, 0].copy(), weights.copy()))
        return score(self, Z, A, Y, weights)

    monkeypatch.setattr(Regression, "score", spy)
    X, y = rng.normal(size=(200, 2)), rng.uniform(1, 2, size=200)
    BPNetRegressor(
        (3,),
        solver=solver,
        early_stopping=True,
        target_scaling=None,
        dtype="float64",
        max_iter=2,
        random_state=0,
    ).fit(X, y, sample_weight=y)
    assert scored
    for targets, weights in scored:
        assert_array_equal(targets, weights)
    assert batches
    for batch in batches:
        ratio = batch.s / batch.Y[:, 0]
        assert_allclose(ratio, ratio[0])
