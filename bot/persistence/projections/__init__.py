"""What each kind of event changes in the tables, as pure functions: event in, row changes out. They read nothing, so the log alone makes the tables.

alerts       what is heard of alerts                     incidents   the response: status, commander, channel
runs         runs and their steps                        approvals   questions to people, and their votes
channels     where it is talked about, reminders
keeping      evidence and refused deliveries             surface     what chat should show anew
schedules    what is on schedule                         dead_letters what can't go on
response     silences, marked messages, the freeze       schedules   what is on schedule
rebuild      all of it again, from the log
"""

from bot.persistence.projections.table import changes_of, projected_kinds

__all__ = ["changes_of", "projected_kinds"]
