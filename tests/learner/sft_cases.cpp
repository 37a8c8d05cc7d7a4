#include "tests/learner/sft_cases.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/collective/thread_collective.h"
#include "learner/sft/sft_plan.h"

namespace ume {
namespace {

constexpr const char* kModel = "model_b_qwen2vl_untied";

std::vector<torch::Tensor> rows_of(
    const std::map<std::string, torch::Tensor>& tensors,
    const std::string& name) {
  std::vector<torch::Tensor> rows;
  const auto found = tensors.find(name);
  if (found == tensors.end()) return rows;
  for (int64_t i = 0; i < found->second.size(0); ++i) {
    rows.push_back(found->second[i]);
  }
  return rows;
}

// Takes the next media of a side for the runs of pad tokens in `ids`.
class MediaFeed {
 public:
  MediaFeed(const nlohmann::json& keys,
            const std::map<std::string, torch::Tensor>& pixels,
            std::vector<torch::Tensor> grids)
      : grids_(std::move(grids)) {
    for (const auto& key : keys) {
      patches_.push_back(pixels.at(key.get<std::string>()));
    }
  }
  // Grids and patches of `count` pad tokens' worth of media.
  void take(int64_t count,
            std::vector<torch::Tensor>& grids,
            std::vector<torch::Tensor>& patches) {
    while (count > 0) {
      grids.push_back(grids_.at(next_));
      patches.push_back(patches_.at(next_));
      count -= grids_[next_].prod().item<int64_t>() / 4;
      ++next_;
    }
  }

 private:
  std::vector<torch::Tensor> grids_;
  std::vector<torch::Tensor> patches_;
  size_t next_ = 0;
};

std::vector<PreparedExample> load_side(const SftCase& c,
                                       const std::string& side) {
  const auto batch = parity_tensors("sft/batch.safetensors");
  const auto pixels = parity_tensors("sft/pixels.safetensors");
  MediaFeed images(c.json["pixel_values"][side], pixels,
                   rows_of(batch, side + ".image_grid_thw"));
  MediaFeed videos(c.json["pixel_values_videos"][side], pixels,
                   rows_of(batch, side + ".video_grid_thw"));
  const torch::Tensor& ids = batch.at(side + ".input_ids");
  const torch::Tensor mask =
      batch.at(side + ".attention_mask").to(torch::kBool);
  std::vector<PreparedExample> examples;
  for (int64_t row = 0; row < ids.size(0); ++row) {
    const auto valid = [&](const torch::Tensor& t) {
      const torch::Tensor kept = t[row].masked_select(mask[row]);
      const int64_t* data = kept.data_ptr<int64_t>();
      return std::vector<int64_t>(data, data + kept.numel());
    };
    const std::vector<int64_t> tokens = valid(ids);
    std::vector<torch::Tensor> grids, patches, video_grids, video_patches;
    images.take(std::count(tokens.begin(), tokens.end(), c.model.tokens.image),
                grids, patches);
    videos.take(std::count(tokens.begin(), tokens.end(), c.model.tokens.video),
                video_grids, video_patches);
    examples.push_back({.prompt = prompt_of(tokens, c.model, grids, patches,
                                            video_grids, video_patches),
                        .labels = valid(batch.at(side + ".labels"))});
  }
  return examples;
}

SftCase load_case() {
  SftCase c;
  c.json = parity_json("sft/sft.json");
  c.model = load_model_config(parity_path(kModel));
  c.tokens = {.gen = c.json["gen_emb_id"], .disc = c.json["disc_emb_id"]};
  const auto queries = load_side(c, "query");
  const auto targets = load_side(c, "target");
  for (size_t i = 0; i < queries.size(); ++i) {
    c.pairs.push_back({queries[i], targets[i]});
  }
  return c;
}

}  // namespace

const SftCase& sft_case() {
  static const SftCase c = load_case();
  return c;
}

NamedTensors sft_case_weights() {
  return load_weights(parity_path(kModel), sft_case().model);
}

SftConfig sft_case_config(const nlohmann::json& run) {
  const nlohmann::json& h = run["hyper_parameters"];
  SftConfig config;
  config.steps = 3;
  config.batch_pairs = static_cast<int64_t>(sft_case().pairs.size());
  config.freeze_merger = true;  // the recorded run froze all of visual.*
  config.ce_reduction =
      run["ce_normalisation"] == "official" ? "per_rank" : "global";
  config.optimizer.learning_rate = h["lr"];
  config.optimizer.weight_decay = h["weight_decay"];
  config.optimizer.clip_norm = h["max_grad_norm"];
  return config;
}

std::vector<SftRun> run_sft(const SftConfig& config,
                            int world_size,
                            int64_t num_steps) {
  const SftCase& c = sft_case();
  auto ranks = make_thread_collectives(world_size);
  std::vector<SftRun> runs(static_cast<size_t>(world_size));
  const auto train = [&](int rank) {
    TrainedModel model(
        c.model, sft_case_weights(),
        {.vision = config.freeze_vision, .merger = config.freeze_merger},
        config.optimizer);
    SftTrainer trainer(model, config, c.tokens, *ranks[rank]);
    const PairRange share = rank_share(config.batch_pairs, rank, world_size);
    const std::vector<std::vector<SftPair>> batches{
        {c.pairs.begin() + share.begin, c.pairs.begin() + share.end}};
    for (int64_t s = 0; s < num_steps; ++s) {
      runs[rank].steps.push_back(trainer.step(batches, s));
      if (s > 0) continue;
      for (const ParameterSlot& slot : model.parameters().slots()) {
        runs[rank].gradients[slot.name] =
            Parameters::view(model.parameters().gradients(), slot).clone();
      }
    }
    for (const auto& [name, tensor] : model.parameters().tensors()) {
      runs[rank].weights[name] = tensor.detach().clone();
    }
  };
  std::vector<std::thread> threads;
  for (int r = 0; r < world_size; ++r) threads.emplace_back(train, r);
  for (std::thread& thread : threads) thread.join();
  return runs;
}

}  // namespace ume
