"""YAML as Pulumi's engine reads it, and stricter where YAML would lose what was written without a word."""

from __future__ import annotations

from typing import Any

import yaml

from modelinfra.engine_yaml import EngineLoader


class NotAccepted(yaml.MarkedYAMLError):
    """YAML that is well-formed and not taken; `remedy` says what to write."""

    def __init__(self, problem: str, remedy: str, mark: Any) -> None:
        super().__init__(None, None, problem, mark)
        self.remedy = remedy


class StrictLoader(EngineLoader):
    """Refuses a key that stands twice, of which YAML keeps the last one, and an anchor within itself.

    Nodes are looked at before merge keys (`<<`) are resolved: a key that overrides a merged one is no second one.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._open: list[str | None] = []

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent) and anchor in self._open:
            raise NotAccepted(f"'*{anchor}' stands within itself", "Write it out.", event.start_mark)
        self._open.append(anchor)
        node = super().compose_node(parent, index)
        self._open.pop()
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise NotAccepted("a key must be text", "Write a word before the colon.", key.start_mark)
            if key.value in seen:
                raise NotAccepted(
                    f"the key '{key.value}' stands here a second time", "Remove one of the two.", key.start_mark
                )
            seen.add(key.value)
        return node
