#include "common/config/config.h"
#include "coordinator/coordinator_config.h"
#include "reward/reward_config.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

// Numbers, texts, a list of structs: all that a section can hold.
struct Config {
  CoordinatorConfig coordinator;
  RewardConfig reward;
  void validate() const {
    coordinator.validate();
    reward.validate();
  }
};

template <class Visitor>
void visit_fields(Visitor& v, Config& c) {
  v("coordinator", c.coordinator, "leases and waits");
  v("reward", c.reward, "summands of the reward");
}

}  // namespace

// YAML, and after a NUL byte an override.
void yaml_config(Bytes input) {
  const std::string_view all = as_text(input);
  const size_t end = all.find('\0');
  std::vector<std::string> overrides;
  if (end != std::string_view::npos)
    overrides.emplace_back(all.substr(end + 1));
  accepts([&] {
    const auto config =
        parse_config<Config>(all.substr(0, end), "input", overrides);
    const std::string written = dump_config(config);
    UME_CHECK(dump_config(parse_config<Config>(written, "written")) == written,
              "a written configuration reads differently");
  });
}

}  // namespace ume::fuzz
