#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/messages.h"

// Requests and replies as bytes (docs/formats/wire.md).
namespace ume {

constexpr uint32_t kProtocolMajor = 1;
constexpr uint32_t kProtocolMinor = 2;
constexpr uint64_t kMaxMessageBytes = uint64_t{64} << 20;

// Precedes every message.
struct Envelope {
  uint32_t protocol_major = kProtocolMajor;
  uint32_t protocol_minor = kProtocolMinor;
  std::string build_id;  // informs; never refused
  std::string run_id;
  uint32_t incarnation = 0;
  std::string sender;       // e.g. "rollout-1"
  uint64_t message_id = 0;  // a reply repeats its request's
  int64_t deadline_ms = 0;  // how long the sender will still wait
  // Set by a server that did not hand the request to its handler; the reply
  // has no body then.
  std::string refusal;
  bool operator==(const Envelope&) const = default;
};

// [envelope, body, payload]: two Protobuf messages, and the little-endian
// arrays that the body points into.
using Frames = std::vector<std::string>;

struct RequestMessage {
  Envelope envelope;
  Request request;
};
struct ReplyMessage {
  Envelope envelope;
  Reply reply;
};

// Throw InvalidInput for a value that the wire cannot carry (a text that is not
// UTF-8, a token id below 0 or above 2^31-1).
Frames encode_request(const Envelope& envelope, const Request& request);
Frames encode_reply(const Envelope& envelope, const Reply& reply);
// A reply of which only the envelope, with its refusal, exists.
Frames encode_refusal(const Envelope& envelope);

// "lease", "group_result", …: the kind's name in ume.proto.
std::string request_name(const Request& request);
std::string reply_name(const Reply& reply);

// The envelope alone; enough to answer a message that cannot be read further.
// Throws InvalidInput.
Envelope decode_envelope(const Frames& frames);

// Throw InvalidInput that names the message and the field: wrong number of
// frames, unreadable Protobuf, unset or unknown kind, enumerator out of range,
// arrays whose lengths disagree, numbers that must be finite and are not, sizes
// beyond their caps. Unknown fields of a newer minor version are ignored.
RequestMessage decode_request(const Frames& frames);
ReplyMessage decode_reply(const Frames& frames);

// Why a message of `peer` is refused by a process of `own`: another protocol
// major or another run id, naming both; empty: it is not.
std::string refusal_of(const Envelope& own, const Envelope& peer);

}  // namespace ume
