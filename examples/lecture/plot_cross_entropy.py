r"""
Cross-entropy and the Kullback-Leibler divergence
=================================================

The exercise of the lecture: show that minimising the cross-entropy is equivalent to
minimising the Kullback-Leibler divergence. The solution is

.. math:: H(p, q) = -\sum_k p_k \ln q_k
   = \underbrace{-\sum_k p_k \ln p_k}_{H(p)}
   + \underbrace{\sum_k p_k \ln \frac{p_k}{q_k}}_{\mathrm{KL}(p, q)},

because the entropy of the true distribution p does not depend on the prediction q.
"""

# %%
# The two curves
# --------------
# Three classes with true probabilities p. The predicted probability of the first class
# varies from 0 to 1; the predictions include p. The two curves differ by a constant, so
# they have the same slopes and the same minimiser, q = p.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.net.information import cross_entropy, entropy, kl_divergence

p = np.array([0.6, 0.3, 0.1])
first = np.linspace(0.02, 0.98, 481)
rest = (1 - first)[:, None] * p[1:] / p[1:].sum()
q = np.column_stack([first, rest])

H, KL = cross_entropy(p, q), kl_divergence(p, q)
print(f"H(p) = {entropy(p):.4f}")
print(f"largest |H(p, q) - H(p) - KL(p, q)|: {np.abs(H - entropy(p) - KL).max():.1e}")

figure, ax = plt.subplots(figsize=(7, 4.3), layout="constrained")
ax.plot(first, H, label="cross-entropy H(p, q)")
ax.plot(first, KL, label="divergence KL(p, q)")
ax.axhline(entropy(p), color="0.5", linestyle=":", label="entropy H(p)")
ax.axvline(p[0], color="0.5", linestyle="--", linewidth=1)
ax.set(title="Both are minimal at q = p", xlabel="$q_1$", ylabel="Nats")
ax.legend()

# %%
# A classifier that minimises it
# ------------------------------
# The log loss of a classifier is the cross-entropy of its targets and its outputs. Here
# the labels are drawn at random with known probabilities. The entropy of the labels is
# a lower bound of the cross-entropy, and the difference is the divergence between the
# true and the predicted probabilities.

rng = np.random.default_rng(0)


def true_probabilities(x):
    """Return the probabilities of the three classes at x."""
    Z = np.column_stack([np.sin(3 * x), x, -x])
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)


x = rng.uniform(-2, 2, size=5000)
P = true_probabilities(x)
y = (rng.uniform(size=(len(x), 1)) > P.cumsum(axis=1)).sum(axis=1)
X = x[:, None]
clf = BPNetClassifier(
    (32,), activation="tanh", learning_rate_init=0.005, random_state=0
)

losses, divergences = [], []
for _ in range(30):
    clf.partial_fit(X, y, classes=[0, 1, 2])
    Q = clf.predict_proba(X)
    losses.append(cross_entropy(P, Q).mean())
    divergences.append(kl_divergence(P, Q).mean())

figure, ax = plt.subplots(figsize=(7, 4.3), layout="constrained")
ax.plot(range(1, 31), losses, marker=".", label="cross-entropy H(p, q)")
ax.plot(range(1, 31), divergences, marker=".", label="divergence KL(p, q)")
ax.axhline(entropy(P).mean(), color="0.5", linestyle=":", label="entropy H(p)")
ax.set(title="A classifier in training", xlabel="Epoch", ylabel="Mean over samples")
ax.legend()
plt.show()
