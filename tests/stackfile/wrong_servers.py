"""Stack files whose server is wrong, or cannot run where they say."""

from __future__ import annotations

from tests.stackfile.wrong import Wrong, wrong_endpoint, wrong_environment, wrong_server

OTHER = (
    "Write `accelerator`, with a pool under `gpuNodePools` that has it, or choose a server that runs on Fargate "
    "(`modelinfra servers` says which)."
)


def named(name: str, endpoint: str, *lines: str) -> Wrong:
    return wrong_environment(name, f"platforms: {{web: {{type: ecs}}}}\nendpoints: {{a: {{{endpoint}}}}}", *lines)


SERVERS = [
    wrong_server(
        "own server with a health path that is none",
        "healthPath",
        "ready",
        "healthPath (given: 'ready'): this is not a path that begins with a slash and has no query. Write for example /health.",
    ),
    wrong_server(
        "own server with a misspelt key",
        "healthpath",
        "/x",
        "healthpath (given: '/x'): there is no such key. Did you mean 'healthPath'?",
    ),
    wrong_server(
        "own server with its model over the whole container",
        "modelDirectory",
        "/",
        "modelDirectory (given: '/'): the model would hide what the container has there. "
        "Write a folder of the model's own, for example /mnt/models.",
    ),
    wrong_server(
        "own server with its model over its programs",
        "modelDirectory",
        "//usr/./local/",
        "modelDirectory (given: '//usr/./local/'): the model would hide what the container has there. "
        "Write a folder of the model's own, for example /mnt/models.",
    ),
    wrong_server(
        "own server with its model among devices",
        "modelDirectory",
        "/dev/shm/model",
        "modelDirectory (given: '/dev/shm/model'): the model would hide what the container has there. "
        "Write a folder of the model's own, for example /mnt/models.",
    ),
    wrong_server(
        "own server with a model's folder that leads up",
        "modelDirectory",
        "/models/../usr",
        "modelDirectory (given: '/models/../usr'): `..` leads out of the folder before it. "
        "Write the folder that is meant, for example /mnt/models.",
    ),
    wrong_server(
        "own server of no version",
        "image",
        "own:latest",
        "image (given: 'own:latest'): it names no version, so that the same stack file builds another server tomorrow. "
        "Write a version's tag, or a digest.",
    ),
    wrong_server(
        "own server on a port in quotes",
        "port",
        "'80'",
        "port (given: '80'): a whole number is expected here. Write a whole number without quotes.",
    ),
    wrong_server(
        "own server with one port twice",
        "grpcPort",
        "9000",
        "grpcPort (given: 9000): `port` is the same. Write another, or remove it.",
    ),
    wrong_server(
        "own server with a command in one text",
        "command",
        "serve it",
        "command (given: 'serve it'): a list is expected here. Write a list.",
    ),
    wrong_server(
        "own server with a budget without unit",
        "startupBudget",
        "90",
        "startupBudget (given: 90): a duration needs a unit. Write 90s for seconds or 90m for minutes.",
    ),
    wrong_server(
        "own server with gRPC", "grpc", "9001", "grpc (given: 9001): there is no such key. Did you mean 'grpcPort'?"
    ),
    named(
        "own server without ports and paths",
        "server: {image: 'own:1'}, model: model",
        "endpoints.a.server.port: this is required. "
        "Add it: the port on which the server answers HTTP, on every address of its container.",
        "endpoints.a.server.healthPath: this is required. "
        "Add it: the path that answers 200 when the model is loaded, and nothing else before.",
        "endpoints.a.server.predictPath: this is required. Add it: the path of a prediction, on the http port.",
    ),
    named(
        "own server without an image",
        "server: {port: 1, healthPath: /, predictPath: /}, model: model",
        "endpoints.a.server.image: this is required. Write the image that the server is in, with its tag.",
    ),
    named(
        "server that is a list",
        "server: [mlserver], model: model",
        "endpoints.a.server (given: ['mlserver']): text is expected here. "
        "Write text, in quotes if it looks like a number or a date.",
    ),
    named(
        "server that needs a GPU",
        f"server: nim, image: 'x/y@sha256:{'0' * 64}', model: {{name: m}}",
        f"endpoints.a.server (given: 'nim'): NVIDIA NIM needs a GPU, and Fargate has none. {OTHER}",
    ),
    named(
        "server whose image is the user's",
        "server: bentoml, model: model",
        "endpoints.a.image: BentoML has no image to put a model into: every bento is an image of its own, made by "
        "`bentoml containerize`. Write that image by digest.",
    ),
    named(
        "model of another server",
        "server: tensorflow-serving, model: model",
        "endpoints.a.model (given: 'model'): {root}/model has no folder whose name is a number: TensorFlow Serving takes "
        "each such folder for a version and loads the highest; without one it waits for ever. "
        "Export the SavedModel into a folder such as 1 below it.",
    ),
    wrong_endpoint(
        "address of the server moved",
        "environment: {MLSERVER_HOST: '127.0.0.1'}",
        "environment.MLSERVER_HOST: the load balancer relies on MLServer's own MLSERVER_HOST=0.0.0.0. Remove it.",
    ),
]
