"""The Functions host for one machine: `python -m infra.local.host APP_DIR --port 7071`.

It plays the part of the host that Azure runs (HTTP routes and keys, storage queues, timers) around the worker library
that Azure runs too, `azure-functions-runtime`. What production refuses at load is refused here, with the same message.

    host.py        one host: load the app, listen to everything that triggers it, stop in good order
    settings.py    host.json, local.settings.json and the app settings
    worker.py      the app's functions, indexed and invoked through the runtime
    invocation.py  one invocation with its output bindings and its line in the log
    http.py        requests and responses; routes.py: which function takes a request; admin.py: the /admin endpoints
    queues.py      queue triggers: leases, retries, poison; storage.py: the clients
    timers.py      schedules, and their status in blob storage

Not played: Easy Auth, retry policies (`@app.retry`), dynamic concurrency, more than one worker process, scaling.
"""
