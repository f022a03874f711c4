"""From a statement to the calls that answer it."""
