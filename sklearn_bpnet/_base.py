"""The base class of both estimators: the order of the steps of a fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import _types as types
from sklearn_bpnet._arguments import explains_arguments
from sklearn_bpnet._checkpoints import StoredEstimator
from sklearn_bpnet._data.reading import Table
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.budget import Deadline, within_budget
from sklearn_bpnet._fit.call import Arguments, Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.fitted import Fitted, Trained
from sklearn_bpnet._fit.follow import follow
from sklearn_bpnet._fit.pose import pose, read
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._fit.train_anew import AllSamples, n_later
from sklearn_bpnet._fit.train_call import train_call
from sklearn_bpnet._scoring import Scorer, make_scorer
from sklearn_bpnet._settings.choices import USUAL
from sklearn_bpnet._settings.constraints import CONSTRAINTS
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import is_stochastic
from sklearn_bpnet._sklearn_compat import (
    CallbackContexts,
    Header,
    available_if,
    fit_context,
)
from sklearn_bpnet._summary import Summary, summarised
from sklearn_bpnet.net.user_defined import check_user_defined


class BaseBPNet(StoredEstimator):
    """The common part of the two estimators; not for direct use."""

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    # Training

    @explains_arguments
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: types.TableLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: types.TableLike | None = None,
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
            The training inputs: numbers, booleans, and in a data frame categories
            and text, see `categorical_features`. NaN is a missing value. CSR and other
            sparse formats are never made dense, and X is never modified. Also data
            larger than memory, which are read in blocks: a memory map, the path of a
            file or folder of Parquet, a data set of pyarrow or a collection of Dask.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or several columns of label indicators, 0 and 1, or of class
            labels, in classification; real numbers in regression. The name, or a list
            of names, of columns of X if that is of Parquet or a data frame of Dask.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0. Only their ratios matter; a sample of
            weight 0 is ignored. The name of a column if y may be one.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which are not trained on. With `early_stopping` they
            determine when to stop and which weights to keep, and no training sample is
            set aside; without it their loss and score are only recorded. The columns
            must be those of X.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples. If early stopping sets samples aside, it does not
            separate those of a group, and neither does `member_folds`.
        coefs_init : list of array-like of shape (n_in, n_out), default=None
            Initial weights, in place of those drawn by `initializer`: the values of
            `coefs_` before the first step. They act on the input of the network, which
            is standardised features unless ``input_scaling=None``.
        intercepts_init : list of array-like of shape (n_out,), default=None
            Initial biases, in place of those drawn by `initializer`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y, the weights or a parameter are not valid, or if no step of training
            stays finite.
        """
        table = Table(X, y, sample_weight)
        validation = Table(X_val, y_val, sample_weight_val)
        init = (coefs_init, intercepts_init)
        return self._fit(Arguments(table, validation, groups=groups, init=init))

    def summary(self) -> Summary:
        """Summarise the fitted network.

        Returns
        -------
        Summary
            The blocks of the network with their units, weights, parameters and
            activations; totals; how training ended; and what "auto" stands for in the
            parameters that follow the data. Printed it is text, in a notebook a table.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        fitted, names = self._model, self.get_params(deep=False)
        return summarised(type(self).__name__, fitted, names, vars(self))

    def _check_solver(self) -> bool:
        """Raise AttributeError if the solver does not allow `partial_fit`."""
        if not is_stochastic(self._settings):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic. Use another solver, such as 'adam', "
                "or fit with warm_start=True."
            )
        return True

    @available_if(_check_solver)
    @explains_arguments
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: types.TableLike,
        y: types.MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: types.TableLike | None = None,
        y_val: types.MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch over the given data, continuing earlier calls.

        The optimiser's state, the schedule, the patience and the random stream continue
        from call to call. The first call determines the scaling of the inputs and of
        a regressor's targets, the levels of categories and the unit of the sample
        weights, for all calls; the scaling of a column waits until 20 samples have been
        seen and differ. A later value is an unknown one if the first call lacked it and
        the dtype does not declare it. No sample is set aside for early stopping, which
        monitors `X_val` and `y_val` if given: `coefs_` are then the best weights so
        far, and `stop_reason_` is "converged" once the patience is exhausted.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call, of the kinds that `fit` reads.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of this call: class labels, or several columns of label
            indicators, 0 and 1, or of class labels, in classification; real numbers in
            regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, at least 0.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which are not trained on. With `early_stopping` they
            determine which weights to keep; without it their loss and score are only
            recorded. The columns must be those of X.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.

        Returns
        -------
        self : object
            The estimator, trained for one more epoch.

        Raises
        ------
        AttributeError
            If the solver is not stochastic.
        ValueError
            If X, y, the weights or a parameter are not valid, or do not fit the
            previous calls.
        """
        table = Table(X, y, sample_weight)
        validation = Table(X_val, y_val, sample_weight_val)
        return self._fit(Arguments(table, validation, incremental=True))

    def _fit(self, arguments: Arguments) -> Self:
        """The fit of a call, after which NumPy treats overflows as before.

        An interrupt between the end of an inner ``errstate`` and its exit would leave
        its settings behind.
        """
        with np.errstate():
            return self._fit_in_order(arguments)

    def _fit_in_order(self, arguments: Arguments) -> Self:
        """Read, pose, train, calibrate; the estimator changes only after that."""
        budget = self._settings.time_budget
        deadline = None if budget is None else Deadline(budget)
        call = self._call(arguments)
        defaults = Settings.of(self._defaults()).chosen(USUAL)
        usual, open_ended = call.settings.chosen(USUAL), call.open_ended
        advice.warn_of_unused(usual, defaults, open_ended=open_ended)
        advice.warn_of_schedule(usual, open_ended=open_ended)
        header = Header(self)
        numeric = self._kind == "regression"
        data, task, whole = read(call, header, self._learn_task, numeric=numeric)
        call = follow(call, data, numeric=numeric)
        settings = call.settings
        problem, draft = pose(call, data, task, self._build_network, self._scorer)
        check_user_defined(problem.risk, data.training.Y)
        problem, draft = within_budget(call, problem, draft, deadline)
        samples = None
        if whole is not None:
            parts = header.feature_names, self._learn_task, self._build_network
            samples = AllSamples(whole, *parts)

        def show(draft: Fitted) -> Callable[[Trained], dict[str, Any]]:
            return lambda trained: self._attributes(
                header.attributes, draft.with_trained(trained)
            )

        table = arguments.table
        tasks = FitTasks(
            CallbackContexts(self, table.X, data.training.y, table.sample_weight),
            "member" if draft.is_ensemble else "epoch",
            show(draft),
            n_later(call, problem),
        )
        advice.warn_of_compiler(problem)
        fitted, ends = train_call(call, problem, draft, samples, tasks, deadline, show)
        advice.warn_of_compiler(problem)
        self._set_fitted(self._attributes(header.attributes, fitted))
        tasks.end()
        for outcomes in ends:
            advice.warn_of_ends(settings, problem, outcomes)
        return self

    def _call(self, arguments: Arguments) -> Call:
        """The call, with the state that it starts from."""
        settings, previous = self._settings, self._previous(arguments)
        if previous is None:
            return Call(arguments, settings, None, TrainingState.new(self.random_state))
        state = deepcopy(previous.state)
        if not previous.resumes:
            state.refit = None  # which only the interrupted call would have made
        return Call(arguments, settings, previous, state)

    def _previous(self, arguments: Arguments) -> Fitted | None:
        """The result of the previous calls, if this one continues them."""
        if "_fitted" not in vars(self):
            return None
        fitted = self._model
        resumes = fitted.resumes and not arguments.incremental
        if not (arguments.incremental or self.warm_start or resumes):
            return None
        n = len(fitted.networks)
        if n != self.n_members and not (fitted.is_ensemble and resumes):
            raise ValueError(
                f"Training cannot continue with n_members={self.n_members}: so far it "
                f"is {n}. Use n_members={n}, or warm_start=False in fit to start again."
            )
        return replace(fitted, resumes=resumes)

    def _scorer(self, scoring: Any, fitted: Fitted, samples: Samples) -> Scorer | None:
        """The scorer of the validation samples during training."""
        estimator = type(self)(**self.get_params(deep=False))
        # what is scored is one network, also if it is a member of an ensemble
        return make_scorer(
            estimator, scoring, replace(fitted, is_ensemble=False), samples
        )
