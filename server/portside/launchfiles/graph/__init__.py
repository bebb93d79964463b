"""What launch files say together: who wants which port, who counts on whom."""
