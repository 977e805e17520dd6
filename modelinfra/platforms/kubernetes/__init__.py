"""Endpoints on Kubernetes: KServe runs the replicas."""
