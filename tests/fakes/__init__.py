"""Stand-ins for what is outside a room: written once, checked by the contract suites like the real thing."""
