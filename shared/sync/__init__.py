"""Two sides kept in step: PPM tasks and work items stay one, field by field and level by level.

    values, merge    one field: what it says in each side's words, which side changed, what follows
    parents          the hierarchy, a dimension of its own
    plan             both together: what would be written to two items, and why, as something that can be shown
    create, intents  an item made once; a write whose answer was lost
    guard            what a deletion means, and when so much happens at once that a person is asked
    rules            what a pair is told to do, and the law its value maps obey
    agreements       how long what two sides agreed on is worth something, as rules come and go
    history          what was written, from what to what, and why; what takes it back
    run, reconciler  one link brought into step, step by saved step; which link a hint is about
    hand, copies, deletions   what those steps have in common; an item made; an item in the bin
    sweep, service   what makes hints; what is done with links
    pairs            what operators see and ask for, and what goes on by itself

The letters and numbers in the code (S1, F4, H5, …) are the rules of one algorithm, each stated where it is kept. What
it comes to: a hint says only where to look. A side is compared with what it showed itself when the two last agreed,
never with the other side. What is about to be written is saved first; what the server returned is what was agreed on. A
value that loses is kept where a person finds it. Every write is made under a lease that outlives it.

Known limits:

- L1  A side without conditional writes: an edit inside the moment between our last read and our write of the same field
  can be overwritten. Where the read after the write shows something else than was sent, a `refused` row tells.
- L2  A side without history: a crash between write and commit, followed by somebody's edit of that field, is logged as
  a conflict that was none; and a surplus copy of ours stays, for nothing tells it from a person's clone.
- L3  `newest` trusts two clocks.
- Where moves close a circle only together, the last to arrive is undone: which one depends on the order.
- What stands under an item that was deleted and restored finds its parent with the next change of its own, or with the
  next full sweep: no feed names it.
- A side without versions: an item that we binned, and that somebody restored before our worker could say so, is binned
  again.
- Many changes at once are noticed by sweeps; hooks that come first are followed.
- A value that a side refuses holds back the other fields of the same write, where that side refuses it as a whole.
"""
