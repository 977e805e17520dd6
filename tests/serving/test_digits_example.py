from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from deployed_state import EXAMPLE

from modelinfra.catalog.model_directory import measure, model_name
from modelinfra.serving.picture import picture_of_request


@pytest.mark.serving
def test_training_gives_the_same_bytes_again_and_the_sample_that_is_in_the_repository(
    digits: Path, mlserver_python: Path, tmp_path: Path
) -> None:
    again, sample = tmp_path / "digits", tmp_path / "sample.json"
    subprocess.run([mlserver_python, EXAMPLE / "train.py", again, "--sample", sample], check=True, capture_output=True)
    assert measure(again).sha256 == measure(digits).sha256
    assert sample.read_bytes() == (EXAMPLE / "sample.json").read_bytes()
    assert model_name(again) == "digits"


def test_the_sample_shows_a_digit() -> None:
    request = json.loads((EXAMPLE / "sample.json").read_text())
    picture = picture_of_request(request)
    assert picture is not None
    assert len(picture.splitlines()) == 8
    assert "█" in picture
