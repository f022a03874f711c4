"""SQL over AWS Cloud Control: a Python DB-API 2.0 driver."""
