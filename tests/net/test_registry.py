import re

import pytest

from sklearn_bpnet.net.activations import ACTIVATIONS, LeakyReLU, Sigmoid
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.initializers import BIAS_INITIALIZERS, INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.training.optimizers import OPTIMIZERS
from sklearn_bpnet.training.schedules import SCHEDULES

REGISTRIES = [
    ACTIVATIONS,
    LOSSES,
    INITIALIZERS,
    BIAS_INITIALIZERS,
    NUMERIC_EMBEDDINGS,
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
