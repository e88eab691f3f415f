"""The calls of the service, one module per resource area; `ALL` is the order in which addresses are tried.

To add a call, write a function in the module of its area and decorate it with the method and location it answers.
"""

from infra.local.azure_devops.endpoints import (
    artifacts,
    batch,
    classification,
    comments,
    discovery,
    fields,
    projects,
    recycle_bin,
    relation_types,
    teams,
    wiql,
    work_item_types,
    work_items,
)

ALL = (
    discovery.endpoints,
    projects.endpoints,
    teams.endpoints,
    classification.endpoints,
    work_item_types.endpoints,
    fields.endpoints,
    relation_types.endpoints,
    work_items.endpoints,
    batch.endpoints,
    comments.endpoints,
    recycle_bin.endpoints,
    wiql.endpoints,
    artifacts.endpoints,
)
