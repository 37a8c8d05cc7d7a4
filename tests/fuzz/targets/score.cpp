// What others' reward services and judges answer, and what a plug-in's process
// is asked.
#include <cmath>

#include "common/text/utf8.h"
#include "common/wire/score_codec.h"
#include "reward/judge/judge_prompt.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

void score_request(Bytes input) {
  accepts([&] {
    const ScoreRequest request = decode_score_request(as_text(input));
    const std::string bytes = encode_score_request(request);
    // Bytes are compared: an embedding may be NaN.
    UME_CHECK(encode_score_request(decode_score_request(bytes)) == bytes,
              "a request changes on its way");
  });
}

// The first byte says how many rows a side were asked about.
void score_reply(Bytes input) {
  InputReader reader(input);
  const auto rows = static_cast<size_t>(reader.take<uint8_t>() % 8);
  const std::string bytes = reader.take_rest();
  accepts([&] {
    const ScoreReply reply =
        decode_score_reply(bytes, static_cast<int64_t>(rows));
    const size_t expected = reply.refusal.empty() ? rows : 0;
    UME_CHECK(reply.query.size() == expected, "cells are missing");
    UME_CHECK(reply.target.size() == expected, "cells are missing");
    const std::string again = encode_score_reply(reply);
    UME_CHECK(encode_score_reply(decode_score_reply(
                  again, static_cast<int64_t>(rows))) == again,
              "a reply changes on its way");
  });
}

void judge_score(Bytes input) {
  const JudgeScore score =
      ume::judge_score(std::string(as_text(input)), 0.0, 1.0);
  if (score.valid) {
    UME_CHECK(score.value >= 0.0 && score.value <= 1.0, "out of range");
    return;
  }
  UME_CHECK(!score.reason.empty() && is_valid_utf8(score.reason),
            "no reason that can be told");
  UME_CHECK(score.reason.size() < 1024, "an answer is repeated at length");
}

}  // namespace ume::fuzz
