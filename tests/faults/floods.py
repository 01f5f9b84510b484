"""All floods, by name, and those of scripts/test."""

import floods_http
import floods_http2
import floods_ws

ALL = floods_http2.FLOODS | floods_http.FLOODS | floods_ws.FLOODS

# Each list is a round.
SHORT = [["hub_comes_and_goes", "hub_half_sent", "hub_empty_data"],
         ["operations_comes_and_goes", "operations_pipelined", "operations_huge_heads"],
         ["bridge_comes_and_goes", "bridge_not_found", "bridge_lists"],
         ["ws_pings", "ws_longest_messages", "ws_subscribes"],
         ["graphql_ws_operations", "graphql_aliases"]]
