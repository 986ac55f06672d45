"""Web pages for when chat is down, and for looking closer: incidents, runs, approvals, evidence, timelines, drafts. They read and change nothing."""
