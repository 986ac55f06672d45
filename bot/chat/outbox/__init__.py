"""The outbox makes Slack show what the projections say, at Slack's pace, each thing once.

keys       what an entry is about; `bot.chat.gallery` has what it should look like
channel    an incident's channel: made, archived, brought back     naming     what it is called
people     who is invited into it, and who can't be                bookmarks  the links on top of it
messages   posting and changing one message                        places     the central channel
files      evidence and drafts that go up                          ledger     writing down how far Slack is
loop       who is next                                             setbacks   what becomes of what could not be brought there
losses     what Slack takes away under us, said once               moving     what goes along into an incident's next channel
"""
