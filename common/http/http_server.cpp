#include "common/http/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"

namespace ume {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 6> kHeaders = {{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
}};

// Bound and listening. MHD's own binding would not say why it failed.
FileDescriptor listen_on(uint16_t port) {
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!listener ||
      ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof address) ||
      ::listen(listener.get(), SOMAXCONN)) {
    const int error = errno;
    const std::string where = "port " + std::to_string(port) + " on 127.0.0.1";
    if (error == EADDRINUSE) {
      throw Unavailable(where +
                        " is in use; choose another or 0 for a free one");
    }
    throw Unavailable(where + " cannot be bound: " + std::strerror(error));
  }
  return listener;
}

uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

MHD_Result send(MHD_Connection* connection, const HttpReply& reply) {
  MHD_Response* response = MHD_create_response_from_buffer(
      reply.body.size(), const_cast<char*>(reply.body.data()),
      MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, "Content-Type", reply.content_type.c_str());
  for (const auto& [name, value] : kHeaders) {
    MHD_add_response_header(response, name, value);
  }
  if (reply.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
    MHD_add_response_header(response, "Allow", "GET, HEAD");
  }
  const MHD_Result queued = MHD_queue_response(
      connection, static_cast<unsigned>(reply.status), response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result count_host(void* data,
                      MHD_ValueKind,
                      const char* key,
                      const char* value) {
  auto& hosts = *static_cast<std::vector<std::string>*>(data);
  if (strcasecmp(key, "Host") == 0) hosts.emplace_back(value ? value : "");
  return MHD_YES;
}

bool asks_for_loopback(MHD_Connection* connection) {
  std::vector<std::string> hosts;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &count_host, &hosts);
  return hosts.size() == 1 && is_loopback_host(hosts.front());
}

HttpReply answer(const HttpServer::Routes& routes,
                 MHD_Connection* connection,
                 const std::string& path,
                 const std::string& method) {
  if (method != "GET" && method != "HEAD") return {405, "text/plain", "GET\n"};
  if (!asks_for_loopback(connection)) {
    return {403, "text/plain", "ask for localhost or 127.0.0.1\n"};
  }
  const auto route = routes.find(path);
  if (route == routes.end()) return {404, "text/plain", "not here\n"};
  try {
    return route->second();
  } catch (const std::exception&) {
    return {500, "text/plain", "failed\n"};
  }
}

MHD_Result on_request(void* routes,
                      MHD_Connection* connection,
                      const char* url,
                      const char* method,
                      const char*,
                      const char*,
                      size_t*,
                      void**) {
  // Answered at the headers: a body, if any, is not read.
  return send(connection,
              answer(*static_cast<const HttpServer::Routes*>(routes),
                     connection, url, method));
}

}  // namespace

class HttpServer::Daemon {
 public:
  Daemon(uint16_t port, Routes routes, const HttpLimits& limits)
      : routes_(std::move(routes)), listener_(listen_on(port)) {
    port_ = port_of(listener_.get());
    const int given = ::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0);
    daemon_ = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, nullptr, nullptr,
        &on_request, &routes_, MHD_OPTION_LISTEN_SOCKET, given,
        MHD_OPTION_CONNECTION_LIMIT, limits.max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, limits.idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        static_cast<size_t>(limits.max_header_bytes), MHD_OPTION_END);
    if (daemon_ == nullptr) {
      throw Unavailable("the web server cannot be started on port " +
                        std::to_string(port_));
    }
    listener_.reset();  // MHD closes the one that it was given
  }
  ~Daemon() { MHD_stop_daemon(daemon_); }
  uint16_t port() const { return port_; }

 private:
  Routes routes_;
  FileDescriptor listener_;
  uint16_t port_ = 0;
  MHD_Daemon* daemon_ = nullptr;
};

HttpServer::HttpServer(uint16_t port, Routes routes, HttpLimits limits)
    : daemon_(std::make_unique<Daemon>(port, std::move(routes), limits)) {}

HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const {
  return daemon_->port();
}

bool is_loopback_host(const std::string& host) {
  std::string name = host;
  const size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && host.back() != ']';
  if (has_port) {
    const std::string port = host.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(),
                     [](unsigned char c) { return std::isdigit(c); })) {
      return false;
    }
    name = host.substr(0, colon);
  }
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

}  // namespace ume
