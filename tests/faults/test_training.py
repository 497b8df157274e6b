"""F6, F34, F37, F38, F41, F42: training, its plan, recipes and initial weights."""

import inspect
import json
import pickle
import warnings
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_regressors_train

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.initializers import INITIALIZERS, Initialization
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.recipes import RECIPES
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Adam, NAdam, RAdam
from sklearn_bpnet.training.stochastic.config import config_context

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def linear():
    return make_regression(200, 10, noise=5.0, random_state=0)


def fit_diverging(model, X, y, **kwargs):
    with pytest.warns(ConvergenceWarning, match="diverged"):
        return model.fit(X, y, **kwargs)


def start_of(model, X, y):
    """The same model before its first step."""
    model = type(model)(**model.get_params(deep=False))
    model.set_params(learning_rate_init=1e-300, max_iter=1, early_stopping=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def mean_loss(model, X, y):
    return float(np.mean((model.predict(X) - y) ** 2))


def check_sound(model, X, y, reason="diverged"):
    """No worse than at the start, and finite in every respect."""
    networks = getattr(model, "estimators_", [model])
    assert {network.stop_reason_ for network in networks} == {reason}
    assert np.isfinite(model.loss_)
    assert all(np.isfinite(W).all() for net in networks for W in net.coefs_)
    assert np.isfinite(model.predict(X)).all()
    assert mean_loss(model, X, y) <= mean_loss(start_of(model, X, y), X, y) * 1.1


# F6: divergence within the last epochs

# the rates are such that the last epoch, or the one before, is the first to overflow
LATE = {
    "gd": dict(solver="gd", learning_rate_init=100, max_iter=5),
    "gd, one epoch before": dict(solver="gd", learning_rate_init=100, max_iter=4),
    "gd of float32": dict(
        solver="gd", learning_rate_init=100, max_iter=3, dtype="float32"
    ),
    "sgd": dict(solver="sgd", learning_rate_init=3.0, max_iter=2),
    "adam": dict(solver="adam", learning_rate_init=1e9, max_iter=2),
    "adam, many epochs": dict(solver="adam", learning_rate_init=1e3, max_iter=20),
    "ema": dict(solver="gd", learning_rate_init=100, max_iter=5, ema_decay=0.9),
    "early stopping": dict(
        solver="gd", learning_rate_init=100, max_iter=5, early_stopping=True
    ),
    "members": dict(solver="gd", learning_rate_init=100, max_iter=5, n_members=2),
    "dropout": dict(solver="gd", learning_rate_init=100, max_iter=5, dropout=0.2),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("parameters", LATE.values(), ids=LATE)
def test_f6_divergence_in_the_last_epochs_is_noticed(parameters, compiled, linear):
    model = BPNetRegressor((8,), random_state=0, **({"dtype": "float64"} | parameters))
    with config_context(compiled=compiled):
        check_sound(fit_diverging(model, *linear), *linear)


@pytest.mark.parametrize("max_iter", range(2, 9))
def test_f6_no_number_of_epochs_hides_a_divergence(max_iter, linear):
    model = BPNetRegressor(
        (8,), solver="gd", learning_rate_init=10.0, max_iter=max_iter, random_state=0
    )
    check_sound(fit_diverging(model, *linear), *linear)


def test_f6_one_epoch_that_was_asked_for_is_kept_if_it_is_finite(linear):
    X, y = linear
    model = BPNetRegressor(
        (8,), solver="gd", learning_rate_init=10.0, max_iter=1, random_state=0
    ).fit(X, y)
    assert model.stop_reason_ == "max_iter"
    assert np.isfinite(model.predict(X)).all()


def test_f6_partial_fit_diverges_in_its_first_step(linear):
    X, y = linear
    model = BPNetRegressor((8,), solver="gd", learning_rate_init=10.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.partial_fit(X, y)
    check_sound(model, X, y)


def test_f6_partial_fit_diverges_into_its_last_step(linear):
    X, y = linear
    model = BPNetRegressor(
        (8,), solver="sgd", learning_rate_init=0.01, batch_size="full", random_state=0
    )
    for _ in range(30):
        model.partial_fit(X, y)
    before = mean_loss(model, X, y)
    model.set_params(learning_rate_init=50.0)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.partial_fit(X, y)
    assert model.stop_reason_ == "diverged"
    assert np.isfinite(model.loss_)
    assert mean_loss(model, X, y) <= 1.001 * before
    # and continues from there
    model.set_params(learning_rate_init=0.01).partial_fit(X, y)
    assert model.stop_reason_ == "max_iter"
    assert mean_loss(model, X, y) <= 1.1 * before


def test_f6_the_loss_after_an_overflow_is_that_of_the_weights(linear):
    X, y = linear
    model = BPNetRegressor(
        (8,), solver="gd", learning_rate_init=100, max_iter=50, alpha=0.0,
        dtype="float64", random_state=0,
    )  # fmt: skip
    fit_diverging(model, X, y)
    assert np.isnan(model.loss_curve_[-1])
    expected = mean_loss(model, X, y) / y.var() / 2
    assert model.loss_ == pytest.approx(expected)
    assert model.best_epoch_ == 0
    assert np.isfinite(model.best_loss_)


def test_f6_an_overflow_of_classification_is_noticed(linear):
    X, y = linear
    model = BPNetClassifier(
        (8, 8), solver="gd", learning_rate_init=1e120, max_iter=2, loss="squared_error",
        output_activation="identity", random_state=0,
    )  # fmt: skip
    with pytest.raises(ValueError, match="No step of training was finite"):
        model.fit(X, y > 0)
    model.set_params(learning_rate_init=1e4)
    fit_diverging(model, X, y > 0)
    assert np.isfinite(model.decision_function(X)).all()
    assert np.isfinite(model.loss_)


def test_f6_only_the_validation_samples_overflow(linear):
    X, y = linear
    model = BPNetRegressor((8,), max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the scores, none of which is a number
        model.fit(X, y, X_val=np.full((3, 10), 1e38), y_val=[0.0, 1.0, 2.0])
    assert model.stop_reason_ != "diverged"
    assert np.isfinite(model.loss_)
    assert model.score(X, y) > 0


def test_f6_interrupted_just_after_an_overflow(linear):
    X, y = linear

    def rate(fraction):
        if 0 < fraction < 1:  # after the first step
            raise KeyboardInterrupt
        return 1.0

    model = BPNetRegressor(
        (8,), solver="gd", learning_rate_init=1000.0, learning_rate=rate, max_iter=5,
        random_state=0,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    assert model.stop_reason_ == "interrupted"
    assert np.isfinite(model.predict(X)).all()


# F37: divergence that stays finite for a while


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("solver", "rate"), [("gd", 0.3), ("gd", 3.0), ("sgd", 0.5), ("rmsprop", 1e3)]
)
def test_f37_the_weights_of_the_lowest_risk_are_kept(
    solver, rate, early_stopping, compiled
):
    X, y = make_regression(300, 60, noise=1.0, random_state=1)
    model = BPNetRegressor(
        solver=solver,
        learning_rate_init=rate,
        learning_rate="constant",
        early_stopping=early_stopping,
        max_iter=30,
        random_state=0,
    )
    with config_context(compiled=compiled):
        check_sound(fit_diverging(model, X, y), X, y)


def test_f37_what_was_learned_before_is_kept():
    X, y = make_regression(300, 10, noise=1.0, random_state=1)

    def rate(fraction):
        return 1.0 if fraction < 0.5 else 10 ** (20 * (fraction - 0.5))

    model = BPNetRegressor(
        (20,), solver="gd", learning_rate_init=0.1, learning_rate=rate, max_iter=200,
        random_state=0,
    )  # fmt: skip
    fit_diverging(model, X, y)
    assert model.score(X, y) > 0.8
    losses = np.array(model.loss_curve_)
    assert model.loss_ <= np.nanmin(losses) * 1.001
    assert model.best_epoch_ == pytest.approx(np.nanargmin(losses), abs=1)


def test_f37_a_high_loss_of_classification_is_no_divergence():
    X, y = load_iris(return_X_y=True)
    model = BPNetClassifier(
        (30,), solver="adam", learning_rate_init=100.0, max_iter=3, random_state=0
    ).fit(X, y)
    assert model.loss_ > 100
    assert model.stop_reason_ == "max_iter"
    assert model.score(X, y) > 0.6


def test_f37_new_targets_of_another_size_are_no_divergence(linear):
    X, y = linear
    model = BPNetRegressor((8,), random_state=0)
    for size in (1.0, 1e3, 1e3, 1.0):
        model.partial_fit(X, size * y)
        assert model.stop_reason_ == "max_iter"
    for i in range(100):  # a sample at a time, some of them near the mean
        model.partial_fit(X[[i]], y[[i]])
        assert model.stop_reason_ == "max_iter"


# F42: dtype="input"

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])


def tables(X):
    """X in many forms, and the dtype of a network trained on each."""
    pandas = pytest.importorskip("pandas")
    mixed = pandas.DataFrame(X, columns=list("abcd")).astype({"a": np.float32})
    return {
        "float32": (X.astype(np.float32), np.float32),
        "float64": (X, np.float64),
        "float16": (X.astype(np.float16), np.float64),
        "longdouble": (X.astype(np.longdouble), np.float64),
        "int8": (X.astype(np.int8), np.float64),
        "uint64": (X.astype(np.uint64), np.float64),
        "bool": (X > X.mean(axis=0), np.float64),
        "object": (X.astype(object), np.float64),
        "list": (X.tolist(), np.float64),
        "column order": (np.asfortranarray(X, np.float32), np.float32),
        "other byte order": (X.astype(">f4"), np.float32),
        "csr of float32": (sparse.csr_array(X.astype(np.float32)), np.float32),
        "csc of float64": (sparse.csc_matrix(X), np.float64),
        "frame of float32": (pandas.DataFrame(X.astype(np.float32)), np.float32),
        "frame of float64 and 32": (mixed, np.float64),
    }


@quietly
@each_class
@pytest.mark.parametrize("solver", ["adam", "gd", "lbfgs"])
def test_f42_dtype_input_is_that_of_x(estimator, solver, iris):
    X, y = iris
    for name, (table, dtype) in tables(X).items():
        model = estimator((3,), solver=solver, dtype="input", max_iter=2)
        model.fit(table, y)
        assert {W.dtype for W in model.coefs_ + model.intercepts_} == {
            np.dtype(dtype)
        }, name
        assert np.isfinite(model.predict(table)).all()


@quietly
@each_class
def test_f42_the_first_call_determines_the_dtype(estimator, iris, tmp_path):
    X, y = iris
    tables = {np.float32: X.astype(np.float32), np.float64: X}
    for first, second in ((np.float32, np.float64), (np.float64, np.float32)):
        model = estimator((3,), dtype="input", random_state=0)
        classes = {"classes": [0, 1, 2]} if estimator is BPNetClassifier else {}
        model.partial_fit(tables[first], y, **classes)
        assert model.coefs_[0].dtype == first
        model.partial_fit(tables[second], y)
        assert model.coefs_[0].dtype == first
        model.save_checkpoint(tmp_path / "model.ckpt")
        again = estimator.load_checkpoint(tmp_path / "model.ckpt")
        assert again.dtype == "input"
        for each in (model, again):
            each.partial_fit(tables[second], y)
            assert each.coefs_[0].dtype == first
        np.testing.assert_array_equal(model.coefs_[0], again.coefs_[0])
        # a new fit starts anew
        assert model.fit(tables[second], y).coefs_[0].dtype == second
        model.set_params(warm_start=True).fit(tables[first], y)
        assert model.coefs_[0].dtype == second
        # and a name has the last word
        model.set_params(dtype=np.dtype(first).name).fit(tables[second], y)
        assert model.coefs_[0].dtype == first


@each_class
def test_f42_members_have_the_dtype_of_x(estimator, iris):
    X, y = iris
    model = estimator((3,), dtype="input", n_members=2, max_iter=2)
    model.fit(X.astype(np.float32), y)
    assert {member.coefs_[0].dtype for member in model.estimators_} == {
        np.dtype(np.float32)
    }


@quietly
@each_class
def test_f42_scikit_learns_recipe_computes_as_scikit_learn(estimator, iris):
    X, y = iris
    theirs = {BPNetClassifier: MLPClassifier, BPNetRegressor: MLPRegressor}[estimator]
    for dtype in (np.float32, np.float64):
        table = X.astype(dtype)
        model = estimator.from_recipe(
            "scikit-learn", max_iter=2, batch_size="auto"
        ).fit(table, y)
        reference = theirs(max_iter=2).fit(table, y)
        assert model.coefs_[0].dtype == reference.coefs_[0].dtype == dtype
        assert model.predict(table).dtype == reference.predict(table).dtype


def test_f42_weights_given_without_x_keep_their_dtype(iris):
    X, y = iris
    model = BPNetRegressor((3,), dtype="input", max_iter=2).fit(X.astype(np.float32), y)
    again = BPNetRegressor.from_weights(model.coefs_, model.intercepts_, dtype="input")
    assert again.coefs_[0].dtype == np.float32


# F38: warnings about what was not set, but is part of a recipe


@pytest.fixture
def warned():
    """Collects the warnings of a call that are not about convergence."""

    def collect(call):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        others = [w for w in caught if w.category is not ConvergenceWarning]
        return [str(w.message) for w in others]

    return collect


def small(n, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 4))
    X[:, 0] = np.arange(n) % 2  # a feature with two values
    return X, np.arange(n) // 2 % 2


QUICK = {"max_iter": 2, "hidden_layer_sizes": (4, 4), "random_state": 0}


@each_class
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("n", [5, 9, 11, 30, 150, 199, 201, 319, 330, 400])
def test_f38_recipes_are_silent_on_few_samples(estimator, name, n, warned):
    model = estimator.from_recipe(name, **QUICK)
    if model.member_folds is not None and n < 10:
        with pytest.raises(ValueError, match="needs at least 10 samples"):
            model.fit(*small(n))
        return
    assert warned(lambda: model.fit(*small(n))) == []


@each_class
@pytest.mark.parametrize("name", RECIPES)
def test_f38_a_recipe_remains_silent(estimator, name, warned, tmp_path):
    X, y = small(60)
    model = estimator.from_recipe(name, **QUICK)
    copies = [
        clone(model),
        clone(clone(model)),
        pickle.loads(pickle.dumps(model)),
        deepcopy(model),
        clone(make_pipeline(StandardScaler(), model)),
        clone(model).set_params(n_members=2 if model.member_folds is None else 10),
    ]
    for copy in copies:
        assert warned(lambda copy=copy: copy.fit(X, y)) == []
    assert warned(lambda: cross_val_score(model, X, y, cv=3)) == []
    search = GridSearchCV(model, {"alpha": [0.0, 0.1]}, cv=2, refit=True)
    assert warned(lambda: search.fit(X, y)) == []
    # in all calls
    assert warned(lambda: model.fit(X, y)) == []
    continues = model.member_folds is None  # partial_fit holds out no samples
    if continues:
        assert warned(lambda: model.partial_fit(X, y)) == []
    model.save_checkpoint(tmp_path / "model.ckpt")
    again = estimator.load_checkpoint(tmp_path / "model.ckpt")
    if continues:
        assert warned(lambda: again.partial_fit(X, y)) == []
    assert warned(lambda: clone(again).fit(X, y)) == []


@each_class
@pytest.mark.parametrize("name", RECIPES)
def test_f38_nor_is_there_a_warning_that_the_rest_of_a_recipe_has_no_effect(
    estimator, name, warned
):
    X, y = small(60)
    of_features = np.repeat(y[:, None], 3, axis=1)  # none that can be embedded
    model = estimator.from_recipe(name, **QUICK)
    assert warned(lambda: clone(model).fit(of_features, y)) == []
    for change in ({"solver": "lbfgs"}, {"solver": "gd"}, {"hidden_layer_sizes": ()}):
        changed = estimator.from_recipe(name, **(QUICK | change))
        assert warned(lambda changed=changed: changed.fit(X, y)) == []
        changed = clone(model).set_params(**change)
        assert warned(lambda changed=changed: changed.fit(X, y)) == []


@each_class
@pytest.mark.parametrize("name", RECIPES)
def test_f38_what_was_set_is_still_warned_about(estimator, name, warned):
    X, y = small(60)
    model = estimator.from_recipe(name, **(QUICK | {"batch_size": 500}))
    [message] = warned(lambda: model.fit(X, y))
    assert message.startswith("batch_size=500 is larger than")
    [message] = warned(lambda: clone(model).fit(X, y))
    assert message.startswith("batch_size=500 is larger than")
    model = estimator.from_recipe(name, **(QUICK | {"max_fun": 7}))
    [message] = warned(lambda: model.fit(X, y))
    assert message.startswith("max_fun=7 has no effect")
    batch_size = RECIPES[name][estimator._kind].get("batch_size", 64)
    [message] = warned(
        lambda: estimator(batch_size=batch_size, max_iter=1).fit(*small(8))
    )
    assert message.startswith(f"batch_size={batch_size} is larger than")


# F41: networks that trained nothing, without a word

BLOBS = make_blobs(200, centers=[[-2, -2], [2, 2]], random_state=0)
SOLVERS = [*OPTIMIZERS, *FULL_BATCH_SOLVERS]


@pytest.fixture(scope="module")
def checked():
    """The regression of scikit-learn's estimator checks."""
    X, y = make_regression(200, 10, n_informative=1, bias=5, noise=20, random_state=42)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


@quietly
@pytest.mark.parametrize("solver", SOLVERS)
def test_f41_a_softmax_in_a_hidden_layer_trains(solver, checked):
    options = {"activation": "softmax", "solver": solver, "random_state": 0}
    assert BPNetClassifier(**options).fit(*BLOBS).score(*BLOBS) > 0.95
    assert BPNetRegressor(**options).fit(*checked).score(*checked) > 0.5


@quietly
@pytest.mark.parametrize("solver", ["gd", "sgd"])  # softmax: the case above
@pytest.mark.parametrize(
    "activation", sorted(set(ACTIVATIONS) - {"heaviside", "softmax"})
)
def test_f41_every_activation_trains(activation, solver, checked):
    options = {"activation": activation, "solver": solver, "random_state": 0}
    assert BPNetClassifier(**options).fit(*BLOBS).score(*BLOBS) > 0.95
    reg = BPNetRegressor(**options).fit(*checked)
    assert reg.stop_reason_ != "diverged"
    assert reg.score(*checked) > 0.5


@quietly
@pytest.mark.parametrize("initializer", sorted(set(INITIALIZERS) - {"zeros"}))
@pytest.mark.parametrize("solver", ["gd"])
def test_f41_every_initializer_starts_a_softmax(initializer, solver, checked):
    options = {"activation": "softmax", "solver": solver, "random_state": 1}
    options["initializer"] = initializer
    assert BPNetClassifier(**options).fit(*BLOBS).score(*BLOBS) > 0.9
    assert BPNetRegressor(**options).fit(*checked).score(*checked) > 0.4


@quietly
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("width", [5, 100, 400])
def test_f41_gradient_descent_passes_scikit_learns_regression_check(width, seed):
    model = BPNetRegressor((width,), solver="gd", random_state=seed)
    check_regressors_train("BPNetRegressor", model)


def rate_of(model, X, y):
    return model.set_params(max_iter=1).fit(X, y).history_["learning_rate"][0]


def test_f41_the_usual_rate_of_gradient_descent_is_stable(linear):
    X, y = linear

    def rate(estimator, *args, y=y, **kwargs):
        model = estimator(*args, solver="gd", random_state=0, **kwargs)
        return rate_of(model, X, y)

    # half of a normal z of variance 2 passes: a mean of 1 / sqrt(pi)
    assert rate(BPNetRegressor, (100,)) == pytest.approx(1.5 / (1 + 100 / np.pi), 0.02)
    logistic = rate(BPNetRegressor, (100,), activation="logistic")
    assert logistic == pytest.approx(1.5 / (1 + 100 / 4))
    # where it is stable, the rate is that of the table
    assert rate(BPNetRegressor, (20,)) == 0.1
    assert rate(BPNetRegressor, (100,), activation="tanh") == 0.1
    assert rate(BPNetRegressor, ()) == 0.1
    assert rate(BPNetClassifier, (100,), y=y > 0) == 0.1
    assert rate(BPNetRegressor, (100,), learning_rate_init=0.07) == 0.07


def test_f41_weights_above_a_softmax_are_larger():
    functions = [ACTIVATIONS[name] for name in ("softmax", "tanh", "identity")]
    plain = [ACTIVATIONS[name] for name in ("tanh", "tanh", "identity")]
    scheme = Initialization(INITIALIZERS["glorot_uniform"])
    starts = [
        Network.dense((4, 50, 5, 1), f).initial_theta(
            scheme, np.random.default_rng(0), np.float64
        )
        for f in (functions, plain)
    ]
    for k, (above, usual) in enumerate(zip(*[s.arrays for s in starts], strict=True)):
        factor = 50 if k == 1 else 1
        np.testing.assert_allclose(above[0], factor * usual[0])


@each_class
def test_f41_all_zero_weights_are_warned_about(estimator, iris):
    with pytest.warns(UserWarning, match="initializer='zeros' makes all units"):
        estimator((3,), initializer="zeros", solver="sgd").fit(*iris)
    estimator((), initializer="zeros", solver="sgd").fit(*iris)


# F34: what the documents say


@pytest.mark.parametrize("optimizer", [NAdam, RAdam])
def test_f34_docstrings_say_what_pytorch_does_otherwise(optimizer):
    assert "PyTorch differs in" in inspect.getdoc(optimizer)


def test_f34_nadam_and_radam_differ_from_pytorch_as_they_say():
    gradients = np.random.default_rng(0).normal(size=(12, 3))
    for optimizer, pytorch in ((NAdam(), torch_nadam), (RAdam(), torch_radam)):
        for as_pytorch in (False, True):  # or with what differs undone
            theirs = pytorch(gradients, optimizer, as_pytorch=as_pytorch)
            theta = np.zeros(3)
            state = optimizer.start(theta)
            for g in gradients:
                optimizer.step(theta, g.copy(), state, 0.01)
            assert np.allclose(theta, theirs, rtol=1e-10) != as_pytorch


def torch_nadam(gradients, rule, as_pytorch):
    """The update of torch.optim.NAdam."""
    theta = m = v = np.zeros(3)
    product = 1.0
    for t, g in enumerate(gradients, start=1):
        mu, after = (
            rule.beta_1 * (1 - 0.5 * 0.96 ** (k * rule.momentum_decay))
            for k in (t, t + 1)
        )
        product *= mu
        decay = rule.beta_1 if as_pytorch else mu
        m = decay * m + (1 - decay) * g
        v = rule.beta_2 * v + (1 - rule.beta_2) * g**2
        root = np.sqrt(v / (1 - rule.beta_2**t)) + rule.epsilon
        step = (1 - mu) / (1 - product) * g + after / (1 - product * after) * m
        theta = theta - 0.01 * step / root
    return theta


def torch_radam(gradients, rule, as_pytorch):
    """The update of torch.optim.RAdam."""
    theta = m = v = np.zeros(3)
    p = 2 / (1 - rule.beta_2) - 1
    for t, g in enumerate(gradients, start=1):
        m = rule.beta_1 * m + (1 - rule.beta_1) * g
        v = rule.beta_2 * v + (1 - rule.beta_2) * g**2
        corrected = 1 - rule.beta_2**t
        p_t = p - 2 * t * rule.beta_2**t / corrected
        step = m / (1 - rule.beta_1**t)
        if p_t > (5 if as_pytorch else 4):
            step *= np.sqrt((p_t - 4) * (p_t - 2) * p / ((p - 4) * (p - 2) * p_t))
            if as_pytorch:
                step *= np.sqrt(corrected) / (np.sqrt(v) + rule.epsilon)
            else:
                step /= np.sqrt(v / corrected) + rule.epsilon
        theta = theta - 0.01 * step
    return theta


def test_f34_ntk_factors_are_a_reparametrisation_for_a_small_epsilon():
    n_in, gradient = 16, np.random.default_rng(0).normal(size=5)

    def apart(epsilon):
        optimizer, rate = Adam(epsilon=epsilon), 0.01
        V, W = np.zeros(5), np.zeros(5)
        optimizer.step(V, gradient / np.sqrt(n_in), optimizer.start(V), rate)
        optimizer.step(W, gradient.copy(), optimizer.start(W), rate / np.sqrt(n_in))
        return np.abs(W - V / np.sqrt(n_in)).max() / np.abs(W).max()

    assert apart(1e-14) < 1e-10
    assert apart(0.1) > 0.1


def test_f34_the_blank_notebook_says_what_to_fill_in():
    path = EXAMPLES / "homework" / "practical_assignment.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if "task" in _tags(c))
    for name in ("sigmoid", "softmax", "forward", "risk", "backward", "update"):
        assert f'"Fill in {name} (part ' in code
    assert "raise NotImplementedError\n" not in code


def _tags(cell):
    is_code = cell["cell_type"] == "code"
    return cell["metadata"].get("tags", []) if is_code else []


@quietly
def test_f34_eight_rectifiers_learn_xor_with_lbfgs():
    # the counts of the guide, 100 of 100, are printed by `python -m benchmarks.xor`
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    for seed in range(20):
        clf = BPNetClassifier((8,), solver="lbfgs", random_state=seed).fit(X, y)
        assert clf.predict(X).tolist() == y
