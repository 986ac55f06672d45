"""The nouns of incident response and the events that happen to them; standard library only."""
