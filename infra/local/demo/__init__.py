"""`python -m infra.local.demo`: the whole product on this machine, with a story played on it.

A client of the product over HTTP like any other; nothing here knows the product's code.
"""
