"""Trains the three models of the example: two versions of a light one for tills, and a heavy one for the cloud.

    python -m modelinfra.serving.venv mlserver -- examples/edge-retail/train.py examples/edge-retail

Run it with the server's own Python, as above. The data set (1,797 images of digits, UCI "Optical Recognition of Handwritten Digits") ships
inside scikit-learn. The directory gets `models/light-7`, `models/light-8`, `models/heavy` and `request.json`, one image that none of the
models has learnt from, the same bytes on every run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

SEED = 7
# Trees, in one thread: the files have the same bytes everywhere, and an unchanged model makes no new image.
MODELS = {
    "light-7": ("7", DecisionTreeClassifier(min_samples_leaf=12, random_state=SEED)),
    "light-8": ("8", RandomForestClassifier(n_estimators=8, max_depth=8, random_state=SEED, n_jobs=1)),
    "heavy": ("1", RandomForestClassifier(n_estimators=300, random_state=SEED, n_jobs=1)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the models of the example.")
    parser.add_argument("out", type=Path, help="directory of the example")
    arguments = parser.parse_args()

    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    for name, (version, model) in MODELS.items():
        model.fit(train_x, train_y)
        directory = arguments.out / "models" / name
        directory.mkdir(parents=True, exist_ok=True)
        joblib.dump(model, directory / "model.joblib", compress=3)
        settings = {
            "name": "digits",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib", "version": version},
            "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 64]}],
            "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1, 1]}],
        }
        (directory / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        print(f"{directory}: {model.score(test_x, test_y):.1%} of {len(test_y)} images recognised")

    request = {
        "inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": test_x[0].tolist()}],
        # Without the second one the answer does not say how sure the model is.
        "outputs": [{"name": "predict"}, {"name": "predict_proba"}],
    }
    (arguments.out / "request.json").write_text(json.dumps(request) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
