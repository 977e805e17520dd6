"""What a user can say: one declaration per option, and what is derived from it."""
