"""Kubernetes secrets with which KServe fetches models: what must be in them, by the store.

Source: KServe 0.20.0, pkg/credentials (service_account_credentials.go and a folder for each store); addresses as python/storage reads them. A test
reads the keys there. KServe asks a secret for these keys in this order and takes the first that it finds: a secret has one store's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class StorageSecret:
    """keys: what the secret holds; or_keys: what it may hold instead. annotations: of the secret, for a store that is not the cloud's own."""

    title: str
    address: str
    keys: tuple[str, ...]
    or_keys: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()

    @property
    def needed(self) -> str:
        """In words."""
        others = f", or {_and(self.or_keys)}" if self.or_keys else ""
        return f"{_and(self.keys)}{others}"


def _and(keys: tuple[str, ...]) -> str:
    return f"{', '.join(keys[:-1])} and {keys[-1]}" if len(keys) > 1 else keys[0]


STORAGE_SECRETS: Final[Mapping[str, StorageSecret]] = {
    "s3": StorageSecret(
        "S3, and what speaks as it does",
        r"s3://",
        ("awsAccessKeyID", "awsSecretAccessKey"),
        annotations=(
            "serving.kserve.io/s3-endpoint",
            "serving.kserve.io/s3-region",
            "serving.kserve.io/s3-usehttps",
            "serving.kserve.io/s3-verifyssl",
            "serving.kserve.io/s3-usevirtualbucket",
            "serving.kserve.io/s3-cabundle-configmap",
        ),
    ),
    "gcs": StorageSecret("Google Cloud Storage", r"gs://", ("gcloud-application-credentials.json",)),
    "azure": StorageSecret(
        "Azure Blob Storage",
        r"https://[^/]+\.(blob|file)\.(core\.windows\.net|storage\.azure\.net)/",
        # With a client KServe names the tenant as well, and a pod does not start whose secret lacks it.
        ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"),
        or_keys=("AZURE_STORAGE_ACCESS_KEY",),
    ),
    "https": StorageSecret("HTTPS", r"https://", ("https-host", "headers")),
    "hf": StorageSecret("Hugging Face", r"hf://", ("HF_TOKEN",)),
}
"""Store -> what its secret holds, in KServe's order."""


def store_of(uri: str) -> StorageSecret:
    """Whose secret an address that KServe fetches needs."""
    return next(each for each in STORAGE_SECRETS.values() if re.match(each.address, uri))
