"""Statements: what the text of a statement says."""
