#include <cerrno>
#include <zmq.hpp>

#include "common/error/error.h"
#include "common/wire/internal/exchange.h"
#include "common/wire/zmq_caller.h"
#include "common/wire/zmq_frames.h"
#include "common/wire/zmq_transport.h"

namespace ume {
namespace {

class Server : public ZmqServer {
 public:
  Server(const WireIdentity& identity, const ZmqServerOptions& options)
      : identity_(identity), socket_(context_, ZMQ_ROUTER) {
    if (!options.allow_other_hosts && !is_loopback(options.bind)) {
      throw ConfigError(options.bind +
                        ": other machines could connect without a key; bind "
                        "tcp://127.0.0.1:* instead");
    }
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndhwm, 1000);
    socket_.set(zmq::sockopt::rcvhwm, 1000);
    socket_.set(zmq::sockopt::maxmsgsize,
                static_cast<int64_t>(kMaxMessageBytes));
    socket_.set(zmq::sockopt::heartbeat_ivl, 5000);
    socket_.set(zmq::sockopt::heartbeat_timeout, 15000);
    try {
      socket_.bind(options.bind);
    } catch (const zmq::error_t& error) {
      if (error.num() == EADDRINUSE) {
        throw Unavailable(options.bind + ": the port is in use");
      }
      throw ConfigError(options.bind + ": cannot listen: " + error.what());
    }
    endpoint_ = socket_.get(zmq::sockopt::last_endpoint);
  }

  std::string endpoint() const override { return endpoint_; }

  bool serve_one(const RequestHandler& handler,
                 double timeout_seconds) override {
    if (!zmq_wait(socket_, ZMQ_POLLIN, timeout_seconds)) {
      return false;
    }
    auto parts = zmq_receive(socket_);
    if (!parts) {
      return false;
    }
    // The router puts the sender's address first.
    const std::string sender = std::move(parts->front());
    parts->erase(parts->begin());
    Answer reply = answer(identity_, *parts, handler);
    if (reply.frames) {
      reply.frames->insert(reply.frames->begin(), sender);
      zmq_send(socket_, *reply.frames);  // lost if the sender has gone
    }
    return reply.handled;
  }

 private:
  const WireIdentity identity_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string endpoint_;
};

}  // namespace

std::unique_ptr<ZmqServer> make_zmq_server(const WireIdentity& identity,
                                           const ZmqServerOptions& options) {
  return std::make_unique<Server>(identity, options);
}

}  // namespace ume
