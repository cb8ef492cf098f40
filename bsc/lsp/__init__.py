"""What editors ask of programs of the language, and the server that answers them.

Only `protocol`, `server`, `answers` and `serving` need the packages of the extra `editors`; all
else is plain data.
"""
