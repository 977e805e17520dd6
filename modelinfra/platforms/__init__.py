"""Where endpoints can run."""
