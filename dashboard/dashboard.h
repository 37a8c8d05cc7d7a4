#pragma once

#include <mutex>
#include <string>

#include "common/http/http_server.h"

namespace ume {

// The newest status of a run as JSON (docs/formats/status.md): written by the
// coordinator's thread, read by the web server's.
class StatusBoard {
 public:
  void set(std::string json);
  // Empty: none yet.
  std::string get() const;

 private:
  mutable std::mutex mutex_;
  std::string json_;  // guarded by mutex_
};

// `/` the live page with its script and style, `/api/status` the JSON,
// `/metrics` Prometheus text, `/healthz` 200 or 503. The board is borrowed and
// outlives the server.
HttpServer::Routes dashboard_routes(const StatusBoard& board);

}  // namespace ume
