#include "common/types/embedding_position.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

using namespace ume;

// Recorded from the published trainers, which take the last column where there
// is no such token; their GRPO looks from the second token on.
TEST_CASE("the embedding's position is the reference's in every case") {
  std::ifstream file("tests/fixtures/parity/reward/embedding_index_cases.json");
  const auto cases = nlohmann::json::parse(file);
  REQUIRE(cases.size() > 10);
  for (const auto& row : cases) {
    const auto ids = row["input_ids"].get<std::vector<int64_t>>();
    const int64_t gen = row["gen_emb_id"];
    const int64_t disc = row["disc_emb_id"];
    const auto last = static_cast<int64_t>(ids.size()) - 1;
    CAPTURE(row.dump());
    CHECK(find_embedding_position(ids, gen).value_or(last) ==
          row["sft_gen_index"]);
    CHECK(find_embedding_position(ids, disc).value_or(last) ==
          row["sft_disc_index"]);
    const auto from_second =
        find_embedding_position(std::span(ids).subspan(1), gen);
    CHECK(from_second.value_or(last - 1) + 1 == row["grpo_gen_index"]);
  }
}

TEST_CASE("the embedding's position: nothing where the token does not occur") {
  CHECK(find_embedding_position(std::vector<int64_t>{1, 2}, 3) == std::nullopt);
  CHECK(find_embedding_position({}, 3) == std::nullopt);
}
