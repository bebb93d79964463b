"""What keeping an engine gives and costs, measured with a real vLLM on a CPU."""
