"""Resource types: their names, columns, identifiers and permissions."""
