#include "common/wire/codec.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/random/philox.h"
#include "tests/common/wire/sample_messages.h"

using namespace ume;
using Catch::Contains;

namespace {

Envelope sample_envelope() {
  return {kProtocolMajor,
          kProtocolMinor,
          "0.1.0",
          "run-1",
          3,
          "rollout-1",
          42,
          5000,
          ""};
}

std::string hex(const Frames& frames) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::string& frame : frames) {
    for (char c : frame) {
      const auto byte = static_cast<unsigned char>(c);
      text.push_back(kDigits[byte >> 4]);
      text.push_back(kDigits[byte & 15]);
    }
    text.push_back('\n');
  }
  return text;
}

struct NamedFrames {
  std::string name;
  Frames frames;
};

std::vector<NamedFrames> all_samples() {
  std::vector<NamedFrames> all;
  for (const Request& request : sample_requests()) {
    all.push_back({request_name(request) + "_request",
                   encode_request(sample_envelope(), request)});
  }
  for (const Reply& reply : sample_replies()) {
    std::string name = reply_name(reply) + "_reply";
    if (const auto* work = std::get_if<WorkReply>(&reply)) {
      name += "_" + std::to_string(work->item.index());
    }
    all.push_back({name, encode_reply(sample_envelope(), reply)});
  }
  return all;
}

std::string golden_path(const std::string& name) {
  return "tests/fixtures/wire/" + name + ".hex";
}

void check_refused(const Request& request, const std::string& message) {
  const Frames frames = encode_request(sample_envelope(), request);
  CHECK_THROWS_AS(decode_request(frames), InvalidInput);
  CHECK_THROWS_WITH(decode_request(frames), Contains(message));
}
void check_refused(const Reply& reply, const std::string& message) {
  const Frames frames = encode_reply(sample_envelope(), reply);
  CHECK_THROWS_AS(decode_reply(frames), InvalidInput);
  CHECK_THROWS_WITH(decode_reply(frames), Contains(message));
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("codec: every kind of message comes back as it was sent") {
  const auto requests = sample_requests();
  CHECK(requests.size() == std::variant_size_v<Request>);
  for (size_t i = 0; i < requests.size(); ++i) {
    CHECK(requests[i].index() == i);
    INFO(request_name(requests[i]));
    const auto back =
        decode_request(encode_request(sample_envelope(), requests[i]));
    CHECK((back.request == requests[i]));
    CHECK((back.envelope == sample_envelope()));
  }
  for (const Reply& reply : sample_replies()) {
    INFO(reply_name(reply));
    const auto back = decode_reply(encode_reply(sample_envelope(), reply));
    CHECK((back.reply == reply));
    CHECK((back.envelope == sample_envelope()));
  }
}

TEST_CASE("codec: values at their defaults come back too") {
  const std::vector<Request> requests = {
      GroupResultRequest{}, RewardResultRequest{}, WorkDoneRequest{},
      RegisterRequest{}, ProgressRequest{}};
  for (const Request& request : requests) {
    CHECK((decode_request(encode_request({}, request)).request == request));
  }
  const std::vector<Reply> replies = {LeaseReply{}, CohortReply{},
                                      WorkReply{0, GrpoUpdateItem{}}};
  for (const Reply& reply : replies) {
    CHECK((decode_reply(encode_reply({}, reply)).reply == reply));
  }
}

// The recorded bytes are what released versions send. A difference here is a
// change of the protocol: a new field is fine (record anew), a number that
// changed or came back for another meaning is not.
TEST_CASE("codec: messages have the recorded bytes") {
  for (const NamedFrames& sample : all_samples()) {
    INFO(sample.name);
    CHECK(hex(sample.frames) == read_file(golden_path(sample.name)));
  }
}

// Run by hand after adding a field: ume_tests_common "[record-wire]".
TEST_CASE("codec: record the bytes of all messages", "[.][record-wire]") {
  for (const NamedFrames& sample : all_samples()) {
    write_file_atomic(golden_path(sample.name), hex(sample.frames));
  }
}

TEST_CASE("codec: fields of a group result are checked by name") {
  const auto changed = [](auto change) {
    GroupResultRequest request{2, sample_result()};
    change(request.result);
    return request;
  };
  check_refused(changed([](GroupResult& r) { r.trajectories[1].sample = 0; }),
                "group_result.result.trajectories[1].sample: is 0");
  check_refused(
      changed([](GroupResult& r) { r.trajectories[0].logprobs.pop_back(); }),
      "trajectories[0].logprobs: has 2 elements, ids demands 3");
  check_refused(
      changed([](GroupResult& r) { r.trajectories[0].logprobs[1] = kNan; }),
      "trajectories[0].logprobs: element 1 is not finite");
  check_refused(
      changed([](GroupResult& r) { r.trajectories[0].logprobs[1] = 0.5f; }),
      "trajectories[0].logprobs: is 0.5");
  check_refused(changed([](GroupResult& r) {
                  r.trajectories[0].gen_embedding[0] = kNan;
                }),
                "trajectories[0].gen_embedding: element 0 is not finite");
  check_refused(
      changed([](GroupResult& r) { r.trajectories[0].gen_embedding.clear(); }),
      "trajectories[0].embedding_source: does not fit");
  check_refused(changed([](GroupResult& r) { r.sampling.max_new_tokens = 2; }),
                "trajectories[0].ids: is 3, expected 0 to 2");
  check_refused(changed([](GroupResult& r) { r.sampling.temperature = -1; }),
                "sampling.temperature");
  check_refused(changed([](GroupResult& r) { r.sampling.top_p = 1.5; }),
                "sampling.top_p");
  check_refused(changed([](GroupResult& r) { r.seconds = kNan; }), "seconds");
  check_refused(changed([](GroupResult& r) { r.prompt_tokens = -1; }),
                "prompt_tokens");
  check_refused(
      changed([](GroupResult& r) { r.disc_embedding.assign(70'000, 0.0f); }),
      "disc_embedding");
  check_refused(changed([](GroupResult& r) {
                  r.trajectories[0].completion.assign(2 << 20, 'x');
                }),
                "completion: has 2097152 bytes");
}

TEST_CASE("codec: fields of a cohort are checked by name") {
  const auto changed = [](auto change) {
    CohortReply reply{sample_cohort(), "d0"};
    change(reply.cohort);
    return reply;
  };
  check_refused(changed([](Cohort& c) { c.num_pairs = 3; }),
                "cohort.cohort.dispatch_index: has 2 elements, num_pairs "
                "demands 3");
  check_refused(changed([](Cohort& c) { c.group_size = 3; }),
                "query.completions: has 4");
  check_refused(changed([](Cohort& c) { c.dim = 3; }), "query.gen_embeddings");
  check_refused(changed([](Cohort& c) { c.num_pairs = -1; }), "num_pairs");
  check_refused(changed([](Cohort& c) { c.target.has_embedding[0] = 2; }),
                "target.has_embedding: is 2");
  check_refused(changed([](Cohort& c) { c.target.disc_embeddings.pop_back(); }),
                "target.disc_embeddings: has 3");
  check_refused(changed([](Cohort& c) { c.query.gen_embeddings[0] = kNan; }),
                "query.gen_embeddings: element 0");
  check_refused(changed([](Cohort& c) { c.query.completion_tokens[0] = -1; }),
                "query.completion_tokens: is -1");
  check_refused(changed([](Cohort& c) {
                  c.query.embedding_sources[0] =
                      static_cast<EmbeddingSource>(3);
                }),
                "query.embedding_sources: is 3");
  check_refused(changed([](Cohort& c) {
                  c.query.embedding_sources[2] = EmbeddingSource::kPrompt;
                }),
                "query.embedding_sources: does not agree with has_embedding");
  check_refused(
      changed([](Cohort& c) { c.target.embedding_sources.pop_back(); }),
      "target.embedding_sources: has 3");
}

TEST_CASE("codec: a cohort may come without the embeddings' sources") {
  CohortReply reply{sample_cohort(), "d0"};
  reply.cohort.query.embedding_sources.clear();
  reply.cohort.target.embedding_sources.clear();
  CHECK((decode_reply(encode_reply({}, reply)).reply == Reply(reply)));
}

TEST_CASE("codec: waits that a service asks for are finite and not negative") {
  CohortRequest cohort{"p0"};
  cohort.longest_seconds = -1.0;
  check_refused(cohort, "cohort.longest_seconds");
  RewardResultRequest reward{4, sample_table()};
  reward.blocked_seconds = std::numeric_limits<double>::infinity();
  check_refused(reward, "reward_result.blocked_seconds");
}

TEST_CASE("codec: fields of rewards, slices and work are checked by name") {
  RewardResultRequest reward{4, sample_table()};
  reward.table.total.query[0].value = kNan;
  check_refused(reward, "reward_result.table.total.query.values: element 0");
  reward.table = sample_table();
  reward.table.components[1].target.pop_back();
  check_refused(reward, "components[1].target: has 1 elements, total demands");
  reward.table = sample_table();
  reward.table.total.query[0].state = static_cast<CellState>(7);
  check_refused(reward, "total.query.states[0]: is 7");

  GrpoUpdateItem item{"grpo", 6, sample_slice()};
  item.slice.groups[1].logprobs[0].pop_back();
  check_refused(WorkReply{1, item},
                "work.item.slice.groups[1].samples[0].logprobs");
  item.slice = sample_slice();
  item.slice.groups[0].rewards[1] = INFINITY;
  check_refused(WorkReply{1, item}, "samples[1].reward: is not finite");
  item.slice = sample_slice();
  item.slice.num_tokens[1] = -5;
  check_refused(WorkReply{1, item}, "num_target_tokens: is -5");

  check_refused(RegisterRequest{Role::kRollout, -1, 1, "", 0},
                "register.index");
  check_refused(RegisterRequest{Role::kRollout, 0, 0, "", 0},
                "register.world_size");
  check_refused(WaitReply{kNan, ""}, "wait.seconds");
  check_refused(StopReply{std::string(5000, 'x')}, "stop.reason");
}

TEST_CASE("codec: what the wire cannot carry is refused when sending") {
  GroupResultRequest request{2, sample_result()};
  request.result.trajectories[0].ids[0] = -1;
  CHECK_THROWS_AS(encode_request({}, request), InvalidInput);
  request.result = sample_result();
  for (const char* text : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80",
                           "a\xe2\x82", "\xf4\x90\x80\x80", "\xf8"}) {
    request.result.trajectories[0].completion = text;
    CHECK_THROWS_WITH(encode_request({}, request),
                      Contains("not well-formed UTF-8"));
  }
  request.result.trajectories[0].completion = "é€😀\xef\xbf\xbd";
  CHECK_NOTHROW(decode_request(encode_request({}, request)));
}

TEST_CASE("codec: frames that are too many, too few or foreign are refused") {
  const Frames good = encode_request(sample_envelope(), LeaseRequest{3});
  CHECK_THROWS_AS(decode_request({}), InvalidInput);
  CHECK_THROWS_AS(decode_request({good[0], good[1]}), InvalidInput);
  CHECK_THROWS_AS(decode_request({good[0], good[1], good[2], ""}),
                  InvalidInput);
  CHECK_THROWS_AS(decode_request({good[0], "", ""}), InvalidInput);
  CHECK_THROWS_AS(decode_request({good[0], "garbage", ""}), InvalidInput);
  CHECK_THROWS_AS(decode_request({std::string(70'000, '\0'), good[1], ""}),
                  InvalidInput);
  CHECK_THROWS_AS(decode_request({good[0], std::string(65 << 20, 'x'), ""}),
                  InvalidInput);
}

TEST_CASE("codec: arrays outside their frame or over each other are refused") {
  Frames frames =
      encode_request(sample_envelope(), GroupResultRequest{2, sample_result()});
  const std::string whole = frames[2];
  frames[2] = whole.substr(0, whole.size() - 1);
  CHECK_THROWS_WITH(decode_request(frames), Contains("disc_embedding"));
  frames[2] = "";
  CHECK_THROWS_WITH(decode_request(frames),
                    Contains("trajectories[0].ids: 3 elements at offset 0"));
  // The second trajectory's ids claim the first one's bytes: its Array message
  // (field 2) says offset 40, and is changed to say 0.
  frames[2] = whole;
  const std::string second_ids("\x12\x04\x08\x28\x10\x03", 6);
  const size_t where = frames[1].find(second_ids);
  REQUIRE(where != std::string::npos);
  frames[1][where + 3] = 0;
  CHECK_THROWS_WITH(decode_request(frames),
                    Contains("trajectories[1].ids: 3 elements at offset 0"));
}

TEST_CASE("codec: unknown fields of a newer minor version are ignored") {
  Frames frames = encode_request(sample_envelope(), LeaseRequest{3});
  const std::string unknown = "\xfa\x3f\x03new";  // field 1023, bytes
  frames[0] += unknown;
  frames[1] += unknown;
  CHECK((decode_request(frames).request == Request(LeaseRequest{3})));
}

TEST_CASE("codec: damaged messages are refused or read, never more") {
  RandomStream random(3);
  for (const NamedFrames& sample : all_samples()) {
    const bool is_request = sample.name.find("_request") != std::string::npos;
    for (int repeat = 0; repeat < 300; ++repeat) {
      Frames frames = sample.frames;
      std::string& frame = frames[random.below(3)];
      for (uint64_t n = 1 + random.below(4); n > 0 && !frame.empty(); --n) {
        frame[random.below(frame.size())] =
            static_cast<char>(random.below(256));
        if (random.below(8) == 0) {
          frame.resize(random.below(frame.size()));
        }
      }
      try {
        if (is_request) {
          decode_request(frames);
        } else {
          decode_reply(frames);
        }
      } catch (const InvalidInput&) {
      }
    }
  }
}

TEST_CASE("codec: another protocol or run is refused naming both") {
  const Envelope own = sample_envelope();
  Envelope peer = own;
  peer.sender = "learner-0";
  CHECK(refusal_of(own, peer).empty());
  peer.protocol_minor = 9;
  CHECK(refusal_of(own, peer).empty());
  peer.run_id = "run-2";
  CHECK(refusal_of(own, peer) ==
        "rollout-1 belongs to run 'run-1', learner-0 to run 'run-2'");
  peer.protocol_major = 2;
  CHECK_THAT(refusal_of(own, peer),
             Contains("rollout-1 speaks protocol 1, learner-0 protocol 2"));
}
