"""The engine `vllm`, for real: `make test-vllm` runs these in an environment that has it. They never skip."""
