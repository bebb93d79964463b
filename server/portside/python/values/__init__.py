"""Where a value comes from, and what is known of it without running anything."""
