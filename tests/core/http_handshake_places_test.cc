// What TLS handshakes hold that are not finished: nothing before their first message is whole, and
// no more than a bounded number of them after it.
#include <gmock/gmock.h>

#include <list>
#include <optional>

#include "core/http/handshake_places.h"
#include "tests/core/tls_pair.h"
#include "tests/core/tls_server_fixture.h"

namespace tocsin::http::testing {
namespace {

using ::testing::ElementsAre;
using State = IoResult::State;

struct PlacesTest : ::testing::Test {
  struct Fake final : HandshakePlaces::Holder {
    Fake(PlacesTest& test, const IoThread& io, int number)
        : test(test), io(io), number(number), place(test.places.Take(io, *this)) {}
    void Yield() override {
      test.yielded.push_back(number);
      test.places.Leave(io, place);
    }
    PlacesTest& test;
    const IoThread& io;
    const int number;
    HandshakePlaces::Place place;
  };
  void Begin(const IoThread& io, int number) { fakes.emplace_back(*this, io, number); }

  ManualClock clock;
  IoThread one{clock};
  IoThread other{clock};
  HandshakePlaces places{2};
  std::vector<int> yielded;
  std::list<Fake> fakes;
};

TEST_F(PlacesTest, TheLongestOfTheThreadYieldsToTheNewest) {
  Begin(one, 1);
  Begin(one, 2);
  EXPECT_THAT(yielded, ElementsAre());
  Begin(one, 3);
  EXPECT_THAT(yielded, ElementsAre(1));
  Begin(one, 4);
  EXPECT_THAT(yielded, ElementsAre(1, 2));
  EXPECT_EQ(places.taken(), 2u);
}

TEST_F(PlacesTest, AThreadThatHasNoneGetsOneAndThenGivesUpItsOwn) {
  Begin(one, 1);
  Begin(one, 2);
  Begin(other, 3);
  EXPECT_THAT(yielded, ElementsAre());
  EXPECT_EQ(places.taken(), 3u);
  Begin(other, 4);
  EXPECT_THAT(yielded, ElementsAre(3));
}

TEST_F(PlacesTest, WhoIsDoneMakesRoom) {
  Begin(one, 1);
  Begin(one, 2);
  places.Leave(one, fakes.back().place);
  Begin(one, 3);
  EXPECT_THAT(yielded, ElementsAre());
}

class UnfinishedTest : public TlsServerFixture {
 protected:
  // What a client sends first, as bytes.
  std::string FirstMessage() {
    auto [ours, other] = MemoryStream::MakePair(io.io());
    TlsStream(io.io(), std::move(other), ClientContext()).Handshake();
    char room[4096];
    return std::string(room, ours->TryRead(room).bytes);
  }
};

TEST_F(UnfinishedTest, HoldsNothingOfOpenSslBeforeItsFirstMessageIsWhole) {
  const std::string message = FirstMessage();
  Dial();
  for (const char byte : message.substr(0, message.size() - 1)) Send({&byte, 1});
  EXPECT_EQ(server->handshakes().taken(), 0u);
  EXPECT_LT(io.use().bytes, 4'096u);
  EXPECT_EQ(received, "");
  Send(message.substr(message.size() - 1));
  EXPECT_EQ(server->handshakes().taken(), 1u);
  EXPECT_NE(received, "") << "the server's part of the handshake";
  client->Close();
  Turn();
  EXPECT_EQ(server->handshakes().taken(), 0u);
  EXPECT_EQ(failures, 1);
}

TEST_F(UnfinishedTest, AFirstRecordThatClaimsToBeLongerIsNotWaitedFor) {
  Dial();
  Send(std::string("\x16\x03\x01\x40\x00", 5));
  EXPECT_EQ(server->handshakes().taken(), 1u);
  Send(std::string(0x4000, 'x'));  // all of it, and nothing that begins a handshake
  EXPECT_TRUE(at_end);
}

TEST_F(UnfinishedTest, OfTooManyTheOneThatWaitsLongestEnds) {
  const std::string message = FirstMessage();
  std::vector<std::unique_ptr<MemoryStream>> clients;
  for (size_t i = 0; i < HandshakePlaces::kMost; ++i) {
    Dial();
    Send(message);
    clients.push_back(std::move(client));
  }
  EXPECT_EQ(failures, 0);
  Dial();
  Send(message);
  EXPECT_EQ(server->handshakes().taken(), HandshakePlaces::kMost);
  EXPECT_EQ(failures, 1);
  const auto ended = [](MemoryStream& stream) {
    char room[4096];
    IoResult result;
    do result = stream.TryRead(room);
    while (result.state == State::kDone);
    return result.state == State::kEnd;
  };
  EXPECT_TRUE(ended(*clients[0]));
  EXPECT_FALSE(ended(*clients[1]));
}

}  // namespace
}  // namespace tocsin::http::testing
