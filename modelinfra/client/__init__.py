"""What a program uses that asks an asynchronous endpoint: it sends messages, and reads results.

    from modelinfra.client import AsyncEndpoint

    endpoint = AsyncEndpoint(queue_url, store_uri)       # outputs of the endpoint
    request_id = endpoint.submit({"inputs": [...]})
    answer = endpoint.result(request_id, timeout=600).json()

    batch = endpoint.batch("s3://acme-photos/incoming/", content_type="image/jpeg")
    for request_id, answer in batch.results(timeout=3600): ...

It needs boto3: `pip install modelinfra[client]`. The rights are those of the endpoint's output `client_policy`.
"""

from modelinfra.client.batch import Batch
from modelinfra.client.endpoint import AsyncEndpoint
from modelinfra.client.errors import ClientError, RequestFailedError, ResultTimeoutError
from modelinfra.client.result import Result

__all__ = ["AsyncEndpoint", "Batch", "ClientError", "RequestFailedError", "Result", "ResultTimeoutError"]
