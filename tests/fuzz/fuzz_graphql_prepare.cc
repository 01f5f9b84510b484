// Any request is prepared or refused, its errors are JSON, and what is prepared has arguments that
// can be coerced. The input is a document and, after a NUL, the variables as JSON.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "bridge/graphql/coercion.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/validation/facts.h"
#include "core/base/check.h"
#include "core/base/utf8.h"
#include "core/event/json_reader.h"

namespace {

using namespace tocsin;
using namespace tocsin::bridge::graphql;

void CheckErrors(const Errors& errors) {
  TOCSIN_CHECK(!errors.empty() && errors.size() <= RequestBounds{}.errors);
  std::string text;
  AppendErrors(text, errors, absl::UnixEpoch());
  boost::json::value json;
  TOCSIN_CHECK(ParseJson(text, json).ok());
}

// Validation has seen to it that only the value of a variable can be wrong.
void CheckArguments(const Prepared& prepared) {
  const Facts facts(Schema::Tocsin(), prepared.document);
  for (const ArgumentList& list : facts.argument_lists) {
    TOCSIN_CHECK(list.definitions() != nullptr);
    const auto coerced =
        CoerceArguments(*list.definitions(), *list.arguments, prepared.variables, prepared.text);
    if (const auto* error = std::get_if<Error>(&coerced)) CheckErrors({*error});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!IsUtf8(input)) return 0;  // a request is read from JSON, which is
  Request request;
  request.query = input.substr(0, input.find('\0'));
  boost::json::value variables;
  if (request.query.size() < size &&
      ParseJson(input.substr(request.query.size() + 1), variables).ok() && variables.is_object()) {
    request.variables = variables.get_object();
  }
  const auto prepared = Prepare(Schema::Tocsin(), std::move(request));
  if (const auto* errors = std::get_if<Errors>(&prepared)) {
    CheckErrors(*errors);
    return 0;
  }
  const auto& ready = *std::get<std::shared_ptr<const Prepared>>(prepared);
  TOCSIN_CHECK(ready.operation != nullptr);
  CheckArguments(ready);
  return 0;
}
