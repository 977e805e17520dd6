"""Methods of gRPC protocols that several servers speak."""

from __future__ import annotations

# Open Inference protocol v2 (grpc_predict_v2.proto); the service has methods that load models and change settings, too.
V2_METHODS = tuple(
    f"/inference.GRPCInferenceService/{method}"
    for method in ("ModelInfer", "ModelStreamInfer", "ModelReady", "ModelMetadata", "ServerReady")
)
"""What clients of the protocol call."""

V2_SIDE_METHODS = tuple(
    f"/inference.GRPCInferenceService/{method}"
    for method in (
        "RepositoryIndex",
        "RepositoryModelLoad",
        "RepositoryModelUnload",
        "SystemSharedMemoryRegister",
        "SystemSharedMemoryUnregister",
        "SystemSharedMemoryStatus",
        "CudaSharedMemoryRegister",
        "CudaSharedMemoryUnregister",
        "CudaSharedMemoryStatus",
        "TraceSetting",
        "LogSettings",
    )
)
"""Extensions that load models, read the server's memory or change its settings (Triton's grpc_service.proto)."""
