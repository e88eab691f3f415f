"""A simulator of PPM Express's public API: projects, their tasks and key dates, resources, fields, webhooks, the token.

Its addresses, documents and answers are those of the vendor's published swagger. What that leaves open is filled in
from the vendor's help pages, or else chosen, and a client must not rely on it: the types and settings of fields, the
names of scopes, the words of refusals, what is in a webhook's `Data`, when a request is one too many.

It is awkward where PPM Express is:

- no ETag, no revision, no history, no filter, no paging, and no call that deletes a task; people can delete;
- start, due date and duration recompute one another by the tenant's working calendar, and a start on a day off slips;
- the status is calculated and cannot be written, text is trimmed, progress is rounded to whole percents;
- tasks that come from elsewhere (`sourceType` is not `Ppmx`) refuse every change;
- webhooks are tenant-wide, at most 50, and known to be ours by a header only; one address deletes all of them.

Challenges, ideas, programs and portfolios are not simulated. `/_simulator/` steers it, see `control.py`.
"""
