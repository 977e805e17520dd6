"""Plausible outputs for a resource: what the cloud would have answered, in the shapes of the real answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from pulumi._types import unwrap_optional_type

from modelinfra.graph import sdk
from modelinfra.graph.name_table import NAME_INPUT, NAME_LIMIT
from modelinfra.graph.output_table import TABLE
from modelinfra.graph.values import Secret, Unknown, plain

ACCOUNT = "123456789012"

_NUMBERED = re.compile(r"(hex|HEX|digits|uuid|byte)(\d*)(?:_(\w+))?$")


def outputs_of(
    token: str,
    name: str,
    inputs: Mapping[str, Any],
    *,
    region: str,
    seed: str,
    account: str = ACCOUNT,
    identifier: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """The id and all outputs of a resource: its inputs as given, and what a cloud adds.

    The answer is the same for the same `seed` (the URN in a capture, something random in the stand-in cloud). `name` is
    the Pulumi name, from which a physical name is made when the inputs hold none. `identifier` is given for what exists already and is only looked up.
    """
    context = _Context(token, name, inputs, region, seed, account)
    if identifier is not None:
        context.exists_as(identifier)
    outputs = dict(inputs)
    info = sdk.type_info(token)
    for key, template in context.row.items():
        if _missing(outputs, key):
            outputs[key] = context[key] if key in context else context.render(template)
        elif isinstance(template, Mapping) and isinstance(outputs[key], Mapping):
            # A block that is given in part: the cloud adds the rest.
            outputs[key] = {**context.render(template), **outputs[key]}
    for key, annotation in info.outputs.items():
        if _missing(outputs, key):
            value = context.plausible(key, annotation, computed=key not in (info.inputs or ()))
            if value is not None:
                outputs[key] = value
    if token.startswith("aws:") and isinstance(plain(inputs.get("tags")), dict) and "tagsAll" in info.outputs:
        outputs.setdefault("tagsAll", inputs["tags"])
    if token.startswith("kubernetes:") and identifier is None:
        return _kubernetes(context, outputs)
    return str(context["id"]), outputs


def _kubernetes(context: _Context, outputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Objects are named below `metadata`, releases by `name`; the provider makes up what is missing before it asks the cluster, also in previews."""
    if context.token.startswith("kubernetes:helm.sh/"):
        outputs.setdefault("name", context["name"])
        return str(outputs["name"]), outputs
    metadata = outputs.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        return str(context["id"]), outputs  # all of it is a secret, or known later
    name = metadata.get("name") or physical_name(
        "", context.pulumi_name, {"namePrefix": metadata.get("generateName")}, context._digest("name")
    )
    outputs["metadata"] = {**metadata, "name": name}
    place = plain(metadata.get("namespace"))
    return f"{place}/{plain(name)}" if isinstance(place, str) else str(plain(name)), outputs


def physical_name(token: str, name: str, inputs: Mapping[str, Any], random: str) -> str:
    """The name in the cloud: given, or made from the prefix or the Pulumi name and `random` (hexadecimal digits)."""
    key = NAME_INPUT.get(token, "name")
    given = plain(inputs.get(key))
    if isinstance(given, str):
        return given
    prefix = plain(inputs.get(f"{key}Prefix"))
    if isinstance(prefix, str):
        return prefix + random[:26]
    return f"{name}-{random[:7]}"[-NAME_LIMIT.get(token, 255) :]


def _missing(outputs: Mapping[str, Any], key: str) -> bool:
    return key not in outputs or outputs[key] is None


class _Context(dict[str, Any]):
    """The words of a template, worked out when they are asked for."""

    def __init__(self, token: str, name: str, inputs: Mapping[str, Any], region: str, seed: str, account: str) -> None:
        super().__init__(region=region, account=account)
        self.token, self.pulumi_name, self.inputs, self.seed = token, name, inputs, seed
        self.identifier, self.row = TABLE.get(token, ("", {}))

    def __missing__(self, word: str) -> Any:
        self[word] = value = self._word(word)
        return value

    def exists_as(self, identifier: str) -> None:
        """Take the id, and what follows from it, from a thing that exists."""
        self["id"] = identifier
        if identifier.startswith("arn:"):
            self["arn"] = identifier
            self["name"] = identifier.rpartition(":")[2].rpartition("/")[2]
        elif self.identifier == "{name}":
            self["name"] = identifier

    def render(self, template: Any) -> Any:
        if isinstance(template, str):
            return template.format_map(self)
        if isinstance(template, dict):
            return {key: self.render(item) for key, item in template.items()}
        if isinstance(template, list):
            return [self.render(item) for item in template]
        return template

    def plausible(self, key: str, annotation: Any, *, computed: bool) -> Any:
        """A value for an output that no table knows, from its name and declared type; None when there is none."""
        if self.token.startswith("aws:"):
            if key == "region":
                return self["region"]
            if key == "name" or key == NAME_INPUT.get(self.token):
                return self["name"]
            if computed and (key == "arn" or key.endswith("Arn")):
                return self["arn"]
        if not computed:
            return None  # the caller left it out, and nothing says that the cloud fills it
        inner = unwrap_optional_type(annotation)
        if key.startswith("ipv6"):
            return ""  # nothing has IPv6 unless it asks for it
        if inner is str:
            return f"{self['name']}-{key}"
        if inner in (int, float):
            return 0
        if inner is bool:
            return False
        return [] if sdk.is_sequence(inner) else {} if sdk.is_mapping(inner) else None

    def _word(self, word: str) -> Any:
        if word == "name":
            return physical_name(self.token, self.pulumi_name, self.inputs, self._digest("name"))
        if word == "id":
            return self.render(self.identifier) if self.identifier else f"{self['name']}-{self._digest('id')[:8]}"
        prefix, _, rest = word.partition("_")
        if prefix == "in":
            return self._input(rest)
        if prefix == "tail":
            return self._input(rest).rpartition("/")[2] or "default"
        if prefix == "slash":
            return "/" + str(self[rest]).lstrip("/")
        special = getattr(self, f"_special_{word}", None)
        if special is not None:
            return special()
        numbered = _NUMBERED.match(word)
        if numbered:
            return self._random(numbered[1], int(numbered[2] or 0), numbered[3] or "")
        given = plain(self.inputs.get(word))
        if isinstance(given, str):
            return given
        if word in self.row:
            return self.render(self.row[word])
        if word == "arn":
            service, kind = self.token.split(":")[1].split("/")[0], self.token.rpartition(":")[2].lower()
            return f"arn:aws:{service}:{self['region']}:{self['account']}:{kind}/{self['name']}"
        raise KeyError(f"no word {word!r} in the templates of {self.token}")

    def _input(self, key: str) -> str:
        value = plain(self.inputs.get(key))
        if value is None and key == NAME_INPUT.get(self.token):
            return str(self["name"])
        return "unknown" if value is Unknown or value is None else str(value)

    def _digest(self, label: str) -> str:
        return hashlib.sha256(f"{self.seed}|{label}".encode()).hexdigest()

    def _random(self, kind: str, length: int, label: str) -> str:
        digest = self._digest(label)
        if kind == "uuid":
            return "-".join((digest[:8], digest[8:12], "4" + digest[13:16], "a" + digest[17:20], digest[20:32]))
        if kind == "byte":
            return str(int(digest[:2], 16) % 250 + 4)
        if kind == "digits":
            return str(int(digest, 16))[:length]
        return digest[:length].upper() if kind == "HEX" else digest[:length]

    def _special_path(self) -> str:
        return str(plain(self.inputs.get("path")) or "/")

    def _special_lb_kind(self) -> str:
        kind = plain(self.inputs.get("loadBalancerType"))
        return {"network": "net", "gateway": "gwy"}.get(str(kind), "app")

    def _special_lb_internal(self) -> str:
        return "internal-" if plain(self.inputs.get("internal")) is True else ""

    def _special_listener_base(self) -> str:
        return self._input("loadBalancerArn").replace(":loadbalancer/", ":listener/")

    def _special_rule_base(self) -> str:
        return self._input("listenerArn").replace(":listener/", ":listener-rule/")

    def _special_component(self) -> str:
        """What a version of a component of Greengrass is called: its recipe says it."""
        written = plain(self.inputs.get("inlineRecipe"))
        recipe = json.loads(written) if isinstance(written, str) else {}
        name, version = recipe.get("ComponentName", self.pulumi_name), recipe.get("ComponentVersion", "unknown")
        return f"{name}:versions:{version}"

    def _special_image_tag(self) -> str:
        tags = plain(self.inputs.get("tags"))
        return str(tags[0]) if isinstance(tags, list) and tags else self.pulumi_name


def with_secrets(outputs: dict[str, Any], secret_outputs: list[str]) -> dict[str, Any]:
    """Mark the outputs that the program declared secret."""
    marked = {key: Secret(outputs[key]) for key in secret_outputs if key in outputs}
    return outputs | {key: value for key, value in marked.items() if not isinstance(value.value, Secret)}
