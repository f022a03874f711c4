"""A SageMaker image through its life: created, read, listed, changed and deleted, each by one statement.

    python examples/image_lifecycle.py                                   # an emulated Cloud Control, no AWS needed
    python examples/image_lifecycle.py --aws --role-arn arn:aws:iam::…   # AWS, with your credentials

On AWS the role must exist, and SageMaker must be allowed to assume it.
"""

from __future__ import annotations

import argparse
import uuid

import ccdbapi


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aws", action="store_true", help="work on AWS instead of an emulated Cloud Control")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--role-arn", default="arn:aws:iam::123456789012:role/sagemaker-images")
    arguments = parser.parse_args()
    with ccdbapi.connect(embedded=not arguments.aws) as connection:
        live(connection, arguments.region, arguments.role_arn)


def live(connection: ccdbapi.Connection, region: str, role_arn: str) -> None:
    """The five statements. A value stands wherever SQL has one: as a literal, as ``?`` or as ``:name``."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(
            """
            /*+ create */ INSERT INTO awscc.sagemaker.images
                (ImageName, ImageRoleArn, ImageDisplayName, ImageDescription, Tags, region)
            SELECT :name, :role_arn, 'Example', 'Made by an example', '[{"Key": "team", "Value": "docs"}]', :region
            RETURNING OperationStatus, Identifier;
            """,
            {"name": name, "role_arn": role_arn, "region": region},
        )
        [(status, identifier)] = cursor.fetchall()
        print("created", status, identifier)
        try:
            read(cursor, region, identifier)
            cursor.execute("SELECT region, image_arn FROM awscc.sagemaker.images_list_only WHERE region = ?;", [region])
            print("listed ", identifier in [image_arn for _, image_arn in cursor])

            cursor.execute(
                """
                /*+ update */ UPDATE awscc.sagemaker.images
                SET PatchDocument = string('[{"op": "replace", "path": "/ImageDescription", "value": "Changed"}]')
                WHERE region = ? AND Identifier = ?
                RETURNING OperationStatus, EventTime;
                """,
                [region, identifier],
            )
            print("updated", *cursor.fetchall()[0])
            read(cursor, region, identifier)
        finally:
            cursor.execute(
                """
                /*+ delete */ DELETE FROM awscc.sagemaker.images WHERE Identifier = ? AND region = ?
                RETURNING OperationStatus, Operation;
                """,
                [identifier, region],
            )
            print("deleted", *cursor.fetchall()[0])
        read(cursor, region, identifier)


def read(cursor: ccdbapi.Cursor, region: str, identifier: str) -> None:
    """Prints the image; one that does not exist is no row."""
    cursor.execute(
        """
        SELECT region, image_name, image_arn, image_role_arn, image_display_name, image_description, tags
        FROM awscc.sagemaker.images WHERE region = ? AND Identifier = ?;
        """,
        [region, identifier],
    )
    print("read   ", cursor.fetchone())


if __name__ == "__main__":
    main()
