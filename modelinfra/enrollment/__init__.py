"""Devices of a fleet: the script that enrols one, who they are, and what runs on them."""
