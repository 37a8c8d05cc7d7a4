#include "launch/run/unsaved_steps.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace ume {

void UnsavedSteps::see(const nlohmann::json& status, bool stopping) {
  using Json = nlohmann::json;
  const auto checkpoint = status.find("checkpoint");
  const bool any = checkpoint != status.end() && checkpoint->is_object();
  const std::string saved_phase =
      any ? checkpoint->value("phase", "") : std::string();
  int64_t done = 0;
  int64_t before = 0;  // steps of the phases before
  saved_ = 0;
  for (const Json& phase : status.value("phases", Json::array())) {
    done += phase.value("steps_done", int64_t{0});
    if (any && phase.value("name", "") == saved_phase) {
      saved_ = before + checkpoint->value("step", int64_t{0});
    }
    before += phase.value("num_steps", int64_t{0});
  }
  done_ = stopping ? std::max(done_, done) : done;
}

}  // namespace ume
