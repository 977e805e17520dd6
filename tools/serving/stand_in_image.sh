#!/bin/sh
# Makes a stand-in for MLServer's image on a machine that cannot pull it: Debian, the locked MLServer, user 1000.
#
#   sudo tools/serving/stand_in_image.sh        (needs debootstrap, uv, and a running Docker engine)
#
# It has the tag of the real image, so that the deployed Dockerfile builds unchanged and `modelinfra try --docker` runs.
# It proves the contract (command, ports, paths, user, model location), not the official image itself: where the real one
# can be pulled, pull it. Remove the stand-in with `docker image rm docker.io/seldonio/mlserver:1.7.1`.
set -eu
image=docker.io/seldonio/mlserver:1.7.1
lock=$(dirname "$0")/../../modelinfra/catalog/local/mlserver.lock
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image is already here" >&2
    exit 0
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM
# Debian 12 has Python 3.11, one of the versions that the lock was resolved for.
debootstrap --variant=minbase --include=python3,ca-certificates bookworm "$root" >&2
uv pip install --quiet --python-version 3.11 --target "$root/opt/site" --require-hashes --requirement "$lock"
mkdir -p "$root/opt/mlserver"
cat >"$root/usr/local/bin/mlserver" <<'PROGRAM'
#!/usr/bin/python3
from mlserver.cli import main

if __name__ == "__main__":  # MLServer's workers import the main program again
    main()
PROGRAM
chmod 755 "$root" "$root/usr/local/bin/mlserver"
chown -R 1000:0 "$root/opt/mlserver"
tar -C "$root" --exclude './proc/*' --exclude './sys/*' --exclude './dev/*' -c . |
    docker import -c 'ENV PYTHONPATH=/opt/site' -c 'WORKDIR /opt/mlserver' -c 'USER 1000' - "$image"
