#pragma once

#include <functional>
#include <string>

#include "common/types/messages.h"

// One request, one reply, started by a role. The same encoded frames travel
// over every implementation: make_memory_hub (memory_transport.h) inside one
// process, make_zmq_client and make_zmq_server (zmq_transport.h) between them.
namespace ume {

// What a process says about itself in each envelope.
struct WireIdentity {
  std::string run_id;
  std::string sender;  // e.g. "rollout-1", "coordinator"
  uint32_t incarnation = 0;
};

// Used by one thread at a time; a second thread takes a client of its own.
class RequestClient {
 public:
  virtual ~RequestClient() = default;
  // Sends and waits for the reply to this very request; a late reply to an
  // earlier one is dropped. Connects, and connects again, by itself, and
  // repeats the request meanwhile: a request may reach the server twice.
  // After an exception it may be called again.
  // Throws DeadlineExceeded naming the wait; ConfigError when the server is of
  // another protocol or run; InvalidInput when the server found the request
  // unreadable, or the reply is.
  virtual Reply call(const Request& request, double timeout_seconds) = 0;
};

using RequestHandler = std::function<Reply(const Request&)>;

// Used by one thread.
class RequestServer {
 public:
  virtual ~RequestServer() = default;
  // Waits at most `timeout_seconds` for one request, calls the handler and
  // sends its reply. False: none came, or one came that was refused (another
  // protocol, another run, unreadable) without the handler. What the handler
  // throws goes to the caller, and no reply is sent.
  virtual bool serve_one(const RequestHandler& handler,
                         double timeout_seconds) = 0;
};

}  // namespace ume
