"""The `modelinfra` command."""
