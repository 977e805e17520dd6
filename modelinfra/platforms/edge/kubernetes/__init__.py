"""A fleet whose devices are nodes of a cluster of Kubernetes."""
