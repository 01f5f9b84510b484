"""The set of incidents that a filter describes: who is in it, who leaves it, and what ListIncidents answers."""

import corpus
import guarantees
import harness
from tocsin.v1 import hub_pb2

TOLD_OF_SETS = ("snapshot", "event", "left")  # the types of the messages that tell of a set


def set_filter(given):
    """The filter without event_types, which bear neither on the set nor on its leaves."""
    return {field: value for field, value in given.items() if field != "event_types"}


def in_set(given, facts):
    """Whether an incident of these facts is in the filter's set."""
    return "incident_id" in facts and corpus.matches(set_filter(given), facts)


def sequence_of(cursor):
    return guarantees.place(cursor)[0]


def owed(given, log):
    """What a follower is owed of a log [(sequence, facts)]: [(sequence, "event" or "left", incident id)]."""
    known, told = {}, []
    for sequence, facts in log:
        incident = facts.get("incident_id")
        if corpus.matches(given, facts):
            told.append((sequence, "event", incident))
        elif incident in known and in_set(given, known[incident]) and not in_set(given, facts):
            told.append((sequence, "left", incident))
        if incident:
            known[incident] = facts
    return told


def members(given, log):
    """The ids of the incidents that are in the set at the end of a log [(sequence, facts)]."""
    newest = {facts["incident_id"]: facts for _, facts in log if "incident_id" in facts}
    return {incident for incident, facts in newest.items() if in_set(given, facts)}


def list_request(given, page_token=""):
    return hub_pb2.ListIncidentsRequest(
        filter=harness.make_filter(set_filter(given)), page_size=1_000, page_token=page_token)


def listed(client, given):
    """The ids that ListIncidents answers, over all pages."""
    ids, token = set(), ""
    while True:
        page = client.stub.ListIncidents(list_request(given, token), timeout=30)
        ids.update(incident.id for incident in page.incidents)
        token = page.next_page_token
        if not token:
            return ids
