#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace ume {

struct ZmqCallerOptions {
  std::string endpoint;    // tcp://127.0.0.1:PORT or ipc://PATH
  std::string server_key;  // the service's CURVE public key, Z85; empty: plain
  std::string secret_key;  // ours, Z85; with server_key
};

// One request at a time to a service of others (a ROUTER or REP socket). Not
// thread-safe.
class ZmqCaller {
 public:
  // Connects when it is first needed. Throws ConfigError for an address that is
  // malformed, or that other machines have while there are no keys.
  explicit ZmqCaller(const ZmqCallerOptions& options);
  ~ZmqCaller();

  // Sends the request in one frame (behind the empty one that REP wants) and
  // waits for a reply of one frame that `accept` is content with; others are
  // dropped. Nothing when none came in time: the connection is made anew then.
  std::optional<std::string> call(
      const std::string& request,
      const std::function<bool(const std::string&)>& accept,
      double timeout_seconds);

 private:
  struct Connection;
  void connect();

  const ZmqCallerOptions options_;
  std::unique_ptr<Connection> connection_;  // null: not connected
};

// Whether only this machine can have the address.
bool is_loopback(const std::string& endpoint);

}  // namespace ume
