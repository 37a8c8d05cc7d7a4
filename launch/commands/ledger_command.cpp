#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>

#include "actors/coordinator_process.h"
#include "actors/role_client.h"
#include "actors/run/model_shape.h"
#include "common/error/error.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "coordinator/plan/stored_plan.h"
#include "coordinator/progress/ledger_check.h"
#include "launch/command_line.h"

namespace ume {

void add_ledger_command(CLI::App& app) {
  auto run = std::make_shared<std::string>();
  CLI::App* ledger = app.add_subcommand("ledger", "look into a run's ledger");
  ledger->require_subcommand(1);
  CLI::App* fsck = ledger->add_subcommand(
      "fsck",
      "check the rules that must always hold; print the digest that equals a "
      "fault-free run's");
  fsck->add_option("run", *run, "run directory")->required();
  add_example(*fsck, "ume ledger fsck runs/emoji");
  fsck->callback([run] {
    const RunDirectory directory = open_run_directory(*run);
    const RunConfig config = load_run_config(directory);
    const ModelShape shape = read_model_shape(config.model.path);
    const RunPlan plan =
        make_run_plan(config, directory, shape.hidden_size, shape.vocab_size);
    SqliteLedgerOptions options;
    options.create = false;
    const SqliteLedger rows(directory.ledger().string(), options);
    if (!has_plan(rows)) {
      throw IoError(directory.ledger().string() + " is empty");
    }
    const auto broken =
        check_invariants(rows, plan, load_phase_data(config, plan.phases));
    for (const std::string& rule : broken) std::printf("%s\n", rule.c_str());
    std::printf("digest %s\n", ledger_digest(rows).c_str());
    if (!broken.empty()) {
      throw InvalidInput(directory.ledger().string() + ": " +
                         std::to_string(broken.size()) + " rules are broken");
    }
  });
}

}  // namespace ume
