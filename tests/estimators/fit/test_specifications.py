"""Names and instances: every activation, loss, solver, initialiser and schedule."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, empirical_risk
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
)
from sklearn_bpnet.net.initializers import (
    INITIALIZERS,
    NormalBiases,
    VarianceScaling,
    Zeros,
)
from sklearn_bpnet.net.losses import (
    LOSSES,
    LogLoss,
    PoissonLoss,
    SquaredError,
    check_pair,
)
from sklearn_bpnet.options import Initialization
from sklearn_bpnet.training.full_batch import LBFGS
from sklearn_bpnet.training.optimizers import SGD, Adam
from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    InverseScaling,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


def assert_same_training(one, other, data):
    one, other = one.fit(*data), other.fit(*data)
    for ours, theirs in zip(one.coefs_, other.coefs_, strict=True):
        assert_array_equal(ours, theirs)


# Every name


@pytest.mark.parametrize(
    ("estimator", "solver", "least_score"),
    [(BPNetClassifier, "adam", 0.7), (BPNetRegressor, "lbfgs", 0.8)],
)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_trains_in_a_hidden_layer(
    estimator, solver, least_score, name, iris
):
    X, y = iris
    model = estimator(
        (10,), activation=name, solver=solver, max_iter=30, random_state=0
    ).fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert np.isfinite(model.predict(X)).all()
    assert model.score(X, y) > least_score


@each_class
def test_every_hidden_layer_may_have_its_own_activation(estimator, iris):
    model = estimator((4, 3), activation=["tanh", "relu"], max_iter=2, random_state=0)
    assert_same_training(
        model, clone(model).set_params(activation=("tanh", ReLU())), iris
    )


def is_allowed(loss, activation):
    try:
        check_pair(LOSSES[loss], ACTIVATIONS[activation], 3)
    except ValueError:
        return False
    return True


def one_pair_for_each(estimator, task):
    """Every loss of the task, every activation that goes with one: each at least once.

    That each allowed pair has the right gradient is shown for the risk.
    """
    losses = [name for name in LOSSES if task in LOSSES[name].tasks]
    pairs = {
        (loss, name)
        for name in ACTIVATIONS
        for loss in losses
        if is_allowed(loss, name)
    }
    for i, loss in enumerate(losses):
        allowed = [name for name in ACTIVATIONS if (loss, name) in pairs]
        yield estimator, loss, allowed[i % len(allowed)]
    for i, name in enumerate(ACTIVATIONS):
        allowed = [loss for loss in losses if (loss, name) in pairs]
        if allowed:
            yield estimator, allowed[i % len(allowed)], name


PAIRS = [
    *one_pair_for_each(BPNetClassifier, "classification"),
    *one_pair_for_each(BPNetRegressor, "regression"),
]


@pytest.mark.parametrize(("estimator", "loss", "activation"), dict.fromkeys(PAIRS))
def test_every_loss_and_every_output_activation_trains(
    estimator, loss, activation, iris
):
    X, y = iris
    if estimator is BPNetRegressor:
        y = np.c_[y, 2 - y] / 4 + 0.25  # within the range of every activation
    model = estimator(
        (10,), loss=loss, output_activation=activation, max_iter=30, random_state=0
    ).fit(X, y)
    assert ACTIVATIONS[model.out_activation_] == ACTIVATIONS[activation]
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert np.isfinite(model.predict(X)).all()
    if hasattr(model, "predict_proba"):
        P = model.predict_proba(X)
        assert ((P > 0) & (P <= 1)).all()
        assert_allclose(P.sum(axis=1), 1)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_probability_outputs_go_with_any_number_of_classes(n_classes, activation, iris):
    X, y = iris[0], np.minimum(iris[1], n_classes - 1)
    clf = BPNetClassifier(
        (10,), output_activation=activation, solver="lbfgs", random_state=0
    ).fit(X, y)
    assert clf.score(X, y) > 0.95
    assert clf.n_outputs_ == (
        1 if (n_classes, activation) == (2, "sigmoid") else n_classes
    )


@each_class
@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_initializer_starts_a_training(estimator, name, iris):
    X, y = iris
    hidden = () if name == "zeros" else (10,)
    model = estimator(
        hidden, initializer=name, solver="lbfgs", max_iter=100, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.9


@each_class
def test_start_of_biases_and_of_the_output_layer(estimator, iris):
    model = estimator(
        (6, 5),
        initializer=Initialization(biases="normal", output="zeros"),
        random_state=0,
    )
    J = empirical_risk(model, *iris)
    coefs, intercepts = J.coefs_and_intercepts(J.theta)
    assert [bool(W.any()) for W in coefs] == [True, True, False]
    assert [bool(b.all()) for b in intercepts] == [True, True, False]
    assert not intercepts[-1].any()
    assert model.set_params(solver="lbfgs", max_iter=200).fit(*iris).score(*iris) > 0.9


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_trains(name, iris):
    for estimator, solver in ((BPNetClassifier, "adam"), (BPNetRegressor, "sgd")):
        model = estimator((4,), solver=solver, learning_rate=name, random_state=0)
        model.fit(*iris)
        assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_sigmoid_and_logistic_are_the_same(iris):
    one, other = (
        BPNetClassifier((4,), activation=name, max_iter=3, random_state=0)
        for name in ("sigmoid", "logistic")
    )
    assert_same_training(one, other, iris)


# Instances

INSTANCES = [
    ({"activation": GELU()}, {"activation": "gelu"}),
    ({"activation": LeakyReLU()}, {"activation": "leaky_relu"}),
    ({"activation": [GELU()]}, {"activation": ["gelu"]}),
    ({"solver": Adam(beta_1=0.5)}, {"solver": "adam", "beta_1": 0.5}),
    ({"solver": Adam(epsilon=0.1)}, {"solver": "adam", "epsilon": 0.1}),
    ({"solver": SGD(momentum=0.5)}, {"solver": "sgd", "momentum": 0.5}),
    ({"solver": SGD(nesterov=False)}, {"solver": "sgd", "nesterovs_momentum": False}),
    ({"solver": LBFGS(max_fun=3)}, {"solver": "lbfgs", "max_fun": 3}),
    (
        {"initializer": VarianceScaling(2.0, "in", "normal")},
        {"initializer": "he_normal"},
    ),
    (
        {"initializer": Initialization("auto", NormalBiases(), Zeros())},
        {"initializer": Initialization("auto", "normal", "zeros")},
    ),
    (
        {"learning_rate": InverseScaling(0.9)},
        {"learning_rate": "invscaling", "power_t": 0.9},
    ),
    ({"learning_rate": Adaptive()}, {"learning_rate": "adaptive"}),
    ({"learning_rate": Constant()}, {"learning_rate": "constant"}),
    ({"loss": SquaredError()}, {"loss": "squared_error"}),
]


@each_class
@pytest.mark.parametrize(
    ("instance", "name"), INSTANCES, ids=[str(i) for i, _ in INSTANCES]
)
def test_an_instance_trains_as_its_name_does(estimator, instance, name, iris):
    settings = {"max_iter": 5, "random_state": 0}
    one, other = (
        estimator((4,), **settings, **setting) for setting in (instance, name)
    )
    assert_same_training(one, other, iris)


def test_losses_of_one_task_go_by_instance(iris):
    X, y = iris
    settings = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}
    for estimator, loss in (
        (BPNetClassifier, LogLoss()),
        (BPNetRegressor, PoissonLoss()),
    ):
        one = estimator(loss=loss, **settings)
        other = estimator(loss=LOSSES.name_of(loss), **settings)
        assert_same_training(one, other, (X, y))


@pytest.mark.parametrize("estimator", BOTH)
def test_an_output_activation_goes_by_instance(estimator, iris):
    settings = {"loss": "squared_error", "max_iter": 5, "random_state": 0}
    one = estimator((4,), output_activation=Sigmoid(), **settings)
    assert_same_training(one, clone(one).set_params(output_activation="sigmoid"), iris)


@each_class
def test_hyper_parameters_of_an_instance_have_an_effect(estimator, iris):
    models = [
        estimator((4,), activation=activation, max_iter=5, random_state=0).fit(*iris)
        for activation in (LeakyReLU(), LeakyReLU(0.3), ELU(), ELU(0.3))
    ]
    assert len({model.loss_ for model in models}) == 4


@each_class
@pytest.mark.parametrize(
    "parameters",
    [setting for setting, _ in INSTANCES] + [{"hidden_layer_sizes": [3, 2]}],
    ids=str,
)
def test_clone_and_get_params_keep_instances(estimator, parameters, iris):
    model = estimator(**parameters)
    twin = clone(model)
    for name, value in parameters.items():
        assert model.get_params()[name] is value
        assert twin.get_params()[name] == value
    assert repr(twin) == repr(model)
    rebuilt = estimator().set_params(**model.get_params())
    assert rebuilt.get_params() == model.get_params()


@each_class
def test_a_stochastic_instance_has_partial_fit_and_lbfgs_has_not(estimator):
    assert hasattr(estimator(solver=Adam()), "partial_fit")
    assert not hasattr(estimator(solver=LBFGS()), "partial_fit")


@each_class
def test_a_fitted_instance_is_not_changed_by_training(estimator, iris):
    solver = Adam()
    model = estimator((3,), solver=solver, max_iter=2).fit(*iris)
    assert model.solver is solver
    assert solver == Adam()
    assert vars(solver) == vars(Adam())


@each_class
def test_parameters_of_a_named_solver_warn_beside_an_instance(estimator, iris):
    with pytest.warns(UserWarning, match=r"beta_1=0\.5 has no effect"):
        estimator((3,), solver=Adam(), beta_1=0.5, max_iter=2).fit(*iris)


@each_class
def test_clone_is_not_fitted(estimator, iris):
    model = estimator((3,), max_iter=2).fit(*iris)
    check_is_fitted(model)
    assert not hasattr(clone(model), "coefs_")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LeakyReLU(2.0), r"negative_slope must lie in \[0, 1\); got 2.0"),
        (lambda: ELU(0.0), "alpha must be positive; got 0.0"),
        (lambda: Adam(beta_1=1.0), r"beta_1 must lie in \[0, 1\); got 1.0"),
        (lambda: Adam(epsilon=0.0), "epsilon must be positive; got 0.0"),
        (lambda: SGD(momentum=2.0), r"momentum must lie in \[0, 1\]; got 2.0"),
    ],
)
def test_an_instance_checks_its_hyper_parameters(build, message):
    with pytest.raises(ValueError, match=message):
        build()
