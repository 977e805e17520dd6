"""What an account must have before pools of accelerated nodes can start: asked of AWS, or only said."""
