// open_authenticator.h: the authenticator that a program's settings ask for, with keys from files or
// from an https address.
//
// Threads: any; what is opened is the caller's.
// Errors:  as Authenticator::Open's and OpenJwksAddress'. A server whose keys cannot be read at its
//          start does not start.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "core/auth/auth_options.h"
#include "core/auth/authenticator.h"
#include "core/base/cidr.h"
#include "core/base/clock.h"

namespace tocsin {

// AuthFlags::Check, and whether the address is one. Asks nothing of the network.
absl::Status CheckAuth(const AuthFlags& flags);

// `exempt`: as in Authenticator::Open.
absl::StatusOr<std::unique_ptr<Authenticator>> OpenAuthenticator(const AuthFlags& flags,
                                                                 Clock& clock,
                                                                 CidrList exempt = {});

}  // namespace tocsin
