"""100,000 listed identifiers as a pandas DataFrame: this driver beside a loop over boto3's paginator.

Both ask the same endpoint, in another process, for pages of 100, one after the other, and build the same DataFrame of
region and ARN. In turn, and compared within a round. Aim: at most 1.3 times the time of the loop.

    python benchmarks/dataframe.py

The exit code is 1 if the aim is missed.
"""

from __future__ import annotations

import sys

import pandas
from endpoint import ACCESS_KEY, REGION, SECRET_KEY, Setup, running
from report import aim, described, seconds, sized
from with_boto3 import Boto3Images

import ccdbapi

ROUNDS = sized(5)
IMAGES = sized(100_000)

SELECT = f"SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE region = '{REGION}'"


def main() -> int:
    with (
        running(Setup(IMAGES)) as endpoint,
        ccdbapi.connect(
            endpoint_url=endpoint.url, rate_limit=None, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY
        ) as connection,
    ):
        images = Boto3Images(endpoint.url)

        def by_driver() -> pandas.DataFrame:
            with connection.cursor() as cursor:
                return cursor.execute(SELECT).fetch_df()

        def by_loop() -> pandas.DataFrame:
            return pandas.DataFrame(
                [(REGION, arn) for page in images.pages() for arn in page], columns=["region", "image_arn"]
            )

        pandas.testing.assert_frame_equal(by_driver(), by_loop())
        rounds = [(seconds(by_driver), seconds(by_loop)) for _ in range(ROUNDS)]
    ours, theirs = zip(*rounds, strict=True)
    print(f"{IMAGES} identifiers: driver {described(ours)} s, boto3's paginator {described(theirs)} s")
    return 0 if aim("ratio", [mine / other for mine, other in rounds], at_most=1.3) else 1


if __name__ == "__main__":
    sys.exit(main())
