"""How a wrong stack file is written down: with exactly what is said about it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

ZEROS = "0" * 64
IMAGE = f"a.example/served@sha256:{ZEROS}"
NAMES = "this is not lower-case letters, digits and single hyphens, beginning with a letter (63 characters at most)"
BELOW = "it stands below another key. Write"
TEXT = "text is expected here. Write text, in quotes if it looks like a number or a date."
SIZE = "this is not a size. Write a number and a unit, for example 4GiB or 512MiB."
DURATION = "this is not a duration. Write for example 30s, 5m, 1h or 1m30s."
MAPPING = "a mapping is expected here. Write keys and values below it."
YES_OR_NO = "true or false is expected here. Write true or false without quotes."
ZONES = "a load balancer needs two zones, and more than three buy little."
NO_ZONE = "this is not the name of an availability zone. Write for example us-west-2a."
TWO_SUBNETS = (
    "a load balancer needs two different subnets, in two zones. Add a private subnet of another zone, "
    "or remove `vpc` to have a network made."
)
WHOLE_NUMBER = "a whole number is expected here. Write a whole number without quotes."
SHAPED = "an existing VPC (`vpc`) has this already."
SETTINGS = (
    'Write one, for scikit-learn {"name": "<model>", "implementation": "mlserver_sklearn.SKLearnModel", '
    '"parameters": {"uri": "./model.joblib"}}.'
)


@dataclass(frozen=True)
class Wrong:
    """A file and the lines of its message. `{root}` stands for the directory of the project."""

    name: str
    content: str | bytes
    lines: tuple[str, ...]


def environment(text: str) -> str:
    return "config:\n  modelinfra:environment:\n" + textwrap.indent(textwrap.dedent(text), "    ")


def wrong_file(name: str, content: str | bytes, *lines: str) -> Wrong:
    return Wrong(name, content, lines)


def wrong_environment(name: str, text: str, *lines: str) -> Wrong:
    return Wrong(name, environment(text), lines)


def wrong_platform(name: str, text: str, *lines: str) -> Wrong:
    return wrong_environment(name, f"platforms:\n  web: {text}\n", *lines)


def wrong_network(name: str, text: str, *lines: str) -> Wrong:
    return wrong_environment(
        name, f"network: {text}\nplatforms:\n  web: {{type: ecs}}\n", *(f"network.{line}" for line in lines)
    )


def wrong_endpoint(name: str, text: str, *lines: str, model: str | None = "model", key: str = "digits") -> Wrong:
    model_line = f"model: {model}\n" if model is not None else ""
    body = textwrap.indent(f"server: mlserver\n{model_line}{text}\n", "    ")
    whole = f"platforms:\n  web: {{type: ecs}}\nendpoints:\n  {key}:\n{body}"
    return wrong_environment(
        name, whole, *(f"endpoints.{key}{line if line[0] == ':' else '.' + line}" for line in lines)
    )


def wrong_server(name: str, key: str, value: str, line: str) -> Wrong:
    """A server of the user's own with one key changed or added."""
    own = {"image": "'own:1'", "port": "9000", "healthPath": "/ready", "predictPath": "/ask"} | {key: value}
    body = ", ".join(f"{each}: {text}" for each, text in own.items())
    whole = f"platforms: {{web: {{type: ecs}}}}\nendpoints:\n  a:\n    server: {{{body}}}\n    model: model\n"
    return wrong_environment(name, whole, f"endpoints.a.server.{line}")


def wrong_pair(name: str, one: str, other: str, *lines: str) -> Wrong:
    both = "".join(f"  {key}: {{server: mlserver, model: model, {rest}}}\n" for key, rest in (("a", one), ("b", other)))
    return wrong_environment(name, f"platforms:\n  web: {{type: ecs}}\nendpoints:\n{both}", *lines)
