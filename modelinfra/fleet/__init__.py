"""What a rollout over rings of devices does, reckoned before it happens. Pure functions: no cloud, no random numbers."""
