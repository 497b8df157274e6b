"""A training as a file."""
