"""
Why ten neurons for ten digits?
===============================

The lecture discusses the meaning of the output neurons of a digit classifier. There are
three options: one neuron that predicts the digit, a regression; four neurons, one per
bit of the binary code of the digit; ten neurons, one per digit. ``target_encoding``
implements each of them, with probabilities.
"""

# %%
# The three encodings on scikit-learn's digits, with one hidden layer of 32 units.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
options = {
    "ordinal": {"target_encoding": "ordinal", "loss": "squared_error"},
    "binary": {"target_encoding": "binary"},
    "one-hot": {"target_encoding": "one-hot"},
}
fitted = {}
for name, parameters in options.items():
    clf = BPNetClassifier(
        (32,), learning_rate_init=0.005, max_iter=500, random_state=0, **parameters
    )
    fitted[name] = clf.fit(X_train, y_train)
    P = clf.predict_proba(X_test)
    assert np.allclose(P.sum(axis=1), 1)
    print(
        f"{name:8s} {clf.n_outputs_:2d} output neurons, "
        f"accuracy {clf.score(X_test, y_test):.3f}"
    )

# %%
# A single neuron arranges the digits on a line, where 8 lies between 7 and 9, and
# confuses neighbouring digits. The bits of the binary code are not meaningful for
# images: one neuron has to respond equally to 0, 2, 4, 6 and 8, and a single wrong bit
# changes the digit completely, such as 0 to 8. With ten neurons, each neuron responds
# to one shape.

figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained", sharey=True)
for ax, (name, clf) in zip(axes, fitted.items(), strict=True):
    counts = confusion_matrix(y_test, clf.predict(X_test))
    wrong = counts * ~np.eye(10, dtype=bool)
    image = ax.imshow(wrong, cmap="Reds", vmin=0, vmax=20)
    neurons = "1 neuron" if clf.n_outputs_ == 1 else f"{clf.n_outputs_} neurons"
    ax.set(
        title=f"{name}, {neurons}: accuracy {clf.score(X_test, y_test):.1%}",
        xlabel="Predicted digit",
        xticks=range(10),
        yticks=range(10),
    )
axes[0].set(ylabel="True digit")
figure.colorbar(image, ax=axes, label="Errors", extend="max")

# %%
# Probabilities
# -------------
# The probabilities sum to one for every encoding, but differ in shape. With "ordinal"
# an output of 3.7 means digit 4 with probability 0.7 and digit 3 with 0.3. With
# "binary" the bits are treated as independent. Here is a digit for which the
# predictions differ.

guesses = np.array([clf.predict(X_test) for clf in fitted.values()])
disputed = np.flatnonzero((guesses[2] == y_test) & (guesses[:2] != y_test).all(axis=0))[
    0
]
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(1, 2.4)
)
left.imshow(X_test[disputed].reshape(8, 8), cmap="Greys")
left.set(title=f"A {y_test[disputed]}", xticks=[], yticks=[])
for shift, (name, clf) in zip((-0.27, 0, 0.27), fitted.items(), strict=True):
    p = clf.predict_proba(X_test[[disputed]])[0]
    right.bar(np.arange(10) + shift, p, width=0.27, label=name)
right.set(xlabel="Digit", ylabel="Probability", xticks=range(10))
right.legend()
plt.show()
