#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ume {

struct HttpPost {
  std::string url;  // http:// or https://; certificates are checked
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  double timeout_seconds = 10.0;  // for all of it, from resolving to last byte
  uint64_t max_response_bytes = uint64_t{1} << 20;  // of body, and of headers
};

struct HttpResponse {
  int64_t status = 0;
  std::string body;
  double retry_after_seconds = 0.0;  // of Retry-After, as time or date; 0: none
};

// Both in lower case; an IPv6 host is in brackets.
struct UrlParts {
  std::string scheme;
  std::string host;
};

// As the client will understand it: what stands before an @ is a name and a
// password, not the host. Throws InvalidInput for what is no URL.
UrlParts parse_url(const std::string& url);

// Keeps its connection from call to call. Follows no redirects, uses no proxy.
// Not thread-safe.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Throws DeadlineExceeded; InvalidInput for an answer that is too long;
  // Unavailable for everything else that keeps an answer away.
  HttpResponse post(const HttpPost& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace ume
