"""What happens to incidents, one use case each: alerts are taken in and routed, people declare, acknowledge, note, run and resolve.

    deliveries  what a webhook brought, and the identity of an alert
    hearing     pure: what a delivery says that is new           intake    takes deliveries in
    routing     pure: which runbook, which group, what to open   dispatch  routes what was taken in
    rules       pure: what people may do, as facts               desk      does it for them

Nothing here speaks HTTP or Slack, and nothing commits but through the journal.
"""
