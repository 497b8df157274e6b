"""Schedules of dropout and of weight decay."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.options import Dropout, WeightDecay
from sklearn_bpnet.training.optimizers import AdamW
from sklearn_bpnet.training.schedules import (
    Adaptive,
    Constant,
    FlatCosine,
    InverseScaling,
    Warmup,
)

quietly = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
each_class = pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
SETTINGS = {
    "dropout": {"dropout": 0.4},
    "dropout by layer": {"dropout": [0.0, 0.5]},
    "input dropout": {"dropout__input_rate": 0.4},
    "weight decay": {"weight_decay": 20.0},
    "weight decay of adamw": {"solver": AdamW(weight_decay=20.0)},
}
each_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)


def schedules(value):
    return {"dropout__schedule": value, "weight_decay__schedule": value}


def make(estimator, setting, **more):
    model = estimator((6, 5), random_state=0, max_iter=10)
    return model.set_params(**setting).set_params(**more)


def assert_same_weights(one, other):
    for ours, theirs in zip(one.coefs_, other.coefs_, strict=True):
        assert_array_equal(ours, theirs)


def parameter_of(setting):
    """The name of the parameter that is the schedule of what the setting sets."""
    is_dropout = any("dropout" in name for name in setting)
    return "dropout__schedule" if is_dropout else "weight_decay__schedule"


@quietly
@each_class
@each_setting
def test_a_step_down_to_zero_is_a_training_that_continues_without(
    estimator, setting, iris
):
    # the rows stay in order: without dropout no noise is drawn from their stream
    model = make(estimator, setting, shuffle=False, warm_start=True)
    schedule = {parameter_of(setting): lambda t: float(t < 0.5)}
    falls = clone(model).set_params(**schedule).fit(*iris)
    two_parts = clone(model).set_params(max_iter=5).fit(*iris)
    if "solver" in setting:
        two_parts.set_params(solver=AdamW(weight_decay=0.0))
    else:
        two_parts.set_params(**dict.fromkeys(setting, 0.0))
    two_parts.fit(*iris)
    assert_same_weights(falls, two_parts)
    constant = clone(model).fit(*iris)
    assert (constant.coefs_[0] != falls.coefs_[0]).any()


@quietly
@each_class
@each_setting
def test_a_constant_factor_is_another_rate(estimator, setting, iris):
    model = make(estimator, setting)
    if "solver" in setting:
        half = {"solver": AdamW(weight_decay=10.0)}
    else:
        half = {name: (np.array(v) / 2).tolist() for name, v in setting.items()}
    schedule = {parameter_of(setting): lambda t: 0.5}
    assert_same_weights(
        clone(model).set_params(**schedule).fit(*iris),
        clone(model).set_params(**half).fit(*iris),
    )


@quietly
@each_class
@each_setting
def test_a_schedule_moves_from_batch_to_batch_as_the_learning_rate_does(
    estimator, setting, iris
):
    seen = {}

    def note(name):
        def factor(t):
            return seen.setdefault(name, []).append(t) or 1.0

        return factor

    name = parameter_of(setting)
    model = make(estimator, setting, learning_rate=note("learning_rate"), max_iter=3)
    model.set_params(**{name: note(name)}, n_iter_no_change=np.inf, batch_size=50)
    model.fit(*iris)
    np.testing.assert_allclose(seen[name], np.arange(9) / 9, rtol=1e-12)
    assert set(seen[name]) <= set(seen["learning_rate"])


@quietly
@each_class
@each_setting
def test_as_many_calls_of_partial_fit_as_epochs_are_one_fit(estimator, setting, iris):
    X, y = iris
    model = make(estimator, setting, **{parameter_of(setting): "flat_cosine"})
    model.set_params(learning_rate="constant", alpha=1e-4)
    whole, steps = clone(model).fit(X, y), clone(model)
    classes = {"classes": np.unique(y)} if estimator is BPNetClassifier else {}
    for _ in range(10):
        steps.partial_fit(X, y, **classes)
    assert_same_weights(whole, steps)


@quietly
@each_class
@pytest.mark.parametrize(
    ("name", "instance"),
    [
        ("constant", Constant()),
        ("flat_cosine", FlatCosine()),
        ("invscaling", InverseScaling(0.3)),
        ("warmup", Warmup()),
    ],
)
def test_a_name_is_its_instance(estimator, name, instance, iris):
    setting = {"dropout": 0.4, "weight_decay": 10.0}
    if name == "invscaling":
        setting["power_t"] = 0.3
    by_name = make(estimator, setting, **schedules(name)).fit(*iris)
    setting.pop("power_t", None)
    by_instance = make(estimator, setting, **schedules(instance)).fit(*iris)
    assert_same_weights(by_name, by_instance)


@each_class
@pytest.mark.parametrize("parameter", schedules(None))
def test_what_waits_for_plateaus_is_refused(estimator, parameter, iris):
    setting = {"dropout": 0.4, "weight_decay": 10.0}
    for schedule in ("adaptive", "on_plateau", Adaptive(), Warmup(Adaptive())):
        with pytest.raises(ValueError, match=r"schedule=.* follows plateaus.*flat_cos"):
            make(estimator, setting, **{parameter: schedule})


@each_class
def test_a_factor_that_makes_all_units_drop_is_refused(estimator, iris):
    model = make(estimator, {"dropout": 0.4}, dropout__schedule=lambda t: 2.5)
    with pytest.raises(ValueError, match=r"makes 1 of a dropout of 0\.4.* below 1"):
        model.fit(*iris)


@quietly
@each_class
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"dropout__schedule": "cosine"}, r"dropout=Dropout\(rate=0.0"),
        (
            {"dropout__schedule": "cosine", "dropout__input_noise": 0.1},
            r"dropout=Dropout\(rate=0.0",
        ),
        ({"weight_decay__schedule": "cosine"}, r"weight_decay=WeightDecay\(rate=None"),
        (
            {"weight_decay__schedule": "cosine", "weight_decay": 0.0},
            r"weight_decay=WeightDecay\(rate=0.0",
        ),
        ({"weight_decay__schedule": "cosine", "solver": "lbfgs"}, "solver='lbfgs'"),
    ],
    ids=str,
)
def test_a_schedule_of_nothing_warns(estimator, setting, reason, iris):
    name = next(iter(setting))
    match = f"{name}='cosine'.* has no effect with .*{reason}"
    with pytest.warns(UserWarning, match=match):
        make(estimator, setting, max_iter=1).fit(*iris)


@quietly
@each_class
def test_a_schedule_of_something_does_not_warn(estimator, iris):
    setting = {"dropout": [0.0, 0.2], "weight_decay": 0.1, "power_t": 0.7}
    make(estimator, setting, max_iter=1, **schedules("invscaling")).fit(*iris)
    adamw = {"solver": "adamw", "weight_decay__schedule": "cosine"}
    make(estimator, adamw, max_iter=1).fit(*iris)
    inputs = Dropout(input_rate=0.1, schedule="cosine")
    estimator((), max_iter=1, dropout=inputs).fit(*iris)


@each_class
def test_nested_parameters_reach_into_schedules(estimator):
    model = estimator(
        dropout=Dropout(schedule="flat_cosine"),
        weight_decay=WeightDecay(schedule="cosine"),
    )
    model.set_params(dropout__schedule__flat=0.2, weight_decay__schedule__final=0.1)
    assert model.dropout.schedule == FlatCosine(0.2)
    assert model.get_params()["weight_decay__schedule__final"] == 0.1
