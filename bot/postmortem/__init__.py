"""The postmortem draft, made from an incident's timeline alone; and the one sentence that people read of each event."""
