#pragma once

#include <memory>
#include <string>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "actors/run/stage_hook.h"
#include "common/wire/transport.h"
#include "data/prepare/preparer.h"

namespace ume {

// A ZeroMQ client that finds the coordinator through endpoints.json, also
// after it has been restarted elsewhere.
std::unique_ptr<RequestClient> connect_to_coordinator(
    const RunDirectory& directory,
    const std::string& sender,
    uint32_t incarnation = 0);

// The resolved configuration of a run, as it was accepted last: not what people
// may be changing in its config.yaml.
RunConfig load_run_config(const RunDirectory& directory);

// The faults that `chaos.kill` asks of this role.
StageHook make_stage_hook(const RunConfig& config,
                          const RunDirectory& directory,
                          const std::string& role);

// How records of the file `data` become prompts in this run.
PreparerOptions preparer_options(const RunConfig& config,
                                 const std::string& data);

// Where this host's published weights are: /dev/shm/ume-UID.
std::string shared_weight_folder();

}  // namespace ume
