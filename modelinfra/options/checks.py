"""Sample predictions that new replicas must answer before traffic moves to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import FUNCTION
from modelinfra.options.problems import Problem

MOST_SAMPLES: Final = 20

_CODE = (f"{FUNCTION}.code",)


class CheckOptions(TypedDict):
    """A sample prediction, and what its answer must be. It is no place for secrets or for personal data: whoever reads the stack's state reads it."""

    body: NotRequired[Annotated[Any, Option(lands=_CODE, example={"instances": [[5, 6, 7, 8]]})]]
    """What is sent: JSON, or a text that is sent as it is. Left out, and without `body_file`, nothing is sent."""

    body_file: NotRequired[Annotated[str, Option(lands=_CODE, example="model/model-settings.json")]]
    """A file that is sent in place of `body`, such as a picture; from the directory of Pulumi.yaml."""

    content_type: NotRequired[Annotated[str, Option(default="application/json", lands=_CODE, example="text/csv")]]
    """What the body is."""

    path: NotRequired[
        Annotated[
            str,
            Option(
                pattern=r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*",
                pattern_text="a path, with a query where there is one",
                pattern_example="/v2/models/digits/infer",
                default_text="that of predictions",
                lands=_CODE,
                example="/v2/models/iris/versions/1/infer",
            ),
        ]
    ]
    """Where it is asked, as the server knows it. Without a body it is a GET."""

    status: NotRequired[Annotated[int, Option(default=200, at_least=100, at_most=599, lands=_CODE, example=422)]]
    """Status of the right answer."""

    contains: NotRequired[Annotated[str, Option(lands=_CODE, example="predictions")]]
    """A text that the answer contains. Left out, it may say anything."""

    answer: NotRequired[Annotated[Any, Option(lands=_CODE, example={"predictions": [1]})]]
    """JSON that the answer holds. It may hold more keys; lists are as long as here, and numbers may differ by a ten-thousandth.
    Left out, the answer may be anything."""

    latency_ms: NotRequired[
        Annotated[
            float,
            Option(at_least=1, at_most=60_000, lands=(*_CODE, f"{FUNCTION}.timeout"), example=250),
        ]
    ]
    """The longest that the answer may take, in milliseconds. First answers are slow, so of three the fastest counts."""


@rule(CheckOptions, "body", "body_file", "path", "contains", "answer")
def a_sample_is_a_request(check: Mapping[str, Any]) -> Iterable[Problem]:
    if check["body"] is not None and check["body_file"] is not None:
        yield Problem("body_file", "there is a `body`, too", "Remove one of the two.", check["body_file"])
    if check["body"] is None and check["body_file"] is None and check["path"] is None:
        yield Problem("", "nothing is asked", "Write a `body`, or a `path` that is answered without one.")
    if check["contains"] == "":
        yield Problem("contains", "every answer contains that", "Write a text, or remove it.", "")
    for key in ("body", "answer"):
        yield from _no_json(key, check[key])


def _no_json(key: str, value: Any) -> Iterator[Problem]:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        reason = f"this cannot be written as JSON ({error})"
        yield Problem(key, reason, "Write dates and the like as texts, and values of other resources not at all.")


def checks_reach_new_replicas(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """Rule over `rollout` and `exposure`: whatever sends the samples must be let in, and has no proof of who it is."""
    rollout, exposure = endpoint["rollout"], endpoint["exposure"]
    if rollout.checks is None or rollout.strategy == "rolling":
        return
    where, remedy = "rollout.checks", "Remove it: `rollback` and `strategy: canary` judge by real requests."
    auth = exposure.auth
    asked = next((key for key in ("mtls", "api_keys") if auth is not None and getattr(auth, key) is not None), None)
    if asked is not None:
        reason = f"what sends the samples has nothing to prove itself with, and `exposure.auth.{asked}` asks for it"
        yield Problem(where, reason, remedy)
    elif exposure.public and exposure.cidrs:
        reason = "the load balancer faces the internet, and what sends the samples comes from an address of AWS that is not in `exposure.cidrs`"
        yield Problem(where, reason, remedy)
