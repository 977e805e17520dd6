"""The stand-in cloud behind the engine's provider protocol (gRPC), for any Pulumi package with a Python SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from modelinfra.graph.capture import DEFAULT_REGION
from modelinfra.graph.replacement import forces_replacement, updated_in_place_after_all
from modelinfra.graph.values import Secret, Unknown, decode, encode_struct, plain
from modelinfra.testing.cloud import checks
from modelinfra.testing.cloud.cloud import Refused, StandInCloud, Target
from modelinfra.testing.cloud.diffs import reported
from modelinfra.testing.cloud.remote_components import construct


@dataclass
class Connection:
    """One provider instance. All of them dial the same port; the connection is what tells them apart."""

    region: str = DEFAULT_REGION
    default_tags: dict[str, str] = field(default_factory=dict)


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """ResourceProvider over a stand-in cloud."""

    def __init__(self, cloud: StandInCloud) -> None:
        self.cloud = cloud
        self._connections: dict[str, Connection] = {}

    # The life of a provider instance

    def Handshake(self, _request: Any, _context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=False, supports_autonaming_configuration=True
        )

    def Attach(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        # One port plays every package and is not asked which; the engine warns of any version older than the SDK's.
        return plugin_pb2.PluginInfo(version="999.0.0")

    def CheckConfig(self, request: Any, _context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, _context: Any) -> Any:
        olds, news = plain(decode(request.old_inputs or request.olds)), plain(decode(request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key) and key != "version")
        # Another region is another place: nothing that exists can be updated through it.
        replaces = [key for key in changed if key == "region"]
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
        )

    def Configure(self, request: Any, context: Any) -> Any:
        settings = plain(decode(request.args))
        tags = settings.get("defaultTags") or {}
        if isinstance(tags, str):  # nested configuration travels as JSON text
            tags = json.loads(tags)
        region = settings.get("region")
        self._connections[context.peer()] = Connection(
            region if isinstance(region, str) and region else DEFAULT_REGION, dict(tags.get("tags") or {})
        )
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def Cancel(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        target, news, olds = self._target(request, context), decode(request.news), decode(request.olds)
        found = checks.problems(target.type, news)
        failure = self.cloud.check_failure(target)
        if failure:
            found.append(("", failure))
        try:
            news = _named(request, target, news, olds)
        except ValueError as error:
            found.append((checks.name_input(target.type), str(error)))
        failures = [provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in found]
        return provider_pb2.CheckResponse(inputs=encode_struct(news), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        target = self._target(request, context)
        news, state, earlier = (plain(decode(part)) for part in (request.news, request.olds, request.old_inputs))
        found = self.cloud.diff(target, news, state, earlier, tuple(request.ignoreChanges))
        kinds = provider_pb2.PropertyDiff
        details, replaces = {}, set()
        for difference in found:
            path = difference.plain_path
            replace = forces_replacement(target.type, path) and not updated_in_place_after_all(
                target.type, path, news, earlier
            )
            if replace:
                replaces.add(difference.key)
            kind = kinds.Kind.Value(difference.kind + ("_REPLACE" if replace else ""))
            details[difference.path] = kinds(kind=kind, inputDiff=difference.key in news or difference.key in earlier)
        answer = provider_pb2.DiffResponse
        return answer(
            changes=answer.DIFF_SOME if found else answer.DIFF_NONE,
            diffs=sorted({difference.key for difference in found}),
            replaces=sorted(replaces),
            detailedDiff=details,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        target, inputs = self._target(request, context), decode(request.properties)
        if request.preview:
            _, outputs = self.cloud.outputs(target, plain(inputs), "preview")
            return provider_pb2.CreateResponse(id="", properties=encode_struct(_planned(inputs, outputs)))
        try:
            thing = self.cloud.create(target, plain(inputs))
        except Refused as refused:
            _refuse(context, refused, inputs)
        return provider_pb2.CreateResponse(id=thing.id, properties=encode_struct(_with_secrets(inputs, thing.actual)))

    def Update(self, request: Any, context: Any) -> Any:
        target, news, olds = self._target(request, context), decode(request.news), decode(request.olds)
        if request.preview:
            _, outputs = self.cloud.outputs(target, plain(news), "preview")
            planned = _planned(news, outputs)
            known = olds if not _remade(target.type, news, olds) else {}
            planned |= {key: known[key] for key, value in planned.items() if value is Unknown and key in known}
            return provider_pb2.UpdateResponse(properties=encode_struct(planned))
        earlier = plain(decode(request.old_inputs))
        try:
            ignored = tuple(request.ignoreChanges)
            thing = self.cloud.update(target, request.id, plain(news), plain(olds), earlier, ignored)
        except Refused as refused:
            _refuse(context, refused, news)
        return provider_pb2.UpdateResponse(properties=encode_struct(_with_secrets(news, thing.actual)))

    def Read(self, request: Any, context: Any) -> Any:
        target, state, inputs = self._target(request, context), decode(request.properties), decode(request.inputs)
        try:
            thing = self.cloud.read(target, request.id, plain(state))
        except Refused as refused:
            _refuse(context, refused, inputs)
        if thing is None:
            return provider_pb2.ReadResponse(id="")
        seen = reported(target.type, thing.actual, plain(inputs))
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode_struct(_with_secrets({**state, **inputs}, thing.actual)),
            inputs=encode_struct(_with_secrets(inputs, seen)),
        )

    def Delete(self, request: Any, context: Any) -> Any:
        target = self._target(request, context)
        try:
            self.cloud.delete(target, request.id, plain(decode(request.properties)))
        except Refused as refused:
            _refuse(context, refused, {})
        return empty_pb2.Empty()

    def Construct(self, request: Any, context: Any) -> Any:
        try:
            return construct(request)
        except grpc.RpcError as error:
            # The child was refused, or the deployment has failed elsewhere and the engine listens no more.
            context.abort(error.code(), error.details())

    def Invoke(self, request: Any, context: Any) -> Any:
        try:
            answer = self.cloud.invoke(request.tok, plain(decode(request.args)), self._connection(context).region)
        except Refused as refused:
            _refuse(context, refused, {})
        fields: dict[str, Any] = {"return": encode_struct(answer)}  # a keyword of Python
        return provider_pb2.InvokeResponse(**fields)

    def _connection(self, context: Any) -> Connection:
        return self._connections.get(context.peer()) or Connection()

    def _target(self, request: Any, context: Any) -> Target:
        connection = self._connection(context)
        return Target(request.urn, connection.region, connection.default_tags)


def serve(cloud: StandInCloud, port: int = 0) -> tuple[grpc.Server, int]:
    """Serve the cloud on a local port (0 takes a free one); returns the running server and its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(cloud), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def _named(request: Any, target: Target, news: dict[str, Any], olds: dict[str, Any]) -> dict[str, Any]:
    if request.HasField("autonaming"):
        options = request.autonaming
        if options.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE:
            return news
        key = checks.name_input(target.type)
        if options.proposed_name and news.get(key) is None and olds.get(key) is None:
            return news | {key: options.proposed_name} if checks.is_auto_named(target.type) else news
    return checks.named(target.type, target.name, news, olds, request.randomSeed)


def _planned(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a preview can know: the inputs; everything that the cloud makes up is unknown."""
    return {key: inputs.get(key, Unknown) for key in outputs}


def _remade(token: str, news: Mapping[str, Any], olds: Mapping[str, Any]) -> bool:
    """Whether an update gives other computed outputs than the old ones: only a build does."""
    return token.startswith("docker-build:")


def _with_secrets(marked: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, secret where the marked ones are; a property that is secret in a part is kept part by part if equal."""
    result = dict(values)
    for key, given in marked.items():
        if key in result and _holds_secret(given):
            result[key] = given if plain(given) == result[key] else Secret(result[key])
    return result


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


def _refuse(context: Any, refused: Refused, inputs: Mapping[str, Any]) -> Any:
    """Answer with an error; with the thing when it exists and the engine may know of it."""
    message = str(refused)
    if refused.thing is not None:
        detail = provider_pb2.ErrorResourceInitFailed(
            id=refused.thing.id,
            properties=encode_struct(_with_secrets(inputs, refused.thing.actual)),
            inputs=encode_struct(inputs),
            reasons=[message],
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
