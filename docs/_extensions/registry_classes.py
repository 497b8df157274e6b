"""The directive ``registry-classes``: pages of the classes behind the names.

``.. registry-classes:: activations`` lists every class that a user may pass where
``ACTIVATIONS`` has names, base classes first, with a page for each. A class that joins
its module joins the list.
"""

import inspect
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.ext.autosummary.generate import generate_autosummary_docs
from sphinx.util.docutils import SphinxDirective

from sklearn_bpnet.net import activations, initializers, losses, targets
from sklearn_bpnet.net.blocks import embeddings
from sklearn_bpnet.training import full_batch, optimizers, schedules

SOURCES = {
    "activations": (activations, activations.Activation),
    "losses": (losses, losses.Loss),
    "initializers": (initializers, initializers.Initializer),
    "bias_initializers": (initializers, initializers.BiasInitializer),
    "target_encodings": (targets, targets.TargetEncoding),
    "numeric_embeddings": (embeddings, embeddings.NumericEmbedding),
    "optimizers": (optimizers, optimizers.Optimizer),
    "full_batch_solvers": (full_batch, full_batch.FullBatchSolver),
    "schedules": (schedules, schedules.Schedule),
}


def classes_of(name):
    """The base classes, then the others in the order of the source files."""
    module, base = SOURCES[name]
    classes = filter(inspect.isclass, vars(module).values())
    found = [cls for cls in dict.fromkeys(classes) if issubclass(cls, base)]
    bases = [cls for cls in found if inspect.isabstract(cls)]
    return bases, [cls for cls in found if cls not in bases]


def summaries(name):
    """The lines of two lists: with all members, and with the class alone."""
    lines = [f".. currentmodule:: {SOURCES[name][0].__name__}", ""]
    options = ["   :template: autosummary/members.rst"], []
    for classes, option in zip(classes_of(name), options, strict=True):
        if classes:
            names = [f"   {cls.__name__}" for cls in classes]
            lines += [".. autosummary::", "   :toctree: generated", *option, ""]
            lines += [*names, ""]
    return lines


class RegistryClasses(SphinxDirective):
    """``.. registry-classes:: name``, with a name of ``SOURCES``."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        source = StringList(summaries(name), source=f"registry-classes {name}")
        container = nodes.container()
        self.state.nested_parse(source, self.content_offset, container)
        return container.children


def write_pages(app):
    """Write what autosummary, which reads the pages as they stand, cannot find."""
    folder = Path(app.srcdir, "api", "generated")
    folder.mkdir(exist_ok=True)
    lists = folder / "registry_classes.txt"
    text = "\n".join(line for name in SOURCES for line in summaries(name))
    lists.write_text(text.replace(":toctree: generated", ":toctree: ."))
    generate_autosummary_docs([str(lists)], suffix=".rst", app=app)


def setup(app):
    app.add_directive("registry-classes", RegistryClasses)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}
