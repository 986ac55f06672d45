"""The outbox makes Slack show what the projections say, at Slack's pace, each thing once.

keys what an entry is about gallery what it should look like (in `bot.chat.gallery`) channel an incident's channel messages posting and
changing one message ledger writing down how far Slack is loop who is next, and what to do when it fails
"""
