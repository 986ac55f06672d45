"""The slash command: `words` reads what was typed, `looking` answers what only reads, `doing` does the rest through the desk."""
