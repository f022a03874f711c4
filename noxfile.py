"""The tests that need environments of their own: ``nox``."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"


@nox.session
@nox.parametrize("sqlalchemy", ["1.4", "2.0", "2.1"])
def dialect(session: nox.Session, sqlalchemy: str) -> None:
    """Installs the package beside the latest SQLAlchemy of a minor version."""
    session.install("-e", ".[aio,embedded,pandas]", f"sqlalchemy~={sqlalchemy}.0", "hypothesis", "pytest")
    tests = map(str, sorted(Path("tests").glob("*/test_sqlalchemy*.py")))
    session.run("python", "-m", "pytest", "-q", *tests, *session.posargs)


@nox.session
def ecosystem(session: nox.Session) -> None:
    """Installs what has an adapter for itself here, or reads from any driver or dialect, and runs it."""
    session.install("-e", ".[embedded,harlequin,pandas,polars]", "dask[dataframe]", "ipython", "jupysql", "pytest")
    session.run("python", "-m", "pytest", "-q", "tests/ecosystem", *session.posargs)


@nox.session
@nox.parametrize("sqlalchemy", ["1.4", "2.0", "2.1"])
def compliance(session: nox.Session, sqlalchemy: str) -> None:
    """Runs SQLAlchemy's own suite for dialects."""
    session.install("-e", ".[embedded]", f"sqlalchemy~={sqlalchemy}.0", "greenlet", "pytest", "pytest-xdist")
    session.chdir("tests/compliance/sqlalchemy_suite")  # SQLAlchemy 1.4 reads the configuration that is there
    session.run("python", "-m", "pytest", "-q", "-n", "auto", *session.posargs)
