"""The router of docs/edge-router.md measured with real processes (`tools/edge.py`)."""
