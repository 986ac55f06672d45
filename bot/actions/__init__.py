"""The contract between the engine and what it can do: `Action`, `Effect`, `Outcome`. No action lives here."""
