"""How every program is told what it needs: by its environment, VENTURE_<NAME>.

`reading` reads it, or names what is wrong and ends the program. `programs` has the settings of
every program, `dataplane` one mixin for each endpoint: one name means one thing everywhere.
"""
