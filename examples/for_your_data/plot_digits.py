"""
Handwritten digits
==================

A network with one hidden layer classifies the handwritten digits of scikit-learn: 1,797
images of 8 x 8 pixels, a quarter of them test samples.
"""

# %%
# The data. Pixels are integers from 0 to 16; no preprocessing is needed, because the
# estimator standardises the features internally.

from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit(
        "This example draws a figure and needs matplotlib: "
        "python -m pip install matplotlib"
    ) from error

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=0
)

# %%
# Training. ``verbose=True`` prints the empirical risk per epoch.

clf = BPNetClassifier(
    hidden_layer_sizes=(64,),
    max_iter=30,
    random_state=0,
    verbose=True,
)
clf.fit(X_train, y_train)

accuracy = clf.score(X_test, y_test)
print(f"Test accuracy after {clf.n_iter_} epochs: {accuracy:.3f}")

# %%
# The confusion matrix, and the empirical risk per epoch.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 5), layout="constrained", width_ratios=(1.1, 1)
)
ConfusionMatrixDisplay.from_estimator(
    clf, X_test, y_test, ax=left, cmap="Blues", colorbar=False
)
left.set(
    title=f"Confusion matrix: accuracy {accuracy:.1%} on {len(y_test)} test digits",
    xlabel="Predicted digit",
    ylabel="True digit",
)

epochs = range(1, clf.n_iter_ + 1)
right.plot(epochs, clf.loss_curve_)
right.set(
    title="Loss curve on the training digits",
    xlabel="Epoch",
    ylabel="Empirical risk (log scale)",
    yscale="log",
)
right.grid(alpha=0.3, which="both")

figure.savefig("digits.png", dpi=120)
print("Saved digits.png")
