"""Property values as plain Python, with markers for what JSON cannot say: secrets, unknowns, references, assets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

# The wire format's signatures (pulumi/sdk: python/lib/pulumi/runtime/rpc.py and go/common/resource/properties.go).
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# The engine sends another sentinel per type (pkg/resource/plugin/rpc.go); Python SDKs only send the one for strings.
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi keeps encrypted; `value` is the plain text."""

    value: Any

    def __repr__(self) -> str:
        return "Secret([hidden])"


class UnknownType:
    """The type of `Unknown`; there is one instance."""

    _instance: UnknownType | None = None

    def __new__(cls) -> UnknownType:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "Unknown"

    def __reduce__(self) -> tuple[type[UnknownType], tuple[()]]:
        return (UnknownType, ())

    def __deepcopy__(self, _memo: object) -> UnknownType:
        return self


Unknown: Final = UnknownType()
"""A value that is known only after the deployment."""


@dataclass(frozen=True)
class ResourceRef:
    """A whole resource given as a property value."""

    urn: str
    id: Any = None


@dataclass(frozen=True)
class AssetRef:
    """A file or archive given as a property value. `kind` is `asset` or `archive`."""

    kind: str
    fields: Any


def decode(value: Any) -> Any:
    """Turn a protobuf Value or Struct into Python, with markers for the wire format's special values."""
    if isinstance(value, struct_pb2.Value):
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            return decode(value.struct_value)
        if kind == "list_value":
            return [decode(item) for item in value.list_value.values]
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        if kind == "string_value":
            return Unknown if value.string_value in _UNKNOWNS else value.string_value
        if kind == "bool_value":
            return value.bool_value
        return None
    if isinstance(value, struct_pb2.Struct):
        fields = value.fields
        if SIGNATURE in fields:
            # Map order is not stable in protobuf, so the special objects are read by key, never by position.
            return _special(fields[SIGNATURE].string_value, {k: v for k, v in fields.items() if k != SIGNATURE}, decode)
        return {key: decode(fields[key]) for key in sorted(fields)}
    return value


def decode_json(value: Any) -> Any:
    """The same for JSON as `pulumi stack export` and `pulumi preview --json` print it."""
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return _special(value[SIGNATURE], {k: v for k, v in value.items() if k != SIGNATURE}, decode_json)
        return {key: decode_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    if isinstance(value, str) and value in _UNKNOWNS:
        return Unknown
    return value


def _special(signature: str, fields: Mapping[str, Any], read: Callable[[Any], Any]) -> Any:
    if signature == _SECRET:
        if "value" in fields:
            return Secret(read(fields["value"]))
        # An export holds the value as JSON text, or only its cipher text.
        plaintext = read(fields["plaintext"]) if "plaintext" in fields else None
        return Secret(Unknown if plaintext is None else decode_json(json.loads(plaintext)))
    if signature == _RESOURCE:
        return ResourceRef(read(fields["urn"]), read(fields["id"]) if "id" in fields else None)
    if signature == _OUTPUT:
        inner = read(fields["value"]) if "value" in fields else Unknown
        return Secret(inner) if "secret" in fields and read(fields["secret"]) else inner
    kind = "asset" if signature == _ASSET else "archive"
    return AssetRef(kind, {key: read(item) for key, item in fields.items()})


def encode(value: Any) -> struct_pb2.Value:
    """The inverse of `decode`. Raises TypeError for what has no place in a property value."""
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if value is Unknown:
        return struct_pb2.Value(string_value=UNKNOWN_STRING)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Secret):
        return _signed(_SECRET, {"value": value.value})
    if isinstance(value, ResourceRef):
        return _signed(_RESOURCE, {"urn": value.urn} | ({} if value.id is None else {"id": value.id}))
    if isinstance(value, AssetRef):
        return _signed(_ASSET if value.kind == "asset" else _ARCHIVE, value.fields)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode_struct(value))
    if isinstance(value, (list, tuple)):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[encode(item) for item in value]))
    raise TypeError(f"a {type(value).__name__} cannot be a property value: {value!r}")


def encode_struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """Encode a mapping of property names to values."""
    return struct_pb2.Struct(fields={key: encode(item) for key, item in value.items()})


def _signed(signature: str, fields: Mapping[str, Any]) -> struct_pb2.Value:
    return struct_pb2.Value(struct_value=encode_struct({SIGNATURE: signature, **fields}))


def plain(value: Any) -> Any:
    """The value without secret markers, at any depth. Unknown, references and assets stay."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def without_secrets(value: Any) -> Any:
    """The value with every secret as Unknown, at any depth.

    For what is computed from values and shown: a figure could give a secret away, and a secret of a capture is only a fingerprint.
    """
    if isinstance(value, Secret):
        return Unknown
    if isinstance(value, Mapping):
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether a part of the value is known only after the deployment."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(item) for item in value)
    return value is Unknown


def jsonable(value: Any, *, show_secrets: bool = False) -> Any:
    """The value as JSON data: markers become objects with one `$` key; secrets are hidden unless `show_secrets`."""
    if value is Unknown:
        return {"$unknown": True}
    if isinstance(value, Secret):
        return {"$secret": jsonable(value.value, show_secrets=True) if show_secrets else "[hidden]"}
    if isinstance(value, ResourceRef):
        return {"$ref": value.urn}
    if isinstance(value, AssetRef):
        return {f"${value.kind}": jsonable(value.fields, show_secrets=show_secrets)}
    if isinstance(value, Mapping):
        return {key: jsonable(item, show_secrets=show_secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item, show_secrets=show_secrets) for item in value]
    return value


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing for what is unknown or not given."""
    return list(value) if isinstance(value, (list, tuple)) else []


def texts(value: Any) -> list[str]:
    """The texts of a list, or the only one that stands for a list of one, as documents of IAM write it."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def is_number(value: Any) -> bool:
    """Whether it is a number, which True is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, an empty one for what is unknown or not given."""
    return value if isinstance(value, Mapping) else {}
