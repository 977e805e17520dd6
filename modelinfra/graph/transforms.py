"""Runs the engine's resource transforms for a captured program: the program serves them over gRPC, the engine calls."""

from __future__ import annotations

from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from modelinfra.graph.model import STACK_TYPE

# Field of the registration request -> field of the transform's options, for lists that are taken over whole.
_LISTS = {
    "dependencies": "depends_on",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "aliases": "aliases",
    "additionalSecretOutputs": "additional_secret_outputs",
    "hideDiffs": "hide_diff",
    "replace_with": "replace_with",
}
_TEXTS = {
    "version": "version",
    "provider": "provider",
    "deletedWith": "deleted_with",
    "pluginDownloadURL": "plugin_download_url",
}
_FLAGS = {"protect": "protect", "retainOnDelete": "retain_on_delete"}


class TransformRunner:
    """Applies a resource's own transforms, then the stack's, as the engine does."""

    def __init__(self) -> None:
        self.stack_wide: list[Any] = []
        self._channels: dict[str, grpc.Channel] = {}

    def apply(self, request: Any) -> Any:
        """The request after all transforms; the same object when there are none."""
        stack_wide = [] if request.type == STACK_TYPE else self.stack_wide
        callbacks = [*request.transforms, *stack_wide]
        if not callbacks:
            return request
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        for callback in callbacks:
            self._run(callback, changed)
        return changed

    def close(self) -> None:
        """Close the connections to the program."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def _run(self, callback: Any, request: Any) -> None:
        channel = self._channels.get(callback.target)
        if channel is None:
            channel = self._channels[callback.target] = grpc.insecure_channel(callback.target)
        question = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=request.object,
            options=_options(request),
        )
        call = callback_pb2.CallbackInvokeRequest(token=callback.token, request=question.SerializeToString())
        answer = resource_pb2.TransformResponse.FromString(
            callback_pb2_grpc.CallbacksStub(channel).Invoke(call).response
        )
        if answer.HasField("properties"):
            request.object.CopyFrom(answer.properties)
        if answer.HasField("options"):
            _take_over(request, answer.options)


def _options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions(providers=request.providers)
    for field, option in _LISTS.items():
        getattr(options, option).extend(getattr(request, field))
    for field, option in _TEXTS.items():
        setattr(options, option, getattr(request, field))
    for field, option in _FLAGS.items():
        if request.HasField(field):
            setattr(options, option, getattr(request, field))
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    if request.HasField("customTimeouts"):
        options.custom_timeouts.CopyFrom(request.customTimeouts)
    return options


def _take_over(request: Any, options: Any) -> None:
    for field, option in _LISTS.items():
        del getattr(request, field)[:]
        getattr(request, field).extend(getattr(options, option))
    for field, option in _TEXTS.items():
        setattr(request, field, getattr(options, option))
    for field, option in _FLAGS.items():
        if options.HasField(option):
            setattr(request, field, getattr(options, option))
    if options.HasField("delete_before_replace"):
        request.deleteBeforeReplace, request.deleteBeforeReplaceDefined = options.delete_before_replace, True
    if options.HasField("custom_timeouts"):
        request.customTimeouts.CopyFrom(options.custom_timeouts)
