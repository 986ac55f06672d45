"""Evidence: what was gathered, that it is whole, and what of it others may see. Pure; the bytes are in `bot.persistence.evidence_files`.

redaction   secrets taken out before anything is shown       verify     the chain and the evidence checked, with code of its own
custody     who had a piece of evidence in their hands       manifest   what there is, with its custody
"""
