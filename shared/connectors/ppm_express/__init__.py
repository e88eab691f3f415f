"""PPM Express, by its public API: the tasks of one project as one `Side`, and the webhooks that hurry it.

The API is the vendor's swagger and its help pages, nothing else. Where they are silent:

- **Versions.** There is no ETag. A version here is a fingerprint of what a task shows, so a write against an old one is
  noticed when the task is read before it, and an edit right after a write when it is read once more. An edit between
  the two calls is not.
- **Parents.** The swagger has no field for them. One is looked for among `/Fields/Task`: of type Task, or called
  Parent. Without one the side says that it has no parents, and moving or creating below a parent is refused.
- **Markers** stand in a text or link field with "Boardbridge" in its name: people can hide it, it has no other use, and
  nobody's words are touched. A tenant without such a field gets a line at the end of the description instead, which
  `read` leaves out of what the description says.
- **Deletes** cannot be asked for, and nothing says that a task was deleted: it is missing from the list, as it is for a
  token that may no longer see it. So no item is ever `in_bin`, and the feed does not tell.
- **Changes** are found by listing the project, which comes in one piece, and comparing it with the cursor (`feed.py`).
- **Dates.** Start, due date and duration recompute one another: two are written, never three (`schedule.py`).

Not verified against a tenant: the words for types of fields, what is in their `settings`, how a reference to a task is
written, that a list shows a task as it shows itself alone, that an answer to a write has the values as stored, what a
webhook's `Data` holds, and the address of a task for people.
"""
