"""The directive ``registry-table``: the names of a registry, in a table.

``.. registry-table:: activations`` writes a table with a row per entry of
``ACTIVATIONS``, so that the guide follows the code.
"""

import inspect
import sys

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.initializers import BIAS_INITIALIZERS, INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES, check_pair
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.schedules import SCHEDULES


def activations():
    rows = [
        (
            _names(names),
            _definition(f),
            f"{f.range}".replace("inf", "∞"),
            _usual_initializer(f),
        )
        for f, names in _entries(ACTIVATIONS)
    ]
    return ("Name", "Function", "Range", '"auto" initialiser'), (20, 45, 15, 20), rows


def _usual_initializer(f):
    """What Auto draws from for hidden units."""
    if f.stretch != 1:
        return f"``VarianceScaling({f.stretch**2:g}, 'in')``"
    return _literal(f.usual_initializer)


def losses():
    rows = [
        (
            _names(names),
            _definition(loss),
            " and ".join(sorted(loss.tasks)),
            ", ".join(_literal(name) for name in _allowed_outputs(loss)),
        )
        for loss, names in _entries(LOSSES)
    ]
    return ("Name", "Loss", "Task", "Output activations"), (15, 40, 15, 30), rows


def initializers():
    rows = [(_names(names), _literal(i)) for i, names in _entries(INITIALIZERS)]
    return ("Name", "Object"), (25, 75), rows


def bias_initializers():
    rows = [
        (_names(names), _definition(i), _literal(i))
        for i, names in _entries(BIAS_INITIALIZERS)
    ]
    return ("Name", "Biases", "Object, with its defaults"), (15, 45, 40), rows


def optimizers():
    entries = [*_entries(OPTIMIZERS), *_entries(FULL_BATCH_SOLVERS)]
    rows = [
        (_names(names), _definition(o), _usual_rate(o), _literal(o))
        for o, names in entries
    ]
    header = "Name", "Solver", "Usual rate", "Object, with its defaults"
    return header, (10, 40, 10, 40), rows


def schedules():
    rows = [
        (_names(names), _definition(s), _literal(s)) for s, names in _entries(SCHEDULES)
    ]
    return ("Name", "Schedule", "Object, with its defaults"), (15, 45, 40), rows


_ALL = activations, losses, initializers, bias_initializers, optimizers, schedules
TABLES = {f.__name__: f for f in _ALL}


def _entries(registry):
    """Every object of a registry with all its names."""
    entries = {}
    for name, entry in registry.items():
        entries.setdefault(entry, []).append(name)
    return entries.items()


def _names(names):
    return ", ".join(_literal(f'"{name}"') for name in names)


def _literal(text):
    return f"``{text}``"


def _definition(obj):
    """A link to the class, and the first paragraph of its docstring."""
    cls = type(obj)
    summary = inspect.getdoc(cls).split("\n\n")[0].replace("\n", " ")
    summary = summary.removeprefix(f"{cls.__name__}: ")  # the link says it
    summary = summary.replace("|", r"\|").replace("*", r"\*")
    return f":class:`~{_public_module(cls)}.{cls.__qualname__}`: {summary}"


def _public_module(cls):
    """Where a user imports the class from: the package, if that exports it."""
    package, _, _ = cls.__module__.rpartition(".")
    exported = getattr(sys.modules[package], cls.__name__, None) is cls
    return package if exported else cls.__module__


def _usual_rate(solver):
    """``learning_rate_init="auto"`` for up to 20 features."""
    return f"{solver.usual_rate:g}" if isinstance(solver, Optimizer) else "none"


def _allowed_outputs(loss):
    def is_allowed(activation):
        try:
            check_pair(loss, activation, n_outputs=2)
        except ValueError:
            return False
        return True

    return [names[0] for f, names in _entries(ACTIVATIONS) if is_allowed(f)]


class RegistryTable(SphinxDirective):
    """``.. registry-table:: name``, with a name of ``TABLES``."""

    required_arguments = 1

    def run(self):
        header, widths, rows = TABLES[self.arguments[0]]()
        lines = [
            ".. list-table::",
            "   :header-rows: 1",
            f"   :widths: {' '.join(map(str, widths))}",
            "",
        ]
        for row in (header, *rows):
            for i, cell in enumerate(row):
                lines.append(f"   {'* -' if i == 0 else '  -'} {cell}")
        container = nodes.container()
        source = StringList(lines, source=f"registry-table {self.arguments[0]}")
        self.state.nested_parse(source, self.content_offset, container)
        return container.children


def setup(app):
    app.add_directive("registry-table", RegistryTable)
    return {"parallel_read_safe": True}
