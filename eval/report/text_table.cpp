#include "eval/report/text_table.h"

#include <set>

#include "common/error/error.h"
#include "eval/report/internal/text_cells.h"

namespace ume {
namespace {

using text_cells::cell;
using text_cells::format;
using text_cells::printable;
using text_cells::signed_interval;
using text_cells::with_interval;

std::string head_line(const TaskStatistics& task) {
  return printable(task.title.empty() ? task.name : task.title) +
         format("  (%lld queries, %lld candidates, chance %.4f)\n",
                static_cast<long long>(task.num_queries),
                static_cast<long long>(task.num_candidates), task.chance);
}

std::string column_line(const TaskStatistics& task) {
  std::string line = "  " + cell("stage", 7) + cell("disc", 22) +
                     cell("gen", 22) + cell("oracle", 8);
  for (const auto& [k, pass] : task.pass) {
    line += cell("p@" + std::to_string(k), 6);
  }
  return line + cell("careful", 9) + "format\n";
}

std::string stage_line(const std::string& stage, const TaskStatistics& task) {
  std::string line = "  " + cell(stage_title(printable(stage)), 7) +
                     cell(with_interval(task.disc), 22) +
                     cell(with_interval(task.gen), 22) +
                     cell(format("%.3f", task.oracle.mean), 8);
  for (const auto& [k, pass] : task.pass) {
    line += cell(format("%.3f", pass.mean), 6);
  }
  line +=
      cell(task.careful ? format("%.0f %%", 100 * task.careful->mean) : "-", 9);
  return line + format("%.0f %%\n", 100 * task.well_formed.mean);
}

const TaskSummary* find_task(const EvalSummary& stage,
                             const std::string& name) {
  for (const TaskSummary& task : stage.tasks) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

// One task, or a pool of tasks, under every stage that has it.
struct Block {
  std::vector<std::string> stages;
  std::vector<TaskSummary> tasks;
};

std::string block_text(const Block& block, const BootstrapOptions& options) {
  std::string text;
  for (size_t i = 0; i < block.tasks.size(); ++i) {
    const TaskStatistics task = task_statistics(block.tasks[i], options);
    if (i == 0) text += head_line(task) + column_line(task);
    text += stage_line(block.stages[i], task);
  }
  return text + "\n";
}

std::string difference_lines(const Block& block,
                             const BootstrapOptions& options) {
  const TaskStatistics last = task_statistics(block.tasks.back(), options);
  std::string text =
      "  " + cell("gen - disc, " + stage_title(block.stages.back()), 34) +
      signed_interval(last.gen_minus_disc) + "\n";
  for (size_t i = 1; i < block.tasks.size(); ++i) {
    const std::string pair =
        stage_title(block.stages[i]) + " - " + stage_title(block.stages[i - 1]);
    text += "  " + cell("gen, " + pair, 34);
    try {
      text += signed_interval(stage_difference(
          block.tasks[i - 1], block.tasks[i], QueryScore::kGen, options));
    } catch (const InvalidInput&) {
      text += "not paired: other queries";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string stage_title(const std::string& stage) {
  if (stage == "base") return "Base";
  if (stage == "sft") return "SFT";
  if (stage == "grpo") return "GRPO";
  return stage;
}

std::string text_table(const std::vector<EvalSummary>& stages,
                       const BootstrapOptions& options) {
  std::string text = format(
      "Main metric with %.0f %% bootstrap intervals (%lld resamples of whole "
      "clusters)\n\n",
      100 * options.level, static_cast<long long>(options.resamples));
  std::set<std::string> done;
  for (const EvalSummary& first : stages) {
    for (const TaskSummary& named : first.tasks) {
      if (!done.insert(named.name).second) continue;
      Block block;
      for (const EvalSummary& stage : stages) {
        if (const TaskSummary* task = find_task(stage, named.name)) {
          block.stages.push_back(stage.stage);
          block.tasks.push_back(*task);
        }
      }
      text += block_text(block, options);
    }
  }
  Block pooled;
  for (const EvalSummary& stage : stages) {
    if (auto pool = pool_tasks(stage, true)) {
      pooled.stages.push_back(stage.stage);
      pooled.tasks.push_back(std::move(*pool));
    }
  }
  if (pooled.tasks.empty()) return text;
  return text + block_text(pooled, options) + difference_lines(pooled, options);
}

}  // namespace ume
