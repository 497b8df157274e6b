"""Imports and attribute access run one way, from the estimators down to net."""

import ast
import sys
from pathlib import Path

import pytest

import sklearn_bpnet

PACKAGE = Path(sklearn_bpnet.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
OPTIONAL = {
    *("matplotlib", "pandas", "numba", "rich", "skl2onnx", "dask", "polars", "pyarrow"),
    *("onnx", "distributed"),
}
COMPILED = "training/stochastic/compiled/"
ALLOWED_BELOW = set(sys.stdlib_module_names) | {"numpy", "scipy", "threadpoolctl"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def files_in(folder):
    files = sorted((PACKAGE / folder).rglob("*.py"))
    assert files
    return files


COMPILED_FILES = {
    name_of(path) for path in files_in(COMPILED) if path.stem != "__init__"
}
COMPILED_FILE = COMPILED + "cache.py"  # one that certainly imports Numba


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


def offenders(paths, forbidden):
    """The names that ``forbidden`` finds in each file, where there are any."""
    found = {name_of(path): forbidden(parse(path)) for path in paths}
    return {name: names for name, names in found.items() if names}


def imports_beyond(rooms, packages):
    """A search for imports of other rooms of this package and of other packages."""

    def search(tree):
        names = modules(tree)
        others = {name.split(".")[0] for name in names} - {"sklearn_bpnet"}
        return (own_parts(names) - rooms) | (others - packages)

    return search


def test_net_imports_only_net_and_numerics():
    beyond = imports_beyond({"net"}, ALLOWED_BELOW)
    assert offenders(files_in("net"), beyond) == {}


def test_training_imports_only_net_training_and_numerics():
    beyond = imports_beyond({"net", "training"}, ALLOWED_BELOW)
    found = offenders(files_in("training"), beyond)
    assert "numba" in found[COMPILED_FILE]
    assert found == {name: {"numba"} for name in found.keys() & COMPILED_FILES}


# From the bottom up: a room imports rooms below it, and itself. What stands in a row
# belongs to one room.
FLOORS = [
    {"net"},
    {"training"},
    {"options"},
    {"_settings"},
    {"_addresses"},
    {"_sklearn_compat", "_sklearn_display", "_sklearn_stubs", "exceptions"},
    {"_data"},
    {"_fit"},
    {"_storage"},
    {"recipes", "_types", "_declarations", "_version", "_arguments"},
    {"_estimator", "_scoring", "_summary"},
    {"_inspection"},
    {"_checkpoints"},
    {"_base"},
    {"classifier", "regressor"},
    {"objective"},
    {"callbacks", "inspection", "onnx", "warmup"},
    {"dask"},
]
# Constraints are made of scikit-learn's, which only the door may import.
DOOR = {"_sklearn_compat"}
BELOW_THE_ESTIMATORS = ["net", "training", "_settings", "_data", "_fit", "_storage"]


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_room_has_its_floor():
    rooms = {room_of(path) for path in FILES} - {"__init__"}
    assert set().union(*FLOORS) == rooms | {"_sklearn_stubs"}


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_imports_run_down(floor):
    allowed = set().union(*FLOORS[: floor + 1], DOOR)
    upwards = {
        name_of(path): own_parts(modules(parse(path))) - allowed
        for path in FILES
        if room_of(path) in FLOORS[floor]
    }
    assert {name: rooms for name, rooms in upwards.items() if rooms} == {}


def parameters_of(tree):
    """Names and annotations of every function's parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for argument in (*node.args.args, *node.args.kwonlyargs):
                annotation = argument.annotation
                yield (
                    argument.arg,
                    "" if annotation is None else ast.unparse(annotation),
                )


def estimators_taken(tree):
    return {
        name
        for name, annotation in parameters_of(tree)
        if name in {"est", "estimator", "clf", "reg"} or "BPNet" in annotation
    }


def test_no_function_below_the_estimators_takes_one():
    paths = [path for room in BELOW_THE_ESTIMATORS for path in files_in(room)]
    assert offenders(paths, estimators_taken) == {}


def private_names_of_others(tree):
    """Private attributes and imports that are not defined in the file itself."""
    own, used = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            of_self = isinstance(node.value, ast.Name) and node.value.id in {
                "self",
                "cls",
            }
            (own if of_self else used).add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = {alias.name for alias in node.names if alias.name.startswith("_")}
            used |= names - {"_typing", "_types"}
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {
        name
        for name in used - own
        if not (name.startswith("__") and name.endswith("__"))
    }


def test_rooms_leave_each_others_private_names_alone():
    paths = [path for room in BELOW_THE_ESTIMATORS for path in files_in(room)]
    assert offenders(paths, private_names_of_others) == {}


PRIVATE_TO_SCIKIT_LEARN = {
    "_skl_callbacks",
    "_init_callback_context",
    "_validate_params",
    "_parent_callback_ctx",
}


def private_attributes_of_scikit_learn(tree):
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    strings = {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    return {
        name
        for name in attributes | strings
        if name in PRIVATE_TO_SCIKIT_LEARN or name.startswith("_skl")
    }


def test_only_the_door_reads_private_attributes_of_scikit_learn():
    found = offenders(FILES, private_attributes_of_scikit_learn)
    assert {name.partition("/")[0] for name in found} == DOOR


BLOCKS = {
    "Block",
    "Layer",
    "Dense",
    "Embedding",
    "InputScale",
    "Lookup",
    "FixedTable",
    "OneHotTable",
    "LearnedTable",
    "Noise",
    "Dropout",
    "GaussianNoise",
}


def questions_about_blocks(tree):
    """Comparisons and isinstance calls that name a class of blocks."""
    found = set()
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
        if is_call or isinstance(node, ast.Compare):
            found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} & BLOCKS
    return found


def test_outside_net_nobody_asks_for_the_class_of_a_block():
    paths = [p for p in FILES if room_of(p) not in {"net", "options"}]
    assert offenders(paths, questions_about_blocks) == {}


def private_names_of_scikit_learn(tree):
    return {
        name
        for name in modules(tree)
        if name.split(".")[0] == "sklearn"
        and any(part.startswith("_") for part in name.split("."))
    }


def test_only_one_door_leads_to_what_scikit_learn_keeps_private():
    found = offenders(FILES, private_names_of_scikit_learn)
    assert {
        name.partition("/")[0] for name in found
    } == DOOR  # or the door is no longer needed


def test_optional_packages_are_imported_only_where_they_are_used():
    found = offenders(FILES, lambda tree: top_level_packages(tree) & OPTIONAL)
    assert "numba" in found[COMPILED_FILE]
    assert found == {name: {"numba"} for name in found.keys() & COMPILED_FILES}


def test_nothing_imports_the_export_to_onnx():
    others = [path for path in FILES if room_of(path) != "onnx"]
    assert offenders(others, lambda tree: own_parts(modules(tree)) & {"onnx"}) == {}


def imports_of_compiled_code(tree):
    return {
        name
        for node in is_run_at_import(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in modules(node)
        if "stochastic.compiled" in name
    }


def test_compiled_code_is_imported_only_where_it_is_used():
    found = offenders(FILES, imports_of_compiled_code)
    assert found.keys() <= COMPILED_FILES


def test_there_is_no_utils():
    vague = {"utils", "util", "helpers", "common", "misc"}
    assert not [name_of(path) for path in FILES if path.stem.strip("_") in vague]


def n_lines(node):
    """The lines of a module or function, apart from docstrings."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    docstrings = [
        inner.body[0]
        for inner in ast.walk(node)
        if isinstance(inner, documented) and ast.get_docstring(inner) is not None
    ]
    last = max(getattr(inner, "end_lineno", 0) for inner in ast.walk(node))
    n = last - getattr(node, "lineno", 1) + 1
    return n - sum(text.end_lineno - text.lineno + 1 for text in docstrings)


def test_files_and_functions_are_read_in_one_sitting():
    trees = {name_of(path): parse(path) for path in FILES}
    assert {name: n for name, tree in trees.items() if (n := n_lines(tree)) > 400} == {}
    functions = [
        (name, node)
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    long = {(name, f.name) for name, f in functions if n_lines(f) > 60}
    # a line for every parameter of an estimator
    assert long == {("classifier.py", "__init__"), ("regressor.py", "__init__")}


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
