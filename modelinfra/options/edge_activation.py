"""What a user can say of what lets devices into a fleet on ECS Anywhere."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.edge_dates import a_day, the_day_is_one
from modelinfra.options.landing import ACTIVATION

# SSM API, CreateActivation: RegistrationLimit.
_MOST_DEVICES: Final = 1000


class ActivationOptions(TypedDict):
    """What lets devices into the fleet: one activation of Systems Manager for each ring."""

    expires: Annotated[str, a_day(lands=(f"{ACTIVATION}.expirationDate",), example="2027-01-20")]
    """Day at whose beginning (UTC) it ends, 30 days ahead at most.
    An edit makes another one with another code in its place; devices that are enrolled stay so."""

    devices: NotRequired[
        Annotated[
            int,
            Option(
                default=100,
                at_least=1,
                at_most=_MOST_DEVICES,
                lands=(f"{ACTIVATION}.registrationLimit",),
                example=200,
            ),
        ]
    ]
    """How many devices each ring's activation lets in. An edit makes another one, as that of `expires` does."""


rule(ActivationOptions, "expires")(the_day_is_one)
