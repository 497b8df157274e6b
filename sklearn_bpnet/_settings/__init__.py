"""From the constructor's parameters to a plan: constraints, architecture, penalty."""
