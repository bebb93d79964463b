"""Where engines are made, when, and what becomes of them."""
