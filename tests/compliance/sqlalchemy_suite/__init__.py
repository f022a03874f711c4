"""SQLAlchemy's own tests for dialects, over resource types made from their tables: ``pytest`` on this directory."""
