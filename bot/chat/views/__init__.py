"""Modals and home tabs as pure functions: records in, views out. Slack's limits on views are met here and nowhere else.

The same rules as in `blocks` hold: nothing reads a store, a clock or the network, and text from outside passes through `Ink`. What a form must
know when it is submitted, days and a restart later, stands in its `private_metadata`; what people enter is read by the name of its field.
"""
