#include "common/wire/zmq_caller.h"

#include <array>
#include <zmq.hpp>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/wire/codec.h"
#include "common/wire/zmq_frames.h"

namespace ume {
namespace {

constexpr size_t kKeyBytes = 40;  // Z85

std::string public_key_of(const std::string& secret) {
  std::array<char, kKeyBytes + 1> key{};
  if (secret.size() != kKeyBytes ||
      zmq_curve_public(key.data(), secret.c_str()) != 0) {
    throw ConfigError(
        "the CURVE secret key is not one: expected 40 characters (Z85)");
  }
  return {key.data(), kKeyBytes};
}

}  // namespace

struct ZmqCaller::Connection {
  zmq::context_t context;
  zmq::socket_t socket{context, ZMQ_DEALER};
};

ZmqCaller::ZmqCaller(const ZmqCallerOptions& options) : options_(options) {
  if (options_.server_key.empty() && !is_loopback(options_.endpoint)) {
    throw ConfigError(options_.endpoint +
                      ": another machine is asked only with CURVE keys "
                      "(server_key and key_file)");
  }
  connect();  // finds a bad address or key now
}

ZmqCaller::~ZmqCaller() = default;

void ZmqCaller::connect() {
  connection_ = std::make_unique<Connection>();
  zmq::socket_t& socket = connection_->socket;
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, 2);
  socket.set(zmq::sockopt::rcvhwm, 16);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(kMaxMessageBytes));
  // Queue nothing for a service that is away.
  socket.set(zmq::sockopt::immediate, true);
  socket.set(zmq::sockopt::reconnect_ivl_max, 1000);
  try {
    if (!options_.server_key.empty()) {
      socket.set(zmq::sockopt::curve_serverkey, options_.server_key);
      socket.set(zmq::sockopt::curve_publickey,
                 public_key_of(options_.secret_key));
      socket.set(zmq::sockopt::curve_secretkey, options_.secret_key);
    }
    socket.connect(options_.endpoint);
  } catch (const zmq::error_t& error) {
    throw ConfigError("cannot connect to '" + options_.endpoint +
                      "' (or a key is not one): " + error.what());
  }
}

std::optional<std::string> ZmqCaller::call(
    const std::string& request,
    const std::function<bool(const std::string&)>& accept,
    double timeout_seconds) {
  const SystemClock clock;
  const Deadline deadline(clock, timeout_seconds, options_.endpoint);
  if (!connection_) connect();
  // Not used again unless all goes well: it may still hold old replies.
  auto used = std::move(connection_);
  zmq::socket_t& socket = used->socket;
  bool sent = false;
  while (!deadline.expired()) {
    if (!sent) {
      sent = zmq_wait(socket, ZMQ_POLLOUT, deadline.remaining_seconds()) &&
             zmq_send(socket, {"", request});
      continue;
    }
    if (!zmq_wait(socket, ZMQ_POLLIN, deadline.remaining_seconds())) continue;
    auto frames = zmq_receive(socket);
    if (!frames || frames->size() != 2 || !frames->front().empty()) continue;
    if (accept(frames->back())) {
      connection_ = std::move(used);
      return std::move(frames->back());
    }
  }
  return std::nullopt;
}

bool is_loopback(const std::string& endpoint) {
  if (endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://")) {
    return true;
  }
  constexpr std::string_view kTcp = "tcp://";
  const size_t colon = endpoint.rfind(':');
  if (!endpoint.starts_with(kTcp) || colon < kTcp.size()) return false;
  const std::string host = endpoint.substr(kTcp.size(), colon - kTcp.size());
  if (host == "localhost" || host == "[::1]") return true;
  // 127.0.0.1 and its like; not a name such as 127.0.0.1.example.com.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace ume
