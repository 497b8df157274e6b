"""What is public has types, and they are declared where the constructor has them."""

import inspect
from typing import get_type_hints

import pytest

import sklearn_bpnet
from sklearn_bpnet import (
    BPNetClassifier,
    BPNetRegressor,
    inspection,
    options,
    recipes,
)
from sklearn_bpnet._declarations import Declarations

BOTH = [BPNetClassifier, BPNetRegressor]
each_class = pytest.mark.parametrize("estimator", BOTH)
MODULES = [sklearn_bpnet, inspection, options, recipes]
if hasattr(BPNetClassifier, "set_callbacks"):  # scikit-learn 1.9 and later
    from sklearn_bpnet import callbacks

    MODULES.append(callbacks)


def functions(owner, prefix):
    """The public functions of a module or class of the package, by dotted name."""
    for name, member in inspect.getmembers(owner):
        name = f"{prefix}.{name}"
        if name.rsplit(".", 1)[1].startswith("_") or isinstance(member, type):
            continue
        member = inspect.unwrap(getattr(member, "__func__", member))
        if inspect.isfunction(member) and member.__module__.startswith("sklearn_bpnet"):
            yield name, member


def public():
    for module in MODULES:
        yield from functions(module, module.__name__)
        for name, member in inspect.getmembers(module, inspect.isclass):
            if not name.startswith("_") and "sklearn_bpnet" in member.__module__:
                yield from functions(member, name)


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_says_the_types_of_all_it_takes_and_returns(name):
    function = PUBLIC[name]
    names = list(inspect.signature(function).parameters)
    hints = set(function.__annotations__)
    itself = {"self", "cls"}
    assert {*names, "return"} - itself == hints - itself


def test_the_search_finds_functions_and_methods():
    assert {
        "sklearn_bpnet.empirical_risk",
        "sklearn_bpnet.inspection.find_learning_rate",
        "BPNetClassifier.fit",
        "BPNetClassifier.from_weights",
        "BPNetRegressor.predict",
    } <= set(PUBLIC)


@each_class
def test_the_declared_type_of_a_parameter_is_that_of_the_constructor(estimator):
    declared = Declarations.__annotations__
    given = estimator.__init__.__annotations__
    for name in inspect.signature(estimator).parameters:
        assert name in given
        assert declared.get(name, given[name]) == given[name]


@each_class
def test_every_documented_attribute_is_declared(estimator):
    docstring = inspect.getdoc(estimator)
    section = docstring.split("Attributes\n----------\n")[1].split("\nSee Also\n")[0]
    heads = [line for line in section.splitlines() if line[:1].strip()]
    names = [name for head in heads for name in head.split(" : ")[0].split(", ")]
    declared = get_type_hints(estimator)
    properties = {"feature_importances_"}
    assert len(names) > 25
    assert set(names) <= declared.keys() | properties
    fitted = {name for name in declared if name.endswith("_")} - {"_state"}
    assert fitted == set(names) - properties
