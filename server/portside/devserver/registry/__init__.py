"""The dev servers of a user, as others see them, and what is left of dead ones."""
