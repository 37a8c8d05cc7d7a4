#pragma once

#include <optional>

#include "common/clock/clock.h"
#include "common/wire/codec.h"
#include "common/wire/transport.h"

// What clients and servers have in common, whatever carries their frames.
namespace ume {

Envelope make_envelope(const WireIdentity& identity);

// call() in terms of a carrier of frames. Repeats a request that stays without
// answer, with growing pauses.
class FrameClient : public RequestClient {
 public:
  FrameClient(const WireIdentity& identity, double resend_seconds);
  Reply call(const Request& request, double timeout_seconds) final;

 protected:
  // Looks whether the server has moved, and turns to where it is now. Returns
  // whether it has. Before each sending, and now and then while waiting.
  virtual bool reconnect() = 0;
  // False when it cannot be sent within the time.
  virtual bool send(const Frames& frames, double timeout_seconds) = 0;
  virtual std::optional<Frames> receive(double timeout_seconds) = 0;
  // For messages, e.g. "tcp://127.0.0.1:5000".
  virtual std::string server_name() const = 0;

 private:
  std::optional<Reply> accept(const Frames& frames) const;

  const Envelope identity_;
  const double resend_seconds_;
  const SystemClock clock_;
  uint64_t message_id_ = 0;
};

struct Answer {
  std::optional<Frames> frames;  // nothing: the message cannot be answered
  bool handled = false;          // by the handler
};

// A server's answer to one message.
Answer answer(const WireIdentity& identity,
              const Frames& frames,
              const RequestHandler& handler);

}  // namespace ume
