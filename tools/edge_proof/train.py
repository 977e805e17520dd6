"""Trains a light and a heavy classifier of handwritten digits and writes both as MLServer directories, with the requests to ask them.

    python -m modelinfra.serving.venv mlserver -- tools/edge_proof/train.py OUT_DIR COUNT

The data set (1,797 images of 8 x 8 pixels, UCI "Optical Recognition of Handwritten Digits") ships inside scikit-learn. A quarter of the
images is held out. COUNT requests are made of them, each with noise of its own, so that none is asked twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

SEED = 7
NOISE = 2.5  # of pixels from 0 to 16
COPIES = 4


def main(out: Path, count: int) -> None:
    random = np.random.default_rng(SEED)
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target
    )
    # What each is given to learn from is what it has to answer: noisy images.
    noisy_x = np.concatenate([noisy(train_x, random) for _ in range(COPIES)])
    noisy_y = np.concatenate([train_y] * COPIES)
    light = LogisticRegression(max_iter=5000, C=0.01).fit(noisy_x, noisy_y)
    heavy = VotingClassifier(
        [
            ("trees", ExtraTreesClassifier(50, random_state=SEED, n_jobs=1)),
            ("svc", SVC(C=5, probability=True, random_state=SEED)),
            ("neighbours", KNeighborsClassifier(7, weights="distance")),
        ],
        voting="soft",
        n_jobs=1,
    ).fit(noisy_x, noisy_y)
    for name, model in (("light", light), ("heavy", heavy)):
        write(out / name, model, name)
    picks = random.integers(0, len(test_x), count)
    with (out / "requests.jsonl").open("w") as file:
        for image, label in zip(noisy(test_x[picks], random), test_y[picks], strict=True):
            body = {
                "inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": image.round(2).tolist()}],
                "outputs": [{"name": "predict_proba"}],
            }
            file.write(json.dumps({"label": int(label), "body": json.dumps(body)}) + "\n")


def noisy(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return np.clip(images + random.normal(0, NOISE, images.shape), 0, 16)


def write(folder: Path, model: object, version: str) -> None:
    folder.mkdir(parents=True)
    joblib.dump(model, folder / "model.joblib")
    settings = {
        "name": "digits",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": version},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
