"""Forms at work: `opener` shows them, `openings` makes each, `running` leads through a runbook's, `submissions` does what each one asks."""
