// identity.h: what makes two of a sender's alerts the same.
//
// Threads: pure.
// Source:  the fingerprint of labels is Prometheus': FNV-1a of 64 bits over the labels by name,
//          each name and value followed by the byte 0xFF.
#pragma once

#include <google/protobuf/map.h>

#include <string>

#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge {

// Sixteen hexadecimal digits. Labels with an empty value do not count: they are as good as absent.
std::string LabelFingerprint(const google::protobuf::Map<std::string, std::string>& labels);

// A UUID made of all that the alert says, but for its id and when it was received.
std::string AlertContentId(const v1::Alert& alert);

}  // namespace tocsin::bridge
