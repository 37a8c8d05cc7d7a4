#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ume {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpLimits {
  uint32_t max_connections = 64;
  uint32_t idle_seconds = 5;              // then a connection is closed
  uint32_t max_header_bytes = 16 * 1024;  // of a request, with our buffers
};

// Answers GET and HEAD of fixed paths on 127.0.0.1, to clients that ask for a
// loopback name (a page elsewhere cannot reach it by DNS rebinding). One thread
// of its own, so handlers must be thread-safe and quick. Every answer carries
// headers that forbid scripts, styles and frames from elsewhere.
class HttpServer {
 public:
  // Called for its path; what it throws becomes a 500 without details.
  using Handler = std::function<HttpReply()>;
  using Routes = std::map<std::string, Handler>;

  // port: 0 for a free one. Throws Unavailable, naming the port, when it is in
  // use or cannot be bound.
  HttpServer(uint16_t port, Routes routes, HttpLimits limits = {});
  // Ends after the requests in progress.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;

 private:
  class Daemon;
  std::unique_ptr<Daemon> daemon_;
};

// Whether a Host header names this machine's loopback: 127.0.0.1, localhost or
// [::1], with or without a port.
bool is_loopback_host(const std::string& host);

}  // namespace ume
