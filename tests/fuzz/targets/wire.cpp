#include "common/wire/codec.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

// Two lengths, then envelope, body and payload.
Frames take_frames(Bytes input) {
  InputReader reader(input);
  const auto envelope = reader.take<uint8_t>();
  const auto body = reader.take<uint16_t>();
  Frames frames;
  frames.push_back(reader.take_text(envelope));
  frames.push_back(reader.take_text(body));
  frames.push_back(reader.take_rest());
  return frames;
}

}  // namespace

void wire_envelope(Bytes input) {
  accepts([&] {
    const Envelope envelope =
        decode_envelope({std::string(as_text(input)), "", ""});
    UME_CHECK(decode_envelope(encode_refusal(envelope)) == envelope,
              "a written envelope reads differently");
    refusal_of({}, envelope);
  });
}

void wire_request(Bytes input) {
  accepts([&] {
    const RequestMessage message = decode_request(take_frames(input));
    const Frames written = encode_request(message.envelope, message.request);
    const RequestMessage again = decode_request(written);
    UME_CHECK(encode_request(again.envelope, again.request) == written,
              "a written request reads differently");
  });
}

void wire_reply(Bytes input) {
  accepts([&] {
    const ReplyMessage message = decode_reply(take_frames(input));
    const Frames written = encode_reply(message.envelope, message.reply);
    const ReplyMessage again = decode_reply(written);
    UME_CHECK(encode_reply(again.envelope, again.reply) == written,
              "a written reply reads differently");
  });
}

}  // namespace ume::fuzz
