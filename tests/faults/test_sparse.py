"""F29 and F30: wide tables, and sparse tables that are cheaper as arrays."""

import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_bpnet import BPNetClassifier, BPNetRegressor, config_context
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.evaluation import chunk_size, reader_for
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.full_batch.row_space import LowerRows, RowSpace
from sklearn_bpnet.training.sparse_rows import CentredRows, dense_is_faster
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.epoch import Progress

FORMS = [
    sparse.csr_array,
    sparse.csc_array,
    sparse.coo_array,
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)


def one_hot(n_samples=700, sizes=(5, 8, 12), seed=0):
    """Encoded categories, and numbers that depend on them."""
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(k, size=n_samples) for k in sizes])
    effects = [rng.normal(size=k) for k in sizes]
    y = sum(effect[code] for effect, code in zip(effects, codes.T, strict=True))
    return OneHotEncoder().fit_transform(codes), y


def scattered(n_samples, n_features, density, seed=0):
    shape = n_samples, n_features
    X = sparse.random(*shape, density=density, format="csr", random_state=seed)
    return sparse.csr_array(X)


# F30: sparse samples are read as an array where that is faster


def of_shape(n_samples, n_features, n_stored):
    """A matrix of this shape and number of stored elements, which has no memory."""

    class Shaped(sparse.csr_array):
        shape = (n_samples, n_features)
        nnz = n_stored

        def __init__(self):
            pass

    return Shaped()


@pytest.mark.parametrize(
    ("n_features", "density", "n_units", "batch_size", "dense"),
    [
        (30, 0.03, 100, 200, True),  # one category
        (100, 0.1, 100, 200, True),  # ten of them
        (400, 0.3, 400, 200, True),
        (2_000, 0.01, 100, 64, False),
        (2_000, 0.01, 100, 200, False),
        (2_000, 0.3, 100, 200, True),
        (20_000, 0.001, 100, 200, False),  # words of a text
        (20_000, 0.5, 100, 200, True),
        (20_000, 0.5, 100, 2_000, False),  # of too many numbers at a time
        (10**7, 1.0, 1, 64, False),
        (30, 0.0, 100, 200, True),
    ],
)
def test_f30_density_and_width_decide(n_features, density, n_units, batch_size, dense):
    n_samples = 10_000
    X = of_shape(n_samples, n_features, int(n_samples * n_features * density))
    assert dense_is_faster(X, n_units, batch_size) == dense


def test_f30_an_array_and_an_empty_table_are_no_question():
    assert not dense_is_faster(np.ones((100, 3)), 10, 64)
    assert not dense_is_faster(sparse.csr_array((100, 0)), 10, 64)


@pytest.mark.parametrize("compiled", [False, "auto"])
@pytest.mark.parametrize("estimator", [BPNetClassifier, BPNetRegressor])
@every_form
def test_f30_one_hot_columns_train_as_their_array_does(form, estimator, compiled):
    if compiled:
        pytest.importorskip("numba")
    X, y = one_hot()
    y = y > 0 if estimator is BPNetClassifier else y
    options = {"max_iter": 5, "batch_size": 7, "random_state": 0, "dtype": "float64"}
    with config_context(compiled=compiled):  # 100 batches
        ours = estimator((6,), **options).fit(form(X), y)
        theirs = estimator((6,), **options).fit(X.toarray(), y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    name = "predict_proba" if estimator is BPNetClassifier else "predict"
    np.testing.assert_allclose(
        getattr(ours, name)(form(X)),
        getattr(theirs, name)(X.toarray()),
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("scaled", [False, True])
def test_f30_both_ways_read_the_same(dtype, index, scaled):
    X = (scattered(50, 9, 0.3) * 100).astype(dtype)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    before = X.copy()
    array = X.toarray().astype(np.float64)
    s = Standardization(array.mean(axis=0), array.std(axis=0) + 1) if scaled else None
    for indices in (slice(3, 20), np.array([4, 4, 0, 49])):
        for net in (np.float32, np.float64):
            read = RowReader(X, net, s, makes_dense=True).read(indices)
            expected = RowReader(X.toarray(), net, s).read(indices)
            assert type(read) is np.ndarray
            assert read.dtype == net
            np.testing.assert_allclose(read, expected, rtol=1e-6, atol=1e-7)
            other_way = RowReader(X, net, s).read(indices) @ np.eye(9, dtype=net)
            np.testing.assert_allclose(read, other_way, rtol=1e-5, atol=1e-5)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(X, part), getattr(before, part))


def test_f30_samples_that_were_read_do_not_depend_on_earlier_ones():
    X = scattered(50, 9, 0.3)
    reader = RowReader(X, np.float32, makes_dense=True)
    reader.read(np.arange(40))
    again = reader.read(np.arange(3))
    np.testing.assert_array_equal(again, X[:3].toarray().astype(np.float32))


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "lbfgs"},
        {"solver": "cg"},
        {"solver": "gd"},
        {"batch_size": "full"},
        {"early_stopping": True},
        {"learned_input_scale": True},
        {"record": "gradient_norm"},
        {"solver": "sgd", "momentum": 0.0, "alpha": 0.01, "l1_ratio": 1.0},
        {"n_members": 2},
        {"shared_members": 2},
    ],
    ids=str,
)
def test_f30_every_way_to_train_takes_dense_batches(options):
    X, y = one_hot(200)
    options = {"max_iter": 3, "dtype": "float64", "random_state": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = BPNetRegressor((5,), **options).fit(X, y)
        theirs = BPNetRegressor((5,), **options).fit(X.toarray(), y)
    np.testing.assert_allclose(
        ours.predict(X), theirs.predict(X.toarray()), rtol=1e-6, atol=1e-8
    )


def test_f30_the_memory_of_dense_batches_is_bounded():
    X = scattered(20_000, 300, 0.05)  # 48 MB as an array
    y = np.arange(20_000) % 2
    estimator = BPNetClassifier((5,), max_iter=1, random_state=0)
    with config_context(compiled=False):
        estimator.fit(X[:2_000], y[:2_000])  # what is made once
        tracemalloc.start()
        estimator.fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 30e6


@pytest.mark.parametrize("centred", [False, True])
def test_f30_a_product_is_written_where_it_belongs(centred):
    rng = np.random.default_rng(0)
    S, D = scattered(20, 30, 0.2), rng.normal(size=(20, 4))
    m = rng.normal(size=30) * centred
    columns = CentredRows(S, m).T
    expected = (S.toarray() - m).T @ D
    out = np.full((30, 4), np.nan)
    columns.write_product(D, out)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(columns @ D, expected, rtol=1e-12, atol=1e-12)


def test_f30_chunks_of_sparse_samples_count_stored_elements():
    network = Network.dense((10**6, 8, 1), [ACTIVATIONS["relu"]] * 2)
    X = sparse.csr_array((np.ones(1000), np.zeros(1000, int), np.arange(1001)))
    X.resize((1000, 10**6))
    reader = reader_for(network, X, np.float64, None)
    assert reader.is_sparse
    assert chunk_size(network) == 64
    assert chunk_size(network, reader) == 2**20 // 8


@pytest.mark.parametrize("n_features", [20, 5_000])
def test_f30_what_needs_an_array_does_so_whatever_the_density(n_features):
    X, y = scattered(60, n_features, 0.05), np.arange(60.0)
    reg = BPNetRegressor((3,), max_iter=2, numeric_embedding="pbld")
    with pytest.raises(ValueError, match="numeric_embedding needs dense X"):
        reg.fit(X, y)
    squashed = BPNetRegressor((3,), max_iter=2, input_scaling="squash")
    squashed.fit(X.toarray(), y)
    with pytest.raises(ValueError, match=r"'squash' needs dense X.* X\.toarray\(\)"):
        squashed.predict(X)
    with pytest.raises(ValueError, match="'squash' needs dense X"):
        squashed.fit(X.toarray(), y, X_val=X, y_val=y)


# F29: wide tables


def wide_risk(X, *, activation="tanh", alpha=0.01, dtype=np.float64, s=None, of=None):
    n, d = X.shape
    rng = np.random.default_rng(1)
    f = [ACTIVATIONS[activation], ACTIVATIONS["identity"]]
    network = Network.dense((d, 7, 2), f)
    risk = EmpiricalRisk(network, LOSSES["squared_error"], alpha)
    theta = rng.normal(scale=0.1, size=network.n_parameters).astype(dtype)
    Y = rng.normal(size=(n, 2)).astype(dtype)
    s = None if s is None else s.astype(dtype)
    mean, scale = rng.normal(size=d), rng.uniform(0.5, 2, size=d)
    reader = RowReader(X, dtype, Standardization(mean, scale))
    batches = Batches(reader, Y, s, of, 5)
    return FullBatchRisk(risk, batches, theta)


def wide_table(form):
    X = scattered(17, 90, 0.2).toarray()
    X[3] = X[4]  # one direction less
    X[5] = 0
    return form(X)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["array", "csr"])
@pytest.mark.parametrize(
    ("alpha", "activation"),
    [(0.0, "tanh"), (0.01, "prelu"), ((0.01, 0.0), "tanh"), ((0.0, 0.01), "tanh")],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("part", [False, True])
def test_f29_the_row_space_has_the_same_risk(form, alpha, activation, dtype, part):
    of = np.r_[12:3:-1] if part else None
    s = np.linspace(0.5, 1.5, 17)
    smooth = wide_risk(
        wide_table(form), activation=activation, alpha=alpha, dtype=dtype, s=s, of=of
    )
    space = RowSpace(smooth)
    rtol = 1e-4 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(
        space.theta(space.start), smooth.theta, rtol=rtol, atol=rtol
    )
    point = space.start
    for _ in range(3):
        value, gradient = space.smooth.value_and_gradient(point)
        expected, whole = smooth.value_and_gradient(space.theta(point))
        np.testing.assert_allclose(value, expected, rtol=rtol)
        # the gradient, and so every step along gradients
        atol = 10 * rtol * np.abs(whole).max()
        np.testing.assert_allclose(space.theta(gradient), whole, rtol=0, atol=atol)
        # a rotation: lengths are the same
        lengths = [np.linalg.norm(g.astype(np.float64)) for g in (gradient, whole)]
        np.testing.assert_allclose(*lengths, rtol=10 * rtol)
        largest = np.abs(whole).max()
        assert space.is_flat(gradient, 1.01 * largest)
        assert not space.is_flat(gradient, 0.99 * largest)
        point = point - 0.1 * gradient


def test_f29_the_gradient_in_the_row_space_is_that_of_its_risk():
    space = RowSpace(wide_risk(wide_table(np.asarray)))
    point = space.start + np.random.default_rng(0).normal(size=space.start.size) / 10
    _, gradient = space.smooth.value_and_gradient(point)
    for i in range(0, point.size, 5):
        step = np.zeros(point.size)
        step[i] = 1e-5
        above, _ = space.smooth.value_and_gradient(point + step)
        below, _ = space.smooth.value_and_gradient(point - step)
        np.testing.assert_allclose(
            gradient[i], (above - below) / 2e-5, rtol=1e-5, atol=1e-8
        )


@pytest.mark.parametrize("number", [0.0, 1e200])
def test_f29_samples_without_a_row_space_train_in_the_usual_way(number):
    smooth = wide_risk(np.zeros((6, 90)))
    X = np.full((6, 90), number)
    smooth.batches = Batches(
        RowReader(X, np.float64), smooth.batches.Y, None, None, batch_size=6
    )
    assert RowSpace.pays(smooth)
    with np.errstate(over="ignore"):
        assert RowSpace.of(smooth) is None


def test_f29_zeros_alone_are_fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        reg = BPNetRegressor((3,), solver="lbfgs", max_iter=5, random_state=0)
        reg.fit(np.zeros((6, 90)), np.arange(6))
    np.testing.assert_allclose(reg.predict(np.zeros((1, 90))), 2.5, atol=0.5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_samples", [1, 2, 65])
def test_f29_products_with_a_triangle(n_samples, dtype):
    rng = np.random.default_rng(0)
    L = np.asfortranarray(np.tril(rng.normal(size=(n_samples, n_samples))), dtype)
    W = rng.normal(size=(n_samples + 1, 3)).astype(dtype)
    D = rng.normal(size=(n_samples, 3)).astype(dtype)
    rows, array = LowerRows(L), np.column_stack([L, np.zeros(n_samples, dtype)])
    assert rows.shape == array.shape
    tolerance = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(rows @ W, array @ W, **tolerance)
    np.testing.assert_allclose(rows.T @ D, array.T @ D, **tolerance)
    assert (rows @ W).dtype == (rows.T @ D).dtype == dtype


@pytest.mark.parametrize(
    ("shape", "changes", "pays"),
    [
        ((20, 10_000), {}, True),
        ((20, 40), {}, True),
        ((20, 39), {}, False),  # nothing to gain
        ((5_000, 20_000), {}, False),  # its products would need 200 MB
        ((500, 20_000), {}, False),  # and hundreds of evaluations, with 7 units
        ((20, 10_000), {"penalty": ElasticNet(0.5)}, False),
        ((20, 10_000), {"group": GroupLasso(0.5)}, False),
    ],
)
def test_f29_shapes_and_the_penalty_decide_on_the_row_space(shape, changes, pays):
    n, d = shape
    network = Network.dense((d, 7, 1), [ACTIVATIONS["relu"], ACTIVATIONS["identity"]])
    risk = EmpiricalRisk(network, LOSSES["squared_error"], 0.01, **changes)
    reader = RowReader(sparse.csr_array(shape), np.float64, makes_dense=True)
    batches = Batches(reader, np.zeros((n, 1)), None, None, 64)
    smooth = FullBatchRisk.__new__(FullBatchRisk)
    smooth.risk, smooth.batches = risk, batches
    assert RowSpace.pays(smooth) == pays


def both_ways(monkeypatch, fit):
    """What ``fit`` returns where training is in the row space, and where it is not."""
    made, init = [], RowSpace.__init__

    def counted(space, smooth):
        init(space, smooth)
        made.append(space)

    monkeypatch.setattr(RowSpace, "__init__", counted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = fit()
        n_made = len(made)
        monkeypatch.setattr(RowSpace, "pays", lambda smooth: False)
        theirs = fit()
    assert len(made) == n_made  # and in the usual way, none
    return ours, theirs, n_made


OPTIONS = [
    {},
    {"activation": "prelu"},
    {"alpha": 0.0},
    {"alpha": [0.1, 0.01]},
    {"hidden_layer_sizes": ()},
    {"input_scaling": None},
    {"dtype": "float32", "tol": 1e-3},
    {"n_members": 2},
    {"early_stopping": True},
    {"record": "gradient_norm", "verbose": True},
]
NOT_THERE = [
    {"l1_ratio": 0.5},
    {"learned_input_scale": True},
    {"numeric_embedding": "pbld"},
    {"shared_members": 1},
]


@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["array", "csr"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_f29_the_steps_in_the_row_space_are_the_usual_ones(
    options, form, solver, monkeypatch
):
    rng = np.random.default_rng(0)
    X, y = scattered(30, 200, 0.3).toarray(), rng.normal(size=30)
    options = {"hidden_layer_sizes": (4,), "max_iter": 8, "solver": solver, **options}

    def fit():
        return BPNetRegressor(random_state=0, **options).fit(form(X), y)

    ours, theirs, n_made = both_ways(monkeypatch, fit)
    assert n_made == options.get("n_members", 1)
    tolerance = {"rtol": 1e-2, "atol": 1e-4} if "dtype" in options else {"rtol": 1e-6}
    if options.get("n_members") is None:
        assert ours.n_iter_ == theirs.n_iter_
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, **tolerance)
        for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(
                a, b, rtol=0, atol=1e-3 if "tol" in options else 1e-6
            )
    new = scattered(20, 200, 0.3, seed=1)
    np.testing.assert_allclose(
        ours.predict(new), theirs.predict(new), rtol=1e-2, atol=1e-4
    )


@pytest.mark.parametrize("options", NOT_THERE, ids=str)
def test_f29_other_networks_and_penalties_train_in_the_usual_way(options, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 60)), rng.normal(size=20)

    def fit():
        reg = BPNetRegressor(
            (4,), solver="lbfgs", max_iter=3, random_state=0, **options
        )
        return reg.fit(X, y)

    ours, theirs, n_made = both_ways(monkeypatch, fit)
    assert n_made == 0
    np.testing.assert_array_equal(ours.coefs_[0], theirs.coefs_[0])


@pytest.mark.parametrize("solver", ["lbfgs", "cg"])
def test_f29_a_convex_risk_has_the_same_minimum(solver, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 200)), rng.normal(size=30)
    options = {"solver": solver, "alpha": 0.1, "tol": 1e-7, "max_iter": 2000}

    def fit():
        return BPNetRegressor((), random_state=0, **options).fit(X, y)

    ours, theirs, n_made = both_ways(monkeypatch, fit)
    assert n_made == 1
    assert ours.stop_reason_ == theirs.stop_reason_ == "converged"
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=0, atol=1e-5)
    ridge = Ridge(alpha=0.1 * len(X)).fit(StandardScaler().fit_transform(X), y)
    np.testing.assert_allclose(
        ours.predict(X), ridge.predict(StandardScaler().fit_transform(X)), atol=1e-4
    )


def test_f29_given_weights_outside_the_span_stay_where_there_is_no_penalty(monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 300)), rng.normal(size=20)
    W, b = rng.normal(size=(300, 1)), np.zeros(1)

    def fit(alpha=0.0):
        reg = BPNetRegressor((), solver="lbfgs", alpha=alpha, max_iter=4)
        return reg.fit(X, y, coefs_init=[W], intercepts_init=[b])

    ours, theirs, n_made = both_ways(monkeypatch, fit)
    assert n_made == 1
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-6, atol=1e-8)
    Z = StandardScaler().fit_transform(X)
    _, _, Vt = np.linalg.svd(Z, full_matrices=True)
    outside = Vt[20:]
    np.testing.assert_allclose(outside @ ours.coefs_[0], outside @ W, atol=1e-8)


def test_f29_warm_starts_continue_and_end_at_once_where_they_had_converged():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 300)), rng.normal(size=20)
    reg = BPNetRegressor((), solver="lbfgs", warm_start=True, tol=1e-5, max_iter=500)
    reg.fit(X, y)
    loss, W = reg.loss_, reg.coefs_[0].copy()
    assert reg.fit(X, y).stop_reason_ == "converged"
    assert reg.n_iter_ <= 1
    np.testing.assert_allclose(reg.loss_, loss, rtol=1e-6)
    np.testing.assert_allclose(reg.coefs_[0], W, atol=1e-3)


def test_f29_what_follows_the_iterations_sees_whole_weights(tmp_path):
    callbacks = pytest.importorskip("sklearn_bpnet.callbacks", exc_type=ImportError)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 300)), np.arange(20) % 2
    path = tmp_path / "checkpoint"
    options = {"solver": "lbfgs", "record": "gradient_norm", "random_state": 0}
    clf = BPNetClassifier((4,), max_iter=6, **options)
    clf.set_callbacks(callbacks.Checkpoint(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y, X_val=X, y_val=y)
        read = BPNetClassifier.load_checkpoint(path)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert clf.validation_scores_[-1] == 1.0
    assert len(clf.history_["gradient_norm_1"]) == clf.n_iter_
    np.testing.assert_allclose(read.coefs_[0], clf.coefs_[0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("when", [0, 1, 7])
def test_f29_an_interrupt_leaves_whole_weights(when, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 300)), rng.normal(size=20)
    n, compute = [0], FullBatchRisk.value_and_gradient

    def interrupted(smooth, x):
        n[0] += smooth.theta.size < 300  # in the row space
        if n[0] == when + 1:
            n[0] = 99
            raise KeyboardInterrupt
        return compute(smooth, x)

    monkeypatch.setattr(FullBatchRisk, "value_and_gradient", interrupted)
    reg = BPNetRegressor((4,), solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="interrupted"):
        reg.fit(X, y)
    assert n[0] == 99
    assert reg.coefs_[0].shape == (300, 4)
    assert reg.stop_reason_ == "interrupted"


@pytest.mark.parametrize("seed", range(2))
def test_f29_a_classifier_of_few_samples_ends_once_they_are_fitted(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(20, 2_000)), rng.integers(2, size=20)
    clf = BPNetClassifier((50,), random_state=seed).fit(X, y)
    assert clf.stop_reason_ == "converged"
    assert clf.n_iter_ < 60
    assert clf.score(X, y) == 1.0
    assert clf.coefs_[0].dtype == np.float32


@pytest.mark.parametrize(
    ("n_samples", "options"),
    [
        (20, {"n_iter_no_change": np.inf}),
        (20, {"n_iter_no_change": 40}),
        (20, {"batch_size": 10}),
        (100, {}),  # two batches
    ],
    ids=str,
)
def test_f29_all_epochs_are_trained_otherwise(n_samples, options):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n_samples, 1_500)), np.arange(n_samples) % 2
    clf = BPNetClassifier((5,), max_iter=40, random_state=0, **options).fit(X, y)
    assert clf.n_iter_ == 40


def test_f29_a_warm_start_trains_at_least_once():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 5_000)), np.arange(20) % 2
    clf = BPNetClassifier(
        (50,), learning_rate="cosine", warm_start=True, random_state=0
    )
    assert clf.fit(X, y).stop_reason_ == "converged"
    assert 10 <= clf.fit(X, y).n_iter_ < 100


@pytest.mark.parametrize(
    ("shape", "wide", "batch_size"),
    [
        ((20, 10_000), True, 20),
        ((2_000, 20_000), True, 334),
        ((300, 20_000), True, 64),
        ((10_000, 20_000), True, 400),
        ((20_000, 20_000), False, 200),
        ((2_000, 1_999), False, 64),
        ((20, 999), False, 20),
    ],
)
def test_f29_batches_of_wide_tables(shape, wide, batch_size):
    settings = BPNetClassifier(shared_members=None)._settings
    assert solvers.is_wide(*shape) == wide
    assert solvers.batch_size(settings, *shape) == batch_size


def test_f29_samples_are_fitted_while_their_loss_is_about_zero():
    progress = Progress()
    for loss, n_fitted in [
        (0.5, 0),
        (9e-4, 1),
        (0.0, 2),
        (1e-3, 0),
        (1e-4, 1),
        (-1, 0),
    ]:
        progress.note(loss)
        assert progress.n_fitted == n_fitted
