"""Options: what belongs to a parameter beside its main value."""

import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.net.initializers import NormalBiases, Orthogonal, Zeros
from sklearn_bpnet.options import (
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    WeightDecay,
)
from sklearn_bpnet.training.schedules import FlatCosine

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
OPTIONS = [
    Dropout((0.1, 0.2), 0.3, FlatCosine(0.2)),
    WeightDecay(0.1, "cosine"),
    EarlyStopping("last"),
    Initialization("orthogonal", NormalBiases(0.1), "zeros"),
    MemberFolds(5, refit=True),
]


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_an_option_is_a_value(option):
    field = next(iter(option.get_params(deep=False)))
    with pytest.raises(FrozenInstanceError):
        setattr(option, field, None)
    for copy in (clone(option), deepcopy(option), pickle.loads(pickle.dumps(option))):
        assert copy == option
        assert hash(copy) == hash(option)
    assert (
        eval(
            repr(option),
            globals() | {"FlatCosine": FlatCosine},
        )
        == option
    )


@each_class
@pytest.mark.parametrize(
    ("plain", "option"),
    [
        ({"dropout": 0.3}, {"dropout": Dropout(0.3)}),
        ({"dropout": [0.3, 0.1]}, {"dropout": Dropout(np.array([0.3, 0.1]))}),
        ({"weight_decay": 3.0}, {"weight_decay": WeightDecay(3.0)}),
        ({"weight_decay": None}, {"weight_decay": WeightDecay()}),
        ({"initializer": "orthogonal"}, {"initializer": Initialization("orthogonal")}),
        ({"initializer": Orthogonal()}, {"initializer": Initialization(Orthogonal())}),
        ({"early_stopping": True}, {"early_stopping": EarlyStopping()}),
    ],
    ids=str,
)
@quietly
def test_an_option_with_defaults_is_the_plain_value(estimator, plain, option, iris):
    one, other = (
        estimator((6, 5), max_iter=3, random_state=0, **setting).fit(*iris)
        for setting in (plain, option)
    )
    for ours, theirs in zip(one.coefs_, other.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    assert one.history_.keys() == other.history_.keys()
    for name in one.history_.keys() - {"seconds"}:
        assert_array_equal(one.history_[name], other.history_[name])


@each_class
def test_options_at_their_defaults_are_no_settings_without_effect(estimator, iris):
    model = estimator(  # warnings are errors here
        (4,), solver="lbfgs", dropout=Dropout(), weight_decay=WeightDecay(),
        initializer=Initialization(), max_iter=500, tol=0.1,
    )  # fmt: skip
    model.fit(*iris)


@each_class
@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"dropout": Dropout(0.3)}, r"^dropout__rate=0\.3 has no effect"),
        (
            {"dropout": Dropout(0.3, 0.1, "cosine")},
            r"^dropout__rate=0\.3, dropout__input_rate=0\.1, "
            r"dropout__schedule='cosine' has no effect",
        ),
        ({"weight_decay": 0.3}, r"^weight_decay=0\.3 has no effect"),
        ({"weight_decay": WeightDecay(0.3)}, r"^weight_decay__rate=0\.3 has no effect"),
    ],
    ids=str,
)
def test_the_warning_names_the_fields_without_effect(
    estimator, setting, expected, iris
):
    model = estimator((4,), solver="lbfgs", max_iter=500, tol=0.1, **setting)
    with pytest.warns(UserWarning, match=expected):
        model.fit(*iris)


@each_class
def test_only_the_rate_of_hidden_units_is_without_effect_in_a_linear_model(
    estimator, iris
):
    model = estimator((), dropout=Dropout(0.3, input_rate=0.1), max_iter=5)
    expected = r"^dropout__rate=0\.3 has no effect .*hidden_layer_sizes=\(\)"
    with pytest.warns(UserWarning, match=expected):
        model.fit(*iris)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1.0), r"rate must be a number in \[0, 1\), or .*; got 1.0"),
        (lambda: Dropout("much"), "rate must .*; got 'much'"),
        (lambda: Dropout([0.1, -0.1]), r"rate must .*; got \[0.1, -0.1\]"),
        (lambda: Dropout(True), "rate must .*; got True"),
        (lambda: Dropout(input_rate=-0.1), r"input_rate must lie in \[0, 1\)"),
        (lambda: Dropout(schedule="adaptive"), "schedule='adaptive' follows plateaus"),
        (lambda: Dropout(schedule="unheard"), "Unknown learning_rate 'unheard'"),
        (lambda: WeightDecay(-1.0), "rate must be at least 0, or None; got -1.0"),
        (lambda: WeightDecay(schedule="adaptive"), "follows plateaus"),
        (lambda: EarlyStopping("random"), "one of 'first', 'last', 'loss'; got 'rand"),
        (lambda: Initialization("unheard"), "Unknown initializer 'unheard'"),
        (lambda: Initialization(output="unheard"), "Unknown initializer 'unheard'"),
        (lambda: Initialization(biases="hul"), "Unknown bias_initializer 'hul'"),
    ],
)
def test_an_option_refuses_what_it_does_not_know(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [lambda: Initialization(3), lambda: Initialization(biases=Zeros())],
)
def test_an_initialisation_refuses_what_is_no_scheme(make):
    with pytest.raises(TypeError, match="must be a name or an instance"):
        make()


@each_class
@pytest.mark.parametrize("value", [None, 1.5, "yes", Dropout()], ids=str)
def test_early_stopping_is_a_truth_value_or_its_option(estimator, value, iris):
    with pytest.raises(ValueError, match="The 'early_stopping' parameter"):
        estimator(early_stopping=value).fit(*iris)
