"""Starts a deployed endpoint's container contract on this machine and sends it a prediction."""
