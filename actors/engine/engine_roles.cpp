#include "actors/engine/engine_roles.h"

#include <unistd.h>

#include <exception>
#include <new>

#include "actors/engine/learner_worker.h"
#include "actors/engine/rollout_worker.h"
#include "actors/role_client.h"
#include "actors/role_loop.h"
#include "common/clock/clock.h"
#include "common/collective/mpi_collective.h"
#include "common/error/error.h"
#include "common/log/log.h"
#include "kernels/torch.h"
#include "kernels/torch_errors.h"
#include "model/config/model_config.h"

namespace ume {
namespace {

void learn_until_stop(LearnerWorker& worker, const std::string& start_id) {
  try {
    worker.register_rank(start_id);
    for (;;) worker.step();
  } catch (const StopRun& stop) {
    log_info(stop.reason);
  }
}

void learn(MpiSession& session,
           const std::string& name,
           const RunDirectory& directory,
           const std::string& start_id) {
  const RunConfig config = load_run_config(directory);
  torch::set_num_threads(static_cast<int>(config.learner.threads));
  const auto collective =
      make_mpi_collective(session, config.learner.collective_timeout_seconds);
  const auto patient =
      make_mpi_collective(session, config.checkpoint.write_timeout_seconds);
  const auto client = connect_to_coordinator(directory, name);
  const auto weights =
      make_shm_weight_channel(shared_weight_folder(), directory.run_id());
  const SystemClock clock;
  StageHook hook = make_stage_hook(config, directory, name);
  LearnerWorker worker(config,
                       {*client, *collective, *patient, *weights, clock, hook});
  learn_until_stop(worker, start_id);
}

}  // namespace

void run_rollout_role(const RunDirectory& directory, int32_t index) {
  const std::string name = "rollout-" + std::to_string(index);
  start_logging(name);
  const RunConfig config = load_run_config(directory);
  torch::set_num_threads(static_cast<int>(config.learner.threads));
  const ModelConfig model_config = load_model_config(config.model.path);
  const TextCodec text(preparer_options(config, config.grpo.data),
                       model_config);
  const auto client = connect_to_coordinator(directory, name);
  const auto renewals = connect_to_coordinator(directory, name + "-renew");
  const auto weights =
      make_shm_weight_channel(shared_weight_folder(), directory.run_id());
  StageHook hook = make_stage_hook(config, directory, name);
  RolloutWorker worker(index, model_config,
                       {*client, *renewals, *weights, text, hook});
  try {
    RegisterRequest request;
    request.role = Role::kRollout;
    request.index = index;
    request.start_id = name + "-" + std::to_string(getpid());
    request.pid = getpid();
    register_role(*client, request);
    for (;;) worker.step();
  } catch (const StopRun& stop) {
    log_info(stop.reason);
  }
}

void run_learner_role(const RunDirectory& directory,
                      const std::string& start_id) {
  MpiSession session;
  const std::string name = "learner-" + std::to_string(session.rank());
  start_logging(name);
  try {
    without_torch_errors([&] { learn(session, name, directory, start_id); });
  } catch (const Error& error) {
    // Finalising MPI would wait for ranks that may never come.
    log_error(error.what());
    session.abort(static_cast<int>(error.code()));
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
    session.abort(static_cast<int>(ExitCode::kFailure));
  } catch (const std::exception& error) {
    log_error(std::string("unexpected failure: ") + error.what());
    session.abort(static_cast<int>(ExitCode::kFailure));
  }
}

}  // namespace ume
