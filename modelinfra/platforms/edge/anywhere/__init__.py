"""Devices as external instances of Amazon ECS, with the agents that AWS keeps."""
