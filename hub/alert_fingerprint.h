// alert_fingerprint.h: what makes two alerts the same where their sender does not say.
//
// Shape:   SHA-256 in hexadecimal over source, type, title and the affected services. The services
//          are sorted, each once, and empty ones left out. Each text has its length before it. It
//          is kept in the log, so it must never change.
// Threads: pure.
#pragma once

#include <string>

#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

// The alert's own fingerprint is not looked at.
std::string DefaultFingerprint(const v1::Alert& alert);

}  // namespace tocsin::hub
