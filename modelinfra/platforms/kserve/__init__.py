"""KServe and what it stands on, on any Kubernetes cluster."""
