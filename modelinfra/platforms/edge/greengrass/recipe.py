"""What a device runs, as a component's recipe: containers that its startup script starts and waits for. Pure.

A recipe is content, and its version is made of it: what is other has another version, so that AWS keeps what devices run beside what they are
to run, and a version that was there before is the same again.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from modelinfra.platforms.edge import router
from modelinfra.platforms.edge.anywhere.task import health_check
from modelinfra.platforms.edge.planner import ROUTER_MIB, SPARE_SECONDS, FleetPlan, PlannedRing
from modelinfra.platforms.served_model import ServedModel

_MACHINES: Final = {
    "x86_64": "amd64",
    "arm64": "aarch64",
}  # AWS IoT Greengrass v2 developer guide, recipe reference: architecture
_NUMBERS: Final = 1_000_000
_READY: Final = "MODELINFRA_READY"
_ASK_SECONDS: Final = 5
_RESTARTS: Final = 3

THING: Final = "{iot:thingName}"
"""What the nucleus writes in place of it: the device's name in AWS IoT (recipe reference, recipe variables)."""

# Bounded: nobody looks at them but who stands before the device, with `docker logs`.
_LOGGED: Final = "--log-driver local --log-opt max-size=10m --log-opt max-file=3"

# What the nucleus tells a component that depends on the token exchange service, and the SDKs of AWS read.
_CREDENTIALS: Final = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


def recipe(plan: FleetPlan, ring: PlannedRing, served: ServedModel, found: Mapping[str, Any]) -> str:
    """JSON. found: component (its name), image, environment; of a fleet with a fallback also router, region, cloud_url and samples."""
    name, stop = found["component"], plan.stop_timeout(served)
    containers = [_model(name), *([_router(name)] if plan.fallback is not None else [])]
    again = " ".join(reversed(containers))
    environment = {_READY: health_check(served)["command"][-1]}
    images = [found["image"]]
    if plan.fallback is not None:
        environment |= {
            router.SETTINGS_VARIABLE: _settings(plan, ring, served, found),
            "AWS_DEFAULT_REGION": found["region"],
        }
        images.append(found["router"])
    lifecycle = {
        "Setenv": environment,
        "Startup": _step(_startup(plan, served, found), served.startup_seconds + SPARE_SECONDS),
        "Shutdown": _step(
            [f"docker stop --time {stop} {again}; docker rm --force {again}"], stop * len(containers) + SPARE_SECONDS
        ),
    }
    return _written(
        name,
        f"{served.server.title} with the revision {ring.revision}, of the ring {ring.name} of {plan.name}",
        dict.fromkeys(("aws.greengrass.DockerApplicationManager", "aws.greengrass.TokenExchangeService"), "^2.0.0"),
        {
            "Platform": {"os": "linux", "architecture": _MACHINES[plan.options.architecture]},
            "Lifecycle": lifecycle,
            "Artifacts": [{"URI": f"docker:{image}"} for image in images],
        },
    )


def watch_recipe(plan: FleetPlan, ring: PlannedRing, served: ServedModel, component: str) -> str:
    """JSON: of what asks the model for as long as it runs, and starts it anew when it answers no more, as ECS's agent does elsewhere."""
    check = health_check(served)
    lifecycle = {"Setenv": {_READY: check["command"][-1]}, "Run": _step(_watching(plan, served, component, check))}
    return _written(
        watch_name(component),
        f"Starts the model anew when it hangs, on devices of the ring {ring.name} of {plan.name}",
        {component: ">=1.0.0"},
        {"Platform": {"os": "linux"}, "Lifecycle": lifecycle},
    )


def watch_name(component: str) -> str:
    """Of the component beside the one that serves."""
    return f"{component}.watch"


def version(written: str) -> str:
    """Of a recipe."""
    return str(json.loads(written)["ComponentVersion"])


def _written(name: str, description: str, needs: Mapping[str, str], manifest: Mapping[str, Any]) -> str:
    written = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentDescription": description,
        "ComponentPublisher": "modelinfra",
        "ComponentDependencies": {
            each: {"VersionRequirement": versions, "DependencyType": "HARD"} for each, versions in needs.items()
        },
        "Manifests": [manifest],
    }
    return json.dumps({**written, "ComponentVersion": _version(written)}, sort_keys=True)


def _step(script: list[str], timeout: int | None = None) -> dict[str, Any]:
    """A script as root, since nobody else may ask Docker."""
    limit = {"Timeout": timeout} if timeout is not None else {}
    return {"Script": "\n".join(script), "RequiresPrivilege": True, **limit}


def _version(written: Mapping[str, Any]) -> str:
    """Three numbers, since the nucleus compares versions as semantic ones; no order is meant."""
    digest = int(hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest(), 16)
    return f"1.{digest % _NUMBERS}.{digest // _NUMBERS % _NUMBERS}"


def _startup(plan: FleetPlan, served: ServedModel, found: Mapping[str, Any]) -> list[str]:
    """Fails where the model is not ready in time: then the deployment fails on the device, and it takes the last one back."""
    model = _model(found["component"])
    tries = max(served.startup_seconds // _ASK_SECONDS, 1)
    started = [
        # Another ring's may be there, where the device came from one.
        f"docker rm --force {_router(found['component'])} {model} >/dev/null 2>&1 || true",
        _run(model, _of_model(plan, served, found), found["image"]),
    ]
    if plan.fallback is not None:
        started.append(_run(_router(found["component"]), _of_router(plan, served), found["router"]))
    return [
        "set -eu",
        *started,
        "tries=0",
        f'until docker exec {model} bash -c "${_READY}" >/dev/null 2>&1; do',
        "  tries=$((tries + 1))",
        f'  if [ "$tries" -ge {tries} ]; then',
        f"    docker logs --tail 100 {model}",
        f'    echo "The model is not ready after {served.startup_seconds} seconds."',
        "    exit 1",
        "  fi",
        f"  sleep {_ASK_SECONDS}",
        "done",
    ]


def _watching(plan: FleetPlan, served: ServedModel, component: str, check: Mapping[str, Any]) -> list[str]:
    """Ends with a failure when starting anew did not help a few times: then the device is unhealthy, and somebody is told."""
    model = _model(component)
    return [
        "failed=0 restarts=0",
        "while sleep " + str(check["interval"]) + "; do",
        f'  if docker exec {model} bash -c "${_READY}" >/dev/null 2>&1; then',
        "    failed=0 restarts=0",
        "    continue",
        "  fi",
        "  failed=$((failed + 1))",
        f'  [ "$failed" -ge {check["retries"]} ] || continue',
        f'  [ "$restarts" -lt {_RESTARTS} ] || {{ echo "The model does not answer."; exit 1; }}',
        '  echo "The model does not answer, and is started anew."',
        f"  docker restart --time {plan.stop_timeout(served)} {model} || true",
        "  failed=0 restarts=$((restarts + 1))",
        f"  sleep {served.startup_seconds}",
        "done",
    ]


def _run(name: str, arguments: list[str], image: str) -> str:
    """Docker starts it anew when it ends, also while the nucleus is away."""
    return " ".join(
        ["docker run --detach --init --restart unless-stopped", f"--name {name}", _LOGGED, *arguments, image]
    )


def _of_model(plan: FleetPlan, served: ServedModel, found: Mapping[str, Any]) -> list[str]:
    server, options = served.server, plan.options
    arguments = [f"--stop-timeout {plan.stop_timeout(served)}", f"--memory {plan.server_mib(served)}m"]
    if options.cpu is not None:
        arguments.append(f"--cpus {options.cpu:g}")
    if options.gpus:
        arguments.append(f"--gpus {options.gpus}")
    if server.shared_memory_mib:
        arguments.append(f"--shm-size {server.shared_memory_mib}m")
    arguments += [f"--ulimit {name}={most}:{most}" for name, most in sorted(server.ulimits.items())]
    for role, port in sorted(server.ports.items()):
        behind = role == "http" and plan.fallback is not None
        arguments.append(f"--publish 127.0.0.1:{behind_port(port)}:{port}" if behind else f"--publish {port}:{port}")
    # Not by the script's own variables, in which some mean something to Docker and to the shell.
    return arguments + [
        f"--env {shlex.quote(f'{name}={value}')}" for name, value in sorted(found["environment"].items())
    ]


def _of_router(plan: FleetPlan, served: ServedModel) -> list[str]:
    return [
        # The token exchange service answers on the device's own loopback address (developer guide, "Run a Docker container").
        "--network host --read-only",
        f"--stop-timeout {plan.stop_timeout(served)}",
        f"--memory {ROUTER_MIB}m",
        f"--volume {router.volume(plan)}:{router.HOME}",
        # It asks the driver how busy they are, and takes none of them.
        *(["--gpus all,capabilities=utility"] if plan.options.gpus and plan.tells else []),
        *(f"--env {name}" for name in (router.SETTINGS_VARIABLE, "AWS_DEFAULT_REGION", *_CREDENTIALS)),
    ]


def _settings(plan: FleetPlan, ring: PlannedRing, served: ServedModel, found: Mapping[str, Any]) -> str:
    assert plan.fallback is not None
    return router.settings(
        plan,
        served,
        plan.fallback,
        ring=ring.name,
        revision=ring.revision,
        local=f"http://127.0.0.1:{behind_port(served.server.ports['http'])}",
        found=found,
        device=THING,
        device_file="",
    )


def behind_port(port: int) -> int:
    """Where the model is asked on the device itself, since the router has its own port."""
    return port + 10_000 if port + 10_000 <= 65_535 else port - 10_000


def _model(component: str) -> str:
    return f"{component}.model"


def _router(component: str) -> str:
    return f"{component}.router"
