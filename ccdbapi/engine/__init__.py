"""The relational engine."""
