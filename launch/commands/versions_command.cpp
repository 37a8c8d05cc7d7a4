#include "launch/commands/commands.h"

#include <ATen/Version.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace ume {

void add_versions_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "versions", "LibTorch's version, instruction set and threads, as JSON");
  command->callback([] {
    const nlohmann::ordered_json json = {{"libtorch", TORCH_VERSION},
                                         {"cpu", at::get_cpu_capability()},
                                         {"threads", torch::get_num_threads()}};
    std::puts(json.dump().c_str());
  });
}

}  // namespace ume
