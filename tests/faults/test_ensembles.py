"""Ensembles whose members are trained in other processes."""

import os
import subprocess
import sys
from pathlib import Path

import sklearn_bpnet

# Run as __main__, as only the functions of that module are sent to processes by value.
SCRIPT = """
import pickle
import sys

import cloudpickle
import joblib
import numpy as np
from sklearn.base import clone

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.losses import Loss
from sklearn_bpnet.training.schedules import Schedule

OF_THE_ENSEMBLE = {"n_members", "n_jobs", "random_state", "verbose", "calibration"}


def score(estimator, X, y):
    return -np.mean((estimator.predict(X) - y) ** 2)


def rate(fraction):
    return 1 - fraction / 2


def hidden(z):
    return np.tanh(z)


def hidden_derivative(z):
    return 1 - np.tanh(z) ** 2


def output(z):
    return 2 * z


def output_derivative(z):
    return 2 * np.ones_like(z)


def loss(y, a):
    return ((a - y) ** 2).sum(axis=1) / 2


def loss_gradient(y, a):
    return a - y


class Tanh(Activation):
    def forward(self, Z, out):
        return np.tanh(Z, out=out)

    def derivative(self, Z, A, out):
        return np.subtract(1, A * A, out=out)


class HalfSquare(Loss):
    scalable_target = True
    tasks = frozenset({"regression"})

    def value(self, Y, A):
        return ((A - Y) ** 2).sum(axis=1) / 2

    def gradient(self, Y, A, out):
        return np.subtract(A, Y, out=out)


class Half(Schedule):
    def factor(self, time):
        return 0.5


SETTINGS = {
    "functions": {
        "scoring": score,
        "learning_rate": rate,
        "activation": (hidden, hidden_derivative),
        "output_activation": (output, output_derivative),
        "loss": (loss, loss_gradient),
    },
    "classes": {"activation": Tanh(), "loss": HalfSquare(), "learning_rate": Half()},
}


def check(model, X, name):
    path = sys.argv[1] + "/" + name
    joblib.dump(model, path)
    copies = [joblib.load(path)]
    copies += [pickle.loads(m.dumps(model)) for m in (pickle, cloudpickle)]
    for copied in copies:
        np.testing.assert_array_equal(copied.predict(X), model.predict(X))
    parameters = model.get_params(deep=False)
    for member in model.estimators_:
        for parameter in parameters.keys() - OF_THE_ENSEMBLE:
            assert getattr(member, parameter) is parameters[parameter], parameter
        pickle.loads(pickle.dumps(member))
        assert clone(member).get_params(deep=False).keys() == parameters.keys()
    clone(model)


if __name__ == "__main__":
    X = np.random.default_rng(0).normal(size=(60, 3))
    for name, settings in SETTINGS.items():
        y = X[:, 0]
        model = BPNetRegressor(
            (3,),
            early_stopping=True,
            n_members=2,
            n_jobs=2,
            max_iter=2,
            random_state=0,
            **settings,
        )
        alone = clone(model).set_params(n_jobs=1).fit(X, y)
        with joblib.parallel_config("loky"):
            check(model.fit(X, y), X, name)
            np.testing.assert_array_equal(model.predict(X), alone.predict(X))
            check(model.partial_fit(X, y), X, name)  # continues
    print("all copied")
"""


def test_f16_functions_of_main_survive_the_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    package = Path(sklearn_bpnet.__file__).parent.parent
    environment = os.environ | {
        "PYTHONPATH": str(package),
        "PYTHONWARNINGS": "ignore",
        "SKLEARN_BPNET_COMPILED": "0",
    }
    done = subprocess.run(
        [sys.executable, script, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all copied\n"
