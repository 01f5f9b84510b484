// pub_result.h: prints the hub's answer to a published event, as text or as JSON.
#pragma once

#include <string>
#include <string_view>

#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

// One line, without a line break. `type` as in "incident_created".
std::string ResultText(const v1::PublishResult& result, std::string_view type);
std::string ResultJson(const v1::PublishResult& result);

}  // namespace tocsin::cli
