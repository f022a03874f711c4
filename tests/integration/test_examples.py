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
    "inventory.py": [
        "buckets eu-west-1          1",
        "images us-east-1          6",
        "log groups us-east-1          2",
        "saved inventory.png",
    ],
    "pandas_read_sql.py": [
        "eu-west-1 sklearn arn:aws:sagemaker:eu-west-1:",
        "us-east-1 pytorch arn:aws:sagemaker:us-east-1:",
        "us-east-1 xgboost arn:aws:sagemaker:us-east-1:",
        "us-east-1    2",
    ],
    "several_accounts.py": [
        "dev 222222222222 eu-west-1 /shop\n",
        "prod 111111111111 eu-west-1 /shop\n",
        "prod 111111111111 us-east-1 /search\n",
        "prod in Europe: 1\n",
    ],
}
WARNED = {
    "image_lifecycle.py": "",
    "inventory.py": "",
    "pandas_read_sql.py": "pandas only supports SQLAlchemy connectable",
    "several_accounts.py": "",
}

#: What matplotlib says where it has not been used before, if that takes it long.
FIRST_PLOT = "Matplotlib is building the font cache; this may take a moment.\n"


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
    warned = ran.stderr.replace(FIRST_PLOT, "")
    assert WARNED[name] in warned
    assert bool(warned) == bool(WARNED[name])


def test_the_inventory_is_a_picture(tmp_path: Path) -> None:
    ran = console.run([sys.executable, str(EXAMPLES / "inventory.py"), "--output", "bars.png"], home=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "bars.png").read_bytes().startswith(b"\x89PNG")
