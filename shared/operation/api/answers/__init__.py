"""What is answered, as shapes of JSON. They say what the services make, and make nothing themselves.

A shape is closed: a name that is not in it is a lie, and the stories hold every answer against these. `NotRequired` is
for what may be absent, `None` for what may be null; moments are ISO 8601 with their zone. Here are those that
operations name.
"""

from shared.operation.api.answers.common import Described, Health, Problem
from shared.operation.api.answers.configuration import (
    Checked,
    CheckedConnection,
    ConfigurationInForce,
    ConfigurationTaken,
    Connection,
    Connections,
    Quarantine,
    Unmapped,
)
from shared.operation.api.answers.events import BoardsEventTaken, PpmEventTaken
from shared.operation.api.answers.fields import Fields, FieldsChanged
from shared.operation.api.answers.pairs import Approved, Creation, Levels, Linked, Pairs, Rows, Unlinked
from shared.operation.api.answers.plans import History, Plan
from shared.operation.api.answers.tickets import Explanation, LookAgain, Taken, Ticket

__all__ = [
    "Approved",
    "BoardsEventTaken",
    "Checked",
    "CheckedConnection",
    "ConfigurationInForce",
    "ConfigurationTaken",
    "Connection",
    "Connections",
    "Creation",
    "Described",
    "Explanation",
    "Fields",
    "FieldsChanged",
    "Health",
    "History",
    "Levels",
    "Linked",
    "LookAgain",
    "Pairs",
    "Plan",
    "PpmEventTaken",
    "Problem",
    "Quarantine",
    "Rows",
    "Taken",
    "Ticket",
    "Unlinked",
    "Unmapped",
]
