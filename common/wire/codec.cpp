#include "common/wire/codec.h"

#include <google/protobuf/stubs/logging.h>

#include "common/error/error.h"
#include "common/wire/internal/arrays.h"
#include "common/wire/internal/proto_bodies.h"
#include "common/wire/internal/proto_values.h"
#include "common/wire/ume.pb.h"

namespace ume {
namespace {

constexpr size_t kNumFrames = 3;
constexpr size_t kMaxEnvelopeBytes = 64 << 10;

std::string put_envelope(const Envelope& envelope) {
  v1::Envelope out;
  out.set_protocol_major(envelope.protocol_major);
  out.set_protocol_minor(envelope.protocol_minor);
  out.set_build_id(utf8(envelope.build_id, "build_id"));
  out.set_run_id(utf8(envelope.run_id, "run_id"));
  out.set_incarnation(envelope.incarnation);
  out.set_sender(utf8(envelope.sender, "sender"));
  out.set_message_id(envelope.message_id);
  out.set_deadline_ms(envelope.deadline_ms);
  out.set_refusal(utf8(envelope.refusal, "refusal"));
  return out.SerializeAsString();
}

template <class Message>
Message parse(const std::string& frame, const char* what) {
  // Protobuf would print a line for each bad message, at a stranger's will.
  static const auto silenced = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silenced);
  Message message;
  if (!message.ParseFromString(frame)) {
    throw InvalidInput(std::string("the ") + what + " of a message (" +
                       std::to_string(frame.size()) +
                       " bytes) is not readable");
  }
  return message;
}

void check_frames(const Frames& frames) {
  if (frames.size() != kNumFrames) {
    throw InvalidInput("a message has " + std::to_string(frames.size()) +
                       " frames, expected " + std::to_string(kNumFrames));
  }
  size_t num_bytes = 0;
  for (const std::string& frame : frames) {
    num_bytes += frame.size();
  }
  if (num_bytes > kMaxMessageBytes || frames[0].size() > kMaxEnvelopeBytes) {
    throw InvalidInput("a message of " + std::to_string(num_bytes) +
                       " bytes is too large");
  }
}

}  // namespace

// Names in the order of the variants.
std::string request_name(const Request& request) {
  static const char* const kNames[] = {
      "register", "lease",         "renew",   "group_result",
      "cohort",   "reward_result", "work",    "work_done",
      "progress", "status",        "shutdown"};
  static_assert(std::size(kNames) == std::variant_size_v<Request>);
  return kNames[request.index()];
}

std::string reply_name(const Reply& reply) {
  static const char* const kNames[] = {"register", "wait", "stop",
                                       "refused",  "ack",  "lease",
                                       "cohort",   "work", "status"};
  static_assert(std::size(kNames) == std::variant_size_v<Reply>);
  return kNames[reply.index()];
}

Frames encode_request(const Envelope& envelope, const Request& request) {
  v1::RequestBody body;
  ArrayWriter arrays;
  put_request(request, &body, arrays);
  return {put_envelope(envelope), body.SerializeAsString(), arrays.take()};
}

Frames encode_reply(const Envelope& envelope, const Reply& reply) {
  v1::ReplyBody body;
  ArrayWriter arrays;
  put_reply(reply, &body, arrays);
  return {put_envelope(envelope), body.SerializeAsString(), arrays.take()};
}

Frames encode_refusal(const Envelope& envelope) {
  return {put_envelope(envelope), "", ""};
}

Envelope decode_envelope(const Frames& frames) {
  check_frames(frames);
  const auto in = parse<v1::Envelope>(frames[0], "envelope");
  const Field field{nullptr, "envelope"};
  Envelope out;
  out.protocol_major = in.protocol_major();
  out.protocol_minor = in.protocol_minor();
  out.build_id = name(in.build_id(), {&field, "build_id"});
  out.run_id = name(in.run_id(), {&field, "run_id"});
  out.incarnation = in.incarnation();
  out.sender = name(in.sender(), {&field, "sender"});
  out.message_id = in.message_id();
  out.deadline_ms =
      integer(in.deadline_ms(), 0, INT64_MAX, {&field, "deadline_ms"});
  out.refusal = name(in.refusal(), {&field, "refusal"});
  return out;
}

RequestMessage decode_request(const Frames& frames) {
  RequestMessage message{decode_envelope(frames), {}};
  const auto body = parse<v1::RequestBody>(frames[1], "body");
  ArrayReader arrays(frames[2]);
  message.request = get_request(body, arrays);
  return message;
}

ReplyMessage decode_reply(const Frames& frames) {
  ReplyMessage message{decode_envelope(frames), {}};
  const auto body = parse<v1::ReplyBody>(frames[1], "body");
  ArrayReader arrays(frames[2]);
  message.reply = get_reply(body, arrays);
  return message;
}

std::string refusal_of(const Envelope& own, const Envelope& peer) {
  if (own.protocol_major != peer.protocol_major) {
    return own.sender + " speaks protocol " +
           std::to_string(own.protocol_major) + ", " + peer.sender +
           " protocol " + std::to_string(peer.protocol_major) +
           ": install the same version on both";
  }
  if (own.run_id != peer.run_id) {
    return own.sender + " belongs to run '" + own.run_id + "', " + peer.sender +
           " to run '" + peer.run_id + "'";
  }
  return "";
}

}  // namespace ume
