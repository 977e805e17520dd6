"""How the cloud knows the device. Nothing is kept for longer than it holds: what another program writes anew is read anew."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from modelinfra.router import settings


class AuthError(Exception):
    """There is nothing to show now; the message says what is missing, never what it holds."""


class Auth(Protocol):
    """Three ways: one adds headers, one signs them, one is shown as the connection opens."""

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The headers with what shows who asks. Raises AuthError."""

    async def renewed(self) -> bool:
        """After a refusal: whether there is something else to show now."""

    def stamp(self) -> object:
        """Another one: connections are to be opened anew."""

    def context(self) -> ssl.SSLContext:
        """For new connections. Raises AuthError."""


class _Open:
    """What most ways have in common: a connection like any other."""

    def stamp(self) -> object:
        return None

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class Sigv4(_Open):
    """boto3 refreshes a role's credentials before they expire. A file of credentials, which the agent of Systems Manager writes anew, it
    reads once only: after a refusal everything is looked up again, at most every `_AGAIN_SECONDS`."""

    _AGAIN_SECONDS: Final = 10.0

    def __init__(self, told: settings.Sigv4, clock: Callable[[], float] = time.monotonic) -> None:
        self._told, self._clock = told, clock
        self._session: Any = None
        self._looked_up = -self._AGAIN_SECONDS

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        # A refresh asks over the network.
        credentials = await asyncio.to_thread(self._credentials)
        SigV4Auth(credentials, self._told.service, self._told.region).add_auth(request)
        return dict(request.headers.items())

    async def renewed(self) -> bool:
        if self._clock() - self._looked_up < self._AGAIN_SECONDS:
            return False
        try:
            before = await asyncio.to_thread(self._credentials)
            self._session = None
            return bool(await asyncio.to_thread(self._credentials) != before)
        except AuthError:
            return False

    def _credentials(self) -> Any:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        try:
            if self._session is None:
                self._session, self._looked_up = Session(), self._clock()
            found = self._session.get_credentials()
            if found is None:
                raise AuthError("the device has no AWS credentials")
            return found.get_frozen_credentials()
        except BotoCoreError as error:
            raise AuthError(f"the device's AWS credentials cannot be had ({type(error).__name__})") from None


class Bearer(_Open):
    """A token in a file."""

    def __init__(self, told: settings.Bearer) -> None:
        self._file = Path(told.file)
        self._stamp: object = None
        self._token = ""

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        if (now := _stamp(self._file)) != self._stamp or now is None:
            self._read()
            self._stamp = now
        return {**headers, "authorization": f"Bearer {self._token}"}

    async def renewed(self) -> bool:
        before = self._token
        try:
            self._read()
        except AuthError:
            return False
        return self._token != before

    def _read(self) -> None:
        try:
            token = self._file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthError(f"{self._file} cannot be read ({type(error).__name__})") from None
        if not token or not token.isascii() or any(each.isspace() for each in token):
            raise AuthError(f"{self._file} holds no token")
        self._token = token


class Mtls:
    """A certificate of the device's own."""

    def __init__(self, told: settings.Mtls) -> None:
        self._told = told

    async def headers(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        return headers

    async def renewed(self) -> bool:
        return False

    def stamp(self) -> object:
        return tuple(_stamp(Path(each)) for each in (self._told.certificate, self._told.key, self._told.ca) if each)

    def context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._told.ca or None)
            context.load_cert_chain(self._told.certificate, self._told.key)
        except (OSError, ssl.SSLError) as error:
            # Also where one of the two files is written and the other not yet.
            raise AuthError(f"the device's certificate cannot be used ({type(error).__name__})") from None
        return context


def auth(told: settings.Auth) -> Auth:
    """The one that is told."""
    if told.sigv4 is not None:
        return Sigv4(told.sigv4)
    if told.bearer is not None:
        return Bearer(told.bearer)
    assert told.mtls is not None
    return Mtls(told.mtls)


def _stamp(file: Path) -> object:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
