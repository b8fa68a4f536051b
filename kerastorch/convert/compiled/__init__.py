"""What `compile` was told, as torch code: one part a file."""
