"""What Slack sends us: made durable, acknowledged, then handled, each once.

door     what comes over HTTP: size, pace and signature first
reading  what of all that Slack sends is for us      events   the same of the Events API
payload  what of a body matters, and the key that a redelivery shares
intake   durable first, then the ack
worker   handles what is durable, after a crash too
reply    the way back to the person
standing what a process that stands by does instead  relayed  the form in which it hands that on
"""
