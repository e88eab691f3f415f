"""Registers the functions, nothing else."""

import azure.functions as func

from functions.boards_events import events
from functions.connections_api import connections
from functions.fields_api import fields
from functions.health import health_check
from functions.itsm_intake import intake
from functions.operator_api import operator
from functions.pairs_api import pairs
from functions.ppm_events import ppm
from functions.progress_sync import progress
from functions.reconcile_item import reconciliation

app = func.FunctionApp()
for blueprint in (intake, events, ppm, progress, reconciliation, operator, connections, pairs, fields, health_check):
    app.register_functions(blueprint)
