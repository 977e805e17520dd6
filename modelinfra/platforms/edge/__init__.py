"""Devices outside of AWS that run a model: what is common to the runtimes, each of which is a folder."""
