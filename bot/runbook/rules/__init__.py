"""The linter's rules over a whole runbook, a file a subject; each gives findings and changes nothing."""
