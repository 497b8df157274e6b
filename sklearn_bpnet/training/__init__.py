"""The minimisation of an empirical risk: optimisers, schedules, epochs, stopping."""
