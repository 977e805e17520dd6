"""What accelerated nodes are told when they start: settings of Bottlerocket, or a NodeConfig of Amazon Linux 2023. Pure text."""

from __future__ import annotations

from typing import Any, Final

from modelinfra.catalog.gpu_sharing import BOTTLEROCKET_MODELS, MIG, MPS
from modelinfra.options.eks_gpu_nodes import BOTTLEROCKET, image_of
from modelinfra.platforms.eks.gpu_way import device_of

_NVIDIA: Final = "settings.kubelet-device-plugins.nvidia"

# EKS best practices, "Performance" (facts serving.md section 3e): 10 to 20 downloads at once, pieces of 8 to 16 MB. Bottlerocket 1.44,
# settings.container-runtime-plugins.soci-snapshotter.
_SOCI: Final = (
    "[settings.container-runtime]",
    'snapshotter = "soci"',
    "[settings.container-runtime-plugins.soci-snapshotter]",
    'pull-mode = "parallel-pull-unpack"',
    "[settings.container-runtime-plugins.soci-snapshotter.parallel-pull-unpack]",
    "max-concurrent-downloads-per-image = 10",
    'concurrent-download-chunk-size = "16mb"',
    "max-concurrent-unpacks-per-image = 10",
    "discard-unpacked-layers = true",
)

# As Karpenter writes it for instanceStorePolicy (1.14.1, pkg/providers/amifamily/bootstrap/bottlerocket.go), and where SOCI keeps layers.
_DIRECTORIES: Final = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")
_SOCI_DIRECTORY: Final = "/var/lib/soci-snapshotter"

# gp3: EKS documents that pulls in parallel are slower below 600 MiB/s of the disk's throughput (EKS user guide, FastImagePull).
PARALLEL_THROUGHPUT: Final = 600
PARALLEL_IOPS: Final = 4000


def user_data(pool: Any, *, own_disks: bool) -> str | None:
    """What nodes of a validated pool are told; None where there is nothing to tell. own_disks: whether `instance_store` is said here, too,
    which Karpenter does by itself."""
    store = own_disks and pool.instance_store
    return _bottlerocket(pool, store) if image_of(pool) == BOTTLEROCKET else _node_config(pool, store)


def _bottlerocket(pool: Any, store: bool) -> str | None:
    lines = [*_sharing(pool), *(_SOCI if pool.parallel_pull else ()), *(_instance_store(pool) if store else ())]
    return "\n".join(lines) + "\n" if lines else None


def _sharing(pool: Any) -> list[str]:
    sharing = pool.sharing
    if sharing is None:
        return []
    if sharing.way == MIG:
        model = BOTTLEROCKET_MODELS[device_of(pool).name]
        return [
            f"[{_NVIDIA}]",
            'device-partitioning-strategy = "mig"',
            f"[{_NVIDIA}.mig.profile]",
            f'"{model}" = "{sharing.profile}"',
        ]
    lines = [
        f"[{_NVIDIA}]",
        f'device-sharing-strategy = "{sharing.way}"',
        f"[{_NVIDIA}.{sharing.way}]",
        f"replicas = {sharing.replicas}",
        # A pod that asks for a whole GPU never finds itself on a share of one.
        "rename-by-default = true",
    ]
    # Two shares of a GPU are no more of it than one; MPS refuses such requests by itself.
    return lines if sharing.way == MPS else [*lines, "fail-requests-greater-than-one = true"]


def _instance_store(pool: Any) -> list[str]:
    directories = [*_DIRECTORIES, *([_SOCI_DIRECTORY] if pool.parallel_pull else [])]
    bind = ", ".join(f'"{each}"' for each in ("apiclient", "ephemeral-storage", "bind", "--dirs", *directories))
    return [
        "[settings.bootstrap-commands.000-mount-instance-storage]",
        f'commands = [["apiclient", "ephemeral-storage", "init"], [{bind}]]',
        "essential = true",
        'mode = "always"',
    ]


def _node_config(pool: Any, store: bool) -> str | None:
    spec = [
        *(["  featureGates:", "    FastImagePull: true"] if pool.parallel_pull else []),
        *(["  instance:", "    localStorage:", "      strategy: RAID0"] if store else []),
    ]
    if not spec:
        return None
    # EKS and Karpenter add the part with the cluster's address to these.
    head = ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="BOUNDARY"', "", "--BOUNDARY"]
    config = [
        "Content-Type: application/node.eks.aws",
        "",
        "apiVersion: node.eks.aws/v1alpha1",
        "kind: NodeConfig",
        "spec:",
        *spec,
        "",
    ]
    return "\n".join([*head, *config, "--BOUNDARY--", ""])
