"""The app as the platform sees it."""

import requests


def test_exactly_these_functions_are_indexed(cloud):
    """A blueprint that is not registered is silently absent in Azure: this is where it shows."""
    key = {"x-functions-key": cloud.host.KEY}
    functions = requests.get(f"{cloud.host.url}/admin/functions", headers=key, timeout=10).json()
    assert {function["name"]: _trigger(function) for function in functions} == {
        "itsm_intake": ("httpTrigger", "itsm/{connection}"),
        "boards_events": ("httpTrigger", "boards/events"),
        "ppm_events": ("httpTrigger", "ppm/{connection}/events"),
        "reconcile_item": ("queueTrigger", "reconcile"),
        "progress_sync": ("timerTrigger", "%PROGRESS_SCHEDULE%"),
        "get_configuration": ("httpTrigger", "configuration"),
        "put_configuration": ("httpTrigger", "configuration"),
        "check_configuration": ("httpTrigger", "configuration/check"),
        "explain_route": ("httpTrigger", "routes/explain"),
        "get_ticket": ("httpTrigger", "tickets/{connection}/{*id}"),
        "look_again": ("httpTrigger", "tickets/{connection}/{*id}"),
        "list_connections": ("httpTrigger", "connections"),
        "get_connection": ("httpTrigger", "connections/{connection}"),
        "put_connection": ("httpTrigger", "connections/{connection}"),
        "delete_connection": ("httpTrigger", "connections/{connection}"),
        "check_connection": ("httpTrigger", "connections/{connection}/check"),
        "list_unmapped": ("httpTrigger", "connections/{connection}/unmapped"),
        "list_pairs": ("httpTrigger", "pairs"),
        "list_items": ("httpTrigger", "pairs/{pair}/items"),
        "list_levels": ("httpTrigger", "pairs/{pair}/levels"),
        "create_items": ("httpTrigger", "pairs/{pair}/create"),
        "link_items": ("httpTrigger", "pairs/{pair}/link"),
        "unlink_items": ("httpTrigger", "pairs/{pair}/unlink"),
        "make_plan": ("httpTrigger", "pairs/{pair}/plans"),
        "get_plan": ("httpTrigger", "pairs/{pair}/plans/{id}"),
        "apply_plan": ("httpTrigger", "pairs/{pair}/plans/{id}/apply"),
        "undo_plan": ("httpTrigger", "pairs/{pair}/plans/{id}/undo"),
        "list_history": ("httpTrigger", "pairs/{pair}/history"),
        "approve_pair": ("httpTrigger", "pairs/{pair}/approve"),
        "list_fields": ("httpTrigger", "pairs/{pair}/fields"),
        "add_field": ("httpTrigger", "pairs/{pair}/fields"),
        "edit_field": ("httpTrigger", "pairs/{pair}/fields/{name}"),
        "delete_field": ("httpTrigger", "pairs/{pair}/fields/{name}"),
        "order_fields": ("httpTrigger", "pairs/{pair}/fields/order"),
        "reset_fields": ("httpTrigger", "pairs/{pair}/fields/reset"),
        "list_quarantine": ("httpTrigger", "quarantine"),
        "get_openapi": ("httpTrigger", "openapi.json"),
        "health": ("httpTrigger", "health"),
    }


def _trigger(function: dict) -> tuple[str, str]:
    trigger = next(b for b in function["config"]["bindings"] if b["type"].lower().endswith("trigger"))
    return trigger["type"], trigger.get("route") or trigger.get("queueName") or trigger.get("schedule")


def test_health_needs_nothing_and_everything_else_a_key_or_our_secret(cloud):
    assert requests.get(f"{cloud.host.url}/api/health", timeout=10).json() == {"status": "ok"}
    for method, path in [
        ("POST", "itsm/generic"), ("POST", "boards/events"), ("POST", "ppm/pmo/events"),
        ("GET", "configuration"), ("PUT", "configuration"),
        ("POST", "configuration/check"), ("POST", "routes/explain"), ("GET", "tickets/generic/1"),
        ("GET", "quarantine"), ("GET", "pairs"), ("POST", "pairs/roadmap/plans"), ("GET", "openapi.json"),
    ]:  # fmt: skip
        assert requests.request(method, f"{cloud.host.url}/api/{path}", timeout=10).status_code == 401, path


def test_the_configuration_comes_back_as_it_was_given(cloud, product):
    response = product.get("configuration")
    assert response.headers["content-type"].startswith("application/yaml")
    assert response.headers["etag"].strip('"')
    assert product.configure(response.text).status_code == 200
    assert product.get("configuration").text == response.text


def test_every_fault_of_a_configuration_is_listed_and_nothing_is_taken(product):
    before = product.get("configuration")
    refused = product.configure(
        before.text.replace("type: Product Backlog Item", "kind_: Story").replace("audience: project", "audience: x")
    )
    assert refused.status_code == 400
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert {fault["path"] for fault in refused.json()["faults"]} == {
        "teams[0].audience", "routes[0].audience", "routes[3].type", "routes[3].kind_"}  # fmt: skip
    unknown_team = product.configure(before.text.replace("team: Service Desk", "team: Help Desk"))
    assert [fault["path"] for fault in unknown_team.json()["faults"]] == ["routes[4].team"]
    assert product.configure("connections: [").json()["detail"].startswith("this is not YAML")
    assert "'routes' stands there twice" in product.configure(before.text + "\nroutes: []\n").json()["detail"]
    assert product.get("configuration").text == before.text


def test_a_project_only_route_into_a_technical_area_is_refused_naming_both(product):
    text = product.get("configuration").text
    refused = product.configure(text.replace("team: PMO\n  type: Task", "area: Fabrikam\\Network\\Core\n  type: Task"))
    [fault] = refused.json()["faults"]
    assert refused.status_code == 400
    assert "'office'" in fault["fix"] and "'Network'" in fault["fix"]


def check(cloud, text: str) -> dict:
    key = {"x-functions-key": cloud.host.KEY}
    address = f"{cloud.host.url}/api/configuration/check"
    return requests.post(address, data=text.encode(), headers=key, timeout=30).json()


def test_the_configuration_is_held_against_the_organisation(cloud, product):
    in_force = check(cloud, "")
    assert (in_force["ok"], in_force["checked"]) == (True, "the configuration in force")
    assert in_force["faults"] == in_force["warnings"] == []
    text = product.get("configuration").text
    wrong = text.replace("type: Product Backlog Item", "type: Story").replace("Fabrikam\\Triage", "Fabrikam\\Triarge")
    found = check(cloud, wrong)
    assert (found["ok"], [fault["path"] for fault in found["faults"]]) == (False, ["routes[3].type", "triage.area"])
    assert "did you mean 'Fabrikam\\Triage'?" in found["faults"][1]["fix"]
    assert product.get("configuration").text == text


def test_what_nobody_mapped_is_counted(product):
    body = {"id": "unmapped-1", "title": "x", "status": "Waiting for Godot", "team": "Vladimir", "version": 1}
    product.settled(product.push("generic", body).json()["status_url"], "synced")
    told = product.get("connections/generic/unmapped").json()["unmapped"]
    assert {"field": "status", "value": "Waiting for Godot", "tickets": 1} in told
    assert {"field": "team", "value": "Vladimir", "tickets": 1} in told
    assert product.get("connections/nowhere/unmapped").status_code == 404


def test_the_sweep_can_be_run_by_hand(cloud, product):
    key = {"x-functions-key": cloud.host.KEY}
    address = f"{cloud.host.url}/admin/functions/progress_sync"
    assert requests.post(address, json={}, headers=key, timeout=10).status_code == 202
    cloud.host.wait_for(r"progress_sync ok")
