"""Reads graphs from what the Pulumi CLI prints: `pulumi stack export` and `pulumi preview --json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.values import Secret, Unknown, decode_json


def from_export(export: Mapping[str, Any]) -> Graph:
    """The graph of `pulumi stack export` (with `--show-secrets` the secrets have values, else they are Unknown).

    Resources that wait for their deletion after a replacement are left out. Raises ValueError for anything else than
    an export.
    """
    deployment = export.get("deployment") if isinstance(export, Mapping) else None
    if not isinstance(deployment, Mapping):
        raise ValueError("not an export of a stack: it has no 'deployment'")
    try:
        return _graph(state for state in deployment.get("resources") or [] if not state.get("delete"))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"not an export of a stack: its resources are no states ({error})") from error


def from_preview(preview: Mapping[str, Any]) -> Graph:
    """The graph that `pulumi preview --json` plans: every step's new state. Raises ValueError for anything else.

    Without `--show-sames` the CLI leaves out what does not change, and then so does the graph.
    """
    if "steps" not in preview and "changeSummary" not in preview:
        raise ValueError("not a preview: it has neither 'steps' nor 'changeSummary'")
    states: dict[str, Mapping[str, Any]] = {}
    for step in _planned(preview):
        state = step.get("newState")
        # A replacement is three steps with one URN; the one that creates says what will be.
        if state and not (step.get("op") in {"replace", "delete-replaced"} and state["urn"] in states):
            states[state["urn"]] = state
    graph = _graph(states.values())
    for diagnostic in preview.get("diagnostics") or []:
        entry = {key: diagnostic.get(key, "") for key in ("severity", "message", "urn")}
        graph.logs.append(entry)
    return graph


def old_states(preview: Mapping[str, Any]) -> Graph:
    """The graph from which `pulumi preview --json` starts: every step's old state. Raises ValueError for anything else."""
    if "steps" not in preview and "changeSummary" not in preview:
        raise ValueError("not a preview: it has neither 'steps' nor 'changeSummary'")
    return _graph({step["urn"]: step["oldState"] for step in _planned(preview) if step.get("oldState")}.values())


def refreshed_states(preview: Mapping[str, Any]) -> tuple[Graph, Graph] | None:
    """What the state held, and what the cloud held, of all that `pulumi preview --refresh --json` looked up; None without `--refresh`.

    A step `refresh` tells the recorded state on both of its sides; what was found in the cloud is the old state of the step that follows.
    """
    looked_up = [step for step in preview.get("steps") or [] if step.get("op") == "refresh" and step.get("oldState")]
    if not looked_up:
        return None
    planned = {step["urn"]: step for step in reversed(_planned(preview))}
    found = {
        step["urn"]: planned[step["urn"]].get("oldState") if step["urn"] in planned else step["oldState"]
        for step in looked_up
    }
    return _graph(step["oldState"] for step in looked_up), _graph(state for state in found.values() if state)


def _planned(preview: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps of the update itself; what was looked up only and stays as it is stands in for its step."""
    steps = preview.get("steps") or []
    own = [step for step in steps if step.get("op") != "refresh"]
    planned = {step.get("urn") for step in own}
    return [step for step in steps if step.get("op") == "refresh" and step.get("urn") not in planned] + own


def _graph(states: Iterable[Mapping[str, Any]]) -> Graph:
    graph = Graph("", "")
    for state in states:
        node = _node(state)
        node.seq = len(graph.nodes)
        graph.nodes[node.urn] = node
        if node.type == STACK_TYPE:
            graph.outputs = node.outputs
    if graph.nodes:
        head = next(iter(graph.nodes)).split("::")
        graph.stack, graph.project = head[0].rpartition(":")[2], head[1]
    return graph


def _node(state: Mapping[str, Any]) -> Node:
    urn = state["urn"]
    provider = state.get("provider") or ""
    position = state.get("sourcePosition") or ""
    return Node(
        urn=urn,
        name=urn.rpartition("::")[2],
        type=state["type"],
        parent=state.get("parent") or "",
        custom=bool(state.get("custom")),
        inputs=_values(state.get("inputs")),
        outputs=_values(state.get("outputs")),
        id=state.get("id") or (Unknown if state.get("custom") else ""),
        read=bool(state.get("external")),
        # The engine names the default providers `default` or `default_VERSION`; a program never refers to them.
        provider="" if provider.rpartition("::")[0].rpartition("::")[2].startswith("default") else provider,
        depends_on=sorted(state.get("dependencies") or []),
        property_deps={key: sorted(urns) for key, urns in (state.get("propertyDependencies") or {}).items() if urns},
        aliases=list(state.get("aliases") or []),
        protect=state.get("protect"),
        ignore_changes=list(state.get("ignoreChanges") or []),
        replace_on_changes=list(state.get("replaceOnChanges") or []),
        additional_secret_outputs=list(state.get("additionalSecretOutputs") or []),
        import_id=state.get("importID") or "",
        custom_timeouts=dict(state.get("customTimeouts") or {}),
        retain_on_delete=state.get("retainOnDelete"),
        deleted_with=state.get("deletedWith") or "",
        replace_with=list(state.get("replaceWith") or []),
        hide_diffs=list(state.get("hideDiff") or state.get("hideDiffs") or []),
        source=position.removeprefix("project:///"),
    )


def _values(properties: Any) -> dict[str, Any]:
    values = {key: decode_json(value) for key, value in (properties or {}).items() if not key.startswith("__")}
    # `preview --json` and `export` without --show-secrets print a word instead of the value.
    return {key: Secret(Unknown) if value == "[secret]" else value for key, value in values.items()}
