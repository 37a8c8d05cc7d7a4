#include "common/wire/score_codec.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/common/wire/sample_messages.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

ScoreRequest sample_score_request() {
  ScoreRequest request;
  request.request_id = 12;
  request.key = "k1";
  request.deadline_ms = 10000;
  request.params = {{"scale", "2"}};
  request.cohort = sample_cohort();
  // What does not count comes as missing: this protocol has no sources.
  request.cohort.query.embedding_sources.clear();
  request.cohort.target.embedding_sources.clear();
  request.cohort.query.prompts = {"what is this?", "ü"};
  request.cohort.target.prompts = {"a", "b"};
  return request;
}

ScoreReply sample_score_reply() {
  const RewardColumn cells = sample_column("total");
  return {12, "", "mine 1", cells.query, cells.target};
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    const char* digits = "0123456789abcdef";
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out + "\n";
}

const std::string kRequestFile = "tests/fixtures/wire/score_request.hex";
const std::string kReplyFile = "tests/fixtures/wire/score_reply.hex";

}  // namespace

TEST_CASE("score codec: a request and a reply come back as they were") {
  const ScoreRequest request = sample_score_request();
  CHECK(decode_score_request(encode_score_request(request)) == request);
  const ScoreReply reply = sample_score_reply();
  CHECK(decode_score_reply(encode_score_reply(reply), 2) == reply);
  ScoreReply refusal;
  refusal.refusal = "not today";
  CHECK(decode_score_reply(encode_score_reply(refusal), 2) == refusal);
}

TEST_CASE("score codec: the bytes are those that were recorded") {
  CHECK(hex(encode_score_request(sample_score_request())) ==
        read_file(kRequestFile));
  CHECK(hex(encode_score_reply(sample_score_reply())) == read_file(kReplyFile));
}

// Run by hand after adding a field: ume_tests_common "[record-wire]".
TEST_CASE("score codec: record the bytes", "[.][record-wire]") {
  write_file_atomic(kRequestFile,
                    hex(encode_score_request(sample_score_request())));
  write_file_atomic(kReplyFile, hex(encode_score_reply(sample_score_reply())));
}

TEST_CASE("score codec: lengths that do not fit the shape are named") {
  const auto refused = [](auto change, const char* part) {
    ScoreRequest request = sample_score_request();
    change(request.cohort);
    CHECK_THROWS_WITH(decode_score_request(encode_score_request(request)),
                      Contains(part));
  };
  refused([](Cohort& c) { c.num_pairs = 0; }, "num_pairs: is 0");
  refused([](Cohort& c) { c.group_size = 1 << 20; }, "group_size");
  refused([](Cohort& c) { c.num_pairs = c.group_size = 1 << 16; },
          "num_pairs * group_size");
  refused([](Cohort& c) { c.dim = 3; }, "gen_embeddings: has 8 elements");
  refused([](Cohort& c) { c.query.completions.pop_back(); },
          "query.completions: has 3 elements");
  refused([](Cohort& c) { c.target.has_embedding.push_back(1); },
          "target.has_embedding");
  refused([](Cohort& c) { c.target.prompts.pop_back(); }, "target.prompts");
  refused([](Cohort& c) { c.sources.push_back("x"); }, "sources");
  CHECK_THROWS_WITH(
      decode_score_reply(encode_score_reply(sample_score_reply()), 3),
      Contains("query.values: has 2 elements"));
}

TEST_CASE("score codec: no bytes crash or hang it") {
  ScoreRequest plain = sample_score_request();
  // They end the message and may be left out: a cut before them is no error.
  plain.cohort.query_digests.clear();
  plain.cohort.target_digests.clear();
  plain.cohort.duplicate_ids.clear();
  const std::string good = encode_score_request(plain);
  for (size_t cut = 0; cut < good.size(); ++cut) {
    CHECK_THROWS_AS(decode_score_request(good.substr(0, cut)), InvalidInput);
  }
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x5a);
    try {
      decode_score_request(bad);
    } catch (const InvalidInput&) {
    }
  }
  CHECK_THROWS_AS(decode_score_reply(std::string(1000, '\xff'), 2),
                  InvalidInput);
  ScoreRequest request = sample_score_request();
  request.cohort.query.completions[0] = "\xff";
  CHECK_THROWS_WITH(encode_score_request(request), Contains("not UTF-8"));
}

TEST_CASE("score codec: values that are no numbers arrive for the caller") {
  ScoreReply reply = sample_score_reply();
  reply.query[0].value = std::numeric_limits<double>::infinity();
  CHECK(decode_score_reply(encode_score_reply(reply), 2).query[0].value ==
        std::numeric_limits<double>::infinity());
}
