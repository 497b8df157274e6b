"""What is learned of partitions, against what a fit of all samples in memory learns.

The bodies of the tasks run in this process, without a cluster.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

from rounds_in_process import InThisProcess  # noqa: E402

from sklearn_bpnet import BPNetClassifier, BPNetRegressor  # noqa: E402
from sklearn_bpnet._data import noise, quantiles  # noqa: E402
from sklearn_bpnet._data.reading import NO_TABLE  # noqa: E402
from sklearn_bpnet.dask import _sampling, _shares, _supported  # noqa: E402
from sklearn_bpnet.dask._reading import Tables, learn  # noqa: E402
from sklearn_bpnet.net.blocks.embeddings import PWL  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:numeric_embedding:UserWarning"),
]


SEVEN = (10, 30, 1, 29, 10, 19, 21)
CHUNKS = {1: (120,), 2: (50, 70), 7: SEVEN}


def spread(array, chunks):
    return da.from_array(array, chunks=(chunks, *array.shape[1:]))


def of_partitions(est, X, y, w=None, chunks=SEVEN, rounds=None):
    """What is learned of the partitions of a table."""
    _supported.check_supported(est._settings)
    lazy = [None if a is None else spread(a, chunks) for a in (X, y, w)]
    tables = Tables(*lazy, NO_TABLE, (None, None))
    return learn(est, rounds or InThisProcess(), tables, None)


def table(seed=0):
    """Numbers with gaps, two values, rare exceptions, a constant, no number at all."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(120, 8)) * [1, 10, 0.1, 1, 1, 1, 1, 1] + 5
    X[:, 3] = rng.random(120) < 0.1  # rare exceptions
    X[:, 4] = X[:, 0] > 5  # two values
    X[:, 5] = 7
    X[:, 6] = np.nan
    X[[3, 50, 51, 52, 119], 1] = np.nan
    X[10:40, 2] = np.nan  # all of a partition
    X[rng.random(120) < 0.3, 4] = np.nan
    X[:, 7] = np.round(X[:, 7])
    y = np.where(X[:, 0] > 5, "b", "a").astype(object)
    y[-3:] = "only here"
    w = rng.integers(0, 3, 120).astype(float)
    w[:10] = 0  # all of a partition
    return X, y, w


def assert_same(ours, theirs, what=""):
    if theirs is None:
        assert ours is None, what
    elif isinstance(theirs, dict | list):
        keys = theirs if isinstance(theirs, dict) else range(len(theirs))
        assert len(ours) == len(theirs), what
        for key in keys:
            assert_same(ours[key], theirs[key], f"{what}[{key}]")
    elif isinstance(theirs, np.ndarray) and theirs.dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=what)
    elif isinstance(theirs, np.ndarray):
        np.testing.assert_array_equal(ours, theirs, err_msg=what)
    else:
        assert ours == theirs, what


def assert_learned(learned, fitted):
    """All that is learned is that of a fitted estimator."""
    encoder = learned.data.encoder
    for name in fitted.encoder.__getstate__():
        assert_same(getattr(encoder, name), getattr(fitted.encoder, name), name)
    for ours, theirs in (
        (learned.scaling, fitted.standardization),
        (learned.embedded, fitted.embedded),
    ):
        assert (ours is None) == (theirs is None)
        for name in () if ours is None else vars(theirs):
            if name in ("mean", "scale", "smooth_clip", "n_codes", "features", "edges"):
                assert_same(getattr(ours, name), getattr(theirs, name), name)
    assert_same(dict(learned.call.choices), dict(fitted.choices), "choices")
    for name, fact in fitted.task.facts.items():
        if name != "undecided":  # of calls that go on
            assert_same(learned.task.facts[name], fact, name)


AWARE = PWL(n_bins=4, target_aware=True)
EMBEDDINGS = [None, "pbld", PWL(n_bins=5), AWARE]
P = {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0}


SCALINGS = ["standard", "squash", "quantile", None]


@pytest.mark.parametrize("i", range(4))
@pytest.mark.parametrize("j", range(4))
def test_partitions_teach_what_all_samples_teach(i, j):
    X, y, w = table()
    p = P | {"input_scaling": SCALINGS[i], "numeric_embedding": EMBEDDINGS[j]}
    est, target = BPNetClassifier(class_weight="balanced", **p), y
    if (i + j) % 3 == 0:
        est, target = BPNetRegressor(**p), np.arange(120) % 7.0
    weights = w if (i + j) % 2 else None
    fitted = est.fit(X, target, weights)._fitted
    for chunks in CHUNKS.values() if j == 2 else (SEVEN,):
        assert_learned(of_partitions(est, X, target, weights, chunks), fitted)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaling", ["squash", "quantile"])
def test_quantiles_of_many_samples_are_those_of_the_same_sample(
    monkeypatch, scaling, weighted
):
    monkeypatch.setattr(quantiles, "_EXACT_NUMBERS", 10)
    monkeypatch.setattr(quantiles, "_N_SAMPLED", 64)
    X, y, w = table()
    X = X[:, [0, 3, 5, 7]]  # the median of a column with gaps is exact in memory
    est = BPNetClassifier(input_scaling=scaling, numeric_embedding=AWARE, **P)
    est.fit(X, y, w if weighted else None)
    learned = of_partitions(est, X, y, w if weighted else None)
    assert_learned(learned, est._fitted)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_other_dtypes_are_learned_from_alike(dtype):
    X, y, _ = table()
    X = (np.nan_to_num(X) if dtype == np.int64 else X).astype(dtype)
    for scaling in ("standard", "quantile"):
        est = BPNetClassifier(input_scaling=scaling, **P).fit(X, y)
        assert_learned(of_partitions(est, X, y), est._fitted)


@pytest.mark.parametrize("kind", [BPNetClassifier, BPNetRegressor])
def test_auto_chooses_what_it_chooses_for_all_samples(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1600, 3))
    X[:, 2] = X[:, 2] > 0
    y = X[:, 0] > 0 if kind is BPNetClassifier else X[:, 0]
    est = kind(max_iter=1, random_state=0).fit(X, y)
    assert est.plan_["numeric_embedding"] == "pbld"
    learned = of_partitions(est, X, y, chunks=(1000, 600))
    assert_learned(learned, est._fitted)


def test_levels_gaps_and_categories_given_by_index():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (120, 3)).astype(float)
    X[-2:, 0] = 9  # a level in one partition only
    X[5, 0] = np.nan
    X[:, 2] += rng.random(120)
    for limit in (None, 3):
        est = BPNetRegressor(
            categorical_features=[0, 1], max_categories=limit,
            input_scaling="quantile", **P,
        ).fit(X, X[:, 2])  # fmt: skip
        assert_learned(of_partitions(est, X, X[:, 2]), est._fitted)


def test_sparse_tables_with_gaps():
    X, y, w = table()
    X[np.abs(X) < 5] = 0
    X[:, 7] = 2  # common, and not 0
    X[4, 7] = 0
    est = BPNetClassifier(**P).fit(sparse.csr_matrix(X), y, w)
    lazy = spread(X, SEVEN).map_blocks(sparse.csr_matrix)
    rounds = InThisProcess()
    tables = Tables(lazy, spread(y, SEVEN), spread(w, SEVEN), NO_TABLE, (None, None))
    assert_learned(learn(est, rounds, tables, None), est._fitted)
    for scaling in ("squash", "quantile"):
        est = BPNetClassifier(input_scaling=scaling, **P)
        with pytest.raises(ValueError, match="needs dense X"):
            learn(est, rounds, tables, None)


@pytest.mark.parametrize("columns", [1, 2])
def test_early_stopping_sets_the_same_samples_aside(columns):
    X, y, w = table()
    if columns == 2:  # whose combinations are strata, where they are many
        y = np.stack([y, np.arange(120) % 3], axis=1).astype(object)
    X[:, 0] = np.arange(120)
    kept = w > 0
    est = BPNetClassifier(early_stopping=True, input_scaling="standard", **P)
    known = est.fit(X[kept], y[kept])._fitted
    for chunks in CHUNKS.values():
        learned = of_partitions(est, X, y, kept.astype(float), chunks)
        assert_learned(learned, known)
        assert learned.data.training.n + learned.data.validation.n == kept.sum()


def test_samples_that_are_set_aside_are_those_of_a_fit_in_memory():
    X, y, _ = table()
    X[:, 0] = np.arange(120)
    reg = BPNetRegressor(early_stopping=True, validation_fraction=0.3, **P)
    clf = BPNetClassifier(early_stopping=True, **P)
    for est, target in ((reg, X[:, 0]), (clf, y)):
        seen = []

        def score(of, X, y, seen=seen):
            seen.append(X[:, 0])
            return 0.0

        est.set_params(scoring=score).fit(X, target)
        aside = of_partitions(est, X, target).data.validation
        np.testing.assert_array_equal(aside.X[:, 0], seen[0])


def test_features_are_passed_over_once():
    X, y, _ = table()
    rounds = InThisProcess()
    est = BPNetClassifier(input_scaling="standard", **P)
    of_partitions(est, X[:, :2], y, rounds=rounds)
    assert rounds.names == ["survey", "weigh", "columns", "sample", "encode"]
    rounds = InThisProcess()
    of_partitions(est, X, y, rounds=rounds)  # of nearly constant columns, twice
    assert rounds.names[-1] == "exceptions"


def test_shares_of_all_partitions_have_the_gradient_of_all_samples():
    X, y, w = table()
    est = BPNetClassifier(input_scaling="quantile", **P)
    totals = []
    for chunks in CHUNKS.values():
        learned = of_partitions(est, X, y, w, chunks)
        assert sum(learned.sizes) == (w > 0).sum()
        weights = [
            0.0 if part is None else part.samples.take(part.samples.weights).sum()
            for part in learned.encoded
        ]
        totals.append(sum(weights))
        assert [part is None for part in learned.encoded] == [
            not w[i:j].any() for i, j in pairwise(np.cumsum([0, *chunks]))
        ]
    np.testing.assert_allclose(totals, totals[0])
    assert _shares.prepare(None, None, 0) is None


def test_numbers_that_do_not_add_up_are_errors():
    X, y, _ = table()
    X[:, 0] *= 1e200
    with pytest.raises(ValueError, match="X has columns whose squares exceed"):
        of_partitions(BPNetClassifier(input_scaling="standard", **P), X, y)
    reg = BPNetRegressor(**P)
    with pytest.raises(ValueError, match="target_scaling='auto'"):
        of_partitions(reg, X[:, 1:], X[:, 0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("most", [1000, 60])
@pytest.mark.parametrize("form", ["dense", "sparse", "categories"])
def test_the_penalty_follows_the_noise_of_all_partitions(
    form, most, weighted, monkeypatch
):
    for module in (noise, _sampling):
        monkeypatch.setattr(module, "MOST_SAMPLES", most)
    X, _, w = table()
    X = np.nan_to_num(X[:, [0, 1, 3, 4, 7]])
    y = X[:, 0] + np.random.default_rng(1).normal(size=120)
    reg = BPNetRegressor((5,), max_iter=1)
    if form == "categories":
        reg.set_params(categorical_features=[4])
    w = w if weighted else None
    x = sparse.csr_array(X) if form == "sparse" else X
    expected = reg.fit(x, y, sample_weight=w).plan_["alpha"]
    lazy = spread(X, SEVEN)
    if form == "sparse":
        lazy = lazy.map_blocks(sparse.csr_array)
    lazy_w = None if w is None else spread(w, SEVEN)
    tables = Tables(lazy, spread(y, SEVEN), lazy_w, NO_TABLE, (None, None))
    learned = learn(reg, InThisProcess(), tables, None)
    n = learned.data.training.n
    assert learned.noise / (0.25**2 * n) == pytest.approx(expected, rel=1e-6)
    reg.set_params(alpha=0.1)
    assert learn(reg, InThisProcess(), tables, None).noise is None
