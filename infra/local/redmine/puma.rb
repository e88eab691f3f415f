# How Redmine is served: by one thread, because SQLite refuses a second writer, and Ruby runs one at a time anyway.
#
# After an answer Puma waits a fifth of a second for more from the same connection, and all others wait with it: not so
# where they have asked already.

threads 1, 1
max_fast_inline 1
