"""Runs one ONNX file in MLServer. `modelinfra split --server mlserver` puts this file beside each half; it may be used, and changed, for any
model in ONNX.

MLServer's image has onnxruntime: its Hugging Face runtime asks for it (runtimes/huggingface/pyproject.toml at 1.7.1).
"""

from __future__ import annotations

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class OnnxModel(MLModel):
    """The model at `parameters.uri`. Tensors go in and out under the names that they have in the file."""

    async def load(self) -> bool:
        """Read the file."""
        file = await get_model_uri(self.settings)
        self._session = onnxruntime.InferenceSession(file, providers=onnxruntime.get_available_providers())
        self._outputs = [each.name for each in self._session.get_outputs()]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Run it once."""
        given = {each.name: NumpyCodec.decode_input(each) for each in payload.inputs}
        wanted = [each.name for each in payload.outputs or ()] or self._outputs
        try:
            found = self._session.run(wanted, given)
        except Exception as error:  # onnxruntime's errors have no class in common; what it refuses is the request
            raise InferenceError(str(error).splitlines()[0]) from error
        outputs = [NumpyCodec.encode_output(name, value) for name, value in zip(wanted, found, strict=True)]
        return InferenceResponse(model_name=self.name, model_version=self.version, id=payload.id, outputs=outputs)
