#include "common/process/message_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

void wait_for(int socket, short events, const Deadline& deadline) {
  pollfd item{socket, events, 0};
  const double ms = std::min(std::ceil(deadline.remaining_seconds() * 1e3),
                             60000.0);  // and again
  poll(&item, 1, static_cast<int>(ms));
  deadline.check();
}

bool would_block(ssize_t result) {
  return result < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

bool send_bytes(int socket, std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (would_block(sent)) {
      wait_for(socket, POLLOUT, deadline);
    } else if (sent < 0) {
      return false;
    } else {
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  return true;
}

// Appends `size` bytes to `out`; false at the stream's end.
bool receive_bytes(int socket,
                   uint64_t size,
                   std::string& out,
                   const Deadline& deadline) {
  const uint64_t end = out.size() + size;
  while (out.size() < end) {
    const size_t have = out.size();
    const size_t piece = std::min<uint64_t>(kPieceBytes, end - have);
    out.resize(have + piece);
    const ssize_t got = ::recv(socket, out.data() + have, piece, MSG_DONTWAIT);
    out.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (would_block(got)) {
      wait_for(socket, POLLIN, deadline);
    } else if (got <= 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool send_message(int socket,
                  std::string_view message,
                  const Deadline& deadline) {
  const uint64_t size = message.size();
  char header[sizeof(size)];
  std::memcpy(header, &size, sizeof(size));
  return send_bytes(socket, {header, sizeof(header)}, deadline) &&
         send_bytes(socket, message, deadline);
}

std::optional<std::string> receive_message(int socket,
                                           uint64_t max_bytes,
                                           const Deadline& deadline) {
  std::string header;
  if (!receive_bytes(socket, sizeof(uint64_t), header, deadline)) {
    return std::nullopt;
  }
  uint64_t size = 0;
  std::memcpy(&size, header.data(), sizeof(size));
  if (size > max_bytes) {
    throw InvalidInput("a message says that it has " + std::to_string(size) +
                       " bytes, at most " + std::to_string(max_bytes) +
                       " are allowed");
  }
  std::string message;
  if (!receive_bytes(socket, size, message, deadline)) return std::nullopt;
  return message;
}

}  // namespace ume
