"""gRPC beside HTTP: which methods clients may call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, NotRequired, TypedDict

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ROUTE_OF_GATEWAY, RULE
from modelinfra.options.problems import Problem
from modelinfra.options.server import CUSTOM, known_row

# Elastic Load Balancing, quotas: condition values per rule.
_MOST: Final = 5

# What they ask of a client is a browser's to answer.
_LOG_INS: Final = ("oidc", "cognito")


class GrpcOptions(TypedDict):
    """gRPC over HTTPS at the same domain; with nothing below it, the methods for predictions and readiness that the server's row names."""

    methods: NotRequired[
        Annotated[
            Sequence[str],
            Option(
                default_text="the server's own",
                at_least=1,
                at_most=_MOST,
                lands=(f"{RULE}.conditions", f"{ROUTE_OF_GATEWAY}.spec.rules[1].matches"),
                example=["/inference.GRPCInferenceService/ModelInfer"],
            ),
        ]
    ]
    """Methods that clients may call, as `/package.Service/Method`, `*` standing for anything; all others are answered with 404."""


@rule(GrpcOptions, "methods")
def methods_are_methods(grpc: Mapping[str, Any]) -> Iterable[Problem]:
    for index, method in enumerate(grpc["methods"] or ()):
        if not re.fullmatch(r"(?=.{4,128}$)/[A-Za-z0-9_.*?]+/[A-Za-z0-9_*?]+", method):
            reason = "this is no method of gRPC"
            remedy = "Write for example /inference.GRPCInferenceService/ModelInfer."
            yield Problem(f"methods[{index}]", reason, remedy, method)


def methods(exposure: Any, grpc_methods: Sequence[str]) -> Sequence[str]:
    """Of validated options; none without gRPC. grpc_methods: of the server's row."""
    if exposure.grpc is None:
        return ()
    return exposure.grpc.methods or grpc_methods


def of_one_rule(methods: Sequence[str], headers: int) -> Sequence[Sequence[str]]:
    """The same, as many at a time as a rule of a load balancer has room for beside so many headers."""
    room = _MOST - headers
    return [methods[start : start + room] for start in range(0, len(methods), room)]


def _operators(given: Sequence[str], row: ModelServer) -> Iterator[Problem]:
    """Which of the given methods would open what is for the server's operator."""
    for index, pattern in enumerate(given):
        opened = [each.rpartition("/")[2] for each in row.grpc_side_methods if fnmatchcase(each, pattern)]
        if opened:
            reason = f"this opens {', '.join(opened)} of {row.title}, which {'is' if len(opened) == 1 else 'are'} for its operator"
            remedy = f"Name the methods that clients need one by one, such as {row.grpc_methods[0]}."
            yield Problem(f"exposure.grpc.methods[{index}]", reason, remedy, pattern)


def grpc_goes_with_the_rest(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """Rule over `exposure` and `server`."""
    exposure = endpoint["exposure"]
    if exposure.grpc is None:
        return
    where = "exposure.grpc"
    if exposure.domain is None:
        yield Problem(where, "a load balancer takes gRPC over HTTPS only", "Add `exposure.domain`.")
    row = known_row(endpoint["server"])
    if row is not None and "grpc" not in row.ports:
        remedy = "Write `server.grpc_port`." if row.name == CUSTOM else "Remove it."
        yield Problem(where, f"{row.title} has no port for gRPC here", remedy)
    elif row is not None and not methods(exposure, row.grpc_methods):
        reason = "which methods clients need of a server of your own is not known"
        yield Problem(f"{where}.methods", reason, "Write them.")
    elif row is not None:
        yield from _operators(exposure.grpc.methods or (), row)
    asked = next((key for key in _LOG_INS if exposure.auth is not None and getattr(exposure.auth, key) is not None), "")
    if asked:
        reason = f"clients of gRPC have no browser in which to log in (`auth.{asked}`)"
        yield Problem(where, reason, "Write `jwt`, `api_keys` or `mtls` below `exposure.auth`, or remove it.")
