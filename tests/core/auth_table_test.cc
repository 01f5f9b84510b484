// Every token of tests/tokens/table.json against the verifier.
#include "tests/core/auth_table.h"

#include <gmock/gmock.h>

#include "core/auth/compact_token.h"
#include "core/auth/refusal.h"
#include "core/event/error.h"
#include "tests/core/auth_fixture.h"

namespace tocsin {
namespace {

using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ReadTable;
using testing::TableKeys;
using testing::TableToken;
using testing::VerifierOver;

class AuthTableTest : public ::testing::Test {
 protected:
  static TokenVerifier& VerifierOf(const std::string& keys) {
    static auto& all = *new std::map<std::string, std::unique_ptr<VerifierOver>>;
    std::unique_ptr<VerifierOver>& one = all[keys];
    if (one == nullptr) {
      one = std::make_unique<VerifierOver>(TableKeys::Get().TextOf(keys));
      EXPECT_TRUE(one->loaded.ok()) << one->loaded;
    }
    return one->verifier;
  }
  const absl::Time now_ = ManualClock().Now();
};

std::string NameOf(const absl::Status& status) {
  const auto refusal = RefusalOf(status);
  return refusal ? std::string(RowOf(*refusal).name) : "";
}

TEST_F(AuthTableTest, EachTokenIsAnsweredAsTheTableSays) {
  int refused = 0;
  for (const boost::json::value& each : ReadTable()) {
    const boost::json::object& row = each.as_object();
    const TableToken made(row, now_);
    const std::string token = made.Make();
    EXPECT_THAT(token, Not(HasSubstr("no bits are left over"))) << row.at("name");
    const auto subject = VerifierOf(made.keys()).Verify(token);
    EXPECT_EQ(NameOf(subject.status()), std::string_view(row.at("refusal").as_string()))
        << row.at("name") << ": " << OperatorText(subject.status());
    EXPECT_EQ(subject.ok(), row.at("refusal").as_string().empty()) << row.at("name");
    refused += subject.ok() ? 0 : 1;
  }
  EXPECT_THAT(refused, Ge(150));
}

TEST_F(AuthTableTest, NoTextHasAnythingOfTheTokenInIt) {
  for (const boost::json::value& each : ReadTable()) {
    const TableToken made(each.as_object(), now_);
    const std::string token = made.Make();
    const absl::Status status = VerifierOf(made.keys()).Verify(token).status();
    for (const std::string& text : {std::string(status.message()), OperatorText(status)}) {
      for (const char* secret : {"alice", "mallory", "evil", "P9", "crated", "publsh_value"}) {
        EXPECT_THAT(text, Not(HasSubstr(secret))) << each.at("name");
      }
      if (token.size() > 20) EXPECT_THAT(text, Not(HasSubstr(token.substr(0, 20))));
    }
  }
}

// Each cut of a good token, each letter of it replaced: none is good.
TEST_F(AuthTableTest, EachChangeOfALetterIsRefused) {
  const boost::json::object row = {{"key", "ec"}, {"header", {{"kid", "e1"}}}};
  const std::string token = TableToken(row, now_).Make();
  TokenVerifier& verifier = VerifierOf("jwks");
  ASSERT_TRUE(verifier.Verify(token).ok());
  for (size_t i = 0; i < token.size(); ++i) {
    EXPECT_FALSE(verifier.Verify(token.substr(0, i)).ok()) << i;
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifier.Verify(changed).ok()) << i;
    changed[i] = '\x80';
    EXPECT_FALSE(verifier.Verify(changed).ok()) << i;
  }
}

TEST_F(AuthTableTest, EveryReasonHasARowAndItsCode) {
  for (const RefusalRow& row : RefusalTable()) {
    EXPECT_EQ(&RowOf(row.refusal), &row);
    const absl::Status status = Refuse(row.refusal, "detail");
    EXPECT_EQ(ErrorCodeOf(status), row.code);
    EXPECT_EQ(RefusalOf(status), row.refusal);
    EXPECT_EQ(OperatorText(status), absl::StrCat(ToAbsl(row.name), ": detail"));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("detail")));
  }
}

}  // namespace
}  // namespace tocsin
