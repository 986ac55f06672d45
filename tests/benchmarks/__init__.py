"""What the bars promise, measured beside the most that the machine can do; `make bench` runs it."""
