#include "core/http/route_table.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/hex.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

using Segments = std::vector<std::string>;

bool IsParameter(std::string_view segment) { return segment.starts_with('{'); }

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const std::optional<char> byte = PercentByte(text.substr(i));
      if (!byte.has_value()) {
        return std::nullopt;
      }
      c = *byte;
      i += 2;
    }
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    out += c;
  }
  return out;
}

// The segments after the first slash. Splits before decoding, so that %2F is not a separator.
std::optional<Segments> SplitPath(std::string_view path) {
  Segments segments;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(path.substr(1)), '/')) {
    std::optional<std::string> decoded = PercentDecode(ToStd(part));
    if (!decoded.has_value()) {
      return std::nullopt;
    }
    segments.push_back(*std::move(decoded));
  }
  return segments;
}

bool Fits(const std::vector<std::string_view>& pattern, const Segments& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](std::string_view wanted, const std::string& given) {
                      return IsParameter(wanted) ? !given.empty() : wanted == given;
                    });
}

bool Takes(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

// The methods of the rows that `fits` picks, as Allow lists them.
template <class Fits>
std::string MethodList(std::span<const Route> routes, Fits fits) {
  std::set<std::string> methods;
  for (size_t i = 0; i < routes.size(); ++i) {
    if (fits(i)) {
      methods.emplace(routes[i].method);
    }
  }
  if (methods.contains("GET")) {
    methods.emplace("HEAD");
  }
  if (!methods.empty()) {
    methods.emplace("OPTIONS");
  }
  return absl::StrJoin(methods, ", ");
}

std::vector<Field> Parameters(const std::vector<std::string_view>& pattern, Segments path) {
  std::vector<Field> parameters;
  for (size_t i = 0; i < path.size(); ++i) {
    if (IsParameter(pattern[i])) {
      parameters.push_back(
          {std::string(pattern[i].substr(1, pattern[i].size() - 2)), std::move(path[i])});
    }
  }
  return parameters;
}

}  // namespace

Handler AtOnce(std::function<HttpResponse(const HttpRequest&)> answer) {
  return [answer = std::move(answer)](HttpRequest& request, Responder responder) {
    std::move(responder).Respond(answer(request));
  };
}

RouteTable::RouteTable(std::vector<Route> routes, RouteGatePtr gate)
    : routes_(std::move(routes)), gate_(std::move(gate)) {
  for (const Route& route : routes_) {
    TOCSIN_CHECK(route.pattern.starts_with('/'));
    std::vector<std::string_view> segments;
    for (const absl::string_view part : absl::StrSplit(ToAbsl(route.pattern.substr(1)), '/')) {
      segments.push_back(ToStd(part));
    }
    patterns_.push_back(std::move(segments));
  }
}

RouteTable::Match RouteTable::Find(std::string_view method, std::string_view path) const& {
  auto segments = SplitPath(path);
  if (!segments.has_value()) {
    return {.kind = Match::Kind::kBadPath};
  }
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (Takes(routes_[i], method) && Fits(patterns_[i], *segments)) {
      return {.kind = Match::Kind::kRoute,
              .route = &routes_[i],
              .parameters = Parameters(patterns_[i], *std::move(segments))};
    }
  }
  std::string allow = MethodList(routes_, [&](size_t i) { return Fits(patterns_[i], *segments); });
  if (allow.empty()) {
    return {};
  }
  return {.kind = method == "OPTIONS" ? Match::Kind::kOptions : Match::Kind::kMethodNotAllowed,
          .allow = std::move(allow)};
}

std::string RouteTable::AllMethods() const {
  return MethodList(routes_, [](size_t) { return true; });
}

}  // namespace tocsin::http
