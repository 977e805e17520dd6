"""The Pulumi components, one file each."""
