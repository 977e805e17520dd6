"""What AWS IoT asks before it lets a device into a fleet on Greengrass: a function of Lambda."""
