"""The store: one append-only log, the projections made from it, and the one writer of both.

    tables          what is stored, as SQLAlchemy Core tables          migrations/   how the tables came to be
    database        engines from a URL                                 lead          who may write
    journal         the way in: units of work, committed in groups     reader        the way out: questions
    committer       what a commit is made of, and what broke it off    batch         what one commit writes
    changes         rows that change, joined                           statements    and written in few statements
    questions       every question, compiled once                      rows          rows read into records
    projections/    what each event changes in the other tables        store         all of it, opened from a URL
    workspace_reader the same questions for one chat workspace         standby, lease, vigil   a second process

Nothing else in Fireline commits, but slack_sdk's own stores in two tables that are no part of the log (`workspace_tables`). This room decides
nothing: facts come in decided, and it gives them their place.
"""
