"""What Slack sends us: made durable, acknowledged, then handled, each once.

door     what comes over HTTP: size, pace and signature first
payload  what of a body matters, and the key that a redelivery shares
intake   durable first, then the ack
worker   handles what is durable, after a crash too
reply    the way back to the person
"""
