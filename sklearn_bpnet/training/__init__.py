"""The way to the minimum of an empirical risk: optimisers, schedules, stopping."""
