"""
A raw table: categories, gaps and all
=====================================

A table of people as in a census: text, numbers and booleans side by side, missing
values, and categories that appear only later. ``BPNetClassifier`` accepts it as it is;
nothing has to be encoded, imputed or scaled before.
"""

# %%
# The table is generated, after the example of the well-known data set "adult" of the
# census of the United States: 5,000 people, some without occupation or age.

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_bpnet import BPNetClassifier


def census(n, rng):
    """A table of n people, and whether they earn more than 50,000."""
    jobs = {
        "Clerk": -1.0, "Craft": -0.5, "Executive": 1.5, "Farming": -1.5, "Sales": 0.0,
        "Science": 2.0, "Service": -2.0, "Transport": -0.5,
    }  # fmt: skip
    degrees = {
        "School": -1.0,
        "College": 0.0,
        "Bachelor": 1.0,
        "Master": 1.5,
        "Doctor": 2,
    }
    towns = [f"Town {i}" for i in range(150)]
    wealth = dict(zip(towns, np.random.default_rng(1).normal(size=150), strict=True))
    X = pd.DataFrame({
        "age": rng.gamma(9, 4.5, n).clip(17, 90).round(),
        "occupation": rng.choice(list(jobs), n),
        "education": pd.Categorical(
            rng.choice(list(degrees), n, p=[0.3, 0.3, 0.25, 0.1, 0.05]),
            categories=list(degrees), ordered=True,
        ),
        "hours": rng.normal(40, 10, n).clip(1, 99).round(),
        "married": rng.random(n) < 0.5,
        "town": rng.choice(towns, n, p=rng.dirichlet(np.ones(150))),
    })  # fmt: skip
    z = X["occupation"].map(jobs) + X["education"].astype(object).map(degrees)
    z += X["town"].map(wealth) + 1.5 * X["married"] + (X["hours"] - 40) / 10
    z += 2 - ((X["age"] - 48) / 15) ** 2
    y = np.where(z + rng.logistic(size=n) > 1.5, ">50K", "<=50K")
    X.loc[rng.random(n) < 0.1, "age"] = np.nan
    X.loc[rng.random(n) < 0.07 + 0.1 * (y == "<=50K"), "occupation"] = None
    return X, y


X, y = census(5000, np.random.default_rng(0))
X.head()

# %%
# From the raw table to predictions:

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
clf = BPNetClassifier(random_state=0)
clf.fit(X_train, y_train)
print(f"accuracy = {clf.score(X_test, y_test):.3f}")
clf.predict_proba(X_test)[:3]

# %%
# ``get_network_input_names`` shows what the network sees: numbers, indicators of gaps,
# an input for every category, and embeddings of the many towns and of the numbers.

print(*clf.get_network_input_names(), sep=", ")

# %%
# A value that training did not see is no error: it is the mean of all categories. A
# missing occupation is a category of its own, as training saw some.

person = X_test[:1].assign(age=35)
for occupation in ("Executive", "Service", None, "Astronaut"):
    p = clf.predict_proba(person.assign(occupation=[occupation]))[0, 1]
    print(f"{occupation!s:>10}: P(>50K) = {p:.2f}")

# %%
# The same table by a pipeline of scikit-learn, and by gradient boosting, which takes
# categories of dtype "category" only. The pipeline encodes 150 towns one-hot, an input
# for each, and the network overfits them; the embedding inside the estimator has four
# numbers per town. ``skrub.tabular_pipeline(BPNetClassifier())`` writes such a pipeline
# by itself; it is of use for columns of dates and texts, which it converts to numbers.

numbers = make_column_selector(dtype_include=["number", "bool"])
texts = make_column_selector(dtype_exclude=["number", "bool"])
encoder = make_column_transformer(
    (SimpleImputer(add_indicator=True), numbers),
    (OneHotEncoder(handle_unknown="ignore"), texts),
)
models = {
    "BPNetClassifier": BPNetClassifier(random_state=0),
    "ColumnTransformer\nand BPNetClassifier": make_pipeline(
        encoder, BPNetClassifier(random_state=0)
    ),
    "HistGradientBoosting": HistGradientBoostingClassifier(random_state=0),
}
accuracies, seconds = {}, {}
for name, model in models.items():
    tables = X_train, X_test
    if name == "HistGradientBoosting":
        as_category = dict.fromkeys(texts(X), "category")
        tables = [table.astype(as_category) for table in tables]
    start = time.perf_counter()
    model.fit(tables[0], y_train)
    seconds[name] = time.perf_counter() - start
    accuracies[name] = model.score(tables[1], y_test)
    print(f"{name!r}: accuracy = {accuracies[name]:.3f}")

# %%
# What every column contributes: the norm of all weights that leave it.

figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
order = np.argsort(clf.feature_importances_)
ax.barh(X.columns[order], clf.feature_importances_[order])
ax.set_xlabel("Norm of the weights of the column")
figure.suptitle("Importances are those of the columns of the table")
plt.show()
