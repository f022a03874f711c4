"""The tests that need environments of their own: ``nox``."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"

#: What a version of SQLAlchemy needs beside it. 1.4: the last pandas that takes it, for the Pythons that this runs on.
BESIDE = {"1.4": ["pandas<2.2; python_version<'3.13'"]}

#: Where SQLAlchemy's own suite for dialects is set up; 1.4 reads only the configuration of the directory that it is in.
SUITE = "tests/compliance/sqlalchemy_suite"


@nox.session
@nox.parametrize("sqlalchemy", ["1.4", "2.0", "2.1"])
def dialect(session: nox.Session, sqlalchemy: str) -> None:
    """Beside the latest SQLAlchemy of a minor version: the dialects' tests, and SQLAlchemy's suite on both dialects."""
    versions = (f"sqlalchemy~={sqlalchemy}.0", *BESIDE.get(sqlalchemy, ()))
    # To compile takes pip almost half its time, and most of what it installs is never imported.
    session.install("--no-compile", "-e", ".[aio,embedded,pandas]", *versions, "hypothesis", "pytest", "pytest-xdist")
    tests = map(str, sorted(Path("tests").glob("*/test_sqlalchemy*.py")))
    session.run("python", "-m", "pytest", "-q", "-n", "auto", *tests, *session.posargs)
    session.chdir(SUITE)
    for engine in ("default", "asyncio"):
        session.run("python", "-m", "pytest", "-q", "-n", "auto", "--db", engine, *session.posargs)


@nox.session
def ecosystem(session: nox.Session) -> None:
    """Installs what has an adapter for itself here, or reads from any driver or dialect, and runs it."""
    readers = ("apache-airflow-providers-common-sql", "dask[dataframe]", "ipython", "jupysql", "ray[data]")
    session.install("-e", ".[embedded,harlequin,pandas,polars]", "alembic", *readers, "pytest")
    # Airflow wants a place for its files, and Ray would tell its makers that it is used.
    quietly = {
        "AIRFLOW_HOME": str(Path(session.virtualenv.location, "airflow").resolve()),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    session.run("python", "-m", "pytest", "-q", "tests/ecosystem", *session.posargs, env=quietly)
