#include "coordinator/ledger/result_blob.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "tests/coordinator/fake_roles.h"

namespace ume {
namespace {

GroupResult sample_result() {
  LeaseReply lease;
  lease.group = {300, Side::kTarget};
  lease.fencing = 77;
  lease.group_size = 4;
  lease.weights.version = {12, 3};
  lease.weights.hash = "weights";
  lease.prompt.text = "a prompt";
  GroupResult result = test::fake_result(lease);
  result.seconds = 1.25;
  result.trajectories[0].ids = {0, 127, 128, 151657};
  result.trajectories[0].logprobs = {-0.0f, -1e-30f, -3.5f, -100.0f};
  result.trajectories[0].completion = std::string("nul \0 and \xff", 11);
  return result;
}

}  // namespace

TEST_CASE("result blob: what is packed is unpacked the same") {
  const GroupResult result = sample_result();
  CHECK(unpack_result(pack_result(result)) == result);
  CHECK(unpack_result(pack_result(GroupResult())) == GroupResult());
}

TEST_CASE("result blob: redraws are kept where they are allowed") {
  GroupResult result = sample_result();
  const std::string digest = result_digest(result);
  result.sampling.max_redraws = 4;
  result.trajectories[1].redraws = 3;
  CHECK(unpack_result(pack_result(result)) == result);
  CHECK(result_digest(result) != digest);
}

TEST_CASE("result blob: a flipped bit or a lost end is found") {
  const std::string blob = pack_result(sample_result());
  for (size_t i = 0; i < blob.size(); ++i) {
    std::string damaged = blob;
    damaged[i] ^= 0x10;
    CHECK_THROWS_AS(unpack_result(damaged), InvalidInput);
    CHECK_THROWS_AS(unpack_result(blob.substr(0, i)), InvalidInput);
  }
}

TEST_CASE(
    "result blob: the digest is of the trajectories, not of who made them") {
  const GroupResult result = sample_result();
  GroupResult other = result;
  other.fencing = 78;
  other.version.incarnation = 4;
  other.seconds = 9.0;
  CHECK(result_digest(other) == result_digest(result));
  other = result;
  other.trajectories[1].ids[0] ^= 1;
  CHECK(result_digest(other) != result_digest(result));
  other = result;
  other.trajectories[1].completion += " ";
  CHECK(result_digest(other) != result_digest(result));
}

}  // namespace ume
