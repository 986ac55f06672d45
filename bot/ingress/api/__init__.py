"""The JSON API below `/api/v1`: what people decide when Slack is not the way, and what the commands ask.

holders   whose token it is, and what it may do      bodies     what is asked, checked
verbs     what a verb is                             doing      all of them: each asks the same rooms that a button in Slack asks
leading   those of whoever leads                     running    those that begin something: an incident, a runbook
quieting  those that keep something still            looking    what waits, what is there for whom
answers   JSON out, refusals with a hint             routes     a request from its token to its answer

It opens to bearer tokens alone: no cookie and no basic authentication, so no page of another site can have a browser act here.
"""
