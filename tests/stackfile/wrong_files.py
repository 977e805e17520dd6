"""Wrong stack files, one mistake each unless the name says otherwise."""

from __future__ import annotations

from tests.stackfile.wrong import (
    NAMES,
    YES_OR_NO,
    ZONES,
    wrong_environment,
)
from tests.stackfile.wrong_adoption import ADOPTION
from tests.stackfile.wrong_asynchronous import ASYNCHRONOUS
from tests.stackfile.wrong_captures import CAPTURES
from tests.stackfile.wrong_doors import DOORS
from tests.stackfile.wrong_fleets import FLEETS
from tests.stackfile.wrong_graphs import GRAPHS
from tests.stackfile.wrong_keys import KEYS, YAML
from tests.stackfile.wrong_node_fleets import NODE_FLEETS
from tests.stackfile.wrong_nodes import NODES
from tests.stackfile.wrong_parts import MODELS, NETWORKS, PLACES
from tests.stackfile.wrong_servers import SERVERS
from tests.stackfile.wrong_sources import SOURCES
from tests.stackfile.wrong_values import QUANTITIES, TYPES

SEVERAL = wrong_environment(
    "many mistakes at once",
    """\
    production: 1
    edgeFleets: {stores: {server: mlserver, model: model, prefill: {}}}
    network: {zones: 5, nat: maybe}
    platforms: {web: {type: eks}}
    endpoints:
      Digits: {server: mlsever, memory: 4, platform: wbe}
      a: {server: mlserver, model: model, scaling: {min: 3, max: 2}, logs: {retentionDays: 45}}
    """,
    f"production (given: 1): {YES_OR_NO}",
    "network.nat (given: 'maybe'): this is not one of the choices. Write one of: none, per-zone, single.",
    f"network.zones (given: 5): {ZONES} Write 2 or 3.",
    "platforms.web.type (given: 'eks'): this is not one of the choices. Write one of: ecs, kubernetes.",
    f"endpoints.Digits: {NAMES}: 'D' is none of them. Write for example sentiment-v2.",
    "endpoints.Digits.memory (given: 4): a size needs a unit. Write 4GiB or 4MiB.",
    "endpoints.Digits.server (given: 'mlsever'): there is no such server. Did you mean 'mlserver'?",
    "endpoints.Digits.model: this is required. Write the path of the model's directory, or its address.",
    "endpoints.a.logs.retentionDays (given: 45): CloudWatch Logs does not offer this retention. Write 30.",
    "endpoints.a.scaling.max (given: 2): this is less than `min`, which is 3. Write 3 or more.",
    "edgeFleets.stores.prefill (given: {}): this is not built yet: each replica reads prompts and writes answers; none does one of them "
    "alone. Remove it.",
    "endpoints.Digits.platform (given: 'wbe'): there is no such platform. Did you mean 'web'?",
)

WRONG = [
    *YAML,
    *KEYS,
    *QUANTITIES,
    *TYPES,
    *PLACES,
    *MODELS,
    *NETWORKS,
    *SERVERS,
    *SOURCES,
    *ADOPTION,
    *NODES,
    *ASYNCHRONOUS,
    *CAPTURES,
    *FLEETS,
    *GRAPHS,
    *DOORS,
    *NODE_FLEETS,
    SEVERAL,
]
