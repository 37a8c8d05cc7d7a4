#include "common/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"

namespace ume {
namespace {

HttpServer::Routes routes() {
  return {{"/",
           [] {
             return HttpReply{200, "text/html", "<p>page"};
           }},
          {"/broken",
           []() -> HttpReply { throw std::runtime_error("a secret detail"); }}};
}

FileDescriptor connect_to(uint16_t port) {
  FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address),
                    sizeof address) == 0);
  return client;
}

// Until the server closes the connection.
std::string read_all(const FileDescriptor& client) {
  std::string text;
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::recv(client.get(), bytes, sizeof bytes, 0);
    if (count <= 0) return text;
    text.append(bytes, static_cast<size_t>(count));
  }
}

std::string send_raw(uint16_t port, const std::string& request) {
  const FileDescriptor client = connect_to(port);
  ::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
  return read_all(client);
}

std::string get(uint16_t port,
                const std::string& path,
                const std::string& host = "localhost") {
  return send_raw(port, "GET " + path + " HTTP/1.1\r\nHost: " + host +
                            "\r\nConnection: close\r\n\r\n");
}

}  // namespace

TEST_CASE("http server: answers its paths with headers that keep pages safe") {
  const HttpServer server(0, routes());
  REQUIRE(server.port() > 0);
  const std::string reply = get(server.port(), "/");
  CHECK_THAT(reply, Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(reply, Catch::EndsWith("\r\n\r\n<p>page"));
  CHECK_THAT(reply, Catch::Contains("Content-Type: text/html"));
  CHECK_THAT(reply, Catch::Contains("Content-Security-Policy: default-src "
                                    "'none'; script-src 'self'"));
  CHECK_THAT(reply, Catch::Contains("X-Content-Type-Options: nosniff"));
}

TEST_CASE(
    "http server: unknown paths, other methods and failures are told apart") {
  const HttpServer server(0, routes());
  CHECK_THAT(get(server.port(), "/etc/passwd"),
             Catch::StartsWith("HTTP/1.1 404"));
  CHECK_THAT(get(server.port(), "/../"), Catch::StartsWith("HTTP/1.1 404"));
  CHECK_THAT(send_raw(server.port(),
                      "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: "
                      "close\r\nContent-Length: 4\r\n\r\nbody"),
             Catch::StartsWith("HTTP/1.1 405"));
  const std::string broken = get(server.port(), "/broken");
  CHECK_THAT(broken, Catch::StartsWith("HTTP/1.1 500"));
  CHECK_THAT(broken, !Catch::Contains("secret"));
}

TEST_CASE(
    "http server: only loopback names are answered, against DNS rebinding") {
  const HttpServer server(0, routes());
  const std::string port = std::to_string(server.port());
  CHECK_THAT(get(server.port(), "/", "127.0.0.1:" + port),
             Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(get(server.port(), "/", "evil.example"),
             Catch::StartsWith("HTTP/1.1 403"));
  CHECK_THAT(send_raw(server.port(),
                      "GET / HTTP/1.1\r\nHost: localhost\r\nHost: "
                      "evil.example\r\nConnection: close\r\n\r\n"),
             Catch::StartsWith("HTTP/1.1 4"));
  CHECK_THAT(
      send_raw(server.port(), "GET / HTTP/1.0\r\n\r\n"),
      Catch::StartsWith("HTTP/1.1 403") || Catch::StartsWith("HTTP/1.0 403"));
}

TEST_CASE("http server: loopback names are recognised with and without port") {
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1",
                           "127.0.0.1:8080", "[::1]", "[::1]:8080"}) {
    INFO(host);
    CHECK(is_loopback_host(host));
  }
  for (const char* host :
       {"", "localhost.evil.example", "127.0.0.1.evil", "evil:localhost",
        "127.0.0.2", "localhost:80x", "::1"}) {
    INFO(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}

TEST_CASE("http server: endless headers are refused, bounded in memory") {
  const HttpServer server(0, routes());
  const FileDescriptor client = connect_to(server.port());
  const std::string start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
  ::send(client.get(), start.data(), start.size(), MSG_NOSIGNAL);
  const std::string piece(64 * 1024, 'a');
  size_t sent = 0;
  while (sent < size_t{200} << 20) {
    const ssize_t count =
        ::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += static_cast<size_t>(count);
  }
  CHECK(sent < size_t{16} << 20);  // what socket buffers hold, not 200 MB
  CHECK_THAT(get(server.port(), "/"), Catch::StartsWith("HTTP/1.1 200"));
}

TEST_CASE("http server: a silent connection is closed") {
  HttpLimits limits;
  limits.idle_seconds = 1;
  const HttpServer server(0, routes(), limits);
  const FileDescriptor client = connect_to(server.port());
  ::send(client.get(), "GET /", 5, MSG_NOSIGNAL);
  CHECK_THAT(read_all(client), !Catch::Contains("200"));  // and it returns
}

TEST_CASE("http server: a port in use is named, with exit code 69") {
  const HttpServer first(0, routes());
  try {
    const HttpServer second(first.port(), routes());
    FAIL("two servers on one port");
  } catch (const Unavailable& error) {
    CHECK(error.code() == ExitCode::kUnavailable);
    CHECK_THAT(error.what(),
               Catch::Contains("port " + std::to_string(first.port())));
    CHECK_THAT(error.what(), Catch::Contains("in use"));
  }
}

TEST_CASE("http server: its port is free again at its end") {
  uint16_t port = 0;
  {
    const HttpServer server(0, routes());
    port = server.port();
  }
  CHECK_NOTHROW(HttpServer(port, routes()));
}

}  // namespace ume
