"""The size of a replica, whoever states it."""

from __future__ import annotations

from modelinfra.options.declare import Option
from modelinfra.options.landing import SERVER_OF_POD, TASK

_OF_POD = f"{SERVER_OF_POD}.resources"

CPU = Option(at_least=0.25, at_most=192, lands=(f"{TASK}.cpu", f"{TASK}.memory", _OF_POD), example=2)

MEMORY = Option(at_least=2**28, at_most=2048 * 2**30, lands=(f"{TASK}.memory", _OF_POD), example="6GiB")
