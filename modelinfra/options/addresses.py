"""Addresses of people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelinfra.options.problems import Problem


def address_problems(key: str, addresses: Sequence[str] | None) -> Iterable[Problem]:
    """What is wrong with the e-mail addresses below a key."""
    for index, email in enumerate(addresses or ()):
        name, at, domain = email.partition("@")
        if not (name and at and "." in domain) or any(each.isspace() for each in email):
            yield Problem(f"{key}[{index}]", "this is no address", "Write for example on-call@example.com.", email)
        elif email in (addresses or ())[:index]:
            yield Problem(f"{key}[{index}]", "this stands here twice", "Remove it.", email)
