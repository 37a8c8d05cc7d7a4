#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock/deadline.h"

// Messages over a stream socket between two processes of this machine: eight
// bytes of length, little-endian, and the message.
namespace ume {

// False when the other end has gone. Never raises SIGPIPE. The socket is
// non-blocking or not. Throws DeadlineExceeded.
bool send_message(int socket,
                  std::string_view message,
                  const Deadline& deadline);

// Nothing when the other end has gone, also in the middle of a message. Takes
// memory only for bytes that have arrived. Throws InvalidInput for a length
// beyond max_bytes, DeadlineExceeded.
std::optional<std::string> receive_message(int socket,
                                           uint64_t max_bytes,
                                           const Deadline& deadline);

}  // namespace ume
