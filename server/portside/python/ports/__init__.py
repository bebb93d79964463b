"""Where Python code listens, or starts who does."""
