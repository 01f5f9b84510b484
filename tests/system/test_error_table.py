"""The table of errors of docs/protocol.md, section 5: what provokes each code, and each close of /ws, against the real programs. GraphQL's are
in test_graphql_codes.py."""

import re

import pytest

import harness
import test_bad_frames
import test_bad_graphql
import test_bad_grpc
import test_bad_http
import test_bad_messages
import test_bad_requests
import test_explain
import test_gap
import test_graphql_codes
import test_http_publish
import test_protocol_ws
import test_restart
import test_slow

PROVOKED = {
    "INVALID_MESSAGE": [test_bad_messages.test_a_bad_message_gets_its_error_and_the_connection_lives,
                        test_bad_frames.test_ten_bad_messages_within_a_minute_end_it_with_1008,
                        test_bad_requests.test_it_is_refused_by_its_field_and_changes_nothing, test_bad_grpc.test_a_bad_event_names_its_field],
    "INVALID_FILTER": [test_bad_messages.test_a_bad_message_gets_its_error_and_the_connection_lives,
                       test_bad_frames.test_bad_filters_do_not_count_towards_1008, test_bad_grpc.test_a_bad_subscription_names_its_field],
    "UNSUPPORTED": [test_bad_messages.test_binary_frames_are_unsupported_and_the_connection_lives, test_http_publish.test_only_json_is_taken,
                    test_bad_grpc.test_unknown_methods_are_unimplemented],
    "NOT_FOUND": [test_bad_messages.test_a_bad_message_gets_its_error_and_the_connection_lives, test_bad_http.test_unknown_paths_and_methods,
                  test_bad_grpc.test_an_unknown_incident_is_not_found],
    "CURSOR_EXPIRED": [test_gap.test_expired_fail_is_refused_with_what_is_held],
    "CONFLICT": [test_http_publish.test_the_same_id_is_a_duplicate_and_another_content_a_conflict,
                 test_bad_grpc.test_the_same_id_with_another_content_is_a_conflict,
                 test_bad_grpc.test_an_expected_sequence_that_is_not_the_present_one_aborts],
    "FORBIDDEN": [test_bad_http.test_a_wrong_handshake_is_refused, test_bad_graphql.test_it_is_refused_and_changes_nothing],
    "RATE_LIMIT_EXCEEDED": [test_bad_messages.test_messages_past_the_rate_are_refused_with_a_wait,
                            test_bad_frames.test_a_rate_that_goes_on_for_10_s_ends_it_with_1008,
                            test_explain.test_a_crowd_that_asks_is_served_or_told_to_come_back],
    "SUBSCRIPTION_LIMIT_EXCEEDED": [test_bad_messages.test_the_129th_subscription_is_refused],
    "MESSAGE_TOO_LARGE": [test_bad_frames.test_a_message_past_64_kib_ends_it_with_1009, test_bad_grpc.test_the_bounds_of_one_publish,
                          test_bad_http.test_a_bad_request_is_refused_and_the_connection_closed],
    "SLOW_CONSUMER": [test_slow.test_a_stuck_one_is_closed_with_1013_and_one_that_reads_a_little_every_100_ms_gets_everything,
                      test_slow.test_a_grpc_subscriber_that_stops_reading_is_cut_and_resumes],
    "SERVICE_UNAVAILABLE": [test_restart.test_a_draining_bridge_closes_with_1012_and_gives_every_client_its_own_slot,
                            test_restart.test_a_draining_hub_tells_its_subscribers_and_health, test_protocol_ws.test_a_full_bridge_refuses,
                            test_protocol_ws.test_before_the_hub_was_ever_reached_a_session_is_put_off,
                            test_http_publish.test_a_hub_that_is_gone_is_503_in_time],
    "INTERNAL_SERVER_ERROR": [test_bad_frames.test_a_session_that_the_server_fails_at_is_ended_with_1011,
                              test_graphql_codes.test_error_internal_server_error],
}
# What only a server that authenticates answers, and this version has no such server.
AUTHENTICATION = {"UNAUTHENTICATED", "UNAUTHORIZED"}
# Closes without a code of the table.
test_bad_frames.test_frames_against_the_protocol_end_it  # 1002, 1007
test_protocol_ws.test_an_idle_session_is_ended_with_1001


def rows():
    text = (harness.ROOT / "docs" / "protocol.md").read_text()
    table = text[text.index("| code | gRPC | HTTP | close on /ws |"):]
    return re.findall(r"^\| `([A-Z_]+)`[^|]*\|[^|]*\|[^|]*\| ?([^|]*?) ?\|$", table[:table.index("\n\n")], re.MULTILINE)


def test_every_code_is_provoked():
    assert {code for code, _ in rows()} == PROVOKED.keys() | AUTHENTICATION


@pytest.mark.parametrize("code, close", [(code, close) for code, closes in rows() for close in re.findall(r"\b\d{4}\b", closes)])
def test_every_close_is_provoked_by_a_test_of_its_name(code, close):
    if code not in AUTHENTICATION:
        assert any(close in test.__name__ for test in PROVOKED[code]), close
