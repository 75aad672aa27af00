"""What is compared: a module a subject, with its peers, its modes, and how a mode becomes a table.

`PEERS` are the rows, the first being what the others are compared with; `VARIANTS` those that have
to be asked for by name; `PACKAGES` what has to be built beside them; `MODES` the tables. `tools`
says which programs a run needs, and `measure` returns a table's text.
"""
