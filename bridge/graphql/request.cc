#include "bridge/graphql/request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/coercion.h"
#include "bridge/graphql/operation_size.h"
#include "bridge/graphql/validation/validate.h"
#include "core/base/strings.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql {
namespace {

Error ErrorOf(const DocumentError& error, std::string_view text, std::string_view code) {
  Error told{.message = error.message, .code = code};
  for (const size_t offset : error.offsets) told.locations.push_back(PlaceAt(text, offset));
  return told;
}

Errors ErrorsOf(const std::vector<DocumentError>& invalid, std::string_view text) {
  Errors errors;
  for (const DocumentError& error : invalid) {
    errors.push_back(ErrorOf(error, text, kValidationFailed));
  }
  return errors;
}

Errors OneError(std::string message, std::string_view code) {
  return {Error{.message = std::move(message), .code = code}};
}

// The operation of that name; without a name the only one there is.
std::variant<const Operation*, Errors> Choose(const Document& document,
                                              const std::optional<std::string>& name) {
  const Operation* chosen = nullptr;
  for (const Operation& operation : document.operations) {
    if (!name) {
      if (chosen != nullptr) {
        return OneError("Must provide operation name if query contains multiple operations.",
                        kBadUserInput);
      }
      chosen = &operation;
    } else if (operation.name && operation.name->text == *name) {
      chosen = &operation;
    }
  }
  if (chosen != nullptr) return chosen;
  return OneError(name ? absl::StrCat("Unknown operation named ", Quote(*name), ".")
                       : "Must provide an operation.",
                  kBadUserInput);
}

}  // namespace

std::variant<std::shared_ptr<const Prepared>, Errors> Prepare(const Schema& schema, Request request,
                                                              const RequestBounds& bounds) {
  auto prepared = std::make_shared<Prepared>();
  prepared->text = std::move(request.query);
  prepared->extensions = std::move(request.extensions);
  const std::string_view text = prepared->text;
  auto parsed = Parse(text, bounds.parse);
  if (auto* error = std::get_if<DocumentError>(&parsed)) {
    error->message = absl::StrCat("Syntax Error: ", error->message);
    return Errors{ErrorOf(*error, text, kParseFailed)};
  }
  prepared->document = std::get<Document>(std::move(parsed));
  const auto invalid = Validate(schema, prepared->document, bounds.errors);
  if (!invalid.empty()) return ErrorsOf(invalid, text);
  auto chosen = Choose(prepared->document, request.operation_name);
  if (auto* errors = std::get_if<Errors>(&chosen)) return std::move(*errors);
  prepared->operation = std::get<const Operation*>(chosen);
  const auto too_much = CheckBounds(prepared->document, *prepared->operation, bounds);
  if (!too_much.empty()) return ErrorsOf(too_much, text);
  auto coerced =
      CoerceVariables(schema, *prepared->operation, request.variables, text, bounds.errors);
  if (auto* errors = std::get_if<Errors>(&coerced)) return std::move(*errors);
  prepared->variables = std::get<boost::json::object>(std::move(coerced));
  return std::shared_ptr<const Prepared>(std::move(prepared));
}

}  // namespace tocsin::bridge::graphql
