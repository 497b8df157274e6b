"""What pickle is given, and models of other versions of the package."""

import copy
import json
import pickle
import re

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor
from sklearn_bpnet.training.optimizers import Adam

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), np.arange(40) % 3


@pytest.fixture(scope="module")
def clf():
    model = BPNetClassifier((4,), solver=Adam(0.8), max_iter=2, random_state=0)
    return model.fit(X, Y)


def restored(state):
    model = BPNetClassifier.__new__(BPNetClassifier)
    model.__setstate__(state)
    return model


def edited(clf, edit):
    """The state of a model whose JSON form is changed by ``edit``."""
    state = clf.__getstate__()
    content = json.loads(state["content"])
    edit(dict(content["dict"]), content["dict"])
    return state | {"content": json.dumps(content)}


def test_the_state_has_nothing_of_this_package(clf):
    state = clf.__getstate__()
    assert {type(value) for value in state["values"]} == {np.ndarray}
    assert "sklearn_bpnet." not in state["content"]  # no module


def test_arrays_are_stored_once(clf):
    n = sum(array.size for array in clf.coefs_)
    arrays = clf.__getstate__()["values"]
    assert sum(a.size for a in arrays if a.ndim == 2) == n
    again = restored(clf.__getstate__())
    assert again._fitted.networks[0].attributes["coefs_"][0] is again.coefs_[0]
    assert again._fitted.state is again._fitted.networks[0].state


CONTINUED = {  # parameters, and how many vectors the optimiser keeps
    "sgd": ({"solver": "sgd"}, 1),
    "adam": ({}, 2),
    "early stopping": ({"early_stopping": True}, 2),
    "averages": ({"ema_decay": 0.9}, 2),
    "shared": ({"early_stopping": True, "shared_members": 2}, 2),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("parameters", "n"), CONTINUED.values(), ids=CONTINUED)
def test_weights_that_the_state_repeats_are_stored_once(parameters, n):
    parameters = {"max_iter": 12, "warm_start": True, "random_state": 0} | parameters
    model = BPNetClassifier((30,), **parameters, learning_rate_init=0.05).fit(X, Y)
    n_parameters = model._fitted.networks[0].network.n_parameters
    state = model._fitted.networks[0].state
    if state.theta is not None:  # the last weights, if they are not those that are kept
        n += not np.array_equal(state.theta, state.kept)
    again = restored(model.__getstate__())
    vectors = [a for a in model.__getstate__()["values"] if a.size == n_parameters]
    assert len(vectors) == n
    for one in (model, again):
        one.fit(X, Y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.loss_curve_, model.loss_curve_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_weights_that_were_edited_are_stored_as_they_are():
    model = BPNetClassifier((4,), max_iter=2, warm_start=True, early_stopping=True)
    model.fit(X, Y)
    kept = model._fitted.networks[0].state.kept.copy()
    model.coefs_[0][:] = 1
    again = restored(model.__getstate__())
    np.testing.assert_array_equal(again._fitted.networks[0].state.kept, kept)
    assert again.coefs_[0].min() == 1


def test_values_keep_their_types():
    objects = np.array([["a", None], [1.5, True]], dtype=object)
    given = {
        "numbers": (np.float32(0.1), np.int64(3), np.bool_(True), float("inf")),
        "nested": {1: [None, (2,)], ("a", 2): {}},
        "objects": objects,
        "function": len,
    }
    model = BPNetRegressor()
    vars(model).update(given)
    again = pickle.loads(pickle.dumps(model))
    for name, value in given.items():
        found = getattr(again, name)
        assert repr(found) == repr(value)
    assert [type(n) for n in again.numbers] == [np.float32, np.int64, np.bool_, float]


def test_a_shallow_copy_shares_the_arrays_and_a_deep_one_does_not(clf):
    assert copy.copy(clf).coefs_[0] is clf.coefs_[0]
    deep = copy.deepcopy(clf)
    deep.coefs_[0][:] = 0
    assert clf.coefs_[0].any()
    np.testing.assert_array_equal(copy.copy(clf).predict(X), clf.predict(X))


def test_another_version_is_a_warning(clf):
    state = clf.__getstate__() | {"sklearn_bpnet_version": "0.0.9"}
    with pytest.warns(InconsistentVersionWarning, match=r"0\.0\.9 of sklearn_bpnet"):
        again = restored(state)
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def test_what_a_later_version_adds_has_its_default(clf):
    def edit(attributes, items):
        items[:] = [item for item in items if item[0] not in ("tol", "record")]
        _, _, fitted = attributes["_fitted"]["instance"]
        del fitted["temperature"]

    again = restored(edited(clf, edit))
    assert again.get_params() == clf.get_params()
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def remove_task(attributes, items):
    del attributes["_fitted"]["instance"][2]["task"]


def add_field(attributes, items):
    attributes["_fitted"]["instance"][2]["mood"] = 1


def unknown_class(attributes, items):
    attributes["solver"]["instance"][1] = "Nadir"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (remove_task, "Fitted has other fields: task"),
        (add_field, "Fitted has other fields: mood"),
        (unknown_class, "no solver class 'Nadir'"),
    ],
)
def test_one_sentence_says_why_a_model_cannot_be_read(clf, edit, reason):
    state = edited(clf, edit) | {"sklearn_bpnet_version": "9.0"}
    now = re.escape(sklearn_bpnet.__version__)
    message = f"was saved by sklearn_bpnet 9.0; this is version {now}.*{reason}"
    with pytest.raises(ValueError, match=message):
        restored(state)


def test_another_format_is_refused(clf):
    with pytest.raises(ValueError, match="its format is 99, not 1"):
        restored(clf.__getstate__() | {"format": 99})
    with pytest.raises(ValueError, match=r"before 0\.1.*its format is None"):
        restored(vars(clf))
