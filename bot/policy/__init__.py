"""Policy: who may decide, and what a runbook may do unasked. Rules are pure functions; the engine and the surfaces only ask them."""
