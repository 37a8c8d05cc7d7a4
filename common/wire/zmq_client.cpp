#include <algorithm>
#include <memory>
#include <zmq.hpp>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/wire/internal/exchange.h"
#include "common/wire/zmq_frames.h"
#include "common/wire/zmq_transport.h"

namespace ume {
namespace {

class ZmqClient : public FrameClient {
 public:
  ZmqClient(const WireIdentity& identity, const ZmqClientOptions& options)
      : FrameClient(identity, options.resend_seconds),
        find_endpoint_(options.endpoint) {}

 protected:
  bool reconnect() override {
    std::string endpoint;
    try {
      endpoint = find_endpoint_();
    } catch (const IoError&) {
      return false;  // not written yet; asked again later
    }
    if (endpoint.empty() || endpoint == endpoint_) {
      return false;
    }
    auto socket = std::make_unique<zmq::socket_t>(context_, ZMQ_DEALER);
    socket->set(zmq::sockopt::linger, 0);
    socket->set(zmq::sockopt::sndhwm, 16);
    socket->set(zmq::sockopt::rcvhwm, 16);
    socket->set(zmq::sockopt::maxmsgsize,
                static_cast<int64_t>(kMaxMessageBytes));
    // Queue nothing for a server that is away: it would get old requests.
    socket->set(zmq::sockopt::immediate, true);
    socket->set(zmq::sockopt::reconnect_ivl_max, 1000);
    // Finds connections that died without a word.
    socket->set(zmq::sockopt::heartbeat_ivl, 5000);
    socket->set(zmq::sockopt::heartbeat_timeout, 15000);
    try {
      socket->connect(endpoint);
    } catch (const zmq::error_t& error) {
      throw ConfigError("cannot connect to '" + endpoint +
                        "': " + error.what());
    }
    socket_ = std::move(socket);
    endpoint_ = endpoint;
    return true;
  }

  bool send(const Frames& frames, double timeout_seconds) override {
    return socket_ && zmq_wait(*socket_, ZMQ_POLLOUT, timeout_seconds) &&
           zmq_send(*socket_, frames);
  }

  std::optional<Frames> receive(double timeout_seconds) override {
    if (!socket_) {
      nap(std::min(timeout_seconds, 0.02));  // until there is an endpoint
      return std::nullopt;
    }
    if (!zmq_wait(*socket_, ZMQ_POLLIN, timeout_seconds)) {
      return std::nullopt;
    }
    return zmq_receive(*socket_);
  }

  std::string server_name() const override {
    return endpoint_.empty() ? "a coordinator without an endpoint"
                             : "the coordinator at " + endpoint_;
  }

 private:
  const std::function<std::string()> find_endpoint_;
  zmq::context_t context_;
  std::string endpoint_;
  std::unique_ptr<zmq::socket_t> socket_;
};

}  // namespace

std::unique_ptr<RequestClient> make_zmq_client(
    const WireIdentity& identity, const ZmqClientOptions& options) {
  return std::make_unique<ZmqClient>(identity, options);
}

}  // namespace ume
