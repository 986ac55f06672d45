"""The same tests for a workspace of this machine and for a real one: README.md says how to run them against yours."""
