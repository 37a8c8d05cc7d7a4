#pragma once

#include <zmq.hpp>

#include <optional>
#include <vector>

#include "common/wire/codec.h"

namespace ume {

// Waits until one of `events` (ZMQ_POLLIN, ZMQ_POLLOUT) can happen; false after
// the time or on a signal.
bool zmq_wait(zmq::socket_t& socket, short events, double timeout_seconds);

// The parts of one whole message that has arrived; nothing when none has.
std::optional<Frames> zmq_receive(zmq::socket_t& socket);

// False when the queue is full or there is nobody to send to.
bool zmq_send(zmq::socket_t& socket, const Frames& frames);

}  // namespace ume
