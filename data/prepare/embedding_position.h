#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace ume {

// The position whose hidden state is the embedding: the last occurrence of
// `token` at or after `first`; nothing if there is none. Prompts mention
// <gen_emb> themselves, so an answer without it finds the prompt's.
//
// The published SFT takes the last column where this finds nothing; the
// published GRPO does too and looks from `first` = 1.
// Source: parity/reward/embedding_index_cases.json.
std::optional<int64_t> find_embedding_position(std::span<const int64_t> ids,
                                               int64_t token,
                                               int64_t first = 0);

}  // namespace ume
