"""One order of the parameters everywhere, and one text where both estimators agree."""

import inspect
import re
from pathlib import Path

import pytest
from sklearn import config_context

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "parameters.rst"
BOTH = {BPNetClassifier: "classifier", BPNetRegressor: "regressor"}
each_class = pytest.mark.parametrize("estimator", BOTH)
TOPICS = [
    "Network",
    "Loss and penalty",
    "Optimisation",
    "Schedule",
    "Stopping and validation",
    "Data and scaling",
    "Ensemble",
    "Output",
]
needs_guide = pytest.mark.skipif(
    not GUIDE.exists(), reason="the guide is not part of a source distribution"
)


def parameters(estimator):
    return inspect.signature(estimator).parameters


def guide():
    """(topic, parameter, whose it is alone, defaults) of every line of the tables."""
    text = GUIDE.read_text(encoding="utf-8")
    parts = re.split(r"^(.+)\n-+\n", text, flags=re.MULTILINE)[1:]
    for topic, part in zip(parts[::2], parts[1::2], strict=True):
        rows = re.findall(
            r"\* - ``(\w+)``(?: \((\w+)\))?\n     - (.+)\n     - \S", part
        )
        assert rows
        for name, task, defaults in rows:
            yield topic, name, task, re.findall("``(.+?)``", defaults)


@each_class
def test_there_are_no_more_parameters_than_a_person_can_survey(estimator):
    assert len(parameters(estimator)) <= 50


@needs_guide
@each_class
def test_the_guide_has_every_parameter_in_the_order_of_the_constructor(estimator):
    rows = [row for row in guide() if row[2] in ("", BOTH[estimator])]
    assert [name for _, name, *_ in rows] == list(parameters(estimator))
    assert list(dict.fromkeys(topic for topic, *_ in rows)) == TOPICS


@needs_guide
@each_class
def test_the_guide_has_the_default_of_every_parameter(estimator):
    for _, name, task, defaults in guide():
        if task in ("", BOTH[estimator]):
            default = defaults[-1 if estimator is BPNetRegressor else 0]
            assert eval(default) == parameters(estimator)[name].default, name


@each_class
def test_the_checks_of_the_values_have_the_order_of_the_constructor(estimator):
    assert list(estimator._parameter_constraints) == list(parameters(estimator))


@each_class
def test_the_constructor_stores_in_the_order_of_its_signature(estimator):
    assert list(vars(estimator())) == list(parameters(estimator))


# Texts that both share


def entries(docstring, section):
    """The entries of a section of a numpydoc docstring, by what they describe."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", docstring, flags=re.MULTILINE)
    text = dict(zip(parts[1::2], parts[2::2], strict=True))[section]
    found = re.split(r"^(?=[\w, *]+ : )", text, flags=re.MULTILINE)
    return {entry.partition(" : ")[0]: entry.strip() for entry in found if entry}


@pytest.mark.parametrize("section", ["Parameters", "Attributes"])
def test_what_both_estimators_have_is_described_in_the_same_words(section):
    one, other = (entries(inspect.getdoc(e), section) for e in BOTH)
    shared = one.keys() & other.keys() - {"loss"}
    assert len(shared) > 20
    for name in shared:
        assert one[name] == other[name]


def public_methods(estimator):
    return {
        name: member
        for name, member in vars(estimator).items()
        if not name.startswith("_") and not name.startswith("set_")
    }


def test_methods_that_both_define_describe_their_shared_arguments_alike():
    one, other = map(public_methods, BOTH)
    shared = {"partial_fit", "predict", "from_weights", "fit", "score"}
    for name in shared:
        ours, theirs = (inspect.getdoc(getattr(e, name)) for e in BOTH)
        mine, yours = entries(ours, "Parameters"), entries(theirs, "Parameters")
        for argument in mine.keys() & yours.keys():
            assert mine[argument] == yours[argument], (name, argument)
    assert one.keys() & other.keys() == {"from_weights", "predict", "score"}


@each_class
def test_repr_shows_what_was_set_in_the_order_of_the_constructor(estimator):
    def names_in(text):
        return re.findall(r"(?<=[( ])(\w+)=", text)

    model = estimator(random_state=0, solver="sgd", hidden_layer_sizes=(5,), alpha=0.1)
    assert repr(estimator()) == f"{estimator.__name__}()"
    assert names_in(repr(model)) == [
        "hidden_layer_sizes",
        "alpha",
        "solver",
        "random_state",
    ]
    with config_context(print_changed_only=False):
        assert names_in(repr(model)) == list(inspect.signature(estimator).parameters)
    twin = eval(repr(model), {estimator.__name__: estimator})
    assert twin.get_params() == model.get_params()
