"""Instance types and accelerators: the table against its source, and the look-ups."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from modelinfra.catalog.accelerators import ACCELERATORS, accelerator
from modelinfra.catalog.instance_types import instance_type, instance_types, with_accelerators
from tests.judges.environment import judges_python

# What EC2 answers of these cannot be: the comment beside the row says why, and what is right.
CORRECTED = {"Trainium2"}

ASKED = """
import gzip, json, pathlib, moto
with gzip.open(pathlib.Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz") as file:
    print(json.dumps(json.load(file)))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What EC2's DescribeInstanceTypes answers, as moto holds it."""
    python = judges_python()
    if not python.exists():
        pytest.skip("NOT PROVEN: the instance types were not held against moto; `make judge` makes its environment")
    done = subprocess.run([str(python), "-c", ASKED], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_type_has_what_ec2_answers(answers: dict[str, Any]) -> None:
    for name, known in instance_types().items():
        each = answers[name]
        assert (known.vcpus, known.memory_mib) == (each["VCpuInfo"]["DefaultVCpus"], each["MemoryInfo"]["SizeInMiB"])
        assert known.architecture in each["ProcessorInfo"]["SupportedArchitectures"]
        devices = (each.get("GpuInfo") or {}).get("Gpus") or (each.get("NeuronInfo") or {}).get("NeuronDevices") or []
        assert known.accelerators == sum(device["Count"] for device in devices), name
        if known.accelerator is not None:
            assert known.accelerator.name.startswith(devices[0]["Name"])
            if known.accelerator.name not in CORRECTED:
                assert known.accelerator.memory_mib == devices[0]["MemoryInfo"]["SizeInMiB"], name


def test_every_accelerator_can_be_had_in_some_instance() -> None:
    had = {each.accelerator for each in instance_types().values()}
    assert had - {None} == set(ACCELERATORS)


def test_every_type_with_accelerators_says_which() -> None:
    assert all((each.accelerators > 0) == (each.accelerator is not None) for each in instance_types().values())


@pytest.mark.parametrize(
    ("name", "gib", "architecture"),
    [("A10G", 22.4, "Ampere"), ("a100-80gb", 80, "Ampere"), ("T4G", 16, "Turing"), ("inferentia2", 32, "NeuronCore-v2")],
)  # fmt: skip
def test_an_accelerator_is_found_in_any_spelling(name: str, gib: float, architecture: str) -> None:
    found = accelerator(name)
    assert found is not None
    assert (round(found.memory_gib, 1), found.architecture) == (gib, architecture)


def test_what_ec2_does_not_have_is_not_found() -> None:
    assert accelerator("RTX 4090") is None
    assert instance_type("g5.3xlarge") is None


def test_the_smallest_instance_with_so_many_accelerators_comes_first() -> None:
    a10g = accelerator("A10G")
    assert a10g is not None
    assert [each.name for each in with_accelerators(a10g, 4)] == ["g5.12xlarge", "g5.24xlarge"]
    assert with_accelerators(a10g, 1)[0].name == "g5.xlarge"
    assert with_accelerators(a10g, 3) == ()
