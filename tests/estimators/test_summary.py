"""The summary of a fitted estimator: what it states is true of the estimator."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_bpnet import BPNetClassifier, BPNetRegressor

FEW = {"max_iter": 2, "random_state": 0}


def n_parameters(estimator):
    """All numbers in the attributes that show the arrays of the network."""
    names = (
        "coefs_", "intercepts_", "activation_weights_", "embedding_weights_",
        "categorical_embeddings_", "learned_input_scale_", "member_scale_",
    )  # fmt: skip
    total = 0
    for name in names:
        shown = getattr(estimator, name, [])
        arrays = shown if isinstance(shown, list) else [shown]
        total += sum(a.size for a in arrays if a is not None)
    return total


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"hidden_layer_sizes": ()},
        {"activation": "prelu", "dropout": 0.1},
        {"numeric_embedding": "pbld", "learned_input_scale": True},
        {"shared_members": 3},
    ],
    ids=str,
)
def test_the_numbers_of_parameters_are_those_of_the_attributes(iris, settings):
    clf = BPNetClassifier(**({"hidden_layer_sizes": (8, 5)} | settings), **FEW)
    summary = clf.fit(*iris).summary()
    counts = [int(row[3].replace(",", "")) for row in summary.blocks]
    total = n_parameters(clf)
    assert sum(counts) == total
    assert summary.facts["Parameters"].startswith(f"{total:,} in {clf.coefs_[0].dtype}")
    layers = [row for row in summary.blocks if row[2]]
    shapes = [" x ".join(map(str, W.shape)) for W in clf.coefs_]
    assert [row[2] for row in layers] == shapes
    hidden = [f"hidden layer {i}" for i in range(1, clf.n_layers_ - 1)]
    assert [row[0] for row in layers] == [*hidden, "output"]
    assert layers[-1][4] == clf.out_activation_


def test_an_ensemble_has_the_parameters_of_all_members(iris):
    clf = BPNetClassifier((3,), n_members=2, shared_members=4, **FEW).fit(*iris)
    facts = clf.summary().facts
    each = n_parameters(clf.estimators_[0])
    assert facts["Parameters"].startswith(f"{2 * each:,} in")
    assert facts["Members"] == f"2 networks, {each:,} parameters each"
    assert facts["Shared members"] == "4 in every network"
    assert facts["Training"].startswith("n_iter_=2, ")


def test_what_auto_stands_for_is_named(iris):
    reg = BPNetRegressor(**FEW).fit(*iris)
    chosen = reg.summary().facts["Chosen"]
    assert f"batch_size={reg.plan_['batch_size']}" in chosen
    assert f"hidden_layer_sizes={reg.plan_['hidden_layer_sizes']}" in chosen
    assert "max_iter" not in chosen
    given = reg.set_params(batch_size=10).fit(*iris)
    assert "batch_size" not in given.summary().facts["Chosen"]


def test_text_and_html_say_the_same(iris):
    summary = BPNetClassifier((8, 5), **FEW).fit(*iris).summary()
    text, html = str(summary), summary._repr_html_()
    assert repr(summary) == text
    assert max(map(len, text.splitlines())) <= 88
    cells = [cell for row in summary.blocks for cell in row if cell]
    for cell in [*cells, *summary.facts, summary.title]:
        assert cell in text
        assert cell in html
    assert re.sub(r"\s+", " ", summary.facts["Chosen"]) in re.sub(r"\s+", " ", text)


def test_categories_are_counted():
    pd = pytest.importorskip("pandas")
    kinds = pd.Categorical(np.arange(40) % 2)
    frame = pd.DataFrame({"a": np.arange(40.0), "kind": kinds})
    reg = BPNetRegressor((3,), **FEW).fit(frame, frame["a"])
    expected = "BPNetRegressor: 2 features (1 categorical), 1 output unit"
    assert reg.summary().title == expected


def test_a_single_class_and_an_unfitted_estimator(iris):
    clf = BPNetClassifier((3,))
    with pytest.raises(NotFittedError):
        clf.summary()
    assert "n_iter_=0" in str(clf.fit(iris[0], np.zeros(150)).summary())
