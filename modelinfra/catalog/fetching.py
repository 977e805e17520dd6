"""How long a replica takes to fetch its model. Nothing of this was measured on Fargate by us."""

from __future__ import annotations

import math
from collections.abc import Mapping

_MIB = 2**20

BASE_SECONDS = 30
"""Until the first byte: the fetcher's own image (small, Python and boto3) is pulled and started, the source is listed. An assumption."""

MIB_PER_SECOND = {"s3": 20, "gs": 10, "oci": 10, "hf": 10, "https": 10}
"""Kind of source -> throughput that is counted on, verification included.

S3 to a Fargate task was reported at 20 MB/s over one connection and 100 MB/s over several at once (blog.duyidong.com, 7 August 2021);
the fetcher uses several, and the lower figure is taken. No figure was found for the others, which come over the internet: half of it, an
assumption. Too low a figure costs nothing but patience with a replica that is broken; a source that is slower still needs a
`startup_budget`.
"""


def fetch_seconds(models: Mapping[str, tuple[str, int]]) -> int:
    """Seconds from the start of the fetching container until the models are there, one after the other; none for none.

    models: name -> kind of source, and bytes.
    """
    transfers = (math.ceil(size / _MIB / MIB_PER_SECOND[kind]) for kind, size in models.values())
    return BASE_SECONDS + sum(transfers) if models else 0
