"""Values of a graph as words: nothing secret, nothing of this machine, never longer than a reader takes in."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from modelinfra.graph.cost_words import dollars
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import AssetRef, ResourceRef, Secret, Unknown
from modelinfra.review.render.lines import one_line
from modelinfra.review.render.outline import MARK_WORDS, MARKS, Amount, Outline, Resource

SECRET, UNKNOWN, PRESENT = "[secret]", "known after apply", "present value"

LONGEST_VALUE = 2_000

# A shorter secret is also a part of words that are none.
_SHORTEST_REDACTED = 8


def said(value: Any) -> str:
    """A property's value as one line of text; empty for None, which stands for what is not there."""
    if value is None:
        return ""
    marked = _marked(value)
    text = marked if isinstance(marked, str) else json.dumps(marked, ensure_ascii=False, sort_keys=True)
    return cut(one_line(text), LONGEST_VALUE)


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and how long it is."""
    if len(text) <= limit:
        return text
    return f"{text[: max(limit - 30, 1)]}… ({len(text):,} characters)"


def kind(token: str) -> str:
    """`aws:ecs/service:Service` -> `Service`."""
    return token.rsplit(":", 1)[-1] or token


def referred(text: str, path: str, node: Node | None, graph: Graph) -> str:
    """The text with `${name.output}` where it holds an identity of another resource: in a capture, identities are made up."""
    if node is None or not text:
        return text
    key = re.split(r"[.\[]", path, maxsplit=1)[0]
    found: dict[str, str] = {}
    for source in (graph.nodes.get(urn) for urn in node.property_deps.get(key, ())):
        if source is not None:
            outputs = {key: value for key, value in source.outputs.items() if source.inputs.get(key) != value}
            found |= {
                value: f"${{{source.name}.{output}}}"
                for output, value in reversed(list(({"id": source.id} | outputs).items()))
                if isinstance(value, str) and len(value) >= _SHORTEST_REDACTED
            }
    for value in sorted(found, key=lambda each: (-len(each), each)):
        text = text.replace(value, found[value])
    return text


def name_of(urn: str) -> str:
    """The name at the end of a URN."""
    return urn.rpartition("::")[2] or urn


def holds_secret(node: Node | None) -> bool:
    """Whether any input of a resource is secret."""
    return node is not None and any(True for _ in _secrets(node.inputs))


def is_secret_at(node: Node | None, path: str) -> bool:
    """Whether a property lies in a secret, holds one, or is inside text that is one."""
    return node is not None and _leads_to_secret(node.inputs, path)


class Redactor:
    """Takes the secrets of graphs out of any text: a name or a message may repeat what a property keeps secret."""

    def __init__(self, *graphs: Graph) -> None:
        found = {text for graph in graphs for node in graph for text in _secret_texts((node.inputs, node.outputs))}
        found |= {text for graph in graphs for text in _secret_texts(graph.outputs)}
        # Texts are looked at as they are shown: in one line.
        self._secrets = sorted({one_line(text) for text in found} - {""}, key=lambda text: (-len(text), text))

    def only_in(self, text: str) -> None:
        """Forget the secrets that do not stand in a JSON text: looking for thousands in every line takes long."""
        self._secrets = [each for each in self._secrets if json.dumps(each, ensure_ascii=False)[1:-1] in text]

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __call__(self, text: str) -> str:
        """The text with `[secret]` in place of every secret."""
        for secret in self._secrets:
            text = text.replace(secret, SECRET)
        return text


def money(amount: Amount) -> str:
    """`$118 to $154`."""
    return dollars(amount.min, amount.max)


def difference(before: Amount, after: Amount) -> str:
    """`+$412 to +$1,930`, `-$12`, or `no change`."""
    least, most = sorted((after.min - before.min, after.max - before.max))
    if not least and not most:
        return "no change"
    low, high = _signed(least), _signed(most)
    return low if low == high else f"{low} to {high}"


def counted(resources: Iterable[Resource]) -> str:
    """`2 Subnet, 1 Vpc`: the kinds in a fixed order."""
    counts = Counter(kind(each.type) for each in resources)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def operations(outline: Outline) -> str:
    """`1 replaced, 3 updated, 41 unchanged`."""
    counts = Counter(each.mark for each in outline.resources)
    parts = [f"{counts[mark]} {MARK_WORDS[mark]}" for mark in MARKS if mark != "same" and counts[mark]]
    return ", ".join([*(parts or ["nothing changes"]), f"{outline.unchanged} unchanged"])


def reach(outline: Outline) -> str:
    """What else the change concerns: endpoints, and what stands on it; empty where nothing does."""
    parts = [f"concerns {', '.join(outline.touched)}"] if outline.touched else []
    if outline.blast_radius:
        stand = "resource that stays stands" if outline.blast_radius == 1 else "resources that stay stand"
        parts.append(f"{outline.blast_radius} {stand} on what changes")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def quietly(outline: Outline) -> str:
    """How much is counted but not told; empty for nothing."""
    return f"Of these, {outline.quiet} change in nothing but tags and hashes." if outline.quiet else ""


def _signed(usd: Decimal) -> str:
    sign = "-" if usd < 0 else "+"
    return f"{sign}{dollars(abs(usd), abs(usd))}"


def _marked(value: Any) -> Any:
    if value is Unknown:
        return UNKNOWN
    if isinstance(value, Secret):
        return SECRET
    if isinstance(value, ResourceRef):
        return name_of(value.urn)
    if isinstance(value, AssetRef):
        found = value.fields.get("hash") if isinstance(value.fields, Mapping) else None
        return f"{value.kind} {found[:12]}" if isinstance(found, str) else value.kind
    if isinstance(value, Mapping):
        return {str(key): _marked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_marked(item) for item in value]
    return value


def _leads_to_secret(value: Any, path: str) -> bool:
    if isinstance(value, Secret):
        return True
    if not path:
        return any(True for _ in _secrets(value))
    if isinstance(value, AssetRef):
        value = {value.kind: value.fields}
    if isinstance(value, str):
        value = _opened(value)
    if isinstance(value, Mapping):
        # A key may hold dots and brackets itself, so every way to read the path counts.
        rests = [(item, path[len(key) :]) for key, item in value.items() if path.startswith(key)]
        return any(_leads_to_secret(item, rest.lstrip(".")) for item, rest in rests if rest[:1] in ("", ".", "["))
    index = re.match(r"\[(\d+)\]\.?", path)
    if isinstance(value, (list, tuple)) and index and int(index[1]) < len(value):
        return _leads_to_secret(value[int(index[1])], path[index.end() :])
    return False


def _opened(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in ("{", "[") else None
    except ValueError:
        return None


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secrets(item)


def _secret_texts(value: Any) -> Iterator[str]:
    for secret in _secrets(value):
        yield from _texts(secret.value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _SHORTEST_REDACTED:
        yield value
    elif isinstance(value, Secret):
        yield from _texts(value.value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
