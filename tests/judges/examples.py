"""Every environment that must pass every judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Graph
from modelinfra.graph.project import capture_project, load_project
from tests.examples.test_edge_retail import with_models as edge_retail
from tests.examples.test_edge_scanners import with_models as edge_scanners
from tests.judges.case import Case
from tests.making import write_model
from tests.platforms.eks import SHAPES, kubernetes
from tests.policies.good import ENVIRONMENTS, good, good_with_long_names
from tests.walk import base as walk
from tests.walk.test_walk_captured import captured

ROOT = Path(__file__).resolve().parents[2]
STACKS = tuple(sorted(path.name.split(".")[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml")))
OWN_PROGRAM = ROOT / "examples" / "own-program"
GPU_CHAT = ROOT / "examples" / "gpu-chat"
GPU_KSERVE = ROOT / "examples" / "gpu-kserve"
IMAGE_QUEUE = ROOT / "examples" / "image-queue"
PUBLIC_SCORING = ROOT / "examples" / "public-scoring"
TWO_TENANTS = ROOT / "examples" / "two-tenants"
EXISTING_PLATFORM = ROOT / "examples" / "existing-platform"
ADOPTED = "examples/own-program in an existing VPC"
VPC = {"id": "vpc-0123456789abcdef0", "privateSubnetIds": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]}

# Limits that the walk's environment does not go with: its other values would have to change, too.
_ALONE = {
    ("platforms.web.idleTimeout", "at_least"),
    ("endpoints.iris.longestRequest", "at_most"),
    ("endpoints.iris.server.longestRequest", "at_most"),
    ("endpoints.iris.scaling.min", "at_least"),
    ("endpoints.iris.revisions.candidate.scaling.min", "at_least"),
    ("endpoints.iris.scaling.min", "at_most"),
    ("endpoints.iris.slo.p95LatencyMs", "at_most"),
    ("endpoints.iris.slo.p99LatencyMs", "at_least"),
    ("endpoints.iris.revisions.candidate.cpu", "at_most"),
    ("endpoints.iris.revisions.candidate.memory", "at_most"),
    ("endpoints.iris.revisions.candidate.scaling.min", "at_most"),
    ("endpoints.iris.revisions.candidate.scaling.max", "at_least"),
    ("endpoints.iris.cpu", "at_most"),
    ("endpoints.iris.memory", "at_most"),
    ("endpoints.iris.accelerator.count", "at_most"),
    ("gpuNodePools.a10g.accelerator.count", "at_most"),
    ("gpuNodePools.a10g.minNodes", "at_most"),
    ("gpuNodePools.a10g.onDemandBase", "at_most"),
    ("gpuNodePools.a10g.warmNodes", "at_most"),
    ("endpoints.iris.ephemeralStorage", "at_least"),
    ("endpoints.iris.scaling.max", "at_least"),
    ("endpoints.iris.slo.oldestMessage", "at_most"),
    ("endpoints.iris.scaling.schedule.day.min", "at_least"),
    ("endpoints.iris.scaling.schedule.day.min", "at_most"),
    ("endpoints.iris.scaling.schedule.day.max", "at_least"),
    ("endpoints.iris.scaling.schedule.day.max", "at_most"),
    ("edgeFleets.stores.rollout.perMinute", "at_least"),
}


def goods(root: Path) -> dict[str, Graph]:
    """The rich environments into which mistakes are planted."""
    return {base: good(base, root / "rich") for base in ENVIRONMENTS}


def examples(root: Path) -> dict[str, Case]:
    """What the repository shows: its stacks, its example, its environments for tests, and each option of the walk."""
    wholes = {f"stacks/{stack}": _stack(stack, root / "stacks") for stack in STACKS}
    model = str(write_model(root / "own" / "model"))
    wholes["examples/own-program"] = capture_project(OWN_PROGRAM, "dev", preview=False, config={"model": model})
    wholes[ADOPTED] = capture_project(
        OWN_PROGRAM,
        "dev",
        preview=False,
        config={"model": model, "vpc": VPC},
        invokes={"aws:ec2/getSubnet:getSubnet": _in_two_zones},
    )
    wholes["examples/two-tenants"] = capture_project(TWO_TENANTS, "dev", preview=False)
    wholes["examples/gpu-chat"] = capture_project(GPU_CHAT, "dev", preview=False)
    wholes["examples/gpu-kserve"] = capture_project(GPU_KSERVE, "dev", preview=False)
    wholes["examples/image-queue"] = capture_project(IMAGE_QUEUE, "dev", preview=False)
    wholes["examples/public-scoring"] = capture_project(PUBLIC_SCORING, "prod", preview=False)
    wholes["examples/edge-retail"] = capture_project(edge_retail(root / "edge"), "dev", preview=False)
    wholes["examples/edge-scanners"] = capture_project(edge_scanners(root / "scanners"), "dev", preview=False)
    wholes["examples/existing-platform"] = capture_project(
        EXISTING_PLATFORM, "prod", preview=False, config={"model": model}
    )
    wholes |= {f"tests/{base}": graph for base, graph in goods(root).items()}
    wholes |= {f"tests/eks {shape}": kubernetes(shape, root) for shape in SHAPES}
    wholes["tests/long names"] = good_with_long_names(root / "rich")
    return {name: Case.whole(graph, name) for name, graph in wholes.items()} | _walked()


def _walked() -> dict[str, Case]:
    before = captured(walk.ENVIRONMENT)
    found = {"walk": Case.whole(before, "walk")}
    for edit in walk.edits():
        name = f"walk/{edit.path}"
        found[name] = Case.changed(before, captured(edit.after()), name)
    for edit, value in _at_limits():
        name = f"walk/{edit.path} = {value}"
        found[name] = Case.changed(before, captured(edit.after()), name)
    return found


def _at_limits() -> Iterator[tuple[walk.Edit, Any]]:
    """Every number at its least and its most, where that goes with the rest of the walk's environment."""
    for edit in walk.edits():
        for limit in ("at_least", "at_most"):
            number, example = getattr(edit.option, limit), edit.option.example
            if number is None or isinstance(example, (list, dict)) or (edit.path, limit) in _ALONE:
                continue
            if isinstance(example, str):
                number = _size(int(number)) if example.endswith("iB") else f"{int(number)}s"
            yield walk.Edit(edit.path, replace(edit.option, example=number)), number


def _size(count: int) -> str:
    return f"{count // 2**20}MiB" if count >= 2**20 else f"{count // 2**10}KiB"


def _stack(stack: str, root: Path) -> Graph:
    environment = json.loads(load_project(ROOT, stack).config["modelinfra:environment"])
    for name, endpoint in environment["endpoints"].items():
        # `make model` trains the real one.
        endpoint["model"] = str(write_model(root / name))
    return capture_project(ROOT, stack, preview=False, config={"modelinfra:environment": json.dumps(environment)})


def _in_two_zones(call: Any) -> dict[str, Any]:
    zone = "a" if call.args["id"] == VPC["privateSubnetIds"][0] else "b"
    return {"id": call.args["id"], "vpcId": VPC["id"], "availabilityZone": f"us-west-2{zone}"}
