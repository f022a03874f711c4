"""The SQLAlchemy dialect: ``create_engine("awscc://us-east-1/sagemaker")``. For SQLAlchemy 1.4, 2.0 and 2.1."""

from __future__ import annotations

from ccdbapi.sqlalchemy.dialect import AwsccDialect

__all__ = ["AwsccDialect"]
