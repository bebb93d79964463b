"""How a file serves its app, and the fix that leaves that to the uvicorn command."""
