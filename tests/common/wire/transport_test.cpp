#include "common/wire/transport.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "common/error/error.h"
#include "common/wire/memory_transport.h"
#include "common/wire/zmq_transport.h"
#include "tests/common/wire/sample_messages.h"

using namespace ume;
using Catch::Contains;

namespace {

const WireIdentity kServer{"run-1", "coordinator", 0};
const WireIdentity kClient{"run-1", "rollout-0", 0};

// One implementation: a server, and clients of it.
struct Wires {
  std::unique_ptr<RequestServer> server;
  std::function<std::unique_ptr<RequestClient>(const WireIdentity&)> connect;
};

Wires memory_wires() {
  auto hub = std::shared_ptr<MemoryHub>(make_memory_hub());
  return {hub->make_server(kServer), [hub](const WireIdentity& identity) {
            return hub->make_client(identity);
          }};
}

Wires zmq_wires() {
  auto server = make_zmq_server(kServer, {});
  const std::string endpoint = server->endpoint();
  return {std::move(server), [endpoint](const WireIdentity& identity) {
            return make_zmq_client(identity,
                                   {[endpoint] { return endpoint; }, 0.5});
          }};
}

// Serves in a thread of its own until it goes.
class ServerThread {
 public:
  ServerThread(RequestServer& server, RequestHandler handler)
      : thread_([&server, handler = std::move(handler), this] {
          while (!stop_) {
            server.serve_one(handler, 0.01);
          }
        }) {}
  ~ServerThread() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

Reply echo_worker(const Request& request) {
  const auto& lease = std::get<LeaseRequest>(request);
  return RegisterReply{static_cast<uint32_t>(lease.worker)};
}

}  // namespace

TEST_CASE(
    "transport: every request reaches the handler, every reply its call") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    const auto requests = sample_requests();
    const auto replies = sample_replies();
    size_t next = 0;
    std::vector<bool> equal;
    {
      ServerThread server(*wires.server, [&](const Request& request) {
        equal.push_back(request == requests[next % requests.size()]);
        return replies[next++ % replies.size()];
      });
      auto client = wires.connect(kClient);
      for (size_t i = 0; i < replies.size(); ++i) {
        CHECK(
            (client->call(requests[i % requests.size()], 20.0) == replies[i]));
      }
    }
    CHECK(equal == std::vector<bool>(replies.size(), true));
  }
}

TEST_CASE("transport: several clients get each its own replies") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    ServerThread server(*wires.server, echo_worker);
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int worker = 0; worker < 4; ++worker) {
      threads.emplace_back([&, worker] {
        auto client = wires.connect(kClient);
        for (int i = 0; i < 25; ++i) {
          const int number = worker * 100 + i;
          const Reply reply = client->call(LeaseRequest{number}, 20.0);
          wrong[static_cast<size_t>(worker)] +=
              reply != Reply(RegisterReply{static_cast<uint32_t>(number)});
        }
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
    CHECK(wrong == std::vector<int>(4, 0));
  }
}

TEST_CASE("transport: a wait that is too long is named, then calls go on") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    auto client = wires.connect(kClient);
    CHECK_THROWS_AS(client->call(LeaseRequest{1}, 0.05), DeadlineExceeded);
    CHECK_THROWS_WITH(client->call(LeaseRequest{1}, 0.05),
                      Contains("rollout-0 waited") &&
                          Contains("the coordinator") && Contains("'lease'"));
    // The late replies to 1 must not answer 2.
    ServerThread server(*wires.server, echo_worker);
    CHECK((client->call(LeaseRequest{2}, 20.0) == Reply(RegisterReply{2})));
  }
}

TEST_CASE("transport: another run is refused by both names") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    std::atomic<int> num_handled{0};
    ServerThread server(*wires.server, [&](const Request&) {
      ++num_handled;
      return AckReply{};
    });
    auto client = wires.connect({"run-2", "rollout-0", 0});
    CHECK_THROWS_AS(client->call(StatusRequest{}, 20.0), ConfigError);
    CHECK_THROWS_WITH(client->call(StatusRequest{}, 20.0),
                      Contains("'run-1'") && Contains("'run-2'"));
    CHECK(num_handled == 0);
  }
}

TEST_CASE("transport: an unreadable request is refused with the field's name") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    ServerThread server(*wires.server,
                        [](const Request&) { return AckReply{}; });
    auto client = wires.connect(kClient);
    CHECK_THROWS_AS(client->call(LeaseRequest{-1}, 20.0), InvalidInput);
    CHECK_THROWS_WITH(client->call(LeaseRequest{-1}, 20.0),
                      Contains("lease.worker: is -1"));
    CHECK((client->call(LeaseRequest{1}, 20.0) == Reply(AckReply{})));
  }
}

TEST_CASE("transport: what the handler throws reaches the server's owner") {
  for (const auto& make : {memory_wires, zmq_wires}) {
    Wires wires = make();
    auto client = wires.connect(kClient);
    std::thread caller([&] {
      try {
        client->call(StatusRequest{}, 0.5);
      } catch (const DeadlineExceeded&) {
      }
    });
    const auto throwing = [](const Request&) -> Reply {
      throw std::runtime_error("broken");
    };
    bool thrown = false;
    for (int i = 0; i < 500 && !thrown; ++i) {
      try {
        wires.server->serve_one(throwing, 0.01);
      } catch (const std::runtime_error&) {
        thrown = true;
      }
    }
    caller.join();
    CHECK(thrown);
  }
}

TEST_CASE("zmq: a client finds a server that starts again on another port") {
  std::mutex mu;
  std::string endpoint;
  const auto find = [&] {
    std::lock_guard lock(mu);
    return endpoint;
  };
  auto client = make_zmq_client(kClient, {find, 0.05});
  CHECK_THROWS_AS(client->call(LeaseRequest{1}, 0.05), DeadlineExceeded);
  for (int start = 0; start < 3; ++start) {
    auto server = make_zmq_server(kServer, {});
    {
      std::lock_guard lock(mu);
      endpoint = server->endpoint();
    }
    ServerThread thread(*server, echo_worker);
    CHECK((client->call(LeaseRequest{5}, 20.0) == Reply(RegisterReply{5})));
  }
}

TEST_CASE("zmq: a client that waits for a server that hangs finds the next") {
  const auto hangs = make_zmq_server(kServer, {});
  const auto next = make_zmq_server(kServer, {});
  std::atomic<int> num_asked{0};
  const auto find = [&] {
    return (++num_asked <= 2 ? hangs : next)->endpoint();
  };
  // It would send its request again only after the deadline.
  auto client = make_zmq_client(kClient, {find, 600.0});
  ServerThread thread(*next, echo_worker);
  CHECK((client->call(LeaseRequest{5}, 60.0) == Reply(RegisterReply{5})));
}

TEST_CASE("zmq: a client finds a server that starts again on the same port") {
  auto first = make_zmq_server(kServer, {});
  const std::string endpoint = first->endpoint();
  auto client = make_zmq_client(kClient, {[&] { return endpoint; }, 0.05});
  {
    ServerThread thread(*first, echo_worker);
    CHECK((client->call(LeaseRequest{5}, 20.0) == Reply(RegisterReply{5})));
  }
  first.reset();
  CHECK_THROWS_AS(client->call(LeaseRequest{6}, 0.05), DeadlineExceeded);
  auto second = make_zmq_server(kServer, {endpoint, false});
  ServerThread thread(*second, echo_worker);
  CHECK((client->call(LeaseRequest{7}, 20.0) == Reply(RegisterReply{7})));
}

TEST_CASE("zmq: addresses in use, malformed or open to others are refused") {
  auto first = make_zmq_server(kServer, {});
  CHECK_THROWS_AS(make_zmq_server(kServer, {first->endpoint(), false}),
                  Unavailable);
  CHECK_THROWS_WITH(make_zmq_server(kServer, {first->endpoint(), false}),
                    Contains("the port is in use"));
  CHECK_THROWS_AS(make_zmq_server(kServer, {"tcp://0.0.0.0:*", false}),
                  ConfigError);
  CHECK_NOTHROW(make_zmq_server(kServer, {"tcp://0.0.0.0:*", true}));
  CHECK_THROWS_AS(make_zmq_server(kServer, {"tcp://127.0.0.1:x", false}),
                  ConfigError);
}
