"""A Kubernetes cluster on EKS: control plane, nodes, add-ons."""
