"""Pairs as people have them: what is configured, seen, asked for and done, over the algorithm that keeps two sides in
step.

    desk             what all of this stands on: the pairs, their links, both sides, and how items are named
    configured       a pair of the configuration, made into the rules that are followed
    names            a pair's name and its PPM project, which stay together while there are links
    views, rows      what there is to be seen of it
    creation, levels, placing, wishes, proposals   counterparts made: what can be, what would be, why something cannot
    plans            what would be written, shown, applied exactly so, and taken back
    mappings, mapping_edits, defaults, reach, field_rows   the field rules one by one, and what a change of them touches
    upkeep           hints followed, sweeps on their hours, a pair that waits let go on
    admission, events, subscriptions   who tells of changes, by what secret, and that they go on telling
"""
