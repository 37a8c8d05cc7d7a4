#include "model/attention/packed_batch.h"

#include <algorithm>
#include <string>

#include "common/error/check.h"
#include "common/error/error.h"
#include "model/attention/rope_positions.h"

namespace ume {
namespace {

int64_t count(const std::vector<int64_t>& values) {
  return static_cast<int64_t>(values.size());
}

[[noreturn]] void fail(size_t item, const std::string& what) {
  throw InvalidInput("prompt " + std::to_string(item) +
                     " of the batch: " + what);
}

void check_ids(const std::vector<int64_t>& ids, size_t item, int64_t vocab) {
  if (ids.empty()) fail(item, "a prompt or completion without tokens");
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocab) {
      fail(item, "token " + std::to_string(id) + " is not in a vocabulary of " +
                     std::to_string(vocab));
    }
  }
}

void check_item(const PackedItem& item, size_t index, const ModelConfig& c) {
  UME_CHECK(item.prompt != nullptr, "an item has a prompt");
  const PreparedPrompt& prompt = *item.prompt;
  check_ids(prompt.ids, index, c.vocab_size);
  for (const auto* completion : item.completions) {
    check_ids(*completion, index, c.vocab_size);
  }
  if (prompt.media.empty()) return;
  int64_t patches = 0;
  for (const MediaSpan& span : prompt.media) {
    patches += span.num_tokens * c.vision.merge_size * c.vision.merge_size;
  }
  const int64_t dim = c.vision.patch_dim();
  if (prompt.num_patches != patches || prompt.patch_dim != dim ||
      static_cast<int64_t>(prompt.patches.size()) != patches * dim) {
    fail(index, std::to_string(prompt.num_patches) + " patches of " +
                    std::to_string(prompt.patch_dim) + " values, expected " +
                    std::to_string(patches) + " of " + std::to_string(dim));
  }
}

// Tokens with which all prompts begin, before any medium; every prompt keeps
// at least one token of its own.
int64_t shared_header(const std::vector<PackedItem>& items) {
  if (items.size() < 2) return 0;
  const std::vector<int64_t>& first = items.front().prompt->ids;
  int64_t length = count(first) - 1;
  for (const PackedItem& item : items) {
    const PreparedPrompt& prompt = *item.prompt;
    length = std::min(length, count(prompt.ids) - 1);
    if (!prompt.media.empty()) {
      length = std::min(length, prompt.media.front().first_token);
    }
    const auto end = first.begin() + std::max<int64_t>(length, 0);
    length = std::mismatch(first.begin(), end, prompt.ids.begin()).first -
             first.begin();
  }
  return length;
}

// Collects rows in order.
class BatchBuilder {
 public:
  BatchBuilder(const ModelConfig& config, const PackOptions& options)
      : config_(config), options_(options) {}

  void add_header(const PreparedPrompt& prompt, int64_t length) {
    for (int64_t i = 0; i < length; ++i) {
      add_row(prompt.ids[static_cast<size_t>(i)], i, i, i);
    }
    header_ = {0, length};
    if (length > 0) batch_.sequences.push_back({header_, {}});
  }

  void add_item(const PackedItem& item) {
    const PreparedPrompt& prompt = *item.prompt;
    const RopePositions places =
        rope_positions(count(prompt.ids), prompt.media, config_);
    PackedBatch::Item out;
    out.header = header_;
    out.next_position = places.next;
    out.own.begin = rows();
    for (size_t i = static_cast<size_t>(header_.size()); i < prompt.ids.size();
         ++i) {
      add_row(prompt.ids[i], places.temporal[i], places.height[i],
              places.width[i]);
    }
    out.own.end = rows();
    std::vector<RowRange> context;
    if (header_.size() > 0) context.push_back(header_);
    batch_.sequences.push_back({out.own, context});
    add_media(prompt, out);
    context.push_back(out.own);
    for (const auto* completion : item.completions) {
      const RowRange range = add_completion(*completion, places.next);
      batch_.sequences.push_back({range, context});
      out.completions.push_back(range);
    }
    batch_.items.push_back(std::move(out));
  }

  PackedBatch finish(const std::vector<PackedItem>& items) {
    const torch::Device device = options_.device;
    batch_.ids = torch::tensor(ids_, torch::kInt64).to(device);
    batch_.positions = torch::stack({torch::tensor(temporal_, torch::kInt64),
                                     torch::tensor(height_, torch::kInt64),
                                     torch::tensor(width_, torch::kInt64)})
                           .to(device);
    if (!visual_rows_.empty()) {
      batch_.visual_rows =
          torch::tensor(visual_rows_, torch::kInt64).to(device);
      batch_.patches = join_patches(items).to(device);
    }
    return std::move(batch_);
  }

 private:
  int64_t rows() const { return count(ids_); }

  void add_row(int64_t id, int64_t temporal, int64_t height, int64_t width) {
    ids_.push_back(id);
    temporal_.push_back(temporal);
    height_.push_back(height);
    width_.push_back(width);
  }

  RowRange add_completion(const std::vector<int64_t>& ids, int64_t position) {
    const int64_t begin = rows();
    for (const int64_t id : ids) {
      add_row(id, position, position, position);
      ++position;
    }
    return {begin, rows()};
  }

  void add_media(const PreparedPrompt& prompt, const PackedBatch::Item& item) {
    for (const MediaSpan& span : prompt.media) {
      batch_.grids.push_back(span.grid);
      const int64_t first = item.own.begin + span.first_token - header_.size();
      for (int64_t i = 0; i < span.num_tokens; ++i) {
        visual_rows_.push_back(first + i);
      }
    }
  }

  torch::Tensor join_patches(const std::vector<PackedItem>& items) const {
    std::vector<torch::Tensor> parts;
    for (const PackedItem& item : items) {
      const PreparedPrompt& prompt = *item.prompt;
      if (prompt.media.empty()) continue;
      parts.push_back(torch::from_blob(
          const_cast<float*>(prompt.patches.data()),
          {prompt.num_patches, prompt.patch_dim}, torch::kFloat32));
    }
    return torch::cat(parts, 0);
  }

  const ModelConfig& config_;
  const PackOptions& options_;
  PackedBatch batch_;
  RowRange header_;
  std::vector<int64_t> ids_;
  std::vector<int64_t> temporal_;
  std::vector<int64_t> height_;
  std::vector<int64_t> width_;
  std::vector<int64_t> visual_rows_;
};

}  // namespace

int64_t PackedBatch::prompt_row(int64_t item, int64_t token) const {
  const Item& place = items.at(static_cast<size_t>(item));
  const int64_t shared = place.header.size();
  UME_CHECK(token >= 0 && token < shared + place.own.size(),
            "a token of the prompt");
  return token < shared ? place.header.begin + token
                        : place.own.begin + token - shared;
}

std::vector<int64_t> PackedBatch::predicting_rows(int64_t item,
                                                  int64_t completion) const {
  const Item& place = items.at(static_cast<size_t>(item));
  const RowRange range = place.completions.at(static_cast<size_t>(completion));
  std::vector<int64_t> out{place.own.end - 1};
  for (int64_t row = range.begin; row + 1 < range.end; ++row) {
    out.push_back(row);
  }
  return out;
}

std::vector<RowRange> PackedBatch::prompt_ranges(int64_t item) const {
  const Item& place = items.at(static_cast<size_t>(item));
  if (place.header.size() == 0) return {place.own};
  return {place.header, place.own};
}

PackedBatch pack_batch(const std::vector<PackedItem>& items,
                       const ModelConfig& config,
                       const PackOptions& options) {
  if (items.empty()) throw InvalidInput("a batch without prompts");
  for (size_t i = 0; i < items.size(); ++i) check_item(items[i], i, config);
  BatchBuilder builder(config, options);
  builder.add_header(*items.front().prompt,
                     options.share_header ? shared_header(items) : 0);
  for (const PackedItem& item : items) builder.add_item(item);
  return builder.finish(items);
}

torch::Tensor forward_batch(const Qwen2VL& model,
                            const PackedBatch& batch,
                            AttentionContext& attention,
                            bool train_vision) {
  torch::Tensor features;
  if (batch.patches.defined()) {
    const torch::AutoGradMode grad(torch::GradMode::is_enabled() &&
                                   train_vision);
    features = model.encode_media(batch.patches, batch.grids);
  }
  return model.forward(model.embed(batch.ids, batch.visual_rows, features),
                       batch.positions, attention);
}

torch::Tensor forward_batch(const Qwen2VL& model,
                            const PackedBatch& batch,
                            bool train_vision) {
  PackedAttention attention(
      plan_attention(batch.sequences, true, batch.ids.device()));
  return forward_batch(model, batch, attention, train_vision);
}

}  // namespace ume
