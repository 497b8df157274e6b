"""D.1: the practical assignment as a notebook, and its solved copy."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "homework"


@pytest.fixture(autouse=True)
def no_window():
    """The notebooks draw."""
    pytest.importorskip("matplotlib").use("agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    plt.close("all")


def cells(name):
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    return notebook["cells"]


def source(cell):
    return "".join(cell["source"])


def is_task(cell):
    return "task" in cell["metadata"].get("tags", ())


def run(name, change=lambda text: text):
    """Run the code cells in one namespace, as a kernel would."""
    namespace = {}
    for cell in cells(name):
        if cell["cell_type"] == "code":
            text = change(source(cell)) if is_task(cell) else source(cell)
            exec(compile(text, f"{name}: {cell['id']}", "exec"), namespace)
    return namespace


def test_the_solved_copy_passes_every_check(capsys):
    namespace = run("practical_assignment_solved")
    assert namespace["accuracy"] > 0.93
    printed = capsys.readouterr().out
    assert printed.count(": right") == 16
    assert "70 of 1510 parameters checked, largest relative error" in printed


def test_the_two_copies_differ_in_the_tasks_alone():
    blank, solved = cells("practical_assignment"), cells("practical_assignment_solved")
    assert len(blank) == len(solved)
    for ours, theirs in zip(blank, solved, strict=True):
        assert is_task(ours) == is_task(theirs)
        assert (source(ours) != source(theirs)) == is_task(ours)
        if is_task(ours) and ours["cell_type"] == "code":
            assert "raise NotImplementedError" in source(ours)
        assert not ours.get("outputs")
    assert sum(map(is_task, blank)) == 5


def test_what_is_not_filled_in_says_so():
    with pytest.raises(NotImplementedError):
        run("practical_assignment")


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        (
            "A1 = sigmoid(X @ W1 + b1)",
            "A1 = sigmoid(X @ W1)+ 1e-3",
            r"A1 is wrong. Hint: sigmoid of X @ W1 \+ b1",
        ),
        ("(A2 - Y) / len(Y)", "(A2 - Y)", "D2 is wrong. Hint: A2 - Y, divided by"),
        ("* A1 * (1 - A1)", "* (1 - A1)", "D1 is wrong. Hint: D2 @ W2.T, times"),
        (
            "X.T @ D1",
            "D1.T @ X",
            r"dW1 is wrong: its shape is \(20, 64\), .* \(64, 20\)",
        ),
        (
            "W - learning_rate * dW",
            "W + learning_rate * dW",
            "W1 is wrong. Hint: against the gradient",
        ),
    ],
)
def test_the_checks_find_mistakes(right, wrong, what):
    with pytest.raises(AssertionError, match=what):
        run("practical_assignment_solved", lambda text: text.replace(right, wrong))
