"""The composition root: where settings become a running Fireline. The only room that knows the integrations; it decides nothing.

actions    every action there is, from the integrations       library    the runbooks in force, and those that runs have pinned
secrets    where a secret's value is found                     watching   events of the log turned into metrics
api        the API with its tokens                            workspaces whose an incident is, where chat has several workspaces
chat       the chat surface with the rooms behind it           routes     the one HTTP application
fireline   the parts, started and stopped in order             assembly   makes them        serving   as a process
upkeep     keeps work going that must go on
"""
