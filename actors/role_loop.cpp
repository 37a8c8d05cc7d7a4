#include "actors/role_loop.h"

#include "common/clock/deadline.h"
#include "common/error/error.h"

namespace ume {

Reply ask(RequestClient& client, const Request& request) {
  for (;;) {
    Reply reply = client.call(request, kCoordinatorTimeoutSeconds);
    if (const auto* stop = std::get_if<StopReply>(&reply)) {
      throw StopRun{stop->reason};
    }
    const auto* wait = std::get_if<WaitReply>(&reply);
    if (wait == nullptr) return reply;
    nap(wait->seconds);
  }
}

uint32_t register_role(RequestClient& client, const RegisterRequest& request) {
  const Reply reply = ask(client, request);
  if (const auto* registered = std::get_if<RegisterReply>(&reply)) {
    return registered->incarnation;
  }
  if (const auto* refused = std::get_if<RefusedReply>(&reply)) {
    throw StopRun{"registration refused: " + refused->reason};
  }
  throw InvalidInput(
      "the coordinator answered a registration with reply kind " +
      std::to_string(reply.index()));
}

}  // namespace ume
