"""Components that a provider builds itself (`Construct`), such as a Helm chart that it renders.

What a real provider would make of one is not known here: the component has a single child in its place, with all of its inputs. So an
edit of the component is an update, it can fail, and what depends on it is made later and goes before it.
"""

from __future__ import annotations

from typing import Any, Final

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

CONTENT: Final = "Content"
"""The last part of the child's type: kubernetes:helm.sh/v4:Chart holds a kubernetes:helm.sh/v4:ChartContent."""


def construct(request: Any) -> Any:
    """Register the component and its child with the engine that asks."""
    package = request.type.split(":")[0]
    with grpc.insecure_channel(request.monitorEndpoint, options=_GRPC_CHANNEL_OPTIONS) as channel:
        monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
        common = {"protect": request.protect, "providers": dict(request.providers), "acceptSecrets": True}
        common |= {"acceptResources": True, "supportsPartialValues": True}
        component = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type,
                name=request.name,
                parent=request.parent,
                object=request.inputs,
                dependencies=list(request.dependencies),
                aliases=list(request.aliases),
                **common,
            )
        )
        monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type + CONTENT,
                name=request.name,
                parent=component.urn,
                custom=True,
                object=request.inputs,
                dependencies=list(request.dependencies),
                provider=request.providers.get(package, ""),
                retainOnDelete=request.retainOnDelete,
                **common,
            )
        )
        monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=component.urn))
    return provider_pb2.ConstructResponse(urn=component.urn, state=request.inputs)
