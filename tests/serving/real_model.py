"""A real model in ONNX that a package ships: RapidOCR's classifier of text that is upside down (MobileNetV3, 239 nodes, Apache-2.0).

Of the package only its files are wanted: what it depends on is not installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from modelinfra.cache import cache_folder
from modelinfra.serving.venv import locked_environment

INPUT, SHAPE = "x", (1, 3, 48, 192)
"""What RapidOCR gives it: one line of text."""


def classifier() -> Path:
    """The model's file; the package is fetched once."""
    lock = Path(__file__).with_name("model_package.lock").read_bytes()
    environment = locked_environment(
        cache_folder() / "models" / "rapidocr-onnxruntime-1.4.4",
        lock,
        "RapidOCR's models",
        lambda: sys.executable,
        lambda _: None,
    )
    (found,) = environment.glob(
        "lib/python*/site-packages/rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"
    )
    return found
