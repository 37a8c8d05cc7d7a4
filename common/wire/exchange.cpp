#include "common/wire/internal/exchange.h"

#include <algorithm>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

constexpr double kLongestResendSeconds = 30.0;
// How often a client that waits looks whether the server has moved: it would
// never answer what went to its old place.
constexpr double kLookSeconds = 1.0;

std::string cut(std::string text) {
  constexpr size_t kLongest = 1000;
  if (text.size() > kLongest) {
    text.resize(kLongest);
  }
  // A cut inside a character would not be UTF-8.
  for (char& c : text) {
    c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return text;
}

}  // namespace

Envelope make_envelope(const WireIdentity& identity) {
  Envelope envelope;
  envelope.build_id = UME_BUILD_ID;
  envelope.run_id = identity.run_id;
  envelope.incarnation = identity.incarnation;
  envelope.sender = identity.sender;
  return envelope;
}

FrameClient::FrameClient(const WireIdentity& identity, double resend_seconds)
    : identity_(make_envelope(identity)), resend_seconds_(resend_seconds) {}

Reply FrameClient::call(const Request& request, double timeout_seconds) {
  Envelope envelope = identity_;
  envelope.message_id = ++message_id_;
  envelope.deadline_ms =
      static_cast<int64_t>(std::max(0.0, timeout_seconds * 1e3));
  const Frames frames = encode_request(envelope, request);
  const Deadline deadline(clock_, timeout_seconds, "the reply");
  double pause = resend_seconds_;
  while (!deadline.expired()) {
    const double resend_at = clock_.now_seconds() + pause;
    const auto remaining = [&] {
      return std::min(deadline.remaining_seconds(),
                      std::max(0.0, resend_at - clock_.now_seconds()));
    };
    reconnect();
    const bool sent = send(frames, std::min(remaining(), kLookSeconds));
    if (sent) pause = std::min(2 * pause, kLongestResendSeconds);
    bool moved = false;
    do {
      if (const auto received = receive(std::min(remaining(), kLookSeconds))) {
        if (auto reply = accept(*received)) {
          return std::move(*reply);
        }
      }
      moved = reconnect();
    } while (sent && !moved && remaining() > 0.0);
    if (moved) pause = resend_seconds_;
  }
  throw DeadlineExceeded(identity_.sender + " waited " +
                         short_number(timeout_seconds) + " s for " +
                         server_name() + " to answer its request '" +
                         request_name(request) + "'");
}

std::optional<Reply> FrameClient::accept(const Frames& frames) const {
  Envelope envelope;
  try {
    envelope = decode_envelope(frames);
  } catch (const InvalidInput&) {
    return std::nullopt;  // an answer to nobody knows what
  }
  if (envelope.message_id != message_id_) {
    return std::nullopt;  // late, to a call that was given up
  }
  const std::string mismatch = refusal_of(identity_, envelope);
  if (!mismatch.empty()) {
    throw ConfigError(mismatch);
  }
  if (!envelope.refusal.empty()) {
    throw InvalidInput(server_name() + " refused a message of " +
                       identity_.sender + ": " + envelope.refusal);
  }
  return decode_reply(frames).reply;
}

Answer answer(const WireIdentity& identity,
              const Frames& frames,
              const RequestHandler& handler) {
  Envelope reply = make_envelope(identity);
  RequestMessage message;
  try {
    const Envelope peer = decode_envelope(frames);
    reply.message_id = peer.message_id;
    reply.refusal = cut(refusal_of(reply, peer));
    if (!reply.refusal.empty()) {
      return {encode_refusal(reply), false};
    }
  } catch (const InvalidInput&) {
    return {};  // nobody to answer to
  }
  try {
    message = decode_request(frames);
  } catch (const InvalidInput& error) {
    reply.refusal = cut(error.what());
    return {encode_refusal(reply), false};
  }
  return {encode_reply(reply, handler(message.request)), true};
}

}  // namespace ume
