"""What the load balancer does to a path on its way to the container, read from the deployed listener rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Route:
    """One listener rule: which paths it takes (empty: all), how it rewrites them (regex, replacement), where to."""

    name: str
    priority: int
    path_patterns: tuple[str, ...]
    rewrites: tuple[tuple[str, str], ...]
    target_group_arns: tuple[str, ...]

    def takes(self, path: str) -> bool:
        """Whether the rule's path patterns match: `*` any characters, `?` one, upper and lower case differ."""
        return not self.path_patterns or any(_pattern(text).fullmatch(path) for text in self.path_patterns)

    def rewritten(self, path: str) -> str:
        """The path as the container sees it."""
        for regex, replacement in self.rewrites:
            # The load balancer writes groups as $1, Python as \1.
            path = re.sub(regex, re.sub(r"\$(\d)", r"\\g<\1>", replacement), path, count=1)
        return path


def route(name: str, inputs: Mapping[str, Any]) -> Route:
    """Reads the inputs of an `aws:lb/listenerRule:ListenerRule`."""
    patterns: list[str] = []
    for condition in inputs.get("conditions") or []:
        patterns += (condition.get("pathPattern") or {}).get("values") or []
    rewrites: list[tuple[str, str]] = []
    for transform in inputs.get("transforms") or []:
        rewrite = (transform.get("urlRewriteConfig") or {}).get("rewrite")
        if transform.get("type") == "url-rewrite" and rewrite:
            rewrites.append((rewrite["regex"], rewrite["replace"]))
    return Route(
        name=name,
        priority=int(inputs.get("priority") or 0),
        path_patterns=tuple(patterns),
        rewrites=tuple(rewrites),
        target_group_arns=tuple(_targets(inputs.get("actions") or [])),
    )


def _targets(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    arns: list[str] = []
    for action in actions:
        if arn := action.get("targetGroupArn"):
            arns.append(arn)
        arns += [group["arn"] for group in (action.get("forward") or {}).get("targetGroups") or []]
    return arns


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text))
