"""Writes docs/reference.md and docs/child-roles.md from the declarations: `python tools/reference.py`.

With --check it only says whether the pages are up to date.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from effects import effects, in_words

from modelinfra.catalog.child_roles import (
    CLUSTER_ROLES,
    ENDPOINT_ROLES,
    INFERENCE_GRAPH_ROLES,
    KUBERNETES_ENDPOINT_ROLES,
    KUBERNETES_ROLES,
    NETWORK_ROLES,
    NODE_POOL_ROLES,
    ChildRole,
)  # fmt: skip
from modelinfra.catalog.edge_roles import EDGE_FLEET_ROLES
from modelinfra.catalog.eks_roles import EKS_ROLES
from modelinfra.catalog.kserve_roles import KSERVE_ROLES
from modelinfra.options.adjustments import BoundedOptions, TaggedOptions, TransformedOptions
from modelinfra.options.declare import UNSET, Declared, Option, declared, is_declaration
from modelinfra.options.eks import EksClusterOptions
from modelinfra.options.environment import EnvironmentOptions
from modelinfra.options.quantities import Quantity, shown_bytes, shown_seconds
from modelinfra.options.wording import in_style, spelled

DOCS = Path(__file__).parent.parent / "docs"

HEAD = """# Reference of stack files

Everything that may stand below `modelinfra:environment`. Made by `tools/reference.py` from the declarations in
`modelinfra/options/`; in Python the same keys are the keyword arguments of the components, in snake_case.

"Lands in" names the resource type and the property that an edit changes; `+Type` means that the edit adds or removes such
resources. "What a change does" is what the edit itself does there, the worst first: it follows from the rules about replacement of the real
Terraform AWS provider, as the stand-in cloud has them; what then follows from a replacement (everything in a VPC moves with it) comes on
top. After a new revision of the task definition the service rolls over to it. "State only" changes what Pulumi may do, and nothing in AWS.
"""


_OF_ALL = {key.name for each in (TaggedOptions, BoundedOptions, TransformedOptions) for key in declared(each)}


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(each) for each in _reachable(EnvironmentOptions))


EKS_HEAD = """# Reference of EksCluster

The keyword arguments of `modelinfra.EksCluster`, here in camelCase as everywhere in reference pages: in Python they are in snake_case. Made by
`tools/reference.py` from the declarations in `modelinfra/options/`. Further arguments: `network` (required unless `clusterName` is given) and
`production`. [eks.md](eks.md) says what the cluster does; [reference.md](reference.md) explains the columns.
"""


def eks_page() -> str:
    """The page of a cluster on EKS, which no stack file names yet."""
    return EKS_HEAD + "".join(_section(each) for each in _reachable(EksClusterOptions))


CHILD_ROLES_HEAD = """# Child roles

Every resource that a component makes has a role, which stays when names change. `transforms` names it, to have the last word on what
is made. Made by `tools/reference.py` from `modelinfra/catalog/child_roles.py`.

```yaml
endpoints:
  digits:
    transforms:
      target-group: {healthCheck: {interval: 10}}    # merged into what the library writes
      service: {availabilityZoneRebalancing: ~}      # taken away: AWS's default holds
```

In Python the same, or a function of Pulumi's own kind, which may change options, too:

```python
def kept(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    return pulumi.ResourceTransformationResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True))
    )


ModelEndpoint("digits", ..., transforms={"target-group": {"health_check": {"interval": 10}}, "log-group": kept})
```

Mappings merge key by key (RFC 7396), lists and texts are replaced whole, an empty value takes a property away. A role that
there is not, a property that stands directly below a role and that its resource does not have, or that is of another kind (a list, a
mapping, a plain value), and a role of which these options make nothing, are refused before anything is created. What lies deeper is
left to the AWS provider, and nobody checks whether what a transform says makes sense: it is the escape hatch. What all rules and checks of the library say, they say of options, not of transforms.
"""


def child_roles_page() -> str:
    """The page of child roles."""
    tables = (
        ("ServingNetwork", "network", NETWORK_ROLES),
        ("EcsCluster", "platforms.*", CLUSTER_ROLES),
        ("EksCluster", "platforms.*.cluster.eks", EKS_ROLES),
        ("GpuNodePool", "gpuNodePools.*", NODE_POOL_ROLES),
        ("ModelEndpoint", "endpoints.*", ENDPOINT_ROLES),
        ("KubernetesPlatform", "platforms.*", KUBERNETES_ROLES),
        ("KServe", "platforms.*.kserve", KSERVE_ROLES),
        ("EdgeFleet", "edgeFleets.*", EDGE_FLEET_ROLES),
        ("ModelEndpoint on Kubernetes", "endpoints.*", KUBERNETES_ENDPOINT_ROLES),
        ("InferenceGraph", "inferenceGraphs.*", INFERENCE_GRAPH_ROLES),
    )
    return CHILD_ROLES_HEAD + "".join(_roles(*each) for each in tables)


def _roles(component: str, where: str, roles: Mapping[str, ChildRole]) -> str:
    rows = "".join(f"| `{name}` | `{role.sdk_class}` | {role.what} |\n" for name, role in roles.items())
    return f"\n## {component} (`{where}.transforms`)\n\n| Role | Resource | What it is for |\n|---|---|---|\n{rows}"


def _reachable(declaration: type, seen: set[type] | None = None) -> Iterator[type]:
    seen = set() if seen is None else seen
    if declaration in seen:
        return
    seen.add(declaration)
    yield declaration
    for key in declared(declaration):
        for found in _declarations(key.type):
            yield from _reachable(found, seen)


def _declarations(tp: Any) -> Iterator[type]:
    if is_declaration(tp):
        yield tp
    for arg in typing.get_args(tp):
        yield from _declarations(arg)


def _section(declaration: type) -> str:
    title = declaration.__name__.removesuffix("Options")
    # What holds for everything that is made comes after what this thing is about.
    keys = sorted(declared(declaration), key=lambda key: key.name in _OF_ALL)
    rows = "".join(_row(key) for key in keys)
    doc = (declaration.__doc__ or "").strip()
    return f"\n## {title}\n\n{doc}\n\n| Key | Value | Default | Meaning | Lands in | What a change does |\n|---|---|---|---|---|---|\n{rows}"


def _row(key: Declared) -> str:
    cells = (
        f"`{spelled(key.name, 'camel')}`",
        _value(key),
        _default(key),
        in_style(key.doc, "camel"),
        "<br>".join(_landing(each) for each in key.option.lands),
        "<br>".join(in_words(effects(key.option.lands))),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def _value(key: Declared) -> str:
    quantity = next((each for each in key.metadata if isinstance(each, Quantity)), None)
    limits = _limits(key.option, quantity)
    return _type(key.type, quantity) + (f", {limits}" if limits else "")


def _type(tp: Any, quantity: Quantity | None = None) -> str:
    origin, args = typing.get_origin(tp), typing.get_args(tp)
    if quantity is not None:
        return {"bytes": "size (`4GiB`)", "seconds": "duration (`30s`)", "vCPU": "vCPU (`0.5`, `500m`)"}[quantity.unit]
    if origin is typing.Annotated:
        return _type(tp.__origin__, next((each for each in tp.__metadata__ if isinstance(each, Quantity)), None))
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in args)
    if is_declaration(tp):
        name = tp.__name__.removesuffix("Options")
        return f"[{name}](#{name.lower()})"
    if origin in (typing.Union, type(int | str)):
        plain = [each for each in args if not str(each).startswith(_NOT_IN_FILES)]
        return " or ".join(_type(each) for each in plain)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "mapping" if args[1] is Any else f"mapping of name to {_type(args[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"list of {_type(args[0])}"
    return {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Any: "anything in JSON"}[tp]


# What only a program can say.
_NOT_IN_FILES = ("pulumi.output.Output", "collections.abc.Awaitable", "collections.abc.Callable", "typing.Callable")


def _limits(option: Option, quantity: Quantity | None) -> str:
    def shown(number: float) -> str:
        if quantity is not None and quantity.unit == "bytes":
            return shown_bytes(number)
        return shown_seconds(int(number)) if quantity is not None and quantity.unit == "seconds" else f"{number:g}"

    if option.at_least is not None and option.at_most is not None:
        return f"{shown(option.at_least)} to {shown(option.at_most)}"
    return f"{shown(option.at_least)} or more" if option.at_least is not None else ""


def _default(key: Declared) -> str:
    if key.required:
        return "required"
    if key.option.default_text:
        return in_style(key.option.default_text, "camel")
    if key.option.default is UNSET:
        return "none"
    if key.option.default == {}:
        return ""
    return f"`{str(key.option.default).lower() if isinstance(key.option.default, bool) else key.option.default}`"


def _landing(place: str) -> str:
    added = place.startswith("+")
    _, _, rest = place.removeprefix("+").partition("/")
    kind = (
        (rest or place).partition(":")[2].removeprefix("index:") if rest else place.removeprefix("+").rsplit(":", 1)[-1]
    )
    return f"`{'+' if added else ''}{kind}`"


if __name__ == "__main__":
    for name, text in (
        ("reference.md", page()),
        ("eks-reference.md", eks_page()),
        ("child-roles.md", child_roles_page()),
    ):
        if "--check" not in sys.argv:
            (DOCS / name).write_text(text)
        elif (DOCS / name).read_text() != text:
            sys.exit(f"docs/{name} is not what the declarations say: run `python tools/reference.py`.")
