"""What the kept engine needs of vLLM, held against the source of every release that the package index has."""
