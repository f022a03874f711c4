"""From a URL to a picture: how many resources of some kinds there are in each region.

python examples/inventory.py                                        # an emulated Cloud Control with demo data
python examples/inventory.py 'awscc://' --regions us-east-1 eu-west-1   # your account
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ccdbapi.emulator import demo, start

#: Kind → the schema and the table that list it.
KINDS = {
    "buckets": ("s3", "buckets_list_only"),
    "images": ("sagemaker", "images_list_only"),
    "log groups": ("logs", "log_groups_list_only"),
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="of an engine; without one, an emulated Cloud Control")
    parser.add_argument("--regions", nargs="+", default=["us-east-1", "eu-west-1"])
    parser.add_argument("--output", type=Path, default=Path("inventory.png"))
    arguments = parser.parse_args()
    engine = sa.create_engine(arguments.url) if arguments.url else demo_engine()
    frame = inventory(engine, arguments.regions)
    engine.dispose()
    print(frame.to_string(index=False))
    plot(frame, arguments.output)
    print("saved", arguments.output)


def demo_engine() -> Engine:
    """An engine on an emulated Cloud Control that holds the demo data."""
    service = start()
    demo.load(service)
    return sa.create_engine("awscc://", connect_args={"embedded": service})


def inventory(engine: Engine, regions: Sequence[str]) -> pd.DataFrame:
    """The number of resources by kind and region, in one statement: its lists are read concurrently."""
    metadata = sa.MetaData()
    counts = []
    for kind, (schema, name) in KINDS.items():
        listed = sa.Table(name, metadata, schema=schema, autoload_with=engine)
        counts.append(
            sa.select(sa.literal(kind).label("kind"), listed.c.region, sa.func.count().label("resources"))
            .where(listed.c.region.in_(regions))
            .group_by(listed.c.region)
        )
    return pd.read_sql(sa.union_all(*counts).order_by("kind", "region"), engine)


def plot(frame: pd.DataFrame, path: Path) -> None:
    """Saves the numbers as bars."""
    mpl.use("agg")
    frame.pivot(index="region", columns="kind", values="resources").plot.bar(rot=0, ylabel="resources")
    plt.savefig(path)


if __name__ == "__main__":
    main()
