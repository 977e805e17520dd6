"""API keys of machine clients: made, kept in Secrets Manager, and known to the firewall by their hash alone.

AWS WAF can hash a header with MD5 before it compares, and leaves the hash as raw bytes (AWS WAF API, TextTransformation). The AWS
provider takes what to compare with as text only (hashicorp/terraform-provider-aws#44660). So a key is made whose hash is text: behind
256 random bits stands a number, counted up until the 16 bytes of the hash are ASCII.

Why MD5 is enough here. Its broken property is that one person can make two inputs of one hash; nobody but us makes keys. Who wants in
must find an input of a given hash. Without reading the web ACL each guess succeeds once in 2^128. Who reads it faces a search for a
preimage, of which the best that is known takes 2^123 steps (Sasaki and Aoki, EUROCRYPT 2009), or a guess at 256 random bits.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.options.authentication import generations
from modelinfra.options.exposure import keyed
from modelinfra.options.firewall import DEFAULT_RATE

HEADER = "x-api-key"

# Of 62 characters, letters and digits: 43 are 256 bits.
_RANDOM_CHARACTERS = 43

# Secrets Manager API, DeleteSecret: 7 to 30 days in which it can be taken back, or none.
_RECOVERY_DAYS = 30


@dataclass(frozen=True)
class ApiKey:
    """A client whose key is asked for. limit: most requests in five minutes. digests: of the keys that are valid. arns: generation ->
    secret that holds the key. paths: what alone it may ask for; None where that is everything that the load balancer forwards."""

    client: str
    limit: int
    digests: Sequence[Output[str]]
    arns: Mapping[str, Output[str]]
    paths: Sequence[str] | None = None


def register_api_keys(
    children: Children, exposure: Any, paths: Mapping[str, Sequence[str]] | None = None, *, production: bool
) -> list[ApiKey]:
    """A secret for each valid key. They belong to the endpoint and not to its load balancer: clients keep them when that is another one.

    paths: client -> what alone it may ask for.
    """
    if not keyed(exposure):
        return []
    found = []
    for client, key in sorted(exposure.auth.api_keys.items()):
        tags = {"client": client, **(key.tags or {})}
        made = {
            str(generation): _secret(children, client, generation, tags, production) for generation in generations(key)
        }
        found.append(
            ApiKey(
                client,
                key.requests_per_five_minutes or exposure.waf.requests_per_five_minutes or DEFAULT_RATE,
                [digest for _, digest in made.values()],
                {generation: arn for generation, (arn, _) in made.items()},
                (paths or {}).get(client),
            )
        )
    return found


def _secret(
    children: Children, client: str, generation: int, tags: Mapping[str, Input[str]], production: bool
) -> tuple[Output[str], Output[str]]:
    """A secret with a key of its own; its ARN, and the key's digest."""
    secret = aws.secretsmanager.Secret(
        children.named(f"key-{client}-{generation}", "secret"),
        description=f"API key {generation} of client {client}: the value of the header {HEADER}",
        tags=tags,
        recovery_window_in_days=_RECOVERY_DAYS if production else 0,
        opts=children.opts("api-key-secret"),
    )
    random = aws.secretsmanager.get_random_password_output(
        password_length=_RANDOM_CHARACTERS,
        exclude_punctuation=True,
        require_each_included_type=False,
        opts=children.invoke,
    ).random_password
    version = aws.secretsmanager.SecretVersion(
        children.named(f"key-{client}-{generation}", "secret"),
        secret_id=secret.id,
        secret_string=Output.secret(random).apply(
            lambda drawn: key_of(f"{children.name}-{client}-{generation}-{drawn}")
        ),
        # Every deployment draws another one; the first is the key for good.
        opts=children.opts(
            "api-key-version", ignore_changes=["secretString"], additional_secret_outputs=["secretString"]
        ),
    )
    # The digest is no secret (see above), and a firewall that nobody may read is one that nobody can review.
    digest = Output.unsecret(version.secret_string.apply(lambda key: digest_of(key or "")))
    return secret.arn, digest


@functools.lru_cache(maxsize=256)
def key_of(begin: str) -> str:
    """A key that begins so, and whose digest the provider can say. Who finds a key somewhere can tell whose it is.

    One number in 75,000 will do on average, which takes some 50 ms (30 keys, on two shared cores).
    """
    number = 0
    begun = hashlib.md5(f"{begin}-".encode(), usedforsecurity=False)
    while True:
        tried = begun.copy()
        tried.update(b"%x" % number)
        digest = tried.digest()
        if _is_text(digest):
            return f"{begin}-{number:x}"
        number += 1


def digest_of(key: str) -> str:
    """What AWS WAF compares with: the MD5 of a key, as text.

    Raises ValueError for a key of somebody else's, of which it is no text.
    """
    digest = hashlib.md5(key.encode(), usedforsecurity=False).digest()
    if not _is_text(digest):
        raise ValueError("this is no key that was made here: write its generation one higher to have another one made")
    return digest.decode("ascii")


def _is_text(digest: bytes) -> bool:
    # What stands at the ends might be cut off somewhere on the way; NUL ends a text for some.
    return digest.isascii() and b"\0" not in digest and digest.strip() == digest
