#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/wire/transport.h"

namespace ume {

struct ZmqServerOptions {
  // "tcp://127.0.0.1:*" takes any free port.
  std::string bind = "tcp://127.0.0.1:*";
  // Without keys a port that other machines reach is refused.
  bool allow_other_hosts = false;
};

class ZmqServer : public RequestServer {
 public:
  // Where clients connect, with the port that was taken.
  virtual std::string endpoint() const = 0;
};

// Throws Unavailable when the port is in use, ConfigError for an address that
// is malformed or not loopback while allow_other_hosts is false.
std::unique_ptr<ZmqServer> make_zmq_server(const WireIdentity& identity,
                                           const ZmqServerOptions& options);

struct ZmqClientOptions {
  // Asked at first and whenever a reply does not come: a server that starts
  // again may have another port. Throws or returns "" while there is none.
  std::function<std::string()> endpoint;
  double resend_seconds = 2.0;
};

std::unique_ptr<RequestClient> make_zmq_client(const WireIdentity& identity,
                                               const ZmqClientOptions& options);

}  // namespace ume
