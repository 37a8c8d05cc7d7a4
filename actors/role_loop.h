#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/wire/transport.h"

namespace ume {

// Thrown by a role's loop when the coordinator says that the run is over.
struct StopRun {
  std::string reason;
};

// How long a role goes on asking a coordinator that does not answer. It may be
// restarting; after this the role gives up and leaves with exit code 69.
constexpr double kCoordinatorTimeoutSeconds = 60.0;
// Pause of a role whose request was refused.
constexpr double kRefusedPauseSeconds = 0.2;

// Registers and returns this start's incarnation. Asks until the coordinator
// answers. Throws DeadlineExceeded, or StopRun when the run is over.
uint32_t register_role(RequestClient& client, const RegisterRequest& request);

// Sends until something other than WaitReply comes back, pausing as told.
// Throws StopRun on StopReply.
Reply ask(RequestClient& client, const Request& request);

}  // namespace ume
