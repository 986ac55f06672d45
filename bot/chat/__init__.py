"""Slack as one of the surfaces: what people type and press comes in, what the log says now goes out.

The surface holds no truth. What comes in is durable before it is answered, and its effects are units of work of the rooms below; what goes
out is drawn from projections, and the outbox makes Slack match them. Nothing in the other rooms waits for Slack or knows that it is there.
"""
