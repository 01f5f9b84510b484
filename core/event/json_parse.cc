// Text to a JSON tree, strictly.
//
// Boost's parser checks the grammar, UTF-8 and depth. The handler here adds what it lets pass: of a
// key that comes twice it keeps the last, a number past a double's range becomes infinite, and a
// double may be off by its last bit.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using json::error_code;

class StrictHandler {
 public:
  // Looked for by basic_parser.
  static constexpr size_t max_object_size = json::object::max_size();
  static constexpr size_t max_array_size = json::array::max_size();
  static constexpr size_t max_key_size = json::string::max_size();
  static constexpr size_t max_string_size = json::string::max_size();

  explicit StrictHandler(OpaqueMember* opaque) : opaque_(opaque) { stack_.reset(); }

  json::value Release() { return stack_.release(); }
  // What the handler itself refused; OK when the parser did.
  const absl::Status& refused() const { return refused_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) {
    BeginValue();
    scopes_.emplace_back();
    return true;
  }
  bool on_object_end(size_t count, error_code&) {
    scopes_.pop_back();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) {
    BeginValue();
    scopes_.emplace_back();
    scopes_.back().is_array = true;
    return true;
  }
  bool on_array_end(size_t count, error_code&) {
    scopes_.pop_back();
    stack_.push_array(count);
    return true;
  }

  bool on_key_part(json::string_view part, size_t, error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& error) {
    key_.append(part.data(), part.size());
    Scope& scope = scopes_.back();
    scope.key = std::exchange(key_, {});
    stack_.push_key(scope.key);
    if (!scope.seen.insert(scope.key).second) {
      return Refuse("comes twice", error);
    }
    return true;
  }
  bool on_string_part(json::string_view part, size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, error_code&) {
    BeginValue();
    stack_.push_string(part);
    return true;
  }

  bool on_number_part(json::string_view part, error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(int64_t number, json::string_view, error_code&) {
    BeginValue();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(uint64_t number, json::string_view, error_code&) {
    BeginValue();
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view part, error_code& error) {
    number_.append(part.data(), part.size());
    double exact = number;
    const auto result = std::from_chars(number_.data(), number_.data() + number_.size(), exact);
    number = result.ec == std::errc() ? exact : number;
    BeginValue();
    if (!std::isfinite(number) && !IsOpaque()) {
      return Refuse("is a number out of range", error);
    }
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    BeginValue();
    stack_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    BeginValue();
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  // An object or array that is being read.
  struct Scope {
    bool is_array = false;
    size_t values = 0;  // begun, in an array
    std::string key;    // the last one, in an object
    absl::flat_hash_set<std::string> seen;
  };

  void BeginValue() {
    number_.clear();
    if (!scopes_.empty()) {
      ++scopes_.back().values;
    }
  }

  // Notes a number that is out of range in the opaque member.
  bool IsOpaque() {
    if (opaque_ == nullptr || scopes_.empty() || scopes_.front().key != opaque_->name) {
      return false;
    }
    if (opaque_->out_of_range.ok()) {
      opaque_->out_of_range =
          FieldError(ErrorCode::kInvalidMessage, Path(), "is a number out of range");
    }
    return true;
  }

  std::string Path() const {
    std::string path;
    for (const Scope& scope : scopes_) {
      path = scope.is_array ? IndexPath(path, scope.values - 1) : JoinPath(path, scope.key);
    }
    return path;
  }

  bool Refuse(std::string_view problem, error_code& error) {
    refused_ = FieldError(ErrorCode::kInvalidMessage, Path(), problem);
    error = json::error::syntax;
    return false;
  }

  OpaqueMember* const opaque_;
  json::value_stack stack_;
  std::vector<Scope> scopes_;
  std::string key_;
  std::string number_;
  absl::Status refused_;
};

json::parse_options StrictOptions() {
  json::parse_options options;
  options.max_depth = limits::kJsonDepth;
  options.allow_comments = false;
  options.allow_trailing_commas = false;
  options.allow_invalid_utf8 = false;
  return options;
}

absl::Status NotJson(const error_code& error, size_t at) {
  if (error == json::error::too_deep) {
    return FieldError(ErrorCode::kInvalidMessage, "", "the JSON is nested too deeply",
                      {absl::StrCat("at most ", limits::kJsonDepth, " levels")});
  }
  return MakeError(ErrorCode::kInvalidMessage,
                   absl::StrCat("not JSON: ", error.message(), " at byte ", at));
}

absl::Status Parse(std::string_view text, json::value& value, OpaqueMember* opaque) {
  json::basic_parser<StrictHandler> parser(StrictOptions(), opaque);
  error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().refused().ok()) {
    return parser.handler().refused();
  }
  if (!error && used < text.size()) {
    error = json::error::extra_data;
  }
  if (error) {
    return NotJson(error, used);
  }
  value = parser.handler().Release();
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseJson(std::string_view text, json::value& value) {
  return Parse(text, value, nullptr);
}

absl::Status ParseJson(std::string_view text, json::value& value, OpaqueMember& opaque) {
  return Parse(text, value, &opaque);
}

}  // namespace tocsin
