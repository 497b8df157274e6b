"""The gallery's examples of the lecture run, and say what their text says."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_perceptron(run_example, capsys):
    example = run_example("perceptron")
    printed = capsys.readouterr().out
    assert example["endless"].stop_reason_ == "max_iter"
    assert example["solved"] >= 95
    assert "The slide's weights on XOR: [0 1 1 0]" in printed


def test_target_encodings(run_example):
    fitted, X, y = (run_example("target_encodings")[k] for k in ("fitted", "X", "y"))
    scores = {name: clf.score(X, y) for name, clf in fitted.items()}
    assert scores["ordinal"] < scores["binary"] < scores["one-hot"]


def test_backpropagation(run_example, capsys):
    run_example("backpropagation")
    printed = capsys.readouterr().out
    assert printed.count("True") == 6
    assert "False" not in printed


def test_check_gradient(run_example, capsys):
    example = run_example("check_gradient")
    assert example["n_parameters"][-1] > 38_000
    printed = capsys.readouterr().out
    assert "606 of 606 parameters checked, largest relative error" in printed
    assert "layer 2 is the topmost that is off" in printed


def test_saturation(run_example):
    curves = run_example("saturation")["curves"]
    epochs = {name: np.sum(answers > 0.1) for name, answers in curves.items()}
    assert epochs["quadratic loss"] > 3 * epochs["cross-entropy"]


def test_training_methods(run_example):
    example = run_example("training_methods")
    for name in ("Rprop", "Conjugate gradients"):
        last = example["paths"][name][-1]
        assert example["J"].value(last) - example["lowest"] < 1e-5


def test_cross_entropy(run_example):
    example = run_example("cross_entropy")
    apart = np.array(example["losses"]) - example["divergences"]
    expected = example["entropy"](example["P"]).mean()
    np.testing.assert_allclose(apart, expected, rtol=1e-10)
    assert example["divergences"][-1] < example["divergences"][0]


def test_better_and_faster(run_example, capsys):
    run_example("better_and_faster")
    accuracy = {
        line.split("test accuracy")[0].strip(): float(line.split()[-1])
        for line in capsys.readouterr().out.splitlines()
    }
    assert accuracy["zeros"] < accuracy["normal, std 1"] < accuracy["Glorot"]
    assert accuracy["quadratic, sigmoids"] < accuracy["cross-entropy, sigmoids"]
    assert accuracy["SGD"] < min(accuracy["momentum"], accuracy["Adam"])
