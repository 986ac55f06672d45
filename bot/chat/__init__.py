"""Slack as one of the surfaces: what people type and press comes in, what the log says now goes out.

The surface holds no truth. What comes in is durable before it is answered, and its effects are units of work of the rooms below; what goes
out is drawn from projections, and the outbox makes Slack match them. Nothing in the other rooms waits for Slack or knows that it is there.

    surface     all of it, to start and to stop               workspace    one workspace: its people, pace, outbox
    switchboard leads what is asked to its workspace          joining/     how workspaces let the app in
    inbound/    durable, acknowledged, handled once           outbox/      makes Slack show what the projections say
    hands       which part does what was asked                commands/, modals/, buttons, shortcuts, marking, home
    client      one call of Slack, its failures sorted        pace         when it may be made
    blocks/, views/   messages and forms as pure functions    gallery      draws each from what the records say
    identity    who people are, and whether they may decide   behind       the rooms below, as the surface asks them
"""
