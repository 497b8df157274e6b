"""
From a table to a served model
==============================

From a raw table to a model that is served over HTTP, in eight steps: table, baseline,
first network, tuning, validation, calibration, explanation, and a file that a service
loads. Each step is a few lines, and prints its result.
"""

# %%
# 1. The table
# ------------
# Applications for loans: text and numbers side by side, missing values, and a column
# with many categories. (The table is generated, so that this page needs no download.)

import io
import json
import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibrationDisplay
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import (
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)

from sklearn_bpnet import BPNetClassifier


def loans(n, seed):
    """A table of n loans, and how they ended."""
    rng = np.random.default_rng(seed)
    jobs = {"none": -1.0, "clerk": 0.2, "teacher": 0.8, "driver": -0.2, "doctor": 1.2}
    jobs |= {f"job {i:02d}": np.sin(i) for i in range(25)}
    X = pd.DataFrame({
        "age": rng.gamma(9, 4.5, n).clip(18, 80).round(),
        "income": rng.lognormal(7.8, 0.45, n).round(-1),
        "amount": rng.lognormal(8.6, 0.8, n).round(-2),
        "months": rng.choice([12, 24, 36, 48, 60, 84], n),
        "purpose": rng.choice(["car", "house", "study", "other"], n),
        "job": rng.choice(list(jobs), n),
        "owns_home": rng.random(n) < 0.4,
    })  # fmt: skip
    burden = X["amount"] / X["months"] / X["income"]
    z = X["job"].map(jobs) - 8 * burden - ((X["age"] - 50) / 18) ** 2
    z += 0.8 * X["owns_home"] - 0.6 * (X["purpose"] == "study") + 3.5
    y = np.where(z + rng.logistic(size=n) > 0, "paid", "default")
    X.loc[rng.random(n) < 0.12, "income"] = np.nan
    X.loc[rng.random(n) < 0.05, "job"] = None
    return X, y


X, y = loans(2400, seed=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
X_train.head()

# %%
# 2. A baseline
# -------------
# A model is compared with one that ignores the features. The area under the ROC curve
# of such a model is one half.

dummy = DummyClassifier().fit(X_train, y_train)
print(f"share of the larger class: {dummy.score(X_test, y_test):.3f}")

# %%
# 3. A first network
# ------------------
# The raw frame is passed to ``fit``, which handles categories, missing values and
# scales.

start = time.perf_counter()
first = BPNetClassifier(random_state=0).fit(X_train, y_train)
print(f"fitted in {time.perf_counter() - start:.1f} s")
print(f"accuracy  {first.score(X_test, y_test):.3f}")
P = first.predict_proba(X_test)
print(f"ROC AUC   {roc_auc_score(y_test == 'paid', P[:, 1]):.3f}")
print(f"log loss  {log_loss(y_test, P):.3f}")

# %%
# 4. Tuning
# ---------
# A random search by the log loss, with 20 epochs per fit. "auto" is the default
# network, which has an embedding of the numbers if there are enough samples. The test
# samples are not touched (:doc:`/start/tuning` has more).

search = RandomizedSearchCV(
    BPNetClassifier(max_iter=20, random_state=0),
    {
        "hidden_layer_sizes": ["auto", (32,), (64, 64)],
        "learning_rate_init": loguniform(1e-3, 3e-2),
        "alpha": loguniform(1e-4, 1e-1),
    },
    n_iter=6,
    scoring="neg_log_loss",
    cv=3,
    random_state=0,
).fit(X_train, y_train)
print(f"log loss of the best in cross-validation: {-search.best_score_:.3f}")
for name, value in search.best_params_.items():
    print(name, f"{value:.2g}" if isinstance(value, float) else value)

# %%
# 5. Validation
# -------------
# Is the tuned network better than the default one, and than gradient boosting? Three
# splits, the same for all, show how much of a difference is noise. They differ from
# those of the search, on which its best candidate was selected.

tuned = search.best_estimator_
folds = StratifiedKFold(3, shuffle=True, random_state=1)
text = {name: "category" for name in ("purpose", "job")}
models = {
    "the defaults": (BPNetClassifier(random_state=0), X_train),
    "tuned": (tuned, X_train),
    "tuned, four members": (clone(tuned).set_params(n_members=4), X_train),
    "gradient boosting": (
        HistGradientBoostingClassifier(max_iter=60, random_state=0),
        X_train.astype(text),
    ),
}
for name, (model, table) in models.items():
    losses = -cross_val_score(model, table, y_train, cv=folds, scoring="neg_log_loss")
    print(f"{name:20s} log loss {losses.mean():.3f} +- {losses.std():.3f}")

# %%
# 6. Calibration
# --------------
# The final model has four members. Are its probabilities calibrated? On the diagonal,
# 80 % of the loans with a predicted probability of 80 % were paid back.

best = clone(tuned).set_params(n_members=4).fit(X_train, y_train)
figure, ax = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
CalibrationDisplay.from_estimator(
    best, X_test, y_test, n_bins=8, strategy="quantile", name="final model", ax=ax
)
ax.set(title="Calibration", xlabel="Predicted P(paid)", ylabel="Share that paid")
print(f"accuracy {best.score(X_test, y_test):.3f}")
print(f"log loss {log_loss(y_test, best.predict_proba(X_test)):.3f}")

# %%
# 7. Explanation
# --------------
# The loss of accuracy on test samples if a column is shuffled. ``feature_importances_``
# would be the norms of weights: quicker, but no statement about predictions.

importance = permutation_importance(
    best, X_test, y_test, scoring="roc_auc", n_repeats=3, random_state=0
)
order = importance.importances_mean.argsort()
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.barh(X.columns[order], importance.importances_mean[order])
ax.set(title="Permutation importance", xlabel="Loss of ROC AUC")
plt.show()

# %%
# 8. A file, and a service
# ------------------------
# The file contains the encoding of the table as well. The service loads it once, and
# converts every request to a data frame. A value that a request leaves out is missing,
# and a job that training did not see is no error (:doc:`/start/saving`).

folder = tempfile.TemporaryDirectory()
file = Path(folder.name, "loans.joblib")
joblib.dump(best, file)
print(f"{file.stat().st_size / 1024:.0f} kB")

model = joblib.load(file)


def application(environ, start_response):
    """Answer a list of loans with their probabilities: a WSGI application."""
    rows = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    table = pd.DataFrame(rows, columns=model.feature_names_in_)
    paid = model.predict_proba(table)[:, list(model.classes_).index("paid")]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"paid": paid.round(3).tolist()}).encode()]


# %%
# ``wsgiref.simple_server.make_server("", 8000, application).serve_forever()`` would
# start it. Here, a request without a network:

request = [
    {"age": 44, "income": 3100, "amount": 6000, "months": 36, "job": "teacher"},
    {"age": 19, "amount": 25_000, "months": 24, "purpose": "study", "job": "astronaut"},
]
body = json.dumps(request).encode()
environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": len(body)}
(answer,) = application(environ, lambda status, headers: print(status))
print(answer.decode())

seconds = []
for _ in range(20):
    start = time.perf_counter()
    model.predict_proba(X_test[:1])
    seconds.append(time.perf_counter() - start)
print(f"one sample takes {1000 * np.median(seconds):.1f} ms, most of it in the frame")

folder.cleanup()
