#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace ume {

// The position whose hidden state is the embedding: the last occurrence of
// `token`; nothing if there is none. Prompts mention <gen_emb> themselves, so
// an answer without it finds the prompt's.
//
// Where this finds nothing, the published trainers take the last column.
// Source: tests/fixtures/parity/reward/embedding_index_cases.json.
std::optional<int64_t> find_embedding_position(std::span<const int64_t> ids,
                                               int64_t token);

}  // namespace ume
