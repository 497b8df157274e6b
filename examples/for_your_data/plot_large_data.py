"""
Data that are larger than memory
================================

A file on disk is read in blocks as a memory map, and data that arrive in parts are
learned part by part with ``partial_fit``. Neither loads everything.
"""

# %%
# A file of 300,000 samples, written in parts. A real one would be a hundred times as
# large; nothing below would change.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sklearn

from sklearn_bpnet import BPNetClassifier

N, N_FEATURES, PART = 300_000, 20, 30_000
weights = np.random.default_rng(42).normal(size=(N_FEATURES, 6))


def part(seed, n=PART):
    """Return samples of two classes that no line separates."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_FEATURES)).astype(np.float32)
    z = np.prod(np.sin(X @ weights[:, :2] / 3), axis=1) + 0.2 * X[:, 0]
    return X, (z + 0.05 * rng.normal(size=n) > 0).astype(np.int8)


folder = tempfile.TemporaryDirectory()
file = Path(folder.name, "X.dat")
X = np.memmap(file, np.float32, "w+", shape=(N, N_FEATURES))
y = np.empty(N, np.int8)
for i, start in enumerate(range(0, N, PART)):
    X[start : start + PART], y[start : start + PART] = part(i)
X.flush()
X = np.memmap(file, np.float32, "r", shape=(N, N_FEATURES))  # read-only
X_test, y_test = part(1000)
print(f"{file.stat().st_size / 2**20:.0f} MB on disk")

# %%
# A memory map
# ------------
# ``fit`` takes it as an array. It reads blocks of the file in random order, and
# shuffles the samples of as many as a window holds, while a thread reads the next
# window. The size of a window is an eighth of scikit-learn's ``working_memory``; here
# 2 MB instead of 128 MB, as the file is small. Files and folders of Parquet, and
# collections of Dask, are read in the same way, see :ref:`larger-than-memory`. Large
# data need few epochs, and larger batches than the default.

clf = BPNetClassifier((64,), batch_size=512, max_iter=4, random_state=0)
with sklearn.config_context(working_memory=16):
    clf.fit(X, y)
print(f"accuracy after {clf.n_iter_} epochs: {clf.score(X_test, y_test):.3f}")

# %%
# A stream
# --------
# ``partial_fit`` makes one epoch on the samples of the call, and remembers everything
# else: the state of the optimiser, the scaling, the number of the step. Each part is
# first used as a test, then learned, and then forgotten.

stream = BPNetClassifier((64,), batch_size=128, random_state=0)
seen, accuracy = [], []
for i in range(30):
    X_part, y_part = part(2000 + i, n=5000)
    if i:
        seen.append(5000 * i)
        accuracy.append(stream.score(X_part, y_part))
    stream.partial_fit(X_part, y_part, classes=[0, 1])
print(f"accuracy after {5000 * 30:,} samples: {stream.score(X_test, y_test):.3f}")

# %%
figure, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
ax.plot(seen, accuracy, "o-", markersize=4, label="partial_fit, each sample seen once")
ax.axhline(clf.score(X_test, y_test), color="C1", label="fit, four epochs of the file")
ax.axhline(max(y_test.mean(), 1 - y_test.mean()), color="0.6", label="majority class")
ax.set(
    xlabel="Samples seen",
    ylabel="Accuracy on the next part",
    title="A stream is tested on every part before it is learned",
)
ax.legend(loc="center right")
plt.show()

del X  # the file is open as long as the memory map exists
folder.cleanup()
