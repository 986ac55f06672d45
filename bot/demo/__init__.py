"""The demo: a small shop that really fails, the real monitoring around it, and a story played from the alert to the postmortem."""
