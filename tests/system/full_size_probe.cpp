// ume_full_size_probe MODEL: one picture prompt and four greedy tokens with the
// weights mapped and up-cast on the way. Prints one JSON object: tokens, peak
// memory, seconds, and the cost of a token beside the time that reading its
// weights once takes. Driven by tests/system/full_size_test.py.

#include "kernels/torch.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/attention/packed_batch.h"
#include "model/weights/stored_weights.h"

namespace ume {
namespace {

constexpr int64_t kNewTokens = 4;

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A line of /proc/self/status, in MB.
double status_mb(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) {
      return std::stod(line.substr(field.size() + 1)) * 1024 / 1e6;
    }
  }
  return 0.0;
}

// Bytes a second, read by as many threads as the model uses; the best of four.
double read_bandwidth() {
  const auto data = torch::ones({int64_t{64} << 20});
  double best = 0.0;
  for (int i = 0; i < 4; ++i) {
    const double start = now();
    const volatile double sum = data.sum().item<double>();
    static_cast<void>(sum);
    best = std::max(best, static_cast<double>(data.nbytes()) / (now() - start));
  }
  return best;
}

// A picture of 448 x 448 pixels (256 tokens) between a few words: 289 tokens.
PreparedPrompt picture_prompt(const ModelConfig& config) {
  constexpr int64_t kSide = 32;  // patches
  PreparedPrompt prompt;
  for (int64_t i = 0; i < 15; ++i) prompt.ids.push_back(1000 + 37 * i);
  prompt.ids.push_back(config.tokens.vision_start);
  MediaSpan span;
  span.grid = {1, kSide, kSide};
  span.first_token = static_cast<int64_t>(prompt.ids.size());
  span.num_tokens = kSide * kSide / 4;
  prompt.ids.insert(prompt.ids.end(), static_cast<size_t>(span.num_tokens),
                    config.tokens.image);
  prompt.media.push_back(span);
  prompt.ids.push_back(config.tokens.vision_end);
  for (int64_t i = 0; i < 16; ++i) prompt.ids.push_back(5000 + 41 * i);
  prompt.num_patches = kSide * kSide;
  prompt.patch_dim = config.vision.patch_dim();
  for (int64_t i = 0; i < prompt.num_patches * prompt.patch_dim; ++i) {
    prompt.patches.push_back(static_cast<float>(std::sin(0.37 * double(i))));
  }
  return prompt;
}

// Bytes that every new token reads: all layers and the head.
int64_t decoded_bytes(const Qwen2VL& model) {
  int64_t bytes = static_cast<int64_t>(model.head_weight().nbytes());
  for (const auto& [name, tensor] : model.weights()) {
    if (name.starts_with("model.layers.")) {
      bytes += static_cast<int64_t>(tensor.nbytes());
    }
  }
  return bytes;
}

void probe(const std::string& folder) {
  const torch::NoGradGuard no_grad;
  nlohmann::ordered_json out;
  double start = now();
  const ModelConfig config = load_model_config(folder);
  const Qwen2VL model(config, map_weights(folder, config));
  out["load_seconds"] = now() - start;
  const PreparedPrompt prompt = picture_prompt(config);
  start = now();
  const PackedBatch batch = pack_batch({{&prompt, {}}}, config);
  PackedAttention prefill(plan_attention(batch.sequences, true), true);
  auto state = forward_batch(model, batch, prefill).narrow(0, -1, 1);
  out["prompt_tokens"] = prompt.ids.size();
  out["prompt_seconds"] = now() - start;
  CachedAttention cache(prefill.key_values(), {batch.prompt_ranges(0)},
                        kNewTokens);
  std::vector<int64_t> ids;
  std::vector<double> seconds;
  for (int64_t step = 0; step < kNewTokens; ++step) {
    start = now();
    const auto best = model.logits(state).argmax(-1);
    ids.push_back(best.item<int64_t>());
    const auto position =
        torch::full({3, 1}, batch.items[0].next_position + step);
    state = model.forward(model.embed(best, {}, {}), position.to(torch::kInt64),
                          cache);
    seconds.push_back(now() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  const double bandwidth = read_bandwidth();
  const auto bytes = static_cast<double>(decoded_bytes(model));
  out["ids"] = ids;
  out["finite"] = std::isfinite(state.abs().sum().item<double>());
  out["token_seconds"] = seconds[1];
  out["token_bytes"] = bytes;
  out["read_bytes_per_second"] = bandwidth;
  out["times_the_bound"] = seconds[1] / (bytes / bandwidth);
  out["threads"] = torch::get_num_threads();
  out["peak_mb"] = status_mb("VmHWM");
  out["anonymous_mb"] = status_mb("RssAnon");
  out["file_mb"] = status_mb("RssFile");
  std::printf("%s\n", out.dump().c_str());
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  ume::probe(argv[1]);
  return 0;
}
