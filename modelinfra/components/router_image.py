"""The Dockerfile of the router before a light model on devices."""

from __future__ import annotations

from typing import Final

from modelinfra.components.program_image import BASE, HEAD, USER, environment, home, stage
from modelinfra.platforms.edge.router import HOME
from modelinfra.router import SHIPPER_FILES

_ROUTER: Final = "router"
_BESIDE: Final = tuple(f"shipper/{name}" for name in SHIPPER_FILES)


def router_dockerfile() -> str:
    """Its volume gives that of the device its owner (Docker documentation, "Populate a volume using a container")."""
    return (
        f"{HEAD}# Answers on a device, and hands over to the cloud, made by modelinfra.\n"
        f"{stage(_ROUTER, _ROUTER, requirements=_ROUTER, beside=_BESIDE)}"
        f"RUN mkdir -p /volume{HOME}\n"
        f"FROM {BASE}\n"
        f"COPY --from={_ROUTER} {home(_ROUTER)} {home(_ROUTER)}\n"
        f"COPY --from={_ROUTER} --chown={USER}:{USER} /volume/ /\n"
        f"{environment(_ROUTER)}"
        f"USER {USER}\n"
        f'VOLUME ["{HOME}"]\n'
        'CMD ["python", "-m", "modelinfra.router"]\n'
    )
