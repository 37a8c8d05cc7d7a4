#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"

// Requests for and replies with the scores of one cohort, as bytes
// (common/wire/reward_service.proto, docs/formats/wire.md).
namespace ume {

constexpr uint32_t kScoreProtocolMajor = 1;
constexpr uint32_t kScoreProtocolMinor = 0;

struct ScoreRequest {
  uint64_t request_id = 0;
  std::string key;  // equal keys, equal answers
  int64_t deadline_ms = 0;
  std::map<std::string, std::string> params;
  Cohort cohort;
  bool operator==(const ScoreRequest&) const = default;
};

struct ScoreReply {
  uint64_t request_id = 0;
  std::string refusal;  // not empty: nothing was scored
  std::string version;
  std::vector<RewardCell> query;  // [N*G]
  std::vector<RewardCell> target;
  bool operator==(const ScoreReply&) const = default;
};

// Throw InvalidInput for texts that are not UTF-8.
std::string encode_score_request(const ScoreRequest& request);
std::string encode_score_reply(const ScoreReply& reply);

// Throw InvalidInput that names the field: unreadable bytes, another major
// version, lists whose lengths do not agree with the cohort's shape. Values may
// be NaN or infinite: the caller decides.
ScoreRequest decode_score_request(std::string_view bytes);
// num_rows: of each side of the cohort that was asked about. A reply with a
// refusal has no cells.
ScoreReply decode_score_reply(std::string_view bytes, int64_t num_rows);

}  // namespace ume
