"""
Text: a sparse matrix of words
==============================

Which library does a docstring come from? Words become the columns of a sparse matrix,
of which the network reads what is stored. Nothing is made dense as a whole.
"""

# %%
# The texts: docstrings of functions and classes of four libraries, without the names of
# the libraries in them.

import importlib
import inspect
import re
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_bpnet import BPNetClassifier

MODULES = {
    "numpy": "numpy numpy.linalg numpy.fft numpy.ma numpy.random numpy.polynomial",
    "scipy": "scipy.linalg scipy.stats scipy.signal scipy.optimize scipy.special "
    "scipy.ndimage scipy.sparse scipy.interpolate",
    "sklearn": "sklearn.metrics sklearn.linear_model sklearn.ensemble sklearn.utils "
    "sklearn.datasets sklearn.preprocessing sklearn.model_selection",
    "pandas": "pandas pandas.api.types pandas.plotting",
}
NAMES = re.compile(r"numpy|scipy|scikit-learn|sklearn|pandas|\b(np|sp|pd)\b|>>>.*")


def docstrings(module_name):
    """Return the docstrings of what a module and its classes contain."""
    module = importlib.import_module(module_name)
    found = set()
    for name in sorted(dir(module)):
        thing = getattr(module, name, None)
        members = vars(thing).values() if inspect.isclass(thing) else ()
        for each in (thing, *members):
            text = getattr(each, "__doc__", None)
            if isinstance(text, str) and len(text) > 200:
                found.add(NAMES.sub(" ", text.lower()))
    return found


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # names that are deprecated
    texts = {
        library: sorted(set().union(*map(docstrings, modules.split())))
        for library, modules in MODULES.items()
    }
X = np.array([text for library in texts.values() for text in library], dtype=object)
y = np.repeat(list(texts), [len(library) for library in texts.values()])
print({library: len(library_texts) for library, library_texts in texts.items()})

# %%
# Counts of words, weighted by how rare they are, and a network on top. ``X`` of the
# network is a sparse matrix with thousands of columns.

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
model = make_pipeline(
    TfidfVectorizer(min_df=5, sublinear_tf=True, max_features=4000),
    BPNetClassifier((50,), max_iter=10, random_state=0),
)
model.fit(X_train, y_train)
words = model[:-1].transform(X_train)
print(f"{words.shape[0]} texts, {words.shape[1]} words")
print(f"{words.nnz / np.prod(words.shape):.1%} of the matrix is stored")
print(f"accuracy on new docstrings: {model.score(X_test, y_test):.3f}")

# %%
# The words that speak most for a library: those that raise its logit if a text consists
# of that word alone.

vocabulary = model[0].get_feature_names_out()
one_word = model[0].transform(vocabulary)
P = model[-1].predict_proba(one_word)
for library, p in zip(model.classes_, P.T, strict=True):
    print(f"{library:8s}", ", ".join(vocabulary[np.argsort(-p)[:8]]))

# %%
figure, ax = plt.subplots(figsize=(5.5, 4.6), layout="constrained")
ConfusionMatrixDisplay.from_estimator(
    model, X_test, y_test, ax=ax, cmap="Blues", colorbar=False, normalize="true",
    values_format=".0%",
)  # fmt: skip
ax.set_title("Docstrings of four libraries")
plt.show()
