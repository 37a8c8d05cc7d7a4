#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>

#include "common/error/error.h"
#include "common/http/http_client.h"

namespace ume {
namespace {

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What has arrived, up to a limit.
struct Received {
  std::string body;
  uint64_t header_bytes = 0;
  uint64_t limit = 0;
  bool too_long = false;
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto* received = static_cast<Received*>(user);
  if (received->body.size() + size * count > received->limit) {
    received->too_long = true;
    return 0;
  }
  received->body.append(data, size * count);
  return size * count;
}

size_t take_header(char*, size_t size, size_t count, void* user) {
  auto* received = static_cast<Received*>(user);
  received->header_bytes += size * count;
  if (received->header_bytes > received->limit) {
    received->too_long = true;
    return 0;
  }
  return size * count;
}

using HeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

HeaderList header_list(const std::vector<std::string>& headers) {
  HeaderList list(nullptr, curl_slist_free_all);
  for (const std::string& header : headers) {
    curl_slist* longer = curl_slist_append(list.get(), header.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

// Throws InvalidInput where the URL has no such part.
std::string part_of(CURLU* url, CURLUPart part, const std::string& text) {
  char* found = nullptr;
  if (curl_url_get(url, part, &found, 0) != CURLUE_OK) {
    throw InvalidInput("not a URL with a scheme and a host: " + text);
  }
  std::string out = found;
  curl_free(found);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

UrlParts parse_url(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> handle(curl_url(),
                                                        curl_url_cleanup);
  if (!handle) throw std::bad_alloc();
  if (curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    throw InvalidInput("not a URL: " + url);
  }
  return {part_of(handle.get(), CURLUPART_SCHEME, url),
          part_of(handle.get(), CURLUPART_HOST, url)};
}

struct HttpClient::Handle {
  Handle() : curl(curl_easy_init(), curl_easy_cleanup) {
    if (!curl) throw Unavailable("libcurl cannot be started");
  }
  std::unique_ptr<CURL, void (*)(CURL*)> curl;
};

HttpClient::HttpClient() {
  start_curl();
  handle_ = std::make_unique<Handle>();
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::post(const HttpPost& request) {
  CURL* curl = handle_->curl.get();
  curl_easy_reset(curl);  // keeps connections
  const HeaderList headers = header_list(request.headers);
  Received received;
  received.limit = request.max_response_bytes;
  const auto ms = std::lround(std::ceil(request.timeout_seconds * 1e3));
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max(1L, ms));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &received);
  const CURLcode code = curl_easy_perform(curl);
  if (received.too_long) {
    throw InvalidInput(request.url + ": the answer is longer than " +
                       std::to_string(request.max_response_bytes) + " bytes");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    throw DeadlineExceeded(request.url + ": no whole answer within " +
                           std::to_string(ms) + " ms");
  }
  if (code != CURLE_OK) {
    throw Unavailable(request.url + ": " + curl_easy_strerror(code));
  }
  HttpResponse response;
  response.body = std::move(received.body);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
  response.retry_after_seconds = static_cast<double>(retry_after);
  return response;
}

}  // namespace ume
