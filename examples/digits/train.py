"""Trains a small classifier of handwritten digits and writes it as an MLServer model directory.

    python -m modelinfra.serving.venv mlserver -- examples/digits/train.py OUT_DIR

Run it with the server's own Python, as above: a pickled model loads only where the versions agree. The data set
(1,797 images of 8 x 8 pixels, UCI "Optical Recognition of Handwritten Digits") ships inside scikit-learn. OUT_DIR
gets `model.joblib` and `model-settings.json`, the same bytes on every run. With `--sample FILE`, one image that the
model has not seen in training is written as a request, with its true label.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

SEED = 7
SETTINGS = {
    "name": "digits",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./model.joblib", "version": "1"},
    "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 64]}],
    "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1, 1]}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the digits model.")
    parser.add_argument("out", type=Path, help="directory that becomes the model directory")
    parser.add_argument("--sample", type=Path, help="file for one request with an image from the held-out part")
    arguments = parser.parse_args()

    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    # Trees, in one thread: their arithmetic does not depend on the linear algebra library, its threads or the
    # processor, so the file has the same bytes everywhere and an unchanged model never makes a new image.
    model = RandomForestClassifier(n_estimators=60, random_state=SEED, n_jobs=1).fit(train_x, train_y)
    accuracy = model.score(test_x, test_y)

    arguments.out.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, arguments.out / "model.joblib", compress=3)
    settings = json.dumps(SETTINGS, indent=2) + "\n"
    (arguments.out / "model-settings.json").write_text(settings, encoding="utf-8")
    print(f"{arguments.out}: {len(train_y)} images learnt, {accuracy:.1%} of {len(test_y)} others recognised")

    if arguments.sample:
        image, label = test_x[0], int(test_y[0])
        request = {
            "parameters": {"label": label},  # ignored by the server; for whoever compares the answer
            "inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": image.tolist()}],
        }
        arguments.sample.write_text(json.dumps(request) + "\n", encoding="utf-8")
        print(f"{arguments.sample}: one of the others, a {label}")


if __name__ == "__main__":
    main()
