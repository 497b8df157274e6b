"""A callback for tests: what has ended in the fit of an ensemble."""


class Diary:
    """A callback that notes what ends, and may ask for an end or break down."""

    def __init__(self, stop_after=None, break_after=None):
        self.stop_after, self.break_after = stop_after, break_after
        self.tasks, self.fitted, self.n_announced = [], [], None

    def setup(self, estimator, context):
        self.n_announced = context.max_subtasks

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "fit":
            return None
        self.tasks.append((context.task_name, context.task_id))
        self.fitted.append(fitted_estimator)
        if len(self.tasks) == self.break_after:
            raise RuntimeError("crash")
        return len(self.tasks) == self.stop_after

    def teardown(self, estimator, context):
        pass
