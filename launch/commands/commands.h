#pragma once

#include <CLI/CLI.hpp>

// Each adds one command, or one with its subcommands, to a program's command
// line. The callbacks throw what run_command_line reports.
namespace ume {

// Of `ume`, without LibTorch.

// `ume train CONFIG [key=value …] [--resume]`.
void add_train_command(CLI::App& app);
// `ume config show|check|schema`.
void add_config_command(CLI::App& app);
// `ume eval run`: one model over the tasks of an evaluation folder.
void add_eval_command(CLI::App& app);
// `ume report RUN`: the page and the table again, from what the run left.
void add_report_command(CLI::App& app);
// `ume reward`: scores recorded trajectories with a configuration's reward.
void add_reward_command(CLI::App& app);
// `ume reward-explain`: why one pair got its rewards.
void add_reward_explain_command(CLI::App& app);
// `ume tokenize`: texts to token ids and back.
void add_tokenize_command(CLI::App& app);
// `ume preprocess`: records to what a model takes, without a model.
void add_preprocess_command(CLI::App& app);
// `ume data validate|stats`: what is in data files, and what is wrong.
void add_data_command(CLI::App& app);
// `ume doctor`: whether this host has what a run needs.
void add_doctor_command(CLI::App& app);
// `ume ledger fsck RUN`: checks a run's ledger and prints its digest.
void add_ledger_command(CLI::App& app);
// `ume role coordinator|reward`: the roles without LibTorch.
void add_role_command(CLI::App& app);

// Of `ume-engine`, which `ume` executes.

// `ume embed`: records of text and pictures to embeddings.
void add_embed_command(CLI::App& app);
// `ume generate`: answers to records, with their log-probabilities and
// embeddings.
void add_generate_command(CLI::App& app);
// `ume model init`: a randomly initialised model from a config alone.
void add_model_command(CLI::App& app);
// `ume checkpoint inspect|verify|export`: what a folder of weights holds,
// whether it is whole, and the same in the hub's layout.
void add_checkpoint_command(CLI::App& app);
// `ume-engine eval-encode`: one shard of an evaluation set through one model.
// Started by `ume eval run`, which scores what it writes.
void add_encode_command(CLI::App& app);
// `ume-engine versions`: which LibTorch was loaded, for `ume doctor`.
void add_versions_command(CLI::App& app);

}  // namespace ume
