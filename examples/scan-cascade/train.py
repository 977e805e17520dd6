"""Trains the three models of this example: one that cleans scans of digits, a quick one that reads them, and a careful one.

    python -m modelinfra.serving.venv mlserver -- examples/scan-cascade/train.py OUT_DIR

OUT_DIR gets `clean/model.joblib`, `read/model.joblib` and `careful/model.joblib`, and `requests.json`: scans that no model has seen, as
requests of KServe's protocol V1, with what they show. The scans are scikit-learn's handwritten digits with noise. A pickled model loads only
where the version of scikit-learn is the same: train with that of the servers' image.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 7
NOISE = 4.0  # of 16 shades of grey
SURE = 0.95
UNSURE = "unsure"
SAMPLES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the models of the cascade.")
    parser.add_argument("out", type=Path, help="directory that gets a folder for each model")
    out = parser.parse_args().out

    digits = load_digits()
    noise = np.random.default_rng(SEED).normal(0, NOISE, digits.data.shape)
    scans = np.clip(digits.data + noise, 0, 16).round()
    labels = digits.target.astype(str)
    rows = train_test_split(scans, digits.data, labels, test_size=0.25, random_state=SEED, stratify=labels)
    train_scans, test_scans, train_clean, _, train_y, test_y = rows

    # Its prediction is the picture itself: 64 numbers, which the next model takes for its input.
    clean = Ridge(alpha=100.0).fit(train_scans, train_clean)
    cleaned = clean.predict(train_scans)

    # What it reads wrongly, or is not sure of, when it has not seen it, is a class of its own.
    reader = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    odds = cross_val_predict(reader, cleaned, train_y, cv=5, method="predict_proba")
    read_as = np.unique(train_y)[odds.argmax(axis=1)]
    answers = np.where((odds.max(axis=1) >= SURE) & (read_as == train_y), train_y, UNSURE)
    quick = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(cleaned, answers)

    careful = ExtraTreesClassifier(n_estimators=200, random_state=SEED, n_jobs=1).fit(train_scans, train_y)

    for name, model in {"clean": clean, "read": quick, "careful": careful}.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        joblib.dump(model, folder / "model.joblib", compress=3)

    first = quick.predict(clean.predict(test_scans))
    final = np.where(first == UNSURE, careful.predict(test_scans), first)
    requests = [
        {"request": {"instances": [scan.tolist()]}, "shows": shows, "read": read}
        for scan, shows, read in zip(test_scans[:SAMPLES], test_y[:SAMPLES], first[:SAMPLES], strict=True)
    ]
    (out / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
    print(
        f"{len(test_y)} other scans: the quick one passes {np.mean(first == UNSURE):.0%} on, and is right in "
        f"{np.mean(first[first != UNSURE] == test_y[first != UNSURE]):.1%} of what it reads; together {np.mean(final == test_y):.1%} "
        f"are right, by the careful one alone {careful.score(test_scans, test_y):.1%}"
    )


if __name__ == "__main__":
    main()
