#include "common/wire/zmq_frames.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

namespace ume {

bool zmq_wait(zmq::socket_t& socket, short events, double timeout_seconds) {
  zmq::pollitem_t item{socket.handle(), 0, events, 0};
  const double milliseconds =
      std::ceil(std::clamp(timeout_seconds, 0.0, 1e5) * 1e3);
  try {
    zmq::poll(&item, 1, std::chrono::milliseconds(std::lround(milliseconds)));
  } catch (const zmq::error_t& error) {
    if (error.num() == EINTR) {
      return false;
    }
    throw;
  }
  return (item.revents & events) != 0;
}

std::optional<Frames> zmq_receive(zmq::socket_t& socket) {
  Frames frames;
  zmq::message_t part;
  do {
    const auto flags =
        frames.empty() ? zmq::recv_flags::dontwait : zmq::recv_flags::none;
    if (!socket.recv(part, flags)) {
      return std::nullopt;
    }
    frames.push_back(part.to_string());
  } while (part.more());
  return frames;
}

bool zmq_send(zmq::socket_t& socket, const Frames& frames) {
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto more = i + 1 < frames.size() ? zmq::send_flags::sndmore
                                            : zmq::send_flags::none;
    if (!socket.send(zmq::buffer(frames[i]),
                     more | zmq::send_flags::dontwait)) {
      return false;  // only the first part can be refused
    }
  }
  return true;
}

}  // namespace ume
