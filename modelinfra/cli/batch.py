"""`modelinfra batch s3://bucket/prefix/`: a request to an asynchronous endpoint for every object below a prefix."""

from __future__ import annotations

from typing import Annotated

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, console


def batch(
    prefix: Annotated[
        str, typer.Argument(help="s3://bucket/prefix/, which the endpoint's `queue.inputs` names.", show_default=False)
    ],
    queue_url: Annotated[str, typer.Option(help="The endpoint's output queue_url.", show_default=False)],
    store: Annotated[str, typer.Option(help="The endpoint's output store_uri.", show_default=False)],
    name: Annotated[
        str | None, typer.Option(help="What results are called; the same name again sends what has no answer.")
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(help="Media type of all objects; each one's own otherwise.")
    ] = None,
    suffix: Annotated[str, typer.Option(help="Only objects whose names end so.")] = "",
    wait: Annotated[int, typer.Option(help="Seconds to wait for all results; 0: do not wait.", min=0)] = 0,
) -> None:
    """Send a batch, and say where its results lie. Exits with 1 when a request failed, or when there is not every result in time.

    Example: modelinfra batch s3://acme-photos/incoming/ --queue-url URL --store s3://bucket/images/ --wait 3600
    """
    from modelinfra.client import AsyncEndpoint, ClientError, RequestFailedError
    from modelinfra.client.errors import of_aws

    out = console()
    try:
        endpoint = AsyncEndpoint(queue_url, store)
        given = {"content_type": content_type} if content_type else {}
        sent = endpoint.batch(prefix, name=name, suffix=suffix, **given)
        out.print(
            f"{sent.sent} of {len(sent.ids)} requests sent, results below {store}results/{sent.name}/", markup=False
        )
        failed = 0
        for request_id, found in sent.results(wait) if wait else ():
            if isinstance(found, RequestFailedError):
                failed += 1
                out.print(f"{request_id}: {found.reason}", style="red", markup=False)
    except ClientError as error:
        console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED if isinstance(error, TimeoutError) else WRONG_INPUT) from None
    except of_aws() as error:
        console(stderr=True).print(f"AWS did not do its part: {error}", style="red", markup=False)
        raise typer.Exit(FAILED) from None
    if wait:
        out.print(f"{len(sent.ids) - failed} of {len(sent.ids)} answered, {failed} failed", markup=False)
    if failed:
        raise typer.Exit(FAILED)
