"""Derives modelinfra/catalog/instance_types.tsv and prices_ec2.tsv: what EC2 instance types have, and what they cost.

    python tools/refresh_instance_types.py INSTANCE_TYPES_JSON_GZ PRICING_GO

The first is `moto/ec2/resources/instance_types.json.gz` of the PyPI package moto (what EC2's DescribeInstanceTypes answers), the second
`pkg/providers/pricing/zz_generated.pricing_aws.go` of aws/karpenter-provider-aws (what AWS's Price List API answers for us-east-1; its
first lines say when). Both are Apache-2.0; facts are taken, no code. Families that the library is asked for are listed below.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parents[1] / "modelinfra/catalog"

ACCELERATED = (
    "g4dn", "g5", "g5g", "g6", "g6e", "gr6", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300",
    "inf2", "trn1", "trn1n", "trn2",
)  # fmt: skip
PLAIN = (
    "t3", "t4g", "m5", "c5", "r5", "m6i", "c6i", "r6i", "m6g", "c6g", "r6g", "m7i", "c7i", "r7i", "m7g", "c7g", "r7g",
    "m8g", "c8g", "r8g",
)  # fmt: skip

# EC2 calls both by one name; the catalogue tells them apart by their memory, as people do.
BY_MEMORY = {("A100", 40960): "A100-40GB", ("A100", 81920): "A100-80GB", ("V100", 32768): "V100-32GB"}


def main(instance_types: Path, pricing: Path) -> None:
    """Write both tables."""
    with gzip.open(instance_types) as file:
        known = {name: each for name, each in json.load(file).items() if _wanted(name)}
    go = pricing.read_text(encoding="utf-8")
    prices = {name: usd for name, usd in _prices(go) if name in known}
    generated = re.search(r"generated at (\d{4}-\d{2}-\d{2})T\S+ for us-east-1", go)
    if generated is None:
        sys.exit(f"{pricing} does not say when it was generated for us-east-1.")
    rows = sorted(known.items(), key=lambda item: _order(item[0]))
    _write(
        "instance_types.tsv",
        ["Source: moto's ec2/resources/instance_types.json.gz (DescribeInstanceTypes), Apache-2.0."],
        "instance_type\tvcpus\tmemory_mib\tarchitecture\taccelerator\taccelerators",
        ("\t".join(map(str, (name, *_facts(each)))) for name, each in rows),
    )
    _write(
        "prices_ec2.tsv",
        [
            "Linux, on demand, shared tenancy, USD an hour in us-east-1.",
            "Source: aws/karpenter-provider-aws pkg/providers/pricing/zz_generated.pricing_aws.go (Price List API), Apache-2.0.",
            f"as_of: {generated[1]}",
        ],
        "instance_type\tusd",
        (f"{name}\t{prices[name]}" for name, _ in rows if name in prices),
    )


def _wanted(name: str) -> bool:
    family, _, size = name.partition(".")
    return family in ACCELERATED + PLAIN and "metal" not in size


def _order(name: str) -> tuple[Any, ...]:
    """Families together; sizes from small to large."""
    family, _, size = name.partition(".")
    number = re.match(r"(\d*)xlarge", size)
    rank = ("nano", "micro", "small", "medium", "large").index(size) if number is None else 5 + int(number[1] or 1)
    return (ACCELERATED + PLAIN).index(family), rank


def _facts(each: Mapping[str, Any]) -> tuple[Any, ...]:
    architectures = each["ProcessorInfo"]["SupportedArchitectures"]
    architecture = "arm64" if "arm64" in architectures else "x86_64"
    device = next(
        iter((each.get("GpuInfo") or {}).get("Gpus") or (each.get("NeuronInfo") or {}).get("NeuronDevices") or []), None
    )
    size = (each["VCpuInfo"]["DefaultVCpus"], each["MemoryInfo"]["SizeInMiB"], architecture)
    if device is None:
        return (*size, "", 0)
    name = BY_MEMORY.get((device["Name"], device["MemoryInfo"]["SizeInMiB"]), device["Name"])
    return (*size, name, device["Count"])


def _prices(go: str) -> Iterator[tuple[str, str]]:
    for name, usd in re.findall(r'"([a-z0-9-]+\.[a-z0-9-]+)": (\d+\.\d+)', go):
        yield name, usd.rstrip("0").rstrip(".")


def _write(name: str, notes: list[str], header: str, rows: Iterator[str]) -> None:
    lines = ["# Made by tools/refresh_instance_types.py, not by hand.", *(f"# {note}" for note in notes), header, *rows]
    (CATALOG / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
