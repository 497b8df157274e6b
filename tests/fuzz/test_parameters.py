"""Valid parameters in any combination, on small and hostile data."""

from importlib.util import find_spec
from inspect import signature

import numpy as np
import pytest
from hypothesis import strategies as st

from fuzz.cases import fuzz
from fuzz.rules import Call, Case, check
from fuzz.strategies_parameters import ALWAYS, ESTIMATORS, PARAMETERS, estimators
from fuzz.strategies_tables import inputs, part, tables
from sklearn_bpnet import config_context

TASKS = tuple(ESTIMATORS)


@pytest.mark.parametrize("task", TASKS)
def test_every_parameter_of_the_constructor_is_drawn(task):
    parameters = set(signature(ESTIMATORS[task]).parameters)
    assert parameters <= set(PARAMETERS) | ALWAYS


@st.composite
def cases(draw, task, models=None):
    """An estimator, and a way to train it on a table."""
    model = draw(estimators(task) if models is None else models)
    table = draw(tables(task))
    n = table.X.shape[0]
    arguments = dict(vars(table))
    way = draw(st.sampled_from(["fit", "fit", "X_val", "partial_fit", "again"]))
    if way == "X_val" or (way == "partial_fit" and draw(st.booleans())):
        rows = np.arange(0, n, draw(st.sampled_from([1, 2, 3])))
        other = part(table, rows)
        arguments |= {"X_val": other.X, "y_val": other.y}
        if draw(st.booleans()):
            arguments["sample_weight_val"] = other.sample_weight
    calls = [Call("fit", arguments)]
    if way == "partial_fit" and hasattr(model, "partial_fit"):
        if task == "classification":
            arguments["classes"] = _classes(table.y)
        calls = [Call("partial_fit", arguments)] * draw(st.integers(1, 3))
        if draw(st.booleans()):
            rest = {k: v for k, v in arguments.items() if k != "classes"}
            calls.insert(draw(st.integers(0, 1)), Call("fit", rest))
    elif way == "again":
        calls.append(Call("fit", arguments))
    others = draw(st.lists(inputs(3, table.X.shape[1]), max_size=2))
    return Case(model, calls, others)


def _classes(y):
    if y.ndim == 1:
        return np.unique(y)
    if y.dtype.kind in "OU":
        return [np.unique(column.tolist()) for column in y.T]
    return np.arange(y.shape[1])


@fuzz(150, case=cases("classification"))
def test_classifiers_of_any_parameters_keep_the_rule(case):
    with config_context(compiled=False):
        check(case)


@fuzz(150, case=cases("regression"))
def test_regressors_of_any_parameters_keep_the_rule(case):
    with config_context(compiled=False):
        check(case)


# The compiled epoch: one set of types, so that it is compiled once

COMPILED = {"dtype": "float32", "batch_size": 4, "max_iter": 3, "random_state": 0}


@st.composite
def compiled_models(draw, task):
    """An estimator whose parameters select no other compiled code."""
    values = {
        "hidden_layer_sizes": (3,),
        "learning_rate_init": draw(st.sampled_from(["auto", 1.0, 1e10])),
        "alpha": draw(st.sampled_from(["auto", 0.0, 1.0])),
        "early_stopping": draw(st.booleans()),
        "n_members": draw(st.sampled_from([1, 2])),
        "warm_start": draw(st.booleans()),
    }
    return ESTIMATORS[task](**(COMPILED | values))


@pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
@fuzz(25, case=st.sampled_from(TASKS).flatmap(lambda t: cases(t, compiled_models(t))))
def test_compiled_epochs_keep_the_rule(case):
    with config_context(compiled=True):
        check(case)
