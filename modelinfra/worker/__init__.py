"""Works off the queue of an asynchronous endpoint: what runs in the containers `server-ready` and `worker` beside the model server.

It stands alone: nothing else of modelinfra is imported here, because only these files are in the container (and what
`modelinfra/fetcher/requirements.lock` says). `messages` has the format of messages and results, and the client uses it, too.

    python -m modelinfra.worker         works, until SIGTERM
    python -m modelinfra.worker wait    ends with 0 when the server is ready, with 1 when it is not in time
    python -m modelinfra.worker health  ends with 0 when the worker in this container says that all is well

It reads what to do from `MODELINFRA_WORKER`, a JSON object (`settings`).
"""
