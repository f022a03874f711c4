"""Cloud Control's resources as a pandas data frame.

    python examples/pandas_read_sql.py         # an emulated Cloud Control with a few images
    python examples/pandas_read_sql.py --aws   # your account

pandas warns that it tests connections of SQLAlchemy only, and reads this one all the same, as any of PEP 249.
"""

from __future__ import annotations

import argparse

import pandas as pd

import ccdbapi

IMAGES = [
    ("pytorch", "us-east-1", "search"),
    ("xgboost", "us-east-1", "payments"),
    ("sklearn", "eu-west-1", "search"),
]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aws", action="store_true", help="read your account instead of an emulated Cloud Control")
    arguments = parser.parse_args()
    with ccdbapi.connect(embedded=not arguments.aws) as connection:
        if not arguments.aws:
            make_images(connection)
        frame = images(connection, ("us-east-1", "eu-west-1"))
        print(frame.to_string(index=False))
        print(frame.groupby("region").size().rename("images").to_string())


def make_images(connection: ccdbapi.Connection) -> None:
    """Something to read, in one statement."""
    connection.cursor().executemany(
        "INSERT INTO awscc.sagemaker.images (image_name, region, image_role_arn, tags) VALUES (?, ?, ?, ?)",
        [
            (name, region, "arn:aws:iam::123456789012:role/sagemaker-images", [{"Key": "team", "Value": team}])
            for name, region, team in IMAGES
        ],
    )


def images(connection: ccdbapi.Connection, regions: tuple[str, str]) -> pd.DataFrame:
    """The images of two regions."""
    frame: pd.DataFrame = pd.read_sql(
        """
        SELECT region, split_part(image_arn, '/', -1) AS image, image_arn
        FROM awscc.sagemaker.images_list_only
        WHERE region IN (?, ?)
        ORDER BY ALL
        """,
        connection,  # type: ignore[call-overload] # the warning's other face
        params=regions,
    )
    return frame


if __name__ == "__main__":
    main()
