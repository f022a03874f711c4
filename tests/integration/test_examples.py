"""Each example runs as its own first lines say, and prints what it promises."""

from __future__ import annotations

import sys
from pathlib import Path

import console
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

#: What each example prints, in this order, between other things.
PRINTED = {
    "image_lifecycle.py": [
        "created SUCCESS arn:aws:sagemaker:us-east-1:",
        "'Made by an example', [{'Key': 'team', 'Value': 'docs'}])",
        "listed  True",
        "updated SUCCESS ",
        "'Changed', [{'Key': 'team', 'Value': 'docs'}])",
        "deleted SUCCESS DELETE",
        "read    None",
    ],
    "pandas_read_sql.py": [
        "eu-west-1 sklearn arn:aws:sagemaker:eu-west-1:",
        "us-east-1 pytorch arn:aws:sagemaker:us-east-1:",
        "us-east-1 xgboost arn:aws:sagemaker:us-east-1:",
        "us-east-1    2",
    ],
}
WARNED = {"image_lifecycle.py": "", "pandas_read_sql.py": "pandas only supports SQLAlchemy connectable"}


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == PRINTED.keys()


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_and_prints(name: str, tmp_path: Path) -> None:
    ran = console.run([sys.executable, str(EXAMPLES / name)], home=tmp_path)

    assert ran.returncode == 0, ran.stderr
    rest = ran.stdout
    for expected in PRINTED[name]:
        _, found, rest = rest.partition(expected)
        assert found, f"{expected!r} is not in its place in:\n{ran.stdout}"
    assert WARNED[name] in ran.stderr
    assert bool(ran.stderr) == bool(WARNED[name])
