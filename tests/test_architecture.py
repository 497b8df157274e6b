"""Imports run one way: estimators -> training -> net. Here it is kept so."""

import ast
import sys
from pathlib import Path

import pytest

import sklearn_bpnet

PACKAGE = Path(sklearn_bpnet.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
OPTIONAL = {"matplotlib", "pandas", "numba", "rich", "skl2onnx", "dask", "polars"}
COMPILED = "training/stochastic/compiled/"
ALLOWED_BELOW = set(sys.stdlib_module_names) | {"numpy", "scipy", "threadpoolctl"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def files_in(folder):
    files = sorted((PACKAGE / folder).rglob("*.py"))
    assert files
    return files


def imports(tree):
    """(module, imported name or None) of every import statement in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module, alias.name) for alias in node.names)


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(tree):
    """Dotted names of all that is imported, the imported name included."""
    return {
        module if name is None else f"{module}.{name}" for module, name in imports(tree)
    }


def own_parts(names):
    """The second part of every name inside the package: net, training, _base, ..."""
    return {n.split(".")[1] for n in names if n.split(".")[0] == "sklearn_bpnet"}


def is_run_at_import(tree):
    """The statements outside functions, but for those under TYPE_CHECKING."""
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        yield node
        todo.extend(ast.iter_child_nodes(node))


def top_level_packages(tree):
    """First parts of what is imported when the module is."""
    found = set()
    for node in is_run_at_import(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {name.split(".")[0] for name in modules(node)}
    return found


@pytest.mark.parametrize("path", files_in("net"), ids=name_of)
def test_net_imports_only_net_and_numerics(path):
    names = modules(parse(path))
    assert own_parts(names) <= {"net"}
    assert {n.split(".")[0] for n in names} <= ALLOWED_BELOW | {"sklearn_bpnet"}


@pytest.mark.parametrize("path", files_in("training"), ids=name_of)
def test_training_imports_only_net_training_and_numerics(path):
    names = modules(parse(path))
    assert own_parts(names) <= {"net", "training"}
    allowed = ALLOWED_BELOW | {"sklearn_bpnet"}
    if name_of(path).startswith(COMPILED):
        allowed = allowed | {"numba"}
    assert {n.split(".")[0] for n in names} <= allowed


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_one_door_leads_to_what_scikit_learn_keeps_private(path):
    private = {
        name
        for name in modules(parse(path))
        if name.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in name.split("."))
    }
    if name_of(path) == "_sklearn_compat.py":
        assert private  # or the door is no longer needed
    else:
        assert not private


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_optional_packages_are_imported_only_where_they_are_used(path):
    is_compiled = name_of(path).startswith(COMPILED) and path.stem != "__init__"
    needed = {"numba"} if is_compiled else set()
    assert top_level_packages(parse(path)) & OPTIONAL == needed


OTHERS = [path for path in FILES if not name_of(path).startswith(COMPILED)]


@pytest.mark.parametrize("path", OTHERS, ids=name_of)
def test_compiled_code_is_imported_only_where_it_is_used(path):
    imports = (
        node
        for node in is_run_at_import(parse(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    assert not any("stochastic.compiled" in n for i in imports for n in modules(i))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_there_is_no_utils(path):
    assert path.stem.strip("_") not in {"utils", "util", "helpers", "common", "misc"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import matplotlib.pyplot as plt", True),
        ("from matplotlib import pyplot", True),
        ("try:\n    import rich\nexcept ImportError:\n    rich = None", True),
        ("class C:\n    import pandas", True),
        ("def f():\n    import matplotlib", False),
        ("class C:\n    def f(self):\n        from pandas import NA", False),
        ("if TYPE_CHECKING:\n    import pandas", False),
        ("import numpy", False),
    ],
)
def test_the_search_for_imports_finds_them(source, found):
    assert bool(top_level_packages(ast.parse(source)) & OPTIONAL) is found


def test_the_reading_of_imports_sees_every_form():
    tree = ast.parse(
        "import sklearn._loss\n"
        "from sklearn.base import _fit_context\n"
        "def f():\n    from sklearn_bpnet.training import batches\n"
    )
    assert modules(tree) == {
        "sklearn._loss",
        "sklearn.base._fit_context",
        "sklearn_bpnet.training.batches",
    }
    assert own_parts(modules(tree)) == {"training"}
