"""What BPNetClassifier and BPNetRegressor share: the order of the steps of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from sklearn_bpnet import _types as types
from sklearn_bpnet._data.reading import NO_TABLE, Table, read, set_aside
from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._data.statistics import embedded_features, input_standardization
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._estimator import Estimator
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import calibrate, check_calibration
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.ensemble import Trained, train_ensemble, train_one
from sklearn_bpnet._fit.fitted import Fitted, FittedNetwork
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.start import check_same_network, starting_theta
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._scoring import Scorer
from sklearn_bpnet._settings.constraints import CONSTRAINTS
from sklearn_bpnet._settings.plan import initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import is_stochastic
from sklearn_bpnet._sklearn_compat import (
    CallbackContexts,
    Header,
    available_if,
    fit_context,
    validate_parameters,
)
from sklearn_bpnet.net.user_defined import check_user_defined
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.history import StopReason


@dataclass(frozen=True)
class Call:
    """What a call of fit or partial_fit was given.

    Parameters
    ----------
    table, validation : Table
        Training samples, and validation samples if there are some.
    incremental : bool, default=False
        Whether it is `partial_fit`: one epoch.
    groups : array-like or None, default=None
        Samples of a group stay together.
    init : tuple of two, default=(None, None)
        Weights and biases to start from.
    classes : array-like or None, default=None
        All classes that any call will see.
    """

    table: Table
    validation: Table = NO_TABLE
    incremental: bool = False
    groups: Any = None
    init: tuple[Any, Any] = (None, None)
    classes: Any = None


class BaseBPNet(Estimator):
    """The common part of the two estimators; not for direct use."""

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    # Training

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: types.MatrixLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: types.MatrixLike | None = None,
        y_val: types.MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
    ) -> Self:
        """Fit the network to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The training inputs: real, integer or boolean. CSR and other sparse
            formats are never made dense, and X is never modified.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or label indicators in classification, real numbers in
            regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0. Only their ratios matter; a sample of
            weight 0 counts as absent.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which training never sees. With `early_stopping` they
            decide when to stop and which weights to keep, and no training sample is set
            aside; without it their loss and score are only recorded.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.
        groups : array-like of shape (n_samples,), default=None
            Samples of a group go to training or to validation together, when early
            stopping sets samples aside.
        coefs_init : list of array-like of shape (n_in, n_out), default=None
            The weights that training starts from, in place of those that
            `initializer` draws; what `coefs_` holds before the first step. They act
            on what the network sees: standardised features unless
            ``input_scaling=None``.
        intercepts_init : list of array-like of shape (n_out,), default=None
            The biases that training starts from, in place of those that
            `initializer` draws.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y, the weights or a parameter are not valid, or if not one step
            of training stays finite.
        """
        table = Table(X, y, sample_weight)
        validation = Table(X_val, y_val, sample_weight_val)
        init = (coefs_init, intercepts_init)
        return self._fit(Call(table, validation, groups=groups, init=init))

    def _check_solver(self) -> bool:
        if not is_stochastic(self._settings):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True

    @available_if(_check_solver)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: types.MatrixLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: types.MatrixLike | None = None,
        y_val: types.MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch over the given data, continuing earlier calls.

        The optimiser's state, the schedule, the patience and the random stream continue
        from call to call. The first call decides the scaling of the inputs and of a
        regressor's targets and the unit of the sample weights; those hold from then on.
        No sample is set aside for early stopping, which monitors `X_val` and `y_val` if
        given: `coefs_` are then the best weights so far, and `stop_reason_` says
        "converged" once patience has run out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of this call: class labels or label indicators in
            classification, real numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which training never sees. With `early_stopping` they
            decide which weights to keep; without it their loss and score are only
            recorded.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        table = Table(X, y, sample_weight)
        validation = Table(X_val, y_val, sample_weight_val)
        return self._fit(Call(table, validation, incremental=True))

    def _fit(self, call: Call) -> Self:
        settings = self._settings
        open_ended = call.incremental or settings.warm_start
        advice.warn_of_unused(settings, self._defaults(), open_ended=open_ended)
        before = self._before(settings, call)
        header = Header(self)
        state = TrainingState.new(settings.random_state)
        if before is not None:
            state = deepcopy(before.state)
        data, task = self._read(header, settings, call, before, state)
        problem, draft = self._pose(settings, data, task, call, before, state)
        check_user_defined(problem.risk, data.training.Y)

        def learned(trained: Trained) -> Fitted:
            return draft.with_networks(trained.networks, unfinished=trained.unfinished)

        contexts = CallbackContexts(
            self, call.table.X, data.training.y, call.table.sample_weight
        )
        tasks = FitTasks(
            contexts,
            "member" if draft.is_ensemble else "epoch",
            lambda trained: self._attributes(header.attributes, learned(trained)),
        )
        trained = self._train(settings, problem, before, state, tasks)
        fitted = learned(trained)
        fitted.temperature = self._temperature(settings, fitted, data, before)
        self._become(self._attributes(header.attributes, fitted))
        tasks.end()
        ends = trained.outcomes
        if call.incremental:  # an epoch is all that was asked for
            ends = [end for end in ends if end.reason is not StopReason.MAX_ITER]
        advice.warn_of_ends(settings, ends)
        return self

    def _before(self, settings: Settings, call: Call) -> Fitted | None:
        """What the calls before left, if this one continues it."""
        if "_fitted" not in vars(self):
            return None
        fitted = self._model
        resumes = fitted.resumes and not call.incremental
        if not (call.incremental or settings.warm_start or resumes):
            return None
        n = len(fitted.networks)
        if n != settings.n_members and not (fitted.is_ensemble and resumes):
            raise ValueError(
                f"Training cannot continue with n_members={settings.n_members}: so far "
                f"it is {n}. Use n_members={n}, or warm_start=False in fit to start "
                "again."
            )
        return replace(fitted, resumes=resumes)

    def _read(
        self,
        header: Header,
        settings: Settings,
        call: Call,
        before: Fitted | None,
        state: TrainingState,
    ) -> tuple[Data, Task]:
        """The samples, checked and encoded, some of them set aside; and their task."""
        classes = call.classes
        if call.incremental and self._kind == "classification":
            classes = header.all_classes(classes)
        known_task = None if before is None else before.task
        data, task = read(
            header,
            call.table,
            call.validation,
            lambda y: self._learn_task(settings, y, known_task, classes),
            continues=before is not None,
            numeric=self._kind == "regression",
        )
        if task.is_certain:
            return data, task
        resumes = before is not None and before.resumes
        if message := set_aside(
            data,
            task,
            settings,
            call.groups,
            seed=state.validation_seed,
            known=state.split if resumes else None,
            incremental=call.incremental,
        ):
            advice.warn(message)
        if settings.calibrates:
            is_there = data.validation is not None
            check_calibration(task, has_validation=is_there or call.incremental)
        return data, task

    def _pose(
        self,
        settings: Settings,
        data: Data,
        task: Task,
        call: Call,
        before: Fitted | None,
        state: TrainingState,
    ) -> tuple[Problem, Fitted]:
        """The empirical risk to minimise, with a plan, and what is known so far."""
        samples = data.training
        if before is None:
            embedded = embedded_features(settings, samples)
            advice.warn_of_embedding(settings, embedded)
        else:
            embedded = before.embedded
        n_features = samples.X.shape[1]
        n_outputs = task.loss.n_outputs(samples.Y.shape[1])
        network = self._build_network(settings, task, n_features, n_outputs, embedded)
        risk = build_risk(
            settings,
            network,
            task.loss,
            n_samples=samples.n_of_positive_weight,
            n_choices=task.n_choices,
            is_sparse=samples.is_sparse,
            incremental=call.incremental,
        )
        if before is not None and before.resumes:
            before.check_same_samples(samples)
        if before is None:
            scaling = input_standardization(settings, samples)
            task = task.with_units(settings, samples)
        else:
            check_same_network(settings, network, before.networks[0].network, embedded)
            scaling = before.standardization
        task = task.with_range(samples)
        if state.weight_unit is None:
            state.weight_unit = samples.mean_weight
        plan = resolve(
            settings,
            network,
            n_samples=samples.n,
            n_features=n_features,
            incremental=call.incremental,
            fitted_dtype=None if before is None else before.networks[0].dtype,
            largest_offset=samples.largest_offset(scaling),
        )
        if not task.is_certain:
            advice.warn_of_misfits(settings, plan, network, samples.n)
        is_ensemble = settings.n_members > 1
        network_now = FittedNetwork(network, {}, state)
        draft = Fitted(task, scaling, embedded, [network_now], state, is_ensemble)
        scorer = None
        if data.validation is not None and settings.scoring not in (None, "loss"):
            copy = type(self)(**vars(settings))
            scorer = Scorer(copy, settings.scoring, draft, data.validation)
        problem = Problem(
            risk,
            data,
            task,
            scaling,
            plan,
            initialization(settings),
            call.init,
            scorer,
            before is not None and before.resumes,
        )
        return problem, draft

    def _train(
        self,
        settings: Settings,
        problem: Problem,
        before: Fitted | None,
        state: TrainingState,
        tasks: FitTasks,
    ) -> Trained:
        """Train one network, or the members of an ensemble."""
        networks = [] if before is None else before.networks
        n_features = problem.data.training.X.shape[1]
        remedy = advice.remedy_for_divergence(settings, n_features)
        if settings.n_members == 1:
            return train_one(problem, state, networks, tasks, remedy)
        return train_ensemble(
            problem,
            state,
            networks,
            tasks,
            remedy,
            n_members=settings.n_members,
            n_jobs=settings.n_jobs,
            verbose=bool(settings.verbose),
        )

    def _temperature(
        self, settings: Settings, fitted: Fitted, data: Data, before: Fitted | None
    ) -> float | None:
        """What the logits are divided by; `partial_fit` may keep what it was."""
        if not settings.calibrates:
            return None
        if data.validation is None:
            return None if before is None else before.temperature
        return calibrate(fitted, data.validation)

    # The empirical risk as a function

    def _objective(self, table: Table) -> tuple[Any, Any, Any, Any, Any]:
        """The risk, what the network sees of X and y, the weights, and theta.

        Of a fitted estimator theta is where it stands, else where `fit` would start.
        The estimator is left as it is.
        """
        validate_parameters(self)
        random_state = deepcopy(self.random_state)
        own = {"random_state": random_state, "dtype": "float64"}
        own |= {"early_stopping": False, "warm_start": False, "calibration": None}
        settings = Settings.of(vars(self._settings) | own)
        before = self._model if "_fitted" in vars(self) else None
        state = TrainingState.new(random_state)
        call = Call(table)
        if before is not None and self._kind == "classification":
            # samples of some of the classes will do
            call = replace(call, classes=before.task.facts["classes"])
        header = Header(self)
        data, task = self._read(header, settings, call, before, state)
        problem, _ = self._pose(settings, data, task, call, before, state)
        network = None if before is None else before.networks[0]
        theta = starting_theta(problem, state, network)
        samples = data.training
        X = RowReader(samples.X, np.float64, problem.standardization)
        Y = np.asarray(problem.task.in_network_units(samples.Y), dtype=np.float64)
        seen = X.read(slice(0, len(Y)))
        return problem.risk, seen, Y, samples.weights, theta.flat
