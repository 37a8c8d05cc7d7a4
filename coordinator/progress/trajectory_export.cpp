#include "coordinator/progress/trajectory_export.h"

#include <zstd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {

using nlohmann::json;

namespace {

constexpr int kCompressionLevel = 3;

json media_json(const std::vector<MediaRef>& media) {
  json out = json::array();
  for (const MediaRef& item : media) {
    out.push_back({{"root", item.root},
                   {"path", item.path},
                   {"content_hash", item.content_hash}});
  }
  return out;
}

json cell_json(const RewardCell& cell) {
  if (cell.state == CellState::kValue) return cell.value;
  return {
      {cell.state == CellState::kInvalid ? "invalid" : "failed", cell.reason}};
}

json trajectory_json(const Trajectory& t) {
  json out = {{"sample", t.sample},
              {"completion", t.completion},
              {"ids", t.ids},
              {"logprobs", t.logprobs},
              {"finish", t.finish == FinishReason::kLength ? "length" : "end"}};
  out["gen_embedding"] =
      t.gen_embedding.empty() ? json(nullptr) : json(t.gen_embedding);
  if (!t.gen_embedding.empty()) {
    out["embedding_source"] = t.embedding_source == EmbeddingSource::kPrompt
                                  ? "prompt"
                                  : "completion";
  }
  if (t.redraws > 0) out["redraws"] = t.redraws;
  return out;
}

json group_json(const UpdateExport& update, size_t index) {
  const GroupRow& row = update.rows[index];
  const PromptRecord& prompt = update.prompts[index];
  const GroupResult& result = update.results[index];
  json out = {{"phase", update.phase},
              {"step", update.step},
              {"cohort", row.cohort},
              {"pair", row.group.dispatch_index},
              {"side", side_name(row.group.side)},
              {"source", update.sources[index]},
              {"policy_update", row.version.update},
              {"prompt_tokens", result.prompt_tokens},
              {"prompt_digest", result.prompt_digest}};
  if (!update.duplicate_ids[index].empty()) {
    out["duplicate_id"] = update.duplicate_ids[index];
  }
  out["prompt"] = {{"text", prompt.text},
                   {"images", media_json(prompt.images)},
                   {"frames", media_json(prompt.frames)}};
  return out;
}

// Where a trajectory's rewards are: the table's row, or none.
struct RewardPlace {
  const RewardRow* reward = nullptr;
  size_t first_row = 0;
};

RewardPlace find_place(const UpdateExport& update,
                       const GroupRow& row,
                       size_t group_size) {
  for (const RewardRow& reward : update.rewards) {
    if (reward.cohort != row.cohort) continue;
    const auto& pairs = reward.dispatch_index;
    const auto found =
        std::find(pairs.begin(), pairs.end(), row.group.dispatch_index);
    if (found == pairs.end()) return {};
    return {&reward, static_cast<size_t>(found - pairs.begin()) * group_size};
  }
  return {};
}

void add_rewards(const RewardPlace& place,
                 Side side,
                 size_t sample,
                 json& out) {
  const auto cell = [&](const RewardColumn& column) {
    const auto& cells = side == Side::kQuery ? column.query : column.target;
    return cell_json(cells.at(place.first_row + sample));
  };
  out["reward"] = cell(place.reward->table.total);
  out["policy_hash"] = place.reward->table.policy_hash;
  json components = json::object();
  for (const RewardColumn& column : place.reward->table.components) {
    components[column.name] = cell(column);
  }
  out["components"] = std::move(components);
}

std::string compress(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(),
                                    text.size(), kCompressionLevel);
  if (ZSTD_isError(size)) {
    throw IoError(std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  out.resize(size);
  return out;
}

}  // namespace

std::string trajectory_lines(const UpdateExport& update) {
  std::string lines;
  for (size_t i = 0; i < update.rows.size(); ++i) {
    const GroupRow& row = update.rows[i];
    const auto& trajectories = update.results[i].trajectories;
    const json group = group_json(update, i);
    const RewardPlace place = find_place(update, row, trajectories.size());
    for (size_t g = 0; g < trajectories.size(); ++g) {
      json line = group;
      line.update(trajectory_json(trajectories[g]));
      if (g == 0 && !update.results[i].disc_embedding.empty()) {
        line["disc_embedding"] = update.results[i].disc_embedding;
      }
      if (place.reward) add_rewards(place, row.group.side, g, line);
      lines += line.dump(-1, ' ', false, json::error_handler_t::replace);
      lines += '\n';
    }
  }
  return lines;
}

TrajectoryExporter file_exporter(const std::string& run_dir) {
  return [run_dir](const UpdateExport& update) {
    const std::string folder = run_dir + "/trajectories/" + update.phase;
    make_directories(folder);
    write_file_atomic(folder + "/" + step_name(update.step) + ".jsonl.zst",
                      compress(trajectory_lines(update)));
  };
}

}  // namespace ume
