"""Its presence puts tests/ on the import path, for the modules that several test files share."""
