"""Which SQLAlchemy it is."""

from __future__ import annotations

import sqlalchemy

#: Whether it is 1.4, whose compiler and events have other signatures.
BEFORE_2 = sqlalchemy.__version__.startswith("1.")
