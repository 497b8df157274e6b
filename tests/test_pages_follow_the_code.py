"""What pages say of registries and signatures: counts, formulas, names."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, check_gradient
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS
from sklearn_bpnet.training.optimizers import OPTIMIZERS
from sklearn_bpnet.training.schedules import SCHEDULES

ROOT = Path(__file__).parents[1]
WORDS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
WORDS = dict(enumerate(WORDS.split(), 10))
N_LOSSES = WORDS[len(LOSSES)]
N_SOLVERS = len(OPTIMIZERS) + len(FULL_BATCH_SOLVERS)


def n_parameters(estimator):
    return len(inspect.signature(estimator).parameters)


COUNTS = [
    ("README.md", f"{N_LOSSES} losses"),
    ("README.md", f"| losses | {N_LOSSES}"),
    ("README.md", f"SGD, Adam, L-BFGS and {WORDS[N_SOLVERS - 3]} other solvers"),
    ("docs/guide/differences.rst", f"{N_LOSSES} by name"),
    ("docs/lecture/outputs.rst", f"all {N_LOSSES} losses"),
    (
        "docs/guide/parameters.rst",
        f"The classifier has {n_parameters(BPNetClassifier)} parameters and the "
        f"regressor {n_parameters(BPNetRegressor)}.",
    ),
]


@pytest.mark.parametrize(("page", "text"), COUNTS)
def test_what_is_counted_is_as_many(page, text):
    found = " ".join((ROOT / page).read_text(encoding="utf-8").split()).lower()
    assert text.lower() in found


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_has_its_formula_and_its_curve(name):
    formulas = (ROOT / "docs" / "mathematics.rst").read_text(encoding="utf-8")
    assert re.search(rf"~losses\.{type(LOSSES[name]).__name__}`", formulas)
    example = ROOT / "examples" / "lecture" / "plot_losses.py"
    assert f'"{name}"' in example.read_text(encoding="utf-8")


PACKAGES = {
    "net.activations": ACTIVATIONS,
    "net.losses": LOSSES,
    "net.initializers": INITIALIZERS,
    "net.blocks.embeddings": NUMERIC_EMBEDDINGS,
    "training.optimizers": OPTIMIZERS,
    "training.schedules": SCHEDULES,
}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_with_a_name_can_be_imported(package):
    module = importlib.import_module(f"sklearn_bpnet.{package}")
    classes = {type(entry) for entry in PACKAGES[package].values()}
    assert all(getattr(module, cls.__name__, None) is cls for cls in classes)


def example_of_contributing(name):
    """The object that CONTRIBUTING.md adds, defined as in the file that it names."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    before, _, code = text.partition(f"class {name}(")[0].rpartition("```python\n")
    code += text[len(before) + len("```python\n") + len(code) :].partition("```")[0]
    file = re.findall(r"`((?:net|training)/[a-z_/]+)\.py`", before)[-1]
    module = importlib.import_module(f"sklearn_bpnet.{file.replace('/', '.')}")
    namespace = dict(vars(module))
    exec(code.replace("    ...\n", ""), namespace)
    (entry,) = namespace["ENTRIES"].values()
    assert type(entry) is namespace[name]
    return entry


@pytest.mark.parametrize(
    ("parameter", "name", "others"),
    [
        ("activation", "Swish", {}),
        ("loss", "CauchyLoss", {}),
        ("solver", "NormalizedSGD", {"batch_size": 10, "max_iter": 30}),
    ],
)
def test_the_examples_of_contributing_work(parameter, name, others):
    entry = example_of_contributing(name)
    X, y = load_diabetes(return_X_y=True)
    reg = BPNetRegressor((4,), random_state=0, **{parameter: entry}, **others)
    check_gradient(reg, X[:50], y[:50])
    assert reg.fit(X, y).score(X, y) > 0.4
