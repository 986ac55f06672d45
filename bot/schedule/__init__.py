"""Schedule: the alarm clock. It only wakes; when something is due, and what then happens, is in the log."""
