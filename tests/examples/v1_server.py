"""A stand-in for KServe's scikit-learn server: protocol V1 over a folder of models. Run with a Python that has scikit-learn.

What it does with a request is `get_predict_input` and `SKLearnModel.predict` of python/sklearnserver and python/kserve at 0.20.0. Each
answer names its model in a header, so that a test sees who was asked. It prints its port.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib
import numpy as np

MODELS = {each.parent.name: joblib.load(each) for each in Path(sys.argv[1]).glob("*/model.joblib")}


class Handler(BaseHTTPRequestHandler):
    """Answers predictions."""

    def do_POST(self) -> None:
        name = self.path.removeprefix("/v1/models/").removesuffix(":predict")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            instances = body["instances"]
            found = MODELS[name].predict(instances if isinstance(instances[0], str) else np.array(instances))
            status, answer = 200, {"predictions": found.tolist()}
        except Exception as error:
            status, answer = 500, {"error": str(error)}
        print(name, status, flush=True)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing: the line of each answer is printed above."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
