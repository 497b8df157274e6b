import re

import pytest

from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    SELU,
    Ascending,
    LeakyReLU,
    Mixed,
    Sigmoid,
)
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, PBLD
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    Hull,
    VarianceScaling,
)
from sklearn_bpnet.net.losses import LOSSES, LogLoss, Quantile
from sklearn_bpnet.net.registry import class_of, kind_and_class
from sklearn_bpnet.net.targets import TARGET_ENCODINGS, OneHot
from sklearn_bpnet.training.optimizers import OPTIMIZERS
from sklearn_bpnet.training.schedules import SCHEDULES

REGISTRIES = [
    ACTIVATIONS,
    LOSSES,
    INITIALIZERS,
    BIAS_INITIALIZERS,
    NUMERIC_EMBEDDINGS,
    TARGET_ENCODINGS,
    OPTIMIZERS,
    SCHEDULES,
]
every_registry = pytest.mark.parametrize("registry", REGISTRIES, ids=lambda r: r.kind)


@every_registry
def test_a_name_resolves_to_its_entry_and_an_instance_to_itself(registry):
    for name, entry in registry.items():
        assert isinstance(entry, registry.base)
        assert registry.resolve(name) is entry
        assert registry.resolve(entry) is entry


@every_registry
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(registry):
    with pytest.raises(ValueError, match="'no such thing'") as error:
        registry.resolve("no such thing")
    message = str(error.value)
    assert registry.kind in message
    for name in registry:
        assert re.search(rf"\b{name}\b", message)


@every_registry
@pytest.mark.parametrize("spec", [None, 3, ["relu"]], ids=repr)
def test_what_is_neither_name_nor_instance_is_a_type_error(registry, spec):
    with pytest.raises(TypeError, match=registry.kind) as error:
        registry.resolve(spec)
    assert repr(spec) in str(error.value)
    assert registry.base.__name__ in str(error.value)


@every_registry
def test_the_class_instead_of_an_instance_is_a_type_error(registry):
    entry = next(iter(registry.values()))
    with pytest.raises(TypeError, match="instance of"):
        registry.resolve(type(entry))


@every_registry
def test_the_name_of_an_entry_resolves_to_an_equal_entry(registry):
    for entry in registry.values():
        assert registry.resolve(registry.name_of(entry)) == entry


def test_the_first_name_of_two_is_scikit_learns():
    assert ACTIVATIONS.name_of(Sigmoid()) == "logistic"


def test_an_unregistered_instance_is_called_by_its_class():
    assert ACTIVATIONS.name_of(LeakyReLU(0.2)) == "LeakyReLU"
    assert ACTIVATIONS.name_of(LeakyReLU()) == "leaky_relu"


@every_registry
def test_entries_are_immutable_values(registry):
    for entry in registry.values():
        assert hash(entry) == hash(entry)
        with pytest.raises(AttributeError):
            entry.new_attribute = 1


# Kind and class name, and the way back

INSTANCES = [
    ("activation", Mixed(SELU(), 0.5), Mixed),
    ("activation", Ascending(3), Ascending),
    ("loss", LogLoss(label_smoothing=0.1), LogLoss),
    ("loss", Quantile((0.1, 0.9)), Quantile),
    ("initializer", VarianceScaling(1.5, "in"), VarianceScaling),
    ("bias_initializer", Hull(2), Hull),
    ("numeric_embedding", PBLD(3, 3), PBLD),
    ("target_encoding", OneHot(), OneHot),
]


@pytest.mark.parametrize(("kind", "instance", "cls"), INSTANCES, ids=repr)
def test_kind_and_class_name_lead_back_to_the_class(kind, instance, cls):
    assert kind_and_class(instance) == (kind, cls.__name__)
    assert class_of(kind, cls.__name__) is cls


@every_registry
def test_every_entry_has_a_kind_and_a_class(registry):
    for entry in registry.values():
        kind, name = kind_and_class(entry)
        assert kind == registry.kind
        assert class_of(kind, name) is type(entry)


class UserDefined(Sigmoid):
    pass


def test_a_user_defined_class_is_not_found():
    with pytest.raises(ValueError, match="UserDefined is not a class of sklearn_bpnet"):
        kind_and_class(UserDefined())
    with pytest.raises(ValueError, match="has no activation class 'UserDefined'"):
        class_of("activation", "UserDefined")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("activation", "LogLoss", "has no activation class 'LogLoss'"),
        ("activation", "Activation", "has no activation class"),  # abstract
        ("no kind", "LogLoss", "Unknown kind 'no kind'. Known: activation, "),
    ],
)
def test_an_unknown_kind_or_class_is_an_error(kind, name, message):
    with pytest.raises(ValueError, match=message):
        class_of(kind, name)


def test_what_has_no_registry_has_no_kind():
    with pytest.raises(ValueError, match=r"builtins\.int is not a class"):
        kind_and_class(3)
