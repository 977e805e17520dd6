"""Stack files: YAML in, checked declarations out."""
