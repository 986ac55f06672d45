"""Lives of Fireline that end by a kill, many and fast.

nest   a process with everything imported, which forks lives      life   one life: the real assembly, killed at a crash point, or not at all
hands  the people and senders of a life                           ledger the service outside, which counts what it is asked to do
"""
