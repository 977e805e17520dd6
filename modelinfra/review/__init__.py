"""What a change to a stack does, in words for whoever reviews it."""
