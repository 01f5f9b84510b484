#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/base/listen_sockets.h"

namespace tocsin {
namespace {

ListenAddress Address(const std::string& text) {
  return *ParseListenAddress(text, "--listen", UnixSockets::kAllowed);
}

// A path where nothing is yet.
std::string PathFor(const std::string& name) {
  const std::string folder = testing::TempDir() + "tocsin_" + std::to_string(getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  return folder + "/" + name;
}

TEST(ListenSocketsTest, ANameListensOnAllOfItsAddressesAtOnePort) {
  auto first = ListenSockets::Open(Address("localhost:0"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_NE(first->address().port, 0);
  const auto second = ListenSockets::Open(first->address());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(first->address().ToString()), absl::string_view::npos);
  EXPECT_NE(second.status().message().find("another program listens there"),
            absl::string_view::npos);
}

// Symptom: a second hub took the path of the first one's socket, and when it ended the first was deaf.
// Cause: gRPC removes what is at the path. The older tests had one hub a path.
TEST(ListenSocketsTest, APathIsNotTakenFromOneWhoListensAndIsRemovedOnlyByItsOwner) {
  const std::string path = PathFor("hub.sock");
  const ListenAddress address = Address("unix:" + path);
  std::optional<ListenSockets> first(*ListenSockets::Open(address));
  EXPECT_EQ(ListenSockets::Open(address).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::filesystem::exists(path));
  // Somebody else's now.
  ASSERT_EQ(unlink(path.c_str()), 0);
  const auto other = ListenSockets::Open(address);
  ASSERT_TRUE(other.ok()) << other.status();
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(ListenSocketsTest, AFileForItsOwnerAloneHasThatModeWhateverTheUmask) {
  const std::string path = PathFor("own.sock");
  const mode_t before = umask(0);
  const auto open = ListenSockets::Open(Address("unix:" + path), ListenSockets::WhoMayOpen::kOwner);
  umask(before);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(ListenSocketsTest, APathThatAKilledHubLeftBehindIsTakenOverAndAFileIsNot) {
  const std::string path = PathFor("hub.sock");
  const ListenAddress address = Address("unix:" + path);
  {
    const auto killed = ListenSockets::Open(address);
    std::filesystem::create_hard_link(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);
  ASSERT_TRUE(ListenSockets::Open(address).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "a file";
  EXPECT_FALSE(ListenSockets::Open(address).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace tocsin
