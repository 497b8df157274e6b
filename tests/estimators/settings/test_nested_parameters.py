"""Hyper-parameters of instances, by name__hyper_parameter, and searches over them."""

import pickle

import numpy as np
import pytest
from scipy.stats import uniform
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.activations import ACTIVATIONS, LeakyReLU
from sklearn_bpnet.net.initializers import NormalBiases, VarianceScaling
from sklearn_bpnet.options import (
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.training.full_batch import LBFGS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Cosine,
    FlatCosine,
    StepDecay,
    Warmup,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)


@each_class
def test_get_params_lists_the_hyper_parameters_of_instances(estimator):
    model = estimator(
        solver=Adam(beta_1=0.8), learning_rate=Warmup(Cosine(0.1)), activation="relu"
    )
    deep = model.get_params()
    assert deep["solver__beta_1"] == 0.8
    assert deep["learning_rate__n_epochs"] == 5
    assert deep["learning_rate__schedule__final"] == 0.1
    assert not any(key.startswith("activation__") for key in deep)
    assert not any("__" in key for key in model.get_params(deep=False))


@each_class
@pytest.mark.parametrize(
    ("start", "change", "expected"),
    [
        ({"solver": Adam()}, {"solver__beta_1": 0.5}, ("solver", Adam(beta_1=0.5))),
        ({"solver": "adam"}, {"solver__beta_2": 0.9}, ("solver", Adam(beta_2=0.9))),
        (
            {"solver": "adam", "beta_1": 0.7},
            {"solver__beta_2": 0.9},
            ("solver", Adam(0.7, 0.9)),
        ),
        (
            {"solver": "lbfgs"},
            {"solver__history_size": 5},
            ("solver", LBFGS(history_size=5)),
        ),
        (
            {"learning_rate": "step"},
            {"learning_rate__decay": 0.1, "learning_rate__n_epochs": 7},
            ("learning_rate", StepDecay(7, 0.1)),
        ),
        (
            {"learning_rate": Warmup(Cosine())},
            {"learning_rate__schedule__final": 0.3, "learning_rate__start": 0.0},
            ("learning_rate", Warmup(Cosine(0.3), start=0.0)),
        ),
        (
            {},
            {"solver__momentum": 0.5, "solver": SGD()},
            ("solver", SGD(momentum=0.5)),
        ),
        (
            {},
            {"activation": "leaky_relu", "activation__negative_slope": 0.3},
            ("activation", LeakyReLU(0.3)),
        ),
        (
            {"initializer": "he_normal"},
            {"initializer__gain": 1.0},
            ("initializer", VarianceScaling(1.0, "in", "normal")),
        ),
        (
            {"initializer": Initialization("he_normal", biases="normal")},
            {"initializer__biases__deviation": 0.1, "initializer__weights__gain": 1},
            (
                "initializer",
                Initialization(VarianceScaling(1, "in", "normal"), NormalBiases(0.1)),
            ),
        ),
    ],
    ids=str,
)
def test_set_params_reaches_into_instances_and_names(
    estimator, start, change, expected
):
    model = estimator(**start)
    assert model.set_params(**change) is model
    name, value = expected
    assert getattr(model, name) == value
    assert clone(model).get_params() == model.get_params()


DROPOUT = Dropout(0.3, 0.1, "cosine")
DECAY = WeightDecay(0.1, "cosine")
GLOROT = VarianceScaling(1.0, "average")


@each_class
@pytest.mark.parametrize(
    ("name", "value", "change", "expected"),
    [
        ("dropout", 0.5, {"input_rate": 0.2}, Dropout(0.5, input_rate=0.2)),
        ("dropout", 0.5, {"schedule": "flat_cosine"}, Dropout(0.5, 0, "flat_cosine")),
        ("dropout", [0.1, 0.2], {"input_rate": 0.2}, Dropout((0.1, 0.2), 0.2)),
        ("dropout", DROPOUT, {"rate": 0.4}, Dropout(0.4, 0.1, "cosine")),
        ("dropout", DROPOUT, {"schedule__final": 0.1}, Dropout(0.3, 0.1, Cosine(0.1))),
        (
            "dropout",
            0.5,
            {"schedule__flat": 0.2, "schedule": "flat_cosine"},
            Dropout(0.5, schedule=FlatCosine(0.2)),
        ),
        ("weight_decay", None, {"schedule": "cosine"}, WeightDecay(None, "cosine")),
        ("weight_decay", 0.1, {"schedule": "cosine"}, DECAY),
        ("weight_decay", DECAY, {"rate": 1}, WeightDecay(1, "cosine")),
        ("early_stopping", True, {"ties": "last"}, EarlyStopping("last")),
        ("early_stopping", EarlyStopping(), {"ties": "last"}, EarlyStopping("last")),
        ("member_folds", 5, {"refit": True}, MemberFolds(5, refit=True)),
        ("member_folds", MemberFolds(5), {"folds": 4}, MemberFolds(4)),
        (
            "initializer",
            "he_normal",
            {"biases": "hull"},
            Initialization("he_normal", "hull"),
        ),
        (
            "initializer",
            VarianceScaling(2.0, "average"),
            {"output": "zeros", "weights__gain": 1.0},
            Initialization(GLOROT, output="zeros"),
        ),
        ("initializer", "auto", {"weights": GLOROT}, Initialization(GLOROT)),
    ],
    ids=str,
)
def test_a_plain_value_becomes_an_option(estimator, name, value, change, expected):
    nested = {f"{name}__{key}": new for key, new in change.items()}
    model = estimator(**{name: value}).set_params(**nested)
    assert getattr(model, name) == expected
    assert clone(model).get_params() == model.get_params()
    same = estimator().set_params(**{name: value} | nested)
    assert getattr(same, name) == expected


@each_class
def test_get_params_lists_the_fields_of_an_option(estimator):
    model = estimator(dropout=Dropout(0.2, schedule=FlatCosine(0.3)))
    nested = {k: v for k, v in model.get_params().items() if k.startswith("dropout__")}
    assert nested == {
        "dropout__rate": 0.2,
        "dropout__input_rate": 0.0,
        "dropout__schedule": FlatCosine(0.3),
        "dropout__schedule__flat": 0.3,
        "dropout__input_noise": 0.0,
    }


@each_class
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"early_stopping__ties": "last"}, "Invalid parameter 'early_stopping' for"),
        ({"dropout__ties": "last"}, r"Invalid parameter 'ties' for Dropout\("),
        ({"dropout__rate__x": 1}, r"Invalid parameter 'rate__x' for Dropout\("),
        ({"dropout__input_rate": 1.0}, r"input_rate must lie in \[0, 1\); got 1.0"),
        ({"weight_decay__rate": -1}, "rate must be at least 0, or None; got -1"),
        ({"initializer__biases": "unheard"}, "Unknown bias_initializer 'unheard'"),
        ({"initializer__biases__x": 1}, "Invalid parameter 'x' for ZeroBiases"),
    ],
)
def test_a_field_that_an_option_has_not_is_refused(estimator, change, message):
    with pytest.raises(ValueError, match=message):
        estimator().set_params(**change)


@each_class
def test_a_shared_instance_and_the_registry_stay_as_they_are(estimator):
    shared = Adam()
    one, other = estimator(solver=shared), estimator(solver=shared)
    by_name = estimator(activation="leaky_relu")
    one.set_params(solver__beta_1=0.5)
    by_name.set_params(activation__negative_slope=0.5)
    assert one.solver == Adam(beta_1=0.5)
    assert shared == other.solver == OPTIMIZERS["adam"] == Adam()
    assert ACTIVATIONS["leaky_relu"] == LeakyReLU()


@each_class
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"solver__beta_3": 1}, r"Invalid parameter 'beta_3' for Adam\(.*'beta_1'"),
        ({"solver__beta_1__x": 1}, "Invalid parameter 'beta_1__x'"),
        ({"solver__beta_1": 2.0}, r"beta_1 must lie in \[0, 1\); got 2.0"),
        ({"solvers__beta_1": 1}, "Invalid parameter 'solvers' for BPNet"),
        ({"solvers": 1}, "Invalid parameter 'solvers' for BPNet"),
        ({"solver__": 1}, "Invalid parameter 'solver' for BPNet"),
        ({"alpha__x": 1}, "Invalid parameter 'alpha' for BPNet"),
        ({"learning_rate__x": 1}, r"Invalid parameter 'x' for Cosine\("),
    ],
)
def test_what_is_no_parameter_is_refused(estimator, change, message):
    with pytest.raises(ValueError, match=message):
        estimator().set_params(**change)


def test_a_list_of_activations_has_no_nested_parameters():
    model = BPNetClassifier(activation=["relu"])
    with pytest.raises(ValueError, match="Invalid parameter 'activation'"):
        model.set_params(activation__negative_slope=0.1)


@pytest.mark.parametrize(
    "instance",
    [*OPTIMIZERS.values(), *SCHEDULES.values(), *ACTIVATIONS.values()],
    ids=str,
)
def test_every_instance_is_cloned_and_pickled_whole(instance):
    model = clone(BPNetClassifier(solver=instance))  # clone asks for no meaning
    assert model.solver == instance
    assert pickle.loads(pickle.dumps(instance)) == instance
    assert instance.with_params() == instance
    assert instance.with_params(**instance.get_params(deep=False)) == instance


def test_a_user_defined_class_is_cloned_whatever_its_constructor():
    class Mine(Optimizer):
        def __init__(self, *numbers):
            self.numbers = numbers

        def start(self, theta):
            return {}

        def step(self, theta, gradient, state, learning_rate):
            theta -= learning_rate * gradient

    twin = clone(BPNetClassifier(solver=Mine(1, 2)))
    assert twin.solver.numbers == (1, 2)
    assert BPNetClassifier(solver=Mine(1, 2)).get_params()["solver"].numbers == (1, 2)


def test_a_grid_of_nested_parameters_is_searched(iris):
    X, y = iris
    pipe = make_pipeline(
        StandardScaler(), BPNetClassifier((4,), max_iter=5, random_state=0)
    )
    search = GridSearchCV(
        pipe,
        [
            {
                "bpnetclassifier__solver": [SGD(), SGD(nesterov=False)],
                "bpnetclassifier__solver__momentum": [0.0, 0.9],
            },
            {"bpnetclassifier__learning_rate__power_t": [0.1, 0.9],
             "bpnetclassifier__learning_rate": ["invscaling"]},
        ],
        cv=2,
        n_jobs=2,
    ).fit(X, y)  # fmt: skip
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 6
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 2


@each_class
def test_fields_of_options_are_searched(estimator, iris):
    X, y = iris
    fixed = estimator((4,), max_iter=5, batch_size=32, random_state=0)
    search = GridSearchCV(
        fixed.set_params(early_stopping=True, dropout=0.2),
        {
            "dropout__input_rate": [0.0, 0.3],
            "dropout__schedule": ["constant", "flat_cosine"],
            "early_stopping__ties": ["first", "last"],
            "initializer__biases": ["zeros", "normal"],
            "weight_decay__schedule": ["cosine"],
            "weight_decay": [0.1],
        },
        cv=2,
        n_jobs=2,
    ).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 16
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 4
    best = search.best_estimator_
    assert best.dropout.schedule == search.best_params_["dropout__schedule"]
    assert best.weight_decay == WeightDecay(0.1, "cosine")


def test_a_random_search_draws_nested_parameters(iris):
    X, y = iris
    search = RandomizedSearchCV(
        BPNetClassifier((4,), max_iter=5, random_state=0),
        {
            "solver": [Adam(), "adam", "nadam"],
            "solver__beta_1": uniform(0.5, 0.4),
            "learning_rate": ["cosine", Warmup("cosine", 2)],
        },
        n_iter=5,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert 0.5 <= search.best_estimator_.solver.beta_1 <= 0.9
    assert search.best_estimator_.solver.beta_1 == search.best_params_["solver__beta_1"]
