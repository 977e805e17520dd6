"""The engine's side of a program that runs without an engine: answers registrations and look-ups, and records them."""

# ruff: noqa: N802 - the method names are the gRPC services'

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import empty_pb2, json_format
from pulumi.runtime import settings as sdk_settings
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import engine_pb2, resource_pb2, resource_pb2_grpc

from modelinfra.graph import invokes as look_ups
from modelinfra.graph import outputs as made_up
from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.transforms import TransformRunner
from modelinfra.graph.values import Unknown, decode, encode_struct, plain

Invokes = Mapping[str, "look_ups.Answer | Mapping[str, Any]"]

# Without these the SDK refuses alias specs, deletedWith, transforms and hooks as "not supported by this CLI".
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)

if TYPE_CHECKING:
    _Stub = object
else:
    _Stub = resource_pb2_grpc.ResourceMonitorStub

# What the SDK puts in place of an Output that a program formatted into a string.
_OUTPUT_AS_TEXT: Final = "Calling __str__ on an Output"


class CaptureError(Exception):
    """The program asked for something that no engine would accept, or that a capture cannot answer."""


class InlineExecutor(ThreadPoolExecutor):
    """Answers calls on the loop's own thread, so that registrations always come in the same order.

    A program that uses the engine's transforms or hooks runs a gRPC server on the loop; calls that come back to it need
    a thread of their own, one at a time so that the order stays.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._servers = len(_CallbackServicer._servicers)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # SETTINGS.callbacks would tell too, but it is set in the context of the task that started the server.
        if len(_CallbackServicer._servicers) > self._servers:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class CaptureMonitor(_Stub):
    """Implements ResourceMonitor, called in process.

    It is a stub by name only, never connected: the SDK serves transforms only to what is an instance of one.
    """

    def __init__(self, graph: Graph, *, preview: bool, region: str, invokes: Invokes) -> None:
        self.graph, self.preview, self.region, self.invokes = graph, preview, region, invokes
        self._asked: dict[str, dict[str, None]] = {}
        self.transforms = TransformRunner()

    def GetDeploymentInfo(self, _request: Any) -> Any:
        return resource_pb2.DeploymentInfo(
            project=self.graph.project,
            stack=self.graph.stack,
            organization="organization",
            dryRun=self.preview,
            supportedFeatures=_FEATURES,
        )

    def SupportsFeature(self, request: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(
            hasSupport=sdk_settings._LEGACY_FEATURE_MAPPING.get(request.id) in _FEATURES
        )

    def RegisterResource(self, request: Any) -> Any:
        request = self.transforms.apply(request)
        node = _registered(request, self._urn(request))
        if node.urn in self.graph.nodes:
            raise CaptureError(f"Duplicate resource URN '{node.urn}'; try giving it a unique name")
        refuse_output_text(node.inputs, f"{node.type} {node.name!r}")
        self._add(node)
        if not node.custom:
            return resource_pb2.RegisterResourceResponse(urn=node.urn, object=request.object)
        identifier, outputs = self._outputs(node)
        if self.preview:
            # A real preview knows of a resource that is to be created nothing but its inputs.
            # What is named, its provider has named before.
            named = node.type.startswith("kubernetes:")
            shown = {*node.inputs, "metadata"} if named else node.inputs
            node.id = Unknown
            node.outputs = {
                key: value if named else _of_preview(value, node.inputs.get(key))
                for key, value in outputs.items()
                if key in shown
            }
            return resource_pb2.RegisterResourceResponse(urn=node.urn, id="", object=encode_struct(node.outputs))
        node.id, node.outputs = identifier, outputs
        return resource_pb2.RegisterResourceResponse(urn=node.urn, id=identifier, object=encode_struct(outputs))

    def ReadResource(self, request: Any) -> Any:
        node = Node(
            urn=self._urn(request),
            name=request.name,
            type=request.type,
            parent=request.parent,
            read=True,
            inputs=decode(request.properties),
            id=request.id,
            provider=request.provider,
            depends_on=sorted(request.dependencies),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            version=request.version,
        )
        self._add(node)
        _, node.outputs = self._outputs(node)
        return resource_pb2.ReadResourceResponse(urn=node.urn, properties=encode_struct(node.outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = decode(request.outputs)
        node = self.graph.nodes.get(request.urn)
        if node is not None:
            node.outputs = outputs
            if node.type == STACK_TYPE:
                refuse_output_text(outputs, "the stack's outputs")
                self.graph.outputs = outputs
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        args = plain(decode(request.args))
        region = args.get("region") or self._provider_region(request.provider)
        self.graph.invokes.append({"token": request.tok, "args": args, "provider": request.provider, "region": region})
        asked = self._asked.setdefault(request.tok, {})
        result = self._answer(look_ups.Call(request.tok, args, region, graph=self.graph, asked=tuple(asked)))
        asked[str(args.get("id"))] = None
        fields: dict[str, Any] = {"return": encode_struct(result)}  # a keyword of Python
        return resource_pb2.ResourceInvokeResponse(**fields)

    def Call(self, request: Any) -> Any:
        raise CaptureError(f"a capture cannot run the component method {request.tok}")

    def RegisterStackTransform(self, callback: Any) -> Any:
        self.transforms.stack_wide.append(callback)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, _callback: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterResourceHook(self, _request: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterErrorHook(self, _request: Any) -> Any:
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:
        return resource_pb2.RegisterPackageResponse(ref=f"package-{request.name}")

    def SignalAndWaitForShutdown(self, _request: Any) -> Any:
        # Before the program stops its callback server, which would be logged as a broken connection.
        self.transforms.close()
        return empty_pb2.Empty()

    def _urn(self, request: Any) -> str:
        types = request.type
        parent_types = request.parent.split("::")[2] if request.parent else STACK_TYPE
        if parent_types != STACK_TYPE:
            types = f"{parent_types}${types}"
        return f"urn:pulumi:{self.graph.stack}::{self.graph.project}::{types}::{request.name}"

    def _add(self, node: Node) -> None:
        node.seq = len(self.graph.nodes)
        self.graph.nodes[node.urn] = node

    def _outputs(self, node: Node) -> tuple[str, dict[str, Any]]:
        region = self.graph.region_of(node, self.region)
        identifier, outputs = made_up.outputs_of(
            node.type,
            node.name,
            node.inputs,
            region=region,
            seed=node.urn,
            identifier=str(node.id) if node.read else None,
        )
        return identifier, made_up.with_secrets(outputs, node.additional_secret_outputs)

    def _provider_region(self, reference: str) -> str:
        provider = self.graph.nodes.get(reference.rpartition("::")[0])
        region = provider.inputs.get("region") if provider is not None else None
        return region if isinstance(region, str) else self.region

    def _answer(self, call: look_ups.Call) -> Mapping[str, Any]:
        if call.token == "pulumi:pulumi:getResource":
            node = self.graph.nodes[call.args["urn"]]
            return {"urn": node.urn, "id": node.id, "state": node.outputs}
        answer = self.invokes.get(call.token) or look_ups.ANSWERS.get(call.token)
        if answer is None:
            raise CaptureError(
                f"nothing is known to answer the look-up {call.token} with; "
                f"give invokes={{{call.token!r}: {{...}}}} (arguments: {dict(call.args)})"
            )
        return answer(call) if callable(answer) else answer


class CaptureEngine:
    """Implements the few methods of the Engine service that programs call."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def Log(self, request: Any) -> Any:
        severity = {0: "debug", 1: "info", 2: "warning", 3: "error"}.get(request.severity, "info")
        if severity != "debug":
            self.graph.logs.append({"severity": severity, "message": request.message, "urn": request.urn})
        return empty_pb2.Empty()

    def GetRootResource(self, _request: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn="")

    def SetRootResource(self, _request: Any) -> Any:
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, _request: Any) -> Any:
        return engine_pb2.RequirePulumiVersionResponse()


def refuse_output_text(value: Any, where: str, path: str = "") -> None:
    """Fail when an Output was formatted into a string: the cloud would be given the SDK's complaint as a value."""
    inner = plain(value)
    if isinstance(inner, str):
        if _OUTPUT_AS_TEXT in inner:
            raise CaptureError(
                f"{where}: {path or 'a value'} holds an Output that was formatted as text (f-string, str() or %); "
                "use pulumi.Output.format, Output.concat or .apply"
            )
    elif isinstance(inner, Mapping):
        for key, item in inner.items():
            refuse_output_text(item, where, f"{path}.{key}" if path else str(key))
    elif isinstance(inner, list):
        for index, item in enumerate(inner):
            refuse_output_text(item, where, f"{path}[{index}]")


def _registered(request: Any, urn: str) -> Node:
    position = request.sourcePosition
    trigger = decode(request.replacement_trigger) if request.HasField("replacement_trigger") else None
    aliases = [
        alias.urn if alias.WhichOneof("alias") == "urn" else json_format.MessageToDict(alias.spec)
        for alias in request.aliases
    ]
    return Node(
        urn=urn,
        name=request.name,
        type=request.type,
        parent=request.parent,
        custom=request.custom,
        inputs=decode(request.object),
        remote=request.remote,
        provider=request.provider,
        providers=dict(request.providers),
        depends_on=sorted(request.dependencies),
        property_deps={
            key: sorted(deps.urns) for key, deps in sorted(request.propertyDependencies.items()) if deps.urns
        },
        aliases=[*aliases, *request.aliasURNs],
        protect=request.protect if request.HasField("protect") else None,
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        additional_secret_outputs=list(request.additionalSecretOutputs),
        import_id=request.importId,
        custom_timeouts=json_format.MessageToDict(request.customTimeouts),
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        replacement_trigger=trigger,
        version=request.version,
        hooks=json_format.MessageToDict(request.hooks),
        hide_diffs=list(request.hideDiffs),
        source=f"{position.uri.removeprefix('project:///')}#{position.line}" if position.uri else "",
    )


__all__ = ["CaptureEngine", "CaptureError", "CaptureMonitor", "InlineExecutor", "Invokes", "refuse_output_text"]


def _of_preview(value: Any, given: Any) -> Any:
    """A block of which the program gives one part: the cloud's part of it is known later."""
    if isinstance(value, dict) and isinstance(given, dict):
        return {key: each if key in given else Unknown for key, each in value.items()}
    return value
