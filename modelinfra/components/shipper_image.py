"""The Dockerfile of what stands beside a server whose requests are captured: the proxy, and the shipper that listens to it."""

from __future__ import annotations

from typing import Final

from modelinfra.components.program_image import BASE, HEAD, USER, environment, home, stage
from modelinfra.platforms.capture_proxy import VERSION
from modelinfra.platforms.ecs.capture import SPOOL

_SHIPPER: Final = "shipper"

# The project's own image, of which only the program is taken. That it runs with the glibc of the base (Debian 12) is an assumption: the
# image's own base is of the same year, and nobody here has pulled it.
_ENVOY: Final = f"docker.io/envoyproxy/envoy:v{VERSION}"


def shipper_dockerfile() -> str:
    """One image for both containers. Its volume gives the task's volume its owner (ECS developer guide, bind mounts).

    Nothing runs in the last stage, nor in Envoy's: an image for another architecture than the builder's needs no emulator.
    """
    return (
        f"{HEAD}# Keeps a sample of requests and answers, made by modelinfra.\n"
        f"FROM {_ENVOY} AS envoy\n"
        f"{stage(_SHIPPER, 'shipper')}"
        f"RUN mkdir -p /volume{SPOOL}\n"
        f"FROM {BASE}\n"
        "COPY --from=envoy /usr/local/bin/envoy /usr/local/bin/envoy\n"
        f"COPY --from=shipper {home(_SHIPPER)} {home(_SHIPPER)}\n"
        f"COPY --from=shipper --chown={USER}:{USER} /volume/ /\n"
        f"{environment(_SHIPPER)}"
        f"USER {USER}\n"
        f'VOLUME ["{SPOOL}"]\n'
        'CMD ["python", "-m", "modelinfra.shipper"]\n'
    )
