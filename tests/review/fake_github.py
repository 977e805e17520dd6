"""A local server that answers as GitHub's REST API does where comments, labels, pull requests and check runs are concerned."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Failure = tuple[int, dict[str, str], str]
Query = dict[str, list[str]]

HEAD = "0ddba11" + "0" * 33
"""The commit that the server knows."""


class Refused(Exception):  # noqa: N818 - it is what GitHub answers
    """The answer is an error. headers: beside the message."""

    def __init__(self, code: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.code, self.headers = code, {key.replace("_", "-"): value for key, value in headers.items()}


@dataclass
class Repository:
    """What the server holds and was asked. failures: what it answers first instead. lost: failures after the work is done.

    permissions: what the token may write.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    permissions: set[str] = field(default_factory=lambda: {"issues", "pull_requests", "checks"})
    failures: list[Failure] = field(default_factory=list)
    lost: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    address: str = ""

    def add(self, body: str, login: str = "github-actions[bot]") -> dict[str, Any]:
        """A comment."""
        number = len(self.comments) + 1
        made = {"id": number, "body": body, "user": {"login": login}, "html_url": f"https://example.com/{number}"}
        self.comments.append(made)
        return made

    def add_check(
        self, name: str, external_id: str = "", app: str = "github-actions", sha: str = HEAD
    ) -> dict[str, Any]:
        """A check run, of another one's app or of a job where it is not ours."""
        number = len(self.checks) + 1
        made = {
            "id": number, "name": name, "head_sha": sha, "external_id": external_id, "app": {"slug": app}, "status": "queued", "conclusion": None,
            "html_url": f"https://example.com/checks/{number}", "output": {"title": None, "summary": None, "annotations_count": 0}, "annotations": [],
        }  # fmt: skip
        self.checks.append(made)
        return made

    def may(self, *any_of: str) -> None:
        """Refuses what the token may not write."""
        if not self.permissions & set(any_of):
            needed = "; ".join(f"{each}=write" for each in any_of)
            raise Refused(403, "Resource not accessible by integration", X_Accepted_GitHub_Permissions=needed)


def _page(found: list[Any], query: Query) -> list[Any]:
    size = min(int(query.get("per_page", ["30"])[0]), 100)
    start = (int(query.get("page", ["1"])[0]) - 1) * size
    return found[start : start + size]


def _comments(repository: Repository, method: str, query: Query, data: dict[str, Any]) -> Any:
    if method == "GET":
        return _page(repository.comments, query)
    repository.may("issues", "pull_requests")
    return repository.add(data["body"])


def _comment(repository: Repository, method: str, query: Query, data: dict[str, Any], number: str) -> Any:
    repository.may("issues", "pull_requests")
    comment = repository.comments[int(number) - 1]
    comment["body"] = data["body"]
    return comment


def _labels(repository: Repository, method: str, query: Query, data: dict[str, Any], name: str = "") -> Any:
    if method == "GET":
        return _page([{"name": each} for each in repository.labels], query)
    repository.may("issues", "pull_requests")
    if method == "POST":
        repository.labels += data["labels"]
    elif unquote(name) in repository.labels:
        repository.labels.remove(unquote(name))
    else:
        raise Refused(404, "Label does not exist")
    return [{"name": each} for each in repository.labels]


def _pulls(repository: Repository, method: str, query: Query, data: dict[str, Any]) -> Any:
    return _page(repository.pulls, query)


def _pull(repository: Repository, method: str, query: Query, data: dict[str, Any], number: str) -> Any:
    return next((each for each in repository.pulls if each["number"] == int(number)), None)


def _checks_of(repository: Repository, method: str, query: Query, data: dict[str, Any], commit: str) -> Any:
    if commit != HEAD:
        raise Refused(422, f"No commit found for SHA: {commit}")
    name = query.get("check_name", [""])[0]
    found = [each for each in repository.checks if each["head_sha"] == commit and each["name"] == name]
    if query.get("filter", ["latest"])[0] == "latest":
        found = found[-1:]
    # The newest first, as GitHub lists them today.
    return {"total_count": len(found), "check_runs": _page(found[::-1], query)}


def _new_check(repository: Repository, method: str, query: Query, data: dict[str, Any]) -> Any:
    repository.may("checks")
    if data["head_sha"] != HEAD:
        raise Refused(422, f"No commit found for SHA: {data['head_sha']}")
    _acceptable(data)
    return _written(repository.add_check(data["name"]), data)


def _check(repository: Repository, method: str, query: Query, data: dict[str, Any], number: str) -> Any:
    repository.may("checks")
    check = repository.checks[int(number) - 1]
    if check["app"]["slug"] != "github-actions":
        raise Refused(403, "Invalid app_id `15368` - check run can only be modified by the GitHub App that created it.")
    _acceptable(data)
    return _written(check, data)


def _acceptable(data: dict[str, Any]) -> None:
    output = data["output"]
    size = len(output["summary"].encode())
    if size > 65_535:
        raise Refused(422, "Validation Failed: summary exceeds a maximum bytesize of 65535")
    if len(output["annotations"]) > 50:
        raise Refused(422, "Invalid request. No more than 50 items are allowed")
    for each in output["annotations"]:
        if (
            not each["message"]
            or len(each["title"]) > 255
            or each["end_line"] < each["start_line"]
            or each["path"].startswith("/")
        ):
            raise Refused(422, "Invalid request.")
    if (data["status"] == "completed") != ("conclusion" in data):
        raise Refused(422, "Invalid request. A conclusion belongs to what is completed.")


def _written(check: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    check.update({key: data[key] for key in ("name", "external_id", "status", "conclusion") if key in data})
    check["annotations"] += data["output"]["annotations"]
    count = len(check["annotations"])
    check["output"] = {
        "title": data["output"]["title"],
        "summary": data["output"]["summary"],
        "annotations_count": count,
    }
    return {key: value for key, value in check.items() if key != "annotations"}


ROUTES: tuple[tuple[str, tuple[str, ...], Callable[..., Any]], ...] = (
    (r"issues/7/comments", ("GET", "POST"), _comments),
    (r"issues/comments/(\d+)", ("PATCH",), _comment),
    (r"issues/7/labels", ("GET", "POST"), _labels),
    (r"issues/7/labels/([^/]+)", ("DELETE",), _labels),
    (r"pulls", ("GET",), _pulls),
    (r"pulls/(\d+)", ("GET",), _pull),
    (r"commits/([^/]+)/check-runs", ("GET",), _checks_of),
    (r"check-runs", ("POST",), _new_check),
    (r"check-runs/(\d+)", ("PATCH",), _check),
)


@contextmanager
def serving() -> Iterator[Repository]:
    """The server of one repository `acme/shop`, with pull request 7."""
    repository = Repository()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            data = json.loads(self.rfile.read(size)) if size else {}
            repository.asked.append((self.command, self.path))
            repository.tokens.add(self.headers.get("Authorization", ""))
            if repository.failures:
                code, headers, message = repository.failures.pop(0)
                self._send(code, {"message": message}, headers)
                return
            address = urlsplit(self.path)
            try:
                found = self._done(address.path, parse_qs(address.query), data)
            except Refused as refused:
                self._send(refused.code, {"message": str(refused)}, refused.headers)
                return
            if repository.lost and self.command in ("POST", "PATCH"):
                repository.lost -= 1
                self._send(502, {"message": "Bad gateway"}, {})
                return
            made = 201 if self.command == "POST" else 200
            self._send(404 if found is None else made, {"message": "Not Found"} if found is None else found, {})

        def _done(self, path: str, query: Query, data: dict[str, Any]) -> Any:
            for pattern, methods, answer in ROUTES:
                found = re.fullmatch(f"/repos/acme/shop/{pattern}", path)
                if found is not None and self.command in methods:
                    return answer(repository, self.command, query, data, *found.groups())
            return None

        def _send(self, code: int, data: Any, headers: dict[str, str]) -> None:
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names are http.server's

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    repository.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield repository
    finally:
        server.shutdown()
        server.server_close()
