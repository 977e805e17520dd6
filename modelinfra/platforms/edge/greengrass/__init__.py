"""Fleets on AWS IoT Greengrass v2."""
